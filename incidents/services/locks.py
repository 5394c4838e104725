"""Locking reads. The order is the same for every command, or two of them would wait for each other: incidents by id,
then units by id, then calls by id, then the number lock, then (in ``journal``) the position.

What a command is about may have been handed to another centre while the command was on its way. That is seen here,
under the lock, and nowhere else: see ``answering``.

``NO KEY UPDATE``: a foreign key check of somebody else need not wait. What hangs on a locked row is read by a further
statement: one that had to wait for the lock still sees the rest as it was before it waited.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils.translation import gettext as _

from incidents.rules.commitment import OpenAssignment, Promise, UnitNow
from incidents.rules.thresholds import Rule, seconds_for
from journal.commands import Refused

_RULES = """
    (SELECT coalesce(json_agg(json_build_array(r.kind, r."group", r.county_id, r.seconds)), '[]')::text
       FROM incidents_timerrule r WHERE r.active)
"""
_INCIDENTS = f"""
SELECT i.id, i.number, i.centre_id, i.state, i.exercise, i.keyword_id, coalesce(k.name, ''), coalesce(k."group", ''),
       i.priority, i.place, i.place_detail, i.municipality, i.county_id, ST_X(i.point), ST_Y(i.point), i.report,
       i.appointment_at, i.dispatch_decided_at, i.merged_into, {_RULES}
  FROM incidents_incident i LEFT JOIN incidents_keyword k ON k.id = i.keyword_id
 WHERE i.id = ANY(%s) ORDER BY i.id FOR NO KEY UPDATE OF i
"""
_UNITS = """
SELECT id, name, active, media FROM resources_unit WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""
_STATUS = """
SELECT unit_id, status, CASE WHEN overlay = 0 THEN overlay_since END FROM resources_unitstate WHERE unit_id = ANY(%s)
"""
_OPEN = """
SELECT a.id, a.unit_id, a.state, a.incident_id,
       coalesce((SELECT i.number FROM incidents_incident i WHERE i.id = a.incident_id), ''), a.alarmed_at
  FROM incidents_assignment a WHERE a.unit_id = ANY(%s) AND a.ended_at IS NULL ORDER BY a.alarmed_at, a.id
"""
_CALLS = """
SELECT c.id, c.centre_id, c.line, c.state, c.number, c.caller_name, c.note, c.incident_id, c.seat_id, c.user_name,
       c.county_id, c.rang_at, c.answered_at, c.called_back_at, ST_X(c.point), ST_Y(c.point)
  FROM incidents_call c WHERE c.id = ANY(%s) ORDER BY c.id FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True)
class LockedIncident:
    """What services need of an incident; ``rules``: the timer rules in force."""

    id: UUID
    number: str
    centre: str
    state: str
    exercise: bool
    keyword: str | None
    keyword_name: str
    group: str
    priority: int
    place: str
    place_detail: str
    municipality: str
    county: str | None
    lon: float | None
    lat: float | None
    report: str
    appointment_at: datetime | None
    dispatch_decided_at: datetime | None
    merged_into: UUID | None
    rules: tuple[Rule, ...]

    @property
    def open(self) -> bool:
        return self.state == "open"

    def seconds(self, kind: str) -> int:
        """Threshold of the timer ``kind`` for this incident's keyword class and county."""
        return seconds_for(self.rules, kind, self.group, self.county)


@dataclass(frozen=True, slots=True)
class LockedCall:
    """What services need of a call."""

    id: UUID
    centre: str
    line: str
    state: str
    number: str
    caller_name: str
    note: str
    incident: UUID | None
    seat: str
    user_name: str
    county: str | None
    rang_at: datetime
    answered_at: datetime | None
    called_back_at: datetime | None
    lon: float | None
    lat: float | None


class Moved(Refused):
    """Another centre answers for the thing by now. Not kept: the command goes there, under the same id."""

    def __init__(self, centre: str) -> None:
        super().__init__(
            "moved", _("Dafür ist inzwischen eine andere Leitstelle zuständig: %s") % centre, centre=centre
        )

    def to_keep(self) -> dict[str, Any] | None:
        return None


_answering: ContextVar[tuple[UUID, frozenset[str]] | None] = ContextVar("answering", default=None)


@contextmanager
def answering(ident: UUID, centres: frozenset[str]) -> Iterator[None]:
    """While it lasts the incident or call ``ident`` is locked only if one of ``centres`` answers for it, else Moved."""
    token = _answering.set((ident, centres))
    try:
        yield
    finally:
        _answering.reset(token)


def _must_still_be_ours(ident: UUID, centre: str) -> None:
    guarded = _answering.get()
    if guarded is not None and guarded[0] == ident and centre not in guarded[1]:
        raise Moved(centre)


