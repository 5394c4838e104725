"""Websocket listeners (RFC 6455) that cost a few microseconds a frame: two hundred consoles in one process."""

import asyncio
import base64
import os
import re
import struct
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_POS = re.compile(rb'"pos":(\d+)')
FRAME = b'{"t":"frame"'
HEADER_TEXT = 0x81
PING, CLOSE = 0x9, 0x8


def position(payload: bytes) -> int:
    """The position at the begin of a frame or snapshot, 0 if it has none: two hundred consoles read their own pictures
    on machines of their own, so this one must not do it for them."""
    found = _POS.search(payload, 0, 64)
    return int(found[1]) if found else 0


@dataclass
class Listener(asyncio.Protocol):
    """One console. ``frames``: (arrival in seconds since 1970, position, hash, payload or None) in order."""

    request: bytes
    keep: bool = False
    frames: list[tuple[float, int, int, bytes | None]] = field(default_factory=list)
    last_pos: int = 0
    closed: str = ""
    heard_at: float = 0.0  # monotonic
    up_to_date: "asyncio.Future[None] | None" = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""
        self.open = False
        self.up_to_date = asyncio.get_running_loop().create_future()
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        now, self.heard_at = time.time(), time.monotonic()
        self.buffer = self.buffer + data if self.buffer else data
        if not self.open:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.closed = head[:80].decode(errors="replace")
                self.transport.close()
                return
            self.open, self.buffer = True, rest
        self._frames(now)

    def _frames(self, now: float) -> None:
        buffer, at = self.buffer, 0
        while len(buffer) - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == 126:
                if len(buffer) - at < 4:
                    break
                length, start = struct.unpack_from(">H", buffer, at + 2)[0], at + 4
            elif length == 127:
                if len(buffer) - at < 10:
                    break
                length, start = struct.unpack_from(">Q", buffer, at + 2)[0], at + 10
            if len(buffer) - start < length:
                break
            self._take(buffer[at], buffer[start : start + length], now)
            at = start + length
        self.buffer = buffer[at:]

    def _take(self, first: int, payload: bytes, now: float) -> None:
        if first == HEADER_TEXT:
            self.last_pos = position(payload) or self.last_pos
            if payload.startswith(FRAME):
                self.frames.append((now, self.last_pos, hash(payload), payload if self.keep else None))
            if payload.startswith((b'{"t":"up-to-date"', b'{"t":"must-refetch"')):
                self._ready()
        elif first & 0xF == PING:
            self.transport.write(_masked(0x8A, payload))
        elif first & 0xF == CLOSE:
            self.closed = f"closed by the server: {payload[:2].hex()}"
            self.transport.close()

    def _ready(self) -> None:
        if self.up_to_date and not self.up_to_date.done():
            self.up_to_date.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = self.closed or f"lost: {exc!r}"
        if self.up_to_date and not self.up_to_date.done():
            self.up_to_date.set_exception(ConnectionError(self.closed))


def _masked(first: int, payload: bytes) -> bytes:
    mask = os.urandom(4)
    body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes([first, 0x80 | len(payload)]) + mask + body


async def connect(url: str, path: str, cookie: str = "", *, keep: bool = False, token: str = "") -> Listener:
    """Open one socket and wait until the server says that it is up to date. Raises ConnectionError, TimeoutError.

    token: a seat's, for a console that comes from another node and has no cookie here.
    """
    host, _colon, port = urlsplit(url).netloc.partition(":")
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        f"Origin: http://{host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *([f"Cookie: {cookie}"] if cookie else []),
        *([f"Sec-WebSocket-Protocol: leitstelle, seat.{token}"] if token else []),
    ]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    loop = asyncio.get_running_loop()
    transport, listener = await loop.create_connection(lambda: Listener(request, keep), host, int(port))
    assert listener.up_to_date is not None
    try:
        async with asyncio.timeout(20):
            await listener.up_to_date
    except BaseException:
        transport.abort()  # nobody else knows of it
        raise
    return listener
