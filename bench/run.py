"""One run of all measurements: prepares the stores, takes figure and floor side by side, compares with the goals."""

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench import floors, network, push
from bench.client import Client, Login
from bench.commands import measure
from bench.ground import EMPTY, FULL, Ground, machine
from bench.openloop import OpenLoop
from bench.report import Report, percentile
from bench.room import Room
from bench.stores import prepare_stores
from bench.storm import CALLS, SECONDS, Storm
from ops.node import Node
from ops.places import run_dir

SEED = 112
# Milliseconds, median, one client over HTTP, two cores.
GOALS = {"create": 5.0, "alarm": 7.0, "status": 4.0, "list": 6.0, "board": 8.0, "search": 10.0}
FULL_FACTOR = 1.3
OPEN_LOOP_RATE, OPEN_LOOP_GOAL = 20.0, 15.0
PUSH_GOALS = {10.0: 25.0, 100.0: 50.0}
STORM_GOAL = 100.0
MEMORY_GOAL, COLD_START_GOAL = 800.0, 3.0
SERVICE = ("openloop", "push", "memory", "storm")
NODE_PARTS = ("start", "commands", *SERVICE)
PARTS = (*NODE_PARTS, *network.PARTS)


@dataclass(frozen=True)
class Scale:
    """How long everything runs."""

    rounds: int = 400
    floor_seconds: float = 5.0
    open_loop_seconds: float = 60.0
    push_seconds: float = 20.0
    storm_calls: int = CALLS
    storm_seconds: float = SECONDS
    cold_starts: int = 3
    linked: network.Scale = network.FULL


QUICK = Scale(
    rounds=120,
    floor_seconds=2.0,
    open_loop_seconds=20.0,
    push_seconds=6.0,
    storm_calls=90,
    storm_seconds=60.0,
    cold_starts=1,
    linked=network.QUICK,
)


