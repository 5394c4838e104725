"""Commands to a running demo from another terminal: `python3 -m ops.control kill jena`. Runs on a bare Python.

The demo listens on a Unix socket in its run folder. An order is one line of JSON; lines of JSON come back: {"say": …}
while it is carried out, at last {"done": true} or {"failed": what happened, "do": what to do}.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ops.places import run_dir, server_home
from ops.terminal import Failure, ask, report

STOP_PATIENCE = 45.0
"""Seconds `make stop` waits for an orderly end before it says that something hangs."""
KEPT_BY_RESET = {"test", "bench", "chaos", "sim"}
NAMED = ("kill", "start", "join", "leave")
ORDERS = (*NAMED, "cut", "heal")
"""What a running demo can be told; the first ones need the name of a centre."""


class DemoLock:
    """Says whether a demo of this checkout runs, where, as which process. The kernel frees it at death."""

    def __init__(self, run: Path) -> None:
        self.path = run / "demo.lock"
        self._file: IO[str] | None = None

    def take(self, address: str = "") -> bool:
        """Take the lock; False when another process holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        self.note(address)
        return True

    def note(self, address: str) -> None:
        """Write down, for others, who holds the lock and where the demo answers."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.write(f"{os.getpid()} {address}\n")
            self._file.flush()

    def holder(self) -> tuple[int, str]:
        """Process number and address of the one who holds it."""
        words = self.path.read_text().split()
        return int(words[0]), words[1] if len(words) > 1 else ""


@contextmanager
def short_path(run: Path) -> Iterator[str]:
    """A path to the demo's socket of at most 40 letters, however deep the folder: Unix allows 107."""
    folder = os.open(run, os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/demo.sock"
    finally:
        os.close(folder)


def order(name: str, centre: str) -> int:
    """Tell the running demo what to do and show what it says; gives the exit code."""
    try:
        if name in NAMED and not centre:
            raise Failure(f"{name} needs the name of a centre.", f"For example: make {name} CENTRE=jena")
        _carry_out(name, centre)
    except Failure as failure:
        return report(failure)
    return 0


def _carry_out(name: str, centre: str) -> None:
    run = run_dir()
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            with short_path(run) as path:
                connection.connect(path)
        except OSError:
            raise Failure("No demo is running here.", "Start it in another terminal: make demo") from None
        connection.sendall(json.dumps({"do": name, "centre": centre}).encode() + b"\n")
        for line in connection.makefile(encoding="utf-8"):
            answer = json.loads(line)
            if "failed" in answer:
                raise Failure(answer["failed"], answer["do"])
            if "done" in answer:
                return
            print(answer["say"], flush=True)
    raise Failure("The demo has ended before it was done.", "See what it says in its own terminal.")


def stop() -> int:
    """End a running demo in order; gives the exit code."""
    lock = DemoLock(run_dir())
    if not lock.path.exists() or lock.take():
        print("Es läuft keine Vorführung.")
        return 0
    number, _ = lock.holder()
    os.kill(number, signal.SIGTERM)
    deadline = time.monotonic() + STOP_PATIENCE
    while not lock.take():
        if time.monotonic() > deadline:
            what = f"The demo (process {number}) has not ended within {STOP_PATIENCE:.0f} s."
            return report(Failure(what, f"Look into {run_dir()}/log; as a last resort: kill -9 {number}"))
        time.sleep(0.05)
    print("Die Vorführung ist beendet.")
    return 0


def reset() -> int:
    """Throw the demo's data away, after a question; gives the exit code."""
    run = run_dir()
    if not DemoLock(run).take():
        return report(Failure("The demo is running.", "End it first with `make stop`."))
    if not ask("Delete the demo's databases, logs and keys for good?"):
        print("Nothing deleted. (Without a terminal: LEITSTELLE_YES=1 make reset)")
        return 1
    home = server_home(run)
    if home.parent != run:
        shutil.rmtree(home)
    for entry in run.iterdir():
        if entry.name not in KEPT_BY_RESET:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    print("Done. `make demo` starts afresh.")
    return 0


def main(arguments: list[str]) -> int:
    match arguments:
        case ["stop"]:
            return stop()
        case ["reset"]:
            return reset()
        case [name] if name in ORDERS:
            return order(name, "")
        case [name, centre] if name in ORDERS:
            return order(name, centre)
    print(f"usage: python3 -m ops.control stop|reset|{'|'.join(ORDERS)} [CENTRE]", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
