"""Telephone, crews and colleagues together: a day, a storm, or an endless now."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Final

import httpx

from leitstelle.accounts.demo import PASSWORD
from leitstelle.simulator import atlas, day
from leitstelle.simulator.clock import Clock
from leitstelle.simulator.colleagues import Shift, seat_all
from leitstelle.simulator.crews import Crews
from leitstelle.simulator.day import PlannedCall
from leitstelle.simulator.doors import Doors
from leitstelle.simulator.room import Eyes, NotSeated
from leitstelle.simulator.telephone import Telephone

logger = logging.getLogger(__name__)

# Seats per room in the demo; colleagues take the last ones, so that seat 1 is free for whoever wants to try.
ROOM_SEATS: Final = 8
ROOMS: Final = {"jena": "J", "gera": "G"}
# Long enough that even at night both centres have a call in it.
AHEAD: Final = timedelta(hours=6)
# Somebody who has just started the demo shall not wait for the first ring.
FIRST_RING: Final = timedelta(seconds=12)
SEAT_AGAIN_SECONDS: Final = 5.0  # between two tries to sit down at a node that is gone


@dataclass(frozen=True, slots=True)
class Wish:
    """What to play. ``end`` None: for ever; ``begin``, ``end`` aware; ``dispatch``: with simulated dispatchers,
    ``seats`` of them in each room. ``centres``: whose callers, crews and dispatchers are played; empty: all."""

    url: str
    seed: int
    begin: datetime
    end: datetime | None
    speed: float = 1.0
    intensity: float = 1.0
    storm: bool = False
    dispatch: bool = False
    seats: int = 4
    centres: frozenset[str] = frozenset()


async def play(wish: Wish, doors: Doors) -> None:
    """Play until the end or until cancelled. Raises ExceptionGroup of Unreachable or NotSeated."""
    land = atlas.load(wish.centres)
    await doors.units()  # a node that is just starting is waited for
    clock = Clock(wish.begin, wish.speed)
    telephone = Telephone(doors, clock)
    crews = Crews(doors, land, clock, Random(f"{wish.seed}:crews"))
    shifts: list[Shift] = []
    rooms = [room for room in ROOMS if room in wish.centres or not wish.centres] if wish.dispatch else []
    if rooms:
        telephone.state = lambda call: next((s.eyes.calls[call]["state"] for s in shifts if call in s.eyes.calls), None)
    opened: dict[str, str] = {}
    try:
        async with asyncio.TaskGroup() as group:
            background = [group.create_task(crews.run())]
            for room in rooms:
                shift = partial(_shift, wish, room, telephone, opened, clock)
                background.append(group.create_task(_staff(wish, shift, shifts)))
            await _ring(wish, land, telephone, clock)
            for task in background:
                task.cancel()
    finally:
        await doors.close()


async def _staff(wish: Wish, take_seats: Callable[[], Awaitable[Shift | None]], shifts: list[Shift]) -> None:
    """Keep a room staffed until cancelled. Raises NotSeated, but not in an endless play: there colleagues whose node
    is gone come again when it is back, and callers and crews go on meanwhile."""
    while True:
        shift = None
        try:
            shift = await take_seats()
            if shift is None:
                return
            shifts.append(shift)
            await shift.run()
        except* (NotSeated, httpx.TransportError) as group:
            if wish.end is not None:
                raise
            logger.info("Kollegen ohne Plätze: %s", "; ".join(str(error) for error in group.exceptions))
        finally:
            if shift is not None:
                shifts.remove(shift)
                await asyncio.gather(*(colleague.place.leave() for colleague in shift.colleagues))
        await asyncio.sleep(SEAT_AGAIN_SECONDS)


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


async def _shift(wish: Wish, room: str, telephone: Telephone, opened: dict[str, str], clock: Clock) -> Shift | None:
    """The colleagues of a room at their seats; None where all seats are taken."""
    numbers = range(ROOM_SEATS, ROOM_SEATS - min(wish.seats, ROOM_SEATS), -1)
    users = [(f"{room}{number}", f"{ROOMS[room]}{number}") for number in numbers]
    colleagues = await seat_all(wish.url, users, PASSWORD)
    if not colleagues:
        return None
    random = Random(f"{wish.seed}:{room}")
    return Shift(Eyes(colleagues[0].place), colleagues, telephone.stories, opened, clock, random)
