"""Who is in which incident at the other nodes: told by the process ``link``, shown like those at this node's seats."""

import time
from collections.abc import Callable
from typing import Any

import orjson

from federation.notices import PRESENCE, PRESENCE_FAR, Listener, Sender
from leitstelle.console.hub import Hub

# The link says it again every few seconds while it hears from the others; afterwards nobody knows.
FORGET_SECONDS = 10.0


class Neighbours:
    """Once a second from the reader's thread; what concerns the hub is called in the event loop."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._listener = Listener(PRESENCE_FAR)
        self._sender = Sender()
        self._heard_at: float | None = None
        self._said: Any = None
        self._to_say: Any = None

    def beat(self, call: Callable[..., None]) -> None:
        """``call(function, *arguments)`` runs a function in the event loop."""
        far = self._listener.newest()
        if far is not None:
            self._heard_at = time.monotonic()
            call(self._hub.hear_far, orjson.loads(far))
        elif self._heard_at is not None and time.monotonic() - self._heard_at > FORGET_SECONDS:
            self._heard_at = None
            call(self._hub.hear_far, {})
        said, self._to_say = self._to_say, None
        if said is not None:
            self._sender.send(PRESENCE, orjson.dumps(said))
        call(self._look)

    def _look(self) -> None:
        own = self._hub.own_presence()
        if own != self._said:
            self._said = self._to_say = own
