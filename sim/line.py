"""One session of the real protocol on a simulated connection: what it asks for is done in the node's database."""

import math
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import orjson

from federation.link import work
from federation.protocol import (
    Alarm,
    Close,
    Effect,
    Have,
    Read,
    Restored,
    Row,
    Secured,
    Send,
    Session,
    Signal,
    Store,
    Up,
)
from sim.events import Events
from sim.machine import Job, Machine
from sim.wires import Way

READ_SECONDS = 0.002
STORE_SECONDS = 0.005


class House(Protocol):
    """The process around the line."""

    machine: Machine
    events: Events

    def risen(self, line: "Line", up: Up) -> None: ...
    def fallen(self, line: "Line") -> None: ...
    def stored(self, line: "Line", have: Have, rows: tuple[Row, ...]) -> None: ...
    def secured(self, line: "Line", incarnation: int, seq: int) -> None: ...
    def restored(self, line: "Line", effect: Restored) -> None: ...
    def alarmed(self, line: "Line", alarm: Alarm) -> None: ...
    def defect(self, error: Exception) -> None: ...


class Line:
    """Towards one peer, from the first frame to the end."""

    def __init__(self, house: House, peer: str, session: Session) -> None:
        self.house = house
        self.peer = peer
        self.session = session
        self.up = False
        self.ended = False
        self.out: Way | None = None
        self._tick_at = math.inf

    @property
    def now(self) -> float:
        return self.house.events.now

    def open(self) -> None:
        self.do(self.session.open(self.now, self._wall()))

    def hear(self, frame: bytes) -> None:
        if not self.ended:
            self.do(self.session.receive(orjson.loads(frame), self.now))

    def lost(self) -> None:
        """The connection is gone."""
        self.end(say=False)

    def end(self, *, say: bool = True) -> None:
        """It is over at this end; ``say``: the other end hears of it when everything before has reached it."""
        if not self.ended:
            self.ended = True
            if say and self.out is not None:
                self.out.carry(None)
            self.house.fallen(self)

    def do(self, effects: Iterable[Effect]) -> None:
        """Carry out what the session asks for, in order."""
        for effect in effects:
            if self.ended:
                return
            self._carry_out(effect)
        self._arm()

    def _carry_out(self, effect: Effect) -> None:
        house = self.house
        match effect:
            case Send(message):
                assert self.out is not None
                self.out.carry(orjson.dumps(message))
            case Read():
                house.events.after(READ_SECONDS, lambda: self._read(effect))
            case Store(rows):
                house.events.after(STORE_SECONDS, lambda: self._store(rows))
            case Secured(incarnation, seq):
                house.secured(self, incarnation, seq)
            case Up():
                self.up = True
                house.risen(self, effect)
            case Restored():
                house.restored(self, effect)
            case Alarm():
                house.alarmed(self, effect)
            case Close():
                self.end()
            case Signal():
                pass

    def _read(self, what: Read) -> None:
        if self.ended:
            return
        machine = self.house.machine
        with machine.at_work(machine.reading()):
            rows = work.read(what)
        self.do(self.session.read(what.origin, what.incarnation, what.after, rows, self.now))

    def _store(self, rows: tuple[Row, ...]) -> None:
        if self.ended:
            return

        def done(result: Any) -> None:
            if isinstance(result, ValueError):
                if not self.ended:
                    self.do(self.session.refused(str(result), self.now))
            elif isinstance(result, Exception):
                self.house.defect(result)
                self.end()
            else:
                self.house.stored(self, result, rows)

        self.house.machine.submit(Job(storing(rows), done))

    # --- time ---------------------------------------------------------------------------------------------------
    def _wall(self) -> float:
        return self.house.machine.wall().timestamp()

    def _arm(self) -> None:
        due = self.session.next_tick
        if not self.ended and due < self._tick_at:
            self._tick_at = due
            self.house.events.at(due, self._tick)

    def _tick(self) -> None:
        self._tick_at = math.inf
        if self.ended:
            return
        due = self.session.next_tick
        if due <= self.now + 0.001:
            self.do(self.session.tick(max(due, self.now), self._wall()))
        else:
            self._arm()


def storing(rows: tuple[Row, ...]) -> Callable[[], Have]:
    return lambda: work.store(rows)
