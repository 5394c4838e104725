"""The files of ``resources/data`` as entries. Sources and licences: ``SOURCES.md`` beside them."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from django.contrib.gis.geos import GEOSGeometry

from journal.types import EntryType
from resources import entries as e
from resources.media import USUAL
from resources.reference.windows import parse_windows
from resources.rules import search_text

DATA = Path(__file__).resolve().parent.parent / "data"
ATTRIBUTION = (DATA / "ATTRIBUTION").read_text(encoding="utf-8").strip()

Row = dict[str, str]


class BadData(ValueError):
    """A line of a data file cannot be read. The message names file and line, in German."""


def entries() -> Iterator[EntryType]:
    """All reference data, in an order in which each line's references come before it."""
    yield from _each("centres.csv", lambda r: e.CentreSaved(**_text(r, "id name code address phone"), point=_spot(r)))
    yield from _each("counties.csv", _county)
    yield from boundaries()
    yield from _each("municipalities.csv", lambda r: e.MunicipalitySaved(**_text(r, "id name county"), point=_spot(r)))
    yield from _each("places.csv", lambda r: _place(r, "settlement", example=False))
    yield from _each("streets.csv", lambda r: _place(r, "street", example=True))
    yield from _each("objects.csv", lambda r: _place(r, "object", example=r["example"] == "1"))
    yield from _each("motorway_km.csv", lambda r: _place(r, "motorway_km", example=True))
    yield from _each("hospitals.csv", _hospital)
    yield from _each("stations.csv", _station)
    yield from _each("unit_types.csv", _unit_type)
    yield from _each("units.csv", _unit)


def demo_entries() -> Iterator[EntryType]:
    """Seats of the demo's two rooms."""
    yield from _each("seats.csv", lambda r: e.SeatSaved(**_text(r, "id name centre phone"), example=True))


def boundaries() -> Iterator[e.BoundaryImported]:
    """The areas of the counties, as shipped for the demo."""
    for feature in orjson.loads((DATA / "boundaries.geojson").read_bytes())["features"]:
        area = GEOSGeometry(orjson.dumps(feature["geometry"]).decode(), srid=4326)
        yield e.BoundaryImported(county=feature["properties"]["AGS"], area=area.wkt, source="VG250 2016, vereinfacht")


def _each(name: str, build: Any) -> Iterator[EntryType]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                yield build(row)
            except (ValueError, KeyError) as error:
                raise BadData(f"{name}, Zeile {number}: {error}") from error


def _text(row: Row, names: str) -> dict[str, Any]:
    return {name: row[name] for name in names.split()}


def _spot(row: Row) -> e.Spot:
    return e.Spot(lon=float(row["lon"]), lat=float(row["lat"]))


def _county(row: Row) -> e.CountySaved:
    return e.CountySaved(
        **_text(row, "id name kind nuts"),
        vehicle_codes=row["vehicle_codes"].split(),
        population=int(row["population"]),
        area_km2=float(row["area_km2"]),
        centre=row["centre"] or None,
    )


def _place(row: Row, kind: str, *, example: bool) -> e.PlaceSaved:
    return e.PlaceSaved(
        **_text(row, "id name municipality_name"),
        kind=kind,
        county=row["county"] or None,
        point=_spot(row),
        weight=int(row["weight"]),
        search=search_text(row["name"], row["municipality_name"], row.get("also", "")),
        example=example,
    )


def _hospital(row: Row) -> e.HospitalSaved:
    return e.HospitalSaved(
        **_text(row, "id name"),
        departments=[name for name in row["departments"].split(";") if name],
        beds=int(row["beds"]) if row["beds"] else None,
        county=row["county"] or None,
        point=_spot(row),
        example=row["example"] == "1",
        active=row["active"] == "1",
    )


def _station(row: Row) -> e.StationSaved:
    return e.StationSaved(
        **_text(row, "id name kind organisation owner county address"),
        point=_spot(row),
        volunteer=row["volunteer"] == "1",
        example=row["example"] == "1",
    )


def _unit_type(row: Row) -> e.UnitTypeSaved:
    return e.UnitTypeSaved(
        **_text(row, "id name branch"),
        capabilities=row["capabilities"].split(),
        speed_kmh=float(row["speed_kmh"]),
        airborne=row["airborne"] == "1",
        order=int(row["order"]),
    )


def _unit(row: Row) -> e.UnitSaved:
    return e.UnitSaved(
        **_text(row, "id name type station short opta issi crew"),
        capabilities=row["capabilities"].split(),
        turnout_seconds=int(row["turnout_seconds"]),
        availability=parse_windows(row["availability"]),
        media=USUAL,
        example=row["example"] == "1",
    )
