"""Keeps processes and servers alive: a dead one starts again at once, with a visible line."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from ops.child import StartFailed

STEADY_AFTER = 30.0
"""Seconds a process must run before its next death counts as a first one again."""
LONGEST_WAIT = 30.0


@dataclass
class Watched:
    """One thing to keep alive, and its record of deaths."""

    name: str
    running: Callable[[], bool]
    start: Callable[[], None]
    log: Path
    deaths: int = 0
    started: float = 0.0
    start_at: float | None = None


class Supervisor:
    """Watches what it is given; `ended` is set by SIGINT, SIGTERM or SIGHUP.

    `say` gets a line for every restart. Signals must be handled in the main thread: make it there.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.ended = threading.Event()
        self._watched: dict[str, Watched] = {}

    def catch_signals(self) -> None:
        """From now on Ctrl-C, `make stop` and a closed terminal set `ended` and do nothing else."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def watch(self, things: Iterable[Watched]) -> None:
        """From now on keep exactly these alive. Who was watched before keeps its record."""
        now = time.monotonic()
        new = {thing.name: thing for thing in things}
        for name, thing in new.items():
            thing.started = now
            if name in self._watched:
                new[name] = self._watched[name]
        self._watched = new

    def look(self) -> None:
        """Restart what has died. The first restart comes at once, so look several times a second."""
        for thing in self._watched.values():
            if not thing.running():
                self._revive(thing)

    def _revive(self, thing: Watched) -> None:
        now = time.monotonic()
        if thing.start_at is None:
            if now - thing.started > STEADY_AFTER:
                thing.deaths = 0
            wait = 0.0 if thing.deaths == 0 else min(LONGEST_WAIT, 2.0 ** (thing.deaths - 1))
            thing.deaths += 1
            thing.start_at = now + wait
            when = "is started again" if not wait else f"is started again in {wait:.0f} s"
            self.say(f"{thing.name} has ended and {when} (log: {thing.log})")
        if now >= thing.start_at:
            thing.start_at = None
            thing.started = now
            try:
                thing.start()
            except StartFailed as error:
                self.say(str(error))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.ended.set()
