"""A simulated colleague's place: logged in like a person, seeing what the console sees, acting by its commands."""

import asyncio
import logging
import re
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx
import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin

logger = logging.getLogger(__name__)

TOKEN: Final = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
RETRIES: Final = 40
PAUSE_SECONDS: Final = 1.5
KINDS: Final = ("calls", "incidents", "units", "seats")


class NotSeated(Exception):
    """The log-in or the seat was refused."""


@dataclass(slots=True)
class Place:
    """A log-in at a seat. Make it with ``Place.take``."""

    http: httpx.AsyncClient
    user: str
    seat: str
    centre: str = ""

    @classmethod
    async def take(cls, url: str, user: str, password: str, seat: str) -> "Place":
        """Log in and sit down; never relieves anybody. Raises NotSeated."""
        http = httpx.AsyncClient(base_url=url, timeout=10, trust_env=False, headers={"X-Leitstelle": "1"})
        page = await http.get("/login/")
        token = TOKEN.search(page.text)
        form = {"username": user, "password": password, "seat": seat}
        if token is not None:
            form["csrfmiddlewaretoken"] = token[1]
        answer = await http.post("/login/", data=form, headers={"Referer": url})
        if "seat" not in http.cookies:
            await http.aclose()
            raise NotSeated(f"{user} an {seat}: {answer.status_code}")
        return cls(http, user, seat)

    async def leave(self) -> None:
        """Free the seat; a node that is gone already frees it by age."""
        try:
            await self.http.post("/logout/")
        except httpx.HTTPError as error:
            logger.info("%s: %s", self.seat, type(error).__name__)
        await self.http.aclose()

    async def command(self, name: str, **data: Any) -> dict[str, Any]:
        """A command and its answer; repeated under one number until it is answered."""
        body = {"command_id": str(uuid4()), "data": data}
        return await self._ask("POST", f"/console/command/{name}", json=body)

    async def proposal(self, incident: str) -> dict[str, Any]:
        """Who should go to an incident."""
        return await self._ask("POST", "/console/proposal", json={"incident": incident})

    async def snapshot(self) -> dict[str, Any]:
        """What the console shows."""
        return await self._ask("GET", "/console/snapshot")

    async def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        for _ in range(RETRIES):
            try:
                response = await self.http.request(method, path, **content)
                if response.status_code < 500:
                    answer: dict[str, Any] = orjson.loads(response.content)
                    if response.is_error:
                        logger.info("%s %s: %s", self.seat, path, answer)
                    return answer
            except (httpx.TransportError, orjson.JSONDecodeError) as error:
                logger.info("%s %s: %s", self.seat, path, type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)
        raise NotSeated(f"{path}: keine Antwort")


@dataclass(slots=True)
class Eyes:
    """What the consoles of one centre show, kept up to date through the socket of one of its places."""

    place: Place
    calls: dict[str, Any] = field(default_factory=dict)
    incidents: dict[str, Any] = field(default_factory=dict)
    units: dict[str, Any] = field(default_factory=dict)
    seats: dict[str, Any] = field(default_factory=dict)

    async def look(self) -> None:
        """Take a snapshot. Raises NotSeated if the log-in is no longer good."""
        await self._snapshot()

    async def watch(self) -> None:
        """Follow the socket until cancelled; starts anew whenever it breaks."""
        while True:
            pos, url = await self._snapshot()
            try:
                await self._follow(f"{url}?after={pos}")
            except (OSError, WebSocketException) as error:
                logger.info("Verbindung %s: %s", self.place.seat, type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _snapshot(self) -> tuple[int, str]:
        snapshot = await self.place.snapshot()
        if "pos" not in snapshot:
            raise NotSeated(f"{self.place.seat}: {snapshot.get('reason', 'kein Bild')}")
        for kind in KINDS:
            setattr(self, kind, snapshot[kind])
        self.place.centre = snapshot["me"]["centre"]
        return snapshot["pos"], snapshot["sockets_url"]

    async def _follow(self, url: str) -> None:
        cookie = "; ".join(f"{name}={value}" for name, value in self.place.http.cookies.items())
        origin = str(self.place.http.base_url).rstrip("/")
        headers = {"Cookie": cookie}
        async with connect(url, origin=Origin(origin), additional_headers=headers, max_size=None, proxy=None) as socket:
            async for text in socket:
                message = orjson.loads(text)
                if message["t"] == "must-refetch":
                    return
                if message["t"] == "frame":
                    self._apply(message)

    def _apply(self, frame: dict[str, Any]) -> None:
        """The rule of the console's protocol: a view replaces the object, null removes it."""
        for kind in KINDS:
            objects = getattr(self, kind)
            for ident, view in (frame.get(kind) or {}).items():
                if view is None:
                    objects.pop(ident, None)
                else:
                    objects[ident] = view
