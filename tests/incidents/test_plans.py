"""Which response plan applies: laws of specificity and linking, and the windows in time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.rules.plans import Need, Plan, Where, applicable, fits, most_specific, specificity
from resources.availability import LOCAL, BadWindow, available, check, next_begin, within

MONDAY_NOON = datetime(2026, 3, 2, 12, 0, tzinfo=LOCAL)

times = st.times().map(lambda t: f"{t:%H:%M}")
windows = st.fixed_dictionaries(
    {"days": st.lists(st.integers(0, 6), min_size=1, max_size=7), "from": times, "to": times}
)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 bounds are naive
ids = st.sampled_from(["", "a", "b"])
plans = st.lists(
    st.builds(
        Plan,
        id=st.text("xyz", min_size=1, max_size=4),
        name=st.just("Plan"),
        keyword=st.sampled_from(["K", "L", "M"]),
        needs=st.just((Need("RTW"),)),
        county=ids,
        place=ids,
        window=st.none() | windows,
        adds=st.lists(st.sampled_from(["K", "L", "M", "N"]), max_size=3).map(tuple),
    ),
    max_size=12,
    unique_by=lambda plan: plan.id,
)
places = st.builds(Where, county=ids, place=ids, at=moments)


@given(plans, places)
def test_the_winner_fits_and_no_fitting_one_is_more_specific(rows: list[Plan], where: Where) -> None:
    winner = most_specific(rows, where)
    fitting = [plan for plan in rows if fits(plan, where)]
    assert (winner is None) == (not fitting)
    if winner is not None:
        assert winner in fitting
        assert all(specificity(plan) <= specificity(winner) for plan in fitting)


@given(plans, places, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: list[Plan], where: Where, random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert applicable(shuffled, "K", where) == applicable(rows, "K", where)


@given(plans, places)
def test_linked_keywords_come_once_each_and_links_in_a_circle_end(rows: list[Plan], where: Where) -> None:
    chosen = applicable(rows, "K", where)
    keywords = [plan.keyword for plan in chosen]
    assert len(keywords) == len(set(keywords))
    for plan in chosen:
        for added in plan.adds:
            assert added in keywords or most_specific([p for p in rows if p.keyword == added], where) is None


def test_object_before_county_before_everywhere_and_window_last() -> None:
    night = {"from": "20:00", "to": "06:00"}
    everywhere = Plan("1", "überall", "B2", ())
    by_night = Plan("2", "nachts", "B2", (), window=night)
    county = Plan("3", "Jena", "B2", (), county="16053")
    place = Plan("4", "Heim", "B2", (), place="o:heim")
    rows = [everywhere, by_night, county, place]
    midnight = MONDAY_NOON + timedelta(hours=12)
    assert most_specific(rows, Where("16052", "", MONDAY_NOON)) is everywhere
    assert most_specific(rows, Where("16052", "", midnight)) is by_night
    assert most_specific(rows, Where("16053", "", midnight)) is county
    assert most_specific(rows, Where("16053", "o:heim", midnight)) is place


@given(windows, moments)
def test_a_window_and_its_complement_share_no_moment(window: dict[str, object], at: datetime) -> None:
    everyday = {"from": window["from"], "to": window["to"]}
    rest = {"from": window["to"], "to": window["from"]}
    if window["from"] != window["to"]:
        assert within(everyday, at) != within(rest, at)
    else:
        assert within(everyday, at)


@given(st.lists(windows, min_size=1, max_size=3), moments)
def test_nobody_comes_between_now_and_the_next_begin(some: list[dict[str, object]], at: datetime) -> None:
    begin = next_begin(some, at)
    assert begin is not None
    assert begin > at
    assert available(some, begin)
    if not available(some, at):
        assert not available(some, at + (begin - at) / 2)


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    friday_night = {"days": [4], "from": "22:00", "to": "06:00"}
    saturday = datetime(2026, 3, 7, 5, 59, tzinfo=LOCAL)
    assert within(friday_night, saturday)
    assert not within(friday_night, saturday + timedelta(minutes=1))
    assert not within(friday_night, saturday - timedelta(days=1))


def test_the_roster_follows_the_clock_on_the_wall_when_clocks_change() -> None:
    early = [{"days": [6], "from": "06:00", "to": "07:00"}]
    before_change = datetime(2026, 3, 28, 12, 0, tzinfo=LOCAL)
    begin = next_begin(early, before_change)
    assert begin is not None
    assert begin.astimezone(UTC) == datetime(2026, 3, 29, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize("wrong", [{"from": "8"}, [{"from": "08:00"}], [{"from": "25:00", "to": "06:00"}], [7]])
def test_windows_that_make_no_sense_are_named(wrong: object) -> None:
    with pytest.raises(BadWindow):
        check(wrong)
