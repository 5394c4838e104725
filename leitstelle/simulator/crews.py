"""The crews: they learn of an alarm at their station, confirm it, drive, work, transport and come home."""

import asyncio
import logging
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from leitstelle.simulator.atlas import TYPICAL_TURNOUT, Atlas, Point, Vehicle
from leitstelle.simulator.clock import Clock
from leitstelle.simulator.doors import Doors
from resources.routing import ROAD_FACTOR, Start, travel

logger = logging.getLogger(__name__)

LIFE_SECONDS: Final = 60.0  # how often a standing unit at work says that it is still there, real time
LOOK_SECONDS: Final = 2.0  # how often stations look for alarms, real time
BEAT_SECONDS: Final = 1.0  # how often moving units report where they are, real time
RECEIPT_SECONDS: Final = (4.0, 20.0)
HANDOVER_MINUTES: Final = (12.0, 25.0)
DEFAULT_MINUTES: Final = (15, 30)
OUT_AND_ABOUT: Final = frozenset({1, 3, 4, 7, 8})
SPREAD_KM: Final = 12.0  # hospitals this much farther than the nearest are chosen too, now and then


@dataclass(slots=True)
class Unit:
    """One crew. ``busy``: what it is doing; ``job``: the incident it is alarmed to, ``done``: the one before."""

    id: str
    station: str
    vehicle: Vehicle
    home: Point
    at: Point
    goal: Point | None = None
    speed_kmh: float = 0.0
    job: str = ""
    done: str = ""
    busy: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Job:
    """An alarm as a crew sees it. ``transport``: chance that a patient is taken along; ``minutes``: at the scene."""

    incident: str
    point: Point
    state: str
    minutes: tuple[int, int] = DEFAULT_MINUTES
    transport: float = 0.0


@dataclass(slots=True)
class Crews:
    """All crews of the land. What a scene is like they find out there: chances come from the keyword alone."""

    doors: Doors
    atlas: Atlas
    clock: Clock
    random: Random
    units: dict[str, Unit] = field(default_factory=dict)

    async def run(self) -> None:
        """Work until cancelled."""
        await self._muster()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._report_positions())
            while True:
                await self._look(group)
                await asyncio.sleep(LOOK_SECONDS)

    async def _muster(self) -> None:
        """Who is there, and who was left on the road by an earlier run: those come home."""
        jobs = {job_unit for job_unit, _job in self._jobs(await self.doors.open_incidents())}
        for row in await self.doors.units():
            home = self.atlas.stations.get(row["station"])
            if home is None:
                continue
            vehicle = self.atlas.vehicles.get(row["id"], Vehicle(turnout=TYPICAL_TURNOUT))
            self.units[row["id"]] = Unit(row["id"], row["station"], vehicle, home, home)
            if row["status"] in OUT_AND_ABOUT and row["id"] not in jobs:
                await self.doors.status(row["id"], 2)

    def _jobs(self, incidents: list[dict[str, Any]]) -> list[tuple[str, Job]]:
        jobs = []
        for incident in incidents:
            if incident["lat"] is None:
                continue
            minutes, transport = course_of(incident["keyword"] or "")
            for row in incident["assignments"]:
                if row["ended_at"] is None and row["state"] != "reserved":
                    point = (incident["lon"], incident["lat"])
                    jobs.append((row["unit"], Job(incident["id"], point, row["state"], minutes, transport)))
        return jobs

    async def _look(self, group: asyncio.TaskGroup) -> None:
        jobs = dict(self._jobs(await self.doors.open_incidents()))
        for ident, unit in self.units.items():
            job = jobs.get(ident)
            if job is not None and job.incident == unit.done and job.state != "alarmed":
                continue  # the answer is older than the crew's own report of being free
            if job is not None and job.incident != unit.job:
                self._send(group, unit, job.incident, self._work(unit, job))
            elif job is None and unit.job:
                self._send(group, unit, "", self._go_home(unit))

    def _send(self, group: asyncio.TaskGroup, unit: Unit, job: str, course: Any) -> None:
        """A new order ends what the crew was doing."""
        if unit.busy is not None:
            unit.busy.cancel()
        unit.job, unit.done = job, unit.job or unit.done
        unit.busy = group.create_task(course)

    async def _work(self, unit: Unit, job: Job) -> None:
        """From the alarm to the station again, entered at the step the unit has reached."""
        transports = unit.vehicle.carries and self.random.random() < job.transport
        if job.state == "alarmed":
            await self._turn_out(unit)
            await self.doors.status(unit.id, 3)
        if job.state in ("alarmed", "en_route"):
            await self._drive(unit, job.point)
            await self.doors.status(unit.id, 4)
        if job.state in ("alarmed", "en_route", "on_scene"):
            unit.at = job.point
            await self.clock.sleep(60 * self.random.uniform(*job.minutes))
        if transports or job.state in ("transporting", "at_hospital"):
            await self._bring(unit, arrived=job.state == "at_hospital")
        await self._go_home(unit)

    async def _turn_out(self, unit: Unit) -> None:
        receipt = self.random.uniform(*RECEIPT_SECONDS)
        await self.clock.sleep(receipt)
        for alarm in await self.doors.station_alarms(unit.station):
            if alarm["unit"] == unit.id and alarm["state"] != "receipted":
                await self.doors.receipt(alarm["delivery"])
        if unit.at == unit.home:
            turnout = unit.vehicle.turnout * self.random.uniform(0.6, 1.3)
            await self.clock.sleep(max(0.0, turnout - receipt))

    async def _bring(self, unit: Unit, *, arrived: bool) -> None:
        hospital, point = self._hospital(unit.at)
        if not arrived:
            await self.doors.status(unit.id, 7, hospital)
            await self._drive(unit, point)
            await self.doors.status(unit.id, 8, hospital)
        unit.at = point
        await self.clock.sleep(60 * self.random.uniform(*HANDOVER_MINUTES))

    def _hospital(self, at: Point) -> tuple[str, Point]:
        ranked = sorted(self.atlas.hospitals.items(), key=lambda item: _km(at, item[1]))
        nearest = _km(at, ranked[0][1])
        near = [item for item in ranked if _km(at, item[1]) < nearest + SPREAD_KM]
        return self.random.choices(near, [2.0**-place for place in range(len(near))])[0]

    async def _go_home(self, unit: Unit) -> None:
        """Free at once, on the road; the assignment ends with it."""
        unit.job, unit.done = "", unit.job or unit.done
        await self.doors.status(unit.id, 1)
        await self._drive(unit, unit.home, lights=False)
        await self.doors.status(unit.id, 2)

    async def _drive(self, unit: Unit, goal: Point, *, lights: bool = True) -> None:
        speed = unit.vehicle.speed_kmh * (1.0 if lights else 0.75)
        (way,) = travel([Start(*unit.at, speed, unit.vehicle.airborne)], *goal)
        begin, started, seconds = unit.at, self.clock.now(), way.seconds * self.random.uniform(0.85, 1.2)
        unit.goal, unit.speed_kmh = goal, speed
        try:
            while (done := (self.clock.now() - started).total_seconds() / seconds) < 1:
                unit.at = along(begin, goal, done, bend=0.0 if unit.vehicle.airborne else ROAD_FACTOR - 1)
                await asyncio.sleep(min(BEAT_SECONDS, (1 - done) * seconds / self.clock.speed))
            unit.at = goal
        finally:
            unit.goal, unit.speed_kmh = None, 0.0

    async def _report_positions(self) -> None:
        """Whoever moved, each beat; whoever stands at work, once a minute."""
        told: dict[str, tuple[Point, datetime]] = {}
        while True:
            now = datetime.now(UTC)
            due = [unit for unit in self.units.values() if _is_due(unit, told.get(unit.id), now)]
            if due:
                await self.doors.positions([_position(unit, now) for unit in due])
                told |= {unit.id: (unit.at, now) for unit in due}
            await asyncio.sleep(BEAT_SECONDS)


