"""One console's socket: admits it, sends what the hub queues, hears its signals. No database in here."""

import asyncio
import contextlib
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from leitstelle.accounts import roles, seats
from leitstelle.console.hub import CLOSE_REVOKED, Console, Hub
from leitstelle.console.reader import Reader, encode

hub = Hub()
MAX_FIELD = 64


@cache
def running_reader() -> Reader:
    """The process's reader, started with the first console."""
    reader = Reader(hub)
    reader.start()
    return reader


class ConsoleConsumer(AsyncWebsocketConsumer):
    """`/console/socket?after=<pos>`, authenticated by the seat token (see ``accounts.seats``)."""

    console: Console | None = None
    end_of_session: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        token = seats.token_of_socket(self.scope)
        content = seats.SeatToken.read(token)
        actor = await database_sync_to_async(seats.actor_of, thread_sensitive=False)(token)
        # A browser that offered words must get one back; the token itself is not said again.
        offered = seats.SUBPROTOCOL in self.scope.get("subprotocols", ())
        await self.accept(seats.SUBPROTOCOL if offered else None)
        if actor is None or content is None or not actor.roles & roles.CONSOLE:
            # Closed after accepting, so that the browser learns the code and asks for a new log-in.
            await self.close(CLOSE_REVOKED)
            return
        self.console = Console(actor, content.session)
        self.console.sender = asyncio.create_task(self._send_queue(self.console))
        # No socket outlives its session, however long it stays open.
        loop = asyncio.get_running_loop()
        self.end_of_session = loop.call_later(content.seconds_left(), self.console.close, CLOSE_REVOKED)
        after = parse_qs(self.scope["query_string"].decode("latin-1")).get("after", [""])[0]
        if after.isascii() and after.isdigit() and len(after) < 19:
            running_reader().join(self.console, int(after))
        else:
            running_reader()
            hub.join(self.console, [encode({"t": "must-refetch"})])

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Signals only; commands go by HTTP. Anything else is passed over."""
        with contextlib.suppress(orjson.JSONDecodeError, AttributeError):
            message: Any = orjson.loads(text_data or "")
            if self.console and message.get("t") == "here":
                incident, field = message.get("incident"), message.get("field")
                hub.here(
                    self.console,
                    incident[:MAX_FIELD] if isinstance(incident, str) else None,
                    field[:MAX_FIELD] if isinstance(field, str) else None,
                )

    async def disconnect(self, code: int) -> None:
        if self.end_of_session:
            self.end_of_session.cancel()
        if self.console:
            hub.leave(self.console)
            self.console.close(code)

    async def _send_queue(self, console: Console) -> None:
        try:
            while True:
                await self.send(text_data=await console.queue.get())
        except asyncio.CancelledError:
            if console in hub.consoles:  # cancelled by the hub: the browser is still there
                hub.leave(console)
                await self.close(console.close_code)
