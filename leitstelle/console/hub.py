"""Fan-out inside one process: a frame is encoded once and put into each console's bounded queue.

A channel layer's groups would drop above their capacity, forget a member after 24 h and take ten times as long. Here a
console that does not read is closed and starts again from the journal; it never slows the others or the writer.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from journal.actor import Actor
from leitstelle.accounts import seats

# About ten seconds of a storm; beyond it a new snapshot is cheaper for both sides.
QUEUE_FRAMES = 256

logger = logging.getLogger(__name__)

CLOSE_REVOKED = 4401
CLOSE_TOO_SLOW = 4408
CLOSE_RESTART = 1012

Presence = dict[str, list[dict[str, str | None]]]


@dataclass(eq=False, slots=True)
class Console:
    """One connected console. ``sender`` empties the queue into the socket; cancelling it closes the socket with
    ``close_code``, even while a send waits for a browser that does not read."""

    actor: Actor
    session: UUID
    queue: "asyncio.Queue[str]" = field(default_factory=lambda: asyncio.Queue(QUEUE_FRAMES))
    sender: "asyncio.Task[None] | None" = None
    close_code: int = 0
    incident: str | None = None
    typing: str | None = None

    @property
    def centre(self) -> str:
        """Whose calls it shows; empty: those of all."""
        return seats.calls_of(self.actor)

    def put(self, frame: str) -> None:
        """Never waits: a full queue closes the console."""
        try:
            self.queue.put_nowait(frame)
        except asyncio.QueueFull:
            logger.warning("a console does not read and has to start again: %s %s", self.actor.seat, self.actor.name)
            self.close(CLOSE_TOO_SLOW)

    def close(self, code: int) -> None:
        if not self.close_code:
            self.close_code = code
            if self.sender:
                self.sender.cancel()


class Hub:
    """All consoles of this process. Touched only from the event loop's thread."""

    def __init__(self) -> None:
        self.consoles: set[Console] = set()
        self.presence_changed = False
        self._far: dict[str, Presence] = {}

    def join(self, console: Console, frames: Iterable[str]) -> None:
        """From now on the console gets everything; ``frames`` bring it here."""
        for frame in frames:
            console.put(frame)
        self.consoles.add(console)

    def leave(self, console: Console) -> None:
        self.consoles.discard(console)
        self.presence_changed = self.presence_changed or console.incident is not None

    def broadcast(self, frames: dict[str, str]) -> None:
        """``frames``: text by centre; the empty centre is that of actors who work for all."""
        for console in tuple(self.consoles):
            frame = frames.get(console.centre)
            if frame is not None:
                console.put(frame)

    def to_all(self, frame: str) -> None:
        for console in tuple(self.consoles):
            console.put(frame)

    def close_seat(self, user: str, seat: str) -> None:
        """The seat was left or revoked: its sockets end."""
        for console in tuple(self.consoles):
            if console.actor.id == user and console.actor.seat == seat:
                console.close(CLOSE_REVOKED)

    def close_user(self, user: str) -> None:
        """The log-in was locked, or lost its roles: its sockets end, wherever it sits."""
        for console in tuple(self.consoles):
            if console.actor.id == user:
                console.close(CLOSE_REVOKED)

    def close_all(self, code: int) -> None:
        for console in tuple(self.consoles):
            console.close(code)

    def here(self, console: Console, incident: str | None, typing: str | None) -> None:
        """A signal: this console looks at ``incident`` and types in field ``typing``; newest wins."""
        if (console.incident, console.typing) != (incident, typing):
            console.incident, console.typing = incident, typing
            self.presence_changed = True

    def hear_far(self, far: "dict[str, Presence]") -> None:
        """Presence at the other nodes, by node."""
        if far != self._far:
            self._far = far
            self.presence_changed = True

    def presence(self) -> Presence:
        """Who is in which incident, by incident, at whatever node."""
        result = self.own_presence()
        for there in self._far.values():
            for incident, people in there.items():
                known = result.setdefault(incident, [])
                known += [person for person in people if person not in known]
        return result

    def own_presence(self) -> Presence:
        """Who is in which incident at the consoles of this process."""
        result: Presence = {}
        for console in self.consoles:
            if console.incident:
                person = {"seat": console.actor.seat, "name": console.actor.name, "field": console.typing}
                if person not in result.setdefault(console.incident, []):
                    result[console.incident].append(person)
        return result
