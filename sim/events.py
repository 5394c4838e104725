"""Simulated time: what is to happen when, in an order that does not depend on anything but the seed."""

import heapq
import itertools
import math
from collections.abc import Callable


class Events:
    """The only clock of the simulation, in seconds since its beginning."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()

    def at(self, time: float, what: Callable[[], None]) -> None:
        """``what`` happens at ``time``; at once if that is over. Times are whole milliseconds, so that two nodes can
        do something at the very same instant."""
        heapq.heappush(self._heap, (max(self.now, math.ceil(time * 1000) / 1000), next(self._count), what))

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        self.at(self.now + seconds, what)

    def run_until(self, time: float) -> None:
        """Let everything happen that is due until then."""
        while self._heap and self._heap[0][0] <= time:
            self.now, _number, what = heapq.heappop(self._heap)
            what()
        self.now = max(self.now, time)
