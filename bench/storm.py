"""A storm: nine hundred calls in ten minutes, twenty dispatchers at live consoles, every step a real command.

Calls come in through the telephone door, statuses through the radio door. The course of each unit is shortened so that
units come free again; what the server has to do per step is not.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from bench.client import Answer, AsyncClient, Login
from bench.push import consoles
from bench.room import REPORT, SPOTS

CALLS = 900
SECONDS = 600.0
DISPATCHERS = 20
# What a person needs between the steps, in seconds. Twenty people keep up with 1.5 calls a second by 13 s each.
THINKING = (0.8, 2.2)
# From alarm to free: statuses 3, 4, 7, 8, 1 after these seconds each.
COURSE = ((3, 4.0), (4, 8.0), (7, 8.0), (8, 6.0), (1, 4.0))
# Refusals that a dispatcher meets in a storm and goes on from: another one was quicker.
RACES = frozenset({"taken", "unit_committed", "unit_unavailable"})
DRAIN_SECONDS = 120.0


@dataclass
class Storm:
    """``times``: milliseconds by command; ``errors``: everything that was neither done nor a lost race."""

    url: str
    logins: Sequence[Login]
    keys: dict[str, str]
    issi: dict[str, str]
    keywords: Sequence[str]
    calls: int
    seconds: float
    seed: int
    times: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    unfilled: list[str] = field(default_factory=list)
    races: int = 0
    answered: int = 0
    closed: int = 0
    alarmed: int = 0
    waiting: "deque[tuple[str, float]]" = field(default_factory=deque)

    async def run(self, sockets_url: str, pos: int) -> None:
        """Play it to the last closed incident."""
        self._random = random.Random(self.seed)
        self._ringing = asyncio.Semaphore(0)
        self._courses: set[asyncio.Task[None]] = set()
        async with consoles(sockets_url, self.logins, pos, DISPATCHERS) as listeners:
            people = [asyncio.create_task(self._dispatcher(n)) for n in range(DISPATCHERS)]
            await self._callers()
            deadline = time.monotonic() + DRAIN_SECONDS
            while self.closed < self.calls and not self._failed() and time.monotonic() < deadline:
                await asyncio.sleep(0.1)
            for person in people:
                person.cancel()
            await asyncio.gather(*people, *self._courses, return_exceptions=True)
            self.errors += [f"console: {one.closed}" for one in listeners if one.closed]
        if self.closed < self.calls:
            self.errors.append(f"{self.calls - self.closed} of {self.calls} calls did not get to a closed incident")

    def _failed(self) -> bool:
        return len(self.errors) > self.calls // 10

    async def _callers(self) -> None:
        """Calls ring at random moments, as many as wanted in the time given."""
        phone = AsyncClient(self.url, _bearer(self.keys["telephony"]))
        began = time.perf_counter()
        for due in sorted(self._random.uniform(0, self.seconds) for _ in range(self.calls)):
            await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
            lon, lat, _place, centre = self._random.choice(SPOTS)
            event: dict[str, Any] = {"event": "ring", "call_id": str(uuid4()), "line": "112", "centre": centre}
            event |= {"number": f"+4936{self._random.randrange(10**8, 10**9)}"}
            spot = {"lat": lat + self._random.uniform(-0.02, 0.02), "lon": lon + self._random.uniform(-0.02, 0.02)}
            event |= {"position": spot | {"accuracy_m": 30}}
            await self._post(phone, "ring", "/api/v1/telephony/calls", event)
            self.waiting.append((event["call_id"], time.perf_counter()))
            self._ringing.release()
        phone.close()

    async def _dispatcher(self, number: int) -> None:
        login = self.logins[number % len(self.logins)]
        console = AsyncClient(self.url, login.headers)
        chance = random.Random(f"{self.seed}/{number}")
        while True:
            await self._ringing.acquire()
            call, _rang = self.waiting.popleft()
            try:
                await self._work(console, call, chance)
            except Exception as error:  # a fault of one call must not send the dispatcher home
                self.errors.append(f"dispatcher {number}: {error!r}")

    async def _work(self, console: AsyncClient, call: str, chance: random.Random) -> None:
        """One call from the answer to the alarm; the units' way goes on by itself."""

        async def think() -> None:
            await asyncio.sleep(chance.uniform(*THINKING))

        await self._command(console, "call.answer", {"call": call})
        self.answered += 1
        await think()
        lon, lat, place, _centre = chance.choice(SPOTS)
        incident = str(uuid4())
        data = {
            "incident": incident,
            "call": call,
            "keyword": chance.choice(self.keywords),
            "place": place,
            "lon": lon + chance.uniform(-0.02, 0.02),
            "lat": lat + chance.uniform(-0.02, 0.02),
            "report": REPORT,
        }
        await self._command(console, "incident.open", data)
        await think()
        units = await self._alarm(console, incident)
        await think()
        await self._command(console, "call.end", {"call": call})
        course = asyncio.create_task(self._course(console.headers, incident, units))
        self._courses.add(course)
        course.add_done_callback(self._courses.discard)

    async def _alarm(self, console: AsyncClient, incident: str) -> list[str]:
        """Propose and alarm; where another was quicker, propose again."""
        for _attempt in range(5):
            answer = await self._post(console, "proposal", "/console/proposal", {"incident": incident})
            if answer.status != 200:
                return []
            slots = answer.json()["slots"]
            units = list(dict.fromkeys(one["unit"] for slot in slots for one in slot["filled"]))
            if not units:
                self.unfilled.append(answer.json()["text"])
                return []
            orders = [{"unit": unit} for unit in units]
            answer = await self._command(console, "incident.alarm", {"incident": incident, "units": orders})
            if answer.status == 200:
                self.alarmed += len(units)
                return units
        return []

    async def _course(self, headers: dict[str, str], incident: str, units: list[str]) -> None:
        radio = AsyncClient(self.url, _bearer(self.keys["radio"]))
        for status, seconds in COURSE if units else ():
            await asyncio.sleep(seconds)
            for unit in units:
                message = {"issi": self.issi[unit], "status": status}
                await self._post(radio, "status", "/api/v1/radio/status", message)
        radio.close()
        console = AsyncClient(self.url, headers)
        data = {"incident": incident, "outcome": "completed", "release": True}
        if (await self._command(console, "incident.close", data)).status == 200:
            self.closed += 1
        console.close()

    async def _command(self, client: AsyncClient, name: str, data: dict[str, Any]) -> Answer:
        body = {"command_id": str(uuid4()), "data": data}
        return await self._post(client, name, f"/console/command/{name}", body)

    async def _post(self, client: AsyncClient, name: str, path: str, value: dict[str, Any]) -> Answer:
        answer = await client.post(path, value)
        self.times.setdefault(name, []).append(answer.seconds * 1000)
        if answer.status == 409 and answer.json().get("refused", answer.json().get("code")) in RACES:
            self.races += 1
        elif answer.status != 200:
            self.errors.append(f"{name}: HTTP {answer.status} {answer.body[:200].decode(errors='replace')}")
        return answer


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
