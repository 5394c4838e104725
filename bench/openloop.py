"""Commands at a given rate whether or not the server keeps up: latency counts from the moment each was due."""

import asyncio
import gc
import random
import time
from dataclasses import dataclass, field

from bench.client import Answer, AsyncClient, Login
from bench.room import Room

CONNECTIONS = 8


@dataclass
class OpenLoop:
    """``rate`` commands a second, Poisson, for ``seconds``; a third each creates, alarms and moves."""

    url: str
    login: Login
    radio_key: str
    room: Room
    rate: float
    seconds: float
    seed: int
    times: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Fills ``times`` (ms from the intended send to the answer) and ``errors``."""
        self._clients: asyncio.Queue[tuple[AsyncClient, AsyncClient]] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            radio = AsyncClient(self.url, {"Authorization": f"Bearer {self.radio_key}"})
            self._clients.put_nowait((AsyncClient(self.url, self.login.headers), radio))
        chance = random.Random(self.seed)
        self._opened: list[str] = []
        self._moving: list[tuple[str, list[str], int]] = []
        gc.disable()  # a pause of the generator would count against the server
        tasks: list[asyncio.Task[None]] = []
        began = due = time.perf_counter()
        while (due := due + chance.expovariate(self.rate)) < began + self.seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(self._send(due, chance.random())))
        await asyncio.gather(*tasks)
        gc.enable()
        while not self._clients.empty():
            for client in self._clients.get_nowait():
                client.close()

    async def _send(self, due: float, choice: float) -> None:
        clients = await self._clients.get()
        try:
            status = await self._one(*clients, choice)
            self.times.append((time.perf_counter() - due) * 1000)
            if status != 200:
                self.errors.append(f"HTTP {status}")
        except OSError as error:
            self.errors.append(repr(error))
        finally:
            self._clients.put_nowait(clients)

    async def _one(self, console: AsyncClient, radio: AsyncClient, choice: float) -> int:
        if choice < 1 / 3 or not (self._opened or self._moving):
            data = self.room.incident()
            answer = await console.command("incident.open", data)
            await self.answered(answer)
            self._opened.append(data["incident"])
            return answer.status
        if (choice < 2 / 3 or not self._moving) and self._opened and len(self.room.free) >= 3:
            incident, units = self._opened.pop(), self.room.take(3)
            answer = await console.command("incident.alarm", self.room.alarm(incident, units))
            await self.answered(answer)
            self._moving.append((incident, units, 0))
            return answer.status
        if not self._moving:
            return 200
        return await self._move(radio)

    async def answered(self, answer: Answer) -> None:
        """A console's command was answered; for who counts more than its time."""

    async def _move(self, radio: AsyncClient) -> int:
        """The next status of one alarm: each unit drives, arrives and is free again."""
        incident, units, step = self._moving.pop(0)
        unit, status = units[step % len(units)], (3, 4, 1)[step // len(units)]
        answer = await radio.post("/api/v1/radio/status", self.room.status(unit, status))
        if step + 1 < 3 * len(units):
            self._moving.append((incident, units, step + 1))
        else:
            self.room.give_back(units)
        return answer.status
