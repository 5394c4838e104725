"""Which centre answers for a command. ``Spec.about`` says what kind of thing the command is about; who answers for
that is written in its row, or, for what is new and for units, follows from the county and the mandates."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from federation import mandates
from incidents import network
from journal.actor import Actor
from journal.commands import Spec
from resources.geo import county_of

Data = Mapping[str, Any]

_INCIDENT = "SELECT id, centre_id FROM incidents_incident WHERE id = %s"
_CALL = "SELECT id, centre_id FROM incidents_call WHERE id = %s"
_TIMER = "SELECT aggregate_id, centre_id FROM incidents_timer WHERE id = %s"
_DELIVERY = """
SELECT i.id, i.centre_id FROM incidents_alarmdelivery d JOIN incidents_incident i ON i.id = d.incident_id
 WHERE d.id = %s
"""
_ASSIGNMENT = """
SELECT i.id, i.centre_id FROM incidents_assignment a JOIN incidents_incident i ON i.id = a.incident_id WHERE a.id = %s
"""
# Whoever answers for the first thing that is changed; master data are everybody's.
_CONFLICT = """
SELECT coalesce(i.id, a.id), coalesce(i.centre_id, a.centre_id) FROM federation_conflict c
  LEFT JOIN incidents_incident i ON i.id = c.incidents[1]
  LEFT JOIN incidents_call a ON c.aggregate_kind = 'call' AND a.id::text = c.aggregate_id
 WHERE c.id = %s
"""
_UNITS = """
SELECT u.id, c.centre_id, c.id
  FROM resources_unit u
  JOIN resources_station s ON s.id = u.station_id
  JOIN resources_county c ON c.id = s.county_id
 WHERE u.{column} = ANY(%s) ORDER BY u.active DESC, u.id
"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a command belongs. ``centre``: who answers ("": whoever was asked); ``ident``: the incident or call whose
    row says so, and may say otherwise by the time it is locked; ``known``: False if this node has no such row."""

    centre: str = ""
    ident: UUID | None = None
    known: bool = True


HERE = Target()
UNKNOWN = Target(known=False)


def target(spec: Spec, data: Data, actor: Actor) -> Target:
    """Where the command belongs, as this node sees it. Input that makes no sense belongs here: it is refused anyway."""
    look_up = _LOOK_UPS.get(spec.about)
    try:
        return look_up(data, actor) if look_up else HERE
    except (ValueError, TypeError, AttributeError):
        return HERE


def unit_centres(units: Iterable[str], column: str = "id") -> dict[str, str]:
    """The centre that answers for each unit now, by unit id; unknown ones, and those of no centre, are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_UNITS.format(column=column), [list(units)])
        rows = cursor.fetchall()
    holders = {(centre, county): mandates.holder(centre, county) for _unit, centre, county in rows if centre}
    return {unit: holders[centre, county] for unit, centre, county in rows if centre}


def _row(sql: str, ident: Any) -> Target:
    with connection.cursor() as cursor:
        cursor.execute(sql, [UUID(str(ident))])
        row = cursor.fetchone()
    return Target(row[1], row[0]) if row else UNKNOWN


def _delivery(data: Data, _actor: Actor) -> Target:
    if data.get("delivery"):
        return _row(_DELIVERY, data["delivery"])
    return _row(_ASSIGNMENT, data["assignment"]) if data.get("assignment") else HERE


def _piece(data: Data, _actor: Actor) -> Target:
    return _row(_CALL, data["call"]) if data.get("call") else _row(_INCIDENT, data.get("incident"))


def _unit(data: Data, _actor: Actor) -> Target:
    for column, field in (("id", "unit"), ("issi", "issi"), ("opta", "opta")):
        if value := data.get(field):
            centres = unit_centres([str(value)], column)
            return Target(next(iter(centres.values()))) if centres else HERE
    return HERE


def _units(data: Data, _actor: Actor) -> Target:
    """Several units at once are those of one centre: whoever asks has sorted them."""
    centres = unit_centres([str(order["unit"]) for order in data["units"]])
    return Target(next(iter(centres.values()))) if centres else HERE


def _conflict(data: Data, _actor: Actor) -> Target:
    found = _row(_CONFLICT, data.get("conflict"))
    return found if found.centre else HERE


def _scope(data: Data, _actor: Actor) -> Target:
    return Target(mandates.acting(str(data.get("scope", ""))))


def _new(data: Data, actor: Actor) -> Target:
    """A new call or incident: as its service decides it. A call goes by the caller's position first."""
    position = data.get("position") or data
    lon, lat = position.get("lon"), position.get("lat")
    match = county_of(float(lon), float(lat)) if lon is not None and lat is not None else None
    by_place, named = (match.centre if match else None), str(data.get("centre") or "")
    centre = (by_place or named) if "position" in data else (named or by_place)
    if not centre and data.get("call") and "incident" in data:
        centre = _row(_CALL, data["call"]).centre
    centre = centre or actor.centre or settings.LEITSTELLE_CENTRES[0]
    return Target(network.duty(centre, match.county if match else None).centre)


_LOOK_UPS: dict[str, Callable[[Data, Actor], Target]] = {
    "incident": lambda data, _actor: _row(_INCIDENT, data.get("incident")),
    "call": lambda data, _actor: _row(_CALL, data.get("call")),
    "timer": lambda data, _actor: _row(_TIMER, data.get("timer")),
    "delivery": _delivery,
    "piece": _piece,
    "conflict": _conflict,
    "unit": _unit,
    "units": _units,
    "scope": _scope,
    "centre": _new,
}
