"""What a person at the terminal sees: numbered steps with their time, and failures that say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops.places import ROOT, run_dir


class Failure(Exception):
    """Something went wrong that a person must know about: `what` happened, and what to `do` about it."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.what = what
        self.do = do


class Steps:
    """Numbered steps of one run: prints `2/6 name …`, the running time, and `done`."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.number = 0
        self._begin = 0.0
        self._name = ""

    def begin(self, name: str) -> None:
        """Announce the next step."""
        self.number += 1
        self._name = name
        self._begin = time.monotonic()
        if sys.stdout.isatty():
            print(f"  {self.number}/{self.total} {name} …", end="", flush=True)

    def done(self, note: str = "") -> None:
        """Close the step that was begun last."""
        seconds = time.monotonic() - self._begin
        took = f" ({seconds:.0f} s)" if seconds >= 1 else ""
        start = "\r\x1b[K" if sys.stdout.isatty() else ""
        print(f"{start}  {self.number}/{self.total} {self._name}: {note or 'done'}{took}", flush=True)

    def tick(self) -> None:
        """Show, on a terminal, that the step is still running."""
        if sys.stdout.isatty():
            seconds = time.monotonic() - self._begin
            print(f"\r\x1b[K  {self.number}/{self.total} {self._name} … {seconds:.0f} s", end="", flush=True)


def run(
    steps: Steps,
    command: Sequence[str],
    *,
    do: str,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> None:
    """Run a command quietly into `<run>/log/setup.log`. Raises Failure with its last words and `do`."""
    log = run_dir() / "log" / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        out.write(f"\n$ {' '.join(command)}\n".encode())
        out.flush()
        begin = out.tell()
        process = subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=cwd
        )
        try:
            while True:
                try:
                    code = process.wait(timeout=1)
                    break
                except subprocess.TimeoutExpired:
                    steps.tick()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code != 0:
        with log.open("rb") as file:
            file.seek(begin)
            words = file.read().decode("utf-8", "replace").strip().splitlines()[-15:]
        said = "\n".join(f"    {line}" for line in words)
        raise Failure(f"`{' '.join(command[:6])}` ended with code {code}:\n{said}\n  (all of it: {log})", do)


def report(failure: Failure) -> int:
    """Print a failure with its way out; gives the exit code."""
    print(f"\n\nFAILED: {failure.what}\n\nWhat to do: {failure.do}", file=sys.stderr, flush=True)
    return 1


def ask(question: str) -> bool:
    """Ask yes or no. Without a person at the terminal the answer is no, unless LEITSTELLE_YES=1."""
    if os.environ.get("LEITSTELLE_YES") == "1":
        return True
    if not sys.stdin.isatty():
        return False
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes", "j", "ja"}
    except EOFError:
        return False
