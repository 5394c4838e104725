"""A node of the network: the process ``link`` with its lines, the process ``vital``, and the door for commands."""

import hashlib
import random
from collections.abc import Callable
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from federation.link import restored, work
from federation.models import LinkState
from federation.protocol import Alarm, Have, Limits, Local, Restored, Row, Session, Up, flatten, nest
from incidents.loops import LOOPS
from journal import fold
from sim.events import Events
from sim.line import Line
from sim.machine import Job, Machine
from sim.seams import OnePass
from sim.wires import Way, Wires

_LINE = """
INSERT INTO federation_linkstate (id, node, peer, state, since, heard_at, lag_entries, behind_entries, lag_seconds,
                                  secured_pos, shared, version, vitals, error, updated_at)
VALUES (%s, %s, %s, %s, %s, %s, 0, %s, 0, 0, false, '', '{}', '', %s)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, since = excluded.since, updated_at = excluded.updated_at,
       heard_at = coalesce(excluded.heard_at, federation_linkstate.heard_at), behind_entries = excluded.behind_entries
"""
LIVE = (LinkState.State.UP.value, LinkState.State.CATCHING_UP.value)
REPEATED_SHARE = 0.05


class Watch(Protocol):
    """Who sees everything: ``sim.oracle``."""

    def secured(self, node: "Node", peer: str, incarnation: int, seq: int) -> None: ...
    def begun(self, node: "Node") -> None: ...
    def violation(self, law: str, detail: str) -> None: ...
    def note(self, text: str) -> None: ...


class Ring:
    """Keys that follow from the names."""

    def __init__(self, node: str, peers: tuple[str, ...]) -> None:
        self._key = _key(node)
        self._known = {name: _key(name).public_key() for name in peers}

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)

    def verify(self, node: str, text: bytes, signature: bytes) -> bool:
        try:
            self._known[node].verify(signature, text)
        except (InvalidSignature, KeyError):
            return False
        return True


def _key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


