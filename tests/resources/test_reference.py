"""The shipped data is sound, loads once, and leaves alone what somebody changed."""

import io
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from journal.models import Entry
from journal.record import Transaction
from leitstelle.accounts import demo
from leitstelle.accounts.models import ApiKey, User
from resources import models, reference, search
from resources.entries import MasterEntry, UnitSaved
from resources.reference import files
from resources.reference.load import actor

SIX = {"16052", "16053", "16074", "16075", "16076", "16077"}


@pytest.fixture(scope="module")
def shipped() -> list:
    return list(reference.entries())


def of(entries: list, kind: str) -> list:
    return [entry for entry in entries if entry.type_name == kind]


def test_every_reference_between_rows_is_kept(shipped: list) -> None:
    ids = {kind: {e.id for e in of(shipped, f"{kind}.saved")} for kind in ("centre", "county", "station", "unit_type")}
    for entry in shipped:
        if isinstance(entry, MasterEntry):
            for name in ids.keys() & type(entry).model_fields.keys():
                value = getattr(entry, name)
                assert value is None or value in ids[name], entry
    for unit in of(shipped, "unit.saved"):
        assert unit.type in ids["unit_type"]


def test_a_unit_is_found_by_each_of_its_names(shipped: list) -> None:
    units = of(shipped, "unit.saved")
    assert len(units) >= 300
    for name in ("id", "short", "opta", "issi", "name"):
        assert max(Counter(getattr(unit, name) for unit in units).values()) == 1, name
    for unit in units:
        assert len(unit.opta) == 24
        assert unit.opta.startswith("TH")
        assert unit.issi.isdigit()
        assert len(unit.issi) == 7


def test_what_is_made_up_says_so(shipped: list) -> None:
    assert all(unit.example for unit in of(shipped, "unit.saved"))
    assert all(place.example for place in of(shipped, "place.saved") if place.kind in ("street", "motorway_km"))
    assert not any(e.example for kind in ("centre", "county", "municipality") for e in of(shipped, f"{kind}.saved"))


def test_the_agreement_stands_in_the_data(shipped: list) -> None:
    centre = {county.id: county.centre for county in of(shipped, "county.saved")}
    assert {ags for ags, answering in centre.items() if answering} == SIX
    assert {centre["16053"], centre["16074"]} == {"jena"}
    assert {centre[ags] for ags in SIX - {"16053", "16074"}} == {"gera"}
    assert {"16055", "16073", "16051"} <= centre.keys()


def test_stations_and_places_lie_in_the_county_they_name(loaded: None) -> None:
    with connection.cursor() as cursor:
        for table, bound in (("resources_station", 500), ("resources_place", 2500), ("resources_hospital", 1500)):
            cursor.execute(
                f"SELECT t.id FROM {table} t JOIN resources_boundary b ON b.county_id = t.county_id"
                "  WHERE NOT ST_DWithin(b.area::geography, t.point::geography, %s)",
                [bound],
            )
            assert cursor.fetchall() == [], table


def test_second_load_records_nothing(loaded: None) -> None:
    before = Entry.objects.count()
    call_command("load_reference", "--demo", stdout=io.StringIO())
    assert Entry.objects.count() == before


def test_an_administrators_change_survives_until_the_file_changes(loaded: None) -> None:
    entries = list(reference.entries())
    unit = of(entries, "unit.saved")[0]
    with transaction.atomic():
        tx = Transaction(actor())
        tx.actor = actor().__class__("user", "1", "Chefin")
        tx.record(unit.model_copy(update={"crew": "9/9"}))
        tx.append()
    load(entries)
    assert models.Unit.objects.get(pk=unit.id).crew == "9/9"
    changed = [unit.model_copy(update={"crew": "1/5"}) if e is unit else e for e in entries]
    assert load(changed) == (1, 0)
    assert models.Unit.objects.get(pk=unit.id).crew == "1/5"


def test_a_line_that_vanished_takes_its_row_out_of_use_and_can_return(loaded: None) -> None:
    entries = list(reference.entries())
    gone = next(e for e in entries if isinstance(e, UnitSaved))
    without = [e for e in entries if e is not gone]
    assert load(without) == (0, 1)
    assert models.Unit.objects.get(pk=gone.id).active is False
    assert load(without) == (0, 0)
    assert load(entries) == (1, 0)
    assert models.Unit.objects.get(pk=gone.id).active is True


