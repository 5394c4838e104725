"""Raw consoles that stay open all day and do for it what the console does (static/console): a fresh token in good time,
back when the socket ends or falls silent, on from the position they had."""

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any

from bench.client import AsyncClient, BadAnswer, Login
from bench.failover import SILENCE_SECONDS
from bench.sockets import Listener, connect
from ops.served import ServedNode

RENEWAL_TIMEOUT = 1.5
REVOKED = (4401).to_bytes(2).hex()
_NO_ANSWER = (OSError, TimeoutError, BadAnswer, ValueError, asyncio.IncompleteReadError)


class OpenConsole:
    """A window of the seat of ``login`` that works with ``node``; by the token alone if that is not its own."""

    def __init__(self, node: ServedNode, login: Login, renew_seconds: float, *, guest: bool = False) -> None:
        self.node, self.guest = node, guest
        self.name = f"{login.seat} at {node.name}"
        self.token = login.cookie.partition("=")[2]
        self.headers = {"X-Leitstelle": "1", "Authorization": f"Seat {self.token}"}
        """Of this moment: whoever keeps this dictionary has the fresh token too."""
        self.pos = 0
        self.renewals = 0
        self.thrown_out: list[str] = []
        self.ends: Counter[str] = Counter()
        self._listener: Listener | None = None
        self._renew_seconds = renew_seconds
        self._renewed_at = time.monotonic()

    @property
    def live(self) -> bool:
        """Whether its socket is open and the beat is heard."""
        listener = self._listener
        return listener is not None and not listener.closed and not self._silent(listener)

    def _silent(self, listener: Listener) -> bool:
        return time.monotonic() - listener.heard_at > SILENCE_SECONDS

    async def stay(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._sit()
            except _NO_ANSWER as error:
                self._look_for_refusal(str(error))
            await asyncio.sleep(random.uniform(0.05, 0.3))

    async def _sit(self) -> None:
        """One socket from its begin to its end."""
        if not self.pos:
            self.pos = await self._refetch()
        cookie, token = ("", self.token) if self.guest else (f"seat={self.token}", "")
        listener = await connect(self.node.sockets_url, f"/console/socket?after={self.pos}", cookie, token=token)
        try:
            if listener.last_pos < self.pos:
                self.pos = await self._refetch()  # the tail was too long: begin with a snapshot
                return
            self._listener = listener
            while not listener.closed and not self._silent(listener):
                self.pos = max(self.pos, listener.last_pos)
                if time.monotonic() - self._renewed_at > self._renew_seconds:
                    await self.renew()
                await asyncio.sleep(0.1)
            self._ended(listener.closed or "silent")
        finally:
            listener.transport.abort()

    def _ended(self, how: str) -> None:
        self.ends[how] += 1
        self._look_for_refusal(how)

    def _look_for_refusal(self, how: str) -> None:
        if REVOKED in how:
            self.thrown_out.append(f"{self.name}: the socket was closed: {how}")

    async def _refetch(self) -> int:
        client = AsyncClient(self.node.web_url, self.headers)
        try:
            return int((await client.request("GET", "/console/snapshot")).expect(200).json()["pos"])
        finally:
            client.close()

    async def renew(self) -> None:
        """A fresh token; where nobody answers, the next time is soon enough."""
        self._renewed_at = time.monotonic()
        client = AsyncClient(self.node.web_url, self.headers)
        try:
            async with asyncio.timeout(RENEWAL_TIMEOUT):
                answer = await client.post("/console/token", {})
            if answer.status in (401, 403):
                self.thrown_out.append(f"{self.name}: no fresh token: {answer.status}")
            elif answer.status == 200:
                self.token = answer.json()["token"]
                self.headers["Authorization"] = f"Seat {self.token}"
                self.renewals += 1
        except _NO_ANSWER:
            pass
        finally:
            client.close()


class Room:
    """Consoles in a thread with a loop of its own, so that the one who turns the day may block."""

    def __init__(self, consoles: Sequence[OpenConsole]) -> None:
        self.consoles = consoles
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="consoles", daemon=True)
        self._tasks: list[asyncio.Task[None]] = []

    def __enter__(self) -> "Room":
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(self, *_error: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _open(self) -> None:
        self._tasks = [asyncio.create_task(console.stay()) for console in self.consoles]

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the aborted lines close theirs

    def lacking(self, heads: dict[str, int]) -> list[str]:
        """Who is not live or not yet at the head of the journal of its node (name -> position), in words."""
        return [
            f"{console.name}: {'live' if console.live else 'not live'}, at {console.pos} of {heads[console.node.name]}"
            for console in self.consoles
            if not console.live or console.pos < heads[console.node.name]
        ]

    @property
    def thrown_out(self) -> list[str]:
        return [line for console in self.consoles for line in console.thrown_out]

    @property
    def ends(self) -> Counter[str]:
        """How sockets ended, with counts."""
        return sum((console.ends for console in self.consoles), Counter())
