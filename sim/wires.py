"""The network: connections that keep the order of what they carry, lines that are cut in one direction or both."""

import random
from collections import deque
from collections.abc import Callable
from typing import Protocol

from sim.events import Events

LATENCY = 0.005
JITTER = 0.04


class Hearer(Protocol):
    """An end of a connection."""

    def hear(self, frame: bytes) -> None: ...
    def lost(self) -> None: ...


class Wires:
    """Which way is open, and how long it takes."""

    def __init__(self, events: Events, dice: random.Random) -> None:
        self.events = events
        self._dice = dice
        self._closed: dict[tuple[str, str], int] = {}
        self._slow: dict[tuple[str, str], float] = {}
        self._waiting: dict[tuple[str, str], list[Callable[[], None]]] = {}

    def passes(self, source: str, target: str) -> bool:
        return not self._closed.get((source, target))

    def both(self, a: str, b: str) -> bool:
        return self.passes(a, b) and self.passes(b, a)

    def close(self, source: str, target: str) -> None:
        """Nothing gets from ``source`` to ``target`` until ``open`` was called as often."""
        self._closed[source, target] = self._closed.get((source, target), 0) + 1

    def open(self, source: str, target: str) -> None:
        way = source, target
        self._closed[way] = max(0, self._closed.get(way, 0) - 1)
        if not self._closed[way]:
            for pump in self._waiting.pop(way, []):
                self.events.after(LATENCY, pump)

    def open_all(self) -> None:
        self._slow.clear()
        for way in list(self._closed):
            while self._closed[way]:
                self.open(*way)

    def slow_down(self, source: str, target: str, seconds: float) -> None:
        """So much longer for everything on this way; 0: as usual."""
        self._slow[source, target] = seconds

    def latency(self, source: str, target: str) -> float:
        return LATENCY + self._dice.random() * JITTER + self._slow.get((source, target), 0.0)

    def when_open(self, source: str, target: str, pump: Callable[[], None]) -> None:
        self._waiting.setdefault((source, target), []).append(pump)


class Way:
    """One direction of a connection."""

    def __init__(self, wires: Wires, source: str, target: str, hearer: Hearer) -> None:
        self._wires, self._source, self._target = wires, source, target
        self._hearer: Hearer | None = hearer
        self._queue: deque[bytes | None] = deque()

    def carry(self, frame: bytes | None) -> None:
        """``None``: the end of the connection, after all that was sent before."""
        if self._hearer is not None:
            self._queue.append(frame)
            self._wires.events.after(self._wires.latency(self._source, self._target), self._pump)

    def _pump(self) -> None:
        if self._hearer is None or not self._queue:
            return
        if not self._wires.passes(self._source, self._target):
            self._wires.when_open(self._source, self._target, self._pump)
            return
        frame = self._queue.popleft()
        if frame is None:
            self.tear().lost()
        else:
            self._hearer.hear(frame)

    def tear(self) -> Hearer:
        """What is under way is lost."""
        assert self._hearer is not None
        hearer, self._hearer = self._hearer, None
        self._queue.clear()
        return hearer

    @property
    def torn(self) -> bool:
        return self._hearer is None
