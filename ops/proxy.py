"""A TCP proxy between nodes that misbehaves when told to: `python -m ops.proxy CONTROL_PORT`.

Every route is one listening port in front of one node's link. What goes wrong is said per *way*, that is for the bytes
from one node to another, whoever dialled. Orders come as lines of JSON over the control port, each answered by a line
after it is in force:

    {"do": "route", "source": "jena", "target": "gera", "to": 8012, "listen": 0}     -> {"port": 40123}
    {"do": "close", "listen": 40123}                                                 -> {}
    {"do": "fault", "source": "jena", "target": "gera", "fault": {"delay_ms": 200}}  -> {}
    {"do": "count"}                                          -> {"bytes": {"jena>gera": 12}, "connections": 1}

A route without a source serves everybody; who dials is found out by the dialler's process. Only loopback is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import struct
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from ops.dialler import node_of_port

CHUNK = 65_536
HELD_BYTES = 1_048_576
"""What may be under way in one direction of a connection; beyond it the sender waits, as at a full window."""
REPEAT_SECONDS = 0.2
"""The shortest time after which Linux sends a lost segment again (RFC 6298 with Linux' own minimum)."""
RESET = struct.pack("ii", 1, 0)


@dataclass
class Fault:
    """What happens to the bytes of one way. The default: nothing.

    cut: connections are refused and dropped. silent: nothing arrives and nobody is told, until it is over.
    delay_ms, jitter_ms: each chunk waits that long, give or take. loss: share of chunks that must be sent twice.
    rate: bytes per second, 0 for no limit. flip: so many of the next chunks arrive with one bit changed.
    truncate: so many of the next chunks arrive by half, and their connection ends there.
    """

    cut: bool = False
    silent: bool = False
    delay_ms: float = 0
    jitter_ms: float = 0
    loss: float = 0
    rate: float = 0
    flip: int = 0
    truncate: int = 0


class Way:
    """All bytes from one node to another: their fault, and how many have arrived."""

    def __init__(self, name: str) -> None:
        self.fault = Fault()
        self.heard = asyncio.Event()
        self.heard.set()
        self.bytes = 0
        self.random = random.Random(name)
        self._free_at = 0.0

    def put(self, fault: Fault) -> None:
        self.fault = fault
        (self.heard.clear if fault.silent else self.heard.set)()

    def due(self, size: int, now: float) -> float:
        """When a chunk of `size` bytes sent `now` arrives, if nobody is silent."""
        fault = self.fault
        wait = max(0.0, fault.delay_ms + self.random.uniform(-fault.jitter_ms, fault.jitter_ms)) / 1000
        if fault.loss and self.random.random() < fault.loss:
            wait += REPEAT_SECONDS
        if not fault.rate:
            return now + wait
        self._free_at = max(now, self._free_at) + size / fault.rate
        return self._free_at + wait

    def spoil(self, data: bytes) -> tuple[bytes, bool]:
        """The chunk as it arrives, and whether the connection goes on."""
        if data and self.fault.truncate:
            self.fault.truncate -= 1
            return data[: len(data) // 2], False
        if data and self.fault.flip:
            self.fault.flip -= 1
            changed = bytearray(data)
            changed[len(data) // 2] ^= 1 << self.random.randrange(7)
            return bytes(changed), True
        return data, True


class Pipe:
    """One direction of one connection. Order is kept whatever the delays."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way) -> None:
        self.reader = reader
        self.writer = writer
        self.way = way
        self._held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._held_bytes = 0
        self._room = asyncio.Event()

    async def run(self) -> None:
        """Until the sender's end has arrived at the receiver. Raises ConnectionError when the end came too early."""
        taking = asyncio.create_task(self._take())
        try:
            await self._give()
        finally:
            taking.cancel()

    async def _take(self) -> None:
        loop = asyncio.get_running_loop()
        last = 0.0
        while True:
            try:
                data = await self.reader.read(CHUNK)
            except OSError:
                data = b""
            last = max(last, self.way.due(len(data), loop.time()))
            self._held_bytes += len(data)
            self._held.put_nowait((last, data))
            if not data:
                return
            while self._held_bytes > HELD_BYTES:
                self._room.clear()
                await self._room.wait()

    async def _give(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await self._held.get()
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            await self.way.heard.wait()
            self._held_bytes -= len(data)
            self._room.set()
            arriving, goes_on = self.way.spoil(data)
            if not data:
                with contextlib.suppress(OSError):
                    self.writer.write_eof()
                return
            self.writer.write(arriving)
            await self.writer.drain()
            self.way.bytes += len(arriving)
            if not goes_on:
                raise ConnectionError


@dataclass
class Route:
    """A port in front of a node. The port stays ours while nobody may connect."""

    source: str
    target: str
    to: int
    holder: socket.socket
    server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        return int(self.holder.getsockname()[1])


@dataclass(eq=False)
class Connection:
    """A connection that is open, with both its ends."""

    source: str
    target: str
    ends: list[asyncio.StreamWriter] = field(default_factory=list)

    def reset(self) -> None:
        """End it at once and impolitely, as a router does that no longer knows the way."""
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.transport.abort()


class Proxy:
    """All routes and ways of one network."""

    def __init__(self) -> None:
        self.ways: dict[tuple[str, str], Way] = {}
        self.routes: list[Route] = []
        self.connections: set[Connection] = set()

    def way(self, source: str, target: str) -> Way:
        return self.ways.setdefault((source, target), Way(f"{source}>{target}"))

    # -- orders

    async def route(self, source: str, target: str, to: int, listen: int = 0) -> dict[str, Any]:
        """Open a port in front of `target`. Raises OSError when `listen` is taken."""
        route = Route(source, target, to, _bound(listen))
        self.routes.append(route)
        await self._settle(route)
        return {"port": route.port}

    async def close(self, listen: int) -> dict[str, Any]:
        """Close the port `listen` for good; connections through it end when their ends do."""
        for route in [route for route in self.routes if route.port == listen]:
            if route.server is not None:
                route.server.close()
            route.holder.close()
            self.routes.remove(route)
        return {}

    async def fault(self, source: str, target: str, fault: dict[str, Any]) -> dict[str, Any]:
        """Put `fault` on a way in place of what was there. Raises TypeError for words it does not know."""
        self.way(source, target).put(Fault(**fault))
        for route in self.routes:
            if {route.source, route.target} == {source, target}:
                await self._settle(route)
        for connection in list(self.connections):
            if self._is_cut(connection.source, connection.target):
                connection.reset()
        return {}

    async def count(self) -> dict[str, Any]:
        """What has passed."""
        passed = {f"{source}>{target}": way.bytes for (source, target), way in self.ways.items()}
        return {"bytes": passed, "connections": len(self.connections)}

    # -- inner works

    def _is_cut(self, one: str, other: str) -> bool:
        return self.way(one, other).fault.cut or self.way(other, one).fault.cut

    async def _settle(self, route: Route) -> None:
        """Listen or do not: a closed port refuses, and the caller knows that nothing has arrived."""
        refuse = bool(route.source) and self._is_cut(route.source, route.target)
        if refuse and route.server is not None:
            route.server.close()
            route.server = None
        elif not refuse and route.server is None:
            listener = _bound(route.port)

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await self._serve(route, reader, writer)

            route.server = await asyncio.start_server(serve, sock=listener)

    async def _serve(self, route: Route, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source = route.source or await asyncio.to_thread(node_of_port, writer.get_extra_info("peername")[1])
        there, back = self.way(source, route.target), self.way(route.target, source)
        connection = Connection(source, route.target, [writer])
        self.connections.add(connection)
        try:
            if self._is_cut(source, route.target):
                return
            if not (there.heard.is_set() and back.heard.is_set()):
                # The first word gets no answer. When it is over, the dialler has to dial anew.
                await there.heard.wait()
                await back.heard.wait()
                return
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", route.to)
            connection.ends.append(up_writer)
            await _both(Pipe(reader, up_writer, there).run(), Pipe(up_reader, writer, back).run())
            for end in connection.ends:
                end.close()
        except OSError:
            pass
        finally:
            self.connections.discard(connection)
            if not writer.is_closing():
                connection.reset()

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one who gives orders."""
        orders: dict[str, Callable[..., Coroutine[Any, Any, dict[str, Any]]]] = {
            "route": self.route,
            "close": self.close,
            "fault": self.fault,
            "count": self.count,
        }
        while line := await reader.readline():
            try:
                words = json.loads(line)
                answer = await orders[words.pop("do")](**words)
            except (OSError, TypeError, ValueError, KeyError) as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()


async def _both(one: Coroutine[Any, Any, None], other: Coroutine[Any, Any, None]) -> None:
    """Until both are done, or the first fails: then the other is cancelled. Raises the failure."""
    tasks = [asyncio.create_task(one), asyncio.create_task(other)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _bound(port: int) -> socket.socket:
    """A socket on `port` (0: any) beside which only this process's own may be bound."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", port))
    return bound


async def main(port: int) -> None:
    proxy = Proxy()
    server = await asyncio.start_server(proxy.control, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
