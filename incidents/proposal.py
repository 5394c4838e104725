"""The proposal: who should go, read from the tables in a fixed number of queries and decided by pure rules."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils import timezone

from incidents.models import Incident, Keyword, ResponsePlan
from incidents.rules.candidates import Asked, Candidate, Commitment, Sighting, judge, standing, start_of
from incidents.rules.plans import Plan, Where, applicable, plan_of
from incidents.rules.proposal import fill
from incidents.rules.wording import Teller
from resources.models import County
from resources.routing import travel


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked. ``county``: AGS; ``place_id``: the object, if one was chosen; ``at``: when (default: now);
    ``exclude``: units the dispatcher does not want; ``incident``: whose units count as already there."""

    keyword: str
    lon: float | None
    lat: float | None
    county: str = ""
    place_id: str = ""
    at: datetime | None = None
    exclude: Collection[str] = ()
    incident: str = ""


def wanted_by(incident: UUID | str, exclude: Collection[str] = ()) -> Wanted | None:
    """The question an incident asks, None if there is no such incident."""
    row = Incident.objects.filter(pk=incident).values("keyword_id", "point", "county_id", "place_id").first()
    if row is None:
        return None
    lon, lat = row["point"].coords if row["point"] else (None, None)
    return Wanted(
        keyword=row["keyword_id"] or "", lon=lon, lat=lat, county=row["county_id"] or "", place_id=row["place_id"],
        exclude=exclude, incident=str(incident),
    )  # fmt: skip


def propose(wanted: Wanted) -> dict[str, Any]:
    """The proposal for a keyword at a place, as the console shows it; nothing is written or reserved.

    A keyword without a plan or a place without coordinate gives a proposal that says so, with ``complete`` False.
    """
    now = wanted.at or timezone.now()
    plans = plans_for(wanted.keyword, Where(wanted.county, wanted.place_id, now))
    candidates: list[Candidate] = []
    if wanted.lon is not None and wanted.lat is not None:
        asked = Asked(now, wanted.incident, frozenset(wanted.exclude))
        candidates = _candidates(_kinds(plans), wanted.lon, wanted.lat, asked)
    lines = fill(plans, candidates, urgent=_is_urgent(wanted.keyword))
    told = Teller(lines, candidates, wanted.county, _centre_of(wanted.county)).tell(plans)
    if wanted.lon is None:
        told["text"] = "Der Einsatzort hat keine Koordinate: ohne sie kein Vorschlag."
    return {"keyword": wanted.keyword, **told}


def plans_for(keyword: str, where: Where) -> list[Plan]:
    """The response plans in force for this keyword, place and time, linked ones included."""
    columns = ("id", "name", "keyword_id", "county_id", "place_id", "window", "requirements", "adds", "example")
    rows = ResponsePlan.objects.filter(active=True).values(*columns)
    return applicable(map(plan_of, rows), keyword, where)


def _is_urgent(keyword: str) -> bool:
    return Keyword.objects.filter(pk=keyword).values_list("lights", flat=True).first() is not False


def _centre_of(county: str) -> str:
    return County.objects.filter(pk=county).values_list("centre_id", flat=True).first() or ""


def _kinds(plans: Iterable[Plan]) -> list[str]:
    return sorted({kind for plan in plans for need in plan.needs for kind in need.accepts})


def _candidates(kinds: list[str], lon: float, lat: float, asked: Asked) -> list[Candidate]:
    seen = sightings(kinds)
    stands = [standing(one, asked.now) for one in seen]
    ways = travel((start_of(one, here) for one, here in zip(seen, stands, strict=True)), lon, lat)
    return [judge(one, here, way, asked) for one, here, way in zip(seen, stands, ways, strict=True)]


# One row per unit that is of a wanted type or has a wanted capability. Two centres may have committed one unit while
# cut apart: the newest commitment is shown.
_SIGHTINGS = """
SELECT u.id, u.name, u.short, u.type_id, t."order", t.capabilities || u.capabilities, t.speed_kmh, t.airborne,
       u.turnout_seconds, s.id, s.name, ST_X(s.point), ST_Y(s.point), c.id, c.name, coalesce(z.id, ''),
       coalesce(z.name, ''), u.example, u.availability::text, st.status, coalesce(st.note, ''),
       cs.name, ST_X(cs.point), ST_Y(cs.point), ST_X(p.point), ST_Y(p.point), p.observed_at,
       a.incident_id::text, a.number, r.incident_id::text, r.number, r.appointment_at
FROM resources_unit u
JOIN resources_unittype t ON t.id = u.type_id
JOIN resources_station s ON s.id = u.station_id
JOIN resources_county c ON c.id = s.county_id
LEFT JOIN resources_centre z ON z.id = c.centre_id
LEFT JOIN resources_unitstate st ON st.unit_id = u.id
LEFT JOIN resources_cover v ON v.unit_id = u.id
LEFT JOIN resources_station cs ON cs.id = v.station_id
LEFT JOIN resources_position p ON p.unit_id = u.id
LEFT JOIN LATERAL (
    SELECT x.incident_id, i.number FROM incidents_assignment x JOIN incidents_incident i ON i.id = x.incident_id
    WHERE x.unit_id = u.id AND x.ended_at IS NULL AND x.state <> 'reserved'
    ORDER BY x.alarmed_at DESC NULLS LAST, x.id LIMIT 1
) a ON true
LEFT JOIN LATERAL (
    SELECT x.incident_id, i.number, i.appointment_at
    FROM incidents_assignment x JOIN incidents_incident i ON i.id = x.incident_id
    WHERE x.unit_id = u.id AND x.ended_at IS NULL AND x.state = 'reserved'
    ORDER BY i.appointment_at NULLS FIRST, x.id LIMIT 1
) r ON true
WHERE u.active AND (u.type_id = ANY(%(kinds)s) OR t.capabilities && %(kinds)s::varchar[]
                    OR u.capabilities && %(kinds)s::varchar[])
"""


def sightings(kinds: list[str]) -> list[Sighting]:
    """All units in use that are of one of these types or have one of these capabilities, as they stand now."""
    with connection.cursor() as cursor:
        cursor.execute(_SIGHTINGS, {"kinds": kinds})
        return [_sighting(row) for row in cursor.fetchall()]


def _sighting(row: tuple[Any, ...]) -> Sighting:
    (
        unit, name, short, kind, order, capabilities, speed, airborne, turnout, station, station_name, lon, lat, county,
        county_name, centre, centre_name, example, availability, status, note, cover_name, cover_lon, cover_lat,
        position_lon, position_lat, observed_at, incident, number, promised_to, promised_number, appointment_at,
    ) = row  # fmt: skip
    return Sighting(
        unit=unit, name=name, short=short, type=kind, order=order, capabilities=frozenset(capabilities),
        speed_kmh=speed, airborne=airborne, turnout_seconds=turnout, station=station, station_name=station_name,
        station_spot=(lon, lat), county=county, county_name=county_name, centre=centre, centre_name=centre_name,
        example=example, availability=orjson.loads(availability) if availability != "[]" else (), status=status,
        note=note, cover_name=cover_name or "", cover_spot=(cover_lon, cover_lat) if cover_lon is not None else None,
        spot=(position_lon, position_lat) if position_lon is not None else None, observed_at=observed_at,
        committed=Commitment(incident, number) if incident else None,
        reserved=Commitment(promised_to, promised_number, appointment_at) if promised_to else None,
    )  # fmt: skip