def test_demo_log_ins_and_keys(loaded: None, settings: object) -> None:
    assert User.objects.get_by_natural_key("JENA1").check_password(demo.PASSWORD)
    assert {user.username for user in demo.people()} == set(User.objects.values_list("username", flat=True))
    file = Path(settings.LEITSTELLE_RUN_DIR) / "keys.json"  # type: ignore[attr-defined]
    assert file.stat().st_mode & 0o077 == 0
    assert ApiKey.objects.filter(active=True).count() == len(demo.KEY_NAMES)
    # A lost key file means new keys; the old ones open nothing any more.
    old = set(ApiKey.objects.values_list("sha256", flat=True))
    file.unlink()
    call_command("load_reference", "--demo", stdout=io.StringIO())
    assert file.exists()
    assert not old & set(ApiKey.objects.values_list("sha256", flat=True))


def test_every_unit_begins_at_its_station(loaded: None) -> None:
    assert models.Unit.objects.filter(active=True).count() == models.UnitState.objects.filter(status=2).count()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("jena", "Jena"), ("Jenna", "Jena"), ("poessneck", "Pößneck"), ("PÖSSNECK", "Pößneck"),
        ("Lobeda Karl-Marx-Allee", "Karl-Marx-Allee"), ("Bahnhofstr Stadtroda", "Bahnhofstraße"),
        ("Stadtroda Bahnhofstraße", "Bahnhofstraße"), ("stadtroda, bahnhofstr. 12", "Bahnhofstraße 12"),
        ("uniklinikum jena", "Universitätsklinikum Jena"), ("Hermsdorfer Kreuz", "Hermsdorfer Kreuz (A4/A9)"),
        ("FF Stadtroda", "Feuerwehr Stadtroda"), ("Jagdbergtunel", "Jagdbergtunnel (A4)"),
        ("A4 km 172,5", "A4 km 172,5 Fahrtrichtung Dresden"), ("50.9288 11.5899", "50.92880, 11.58990"),
        ("50°55'44\"N 11°35'24\"E", "50.92889, 11.59000"),
    ],
)  # fmt: skip
def test_the_first_hit_is_what_was_meant(loaded: None, typed: str, expected: str) -> None:
    found = search.places(typed)
    assert found[0]["name"] == expected
    assert len(found) <= 12
    assert found == sorted(found, key=lambda row: -row["score"])


def test_streets_of_one_name_come_nearest_first(loaded: None) -> None:
    for town in ("Altenburg", "Schleiz", "Kahla"):
        here = models.Place.objects.get(kind="settlement", name=town).point
        assert search.places("Bahnhofstraße", near=here)[0]["municipality"] == town


def test_utm_is_turned_into_degrees(loaded: None) -> None:
    hit = search.places("32U 681999 5645000")[0]
    assert (hit["lat"], hit["lon"]) == pytest.approx((50.92789, 11.58987), abs=1e-4)
    assert hit["county"] == "16053"


@pytest.mark.parametrize(
    "typed", ["", " ", "x", "'; DROP TABLE", "%%%", "\\", "__", "🚒🚒", "a" * 500, "99.0 999.0", "12Q 1 2"]
)
def test_nothing_typed_breaks_the_search(loaded: None, typed: str) -> None:
    assert isinstance(search.places(typed), list)


def test_the_search_reads_an_index_not_the_table(loaded: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(search.BY_INDEX)
        cursor.execute("EXPLAIN " + search.TEXT, {
            "q": "bahnhofstr", "prefix": "bahnhofstr%", "lon": None, "lat": None, "limit": 12,
        })  # fmt: skip
        assert "place_search" in "\n".join(line for (line,) in cursor.fetchall())


def test_the_maps_note_names_both_sources() -> None:
    assert "GeoBasis-DE" in files.ATTRIBUTION
    assert "GeoNames" in files.ATTRIBUTION


def load(entries: list) -> tuple[int, int]:
    with transaction.atomic():
        tx = Transaction(actor())
        result = reference.load(tx, entries)
        if tx.envelopes:
            tx.append()
    return result.recorded, result.retired
