"""The accepting end: a peer dials `/federation/link` and proves itself by the protocol, or gets nothing."""

from functools import cache

from channels.generic.websocket import AsyncWebsocketConsumer

from federation.link.exchange import Exchange
from federation.link.line import Carrier, Line

CLOSE_LATER = 1013


@cache
def exchange() -> Exchange:
    """The process's one exchange."""
    return Exchange()


class LinkConsumer(AsyncWebsocketConsumer):
    """No cookies, no users, no groups: who is there is a matter of the protocol's signatures."""

    line: Line | None = None

    async def connect(self) -> None:
        # Browsers name their page's origin; nodes have none. A page must not even begin to talk here.
        if any(name == b"origin" for name, _value in self.scope["headers"]):
            await self.close()
            return
        await self.accept()
        self.line = exchange().accept(Carrier(self._send, self._close))
        if self.line is None:
            await self.close(CLOSE_LATER)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.line is not None:
            self.line.hear(bytes_data if bytes_data is not None else text_data or "")

    async def disconnect(self, code: int) -> None:
        if self.line is not None:
            self.line.lost()

    async def _send(self, frame: bytes) -> None:
        await self.send(bytes_data=frame)

    async def _close(self) -> None:
        await self.close()
