"""The one reader of a sockets process: a thread that follows the journal and hands encoded frames to the hub.

It owns its database connection; no consumer touches the database, so a slow query delays frames and never the sockets.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from django.db import close_old_connections, connection
from django.db.utils import DatabaseError, InterfaceError
from django.utils import timezone

from journal import tail
from journal.record import head
from leitstelle.console import network, picture
from leitstelle.console.hub import CLOSE_RESTART, CLOSE_REVOKED, Console, Hub
from leitstelle.console.neighbours import Neighbours
from resources.models import SeatSession

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
# Entries that come closer together than this share a frame: sending to 200 consoles takes some 8 ms, and a burst of
# small frames would keep the process from everything else. The first entry after a pause does not wait.
FRAME_GAP_SECONDS = 0.02
RETRY_SECONDS = 0.5


def encode(value: dict[str, Any]) -> str:
    return picture.encoded(value).decode()


class Reader:
    """Start it once per process, on the event loop that serves the consoles."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.cursor = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._joining: deque[tuple[Console, int]] = deque()
        # For whom frames are encoded: also for a console that this thread has let in and the hub has yet to add.
        self._centres = {""}
        self._positions: dict[str, dict[str, Any]] = {}
        self._neighbours = Neighbours(hub)
        self._next_beat = 0.0
        self._next_frame = 0.0

    def start(self) -> None:
        """Begin to follow, at today's head. Call from the event loop."""
        self._loop = asyncio.get_running_loop()
        for target in (self._read_for_ever, self._wait_for_hints):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def join(self, console: Console, after: int) -> None:
        """Bring ``console``, which has everything up to ``after``, to the head, then keep it there."""
        self._joining.append((console, after))
        self._wake.set()

    def _wait_for_hints(self) -> None:
        waker = tail.Waker()
        while not self._stop.is_set():
            waker.wait(self._stop)
            self._wake.set()

    def _read_for_ever(self) -> None:
        """An error of the database is an outage to live through: the consoles see their data age meanwhile."""
        started = False
        while not self._stop.is_set():
            try:
                if not started:
                    self.cursor = head()
                    started = True
                self._turn()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("the database does not answer, trying again: %s", error)
                connection.close()
                self._stop.wait(RETRY_SECONDS)
            except Exception:
                # A frame that cannot be built must not leave consoles waiting in silence: they start again.
                logger.exception("a frame could not be built; all consoles start afresh")
                self._call(self.hub.close_all, CLOSE_RESTART)
                started = False
                self._stop.wait(RETRY_SECONDS)
        connection.close()

    def _turn(self) -> None:
        self._wake.wait(max(0.0, self._next_beat - time.monotonic()))
        self._stop.wait(max(0.0, self._next_frame - time.monotonic()))
        self._wake.clear()
        close_old_connections()
        frames = self._frames(self.cursor)
        if frames is not None:
            self._call(self.hub.broadcast, frames)
            self._next_frame = time.monotonic() + FRAME_GAP_SECONDS
        self._admit()
        if time.monotonic() >= self._next_beat:
            self._next_beat = time.monotonic() + BEAT_SECONDS
            self._beat()

    def _frames(self, cursor: int) -> dict[str, str] | None:
        """The next frame after ``cursor`` for each centre, which also moves the reader; None at the head."""
        with tail.snapshot():
            entries = tail.after(cursor)
            if not entries:
                return None
            change = picture.Change(entries)
            centres = {console.centre for console in tuple(self.hub.consoles)} | self._centres
            frames = {centre: encode(change.frame(centre)) for centre in centres}
        self.cursor = change.pos
        for session in SeatSession.objects.filter(pk__in=change.ended_sessions):
            self._call(self.hub.close_seat, str(session.user_id), session.seat_id)
        for user in change.locked_users:
            self._call(self.hub.close_user, user)
        if len(entries) >= tail.BATCH:
            self._wake.set()  # there is more
        return frames

    def _admit(self) -> None:
        """Consoles that joined: those with the same cursor share one reading."""
        catch_up: dict[tuple[int, str], list[str]] = {}
        while self._joining:
            console, after = self._joining[0]  # stays until it is in: the database may fail just now
            self._centres.add(console.centre)
            key = (after, console.centre)
            if key not in catch_up:
                catch_up[key] = self._catch_up(after, console.centre)
            self._call(self.hub.join, console, catch_up[key])
            if not _still_seated(console):
                # Left between the log-in's check and here: the frame that told so found nobody to close.
                self._call(console.close, CLOSE_REVOKED)
            self._joining.popleft()

    def _catch_up(self, after: int, centre: str) -> list[str]:
        done = encode({"t": "up-to-date", "pos": self.cursor})
        if after == self.cursor:
            return [done]
        if after > self.cursor or self.cursor - after > picture.MAX_CATCH_UP:
            return [encode({"t": "must-refetch"})]
        with tail.snapshot():
            entries = [e for e in tail.after(after, limit=picture.MAX_CATCH_UP) if e.pos <= self.cursor]
            return [encode(picture.Change(entries).frame(centre)), done]

    def _beat(self) -> None:
        now = timezone.now()
        self._call(self.hub.to_all, encode({"t": "beat", "pos": self.cursor, "now": now}))
        links = network.beat(console.centre for console in tuple(self.hub.consoles))
        if links:
            self._call(self.hub.broadcast, {centre: encode(message) for centre, message in links.items()})
        current = picture.positions()
        moved = {unit: view for unit, view in current.items() if self._positions.get(unit) != view}
        if moved and self._positions:
            self._call(self.hub.to_all, encode({"t": "positions", "units": moved}))
        self._positions = current
        self._neighbours.beat(self._call)
        self._call(self._tell_presence)

    def _tell_presence(self) -> None:
        if self.hub.presence_changed:
            self.hub.presence_changed = False
            self.hub.to_all(encode({"t": "presence", "incidents": self.hub.presence()}))

    def _call(self, function: Callable[..., None], *args: Any) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(function, *args)


def _still_seated(console: Console) -> bool:
    """A session this node has not heard of yet is no ended one, see ``accounts.seats``."""
    return not SeatSession.objects.filter(pk=console.session, ended_at__isnull=False).exists()