def course_of(keyword: str) -> tuple[tuple[int, int], float]:
    """What usually comes of a keyword: minutes at the scene, chance of a transport."""
    group = keyword.partition("-")[0].rstrip("0123456789")
    if group == "KTP" or keyword in ("RD-Verlegung", "RD-ITW"):
        return (8, 20), 1.0
    if group in ("RD", "MANV"):
        return (12, 28), 0.7
    if keyword.startswith(("B2", "B3", "B4", "ABC", "MANV")):
        return (40, 110), 0.3
    if keyword.startswith("H-VU"):
        return (20, 50), 0.7
    return (15, 45), 0.2


def along(begin: Point, goal: Point, share: float, *, bend: float) -> Point:
    """A point on the way: a curve to the side, so that roads do not look like rulers."""
    lon, lat = (a + (b - a) * share for a, b in zip(begin, goal, strict=True))
    side = math.sin(math.pi * share) * bend
    return round(lon - (goal[1] - begin[1]) * side, 6), round(lat + (goal[0] - begin[0]) * side * 0.4, 6)


def _is_due(unit: Unit, told: tuple[Point, datetime] | None, now: datetime) -> bool:
    if told is None:
        return unit.at != unit.home or bool(unit.job)
    if unit.at != told[0]:
        return True
    return bool(unit.job) and (now - told[1]).total_seconds() >= LIFE_SECONDS


def _position(unit: Unit, now: datetime) -> dict[str, Any]:
    heading = 0.0
    if unit.goal is not None:
        east = (unit.goal[0] - unit.at[0]) * math.cos(math.radians(unit.at[1]))
        heading = math.degrees(math.atan2(east, unit.goal[1] - unit.at[1])) % 360
    return {
        "unit": unit.id, "lon": unit.at[0], "lat": unit.at[1], "observed_at": now.isoformat(), "accuracy_m": 10.0,
        "speed_kmh": round(unit.speed_kmh, 1), "heading": round(heading, 1),
    }  # fmt: skip


def _km(a: Point, b: Point) -> float:
    (way,) = travel([Start(*a, 60, airborne=True)], *b)
    return way.metres / 1000
