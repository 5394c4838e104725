"""HTTP clients that cost less than what they measure: one keep-alive connection, no library in between."""

import asyncio
import re
import socket
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import orjson

TIMEOUT_SECONDS = 30.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SET_COOKIE = re.compile(rb"\r\nset-cookie: *([^=;\s]+)=([^;\r]*)", re.IGNORECASE)
_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')


class BadAnswer(Exception):
    """The server answered something that this measurement did not expect."""


@dataclass(slots=True)
class Answer:
    """status, headers as received, body, seconds from the first byte out to the last byte in."""

    status: int
    head: bytes
    body: bytes
    seconds: float

    def json(self) -> Any:
        return orjson.loads(self.body)

    def expect(self, *statuses: int) -> "Answer":
        """Itself. Raises BadAnswer for any other status."""
        if self.status not in statuses:
            raise BadAnswer(f"HTTP {self.status}: {self.body[:300].decode(errors='replace')}")
        return self


def request_bytes(method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def parse_head(head: bytes) -> tuple[int, int]:
    """Status and length of the body. Raises BadAnswer where the length is not told."""
    length = _LENGTH.search(head)
    status = int(head[9:12])
    if length is None and status != 304:
        raise BadAnswer(f"no Content-Length in {head[:200]!r}")
    return status, int(length[1]) if length else 0


class Client:
    """One blocking connection."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        parts = urlsplit(url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.headers = headers or {}
        self._socket: socket.socket | None = None

    def request(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """Send and wait. A connection that the server closed while idle is opened again, once."""
        raw = request_bytes(method, path, body, self.headers | (headers or {}))
        for attempt in (1, 2):
            fresh = self._socket is None
            try:
                return self._exchange(raw)
            except (ConnectionError, EOFError):
                self.close()
                if fresh or attempt == 2:
                    raise
        raise AssertionError

    def _exchange(self, raw: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(self.address, TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        self._socket.sendall(raw)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end]
        status, length = parse_head(head)
        parts = [data[end + 4 :]]
        missing = length - len(parts[0])
        while missing > 0:
            parts.append(self._more())
            missing -= len(parts[-1])
        return Answer(status, head, b"".join(parts), time.perf_counter() - began)

    def _more(self) -> bytes:
        assert self._socket is not None
        chunk = self._socket.recv(262_144)
        if not chunk:
            raise EOFError
        return chunk

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def post(self, path: str, value: Any) -> Answer:
        return self.request("POST", path, orjson.dumps(value), {"Content-Type": "application/json"})

    def command(self, name: str, data: dict[str, Any]) -> Answer:
        """A console's command."""
        return self.post(f"/console/command/{name}", {"command_id": str(uuid4()), "data": data})


class AsyncClient:
    """The same on asyncio: one connection, one request at a time."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        parts = urlsplit(url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.headers = headers or {}
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def request(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        kind = {"Content-Type": "application/json"} if body else {}
        raw = request_bytes(method, path, body, self.headers | kind | (headers or {}))
        for attempt in (1, 2):
            fresh = self._streams is None
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    return await self._exchange(raw)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.close()
                if fresh or attempt == 2:
                    raise
        raise AssertionError

    async def _exchange(self, raw: bytes) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self.address, limit=4_194_304)
        reader, writer = self._streams
        began = time.perf_counter()
        writer.write(raw)
        head = await reader.readuntil(b"\r\n\r\n")
        status, length = parse_head(head)
        body = await reader.readexactly(length) if length else b""
        return Answer(status, head, body, time.perf_counter() - began)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def post(self, path: str, value: Any, headers: dict[str, str] | None = None) -> Answer:
        return await self.request("POST", path, orjson.dumps(value), headers)

    async def command(self, name: str, data: dict[str, Any]) -> Answer:
        return await self.post(f"/console/command/{name}", {"command_id": str(uuid4()), "data": data})


@dataclass
class Login:
    """A dispatcher at a seat: the headers with which requests and sockets authenticate."""

    user: str
    seat: str
    cookie: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": self.cookie, "X-Leitstelle": "1"}


def log_in(url: str, user: str, password: str, seat: str) -> Login:
    """Log in through the form, as a person does. Raises BadAnswer."""
    client = Client(url)
    page = client.get("/login/").expect(200)
    token = _TOKEN.search(page.body)
    if token is None:
        raise BadAnswer("the log-in page has no token")
    cookies = dict(_SET_COOKIE.findall(page.head))
    form = {"csrfmiddlewaretoken": token[1].decode(), "username": user, "password": password, "seat": seat}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": _cookie(cookies), "Referer": f"{url}/"}
    done = client.request("POST", "/login/", urlencode(form | {"relieve": "1"}).encode(), headers).expect(302)
    cookies |= dict(_SET_COOKIE.findall(done.head))
    client.close()
    if b"seat" not in cookies:
        raise BadAnswer(f"{user} got no seat token")
    return Login(user, seat, _cookie({b"seat": cookies[b"seat"]}))


def _cookie(values: dict[bytes, bytes]) -> str:
    return "; ".join(f"{name.decode()}={value.decode()}" for name, value in values.items())
