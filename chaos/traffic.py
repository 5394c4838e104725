"""The outside world: dispatchers, radios and telephones that keep at it, and remember every acknowledged word.

Runs in a thread with its own event loop, so that the one who injects faults may block. A command is sent with the same
id to one node or the other until somebody answers; an answer with a position is an acknowledged word.
"""

import asyncio
import itertools
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from bench.client import AsyncClient, BadAnswer, Login

# In every personal field: it must be found in no log and no error.
SECRET = "Vertraulich-4711"
SPOTS = {"jena": (11.5899, 50.9277), "gera": (12.0810, 50.8780)}
ANSWER_SECONDS = 4.0
GIVE_UP_SECONDS = 90.0
REPEATED = frozenset({"in_doubt", "busy", "moved"})


@dataclass(slots=True)
class Word:
    """A command that was acknowledged. ``at``: wall clock; ``node``: who was asked when the answer came."""

    id: str
    name: str
    node: str
    safety: str
    at: float
    result: dict[str, Any]


@dataclass
class Ledger:
    """What the outside has been told."""

    words: list[Word] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    unanswered: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    sent: int = 0
    busy: int = 0
    going: bool = True
    """Whether new commands may be sent; those on their way are carried to their answer."""
    pauses: list[tuple[float, float]] = field(default_factory=list)

    def longest_silence(self, since: float, until: float) -> float:
        """Seconds in which nobody anywhere was acknowledged anything."""
        times = [since, *(word.at for word in self.words if since <= word.at <= until), until]
        times += [moment for pause in self.pauses for moment in pause if since <= moment <= until]
        times = sorted(times)
        return max(later - earlier for earlier, later in itertools.pairwise(times))


class Caller:
    """Somebody outside with a way to every node: headers by node, the own node first."""

    def __init__(self, ledger: Ledger, own: str, urls: dict[str, str], headers: dict[str, dict[str, str]]) -> None:
        self.ledger, self.own = ledger, own
        self._urls, self._headers = urls, headers
        self._clients: dict[str, AsyncClient] = {}

    async def command(self, name: str, data: dict[str, Any]) -> dict[str, Any]:
        """The answer of ``/console/command/<name>``; {} if nobody ever answered."""
        ident = str(uuid4())
        return await self.send(name, f"/console/command/{name}", {"command_id": ident, "data": data}, ident)

    async def send(self, name: str, path: str, body: dict[str, Any], ident: str) -> dict[str, Any]:
        while not self.ledger.going:
            await asyncio.sleep(0.05)
        self.ledger.sent += 1
        self.ledger.busy += 1
        try:
            return await self._until_answered(name, path, body, ident)
        finally:
            self.ledger.busy -= 1

    async def _until_answered(self, name: str, path: str, body: dict[str, Any], ident: str) -> dict[str, Any]:
        others = [node for node in self._urls if node != self.own]
        deadline = time.monotonic() + GIVE_UP_SECONDS
        attempt = 0
        while time.monotonic() < deadline:
            # Like a console: the own node first, then the others, then again.
            node = [self.own, *others][attempt % (1 + len(others))]
            answer = await self._try(node, path, body, ident)
            if answer is not None and answer.get("refused") not in REPEATED:
                self._note(ident, name, node, answer)
                return answer
            attempt += 1
            await asyncio.sleep(random.uniform(0, min(1.0, 0.05 * 2 ** min(attempt, 5))))
        self.ledger.unanswered.append(f"{name} {ident}")
        return {}

    async def _try(self, node: str, path: str, body: dict[str, Any], ident: str) -> dict[str, Any] | None:
        client = self._clients.get(node)
        if client is None:
            client = self._clients[node] = AsyncClient(self._urls[node], self._headers[node])
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await client.post(path, body, {"Idempotency-Key": ident})
        except (OSError, TimeoutError, asyncio.IncompleteReadError, BadAnswer, ValueError):
            client.close()
            return None
        if answer.status in (401, 500, 502, 503, 504):  # 401: a database that is away knows no session
            if answer.status == 500:
                self.ledger.bad.append(f"500 from {node}: {answer.body[:120]!r}")
            return None
        found: dict[str, Any] = answer.json()
        return found

    def _note(self, ident: str, name: str, node: str, answer: dict[str, Any]) -> None:
        if "pos" in answer:
            at = answer.get("result") or {}
            self.ledger.words.append(Word(ident, name, node, answer.get("safety", ""), time.time(), at))
        else:
            self.ledger.refused[str(answer.get("refused") or answer.get("code") or answer.get("title"))] += 1


