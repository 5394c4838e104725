"""What the measurements stand on: right percentiles, right accounts of what was missed, floors that fit the tables."""

from pathlib import Path

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from bench.floors import READS, SQL, WRITES
from bench.push import latencies, missing
from bench.report import Report, percentile
from bench.sockets import Listener
from journal.guard import applying
from journal.record import head
from tests.world import World


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_the_smallest_value_that_enough_values_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


def test_a_missed_goal_is_an_exit_code(tmp_path: Path) -> None:
    report = Report(tmp_path / "figures.jsonl")
    report.add("good", 5.0, "ms", goal=5.0)
    assert report.summary() == 0
    report.add("bad", 5.1, "ms", goal=5.0)
    assert report.summary() == 1


def listener(*frames: tuple[float, int]) -> Listener:
    one = Listener(b"")
    one.frames = [(arrived, pos, pos, b'{"log":[{"pos":%d}]}' % pos) for arrived, pos in frames]
    one.last_pos = frames[-1][1] if frames else 0
    return one


def test_the_delay_counts_to_the_last_console_and_through_shared_frames() -> None:
    stored = {1: 10.0, 2: 10.0, 3: 20.0}
    both = [listener((10.005, 2), (20.001, 3)), listener((10.009, 2), (20.002, 3))]
    assert latencies(both, stored) == pytest.approx([9.0, 9.0, 2.0])
    assert max(latencies([*both, listener((10.001, 2))], stored)) == float("inf")


@pytest.mark.parametrize(
    ("second", "fault"),
    [
        (listener((1.0, 1), (2.0, 2)), ""),
        (listener((1.0, 1)), "stopped at 1 of 2"),
        (listener((2.0, 2)), "other frames"),
    ],
)
def test_a_console_that_lacks_something_is_found(second: Listener, fault: str) -> None:
    logins = [None]  # one log-in for both consoles
    faults = missing([listener((1.0, 1), (2.0, 2)), second], logins, [1, 2], head=2)  # type: ignore[arg-type]
    assert bool(faults) == bool(fault)
    assert fault in " ".join(faults)


def test_a_log_line_that_nobody_got_is_found() -> None:
    faults = missing([listener((1.0, 2))], [None], [1, 2], head=2)  # type: ignore[list-item]
    assert faults == ["console 0: 1 of 2 log lines are missing"]


def test_the_floors_write_and_read_the_tables_of_today(world: World) -> None:
    with transaction.atomic(), connection.cursor() as cursor, applying():
        cursor.execute(SQL.read_text())
        for name in WRITES:
            before = head()
            cursor.execute(f"SELECT bench_{name}()")
            assert head() > before, name
        for name in READS:
            cursor.execute(f"SELECT bench_{name}()")
            assert cursor.fetchone()[0], name
