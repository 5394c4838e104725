"""What a line in the search field means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.reference.windows import DAYS, parse_windows, windows_text
from resources.rules import (
    Coordinates,
    MotorwayKm,
    Utm,
    normalise,
    parse_coordinates,
    parse_motorway,
    search_text,
    split_address,
)


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert once == once.strip()
    assert "  " not in once


@pytest.mark.parametrize("typed", ["Bahnhofstr.", "Bahnhofstr", "BAHNHOFSTRASSE", "Bahnhofstraße", " bahnhofstraße "])
def test_all_ways_to_write_a_street_are_one(typed: str) -> None:
    assert normalise(typed) == normalise("Bahnhofstraße")


@given(st.text(max_size=300), st.text(max_size=300))
def test_search_text_fits_its_column(name: str, place: str) -> None:
    assert len(search_text(name, place)) <= 240


@given(lat=st.floats(-90, 90), lon=st.floats(-180, 180))
def test_coordinates_survive_being_written_with_point_or_comma(lat: float, lon: float) -> None:
    for text in (f"{lat:.6f} {lon:.6f}", f"{lat:.6f}, {lon:.6f}", f"{lat:.6f} {lon:.6f}".replace(".", ",")):
        read = parse_coordinates(text)
        assert isinstance(read, Coordinates)
        assert (read.lat, read.lon) == pytest.approx((lat, lon), abs=1e-6)


@given(lat=st.integers(0, 89 * 3600), lon=st.integers(0, 179 * 3600), south=st.booleans(), west=st.booleans())
def test_degrees_minutes_seconds(lat: int, lon: int, south: bool, west: bool) -> None:
    def written(seconds: int) -> str:
        return f"{seconds // 3600}°{seconds % 3600 // 60}'{seconds % 60}\""

    read = parse_coordinates(f"{written(lat)}{'S' if south else 'N'} {written(lon)}{'W' if west else 'E'}")
    assert isinstance(read, Coordinates)
    assert (read.lat, read.lon) == pytest.approx(
        (lat / 3600 * (-1 if south else 1), lon / 3600 * (-1 if west else 1)), abs=1e-9
    )


def test_utm_and_what_is_no_coordinate() -> None:
    assert parse_coordinates("32U 681999 5645000") == Utm(32, 681999, 5645000)
    for text in ("91.0 11.5", "50.9 181.2", "Markt 5", "A4 172,5", "50 11", "", "50.9"):
        assert parse_coordinates(text) is None


@pytest.mark.parametrize(
    "text", ["A4 km 172,5", "a4 172.5", "BAB A 4 172,5", "A4, km 172,5 Fahrtrichtung Dresden", "A 4 172,5 km"]
)
def test_motorway_kilometres(text: str) -> None:
    assert parse_motorway(text) == MotorwayKm("A4", 172.5)


def test_what_is_no_motorway() -> None:
    for text in ("Am Anger 28", "A4", "A4 Rastplatz", "B7 12"):
        assert parse_motorway(text) is None


@pytest.mark.parametrize(
    ("text", "words", "number"),
    [
        ("Markt 5 Kahla", "markt kahla", "5"), ("Kahla, Markt 5a", "kahla markt", "5a"),
        ("Bahnhofstr. 12-14, Stadtroda", "bahnhofstr stadtroda", "12-14"), ("Jena", "jena", ""), ("28", "28", ""),
    ],
)  # fmt: skip
def test_house_number_is_taken_out_of_the_words(text: str, words: str, number: str) -> None:
    address = split_address(text)
    assert (address.words, address.house_number) == (words, number)


time = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
window = st.fixed_dictionaries({"days": st.sets(st.integers(0, 6), min_size=1).map(sorted), "from": time, "to": time})


@given(st.lists(window, max_size=3))
def test_windows_survive_being_written_and_read(windows: list[dict]) -> None:
    def minutes(all_windows: list[dict]) -> list[tuple[int, str, str]]:
        return sorted((day, w["from"], w["to"]) for w in all_windows for day in w["days"])

    assert minutes(parse_windows(windows_text(windows))) == minutes(windows)


@pytest.mark.parametrize("text", ["Mo-Fr", "Mo-Xx 10:00-12:00", "Mo 25:00-26:00", "immer", f"{DAYS[0]} 10:00"])
def test_unreadable_windows_are_named(text: str) -> None:
    with pytest.raises(ValueError, match="nicht lesbar"):
        parse_windows(text)
