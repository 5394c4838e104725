"""One field for "where": places, streets, objects, hospitals, stations, coordinates, motorway kilometres."""

from typing import Any

from django.contrib.gis.geos import Point
from django.db import connection, transaction

from resources import geo
from resources.rules import (
    Coordinates,
    MotorwayKm,
    Utm,
    normalise,
    parse_coordinates,
    parse_motorway,
    split_address,
)

__all__ = ["normalise", "places"]

MIN_LETTERS = 2
MAX_LETTERS = 120
# ETRS89 / UTM zone n north is EPSG:25800 + n.
UTM_NORTH = 25_800
UTM_ZONES = range(28, 39)

# Names of hospitals and stations are few; they are made searchable on the way instead of being kept twice.
_PLAIN = "replace(replace(replace(replace(lower({0}), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss')"
_COLUMNS = "t.id, t.name, {kind} AS kind, {municipality} AS municipality, t.county_id, t.point, t.example"
# Alike in part (what was typed occurs in it) counts most, then alike as a whole (nothing else is in it), then
# importance; distance from where the caller or the centre is decides between streets of the same name.
#
# The planner thinks comparing words costs next to nothing and would rather read the whole table (20 times slower).
BY_INDEX = "SET LOCAL enable_seqscan = off"
TEXT = f"""
WITH found AS (
    SELECT {_COLUMNS.format(kind="t.kind", municipality="t.municipality_name")}, t.search, t.weight
      FROM resources_place t WHERE t.search %%> %(q)s::text AND t.active AND t.kind <> 'motorway_km'
    UNION ALL
    SELECT {_COLUMNS.format(kind="'hospital'", municipality="''")}, {_PLAIN.format("t.name")}, 2000
      FROM resources_hospital t WHERE t.active AND {_PLAIN.format("t.name")} %%> %(q)s::text
    UNION ALL
    SELECT {_COLUMNS.format(kind="'station'", municipality="''")}, {_PLAIN.format("t.name")}, 500
      FROM resources_station t WHERE t.active AND {_PLAIN.format("t.name")} %%> %(q)s::text
)
SELECT f.id, f.name, f.kind, f.municipality, f.county_id, ST_X(f.point), ST_Y(f.point), f.example,
       word_similarity(%(q)s::text, f.search) + 0.5 * similarity(%(q)s::text, f.search)
       + 0.03 * ln(1 + f.weight)
       + CASE WHEN f.search LIKE %(prefix)s::text THEN 0.2 ELSE 0 END
       - CASE WHEN %(lon)s::float8 IS NULL THEN 0
              ELSE least(0.3, 1.5 * (f.point
                   <-> ST_SetSRID(ST_MakePoint(%(lon)s::float8, %(lat)s::float8), 4326))) END AS score
  FROM found f ORDER BY score DESC, f.id LIMIT %(limit)s
"""

MOTORWAY = """
SELECT id, name, kind, municipality_name, county_id, ST_X(point), ST_Y(point), example,
       1 - abs(split_part(id, ':', 3)::float - %(km)s) AS score
  FROM resources_place
 WHERE id LIKE %(road)s AND kind = 'motorway_km' AND active
   AND split_part(id, ':', 3)::float BETWEEN %(km)s - %(reach)s AND %(km)s + %(reach)s
 ORDER BY score DESC, id LIMIT %(limit)s
"""
MOTORWAY_REACH_KM = 1.0

_FIELDS = ("id", "name", "kind", "municipality", "county", "lon", "lat", "example", "score")


def places(text: str, near: Point | None = None, limit: int = 12) -> list[dict[str, Any]]:
    """What ``text`` may mean, best first: ``{id, name, kind, municipality, county, lon, lat, example, score,
    house_number}``.

    kind: settlement, street, object, motorway_km, hospital, station or coordinates. ``near`` (WGS 84) decides between
    equals. A house number is passed on with the street: the point is the street's.
    """
    text = text.strip()[:MAX_LETTERS]
    if (position := parse_coordinates(text)) is not None:
        return _coordinates(position)
    if (stretch := parse_motorway(text)) is not None and (found := _motorway(stretch, limit)):
        return found
    address = split_address(text)
    if len(address.words) < MIN_LETTERS:
        return []
    params = {
        "q": address.words, "prefix": address.words + "%", "limit": limit,
        "lon": near.x if near else None, "lat": near.y if near else None,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BY_INDEX)
        found = _rows(TEXT, params)
    for row in found:
        if address.house_number and row["kind"] == "street":
            row["house_number"] = address.house_number
            row["name"] = f"{row['name']} {address.house_number}"
    return found


def _motorway(stretch: MotorwayKm, limit: int) -> list[dict[str, Any]]:
    return _rows(
        MOTORWAY,
        {"road": f"km:{stretch.road}:%", "km": stretch.km, "reach": MOTORWAY_REACH_KM, "limit": limit},
    )


def _coordinates(position: Coordinates | Utm) -> list[dict[str, Any]]:
    if isinstance(position, Utm):
        if position.zone not in UTM_ZONES:
            return []
        lon, lat = _from_utm(position)
    else:
        lon, lat = position.lon, position.lat
    match = geo.county_of(lon, lat)
    return [
        {
            "id": f"c:{lat:.6f},{lon:.6f}", "name": f"{lat:.5f}, {lon:.5f}", "kind": "coordinates",
            "municipality": geo.municipality_near(lon, lat) if match else "",
            "county": match.county if match else None, "lon": round(lon, 6), "lat": round(lat, 6), "example": False,
            "score": 1.0, "house_number": "",
        }
    ]  # fmt: skip


def _from_utm(position: Utm) -> tuple[float, float]:
    """Longitude and latitude; by PostGIS, which keeps the transformation at hand (0.2 ms, GDAL here 3 ms)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_X(t), ST_Y(t) FROM ST_Transform(ST_SetSRID(ST_MakePoint(%s, %s), %s), 4326) t",
            [position.east, position.north, UTM_NORTH + position.zone],
        )
        lon, lat = cursor.fetchone()
    return float(lon), float(lat)


def _rows(sql: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [dict(zip(_FIELDS, row, strict=True)) | {"house_number": ""} for row in cursor.fetchall()]
