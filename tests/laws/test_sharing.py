"""Who shares a reading: everybody gets what was read after he asked, and no more is read than that takes."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count

import pytest

from leitstelle.console.sharing import SharedReading
from tests.federation.lines import eventually

THREADS = 12


class Slow:
    """A reading that runs until it is let go; the n-th gives n."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.running = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.readings: SharedReading[str, int] = SharedReading(self.read)

    def read(self, key: str) -> int:
        number = next(self.numbers)
        self.running.release()
        assert self.go_on.acquire(timeout=10)
        if key == "broken":
            raise LookupError(number)
        return number

    def ask(self, threads: ThreadPoolExecutor, key: str, times: int = 1) -> list["Future[int]"]:
        return [threads.submit(self.readings.get, key) for _ in range(times)]

    def waiting(self, key: str) -> int:
        """How many threads wait for the next reading: one for its turn to read, the others for what it reads."""
        return self.readings.waiting(key)


def test_who_comes_while_a_reading_runs_shares_the_next_one_with_all_who_wait() -> None:
    slow = Slow()
    with ThreadPoolExecutor(THREADS) as threads:
        (first,) = slow.ask(threads, "jena")
        assert slow.running.acquire(timeout=10)
        late = slow.ask(threads, "jena", 8)
        eventually(lambda: slow.waiting("jena") == 8)
        slow.go_on.release(2)
        assert first.result(10) == 1
        assert {asked.result(10) for asked in late} == {2}
        slow.go_on.release()
        (after,) = slow.ask(threads, "jena")
        assert after.result(10) == 3


def test_different_rooms_do_not_wait_for_each_other() -> None:
    slow = Slow()
    with ThreadPoolExecutor(THREADS) as threads:
        asked = [*slow.ask(threads, "jena"), *slow.ask(threads, "gera")]
        assert slow.running.acquire(timeout=10)
        assert slow.running.acquire(timeout=10)
        slow.go_on.release(2)
        assert {one.result(10) for one in asked} == {1, 2}


def test_an_error_reaches_all_who_waited_for_that_reading_and_nobody_later() -> None:
    slow = Slow()
    with ThreadPoolExecutor(THREADS) as threads:
        slow.ask(threads, "broken")
        assert slow.running.acquire(timeout=10)
        late = slow.ask(threads, "broken", 3)
        eventually(lambda: slow.waiting("broken") == 3)
        slow.go_on.release(2)
        for asked in late:
            with pytest.raises(LookupError, match="2"):
                asked.result(10)
        slow.go_on.release()
        with pytest.raises(LookupError, match="3"):
            slow.ask(threads, "broken")[0].result(10)
