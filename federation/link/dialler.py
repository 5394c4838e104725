"""Keeps a line to one peer: dials, waits for its end, dials again."""

import asyncio
import logging
import random
import ssl
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from federation import tls
from federation.link.line import LIMITS, Carrier, Line

logger = logging.getLogger(__name__)

PATH = "/federation/link"
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0
OPEN_SECONDS = 3.0
STEADY_SECONDS = 3.0
CLOSE_SECONDS = 0.5


class Dialler:
    """Runs until ``stop``. ``dialled`` makes a line of a connection, ``failed`` is told why there is none."""

    def __init__(
        self,
        peer: str,
        url: str,
        dialled: Callable[[str, Carrier], Line | None],
        failed: Callable[[str, str], None],
    ) -> None:
        self.peer, self.url = peer, url
        self._dialled, self._failed = dialled, failed
        self._line: Line | None = None
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        if self._line is not None:
            self._line.hang_up("bye", "not dialled any more")
        self._task.cancel()

    async def _run(self) -> None:
        """Full jitter (0 to the longest pause, which doubles), so that nodes cut off together do not dial in phase."""
        longest = 0.0
        while True:
            await asyncio.sleep(random.uniform(0, longest))
            longest = min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, 2 * longest))
            begun = asyncio.get_running_loop().time()
            if await self._once() and asyncio.get_running_loop().time() - begun > STEADY_SECONDS:
                longest = 0.0  # it was up: the first attempt after a loss is at once

    async def _once(self) -> bool:
        """One connection to its end. Whether the peer had proven itself."""
        try:
            socket = await connect(
                self.url + PATH,
                ssl=tls.client_context() if self.url.startswith("wss:") else None,
                compression=None,
                max_size=LIMITS.frame_bytes,
                ping_interval=None,  # the protocol's own beat is quicker
                open_timeout=OPEN_SECONDS,
                close_timeout=CLOSE_SECONDS,
                proxy=None,
            )
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI, EOFError, ValueError) as error:
            self._failed(self.peer, f"{_code(error)}: {type(error).__name__}: {error}")
            return False
        line = self._dialled(self.peer, Carrier(socket.send, socket.close))
        if line is None:
            await socket.close()
            return False
        self._line = line
        try:
            await self._listen(socket, line)
        finally:
            self._line = None
        if not line.up:
            self._failed(self.peer, line.error)
        return line.up is not None

    async def _listen(self, socket: ClientConnection, line: Line) -> None:
        listening = asyncio.ensure_future(self._hear(socket, line))
        ended = asyncio.ensure_future(line.ended.wait())
        try:
            await asyncio.wait((listening, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
            ended.cancel()
            line.lost()

    async def _hear(self, socket: ClientConnection, line: Line) -> None:
        try:
            while True:
                line.hear(await socket.recv())
        except ConnectionClosed as error:
            line.error = line.error or f"broken: {error}"[:200]


def _code(error: Exception) -> str:
    """Why no connection came about, in one word for the consoles."""
    if isinstance(error, ssl.SSLError):
        return "certificate"
    if isinstance(error, ConnectionRefusedError):
        return "nobody"
    if isinstance(error, OSError):  # a time-out among them
        return "unreachable"
    return "garbled"
