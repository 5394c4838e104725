"""The demo's ear: takes orders from `ops.control` over a Unix socket, one after the other."""

from __future__ import annotations

import contextlib
import json
import select
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from ops.child import StartFailed
from ops.cluster import PostgresMissing
from ops.control import short_path
from ops.node import CommandFailed
from ops.terminal import Failure
from ops.wires import OrderRefused

Course = Iterator[str]
"""How an order is carried out: yields what a person shall read, and "" while it waits for something. May raise Failure,
StartFailed, CommandFailed, OrderRefused."""
LINE_LIMIT = 1000
WORD_SECONDS = 2.0
"""So long the one who gives an order may take to say it."""


class Orders:
    """Carries out one order at a time in steps, so that whoever calls `step` can do other things in between."""

    def __init__(self, run: Path, carry_out: Callable[[str, str], Course], logs: Path) -> None:
        self._carry_out = carry_out
        self._logs = logs
        self._listener = socket.socket(socket.AF_UNIX)
        (run / "demo.sock").unlink(missing_ok=True)
        with short_path(run) as path:
            self._listener.bind(path)
        self._listener.listen()
        self._path = run / "demo.sock"
        self._path.chmod(0o600)
        self._asker: socket.socket | None = None
        self._course: Course = iter(())

    def close(self) -> None:
        """Listen no longer; an order that is being carried out stays unanswered."""
        self._listener.close()
        self._path.unlink(missing_ok=True)
        if self._asker is not None:
            self._asker.close()

    def step(self, patience: float) -> None:
        """Carry the present order on by one step, or wait up to `patience` seconds for a new one."""
        if self._asker is None:
            if select.select([self._listener], [], [], patience)[0]:
                self._begin()
            return
        try:
            said = next(self._course)
        except StopIteration:
            self._answer({"done": True}, last=True)
        except Failure as failure:
            self._answer({"failed": failure.what, "do": failure.do}, last=True)
        except (StartFailed, CommandFailed, PostgresMissing, OrderRefused, OSError) as error:
            do = f"Read the lines above and the logs in {self._logs}."
            self._answer({"failed": str(error), "do": do}, last=True)
        else:
            if said:
                self._answer({"say": said})
            else:
                select.select([], [], [], patience)

    def _begin(self) -> None:
        self._asker, _ = self._listener.accept()
        self._asker.settimeout(WORD_SECONDS)
        try:
            words = json.loads(self._asker.makefile("rb").readline(LINE_LIMIT))
            self._course = self._carry_out(str(words["do"]), str(words["centre"]))
        except (OSError, ValueError, KeyError, TypeError):
            self._asker.close()
            self._asker = None

    def _answer(self, answer: dict[str, object], *, last: bool = False) -> None:
        assert self._asker is not None
        with contextlib.suppress(OSError):  # who has asked may be gone; the order is carried out all the same
            self._asker.sendall(json.dumps(answer).encode() + b"\n")
        if last:
            self._asker.close()
            self._asker = None