class Node:
    """Lives through crashes: what is lost then is in ``machine`` and in the lines."""

    def __init__(
        self, machine: Machine, peers: tuple[str, ...], events: Events, wires: Wires, dice: random.Random,
        watch: Watch, limits: Limits,
    ) -> None:  # fmt: skip
        self.machine = machine
        self.name = machine.name
        self.peers = peers
        self.events = events
        self.wires = wires
        self.limits = limits
        self.lines: set[Line] = set()
        self.stopped: set[tuple[str, int]] = set()
        self.looks = 0
        self._dice = dice
        self._watch = watch
        self._ring = Ring(self.name, peers)
        self._have: Have = {}
        self._local: Local | None = None
        self._kept: object = None
        self._life = 0
        self._restoring = False
        self._states: dict[str, tuple[str, int]] = {}
        self._nonces = 0
        self.ready = True
        self.grew = False

    # --- life ---------------------------------------------------------------------------------------------------
    def boot(self) -> None:
        """Start the processes: the database is looked at before any line opens, commands may come earlier."""
        self._life += 1
        self.machine.alive = True
        self._local, self._have, self._restoring, self._kept = None, {}, False, None
        self._states.clear()
        self.stopped.clear()
        self.events.after(self._dice.random() * self.limits.beat_seconds, self._here(self._wake))

    def _here(self, what: Callable[[], None]) -> Callable[[], None]:
        """``what``, unless the processes were started anew meanwhile."""
        life = self._life
        return lambda: what() if self._life == life and self.machine.alive else None

    def _wake(self) -> None:
        def done(result: Any) -> None:
            if isinstance(result, Exception):
                self.defect(result)
                self.events.after(self.limits.beat_seconds, self._here(self._wake))
                return
            self._local, self._have = result
            for peer in self.peers:
                if self._states.get(peer) is None:
                    self._note_line(peer, LinkState.State.DOWN)
                if peer > self.name:
                    self.events.after(self._dice.random() * self.limits.beat_seconds, self._here(self._dialler(peer)))
            self.events.after(self.limits.beat_seconds, self._here(self._turn))
            self.events.after(self.limits.beat_seconds, self._here(self.vital))

        def run() -> tuple[Local, Have]:
            fold.retry_quarantined()
            local = work.local()
            if restored.keep_life(local.store) is not None:
                self._watch.begun(self)
            return local, work.have()

        self.machine.submit(Job(run, done))

    def crash(self) -> None:
        """All processes are gone at once. The peers' computers hear of it, or not."""
        self.machine.die()
        self._life += 1
        say = self._dice.random() < 0.5
        for line in list(self.lines):
            line.end(say=say)
        self.lines.clear()

    @property
    def open(self) -> bool:
        return self.machine.alive and self._local is not None and not self._restoring

    def defect(self, error: BaseException) -> None:
        """An exception that nothing in the house may raise."""
        self._watch.violation("no exception", f"{self.name}: {error!r}")

    # --- lines --------------------------------------------------------------------------------------------------
    def _dialler(self, peer: str) -> Callable[[], None]:
        def dial() -> None:
            self.events.after(self.limits.beat_seconds * (0.5 + self._dice.random()), self._here(dial))
            if self.open and not any(line.peer == peer for line in self.lines):
                self.dial(peer)

        return dial

    # Given by the simulation, which knows all nodes: reach for a peer; those it has long been linked with; one by name.
    dial: Callable[[str], None]
    neighbours: "Callable[[], list[Node]]"
    other: "Callable[[str], Node]"

    def line(self, peer: str, *, dialled: bool) -> Line:
        assert self._local is not None
        self._nonces += 1
        nonce = hashlib.sha256(f"{self.name}/{self._life}/{self._nonces}".encode()).digest()
        session = Session(
            self._local, self._ring, self._have, now=self.events.now, nonce=nonce, peer=peer if dialled else None,
            limits=self.limits,
        )  # fmt: skip
        line = Line(self, peer, session)
        self.lines.add(line)
        return line

    def connect(self, line: Line, way: Way) -> None:
        line.out = way
        line.open()

    def risen(self, line: Line, up: Up) -> None:
        for other in list(self.lines):
            if other is not line and other.peer == line.peer:
                other.end()
        self._linked()
        self._look_at(line)
        # An empty machine is not used before it has heard from everybody who can be reached.
        self.ready = self.ready or all(self.speaks_to(peer) for peer in self.peers)

    def fallen(self, line: Line) -> None:
        self.lines.discard(line)
        if line.up and self.machine.alive and not any(other.peer == line.peer and other.up for other in self.lines):
            self._note_line(line.peer, LinkState.State.DOWN)
        self._linked()

    def _linked(self) -> None:
        peers = frozenset(line.peer for line in self.lines if line.up)
        for line in self.lines:
            line.session.linked = peers

    def alarmed(self, line: Line, alarm: Alarm) -> None:
        self.stopped.add((alarm.origin, alarm.incarnation))
        self._watch.note(f"{self.name}-{line.peer}: {alarm.code} {alarm.origin}/{alarm.incarnation}/{alarm.seq}")

    def secured(self, line: Line, incarnation: int, seq: int) -> None:
        self._watch.secured(self, line.peer, incarnation, seq)

    def restart_lines(self) -> None:
        for line in list(self.lines):
            line.end()

    def speaks_to(self, peer: str) -> bool:
        return any(line.peer == peer and line.up and not line.ended for line in self.lines)

    # --- the journal grows --------------------------------------------------------------------------------------
    def look(self) -> None:
        """Somebody said, or it was time to see, that the journal has more."""
        if not self.machine.alive or self._local is None:
            return
        self.grew = False
        with self.machine.at_work(self.machine.reading()):
            have = work.have()
        self._grow(have)

    def _grow(self, have: Have, storing: Line | None = None) -> None:
        """As the process ``link`` does: every session knows before any acts on it."""
        marks = flatten(self._have)
        for key, mark in flatten(have).items():
            if key not in marks or mark.seq > marks[key].seq:
                marks[key] = mark
        self._have = nest(marks.items())
        due = []
        for line in list(self.lines):
            session = line.session
            due.append((line, (session.stored if line is storing else session.grown)(have, self.events.now)))
        for line, effects in due:
            line.do(effects)

    def stored(self, line: Line, have: Have, rows: tuple[Row, ...]) -> None:
        if line.ended:
            self._grow(have)
            return
        self._grow(have, storing=line)
        if self._dice.random() < REPEATED_SHARE:
            self._repeat(rows)

    def _repeat(self, rows: tuple[Row, ...]) -> None:
        """The same batch once more, as after a lost acknowledgement: nothing may come of it."""

        def done(result: Any) -> None:
            if isinstance(result, ValueError):
                self._watch.note(f"{self.name}: a repeated batch was refused: {result}")
            elif isinstance(result, Exception):
                self.defect(result)

        self.machine.submit(Job(lambda: work.store(rows), done))

    # --- house-keeping ------------------------------------------------------------------------------------------
    def _turn(self) -> None:
        """Once a beat: what may have been missed, and the mark outside the database."""
        self.events.after(self.limits.beat_seconds, self._here(self._turn))
        for line in list(self.lines):
            if line.up:
                self._look_at(line)
        if self.grew or self.machine.parked is not None:
            self.look()
        if self.machine.parked is not None or self._restoring or self._own() == self._kept:
            return

        def done(result: Any) -> None:
            if isinstance(result, Exception):
                self.defect(result)
                return
            begun, have = result
            self._kept = self._own()
            if begun is not None:
                self._watch.begun(self)
                self._have = have
                self.restart_lines()

        def run() -> tuple[int | None, Have]:
            assert self._local is not None
            return restored.keep_life(self._local.store), work.have()

        self.machine.submit(Job(run, done))

    def _own(self) -> object:
        return self._have.get(self.name)

    def restored(self, line: Line, effect: Restored) -> None:
        """The peer knows more of our own chain than we do."""
        if self._restoring:
            return
        self._restoring = True
        theirs = line.session.status.have_theirs.get(self.name, ())

        def done(result: Any) -> None:
            self._restoring = False
            if isinstance(result, restored.NoAnswer):
                self._watch.note(f"{self.name}: {result}")
            elif isinstance(result, Exception):
                self.defect(result)
            else:
                if result[0] is not None:
                    self._watch.begun(self)
                self._have = result[1]
            self.restart_lines()

        self.machine.submit(Job(lambda: (restored.begin_anew(line.peer, effect, theirs), work.have()), done))

    def _look_at(self, line: Line) -> None:
        status = line.session.status
        if status.state in LIVE:
            self._note_line(line.peer, status.state, status.behind_entries)

    def _note_line(self, peer: str, state: str, behind: int = 0) -> None:
        """What this node sees of a line, for the commands that ask whether they may be forwarded."""
        if self._states.get(peer) == (state, behind):
            return
        self._states[peer] = (state, behind)
        machine = self.machine
        with machine.at_work(machine.reader), machine.reader.cursor() as cursor:
            now = timezone.now()
            heard = now if state in LIVE or self._local is not None else None
            cursor.execute(_LINE, [f"{self.name}:{peer}", self.name, peer, state, now, heard, behind, now])

    def vital(self) -> None:
        """One round of the loops a life may hang on."""
        if self._local is None:
            return

        def run() -> None:
            for loop in LOOPS.values():
                loop(OnePass())

        def done(result: Any) -> None:
            if isinstance(result, Exception):
                self.defect(result)
            self.look()

        self.machine.submit(Job(run, done))
