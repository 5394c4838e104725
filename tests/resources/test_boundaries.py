"""Official boundaries come in by every format they are published in, and wrong files say what is wrong."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from journal.models import Entry
from resources import geo
from resources.models import Boundary
from resources.reference.files import DATA
from tests.resources.vector_files import translate
from tests.world import GERA, JENA, SHK, World

SHIPPED = DATA / "boundaries.geojson"
UTM = ("-t_srs", "EPSG:25832", "-nln", "vg250_krs", "-nlt", "PROMOTE_TO_MULTI")


def import_(*arguments: object) -> str:
    out = io.StringIO()
    call_command("import_boundaries", *map(str, arguments), stdout=out)
    return out.getvalue()


def features(path: Path) -> list[dict]:
    return json.loads(path.read_text())["features"]


def write(path: Path, items: list[dict], **extra: object) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": items, **extra}))
    return path


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".geojson"])
def test_every_format_gives_the_same_areas(world: World, tmp_path: Path, ending: str) -> None:
    options = UTM if ending != ".geojson" else ("-nln", "vg250_krs")
    file = translate(SHIPPED, tmp_path / f"vg250_krs{ending}", *options)
    report = import_(file, "--date", "2016-01-01")
    assert "16053 Jena: übernommen (114" in report
    assert "6 nicht geführte Gebiete" in report
    # Places whose county everybody knows: the axes were not swapped, the metres turned into degrees.
    for (lon, lat), county in {(11.5899, 50.9288): JENA, (12.0819, 50.8803): GERA, (11.7268, 50.8568): SHK}.items():
        match = geo.county_of(lon, lat)
        assert match is not None
        assert (match.county, match.how) == (county, "inside")
    assert Boundary.objects.get(pk=JENA).source == f"VG250 2016-01-01 ({file.name})"


def test_second_import_of_the_same_file_records_nothing(world: World) -> None:
    import_(SHIPPED)
    before = Entry.objects.count()
    assert "unverändert" in import_(SHIPPED)
    assert Entry.objects.count() == before


def test_only_land_areas_count(world: World, tmp_path: Path) -> None:
    items = [f for f in features(SHIPPED) if f["properties"]["AGS"] == JENA]
    water = {"type": "Polygon", "coordinates": [[[9, 51], [10, 51], [10, 52], [9, 52], [9, 51]]]}
    items.append({"type": "Feature", "properties": {"AGS": JENA, "GF": 2}, "geometry": water})
    report = import_(write(tmp_path / "krs.geojson", items))
    assert "1 Gewässerflächen" in report
    assert Boundary.objects.get(pk=JENA).area.extent[0] > 11


def test_parts_of_one_county_are_joined(world: World, tmp_path: Path) -> None:
    def box(west: float, east: float) -> dict:
        ring = [[west, 50.9], [east, 50.9], [east, 51.0], [west, 51.0], [west, 50.9]]
        return {
            "type": "Feature", "properties": {"ags": int(JENA)}, "geometry": {"type": "Polygon", "coordinates": [ring]},
        }  # fmt: skip

    import_(write(tmp_path / "krs.geojson", [box(11.4, 11.5), box(11.5, 11.6)]))
    area = Boundary.objects.get(pk=JENA).area
    assert len(area) == 1
    assert area.extent == pytest.approx((11.4, 50.9, 11.6, 51.0))


def test_wrong_files_are_refused_in_german_and_change_nothing(world: World, tmp_path: Path) -> None:
    jena = next(f for f in features(SHIPPED) if f["properties"]["AGS"] == JENA)
    text = tmp_path / "notes.txt"
    text.write_text("keine Karte")
    point = {"type": "Point", "coordinates": [11.5, 50.9]}
    swapped = {"type": "Polygon", "coordinates": [[[50.9, 11.5], [51, 11.5], [51, 11.6], [50.9, 11.6], [50.9, 11.5]]]}
    without_key = write(tmp_path / "a.geojson", [{**jena, "properties": {"GEN": "Jena"}}])
    points = write(tmp_path / "b.geojson", [{**jena, "geometry": point}])
    elsewhere = write(tmp_path / "c.geojson", [{**jena, "properties": {"AGS": "05315"}}])
    axes = write(tmp_path / "d.geojson", [{**jena, "geometry": swapped}])
    shape = translate(SHIPPED, tmp_path / "e.shp", *UTM)
    for other in tmp_path.glob("*.prj"):
        other.unlink()
    for file, message in {
        tmp_path / "missing.gpkg": "gibt es nicht",
        text: "weder GeoPackage",
        without_key: "keine Spalte AGS",
        points: "keine Flächen",
        elsewhere: "keiner der Kreise",
        axes: "außerhalb Deutschlands",
        next(tmp_path.glob("*.shp"), shape): "Bezugssystem fehlt",
    }.items():
        before = Entry.objects.count()
        with pytest.raises(CommandError, match=message):
            import_(file)
        assert Entry.objects.count() == before


def test_layer_is_chosen_by_name_or_asked_for(world: World, tmp_path: Path) -> None:
    file = translate(SHIPPED, tmp_path / "all.gpkg", "-nln", "vg250_gem")
    translate(SHIPPED, file, "-update", "-nln", "vg250_lan")
    with pytest.raises(CommandError, match=r"--layer wählen\. Vorhanden: vg250_gem, vg250_lan"):
        import_(file)
    assert "übernommen" in import_(file, "--layer", "vg250_gem")
    with pytest.raises(CommandError, match="„vg250_sta“ gibt es nicht"):
        import_(file, "--layer", "vg250_sta")
