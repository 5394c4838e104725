"""Master data as consoles hold it: small rows by id, sent once, renewed when an entry changes them."""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from django.db import connection
from django.db.models import Model, QuerySet

from incidents.models import InterviewTree, Keyword
from resources.models import Centre, County, Hospital, Place, Seat, Station, Unit, UnitType

Row = dict[str, Any]


def _centre(row: Centre) -> Row:
    return {
        "id": row.id,
        "name": row.name,
        "code": row.code,
        "home": row.home,
        "phone": row.phone,
        **_spot(row),
    }


def _county(row: County) -> Row:
    return {
        "id": row.id,
        "name": row.name,
        "centre": row.centre_id,
        "codes": row.vehicle_codes,
        "example": row.example,
    }


def _station(row: Station) -> Row:
    return {
        "id": row.id, "name": row.name, "kind": row.kind, "organisation": row.organisation, "county": row.county_id,
        "volunteer": row.volunteer, "example": row.example, **_spot(row),
    }  # fmt: skip


def _unit_type(row: UnitType) -> Row:
    return {
        "id": row.id,
        "name": row.name,
        "branch": row.branch,
        "order": row.order,
        "airborne": row.airborne,
    }


def _unit(row: Unit) -> Row:
    return {
        "id": row.id, "name": row.name, "short": row.short, "type": row.type_id, "station": row.station_id,
        "capabilities": row.capabilities, "crew": row.crew, "opta": row.opta, "issi": row.issi, "example": row.example,
    }  # fmt: skip


def _keyword(row: Keyword) -> Row:
    return {
        "id": row.id, "name": row.name, "group": row.group, "priority": row.priority, "lights": row.lights,
        "synonyms": row.synonyms, "hint": row.hint, "example": row.example,
    }  # fmt: skip


def _hospital(row: Hospital) -> Row:
    return {
        "id": row.id,
        "name": row.name,
        "departments": row.departments,
        "example": row.example,
        **_spot(row),
    }


def _seat(row: Seat) -> Row:
    return {"id": row.id, "name": row.name, "centre": row.centre_id, "phone": row.phone}


def _tree(row: InterviewTree) -> Row:
    return {"id": row.id, "name": row.name, "nodes": row.nodes, "example": row.example}


def _spot(row: Any) -> Row:
    return {"lon": round(row.point.x, 6), "lat": round(row.point.y, 6)} if row.point else {"lon": None, "lat": None}


# aggregate kind -> (name in the snapshot, model, row)
KINDS: dict[str, tuple[str, type[Model], Callable[[Any], Row]]] = {
    "centre": ("centres", Centre, _centre),
    "county": ("counties", County, _county),
    "station": ("stations", Station, _station),
    "unit_type": ("unit_types", UnitType, _unit_type),
    "unit": ("units", Unit, _unit),
    "keyword": ("keywords", Keyword, _keyword),
    "hospital": ("hospitals", Hospital, _hospital),
    "seat": ("seats", Seat, _seat),
    "interview_tree": ("trees", InterviewTree, _tree),
}


class Held(NamedTuple):
    """All master data in use as of ``pos``, by name and id, as JSON; ``mark`` is the same at every node with the same
    rows."""

    pos: int
    entry: bytes
    mark: str
    encoded: orjson.Fragment


# The newest reading of this process, under its only name.
_remembered: dict[str, Held] = {}

# Master data changes by entries alone: none of its kinds since then, and it is still what was read then. The hash of
# the entry at that position tells that this is still the same journal, not a restored one.
UNCHANGED = """
SELECT hash, EXISTS (SELECT 1 FROM journal_entry WHERE pos > %s AND aggregate_kind = ANY(%s))
  FROM journal_entry WHERE pos = %s
"""


def as_of(pos: int) -> Held:
    """All master data, read anew only when an entry has changed some. Use inside ``tail.snapshot()``."""
    held = _remembered.get("newest")
    with connection.cursor() as cursor:
        if held is not None and held.pos <= pos:
            cursor.execute(UNCHANGED, [held.pos, list(KINDS), held.pos])
            if cursor.fetchone() != (held.entry, False):
                held = None
        cursor.execute("SELECT hash FROM journal_entry WHERE pos = %s", [pos])
        entry = bytes((cursor.fetchone() or (b"",))[0])
    if held is None or held.pos > pos:
        rows = {name: _view(_active(model), view) for name, model, view in KINDS.values()}
        text = orjson.dumps(rows, option=orjson.OPT_SORT_KEYS)
        mark, encoded = sha256(text).hexdigest()[:16], orjson.Fragment(text)
    else:
        mark, encoded = held.mark, held.encoded
    _remembered["newest"] = Held(pos, entry, mark, encoded)
    return _remembered["newest"]


def rows_of(kind: str, ids: Iterable[str]) -> dict[str, Row | None]:
    """Some rows of one kind; None for one that is not in use any more."""
    _name, model, view = KINDS[kind]
    wanted: dict[str, Row | None] = dict.fromkeys(ids)
    return wanted | _view(_active(model).filter(pk__in=wanted), view)


def _active(model: type[Model]) -> QuerySet[Any]:
    return model._default_manager.filter(active=True).order_by("pk")


def _view(queryset: QuerySet[Any], view: Callable[[Any], Row]) -> dict[str, Row]:
    return {row.pk: view(row) for row in queryset}


# Degrees; about 50 m. The map is for orientation, the assignment to a county is made by PostGIS.
SIMPLIFY_DEGREES = 0.0005


def geography() -> dict[str, Any]:
    """Outlines of the counties (GeoJSON) and the settlements' names, for a map without tiles."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT county_id, ST_AsGeoJSON(ST_SimplifyPreserveTopology(area, %s), 5)::json FROM resources_boundary",
            [SIMPLIFY_DEGREES],
        )
        areas = dict(cursor.fetchall())
    settlements = Place.objects.filter(kind=Place.Kind.SETTLEMENT, active=True).order_by("-weight")
    return {
        "areas": areas,
        "places": [
            {"name": p.name, "lon": round(p.point.x, 5), "lat": round(p.point.y, 5), "weight": p.weight}
            for p in settlements
        ],
        "attribution": "© GeoBasis-DE / BKG 2016 (Daten verändert) · Orte: GeoNames, CC BY 4.0",
    }
