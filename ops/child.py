"""A child process that is started, watched and ended together with everything it started itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ops.places import ROOT, SERVICE_USER, is_root

LOG_LIMIT = 20_000_000
"""Bytes after which a log is moved aside (once, to `.1`) at the next start of its process."""


class StartFailed(Exception):
    """A process ended, or was not ready in time. The text says which, and shows the end of its log."""


class Child:
    """One operating-system process in a session of its own, with a log file.

    A session of its own keeps Ctrl-C in the terminal away from it: the supervisor decides the order of the
    end. The kernel ends the child when the thread that started it is gone (`setpriv --pdeathsig`), so even a
    supervisor killed by -9 leaves nothing behind. Start children from the main thread for that reason.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        as_service_user: bool = False,
    ) -> None:
        self.name = name
        self.command = tuple(command)
        self.log = log
        self.env = dict(env) if env is not None else None
        self.stop_signal = stop_signal
        self.as_service_user = as_service_user
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Exit code of the last run, negative for a signal; None while running or before the first start."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start the process. Raises RuntimeError when it runs already."""
        if self.running:
            raise RuntimeError(f"{self.name} is running already")
        self.send_signal(signal.SIGKILL)  # workers of a killed parent would go on answering on its port
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.is_file() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(self.log.suffix + ".1"))
        wrapper = ["setpriv", "--pdeathsig", self.stop_signal.name.removeprefix("SIG")]
        if self.as_service_user and is_root():
            wrapper += [f"--reuid={SERVICE_USER}", f"--regid={SERVICE_USER}", "--init-groups"]
        self._asked = False
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [*wrapper, "--", *self.command],
                env=self.env,
                cwd="/" if self.as_service_user else ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def send_signal(self, number: int) -> None:
        """Send a signal to the process and everything in its session's first group."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send `number` (default: -9) to the whole group and wait until the process is reaped."""
        self.send_signal(number)
        if self._process is not None and number != signal.SIGSTOP:
            self._process.wait()

    def ask_to_stop(self) -> None:
        """Send the polite signal to the process alone, once; it ends its own workers in its own order."""
        if self._process is not None and self._process.poll() is None and not self._asked:
            self._asked = True  # to many programs a second one means: at once
            self._process.send_signal(self.stop_signal)

    def stop(self, timeout: float = 10.0) -> None:
        """End the process politely; after `timeout` seconds with -9. Leaves nothing of its group behind."""
        if self._process is None:
            return
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
        self.send_signal(signal.SIGKILL)
        self._process.wait()

    def wait_until(self, ready: Callable[[], bool], timeout: float) -> None:
        """Poll `ready` until true. Raises StartFailed when the process ends first or the time is over."""
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise StartFailed(
                    f"{self.name} ended with code {self.exit_code} instead of starting.\n{self.log_end()}"
                )
            if time.monotonic() > deadline:
                raise StartFailed(f"{self.name} was not ready after {timeout:.0f} s.\n{self.log_end()}")
            time.sleep(0.02)

    def log_end(self, lines: int = 15) -> str:
        """The last lines of the log, each marked with the name of the process."""
        if not self.log.is_file():  # a container's output
            return f"  (see {self.log})"
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 16_000))
            tail = file.read().decode("utf-8", "replace").splitlines()[-lines:]
        return "\n".join(f"  {self.name} | {line}" for line in tail) + f"\n  (all of it: {self.log})"
