"""One reading for all who ask in the same moment (single flight), so that a room full of consoles that come over from
another centre does not wait for a hundred equal pictures, one after the other."""

import threading
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SharedReading(Generic[Key, Value]):
    """``read(key)``, run for all threads that wait for the same ``key``.

    Nobody gets what was read before he asked: who comes while a reading runs waits for the next one, and with him all
    others who come until that one begins. An error of the reading is raised in each of them.
    """

    def __init__(self, read: Callable[[Key], Value]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._next: dict[Key, Future[Value]] = {}
        self._waiting: Counter[Key] = Counter()
        self._turns: dict[Key, threading.Lock] = {}

    def get(self, key: Key) -> Value:
        """A value that was read after this call began."""
        with self._lock:
            reading = self._next.get(key)
            first = reading is None
            if reading is None:
                reading = self._next[key] = Future()
            turn = self._turns.setdefault(key, threading.Lock())
            self._waiting[key] += 1
        if first:
            with turn:
                self._run(key, reading)
        return reading.result()

    def waiting(self, key: Key) -> int:
        """How many threads wait for the next reading."""
        return self._waiting[key]

    def _run(self, key: Key, reading: "Future[Value]") -> None:
        with self._lock:
            del self._next[key], self._waiting[key]  # who asks from here on waits for the reading after this one
        try:
            reading.set_result(self._read(key))
        except BaseException as error:
            reading.set_exception(error)
