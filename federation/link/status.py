"""What consoles are told about each line: kept in the event loop, written once a second by the house."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from federation.link.line import Line
from federation.models import LinkState
from federation.nodes import Peer
from federation.protocol import Have, flatten

State = LinkState.State


@dataclass(slots=True)
class Seen:
    """What is known of one peer, linked or not."""

    state: str = State.NEVER
    since: datetime = field(default_factory=timezone.now)
    heard_at: datetime | None = None
    theirs: Have = field(default_factory=dict)
    lagging_since: datetime | None = None
    clock_ms: float | None = None
    rtt_ms: float | None = None
    secured_pos: int = 0
    shared: bool = False
    version: str = ""
    vitals: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


class Board:
    """One ``Seen`` per peer. ``trouble``: why this node may link with nobody."""

    def __init__(self) -> None:
        self.trouble = ""
        self._seen: dict[str, Seen] = {}

    def know(self, peers: Mapping[str, Peer], rows: Sequence[LinkState]) -> None:
        """Who belongs to the network. ``rows``: what this node's last process has left, taken over once."""
        before = {row.peer: row for row in rows}
        for name in peers:
            if name not in self._seen:
                row = before.get(name)
                seen = self._seen[name] = Seen()
                if row is not None and row.state != State.NEVER:
                    seen.state, seen.heard_at, seen.secured_pos = State.DOWN, row.heard_at, row.secured_pos
                    seen.since = row.since if row.state == State.DOWN else row.updated_at
                    # A peer that was on our database is still there, whether its process lives or not.
                    seen.version, seen.shared = row.version, row.shared
        for name in self._seen.keys() - peers.keys():
            del self._seen[name]

    def risen(self, line: Line) -> None:
        seen = self._seen.setdefault(line.peer, Seen())
        assert line.up is not None
        seen.version, seen.shared, seen.error = line.up.version, line.up.same_store, ""
        self._note(seen, line)

    def fallen(self, line: Line) -> None:
        seen = self._seen.get(line.peer)
        if seen is not None:
            self._note(seen, line)
            self._enter(seen, State.DOWN)
            seen.error = line.error

    def failed(self, peer: str, reason: str) -> None:
        """A dial has led to nothing."""
        if peer in self._seen and self._seen[peer].state in (State.DOWN, State.NEVER):
            self._seen[peer].error = reason[:200]

    def secured(self, line: Line, pos: int) -> None:
        seen = self._seen.get(line.peer)
        if seen is not None:
            seen.secured_pos = pos

    def views(self, lines: Iterable[Line], have: Have) -> list[dict[str, Any]]:
        """The rows of LinkState, now."""
        by_peer = {line.peer: line for line in lines if line.up}
        return [self._view(name, seen, by_peer.get(name), have) for name, seen in sorted(self._seen.items())]

    def _view(self, name: str, seen: Seen, line: Line | None, have: Have) -> dict[str, Any]:
        now = timezone.now()
        if line is not None:
            self._note(seen, line)
        status = line.session.status if line is not None else None
        lag, behind = (status.lag_entries, status.behind_entries) if status else _apart(have, seen)
        seen.lagging_since = (seen.lagging_since or now) if lag else None
        waited = (now - seen.lagging_since).total_seconds() if seen.lagging_since else 0.0
        node = settings.LEITSTELLE_NODE
        error = f"not_durable: {self.trouble}" if self.trouble else seen.error
        return {
            "id": f"{node}:{name}", "node": node, "peer": name, "state": seen.state, "since": seen.since,
            "heard_at": seen.heard_at, "lag_entries": lag, "behind_entries": behind,
            "lag_seconds": status.lag_seconds if status and seen.state == State.UP else waited,
            "clock_ms": seen.clock_ms, "rtt_ms": seen.rtt_ms, "secured_pos": seen.secured_pos, "shared": seen.shared,
            "version": seen.version, "vitals": dict(seen.vitals), "error": error,
            "updated_at": now,
        }  # fmt: skip

    def _note(self, seen: Seen, line: Line) -> None:
        status = line.session.status
        silent = max(0.0, asyncio.get_running_loop().time() - status.heard_at)
        seen.heard_at = timezone.now() - timedelta(seconds=silent)
        seen.theirs, seen.vitals = status.have_theirs, status.vitals or seen.vitals
        seen.clock_ms = round(status.clock_offset * 1000, 1) if status.clock_offset is not None else seen.clock_ms
        seen.rtt_ms = round(status.rtt * 1000, 2) if status.rtt is not None else seen.rtt_ms
        if line.error:
            seen.error = line.error
        if status.state in (State.UP, State.CATCHING_UP):
            self._enter(seen, status.state)

    def _enter(self, seen: Seen, state: str) -> None:
        if seen.state != state:
            seen.state, seen.since = state, timezone.now()


def _apart(have: Have, seen: Seen) -> tuple[int, int]:
    """What the peer lacks, and what we lack, as far as it was heard last."""
    if seen.shared or not seen.theirs:
        return 0, 0
    ours, theirs = flatten(have), flatten(seen.theirs)
    lag = sum(max(0, mark.seq - (theirs[key].seq if key in theirs else 0)) for key, mark in ours.items())
    behind = sum(max(0, mark.seq - (ours[key].seq if key in ours else 0)) for key, mark in theirs.items())
    return lag, behind
