"""The planned day: the same seed gives the same day, and it looks like the figures it was made from."""

import math
from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents import reference
from incidents.entries.plans import KeywordSaved
from incidents.labels import CALL_OUTCOMES
from leitstelle.simulator import atlas, day, figures
from leitstelle.simulator.play import AHEAD, FIRST_RING, hurried
from leitstelle.simulator.scenarios import BY_KEY
from resources.availability import LOCAL
from resources.models import Place

LAND = atlas.load()
MONDAY = datetime(2026, 3, 2, 0, 0, tzinfo=LOCAL)
DAY = timedelta(days=1)

seeds = st.integers(0, 10_000)
begins = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 30), timezones=st.just(LOCAL))  # noqa: DTZ001 bounds


@settings(max_examples=15, deadline=None)
@given(seeds, begins, st.floats(0.1, 5), st.floats(0.1, 5))
def test_the_same_seed_is_the_same_day_in_one_piece_or_in_two(
    seed: int, begin: datetime, first: float, second: float
) -> None:
    middle, end = begin + timedelta(hours=first), begin + timedelta(hours=first + second)
    whole = day.plan(LAND, seed, begin, end)
    assert whole == day.plan(LAND, seed, begin, middle) + day.plan(LAND, seed, middle, end)
    assert all(begin <= call.at < end for call in whole)
    assert len({call.id for call in whole}) == len(whole)


def test_another_seed_is_another_day() -> None:
    assert day.plan(LAND, 1, MONDAY, MONDAY + DAY) != day.plan(LAND, 2, MONDAY, MONDAY + DAY)


def test_four_weeks_have_as_many_calls_as_the_figures_say() -> None:
    calls = day.plan(LAND, 7, MONDAY, MONDAY + 28 * DAY)
    expected = 28 * sum(LAND.counties.values()) / 1000 * figures.CALLS_PER_1000
    assert abs(len(calls) - expected) < 0.06 * expected
    by_county = Counter(call.county for call in calls)
    for county, population in LAND.counties.items():
        share = population / sum(LAND.counties.values())
        assert abs(by_county[county] / len(calls) - share) < 0.02
    by_hour = Counter(call.at.hour for call in calls)
    assert max(by_hour, key=lambda hour: by_hour[hour]) in range(8, 12)
    assert min(by_hour, key=lambda hour: by_hour[hour]) in range(1, 6)


def test_intensity_multiplies_and_the_curve_of_hours_has_mean_one() -> None:
    assert math.isclose(sum(figures.HOURS) / 24, 1)
    assert abs(sum(figures.WEEKDAYS) / 7 - 1) < 0.001
    single = figures.rate_per_second(100_000, 0, 10)
    assert math.isclose(figures.rate_per_second(100_000, 0, 10, 3.0), 3 * single)
    busy = day.plan(LAND, 7, MONDAY, MONDAY + DAY, intensity=4)
    calm = day.plan(LAND, 7, MONDAY, MONDAY + DAY)
    assert 3 < len(busy) / len(calm) < 5


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_storm_is_nine_hundred_calls_in_ten_minutes(seed: int) -> None:
    calls = day.storm(LAND, seed, MONDAY)
    assert calls == day.storm(LAND, seed, MONDAY)
    assert len(calls) == figures.STORM_CALLS
    assert len({call.id for call in calls}) == len(calls)
    assert all(MONDAY <= call.at <= MONDAY + timedelta(seconds=figures.STORM_SECONDS) for call in calls)
    assert {call.county for call in calls} == set(LAND.counties)


def test_witnesses_call_after_the_first_from_nearby() -> None:
    calls = {call.id: call for call in day.storm(LAND, 5, MONDAY)}
    witnesses = [call for call in calls.values() if call.about and call.about in calls]
    assert witnesses
    for call in witnesses:
        first = calls[call.about]
        assert call.at >= first.at
        assert call.spot == first.spot
        metres = math.dist(call.point, first.spot.point) * day.METRES_PER_DEGREE
        assert metres <= 2 * day.WITNESS_METRES


def test_every_caller_is_believable() -> None:
    for call in day.plan(LAND, 11, MONDAY, MONDAY + 3 * DAY):
        assert call.centre == LAND.centres[call.county] == ("jena" if call.county in ("16053", "16074") else "gera")
        assert call.number.startswith("+49")
        assert call.patience >= 12
        assert call.talk >= 5
        assert 10.5 < call.point[0] < 13
        assert 50 < call.point[1] < 51.5
        assert call.report in call.scenario.reports


def test_scenarios_use_known_keywords_outcomes_and_places() -> None:
    keywords = {e.id for e in reference.entries() if isinstance(e, KeywordSaved)}
    for scenario in BY_KEY.values():
        assert (scenario.keyword in keywords) != (scenario.outcome in CALL_OUTCOMES and bool(scenario.outcome))
        assert set(scenario.spots) <= {*Place.Kind.values, "hospital"}
        assert 0 <= scenario.transport <= 1


def test_whoever_starts_the_demo_hears_both_centres_soon() -> None:
    night = MONDAY + timedelta(hours=3)
    calls = hurried(day.plan(LAND, 1, night, night + AHEAD), night)
    for centre in ("jena", "gera"):
        assert min(call.at for call in calls if call.centre == centre) <= night + 2 * FIRST_RING
    assert calls == sorted(calls, key=lambda call: (call.at, call.id))
