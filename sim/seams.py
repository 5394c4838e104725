"""Where the simulation takes the place of the world: wall clock, random bytes, waiting, and the request to a peer.

The code of the house runs as it is. It asks its modules for the time, the operating system for random bytes, Redis for
a hint; here those give what the seed decides. PostgreSQL's own ``now()`` is replaced in ``sim.stores``.
"""

import logging
import os
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django.utils import timezone

from federation import claims, conflicts, forwarding, nodes, reach, secured
from federation.link import restored
from incidents import effects
from journal import notify, receive, tail

EPOCH = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)

Request = Callable[[str, str, dict[str, Any]], dict[str, Any]]


class Instant:
    """The wall clock of the node that is at work. ``passed``: what its own waiting has cost."""

    def __init__(self) -> None:
        self.wall = EPOCH
        self.steady = 0.0
        self.passed = 0.0

    def now(self) -> datetime:
        return self.wall + timedelta(seconds=self.passed)

    def set(self, wall: datetime, steady: float) -> None:
        """``steady``: seconds on a clock that never steps."""
        self.wall, self.steady, self.passed = wall, steady, 0.0

    # What the house knows as the module ``time``.
    def time(self) -> float:
        return self.now().timestamp()

    def monotonic(self) -> float:
        return self.steady + self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


class OnePass(threading.Event):
    """For a loop that runs until it is stopped: one round, then stop."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = False

    def is_set(self) -> bool:
        self._begun = True
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        if self._begun:
            self.set()
        self._begun = True
        return super().is_set()


class _Idle:
    """A follower's waker: who has nothing to read has finished."""

    def wait(self, stop: threading.Event) -> None:
        stop.set()


class _Silent:
    """No Redis: hints are lost, readers poll."""

    def publish(self, pos: int) -> None:
        pass


class _NoWord:
    """Nobody waits for the peer's word: whether an entry is secured the simulation knows by itself."""

    def reaches(self, pos: int, seconds: float) -> bool:
        return False


class _InTurn:
    """A pool of threads that does one thing after the other."""

    def __init__(self, _size: int) -> None:
        pass

    def __enter__(self) -> "_InTurn":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        return map(function, items)


class Complaints(logging.Handler):
    """Keeps what the house logs with a traceback: nothing that happens here may end in one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.texts.append(f"{record.name}: {record.getMessage()}: {record.exc_info[1]!r}"[:500])


class Seams:
    """Everything replaced while a simulation runs; ``with seams.on(): …`` and it is as before afterwards."""

    def __init__(self) -> None:
        self.instant = Instant()
        self.dice = random.Random(0)
        self.complaints = Complaints()
        self.request: Request = _nobody

    @contextmanager
    def on(self) -> Iterator[None]:
        """Replace, run, put back."""
        instant = self.instant

        class Datetime(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> "Datetime":
                return instant.now().astimezone(tz)  # type: ignore[return-value]

        places: list[tuple[Any, str, Any]] = [
            (timezone, "datetime", Datetime),
            (os, "urandom", self._bytes),
            (notify, "_hinter", _Silent()),
            (secured, "_word", _NoWord()),
            (tail, "Waker", _Idle),
            (conflicts, "Waker", _Idle),
            (claims, "ThreadPoolExecutor", _InTurn),
            (effects.os, "fsync", lambda _file: None),
            (forwarding, "post", self._post),
            (restored, "post", self._post),
            # Lines are noted here when they change, not each second.
            (reach, "STALE", timedelta(days=3650)),
        ]
        places += [(module, "time", instant) for module in (receive, nodes, reach, claims, secured, conflicts, tail)]
        before = [(owner, name, getattr(owner, name)) for owner, name, _new in places]
        loggers = [logging.getLogger(name) for name in ("journal", "federation", "incidents", "resources")]
        state = [(logger, logger.propagate, logger.level) for logger in loggers]
        try:
            for owner, name, new in places:
                setattr(owner, name, new)
            for logger in loggers:
                logger.addHandler(self.complaints)
                logger.propagate = False
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for owner, name, old in before:
                setattr(owner, name, old)
            for logger, propagate, level in state:
                logger.removeHandler(self.complaints)
                logger.propagate = propagate
                logger.setLevel(level)

    def _bytes(self, size: int) -> bytes:
        return self.dice.randbytes(size)

    def _post(self, node: str, path: str, value: dict[str, Any], **_how: Any) -> dict[str, Any]:
        return self.request(node, path, value)


def _nobody(_node: str, _path: str, _value: dict[str, Any]) -> dict[str, Any]:
    raise RuntimeError("no simulation is running")
