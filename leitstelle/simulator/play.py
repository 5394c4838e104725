"""Telephone, crews and colleagues together: a day, a storm, or an endless now."""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from leitstelle.accounts.demo import PASSWORD
from leitstelle.simulator import atlas, day
from leitstelle.simulator.clock import Clock
from leitstelle.simulator.colleagues import Shift, seat_all
from leitstelle.simulator.crews import Crews
from leitstelle.simulator.day import PlannedCall
from leitstelle.simulator.doors import Doors
from leitstelle.simulator.room import Eyes
from leitstelle.simulator.telephone import Telephone

logger = logging.getLogger(__name__)

# Seats per room in the demo; colleagues take the last ones, so that seat 1 is free for whoever wants to try.
ROOM_SEATS: Final = 8
ROOMS: Final = {"jena": "J", "gera": "G"}
# Long enough that even at night both centres have a call in it.
AHEAD: Final = timedelta(hours=6)
# Somebody who has just started the demo shall not wait for the first ring.
FIRST_RING: Final = timedelta(seconds=12)


@dataclass(frozen=True, slots=True)
class Wish:
    """What to play. ``end`` None: for ever; ``begin``, ``end`` aware; ``dispatch``: with simulated dispatchers,
    ``seats`` of them in each room."""

    url: str
    seed: int
    begin: datetime
    end: datetime | None
    speed: float = 1.0
    intensity: float = 1.0
    storm: bool = False
    dispatch: bool = False
    seats: int = 4


async def play(wish: Wish, doors: Doors) -> None:
    """Play until the end or until cancelled. Raises ExceptionGroup of Unreachable or NotSeated."""
    land = atlas.load()
    await doors.units()  # a node that is just starting is waited for
    clock = Clock(wish.begin, wish.speed)
    telephone = Telephone(doors, clock)
    crews = Crews(doors, land, clock, Random(f"{wish.seed}:crews"))
    shifts = await _shifts(wish, telephone, clock) if wish.dispatch else []
    if shifts:
        telephone.state = lambda call: next((s.eyes.calls[call]["state"] for s in shifts if call in s.eyes.calls), None)
    try:
        async with asyncio.TaskGroup() as group:
            background = [group.create_task(crews.run()), *(group.create_task(shift.run()) for shift in shifts)]
            await _ring(wish, land, telephone, clock)
            for task in background:
                task.cancel()
    finally:
        for shift in shifts:
            await asyncio.gather(*(colleague.place.leave() for colleague in shift.colleagues))
        await doors.close()


async def _ring(wish: Wish, land: atlas.Atlas, telephone: Telephone, clock: Clock) -> None:
    if wish.storm:
        await telephone.play(day.storm(land, wish.seed, wish.begin))
        return
    begin, first = wish.begin, wish.end is None
    async with asyncio.TaskGroup() as group:
        while wish.end is None or begin < wish.end:
            end = begin + AHEAD if wish.end is None else min(begin + AHEAD, wish.end)
            calls = day.plan(land, wish.seed, begin, end, wish.intensity)
            if first:
                calls = hurried(calls, wish.begin)
            group.create_task(telephone.play(calls))
            await clock.until(end)
            begin, first = end, False


def hurried(calls: list[PlannedCall], begin: datetime) -> list[PlannedCall]:
    """The same calls, but the first of each centre comes soon."""
    first_of = {call.centre: call for call in reversed(calls)}
    soon = {call.id: begin + FIRST_RING * number for number, call in enumerate(first_of.values(), 1)}
    moved = [replace(call, at=min(call.at, soon.get(call.id, call.at))) for call in calls]
    return sorted(moved, key=lambda call: (call.at, call.id))


async def _shifts(wish: Wish, telephone: Telephone, clock: Clock) -> list[Shift]:
    opened: dict[str, str] = {}
    shifts = []
    for room, letter in ROOMS.items():
        numbers = range(ROOM_SEATS, ROOM_SEATS - min(wish.seats, ROOM_SEATS), -1)
        users = [(f"{room}{number}", f"{letter}{number}") for number in numbers]
        colleagues = await seat_all(wish.url, users, PASSWORD)
        if colleagues:
            random = Random(f"{wish.seed}:{room}")
            shifts.append(Shift(Eyes(colleagues[0].place), colleagues, telephone.stories, opened, clock, random))
    return shifts