@dataclass
class Crew:
    """What the dispatchers of one centre share: its units, and the incidents they opened."""

    centre: str
    units: list[str]
    issi: dict[str, str]
    keyword: str


class Dispatcher:
    """One seat: opens, alarms, moves by radio, notes and closes, over and over."""

    def __init__(self, caller: Caller, radio: Caller, crew: Crew, foreign: Crew, pace: float, seed: int) -> None:
        self.caller, self.radio, self.crew, self.foreign, self.pace = caller, radio, crew, foreign, pace
        self.chance = random.Random(seed)

    async def work(self) -> None:
        while True:
            try:
                await self.one_incident()
            except (KeyError, ValueError) as error:
                self.caller.ledger.bad.append(f"unexpected answer: {error!r}")
            await self.rest()

    async def rest(self) -> None:
        await asyncio.sleep(self.chance.expovariate(1 / self.pace))

    async def one_incident(self) -> None:
        lon, lat = SPOTS[self.crew.centre]
        incident = str(uuid4())
        opened = await self.caller.command(
            "incident.open",
            {
                "incident": incident, "keyword": self.crew.keyword, "priority": 2, "place": f"Probe {SECRET}",
                "lon": lon + self.chance.uniform(-0.01, 0.01), "lat": lat + self.chance.uniform(-0.01, 0.01),
                "report": SECRET, "caller_name": SECRET, "caller_number": "+493641471147",
            },
        )  # fmt: skip
        if "pos" not in opened:
            return
        # Mostly a unit of the own centre, now and then the neighbour's, often one that somebody else wants too.
        crew = self.foreign if self.chance.random() < 0.2 else self.crew
        unit = self.chance.choice(crew.units)
        await self.rest()
        alarmed = await self.caller.command("incident.alarm", {"incident": incident, "units": [{"unit": unit}]})
        if "pos" in alarmed:
            for status in (3, 4, 1):
                await self.rest()
                await self._status(crew, unit, status)
        await self.caller.command("incident.note", {"incident": incident, "text": f"Meldung {SECRET}"})
        await self.rest()
        await self.caller.command(
            "incident.close", {"incident": incident, "outcome": "completed", "release": True}
        )  # fmt: skip

    async def _status(self, crew: Crew, unit: str, status: int) -> None:
        ident = str(uuid4())
        body = {"issi": crew.issi[unit], "status": status}
        await self.radio.send("unit.report_status", "/api/v1/radio/status", body, ident)


class Traffic:
    """All of it, from ``start`` to ``stop``; ``ledger`` may be read at any time."""

    def __init__(self, ledger: Ledger, dispatchers: list[Dispatcher]) -> None:
        self.ledger = ledger
        self._dispatchers = dispatchers
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._tasks = [self._loop.create_task(dispatcher.work()) for dispatcher in self._dispatchers]
        self._loop.run_forever()

    def stop(self, patience: float = GIVE_UP_SECONDS) -> None:
        """Nobody begins anything new; what is under way is carried to its answer."""
        finishing = asyncio.run_coroutine_threadsafe(self._finish(patience), self._loop)
        finishing.result(patience + 10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _finish(self, patience: float) -> None:
        for dispatcher in self._dispatchers:
            dispatcher.pace = 0.001
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks, timeout=patience)


def headers_of(
    login: Login, key: str, urls: dict[str, str]
) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Headers of a seat and of a radio at every node."""
    token = login.cookie.partition("=")[2]
    seat = {"Authorization": f"Seat {token}", "X-Leitstelle": "1"}
    return dict.fromkeys(urls, seat), {key_0: {"Authorization": f"Bearer {key}"} for key_0 in urls}
