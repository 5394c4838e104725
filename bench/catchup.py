"""A hundred thousand entries apart: how fast the other centre has them, proved and applied, and what a room notices."""

import asyncio
import time

from bench.lag import room_of
from bench.openloop import OpenLoop
from bench.pair import Pair, chain, keys, wait_for

ENTRIES = 100_000
# What one incident of bench.store leaves in the journal, more or less.
PER_INCIDENT = 10
MEANWHILE_RATE = 20.0


async def measure(pair: Pair, entries: int, seed: int) -> tuple[float, int, list[float], list[float], list[str]]:
    """Seconds of the catch-up, entries brought, and the room's latencies at the receiving node (ms): in peace, and
    while it catches up; errors."""
    jena, gera = pair.jena, pair.gera
    login = (await asyncio.to_thread(pair.log_in, gera, 1))[0]
    room = await asyncio.to_thread(room_of, gera, login, seed)

    def loop(seconds: float) -> OpenLoop:
        return OpenLoop(gera.web_url, login, keys(gera)["radio"], room, MEANWHILE_RATE, seconds, seed)

    await loop(3).run()  # first requests of a fresh process
    normal = loop(15)
    await normal.run()
    await asyncio.to_thread(pair.network.cut)
    await asyncio.to_thread(pair.fill, jena, entries // PER_INCIDENT, 0, seed)
    before, head = chain(gera, "jena"), chain(jena, "jena")
    await asyncio.to_thread(pair.network.heal)
    await asyncio.to_thread(wait_for, "the first entries", lambda: chain(gera, "jena") > before)
    began = time.monotonic()
    meanwhile = loop(3600)
    working = asyncio.create_task(meanwhile.run())
    await asyncio.to_thread(wait_for, "the last entry", lambda: chain(gera, "jena") >= head)
    seconds = time.monotonic() - began
    during = list(meanwhile.times)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return seconds, head - before, normal.times, during, normal.errors + meanwhile.errors
