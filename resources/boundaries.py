"""Reading the official county boundaries (BKG VG250) from GeoPackage, shapefile or GeoJSON, by GDAL."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.contrib.gis.gdal import CoordTransform, DataSource, GDALException, SpatialReference
from django.contrib.gis.gdal.feature import Feature
from django.contrib.gis.gdal.layer import Layer
from django.contrib.gis.geos import GeometryCollection, GEOSGeometry, MultiPolygon, Polygon, WKTWriter

# Columns that carry the county's key in the editions of VG250, best first. AGS_0 is filled up to eight digits.
KEY_COLUMNS = ("AGS", "ARS", "RS", "AGS_0", "ARS_0")
KEY_DIGITS = 5
# VG250 describes a county by several areas; "Geofaktor" 4 is land with structure, the others are water.
LAND = 4
# Seven decimals of a degree are a centimetre: more than the source knows.
DECIMALS = 7
# Germany with a margin. A county outside it was read in the wrong reference system.
GERMANY = (5.0, 46.5, 16.0, 56.0)


class BadFile(ValueError):
    """The file is not what was expected. The message is a German sentence for the person who gave it."""


@dataclass(slots=True)
class Reading:
    """What a file holds: areas by AGS (WGS 84), and how many features were left aside, by reason."""

    layer: str
    areas: dict[str, MultiPolygon] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)

    def wkt(self, ags: str) -> str:
        return str(WKTWriter(precision=DECIMALS, trim=True).write(self.areas[ags]).decode())


def read_counties(path: Path, wanted: set[str], layer_name: str = "") -> Reading:
    """The areas of the ``wanted`` counties (AGS, five digits). Raises BadFile."""
    layer = _layer(_open(path), layer_name)
    key = _column(layer, KEY_COLUMNS)
    if key is None:
        raise BadFile(f"Die Ebene „{layer.name}“ hat keine Spalte {' oder '.join(KEY_COLUMNS[:2])}.")
    land = _column(layer, ("GF",))
    reading = Reading(layer.name)
    parts: dict[str, list[GEOSGeometry]] = {}
    for feature in _features(layer):
        ags = _ags(feature, key)
        if ags not in wanted:
            reading.left["nicht geführte Gebiete"] += 1
        elif land is not None and int(feature.get(land) or 0) != LAND:
            reading.left["Gewässerflächen"] += 1
        else:
            parts.setdefault(ags, []).append(_area(feature, layer))
    if not parts:
        raise BadFile(f"In der Ebene „{layer.name}“ ist keiner der Kreise {', '.join(sorted(wanted))}.")
    reading.areas = {ags: _joined(ags, geometries) for ags, geometries in sorted(parts.items())}
    return reading


def _open(path: Path) -> DataSource:
    if not path.exists():
        raise BadFile(f"Die Datei {path} gibt es nicht.")
    try:
        return DataSource(str(path))
    except GDALException:
        raise BadFile(f"{path.name} ist weder GeoPackage noch Shapefile noch GeoJSON, oder beschädigt.") from None


def _layer(source: DataSource, name: str) -> Layer:
    layers = {layer.name: layer for layer in map(source.__getitem__, range(len(source)))}
    if name:
        if name not in layers:
            raise BadFile(f"Die Ebene „{name}“ gibt es nicht. Vorhanden: {', '.join(layers)}.")
        return layers[name]
    counties = [layer for layer_name, layer in layers.items() if "krs" in layer_name.casefold()]
    chosen = counties or list(layers.values())
    if len(chosen) != 1:
        raise BadFile(f"Bitte die Ebene mit --layer wählen. Vorhanden: {', '.join(layers) or 'keine'}.")
    return chosen[0]


def _column(layer: Layer, names: tuple[str, ...]) -> str | None:
    present = {name.upper(): name for name in layer.fields}
    return next((present[name] for name in names if name in present), None)


def _features(layer: Layer) -> Iterator[Feature]:
    if "Polygon" not in layer.geom_type.name and layer.geom_type.name != "Unknown":
        raise BadFile(f"Die Ebene „{layer.name}“ enthält keine Flächen, sondern {layer.geom_type.name}.")
    try:
        yield from layer
    except (GDALException, UnicodeDecodeError) as error:
        raise BadFile(f"Die Ebene „{layer.name}“ ist beschädigt: {error}") from None


def _ags(feature: Feature, column: str) -> str:
    """Five digits, also from a column that was read as a number or filled up to eight or twelve."""
    value = feature.get(column)
    text = str(value).strip() if value is not None else ""
    if isinstance(value, int):
        text = text.zfill(KEY_DIGITS)
    tail = text[KEY_DIGITS:]
    return text[:KEY_DIGITS] if not tail or (column.upper().endswith("_0") and not tail.strip("0")) else text


def _area(feature: Feature, layer: Layer) -> GEOSGeometry:
    if layer.srs is None:
        raise BadFile("Das Bezugssystem fehlt (bei einem Shapefile: die Datei mit der Endung .prj).")
    geometry = feature.geom
    geometry.transform(CoordTransform(layer.srs, SpatialReference(4326)))
    return GEOSGeometry(geometry.wkb, srid=4326)


def _joined(ags: str, geometries: list[GEOSGeometry]) -> MultiPolygon:
    whole = geometries[0]
    for other in geometries[1:]:
        whole = whole.union(other)
    if not whole.valid:
        whole = whole.make_valid()
    parts = list(whole) if isinstance(whole, GeometryCollection) else [whole]
    polygons = [part for part in parts if isinstance(part, Polygon)]
    if not polygons:
        raise BadFile(f"Der Kreis {ags} hat keine Fläche.")
    area = MultiPolygon(polygons, srid=4326)
    west, south, east, north = area.extent
    if not (GERMANY[0] < west and GERMANY[1] < south and east < GERMANY[2] and north < GERMANY[3]):
        raise BadFile(f"Der Kreis {ags} läge außerhalb Deutschlands; das Bezugssystem der Datei stimmt nicht.")
    return area
