"""Laws of the pure rules."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from incidents.rules import intervals
from incidents.rules.alarm_text import MAX_LENGTH, AlarmContent, alarm_text
from incidents.rules.clock import MAX_DRIFT, believed, far_off
from incidents.rules.commitment import OpenAssignment, UnitNow, obstacles
from incidents.rules.course import ALARMED, BY_HAND, RESERVED, STEP_OF_STATUS, step_for
from incidents.rules.edits import Change, compare
from incidents.rules.numbers import incident_number
from incidents.rules.phone import normalised
from incidents.rules.thresholds import Rule, seconds_for

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
STATES = ["reserved", "alarmed", "en_route", "on_scene", "transporting", "at_hospital"]
VALUES = st.none() | st.integers(0, 3) | st.sampled_from(["", "a", "b"])


@given(st.timedeltas(timedelta(days=-2), timedelta(days=2)))
def test_a_clock_is_believed_only_where_it_can_be_right(offset: timedelta) -> None:
    observed = NOW + offset
    if believed(observed, NOW) is None:
        assert offset > timedelta(0) or -offset > MAX_DRIFT
    else:
        assert not far_off(observed, NOW)
        assert believed(observed, NOW) == observed <= NOW


@given(st.integers(0, 9), st.sampled_from(STATES), st.integers(0, 9), st.sampled_from(["radio", BY_HAND]))
def test_status_moves_any_assignment_but_a_reservation(status: int, state: str, previous: int, source: str) -> None:
    step = step_for(status, state, previous, source)
    if state == RESERVED or status not in STEP_OF_STATUS:
        assert step is None
    elif step is None:
        assert (state, status, source) == (ALARMED, previous, "radio"), "only a repetition says nothing"
    else:
        assert step == STEP_OF_STATUS[status]


@given(st.dictionaries(st.sampled_from("xyz"), st.tuples(VALUES, VALUES), min_size=1), st.data())
def test_an_edit_never_overwrites_what_its_author_has_not_seen(changes: dict[str, tuple], data: st.DataObject) -> None:
    present = {name: data.draw(VALUES) for name in "xyz"}
    outcome = compare({name: Change(old, new) for name, (old, new) in changes.items()}, present)
    for name, (old, new) in changes.items():
        seen = present[name] == old or {present[name], old} <= {None, ""}
        if name in outcome.values:
            assert seen
            assert outcome.values[name] == new
        if not seen and present[name] != new and not {present[name], new} <= {None, ""}:
            assert name in outcome.conflicts
    assert not set(outcome.values) & set(outcome.conflicts)


def _unit(ident: str, status: int | None, holders: list[int], active: bool = True) -> UnitNow:
    held = tuple(OpenAssignment(UUID(int=100 + n), ident, "on_scene", UUID(int=n), f"J-{n}") for n in holders)
    return UnitNow(ident, ident.upper(), active, ("log",), status, held)


@given(st.integers(0, 9) | st.none(), st.sampled_from([[], [1], [2]]), st.sampled_from([None, 1, 2]), st.booleans())
def test_a_unit_is_taken_only_from_the_incident_that_has_it(
    status: int | None, holders: list[int], named: int | None, active: bool
) -> None:
    unit = _unit("u", status, holders, active)
    found = obstacles(["u"], {"u": unit}, UUID(int=1), {"u": UUID(int=named)} if named else {})
    assert bool(found.committed) == (bool(holders) and (holders == [1] or holders != [named]))
    assert bool(found.unavailable) == (not active or status in {6, 9})
    assert obstacles(["u", "v"], {"u": unit}, UUID(int=1), {}).unknown == ("v",)


RULES = st.builds(
    Rule, st.just("k"), st.sampled_from(["", "RD", "B"]), st.sampled_from([None, "1", "2"]), st.integers(1, 9)
)


@given(st.lists(RULES), st.sampled_from(["RD", "B", ""]), st.sampled_from(["1", "2", None]))
def test_the_most_specific_threshold_wins(rules: list[Rule], group: str, county: str | None) -> None:
    seconds = seconds_for(rules, "k", group, county)
    fitting = [r for r in rules if r.group in {"", group} and r.county in {None, county}]
    assert seconds == 0 if not fitting else seconds in {r.seconds for r in fitting}
    exact = [r.seconds for r in rules if (r.group, r.county) == (group, county)]
    if exact:
        assert seconds == min(exact)
    assert seconds_for(rules, "other", group, county) == 0
    assert seconds_for(list(reversed(rules)), "k", group, county) == seconds, "the order of the rules must not matter"


def test_numbers_sort_as_they_were_given() -> None:
    numbers = [incident_number("J", 2026, n) for n in (1, 9, 10, 99_999, 100_000)]
    assert numbers == sorted(numbers)
    assert numbers[0] == "J-2026-000001"
    assert incident_number("J", 2026, 7, "G") == "J-2026-000007/G"


@given(st.from_regex(r"0[1-9][0-9]{4,12}", fullmatch=True))
def test_one_caller_has_one_number(national: str) -> None:
    spellings = [
        national,
        f"+49{national[1:]}",
        f"0049{national[1:]}",
        f"+49 (0){national[1:]}",
        f" {national[:4]} {national[4:]} ",
    ]
    assert len({normalised(spelling) for spelling in spellings}) == 1
    assert normalised(normalised(national)) == normalised(national)
    assert normalised("anonym") == "anonym"
    assert normalised("110") == "110"


@given(st.text(max_size=3_000), st.lists(st.text(max_size=40), max_size=30))
def test_the_alarm_text_fits_and_begins_with_what_matters(report: str, units: list[str]) -> None:
    text = alarm_text(AlarmContent(number="J-2026-000001", keyword="RD2", place="Am Anger", report=report), units)
    assert len(text) <= MAX_LENGTH
    assert text.startswith("RD2 ")
    assert "Am Anger" in text
    drill = alarm_text(AlarmContent(number="1", exercise=True), units)
    assert drill.startswith("*** ÜBUNG ***")


def _at(minutes: float | None) -> datetime | None:
    return None if minutes is None else NOW + timedelta(minutes=minutes)


def test_the_intervals_of_a_known_incident() -> None:
    head = {"call_received_at": _at(0), "call_answered_at": _at(0.1), "opened_at": _at(0.5), "closed_at": _at(60)}
    first = {"alarmed": _at(1.5), "en_route": _at(2.5), "on_scene": _at(10), "transporting": _at(25),
             "at_hospital": _at(35), "ended": _at(50)}  # fmt: skip
    second = {"alarmed": _at(1.5), "en_route": _at(3.5), "on_scene": _at(16), "ended": _at(40)}
    seconds = intervals.of_incident(head, [second, first])
    assert seconds == {
        "answer": 6, "processing": 84, "call_to_alarm": 90, "call_to_scene": 600, "prehospital": 2100,
        "committed": 48.5 * 60, "duration": 3600, "response_time": 450, "response_time_kept": True,
    }  # fmt: skip
    by_alarm = intervals.ResponseTime("alarmed", 8 * 60)
    assert intervals.of_incident(head, [second, first], by_alarm)["response_time"] == 510
    assert intervals.of_incident(head, [second, first], by_alarm)["response_time_kept"] is False
    assert intervals.of_unit(first)["turnout"] == 60
    assert intervals.of_unit(first)["on_scene"] == 900
    assert intervals.of_incident({"opened_at": _at(0)}, [])["response_time_kept"] is None
