"""Keeps a node's processes and servers alive: a dead one starts again at once, with a visible line."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FrameType

from ops.child import StartFailed
from ops.cluster import Cluster
from ops.node import Node
from ops.processes import SIMULATOR
from ops.redis_server import RedisServer

LOOK_EVERY = 0.25
"""Seconds between two looks; the first restart comes at once, so a gap stays below a second."""
STEADY_AFTER = 30.0
"""Seconds a process must run before its next death counts as a first one again."""
LONGEST_WAIT = 30.0


@dataclass
class Watched:
    """One thing to keep alive, and its record of deaths."""

    name: str
    running: Callable[[], bool]
    start: Callable[[], None]
    deaths: int = 0
    started: float = 0.0
    start_at: float | None = None


class Supervisor:
    """Watches until it is told to end by SIGINT, SIGTERM or SIGHUP; then `ended` is set.

    `say` gets a line for every restart. Signals must be handled in the main thread: make it there.
    """

    def __init__(self, node: Node, cluster: Cluster, redis: RedisServer, say: Callable[[str], None]) -> None:
        self.node = node
        self.cluster = cluster
        self.redis = redis
        self.say = say
        self.ended = threading.Event()
        self._watched: list[Watched] = []

    def catch_signals(self) -> None:
        """From now on Ctrl-C, `make stop` and a closed terminal set `ended` and do nothing else."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def watch(self) -> None:
        """Restart what dies until `ended` is set."""
        now = time.monotonic()
        self._watched = [
            Watched("postgres", lambda: self.cluster.running, self.cluster.start, started=now),
            Watched("redis", lambda: self.redis.running, self.redis.start, started=now),
        ]
        for name, child in self.node.children.items():
            self._watched.append(Watched(name, partial(self.node.running, name), child.start, started=now))
        while not self.ended.wait(LOOK_EVERY):
            for thing in self._watched:
                if not thing.running():
                    self._revive(thing)

    def stop(self) -> None:
        """End everything in the order of its dependence: simulator, processes, Redis, PostgreSQL."""
        self.node.stop([SIMULATOR.name] if self.node.running(SIMULATOR.name) else [])
        self.node.stop()
        self.redis.stop()
        self.cluster.stop()

    def _revive(self, thing: Watched) -> None:
        now = time.monotonic()
        if thing.start_at is None:
            if now - thing.started > STEADY_AFTER:
                thing.deaths = 0
            wait = 0.0 if thing.deaths == 0 else min(LONGEST_WAIT, 2.0 ** (thing.deaths - 1))
            thing.deaths += 1
            thing.start_at = now + wait
            when = "is started again" if not wait else f"is started again in {wait:.0f} s"
            self.say(f"{thing.name} has ended and {when} (log: {self.node.run_dir}/log/{thing.name}.log)")
        if now >= thing.start_at:
            thing.start_at = None
            thing.started = now
            try:
                thing.start()
            except StartFailed as error:
                self.say(str(error))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.ended.set()
