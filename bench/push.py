"""From the commit to the last of two hundred consoles: how long, and whether every console got everything."""

import asyncio
import gc
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg

from bench.client import AsyncClient, Login
from bench.sockets import Listener, connect

CONSOLES = 200
WRITERS = 4
DRAIN_SECONDS = 5.0


@asynccontextmanager
async def consoles(url: str, logins: Sequence[Login], pos: int, count: int = CONSOLES) -> AsyncIterator[list[Listener]]:
    """``count`` consoles that are up to date; the first one of each log-in keeps what it gets."""
    listeners = []
    for number in range(count):
        login = logins[number % len(logins)]
        keep = number < len(logins)
        listeners.append(await connect(url, f"/console/socket?after={pos}", login.cookie, keep=keep))
    try:
        yield listeners
    finally:
        for listener in listeners:
            listener.transport.abort()


async def write_entries(
    url: str, login: Login, incidents: list[str], rate: float, seconds: float, seed: int
) -> list[int]:
    """One-entry commands (a note in the log of an open incident) at ``rate``, Poisson; their positions."""
    chance = random.Random(seed)
    free: asyncio.Queue[AsyncClient] = asyncio.Queue()
    for _ in range(WRITERS):
        free.put_nowait(AsyncClient(url, login.headers))
    positions: list[int] = []

    async def send() -> None:
        client = await free.get()
        try:
            data = {"incident": chance.choice(incidents), "text": f"Nachforderung {uuid4().hex[:8]}", "kind": "note"}
            answer = await client.command("incident.note", data)
            positions.append(answer.expect(200).json()["pos"])
        finally:
            free.put_nowait(client)

    began = due = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        while (due := due + chance.expovariate(rate)) < began + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(send())
    while not free.empty():
        free.get_nowait().close()
    return positions


async def settle(listeners: Sequence[Listener], pos: int) -> None:
    """Wait until every console has reached ``pos``, at most some seconds."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while any(one.last_pos < pos and not one.closed for one in listeners) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)


async def _level(web: str, login: Login, listeners: Sequence[Listener]) -> int:
    """Wait until all consoles stand at one position and forget how each got there: some joined later and caught up
    by other frames. Gives the position after which everything counts."""
    while True:
        await settle(listeners, await _head(web, login))
        reached = {listener.last_pos for listener in listeners}
        if len(reached) == 1:
            for listener in listeners:
                listener.frames.clear()
            return reached.pop()


def stored_times(database_url: str, after: int) -> dict[int, float]:
    """When each entry was stored, in seconds since 1970 by the machine's clock, just before its commit."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT pos, extract(epoch FROM stored_at)::float8 FROM journal_entry WHERE pos > %s", [after]
        )
        return {row[0]: row[1] for row in rows}


def latencies(listeners: Sequence[Listener], stored: dict[int, float]) -> list[float]:
    """Milliseconds per entry from its commit until the last console had it; endless where one never got it."""
    last = dict.fromkeys(stored, 0.0)
    for listener in listeners:
        arrivals = iter([(arrived, frame_pos) for arrived, frame_pos, _hash, _payload in listener.frames])
        arrived, reached = next(arrivals, (float("inf"), 2**62))
        for pos in sorted(stored):
            while reached < pos:
                arrived, reached = next(arrivals, (float("inf"), 2**62))
            last[pos] = max(last[pos], arrived)
    return [(last[pos] - stored[pos]) * 1000 for pos in stored]


def missing(listeners: Sequence[Listener], logins: Sequence[Login], positions: Sequence[int], head: int) -> list[str]:
    """What any console lacks, in words: the cursor, a frame that others of its seat got, or a line of the log."""
    faults = []
    for number, listener in enumerate(listeners):
        first = listeners[number % len(logins)]
        if listener.closed:
            faults.append(f"console {number}: {listener.closed}")
        elif listener.last_pos < head:
            faults.append(f"console {number}: stopped at {listener.last_pos} of {head}")
        elif [frame[1:3] for frame in listener.frames] != [frame[1:3] for frame in first.frames]:
            faults.append(f"console {number}: other frames than console {number % len(logins)}")
    for number, listener in enumerate(listeners[: len(logins)]):
        lines = {line["pos"] for frame in listener.frames if frame[3] for line in orjson.loads(frame[3]).get("log", [])}
        lacking = set(positions) - lines
        if lacking:
            faults.append(f"console {number}: {len(lacking)} of {len(positions)} log lines are missing")
    return faults


async def measure(
    web: str, sockets: str, database: str, logins: Sequence[Login], incidents: list[str], rate: float, seconds: float
) -> tuple[list[float], list[str], bytes]:
    """Latencies (ms), faults, and one typical frame."""
    pos = await _head(web, logins[0])
    async with consoles(sockets, logins, pos) as listeners:
        pos = await _level(web, logins[0], listeners)
        gc.collect()
        gc.disable()
        positions = await write_entries(web, logins[0], incidents, rate, seconds, seed=int(rate))
        head = max(positions)
        await settle(listeners, head)
        gc.enable()
        stored = {p: at for p, at in stored_times(database, pos).items() if p <= head}
        example = sorted((f[3] for f in listeners[0].frames if f[3]), key=len)
        return latencies(listeners, stored), missing(listeners, logins, positions, head), example[len(example) // 2]


async def open_incidents(web: str, login: Login, count: int = 50) -> list[str]:
    """Ids of open incidents to write into."""
    ids = sorted((await _snapshot(web, login))["incidents"])
    return [str(UUID(ident)) for ident in ids[:count]]


async def _head(web: str, login: Login) -> int:
    return int((await _snapshot(web, login))["pos"])


async def _snapshot(web: str, login: Login) -> dict[str, Any]:
    client = AsyncClient(web, login.headers)
    answer = await client.request("GET", "/console/snapshot")
    client.close()
    value: dict[str, Any] = answer.expect(200).json()
    return value


async def broadcast_floor(url: str, frame: bytes, rate: float, seconds: float) -> list[float]:
    """The same frame to the same listeners from a bare uvicorn: ms from the server's send to the last arrival."""
    sockets = url.replace("http://", "ws://")
    listeners = [await connect(sockets, "/socket") for _ in range(CONSOLES)]
    client = AsyncClient(url)
    chance = random.Random(int(rate))
    sent: list[float] = []
    gc.collect()
    gc.disable()
    began = due = time.perf_counter()
    while (due := due + chance.expovariate(rate)) < began + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        sent.append(float((await client.request("POST", "/broadcast", frame)).expect(200).body))
    deadline = time.monotonic() + DRAIN_SECONDS
    while any(len(one.frames) < len(sent) for one in listeners) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    gc.enable()
    client.close()
    for listener in listeners:
        listener.transport.abort()
    lasts = [max(one.frames[i][0] for one in listeners if len(one.frames) > i) for i in range(len(sent))]
    return [(last - at) * 1000 for last, at in zip(lasts, sent, strict=True)]
