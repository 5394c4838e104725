"""One connection between two nodes, from hello to bye."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from federation.protocol import messages
from federation.protocol.clock import ClockWatch
from federation.protocol.handshake import Handshake, NoCommonVersion, Refused
from federation.protocol.inbox import Inbox
from federation.protocol.ledger import Ledger, ProtocolError
from federation.protocol.messages import (
    Ack,
    Beat,
    Bye,
    Entries,
    Hello,
    Malformed,
    Message,
    Proof,
    Signals,
    Stop,
    Welcome,
)
from federation.protocol.outbox import Outbox
from federation.protocol.signals import Waiting
from federation.protocol.values import (
    Close,
    Effect,
    Have,
    Keyring,
    Limits,
    Local,
    Row,
    Send,
    Signal,
    Status,
    Up,
    nest,
)

OVERSLEPT_SECONDS = 1.0


class Session:
    """The protocol towards one peer. Every method takes the time and returns what has to be done, in order.

    ``peer``: the node that was dialled (nobody else will do), or None on the side that accepts. ``nonce``: 32 random
    bytes used for no other session. ``now`` is any clock that never steps (seconds); the wall clock comes by ``tick``.
    The driver may set at any time: ``vitals`` (sent with each beat), ``linked`` (nodes it has a live session with),
    ``congested`` (the carrier is full: signals wait). Raises ValueError for a nonce of another length, and otherwise
    never, whatever the peer says.
    """

    def __init__(
        self,
        local: Local,
        keyring: Keyring,
        have: Have,
        *,
        now: float,
        nonce: bytes,
        peer: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        if len(nonce) != messages.NONCE_BYTES:
            raise ValueError("a nonce has 32 bytes")
        self.local = local
        self.limits = limits or Limits()
        self.vitals: Mapping[str, Any] = {}
        self.linked: frozenset[str] = frozenset()
        self.congested = False
        self._ledger = Ledger(local, self.limits, have)
        self._outbox = Outbox(self._ledger)
        self._inbox = Inbox(self._ledger)
        self._handshake = Handshake(local, keyring, nonce, peer)
        self._clock = ClockWatch()
        self._waiting = Waiting(self.limits)
        self._wall_ahead = 0.0
        self._welcome: Welcome | None = None
        self._closed = False
        self._now = self._heard_at = self._awake_at = now
        self._started_at = self._next_beat = now
        self._theirs_vitals: Mapping[str, Any] = {}

    # What the driver calls

    def open(self, now: float, wall: float | None = None) -> list[Effect]:
        """The carrier is there. The dialler speaks first; the acceptor waits for a name. ``wall``: as in ``tick``."""
        self._wall_ahead = (now if wall is None else wall) - now
        self._started_at = self._heard_at = self._awake_at = now
        if self._handshake.dialler:
            self._ledger.emit(Send(messages.hello(self.local, self._handshake.nonce)))
        return self._finish(now)

    def receive(self, message: object, now: float) -> list[Effect]:
        """The carrier brought a message (decoded JSON, of whatever shape)."""
        if self._closed:
            return []
        if not self._handshake.proven:
            self._from_stranger(message, now)
            return self._finish(now)
        self._heard_at = now
        try:
            parsed = messages.parse(message, self.limits)
            if parsed is not None:
                self._from_peer(parsed, now)
        except Malformed as error:
            self._close("malformed", str(error))
        except ProtocolError as error:
            self._close("protocol", str(error))
        return self._finish(now)

    def tick(self, now: float, wall: float | None = None) -> list[Effect]:
        """Call at ``next_tick`` or a little later. ``wall``: this node's wall clock now (default: ``now``).

        More than a second late, and the silence is taken for our own sleep: the peer gets its time once more.
        """
        if self._closed:
            return []
        self._wall_ahead = (now if wall is None else wall) - now
        if now - self.next_tick > OVERSLEPT_SECONDS:
            # We slept, not the peer: what it said meanwhile is still in the carrier.
            self._awake_at = now
        if not self._handshake.proven:
            if now >= self.next_tick:
                self._drop("silent", "no authentication in time")
            return self._finish(now)
        if now >= self._silent_at:
            self._close("silent", f"nothing for {now - self._heard_at:.1f} s")
        elif self._welcome is not None and now >= self._next_beat:
            self._beat(now)
        return self._finish(now)

    def grown(self, have: Have, now: float) -> list[Effect]:
        """Our journal has more: by own commands, or by another session.

        Call it on every session of the node before doing any effect that one of these calls returns: then no peer can
        ever know more of our chain than a session does, except after a restore.
        """
        if self._closed:
            return []
        self._grow(have)
        return self._finish(now)

    def read(self, origin: str, incarnation: int, after: int, rows: Iterable[Row], now: float) -> list[Effect]:
        """The answer to ``Read``: rows of that stream with seq > after, ascending. Fewer than asked will do."""
        if self._closed:
            return []
        self._outbox.read((origin, incarnation), after, list(rows), now)
        return self._finish(now)

    def stored(self, have: Have, now: float) -> list[Effect]:
        """The rows of ``Store`` are committed and flushed; ``have`` was read after that."""
        if self._closed:
            return []
        self._inbox.stored()
        self._grow(have)
        return self._finish(now)

    def refused(self, reason: str, now: float) -> list[Effect]:
        """The journal does not take the rows of ``Store`` (broken chain). Their stream stands, the link goes on.

        Not for a database that is away: then try again with the same rows, or close.
        """
        if self._closed:
            return []
        self._inbox.refused(reason)
        return self._finish(now)

    def signal(self, kind: str, items: Mapping[str, Any], now: float) -> list[Effect]:
        """Newest values per key for the peer: sent now, or while the link is congested with the next beat at latest."""
        if self._closed:
            return []
        self._waiting.add(kind, items)
        return self._finish(now)

    def bye(self, reason: str, now: float) -> list[Effect]:
        """End the session politely, as before a restart."""
        if self._closed:
            return []
        if self._handshake.proven:
            self._close("bye", reason)
        else:
            self._drop("bye", reason)
        return self._finish(now)

    @property
    def next_tick(self) -> float:
        """When ``tick`` is due; infinity after the end."""
        if self._closed:
            return math.inf
        if not self._handshake.proven:
            return self._started_at + self.limits.handshake_seconds
        times = [self._silent_at]
        if self._welcome is not None:
            times.append(self._next_beat)
        if self._outbox.next_due is not None:
            times.append(self._outbox.next_due)
        return min(times)

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def same_store(self) -> bool:
        """Both nodes stand on one database: entries need no link."""
        return self._welcome is not None and self._welcome.store == self.local.store

    @property
    def ahead(self) -> float | None:
        """Seconds the peer's clock is ahead of ours, as well as is known: before it is measured, by its first beat."""
        return self._clock.rough_offset

    @property
    def status(self) -> Status:
        """The link as consoles see it, at the time of the last call (at most one beat ago)."""
        ledger = self._ledger
        apart = self._welcome is not None and not self.same_store
        oldest = self._outbox.oldest_sent()
        return Status(
            state=self._state(),
            peer=self._handshake.peer,
            have_theirs=nest(ledger.theirs.items()),
            lag_entries=ledger.lag() if apart else 0,
            behind_entries=ledger.behind() if apart else 0,
            lag_seconds=max(0.0, self._now - oldest) if oldest is not None else 0.0,
            clock_offset=self._clock.offset,
            rtt=self._clock.rtt,
            heard_at=self._heard_at,
            secured=self._outbox.secured,
            stopped=tuple((key[0], key[1], code) for key, code in sorted(ledger.stopped.items())),
            vitals=self._theirs_vitals,
        )

    @property
    def _silent_at(self) -> float:
        """When the silence has been long enough. One expression for asking and for waking: sums are not exact."""
        return max(self._heard_at, self._awake_at) + self.limits.silence_seconds

    # What the peer says

    def _from_stranger(self, message: object, now: float) -> None:
        """Before the proof only hello and proof exist; whoever says anything else, or a wrong thing, gets silence."""
        shake = self._handshake
        try:
            if not isinstance(message, dict) or message.get("t") not in ("hello", "proof", "bye"):
                raise Refused("not authenticated")
            parsed = messages.parse(message, self.limits)
            if isinstance(parsed, Hello):
                shake.hello(parsed)
                self._answer_hello()
            elif isinstance(parsed, Proof):
                shake.proof(parsed)
                self._admit(now)
            elif isinstance(parsed, Bye):
                self._drop("version" if parsed.code == "version" else "bye", "the other side went")
        except NoCommonVersion as error:
            self._close("version", str(error))
        except (Refused, Malformed) as error:
            self._drop("refused", str(error))

    def _answer_hello(self) -> None:
        shake = self._handshake
        if shake.dialler:
            self._ledger.emit(Send(messages.proof(shake.sign())))
        else:
            self._ledger.emit(Send(messages.hello(self.local, shake.nonce)))

    def _admit(self, now: float) -> None:
        """The peer is who it says: now it may know what we have."""
        shake = self._handshake
        self._heard_at = now
        if not shake.dialler:
            self._ledger.emit(Send(messages.proof(shake.sign())))
        have = nest(self._ledger.mine.items())
        self._ledger.emit(Send(messages.welcome(self.local, have, self.limits)))

    def _from_peer(self, message: Message, now: float) -> None:
        if isinstance(message, Bye):
            self._drop("version" if message.code == "version" else "bye", f"{message.code}: {message.reason}")
        elif isinstance(message, Welcome):
            self._hear_welcome(message, now)
        elif self._welcome is None or isinstance(message, Hello | Proof):
            raise ProtocolError(f"{type(message).__name__} out of order")
        elif isinstance(message, Beat):
            self._hear_beat(message, now)
        elif isinstance(message, Signals):
            self._ledger.emit(Signal(message.kind, message.items))
        elif self.same_store:
            return
        elif isinstance(message, Entries):
            self._inbox.entries(message)
            self._outbox.shown(message, now)
        elif isinstance(message, Ack):
            self._outbox.acked(message.have, now)
        elif isinstance(message, Stop):
            key = message.origin, message.incarnation
            self._ledger.stop(key, message.seq, message.code, f"the peer says: {message.reason}", tell=False)

    def _hear_welcome(self, message: Welcome, now: float) -> None:
        if self._welcome is not None:
            raise ProtocolError("a second have")
        self._welcome = message
        up = Up(
            self._handshake.peer,
            self._handshake.protocol,
            message.store,
            message.version,
            message.centres,
            self.same_store,
        )
        self._ledger.emit(up)
        if not self.same_store:
            self._outbox.begin(message)
            self._outbox.heard(message.have, now)
        self._beat(now)

    def _hear_beat(self, message: Beat, now: float) -> None:
        self._clock.heard(message.time, message.echo, now + self._wall_ahead)
        self._theirs_vitals = message.vitals
        self._outbox.linked = message.linked
        if not self.same_store:
            self._outbox.heard(message.have, now)

    # What we do

    def _beat(self, now: float) -> None:
        wall = now + self._wall_ahead
        have = nest(self._ledger.mine.items())
        self._clock.sent(wall)
        self._ledger.emit(Send(messages.beat(wall, self._clock.echo, have, self.vitals, self.linked)))
        self._next_beat = now + self.limits.beat_seconds
        self._waiting.due = True

    def _grow(self, have: Have) -> None:
        keys = self._ledger.grow(have)
        if self._welcome is not None and not self.same_store:
            self._outbox.grown(keys)

    def _state(self) -> str:
        if self._closed:
            return "closed"
        if self._welcome is None:
            return "connecting"
        far = not self.same_store and self._ledger.flowing() > self.limits.live_entries
        return "catching_up" if far else "up"

    def _finish(self, now: float) -> list[Effect]:
        """Move on whatever can move, and hand out what has to be done."""
        self._now = now
        if not self._closed and self._welcome is not None:
            if not self.same_store:
                self._settle_stops()
                self._inbox.acknowledge()
                self._inbox.store()
                self._outbox.offer(now)
                self._settle_stops()
            if not self.congested and (self._waiting.due or not self._outbox.congested):
                for message in self._waiting.take():
                    self._ledger.emit(Send(message))
        out, self._ledger.out = self._ledger.out, []
        return out

    def _settle_stops(self) -> None:
        while self._ledger.fresh_stops:
            key = self._ledger.fresh_stops.pop()
            self._outbox.stopped(key)
            self._inbox.stopped(key)

    def _close(self, code: str, reason: str) -> None:
        """Say why, then go."""
        self._ledger.emit(Send(messages.bye(code, reason)))
        self._drop(code, reason)

    def _drop(self, code: str, reason: str) -> None:
        """Go without a word."""
        self._closed = True
        self._ledger.emit(Close(code, reason))
