"""One session on one carrier: what the session asks for becomes work, what comes of it goes back into the session."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import DatabaseError

from federation.link import frames, work
from federation.link.work import Gone
from federation.protocol import (
    Alarm,
    Close,
    Effect,
    Have,
    Limits,
    Mark,
    Read,
    Restored,
    Secured,
    Send,
    Session,
    Signal,
    Store,
    Up,
)

logger = logging.getLogger(__name__)

# A frame of the carrier is 4 MiB at most (the process's --ws-max-size), so one row has to be a little smaller.
LIMITS = Limits(row_bytes=4 * 1024 * 1024 - 64 * 1024)
# Before anything is proven nobody needs more than a name, a nonce and a signature.
STRANGER_FRAMES, STRANGER_BYTES = 2, 16 * 1024
# Signals wait when so much is queued already; a peer that takes nothing any more is let go.
CONGESTED_BYTES = 256 * 1024
MAX_QUEUED_BYTES = 3 * LIMITS.unacked_bytes
FAREWELL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Carrier:
    """Something that carries whole frames in order: an accepted or a dialled websocket."""

    send: Callable[[bytes], Awaitable[None]]
    close: Callable[[], Awaitable[None]]


class Office(Protocol):
    """What a line needs of the process around it (``exchange.Exchange``)."""

    threads: work.Threads

    def risen(self, line: "Line", up: Up) -> None: ...
    def known(self, line: "Line") -> None: ...
    def fallen(self, line: "Line") -> None: ...
    def stored(self, line: "Line", have: Have) -> None: ...
    def secured(self, line: "Line", mark: Mark) -> None: ...
    def signalled(self, line: "Line", signal: Signal) -> None: ...
    def restored(self, line: "Line", effect: Restored) -> None: ...


class Line:
    """Towards one peer, from the first frame to the end. Everything here runs in the event loop."""

    def __init__(self, office: Office, session: Session, carrier: Carrier) -> None:
        self.office = office
        self.session = session
        self.up: Up | None = None
        self.error = ""
        self.secured: Mark | None = None
        self.ended = asyncio.Event()
        self.told_positions: dict[str, int] = {}
        self.told_presence: dict[str, float] = {}
        self._carrier = carrier
        self._frames_heard = 0
        self._known = False
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._ready = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._sender = self._loop.create_task(self._send_queue())

    @property
    def peer(self) -> str:
        """Who is proven to be at the other end; "" before that."""
        return self.up.peer if self.up else ""

    @property
    def now(self) -> float:
        return self._loop.time()

    def open(self) -> None:
        self.do(self.session.open(self.now, time.time()))

    def hear(self, frame: bytes | str) -> None:
        """The carrier brought a frame."""
        self._frames_heard += 1
        if self._frames_heard <= STRANGER_FRAMES and len(frame) > STRANGER_BYTES:
            self.hang_up("refused", "a stranger with a large frame")
            return
        try:
            message: Any = frames.unpack(frame)
        except frames.Damaged:
            message = None  # the session knows what to think of it
        self.do(self.session.receive(message, self.now))
        if self.up and not self._known and self.session.status.vitals:
            self._known = True
            self.office.known(self)

    def do(self, effects: Iterable[Effect]) -> None:
        """Carry out what the session asks for, in order."""
        for effect in effects:
            self._carry_out(effect)
        self._arm()

    def hang_up(self, code: str, reason: str) -> None:
        """End from our side. The peer gets what is queued, within half a second."""
        if not self.ended.is_set():
            self.error = f"{code}: {reason}"[:200]
            logger.warning("the line to %s ends: %s", self.peer or "a stranger", self.error)
            self._end()
            self._going = self._loop.create_task(self._farewell())

    def lost(self) -> None:
        """The carrier is gone."""
        if not self.ended.is_set():
            self.error = self.error or "broken: without a word"
            self._end()
            self._sender.cancel()

    # --- effects -----------------------------------------------------------------------------------------------------
    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Send(message):
                self._put(frames.pack(message))
            case Read():
                self._start(self._read(effect))
            case Store(rows):
                self._start(self._store(rows))
            case Secured(incarnation, seq):
                self.secured = Mark(incarnation, seq, "")
                self.office.secured(self, self.secured)
            case Signal():
                self.office.signalled(self, effect)
            case Up():
                self.up = effect
                self.office.risen(self, effect)
            case Restored():
                self.office.restored(self, effect)
            case Alarm(code, detail, origin, incarnation, seq):
                self.error = f"{code}: {origin}/{incarnation}/{seq}: {detail}"[:200]
                logger.error("line to %s: %s", self.peer, self.error)
            case Close(code, reason):
                self.hang_up(code, reason)

    async def _read(self, what: Read) -> None:
        rows = await work.run(self.office.threads.read, work.read, what)
        self.do(self.session.read(what.origin, what.incarnation, what.after, rows, self.now))

    async def _store(self, rows: tuple[Any, ...]) -> None:
        try:
            have = await work.run(self.office.threads.store, work.store, rows)
        except (ValueError, DatabaseError) as error:
            self.do(self.session.refused(f"{type(error).__name__}: {error}"[:500], self.now))
        else:
            self.office.stored(self, have)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(self._guarded(coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            await coroutine
        except Gone as error:
            self.hang_up("database", f"our database does not answer: {error}")
        except Exception as error:
            # A defect must not leave a line that looks alive and moves nothing.
            logger.exception("line to %s", self.peer)
            self.hang_up("defect", type(error).__name__)

    # --- time and carrier --------------------------------------------------------------------------------------------
    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if not self.ended.is_set() and not self.session.closed:
            self._timer = self._loop.call_at(self.session.next_tick, self._tick)

    def _tick(self) -> None:
        self.do(self.session.tick(self.now, time.time()))

    def _put(self, frame: bytes) -> None:
        self._queue.append(frame)
        self._queued += len(frame)
        self._ready.set()
        self.session.congested = self._queued > CONGESTED_BYTES
        if self._queued > MAX_QUEUED_BYTES:
            self.hang_up("slow", "the peer takes nothing any more")

    async def _send_queue(self) -> None:
        """Hand frames to the carrier, which makes us wait when the peer does not read."""
        while not (self.ended.is_set() and not self._queue):
            if not self._queue:
                self._ready.clear()
                await self._ready.wait()
                continue
            frame = self._queue.popleft()
            self._queued -= len(frame)
            self.session.congested = self._queued > CONGESTED_BYTES
            try:
                await self._carrier.send(frame)
            except Exception as error:
                # Each library has errors of its own for a connection that is gone, and all mean the same.
                self.error = self.error or f"broken: {type(error).__name__}"
                self._queue.clear()
                self._end()

    def _end(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self._ready.set()
            if self._timer:
                self._timer.cancel()
            for task in self._tasks:
                if task is not asyncio.current_task():
                    task.cancel()
            self.office.fallen(self)

    async def _farewell(self) -> None:
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(self._sender, FAREWELL_SECONDS)
        with contextlib.suppress(Exception):  # as above; it is closed either way
            await self._carrier.close()