class Bench:
    """One run of ``parts``."""

    def __init__(self, scale: Scale, parts: frozenset[str]) -> None:
        self.scale, self.parts = scale, parts
        self.ground = Ground()
        self.report = Report(run_dir() / "bench.jsonl")
        self._medians: dict[str, dict[str, float]] = {}

    def run(self) -> int:
        """All parts asked for; the exit code."""
        self.report.heading(f"Messung auf {machine()}")
        if self.parts & set(NODE_PARTS):
            self.one_node()
        network.NetworkBench(self.scale.linked, self.report, SEED).run(self.parts)
        return self.report.summary()

    def one_node(self) -> None:
        """What a node does by itself."""
        try:
            self.ground.start_servers()
            prepare_stores(self.ground, self.report.note)
            if "start" in self.parts:
                self.start()
            if "commands" in self.parts:
                self.commands(EMPTY, "empty", 1.0)
                self.commands(FULL, "full", FULL_FACTOR)
                self.growth()
            if self.parts & set(SERVICE):
                self.in_service()
        finally:
            self.ground.stop()

    def start(self) -> None:
        """From nothing running to the first page."""
        self.report.heading("Kaltstart: Datenbank, Redis, Prozesse, bis die erste Seite da ist")
        times = [self.ground.cold_start(EMPTY) for _ in range(self.scale.cold_starts)]
        self.report.add("start.first_page", statistics.median(times), "s", goal=COLD_START_GOAL)

    def commands(self, database: str, store: str, factor: float) -> None:
        """Every kind of request, with its floors in a copy of the same store."""
        self.report.heading(f"Ein Client über HTTP, Bestand: {store}")
        self.ground.stop_node()
        floors.copy_database(self.ground, database)
        node = self.ground.start_node(database)
        login = self.ground.log_in_all()[0]
        series = measure(node.web_url, login, self.ground.keys()["radio"], self.scale.rounds, SEED)
        self.ground.stop_node()
        in_database = {name: floors.in_database(self.ground, name, self.scale.floor_seconds) for name in GOALS}
        with floors.bare_server(self.ground, series.bodies) as url:
            bare = {name: floors.over_http(url, name, self.scale.rounds) for name in GOALS}
        for name, goal in GOALS.items():
            times = series.times[name]
            self.report.series(f"{name}.{store}", times, floor=bare[name], goals={"p50": round(goal * factor, 2)})
            self.report.series(f"{name}.{store}.over_database", times, floor=in_database[name], only=("p50",))
        self._medians[store] = {name: percentile(series.times[name], 0.5) for name in GOALS}

    def growth(self) -> None:
        """How much slower each request is at the full store."""
        for name in GOALS:
            ratio = self._medians["full"][name] / self._medians["empty"][name]
            self.report.add(f"{name}.full_to_empty", ratio, "×")

    def in_service(self) -> None:
        """What happens to a node with many consoles, at the full store."""
        node = self.ground.start_node(FULL)
        logins = self.ground.log_in_all()
        if "openloop" in self.parts:
            self.open_loop(node, logins[0])
        if self.parts & {"push", "memory"}:
            asyncio.run(self.pushes(node, logins))
        if "storm" in self.parts:
            asyncio.run(self.storm(node, logins))
        self.ground.stop_node()

    def open_loop(self, node: Node, login: Login) -> None:
        self.report.heading(f"Offene Schleife: {OPEN_LOOP_RATE:g} Befehle je Sekunde, gezählt ab Fälligkeit")
        room = Room(snapshot(node, login), SEED)
        loop = OpenLoop(
            node.web_url,
            login,
            self.ground.keys()["radio"],
            room,
            OPEN_LOOP_RATE,
            self.scale.open_loop_seconds,
            SEED,
        )
        asyncio.run(loop.run())
        self.report.series("openloop.20_per_s", loop.times, goals={"p99": OPEN_LOOP_GOAL})
        self.report.add("openloop.errors", len(loop.errors), "count", goal=0)
        self._show(loop.errors)

    async def pushes(self, node: Node, logins: Sequence[Login]) -> None:
        """Two hundred consoles: delay and completeness per rate, and what the node weighs meanwhile."""
        incidents = await push.open_incidents(node.web_url, logins[0])
        database = node.env["DATABASE_URL"]
        for rate, goal in PUSH_GOALS.items() if "push" in self.parts else ():
            self.report.heading(f"Bis zur letzten von {push.CONSOLES} Konsolen, {rate:g} Einträge je Sekunde")
            times, faults, frame = await push.measure(
                node.web_url, node.sockets_url, database, logins, incidents, rate, self.scale.push_seconds
            )
            with floors.bare_server(self.ground, {}) as url:
                floor = await push.broadcast_floor(url, frame, rate, self.scale.push_seconds)
            self.report.series(f"push.{rate:g}_per_s", times, floor=floor, goals={"p99": goal})
            self.report.add(f"push.{rate:g}_per_s.missed", len(faults), "count", goal=0)
            self._show(faults)
        if "memory" in self.parts:
            await self.memory(node, logins)

    async def memory(self, node: Node, logins: Sequence[Login]) -> None:
        self.report.heading(f"Speicher mit {push.CONSOLES} Konsolen (PSS)")
        async with push.consoles(node.sockets_url, logins, 0):
            parts = self.ground.memory()
        for name, size in parts.items():
            self.report.add(f"memory.{name}", size / 2**20, "MiB")
        self.report.add("memory.all", sum(parts.values()) / 1e6, "MB", goal=MEMORY_GOAL)

    async def storm(self, node: Node, logins: Sequence[Login]) -> None:
        minutes = self.scale.storm_seconds / 60
        self.report.heading(f"Sturm: {self.scale.storm_calls} Anrufe in {minutes:g} Minuten, 20 Konsolen")
        picture = snapshot(node, logins[0])
        room = Room(picture, SEED)
        storm = Storm(
            node.web_url,
            logins,
            self.ground.keys(),
            room.issi,
            room.common_keywords,
            self.scale.storm_calls,
            self.scale.storm_seconds,
            SEED,
        )
        await storm.run(node.sockets_url, picture["pos"])
        for name, times in sorted(storm.times.items()):
            self.report.add(f"storm.{name}.p50", percentile(times, 0.5), "ms")
            self.report.add(f"storm.{name}.p95", percentile(times, 0.95), "ms", goal=STORM_GOAL)
        for name, value in (("answered", storm.answered), ("closed", storm.closed), ("units_alarmed", storm.alarmed)):
            self.report.add(f"storm.{name}", value, "count")
        self.report.add("storm.lost_races", storm.races, "count")
        self.report.add("storm.without_units", len(storm.unfilled), "count")
        self._show(storm.unfilled[-1:])
        self.report.add("storm.errors", len(storm.errors), "count", goal=0)
        self._show(storm.errors)

    def _show(self, faults: Sequence[str]) -> None:
        for fault in faults[:5]:
            self.report.note(fault[:300])


def snapshot(node: Node, login: Login) -> dict[str, Any]:
    client = Client(node.web_url, login.headers)
    picture: dict[str, Any] = client.get("/console/snapshot").expect(200).json()
    client.close()
    return picture
