"""One simulated node as a machine: its database, its clock, its memory, and work that may end at any statement."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from federation import forwarding, nodes, reach
from journal import commands, types
from sim.seams import EPOCH, Seams
from sim.stores import Wrapper, as_default

# Types a node of an older version does not know yet, and the command that it does not know either.
NEWER = {
    "unit.moved_up": "unit.move_up",
    "incident.unit_directed": "incident.direct",
    "call.noted": "call.note",
    "call.called_back": "call.called_back",
}


class Crash(BaseException):
    """The processes of ``machine`` end here. No code of the house may catch it, as none could in a real one."""

    def __init__(self, machine: "Machine") -> None:
        super().__init__(machine.name)
        self.machine = machine


@dataclass(slots=True)
class Job:
    """Work in the database. ``done`` gets what ``run`` returned or raised; a job that dies never hears of it."""

    run: Callable[[], Any]
    done: Callable[[Any], None]
    died: Callable[[], None] = lambda: None


class Machine:
    """What a node's processes stand on. Everything in it but the database and ``folder`` is gone after a crash."""

    def __init__(self, name: str, database: str, folder: Path, seams: Seams, connect: Callable[[str], Wrapper]) -> None:
        self.name = name
        self.folder = folder
        self.peers: list[tuple[str, str, str]] = []
        self.alive = False
        self.now: Callable[[], float] = lambda: 0.0
        self.offset = 0.0
        self.down_seconds = 60.0
        self.drift = 0.0
        self.unknown: frozenset[str] = frozenset()
        self.crash_in: int | None = None
        self.slow_until = 0.0
        self.slow_seconds = 0.0
        self.parked: Parked | None = None
        self.waiting: deque[Job] = deque()
        self.after_commit: Callable[[], None] = lambda: None
        self.later: Callable[[float, Callable[[], None]], None] = lambda _seconds, _what: None
        self.on_crash: Callable[[], None] = lambda: None
        self.on_defect: Callable[[BaseException], None] = lambda _error: None
        self._seams = seams
        self._memory: list[tuple[Any, str, Any]] = []
        self.writer, self.reader = connect(database), connect(database)
        self.writer.committing = self._commit
        self.writer.execute_wrappers[:] = [self._statement]  # connections outlive the machines of an episode
        self.forget()

    # --- clock and memory ---------------------------------------------------------------------------------------
    def wall(self) -> datetime:
        """What this node's clock shows."""
        now = self.now()
        return EPOCH + timedelta(seconds=now + self.offset + now * self.drift)

    def forget(self) -> None:
        """The memory of new processes: what the modules of the house keep between calls."""
        self._memory = [
            (nodes, "_directory", nodes._Directory()),
            (reach, "_lines", reach._Lines()),
            (forwarding, "_doubts", type(forwarding._doubts)()),
        ]

    def _replaced(self) -> Iterator[tuple[Any, str, Any]]:
        yield from self._memory
        yield settings, "LEITSTELLE_NODE", self.name
        yield settings, "LEITSTELLE_CENTRES", [self.name]
        yield settings, "LEITSTELLE_PEERS", self.peers
        yield settings, "LEITSTELLE_RUN_DIR", self.folder
        if self.unknown:
            gone = {NEWER[name] for name in self.unknown}
            yield types, "_types", {name: cls for name, cls in types._types.items() if name not in self.unknown}
            yield commands, "_commands", {n: spec for n, spec in commands._commands.items() if n not in gone}

    @contextmanager
    def at_work(self, wrapper: Wrapper | None = None, *, fresh: bool = True) -> Iterator[None]:
        """The code of the house runs as this node meanwhile. ``fresh``: PostgreSQL is told the time as well."""
        wrapper = wrapper or self.writer
        instant = self._seams.instant
        kept = instant.wall, instant.steady, instant.passed
        before = [(owner, name, getattr(owner, name)) for owner, name, _new in self._replaced()]
        for owner, name, new in self._replaced():
            setattr(owner, name, new)
        instant.set(self.wall(), self.now())
        with ExitStack() as stack:
            stack.enter_context(as_default(wrapper))
            try:
                if fresh:
                    wrapper.ready().execute("SELECT set_config('sim.now', %s, false)", [self.wall().isoformat()])
                yield
            finally:
                instant.wall, instant.steady, instant.passed = kept
                for owner, name, old in before:
                    setattr(owner, name, old)

    # --- work ---------------------------------------------------------------------------------------------------
    def submit(self, job: Job) -> None:
        """Do the job now, or when the commit that the disk is still busy with is through."""
        if not self.alive:
            job.died()
        elif self.parked is not None:
            self.waiting.append(job)
        elif self.now() < self.slow_until:
            self.parked = Parked(self, job)
            self._go_on()
        else:
            self._at_once(job)

    def _at_once(self, job: Job) -> None:
        try:
            with self.at_work():
                result = job.run()
        except Crash:
            job.died()
            self.on_crash()
            return
        except Exception as error:
            result = error
        job.done(result)

    def _go_on(self) -> None:
        """Let the parked job run to its next commit, or to its end."""
        parked = self.parked
        if parked is None:
            return
        with self.at_work(fresh=not parked.begun):
            ended = parked.advance()
        if not ended:
            self.later(self.slow_seconds, lambda: self._go_on() if self.parked is parked else None)
            return
        self.parked = None
        if parked.died:
            parked.job.died()
            self.on_crash()
            return
        parked.job.done(parked.result)
        while self.waiting and self.parked is None and self.alive:
            self.submit(self.waiting.popleft())

    def reading(self) -> Wrapper:
        """The connection for whoever only reads: what is not committed is not seen by it."""
        return self.reader

    def die(self) -> None:
        """Kill -9: open transactions are gone, and everything in memory."""
        self.alive = False
        self.crash_in = None
        parked, self.parked = self.parked, None
        if parked is not None and not parked.ended:
            parked.doomed = True
            with self.at_work(fresh=False):
                parked.advance()
            parked.job.died()
        waiting, self.waiting = list(self.waiting), deque()
        for job in waiting:
            job.died()
        self.writer.kill()
        self.forget()

    def _statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.parked is None or threading.current_thread() is self.parked:
            self._step()
        return execute(sql, params, many, context)

    def _commit(self, commit: Callable[[], None]) -> None:
        try:
            self._step()
            thread = threading.current_thread()
            if isinstance(thread, Parked) and thread.machine is self:
                thread.park()
        except Crash:
            # Before anybody wants to end the transaction in order: that would not say that the process is gone.
            self.writer.ready().rollback()
            raise
        commit()
        self.after_commit()
        self._step()

    def _step(self) -> None:
        if self.crash_in is not None:
            self.crash_in -= 1
            if self.crash_in < 0:
                self.crash_in = None
                raise Crash(self)


class Parked(threading.Thread):
    """A job whose commits take simulated time. One thread runs at a time, and the simulation says which."""

    def __init__(self, machine: Machine, job: Job) -> None:
        super().__init__(name=f"{machine.name}: slow disk", daemon=True)
        self.job = job
        self.result: Any = None
        self.begun = self.ended = self.died = self.doomed = False
        self.machine = machine
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)

    def advance(self) -> bool:
        """Let it run until it waits for its disk; whether it has ended."""
        if not self.begun:
            self.begun = True
            self.start()
        self._go.release()
        self._stopped.acquire()
        if self.ended:
            self.join()
        return self.ended

    def park(self) -> None:
        """In its own thread: the commit has begun and is not yet on disk."""
        self._stopped.release()
        self._go.acquire()
        if self.doomed:
            raise Crash(self.machine)

    def run(self) -> None:
        self._go.acquire()
        connections["default"] = self.machine.writer
        try:
            self.result = self.job.run()
        except Crash:
            self.died = True
        except Exception as error:
            self.result = error
        finally:
            self.ended = True
            self._stopped.release()
