"""The proposal: who should go, read from the tables in a fixed number of queries and decided by pure rules."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.models import Incident
from incidents.rules.candidates import Asked, Candidate, Commitment, Sighting, judge, standing, start_of
from incidents.rules.plans import Plan, Where, applicable, plan_of
from incidents.rules.proposal import fill
from incidents.rules.wording import Teller
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
    rules = plans_for(wanted.keyword, Where(wanted.county, wanted.place_id, now))
    candidates: list[Candidate] = []
    if wanted.lon is not None and wanted.lat is not None:
        asked = Asked(now, wanted.incident, frozenset(wanted.exclude))
        candidates = _candidates(_kinds(rules.plans), wanted.lon, wanted.lat, asked)
    lines = fill(rules.plans, candidates, urgent=rules.urgent)
    told = Teller(lines, candidates, wanted.county, rules.centre).tell(rules.plans)
    if wanted.lon is None:
        told["text"] = _("Der Einsatzort hat keine Koordinate: ohne sie kein Vorschlag.")
    return {"keyword": wanted.keyword, **told}


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds for a keyword at a place and time: the plans, linked ones included; whether it is driven with lights;
    the centre that answers for the county (empty: none in this network)."""

    plans: list[Plan]
    urgent: bool
    centre: str


# All plans that can be reached from the keyword by links; which of them apply is for the rules to say.
_PLANS = """
WITH RECURSIVE reached(keyword) AS (
    SELECT %(keyword)s::varchar
    UNION
    SELECT unnest(p.adds) FROM incidents_responseplan p JOIN reached ON p.keyword_id = reached.keyword WHERE p.active
)
SELECT coalesce((SELECT lights FROM incidents_keyword WHERE id = %(keyword)s), true),
       coalesce((SELECT centre_id FROM resources_county WHERE id = %(county)s), ''),
       coalesce((
           SELECT jsonb_agg(to_jsonb(p)) FROM incidents_responseplan p JOIN reached ON p.keyword_id = reached.keyword
           WHERE p.active
       ), '[]')::text
"""


def plans_for(keyword: str, where: Where) -> InForce:
    """The response plans in force for this keyword, place and time."""
    with connection.cursor() as cursor:
        cursor.execute(_PLANS, {"keyword": keyword, "county": where.county})
        urgent, centre, rows = cursor.fetchone()
    return InForce(applicable(map(plan_of, orjson.loads(rows)), keyword, where), urgent, centre)


def _kinds(plans: Iterable[Plan]) -> list[str]:
    return sorted({kind for plan in plans for need in plan.needs for kind in need.accepts})


def _candidates(kinds: list[str], lon: float, lat: float, asked: Asked) -> list[Candidate]:
    seen = sightings(kinds)
    stands = [standing(one, asked.now) for one in seen]
    ways = travel((start_of(one, here) for one, here in zip(seen, stands, strict=True)), lon, lat)
    return [judge(one, here, way, asked) for one, here, way in zip(seen, stands, ways, strict=True)]


# One row per unit that is of a wanted type or has a wanted capability. Two centres may have committed one unit while
# cut apart: the newest commitment is shown. MATERIALIZED keeps the planner from searching all orders of eleven joins,
# which takes longer (2 ms) than the whole query.
_SIGHTINGS = """
WITH base AS MATERIALIZED (
    SELECT s.id, s.name, ST_X(s.point) AS lon, ST_Y(s.point) AS lat, c.id AS county, c.name AS county_name,
           coalesce(z.id, '') AS centre, coalesce(z.name, '') AS centre_name
    FROM resources_station s JOIN resources_county c ON c.id = s.county_id
    LEFT JOIN resources_centre z ON z.id = c.centre_id
), who AS MATERIALIZED (
    SELECT u.id, u.name, u.short, t.id AS type, t."order", t.capabilities || u.capabilities AS capabilities,
           t.speed_kmh, t.airborne, u.turnout_seconds, u.station_id, u.example, u.availability::text AS availability
    FROM resources_unit u JOIN resources_unittype t ON t.id = u.type_id
    WHERE u.active AND (t.id = ANY(%(kinds)s) OR t.capabilities && %(kinds)s::varchar[]
                        OR u.capabilities && %(kinds)s::varchar[])
), tie AS MATERIALIZED (
    SELECT x.unit_id,
           (array_agg(i.id::text ORDER BY x.alarmed_at DESC, x.id) FILTER (WHERE x.state <> 'reserved'))[1] AS busy,
           (array_agg(i.number ORDER BY x.alarmed_at DESC, x.id) FILTER (WHERE x.state <> 'reserved'))[1] AS number,
           (array_agg(ARRAY[i.id::text, i.number, i.appointment_at::text] ORDER BY i.appointment_at NULLS FIRST, x.id)
            FILTER (WHERE x.state = 'reserved'))[1:1] AS promised
    FROM incidents_assignment x JOIN incidents_incident i ON i.id = x.incident_id
    WHERE x.ended_at IS NULL GROUP BY x.unit_id
), away AS MATERIALIZED (
    SELECT v.unit_id, base.name, base.lon, base.lat FROM resources_cover v JOIN base ON base.id = v.station_id
)
SELECT u.id, u.name, u.short, u.type, u."order", u.capabilities, u.speed_kmh, u.airborne, u.turnout_seconds,
       s.id, s.name, s.lon, s.lat, s.county, s.county_name, s.centre, s.centre_name, u.example, u.availability,
       st.status, coalesce(st.note, ''), away.name, away.lon, away.lat, ST_X(p.point), ST_Y(p.point), p.observed_at,
       tie.busy, tie.number, tie.promised
FROM who u
JOIN base s ON s.id = u.station_id
LEFT JOIN resources_unitstate st ON st.unit_id = u.id
LEFT JOIN away ON away.unit_id = u.id
LEFT JOIN resources_position p ON p.unit_id = u.id
LEFT JOIN tie ON tie.unit_id = u.id
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
        position_lon, position_lat, observed_at, incident, number, promised,
    ) = row  # fmt: skip
    return Sighting(
        unit=unit, name=name, short=short, type=kind, order=order, capabilities=frozenset(capabilities),
        speed_kmh=speed, airborne=airborne, turnout_seconds=turnout, station=station, station_name=station_name,
        station_spot=(lon, lat), county=county, county_name=county_name, centre=centre, centre_name=centre_name,
        example=example, availability=orjson.loads(availability) if availability != "[]" else (), status=status,
        note=note, cover_name=cover_name or "", cover_spot=(cover_lon, cover_lat) if cover_lon is not None else None,
        spot=(position_lon, position_lat) if position_lon is not None else None, observed_at=observed_at,
        committed=Commitment(incident, number) if incident else None,
        reserved=_promise(promised[0]) if promised else None,
    )  # fmt: skip


def _promise(columns: list[str]) -> Commitment:
    incident, number, appointment = columns
    return Commitment(incident, number, datetime.fromisoformat(appointment) if appointment else None)