Promises = Callable[[Sequence[str]], Mapping[str, Promise]]
_promises: list[Promises] = []


def register_promises(source: Promises) -> None:
    """Have ``lock_units`` ask ``source`` which of the units it has locked are promised to another centre."""
    _promises.append(source)


def timer_rules() -> tuple[Rule, ...]:
    """The timer rules in force, for what belongs to no incident."""
    return _rules(_rows("SELECT " + _RULES)[0][0])


def lock_incidents(ids: Iterable[UUID]) -> dict[UUID, LockedIncident]:
    """Lock the incidents. Raises Refused ``unknown_incident`` if one does not exist."""
    wanted = set(ids)
    rows = [(*row[:-1], _rules(row[-1])) for row in _locked(_INCIDENTS, wanted)]
    found = {row[0]: LockedIncident(*row) for row in rows}
    for missing in wanted - set(found):
        raise Refused("unknown_incident", _("Diesen Einsatz gibt es nicht."), incident=str(missing))
    for incident in found.values():
        _must_still_be_ours(incident.id, incident.centre)
    return found


def lock_incident(ident: UUID) -> LockedIncident:
    """``lock_incidents`` for one, in whatever state."""
    return lock_incidents([ident])[ident]


def lock_open_incident(ident: UUID) -> LockedIncident:
    """``lock_incident``, and it must be open, else Refused ``incident_closed``."""
    incident = lock_incident(ident)
    must_be_open(incident)
    return incident


def must_be_open(incident: LockedIncident) -> None:
    """Raise Refused ``incident_closed`` for an incident that is closed or was merged into another."""
    if incident.open:
        return
    detail: dict[str, Any] = {"incident": str(incident.id), "number": incident.number, "state": incident.state}
    if incident.merged_into:
        reason = _("Einsatz %s wurde mit einem anderen zusammengelegt.") % incident.number
        raise Refused("incident_closed", reason, into=str(incident.merged_into), **detail)
    raise Refused("incident_closed", _("Einsatz %s ist bereits abgeschlossen.") % incident.number, **detail)


def lock_units(ids: Iterable[str]) -> dict[str, UnitNow]:
    """Lock the units and tell how they stand: status, open assignments, promises. Unknown ones are left out."""
    rows = _locked(_UNITS, set(ids))
    if not rows:
        return {}
    names = [row[0] for row in rows]
    states = {row[0]: (row[1], row[2]) for row in _rows(_STATUS, [names])}
    held: dict[str, list[OpenAssignment]] = {}
    for row in _rows(_OPEN, [names]):
        held.setdefault(row[1], []).append(OpenAssignment(*row))
    promised = {unit: promise for source in _promises for unit, promise in source(names).items()}
    return {
        ident: UnitNow(
            ident, name, active, tuple(media), status, tuple(held.get(ident, ())), emergency_since, promised.get(ident)
        )
        for ident, name, active, media in rows
        for status, emergency_since in [states.get(ident, (None, None))]
    }


def lock_unit(ident: str) -> UnitNow:
    """``lock_units`` for one. Raises Refused ``unknown_unit``."""
    unit = lock_units([ident]).get(ident)
    if unit is None:
        raise unknown_unit(ident)
    return unit


def unknown_unit(*idents: str) -> Refused:
    names = ", ".join(idents)
    return Refused("unknown_unit", _("Dieses Einsatzmittel gibt es nicht: %s") % names, units=list(idents))


def lock_calls(ids: Iterable[UUID]) -> dict[UUID, LockedCall]:
    """Lock the calls; unknown ones are left out."""
    found = {row[0]: LockedCall(*row) for row in _locked(_CALLS, set(ids))}
    for call in found.values():
        _must_still_be_ours(call.id, call.centre)
    return found


def lock_call(ident: UUID) -> LockedCall:
    """``lock_calls`` for one. Raises Refused ``unknown_call``."""
    call = lock_calls([ident]).get(ident)
    if call is None:
        raise Refused("unknown_call", _("Diesen Anruf gibt es nicht."), call=str(ident))
    return call


def _locked(sql: str, wanted: set[Any]) -> list[Any]:
    """The locked rows of ``wanted``, each with its id first.

    A row that was folded anew while we waited for it is another row: the statement that waited does not see it, the
    next one does.
    """
    rows = _rows(sql, [sorted(wanted)]) if wanted else []
    missing = wanted - {row[0] for row in rows}
    return rows + _rows(sql, [sorted(missing)]) if missing else rows


def _rows(sql: str, params: Iterable[Any] = ()) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(params))
        return list(cursor.fetchall())


def _rules(text: str) -> tuple[Rule, ...]:
    return tuple(Rule(*row) for row in orjson.loads(text))
