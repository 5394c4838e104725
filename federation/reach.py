"""What this process knows of the lines to the other nodes: who can be spoken to now, and who works on our database.

The link process writes what it sees into ``LinkState`` each second; commands ask here many times a second, so what was
read is good for a quarter of a second.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from federation import nodes
from federation.models import LinkState

CACHE_SECONDS = 0.25
# The link process that has not written for so long is dead, and nobody knows how the line is.
STALE = timedelta(seconds=3)
LIVE = frozenset({LinkState.State.UP, LinkState.State.CATCHING_UP})


@dataclass(frozen=True, slots=True)
class Line:
    """The line to a node. ``up``: it was heard within the last seconds; ``shared``: it works on the same database."""

    up: bool = False
    shared: bool = False
    heard_at: datetime | None = None

    def silent_seconds(self, now: datetime) -> float | None:
        """For how long nothing was heard; None if nothing ever was."""
        return max(0.0, round((now - self.heard_at).total_seconds(), 1)) if self.heard_at else None


NEVER = Line()


class _Lines:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._lines: Mapping[str, Line] = {}

    def get(self) -> Mapping[str, Line]:
        if time.monotonic() - self._read_at > CACHE_SECONDS:
            found = _read()
            with self._lock:
                self._lines, self._read_at = found, time.monotonic()
        return self._lines

    def forget(self) -> None:
        self._read_at = float("-inf")


_lines = _Lines()


def _read() -> dict[str, Line]:
    oldest = timezone.now() - STALE
    rows = LinkState.objects.filter(node=settings.LEITSTELLE_NODE, peer__in=nodes.peers())
    return {
        row.peer: Line(row.state in LIVE and row.updated_at >= oldest, row.shared, row.heard_at)
        for row in rows.only("peer", "state", "updated_at", "shared", "heard_at")
    }


def alone() -> bool:
    """Whether this node is the whole network: then nothing of it waits or costs."""
    return not nodes.peers()


def line(node: str) -> Line:
    """The line to ``node``."""
    return _lines.get().get(node, NEVER)


def speaking() -> list[str]:
    """The nodes with another database that can be spoken to now."""
    return [name for name, line in _lines.get().items() if line.up and not line.shared]


def is_here(node: str) -> bool:
    """Whether what ``node`` answers for can be done here: it is this one, nobody, or one that shares our database."""
    return node in {"", settings.LEITSTELLE_NODE} or line(node).shared


def own_centres() -> frozenset[str]:
    """The centres whose commands are carried out here."""
    shared = (peer.centres for name, peer in nodes.peers().items() if line(name).shared)
    return frozenset(settings.LEITSTELLE_CENTRES).union(*shared)


def forget() -> None:
    """Read anew at the next question."""
    _lines.forget()
