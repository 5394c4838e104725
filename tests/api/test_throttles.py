"""How much one program may ask."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstelle.api.throttles import MAX_BUCKETS, Buckets
from tests.api.conftest import Doors


@settings(deadline=None)  # the machine may be busy; what is tested is arithmetic
@given(
    rate=st.floats(0.1, 1000),
    burst=st.integers(1, 1000),
    pauses=st.lists(st.floats(0, 10), min_size=1, max_size=200),
)
def test_never_more_than_burst_and_rate_allow(rate: float, burst: int, pauses: list[float]) -> None:
    buckets, now, passed = Buckets(rate, burst), 0.0, 0
    for pause in pauses:
        now += pause
        passed += buckets.take("one", now) == 0
    assert passed <= burst + rate * now + 1e-6


@settings(deadline=None)
@given(rate=st.floats(0.5, 100), burst=st.integers(1, 50))
def test_who_waits_as_long_as_told_may_pass(rate: float, burst: int) -> None:
    buckets, now = Buckets(rate, burst), 0.0
    for _ in range(3 * burst):
        wait = buckets.take("one", now)
        if wait:
            now += wait * (1 + 1e-9)
            assert buckets.take("one", now) == pytest.approx(0, abs=1e-6)


def test_one_caller_does_not_use_up_the_other_ones_share() -> None:
    buckets = Buckets(1, 1)
    assert buckets.take("one", 0) == 0
    assert buckets.take("one", 0) > 0
    assert buckets.take("two", 0) == 0


def test_strangers_cannot_fill_the_memory() -> None:
    buckets = Buckets(1, 1)
    for number in range(MAX_BUCKETS + 10):
        buckets.take(str(number), 0)
    assert len(buckets._buckets) == MAX_BUCKETS


def test_a_guesser_is_slowed_down_and_told_when_to_come_back(doors: Doors) -> None:
    for number in range(400):
        answer = doors[""].get("/api/v1/units", headers={"Authorization": f"Bearer guess-{number}"})
        if answer.status_code == 429:
            break
    else:
        raise AssertionError("four hundred wrong keys passed")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["code"] == "throttled"
    assert doors["partner"].get("/api/v1/units").status_code == 200, "who has a key is not kept out by a guesser"
