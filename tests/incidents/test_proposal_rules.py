"""The distribution of units: never short in silence, never worse than greedy, never a unit that may not go."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.rules.candidates import (
    FRESH,
    RESERVED_LEAD,
    Asked,
    Candidate,
    Commitment,
    Readiness,
    Sighting,
    Standing,
    judge,
    readiness,
    standing,
    start_of,
)
from incidents.rules.matching import cheapest
from incidents.rules.plans import Need, Plan
from incidents.rules.proposal import ALTERNATIVE_GAIN_SECONDS, Line, choice, fill, too_far
from incidents.rules.wording import Teller
from resources.routing import Start, Travel, travel

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KINDS = ["RTW", "KTW", "NEF", "ITW", "engine", "ladder"]


def sighting(unit: str = "u", **changes: Any) -> Sighting:
    values: dict[str, Any] = {
        "unit": unit, "name": f"Florian {unit}", "short": unit, "type": "RTW", "order": 10, "capabilities": frozenset(),
        "speed_kmh": 60.0, "airborne": False, "turnout_seconds": 90, "station": "w", "station_name": "Wache",
        "station_spot": (11.6, 50.9), "county": "16053", "centre": "jena", "status": 2,
    }  # fmt: skip
    return Sighting(**values | changes)


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    result = []
    for number in range(draw(st.integers(0, 12))):
        seen = sighting(
            f"u{number}", type=draw(st.sampled_from(KINDS)), capabilities=draw(st.frozensets(st.sampled_from(KINDS))),
            order=draw(st.integers(1, 3)),
        )  # fmt: skip
        state = draw(st.sampled_from([Readiness.FREE] * 6 + list(Readiness)))
        eta = draw(st.integers(20, 3000))
        why = "" if state is Readiness.FREE else "darum nicht"
        result.append(Candidate(seen, Standing((11.6, 50.9), "station", 90), state, why, eta, eta * 10))
    return result


needs = st.builds(
    Need,
    need=st.sampled_from(KINDS),
    count=st.integers(1, 3),
    alternatives=st.lists(st.sampled_from(KINDS), max_size=2).map(tuple),
    must=st.booleans(),
    max_minutes=st.none() | st.integers(5, 60),
)
plans = st.lists(needs, min_size=1, max_size=4).map(lambda some: [Plan("p", "Plan", "K", tuple(some))])


def units(lines: list[Line]) -> list[str]:
    return [c.seen.unit for line in lines for c in (*line.filled, *line.present)]


def greedy(rules: list[Plan], some: list[Candidate], *, must_first: bool) -> tuple[int, int]:
    """What taking the nearest line by line fills: obligatory places, all places."""
    lines = [need for plan in rules for need in plan.needs]
    used: set[str] = set()
    must = total = 0
    for need in sorted(lines, key=lambda n: not n.must) if must_first else lines:
        for _ in range(need.count):
            fitting = [
                c for c in some
                if c.readiness in (Readiness.FREE, Readiness.PRESENT) and c.seen.unit not in used
                and choice(need, c) is not None and not too_far(need, c)
            ]  # fmt: skip
            if fitting:
                used.add(min(fitting, key=lambda c: c.rank).seen.unit)
                total += 1
                must += need.must
    return must, total


@given(plans, candidates(), st.booleans())
def test_never_silently_short(rules: list[Plan], some: list[Candidate], urgent: bool) -> None:
    lines = fill(rules, some, urgent=urgent)
    told = Teller(lines, some, "16053", "jena").tell(rules)
    for line, slot in zip(lines, told["slots"], strict=True):
        assert len(slot["filled"]) + slot["missing"] == slot["count"]
        assert slot["count"] + len(slot["present"]) == slot["needed"] == line.need.count
    assert sum(gap["missing"] for gap in told["gaps"]) == sum(slot["missing"] for slot in told["slots"])
    assert all(gap["text"] for gap in told["gaps"])
    assert told["complete"] == (not any(slot["missing"] for slot in told["slots"] if slot["must"]))


@given(plans, candidates(), st.booleans())
def test_only_free_units_are_proposed_and_each_once(rules: list[Plan], some: list[Candidate], urgent: bool) -> None:
    lines = fill(rules, some, urgent=urgent)
    assert all(count == 1 for count in Counter(units(lines)).values())
    for line in lines:
        assert all(c.readiness is Readiness.FREE for c in line.filled)
        assert all(choice(line.need, c) is not None and not too_far(line.need, c) for c in line.filled)


@given(plans, candidates(), st.booleans())
def test_at_least_as_many_places_as_greedy(rules: list[Plan], some: list[Candidate], urgent: bool) -> None:
    lines = fill(rules, some, urgent=urgent)
    must = sum(len(line.filled) + len(line.present) for line in lines if line.need.must)
    total = sum(len(line.filled) + len(line.present) for line in lines)
    assert must >= greedy(rules, some, must_first=True)[0]
    assert total >= greedy(rules, some, must_first=False)[1]


@given(plans, candidates(), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_does_not_matter(
    rules: list[Plan], some: list[Candidate], urgent: bool, random: Any
) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    assert fill(rules, shuffled, urgent=urgent) == fill(rules, some, urgent=urgent)


@given(plans, candidates(), st.booleans())
def test_no_unused_unit_would_have_been_better(rules: list[Plan], some: list[Candidate], urgent: bool) -> None:
    lines = fill(rules, some, urgent=urgent)
    used = set(units(lines))
    unused = [c for c in some if c.readiness is Readiness.FREE and c.seen.unit not in used]
    for line, other in product(lines, unused):
        place = choice(line.need, other)
        if place is None or too_far(line.need, other):
            continue
        assert not line.missing
        for chosen in line.filled:
            chosen_place = choice(line.need, chosen)
            assert chosen_place is not None
            if place == chosen_place:
                assert chosen.eta_seconds <= other.eta_seconds
            elif place < chosen_place:
                assert urgent
                assert chosen.eta_seconds + ALTERNATIVE_GAIN_SECONDS <= other.eta_seconds


@given(plans, candidates(), st.booleans())
def test_every_nearer_unit_left_behind_has_its_reason(rules: list[Plan], some: list[Candidate], urgent: bool) -> None:
    lines = fill(rules, some, urgent=urgent)
    told = Teller(lines, some, "16053", "jena").tell(rules)
    named = {row["unit"] for row in told["passed_over"]}
    assert all(row["why"] for row in told["passed_over"])
    assert not named & set(units(lines))
    for line in lines:
        latest = max((c.rank for c in line.filled), default=None)
        left = [c for c in some if c.seen.unit not in units(lines) and choice(line.need, c) is not None]
        nearest = min(left, key=lambda c: c.rank, default=None)
        if line.count and nearest is not None and (line.missing or (latest is not None and nearest.rank < latest)):
            assert nearest.seen.unit in named


@st.composite
def jobs(draw: st.DrawFn) -> tuple[list[dict[int, int]], int, list[int]]:
    workers = draw(st.integers(0, 4))
    size = draw(st.integers(0, 4))
    costs = [draw(st.dictionaries(st.integers(0, 3), st.integers(0, 20))) for _ in range(size)]
    costs = [{worker: cost for worker, cost in row.items() if worker < workers} for row in costs]
    return costs, workers, [draw(st.integers(0, 60)) for _ in range(size)]


@given(jobs())
def test_no_assignment_is_cheaper(case: tuple[list[dict[int, int]], int, list[int]]) -> None:
    costs, workers, undone = case

    def total(chosen: tuple[int | None, ...] | list[int | None]) -> int:
        pairs = zip(chosen, costs, undone, strict=True)
        return sum(left if worker is None else row[worker] for worker, row, left in pairs)

    result = cheapest(costs, workers, undone)
    taken = [worker for worker in result if worker is not None]
    assert len(taken) == len(set(taken))
    every = product(*([None, *row] for row in costs))
    valid = (c for c in every if len([w for w in c if w is not None]) == len({w for w in c if w is not None}))
    assert total(result) == min(map(total, valid))


def free(seen: Sighting, eta_seconds: int) -> Candidate:
    return Candidate(seen, Standing((11.6, 50.9), "station", 20), Readiness.FREE, "", eta_seconds, 1)


def test_a_unit_with_two_talents_goes_where_it_is_missed() -> None:
    both = free(sighting("itw", type="ITW", capabilities=frozenset({"RTW", "NEF"})), 100)
    rules = [Plan("p", "Plan", "K", (Need("RTW"), Need("NEF")))]
    lines = fill(rules, [both, free(sighting("rtw"), 900)], urgent=True)
    assert [[c.seen.unit for c in line.filled] for line in lines] == [["rtw"], ["itw"]]


def test_patient_transport_does_not_take_an_ambulance_because_it_is_nearer() -> None:
    near, far = free(sighting("rtw"), 100), free(sighting("ktw", type="KTW"), 2000)
    rules = [Plan("p", "Plan", "KTP", (Need("KTW", alternatives=("RTW",)),))]
    assert units(fill(rules, [near, far], urgent=False)) == ["ktw"]
    assert units(fill(rules, [near, far], urgent=True)) == ["rtw"]
    assert units(fill(rules, [near], urgent=False)) == ["rtw"]


def test_units_already_there_count_and_only_the_rest_is_proposed() -> None:
    there = sighting("da", committed=Commitment("i1", "J-2026-000001"), status=4)
    asked = Asked(NOW, "i1")
    present = judge(there, standing(there, NOW), Travel(60, 100), asked)
    fresh = judge(sighting("neu"), Standing((0, 0), "station", 60), Travel(60, 100), asked)
    (line,) = fill([Plan("p", "Plan", "K", (Need("RTW", count=2),))], [present, fresh], urgent=True)
    assert [c.seen.unit for c in line.present] == ["da"]
    assert [c.seen.unit for c in line.filled] == ["neu"]
    assert line.count == 1
    assert line.missing == 0


statuses = st.none() | st.integers(0, 9)


@given(statuses, st.booleans(), st.booleans(), st.booleans())
def test_only_status_1_and_2_without_other_duty_are_free(
    status: int | None, committed: bool, excluded: bool, off_duty: bool
) -> None:
    seen = sighting(
        status=status, committed=Commitment("i2", "J-2026-000002") if committed else None,
        availability=[{"from": "01:00", "to": "01:01"}] if off_duty else [],
    )  # fmt: skip
    state, why = readiness(seen, Asked(NOW, excluded=frozenset({"u"} if excluded else ())))
    may_go = status in (1, 2) and not committed and not excluded and (status == 1 or not off_duty)
    assert (state is Readiness.FREE) == may_go
    assert bool(why) != may_go


def test_a_unit_at_hospital_is_offered_not_taken() -> None:
    seen = sighting(status=8, committed=Commitment("i2", "J-2026-000002"))
    state, why = readiness(seen, Asked(NOW))
    assert state is Readiness.CONDITIONAL
    assert "J-2026-000002" in why
    far = Candidate(seen, standing(seen, NOW), state, why, 10, 10)
    some = [far, free(sighting("frei"), 900)]
    rules = [Plan("p", "Plan", "K", (Need("RTW"),))]
    (slot,) = Teller(fill(rules, some, urgent=True), some, "", "").tell(rules)["slots"]
    assert [u["unit"] for u in slot["filled"]] == ["frei"]
    assert [(u["unit"], u["conditional"]) for u in slot["alternatives"]] == [("u", True)]


def test_an_appointment_keeps_a_unit_only_when_it_is_near() -> None:
    appointment = NOW + 2 * RESERVED_LEAD
    seen = sighting(reserved=Commitment("i3", "J-2026-000003", appointment))
    assert readiness(seen, Asked(NOW))[0] is Readiness.FREE
    state, why = readiness(seen, Asked(appointment - RESERVED_LEAD))
    assert state is Readiness.BARRED
    assert "J-2026-000003" in why
    assert readiness(seen, Asked(appointment, "i3"))[0] is Readiness.FREE
    always = sighting(reserved=Commitment("i3", "J-2026-000003"))
    assert readiness(always, Asked(NOW))[0] is Readiness.BARRED


@given(st.timedeltas(timedelta(), timedelta(days=2)), st.sampled_from([1, 2]))
def test_an_old_position_says_so_and_a_unit_at_its_station_starts_there(age: timedelta, status: int) -> None:
    seen = sighting(status=status, spot=(11.0, 50.0), observed_at=NOW - age)
    here = standing(seen, NOW)
    if status == 2:
        assert (here.spot, here.source, here.turnout) == ((11.6, 50.9), "station", 90)
    elif age <= FRESH:
        assert (here.spot, here.source, here.turnout) == ((11.0, 50.0), "position", 0)
        assert here.age == int(age.total_seconds())
    else:
        assert here.source in {"old_position", "station"}
        assert "alt" in here.words


def test_a_unit_that_covers_sets_out_from_there() -> None:
    seen = sighting(cover_name="Wache Süd", cover_spot=(11.7, 50.8))
    here = standing(seen, NOW)
    assert (here.spot, here.source) == ((11.7, 50.8), "cover")
    assert "Wache Süd" in here.words


lons, lats = st.floats(10, 13), st.floats(50, 52)


@settings(max_examples=50)
@given(lons, lats, lons, lats, st.floats(20, 250))
def test_the_way_is_symmetric_longer_by_road_and_never_instant(
    lon: float, lat: float, to_lon: float, to_lat: float, speed: float
) -> None:
    road, air = travel([Start(lon, lat, speed), Start(lon, lat, speed, airborne=True)], to_lon, to_lat)
    (back,) = travel([Start(to_lon, to_lat, speed)], lon, lat)
    assert abs(road.metres - back.metres) <= 1
    assert road.metres >= air.metres
    assert road.seconds >= air.seconds >= 20


def test_a_known_distance() -> None:
    """Jena to Gera: 35 km as the crow flies."""
    (air,) = travel([Start(11.5899, 50.9288, 220, airborne=True)], 12.0819, 50.8803)
    assert 34_500 <= air.metres <= 35_300
    seen = sighting(speed_kmh=73.0)
    (road,) = travel([start_of(seen, Standing((11.5899, 50.9288), "station", 0))], 12.0819, 50.8803)
    assert 2150 <= road.seconds <= 2350
