"""May these units be alarmed for this incident? Pure: what is known under the locks goes in, the obstacles come out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from incidents.rules.course import RESERVED
from resources.status import UNAVAILABLE


@dataclass(frozen=True, slots=True)
class OpenAssignment:
    """An assignment of a unit that has not ended, as it stands under the unit's lock."""

    id: UUID
    unit: str
    state: str
    incident: UUID
    number: str
    alarmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """A unit that was promised to an incident of another centre, whose alarm (with this ``assignment``) is on its
    way here."""

    incident: UUID
    number: str
    assignment: UUID


@dataclass(frozen=True, slots=True)
class UnitNow:
    """A unit under its lock. ``status``: effective one, None if it was never heard; ``emergency_since``: of an
    emergency call (0) that nobody has answered."""

    id: str
    name: str
    active: bool
    media: tuple[str, ...]
    status: int | None
    assignments: tuple[OpenAssignment, ...] = ()
    emergency_since: datetime | None = None
    promised: Promise | None = None

    @property
    def committed(self) -> OpenAssignment | None:
        """The incident to which the unit is committed; reservations do not commit."""
        return next((a for a in self.assignments if a.state != RESERVED), None)

    @property
    def spoken_for(self) -> OpenAssignment | Promise | None:
        """Who has the unit, or has been promised it."""
        return self.promised or self.committed

    def at(self, incident: UUID) -> OpenAssignment | None:
        """The unit's open assignment at ``incident``: the commitment before a reservation."""
        here = [a for a in self.assignments if a.incident == incident]
        return next((a for a in here if a.state != RESERVED), here[0] if here else None)


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Why an alarm cannot go out as ordered, by kind."""

    unknown: tuple[str, ...] = ()
    unavailable: tuple[UnitNow, ...] = ()
    committed: tuple[UnitNow, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.unknown or self.unavailable or self.committed)


def obstacles(
    wanted: Sequence[str], present: Mapping[str, UnitNow], incident: UUID, take_from: Mapping[str, UUID]
) -> Obstacles:
    """What stands against alarming ``wanted`` for ``incident``.

    A unit is committed to one incident at a time. Taking it away is an explicit act: ``take_from`` must name exactly
    the incident that has it now, not the one that had it when the dispatcher looked. A unit on its way to another
    centre's incident cannot be taken away until it has got there.
    """
    return Obstacles(
        unknown=tuple(unit for unit in wanted if unit not in present),
        unavailable=tuple(u for u in _known(wanted, present) if not u.active or u.status in UNAVAILABLE),
        committed=tuple(u for u in _known(wanted, present) if _holds(u, incident, take_from.get(u.id))),
    )


def _known(wanted: Iterable[str], present: Mapping[str, UnitNow]) -> list[UnitNow]:
    return [present[unit] for unit in wanted if unit in present]


def _holds(unit: UnitNow, incident: UUID, taken_from: UUID | None) -> bool:
    holder = unit.committed
    if unit.promised is not None and unit.promised.incident != incident:
        return True
    return holder is not None and (holder.incident == incident or holder.incident != taken_from)
