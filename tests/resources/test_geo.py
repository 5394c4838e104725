"""Which county a point belongs to: inside, on borders, outside; and the same answer every time."""

import math

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources import geo
from tests.world import BOXES, GERA, JENA, SHK, World

# Jena and Saale-Holzland touch along 11.70, Saale-Holzland and Gera along 12.00 (see tests.world).
WEST, SOUTH, EAST, NORTH = 11.45, 50.80, 12.20, 51.05


def expected(lon: float, lat: float) -> set[str]:
    """By plain arithmetic: the boxes that hold the point."""
    return {ags for ags, (west, south, east, north) in BOXES.items() if west <= lon <= east and south <= lat <= north}


# The world is only read, so all examples may share it.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lon=st.floats(WEST, EAST), lat=st.floats(SOUTH, NORTH))
def test_a_point_inside_one_county_belongs_to_it(world: World, lon: float, lat: float) -> None:
    holding = expected(lon, lat)
    match = geo.county_of(lon, lat)
    if len(holding) == 1:
        assert match is not None
        assert match.county in holding or match.how == "border"
        assert match.metres == 0
    elif holding:
        assert match is not None
        assert (match.county, match.how) == (min(holding), "border")


def test_borders_go_to_the_smaller_key_and_say_so(world: World) -> None:
    for lon, lat, county in ((11.70, 50.90, JENA), (12.00, 50.90, GERA), (11.70, 50.85, JENA), (12.0, 51.0, GERA)):
        match = geo.county_of(lon, lat)
        assert match is not None
        assert (match.county, match.how) == (county, "border")
        # Half a metre to either side is the same border, whatever the last bits of a float say.
        for shift in (-5e-6, 5e-6):
            near = geo.county_of(lon + shift, lat)
            assert near is not None
            assert near.county == county


def test_just_outside_the_nearest_county_answers_and_the_distance_is_told(world: World) -> None:
    match = geo.county_of(WEST - 0.02, 50.95)
    assert match is not None
    assert (match.county, match.how) == (JENA, "nearest")
    assert match.metres == pytest.approx(0.02 * 111_320 * math.cos(math.radians(50.95)), rel=0.02)


def test_the_bound_is_a_bound_and_a_setting(world: World, settings: object) -> None:
    metres_north = 0.03 * geo.METRES_PER_DEGREE  # 3.3 km
    settings.COUNTY_NEAREST_METRES = metres_north + 100  # type: ignore[attr-defined]
    assert geo.county_of(11.85, NORTH + 0.03) is not None
    settings.COUNTY_NEAREST_METRES = metres_north - 100  # type: ignore[attr-defined]
    assert geo.county_of(11.85, NORTH + 0.03) is None


@pytest.mark.parametrize(
    ("lon", "lat"), [(13.4, 52.5), (0, 0), (-180, -89.5), (179, 10), (math.nan, 50.9), (11.6, math.inf), (1e9, 1e9)]
)
def test_elsewhere_is_no_county_and_no_error(world: World, lon: float, lat: float) -> None:
    assert geo.county_of(lon, lat) is None


def test_one_query_brings_county_and_centre(world: World) -> None:
    with CaptureQueriesContext(connection) as queries:
        match = geo.county_of(11.85, 50.9)
    assert len(queries) == 1
    assert match is not None
    assert (match.county, match.centre, match.name) == (SHK, "jena", "Saale-Holzland-Kreis")
