"""What both halves of a session share: who has what, which streams stand, and the effects to come."""

from collections.abc import Iterable

from federation.protocol import messages
from federation.protocol.values import (
    Alarm,
    Effect,
    Have,
    Key,
    Limits,
    Local,
    Mark,
    Restored,
    Send,
    flatten,
)


class ProtocolError(Exception):
    """The peer breaks the rules in a way that no single stream can be blamed for."""


class Ledger:
    """Marks of both sides per stream."""

    def __init__(self, local: Local, limits: Limits, have: Have) -> None:
        self.local = local
        self.limits = limits
        self.mine: dict[Key, Mark] = flatten(have)
        self.theirs: dict[Key, Mark] = {}
        self.stopped: dict[Key, str] = {}
        self.fresh_stops: list[Key] = []
        self.out: list[Effect] = []
        self._restored: dict[int, int] = {}

    def emit(self, effect: Effect) -> None:
        self.out.append(effect)

    def grow(self, have: Have) -> list[Key]:
        """Take over our own newer marks. Older ones are passed over: threads read in any order."""
        grown = []
        for key, mark in flatten(have).items():
            known = self.mine.get(key)
            if known is None or mark.seq > known.seq:
                self.mine[key] = mark
                grown.append(key)
        return grown

    def stop(self, key: Key, seq: int, code: str, reason: str, *, tell: bool = True) -> None:
        """Let one stream stand until reconnect, in both directions, visibly on both sides."""
        if key in self.stopped:
            return
        self.stopped[key] = code
        self.fresh_stops.append(key)
        self.emit(Alarm(code, reason, key[0], key[1], seq))
        if tell:
            self.emit(Send(messages.stop(key[0], key[1], seq, code, reason)))
        if code == "fork" and key[0] == self.local.node:
            # The peer holds numbers of ours with another content: a restored database has given them out again.
            self.restored(key[1], seq)

    @property
    def running(self) -> int:
        """The incarnation in which we write; 1 before the first entry."""
        return max((key[1] for key in self.mine if key[0] == self.local.node), default=1)

    def only_ours(self, key: Key) -> bool:
        """Whether nobody but us adds to this stream: our running incarnation, or a later one of which we know nothing.

        Where others have more of it our database was restored, or is a new one. Their rows must not be stored before
        our new incarnation has begun: we would take the old one for the running one, and write on in it from a place
        where it had gone on already."""
        return key[0] == self.local.node and key[1] >= self.running

    def restored(self, incarnation: int, seq: int) -> None:
        """Say once per height that the peer knows a later part, or another one, of our own running incarnation."""
        if self.running > incarnation or self._restored.get(incarnation, -1) >= seq:
            return
        self._restored[incarnation] = seq
        self.emit(Restored(incarnation, seq))

    def compare(self, key: Key) -> None:
        """Equal numbers, equal hashes, or it is a fork."""
        mine, theirs = self.mine.get(key), self.theirs.get(key)
        if mine and theirs and mine.seq == theirs.seq > 0 and mine.hash != theirs.hash:
            self.stop(key, mine.seq, "fork", f"ours {mine.hash[:16]}, theirs {theirs.hash[:16]}")

    def lag(self) -> int:
        return _missing(self.mine, self.theirs, self.mine.keys())

    def behind(self) -> int:
        return _missing(self.theirs, self.mine, self.theirs.keys())

    def flowing(self) -> int:
        """Entries apart in either direction, without the streams that stand."""
        keys = [key for key in {*self.mine, *self.theirs} if key not in self.stopped]
        return _missing(self.mine, self.theirs, keys) + _missing(self.theirs, self.mine, keys)


def _missing(full: dict[Key, Mark], part: dict[Key, Mark], keys: Iterable[Key]) -> int:
    total = 0
    for key in keys:
        has, lacks = full.get(key), part.get(key)
        if has is not None:
            total += max(0, has.seq - (lacks.seq if lacks else 0))
    return total
