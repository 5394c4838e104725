"""Could the partner carry us now? A score of 0 to 100 with its parts. Pure.

What must be there is taken from what a take-over of a whole centre needs in practice: people at seats, a queue that is
not full already, a line, fresh data, the same software, disk, clocks that agree, an agreement, and a drill that was not
long ago. Weights are shares of 100. A part that is vital (no line to speak of, nobody there, no agreement) caps the
score: a room without people is not half ready.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

DRILL_DAYS = 90
LAG_SECONDS = 2.0
CLOCK_MS = 500.0
DISK_FREE = 0.10
WAITING_CALLS = 2
SEATS = 1
# Without a vital part the score is at most this.
CAP = 40


@dataclass(frozen=True, slots=True)
class Partner:
    """What is known of a partner now. ``None``: not known. ``disk_free``: share of the disk, 0 to 1; ``clock_ms``: its
    clock minus ours; ``lag_seconds``: age of the oldest of our entries that it lacks; ``same_version``: software and
    entry types are those of ours; ``drill_at``: end of the last drill that was carried through."""

    link: str = "never"
    seats: int | None = None
    seats_free: int | None = None
    waiting: int | None = None
    lag_seconds: float | None = None
    same_version: bool | None = None
    version: str = ""
    disk_free: float | None = None
    clock_ms: float | None = None
    drill_at: datetime | None = None
    agreement: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that must be there. ``value`` and ``limit`` as people read numbers; ``why``: code of what is wrong
    (empty: nothing)."""

    name: str
    ok: bool
    value: float | int | str | None
    limit: float | int | str
    weight: int
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer: ``score`` 0 to 100 and what it is made of."""

    score: int
    parts: tuple[Part, ...]

    @property
    def ready(self) -> bool:
        return all(part.ok for part in self.parts)


def readiness(partner: Partner, now: datetime) -> Readiness:
    """How well ``partner`` could carry us at ``now``."""
    vital = [_agreement(partner), _link(partner), _seats(partner)]
    parts = [*vital, _queue(partner), _age(partner), _version(partner), _disk(partner), _clock(partner),
             _drill(partner, now)]  # fmt: skip
    score = sum(part.weight for part in parts if part.ok)
    return Readiness(score if all(part.ok for part in vital) else min(score, CAP), tuple(parts))


def _part(name: str, ok: bool | None, value: Any, limit: Any, weight: int, why: str) -> Part:
    """What is not known is not there."""
    return Part(name, bool(ok), value, limit, weight, "" if ok else "unknown" if ok is None else why)


def _agreement(p: Partner) -> Part:
    return _part("agreement", p.agreement, int(p.agreement), 1, 15, "none")


def _link(p: Partner) -> Part:
    return _part("link", p.link == "up", p.link, "up", 20, "down")


def _seats(p: Partner) -> Part:
    """Somebody must be there; how many more could sit down is told beside it."""
    return _part("seats", None if p.seats is None else p.seats >= SEATS, p.seats, SEATS, 20, "nobody")


def _queue(p: Partner) -> Part:
    ok = None if p.waiting is None else p.waiting <= WAITING_CALLS
    return _part("queue", ok, p.waiting, WAITING_CALLS, 10, "full")


def _age(p: Partner) -> Part:
    lag = None if p.lag_seconds is None else round(p.lag_seconds, 1)
    return _part("age", None if lag is None else lag <= LAG_SECONDS, lag, LAG_SECONDS, 10, "old")


def _version(p: Partner) -> Part:
    return _part("version", p.same_version, p.version, "=", 5, "other")


def _disk(p: Partner) -> Part:
    free = None if p.disk_free is None else round(100 * p.disk_free)
    ok = None if p.disk_free is None else p.disk_free >= DISK_FREE
    return _part("disk", ok, free, round(100 * DISK_FREE), 5, "full")


def _clock(p: Partner) -> Part:
    off = None if p.clock_ms is None else round(abs(p.clock_ms))
    return _part("clock", None if off is None else off <= CLOCK_MS, off, round(CLOCK_MS), 5, "off")


def _drill(p: Partner, now: datetime) -> Part:
    days = None if p.drill_at is None else (now - p.drill_at).days
    return _part("drill", days is not None and days <= DRILL_DAYS, days, DRILL_DAYS, 10,
                 "never" if days is None else "long_ago")  # fmt: skip


def best(found: Sequence[tuple[str, Readiness]]) -> tuple[str, Readiness] | None:
    """The partner who could carry us best; of equals the first."""
    return max(found, key=lambda one: one[1].score, default=None)
