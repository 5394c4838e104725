"""Everything the process ``link`` knows: its lines, how far the journal is, who may come in. In the event loop."""

import asyncio
import contextlib
import logging
import os
import threading
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from psycopg_pool import PoolTimeout

from federation.identity import Gate, Ring, public_key
from federation.link import house, restored, work
from federation.link.dialler import Dialler
from federation.link.line import LIMITS, Carrier, Line
from federation.link.signals import Signals
from federation.link.status import Board
from federation.link.work import Gone
from federation.notices import SECURED, Sender
from federation.protocol import Have, Local, Mark, Restored, Session, Signal, Up, flatten, nest
from journal import tail

logger = logging.getLogger(__name__)

TURN_SECONDS = 1.0
# Who dials us may be anybody until it has proven something; each has five seconds for that.
MAX_STRANGERS = 16
RESTORE_TRIES = 5


class Exchange:
    """Start and stop it on the loop that serves the websockets."""

    def __init__(self) -> None:
        self.threads = work.Threads()
        self.ring = Ring()
        self.gate = Gate(self.ring, self.ahead)
        self.board = Board()
        self.signals = Signals()
        self.lines: set[Line] = set()
        self.local: Local | None = None
        self.healthy = False
        self._have: Have = {}
        self._reading = threading.Lock()
        self._house = house.House(self.gate.challenge, self._reading)
        self._diallers: dict[str, Dialler] = {}
        self._tasks: list[asyncio.Task[Any]] = []
        self._stop = threading.Event()
        self._changed = asyncio.Event()
        self._to_place: set[Line] = set()
        self._placing = asyncio.Event()
        self._secured_pos = 0
        self._restoring: asyncio.Task[None] | None = None
        self._notices = Sender()

    # --- life --------------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """Begin. The database may still be away: lines open when it answers."""
        public_key()  # a node that cannot prove itself must not look well
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._keep_house()), loop.create_task(self._place_secured())]
        threading.Thread(target=self._follow_journal, args=(loop,), name="journal", daemon=True).start()

    async def stop(self) -> None:
        """End all lines politely; the peers see at once that this was no accident."""
        self._stop.set()
        for dialler in self._diallers.values():
            dialler.stop()
        for task in self._tasks:
            task.cancel()
        for line in tuple(self.lines):
            line.do(line.session.bye("the process ends", line.now))
        self.threads.stop()

    @property
    def open(self) -> bool:
        """Whether lines may be opened: the database answers, and what it answers survives a crash."""
        return self.local is not None and self.healthy

    # --- lines -------------------------------------------------------------------------------------------------------
    def accept(self, carrier: Carrier) -> Line | None:
        """Somebody dialled us. None: not now."""
        strangers = sum(1 for line in self.lines if not line.up)
        return self._line(carrier, None) if strangers < MAX_STRANGERS else None

    def dialled(self, peer: str, carrier: Carrier) -> Line | None:
        """We have reached the address of ``peer``. None: not now."""
        return self._line(carrier, peer)

    def _line(self, carrier: Carrier, peer: str | None) -> Line | None:
        if not self.open or self.local is None:
            return None
        now = asyncio.get_running_loop().time()
        session = Session(self.local, self.ring, self._have, now=now, nonce=os.urandom(32), peer=peer, limits=LIMITS)
        session.vitals = self._house.vitals
        line = Line(self, session, carrier)
        self.lines.add(line)
        line.open()
        return line

    def line_to(self, peer: str) -> Line | None:
        """The line that is up with ``peer``."""
        return next((line for line in self.lines if line.peer == peer), None)

    def ahead(self, peer: str) -> float | None:
        """Seconds by which the peer's clock is ahead of ours; None if there is no line."""
        line = self.line_to(peer)
        return line.session.ahead if line else None

    def risen(self, line: Line, up: Up) -> None:
        for other in tuple(self.lines):
            if other is not line and other.peer == up.peer:
                # The peer knows best which connection it uses: the old one is half open, or its process was replaced.
                other.hang_up("replaced", "a newer connection")
        logger.info("linked with %s (%s)%s", up.peer, up.version, ", on one database" if up.same_store else "")
        self.board.risen(line)
        self._linked()

    def fallen(self, line: Line) -> None:
        self.lines.discard(line)
        self._to_place.discard(line)
        self.board.fallen(line)
        self._linked()

    def _linked(self) -> None:
        peers = frozenset(line.peer for line in self.lines if line.up)
        for line in self.lines:
            line.session.linked = peers
        self._changed.set()

    def restart_lines(self, code: str, reason: str) -> None:
        for line in tuple(self.lines):
            line.hang_up(code, reason)

    # --- the journal grows -------------------------------------------------------------------------------------------
    def _follow_journal(self, loop: asyncio.AbstractEventLoop) -> None:
        """Thread: whenever there may be something new, tell how far the journal is."""
        waker = tail.Waker()
        known: Have = {}
        while not self._stop.is_set():
            waker.wait(self._stop)
            try:
                with self._reading:
                    have = work.have()
                    if have != known and not self._stop.is_set():
                        known = have
                        loop.call_soon_threadsafe(self._grow, have)
            except (DatabaseError, InterfaceError, PoolTimeout):
                connection.close()
                self._stop.wait(tail.POLL_SECONDS)
        connection.close()

    def _grow(self, have: Have, storing: Line | None = None) -> None:
        """Every session knows before any acts on it: so no peer can know more of our chain than a session does."""
        marks = flatten(self._have)
        for key, mark in flatten(have).items():
            if key not in marks or mark.seq > marks[key].seq:
                marks[key] = mark
        self._have = nest(marks.items())
        due = []
        for line in tuple(self.lines):
            session = line.session
            due.append((line, (session.stored if line is storing else session.grown)(have, line.now)))
        for line, effects in due:
            line.do(effects)

    def stored(self, line: Line, have: Have) -> None:
        self._grow(have, storing=line)

    def secured(self, line: Line, mark: Mark) -> None:
        self._to_place.add(line)
        self._placing.set()

    async def _place_secured(self) -> None:
        """Say at once up to which position our own entries are on disk somewhere else."""
        while True:
            await self._placing.wait()
            self._placing.clear()
            while self._to_place:
                line = self._to_place.pop()
                if line.secured is not None:
                    with contextlib.suppress(Gone):  # then the line will end as well
                        self.board.secured(line, await work.run(self.threads.notices, self._tell_secured, line.secured))

    def _tell_secured(self, mark: Mark) -> int:
        """Thread: where our entry stands, which is told to whoever waits for it."""
        pos = work.position_of(mark)
        if pos > self._secured_pos:
            self._secured_pos = pos
            self._notices.send(SECURED, str(pos))
        return pos

    # --- signals, house-keeping --------------------------------------------------------------------------------------
    def known(self, line: Line) -> None:
        """The peer has said what is needed to ask it something: that must not wait for the next turn."""
        self._changed.set()

    def signalled(self, line: Line, signal: Signal) -> None:
        self.signals.take(line, signal)

    async def _keep_house(self) -> None:
        """Once a second, and whenever a line rises or falls."""
        failures = 0
        while True:
            self._changed.clear()
            try:
                turn = await work.run(self.threads.house, self._house.turn, self._errand())
                failures = 0
                self._settle(turn)
            except Gone as error:
                failures += 1
                if failures > 1:  # one may be a restart that the next attempt does not notice
                    self._database_gone(str(error))
            except Exception:
                logger.exception("house-keeping")
            await self._next_turn(0.1 if failures == 1 else TURN_SECONDS)

    async def _next_turn(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    def _errand(self) -> house.Errand:
        return house.Errand(
            views=self.board.views(self.lines, self._have),
            positions=self.signals.positions_to_store(),
            presence=self.signals.presence_to_tell(),
        )

    def _settle(self, turn: house.Turn) -> None:
        """Act on what was found."""
        if turn.begun or (self.local is not None and turn.local.store != self.local.store):
            self._have = turn.have
            self.restart_lines("restored", "this database is another than before")
        self.local = turn.local
        self.ring.keys = turn.keys
        self.board.know(turn.peers, turn.known)
        self._grow(turn.have)
        if self.healthy and turn.not_durable:
            self.restart_lines("not_durable", turn.not_durable)
        self.healthy = not turn.not_durable
        self.board.trouble = turn.not_durable
        for line in tuple(self.lines):
            line.session.vitals = self._house.vitals
            if line.up and line.peer not in turn.keys:
                line.hang_up("dismissed", "the node does not belong to the network any more")
        self._keep_dialling(turn)
        self.signals.pass_on(self.lines, turn.positions, turn.presence)

    def _keep_dialling(self, turn: house.Turn) -> None:
        wanted = {
            peer.id: peer.link_url
            for peer in turn.peers.values()
            if peer.id > settings.LEITSTELLE_NODE and peer.link_url and peer.id in turn.keys
        }
        for name, dialler in tuple(self._diallers.items()):
            if wanted.get(name) != dialler.url:
                dialler.stop()
                del self._diallers[name]
        for name, url in wanted.items():
            if name not in self._diallers:
                self._diallers[name] = Dialler(name, url, self.dialled, self.board.failed)

    def _database_gone(self, reason: str) -> None:
        if self.healthy:
            logger.warning("the database does not answer: %s", reason)
        self.healthy = False
        self.restart_lines("database", f"our database does not answer: {reason}")

    # --- a restored database -----------------------------------------------------------------------------------------
    def restored(self, line: Line, effect: Restored) -> None:
        """The peer knows more of our own chain than we do."""
        if self._restoring is None:
            logger.error(
                "%s has entry %s/%s of ours, and we have not: restored?", line.peer, effect.incarnation, effect.seq
            )
            self._restoring = asyncio.get_running_loop().create_task(self._restore(line, effect))

    async def _restore(self, line: Line, effect: Restored) -> None:
        """Find out where we parted, then go on in a new incarnation, with lines that know nothing of the old one."""
        try:
            for _attempt in range(RESTORE_TRIES):
                theirs = line.session.status.have_theirs.get(settings.LEITSTELLE_NODE, ())
                try:
                    begun, have = await work.run(self.threads.house, self._begin_anew, line.peer, effect, theirs)
                except restored.NoAnswer as error:
                    logger.warning("the new incarnation has to wait: %s", error)
                    await asyncio.sleep(TURN_SECONDS)  # its challenge comes with the beat, and is written down then
                    continue
                if begun is None:
                    line.hang_up("restored", "the peer has nothing of our chain that we have not")
                else:
                    self._have = have
                    self.restart_lines("restored", f"our chain goes on in incarnation {begun}")
                return
            line.hang_up("restored", "the peer does not tell where its copy of our chain parts from ours")
        except Gone as error:
            self._database_gone(str(error))
        except Exception:
            logger.exception("after a restore")
            line.hang_up("restored", "a new incarnation could not be begun")
        finally:
            self._restoring = None

    def _begin_anew(self, peer: str, effect: Restored, theirs: tuple[Mark, ...]) -> tuple[int | None, Have]:
        """Thread. What the journal's follower reads meanwhile would be out of date when it is told: it waits."""
        with self._reading:
            return restored.begin_anew(peer, effect, theirs), work.have()
