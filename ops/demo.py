"""`make demo`: servers, database, reference data, processes, and a banner; until Ctrl-C or `make stop`."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from ops import environment
from ops.child import StartFailed
from ops.cluster import Cluster, PostgresMissing
from ops.node import CommandFailed, Node
from ops.places import ROOT, run_dir, server_home
from ops.processes import NODE, SIMULATOR
from ops.redis_server import RedisServer
from ops.sources import Stamp, data_hash, static_hash
from ops.supervisor import Supervisor
from ops.terminal import Failure, Steps, ask, report

STOP_PATIENCE = 45.0
"""Seconds `make stop` waits for an orderly end before it says that something hangs."""
KEPT_BY_RESET = {"test", "bench"}


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


class Demo:
    """The demo of one run folder."""

    def __init__(self, run: Path) -> None:
        self.run = run
        home = server_home(run)
        log = run / "log"
        self.cluster = Cluster(home / "postgres", log=log / "postgres.log")
        self.redis = RedisServer(home / "redis", log=log / "redis.log")
        self.node = Node(
            "jena",
            database_url=self.cluster.url(),
            redis_url=self.redis.url(),
            run_dir=run,
            web_port=environment.free_port(int(os.environ.get("LEITSTELLE_WEB_PORT", "8000"))),
            sockets_port=environment.free_port(int(os.environ.get("LEITSTELLE_SOCKETS_PORT", "8001"))),
        )
        self._accounts = run / "log-ins"
        self.supervisor = Supervisor(self.node, self.cluster, self.redis, _say)

    def start(self) -> None:
        """Everything up to the ready page. Raises StartFailed, CommandFailed, PostgresMissing."""
        steps = Steps(5)
        self._step(steps, "PostgreSQL and Redis", self._start_servers)
        environment.write(self.run / "env", self.node.env)
        data = Stamp(self.run / "data.stamp", data_hash())
        self._step(steps, "Database", lambda: self.node.manage("migrate", "--no-input"), data)
        self._step(steps, "Reference data", self._load_reference, data)
        data.put(done=not self.supervisor.ended.is_set())
        static = Stamp(self.run / "static.stamp", static_hash())
        self._step(steps, "Static files", lambda: self.node.manage("collectstatic", "--no-input"), static)
        static.put(done=not self.supervisor.ended.is_set())
        self._step(steps, "Processes", self._start_processes)

    def banner(self) -> str:
        """What a person needs now, in the language of the screens."""
        lines = ["", "  Die Leitstelle läuft:", "", f"      {self.node.web_url}/", ""]
        if self._accounts.exists():
            lines += [f"  {line}" for line in self._accounts.read_text().splitlines()]
            lines.append("")
        lines += [f"  Protokolle: {self.run}/log   ·   Ende: Strg-C oder make stop", ""]
        return "\n".join(lines)

    def _load_reference(self) -> None:
        """The command's first line is its own report, the rest the log-ins; kept for the banner of later runs."""
        said = self.node.manage("load_reference", "--demo").splitlines()
        self._accounts.write_text("\n".join(said[1:]) + "\n")

    def _start_servers(self) -> None:
        self.cluster.start()
        self.cluster.create_database("leitstelle")
        self.redis.start()

    def _start_processes(self) -> None:
        """First what a person waits for; the rest starts while the page is already there."""
        first = ["web", "sockets", "vital"]
        self.node.start(first)
        self.node.wait_ready(first, timeout=60)
        later = [name for name in NODE if name not in first]
        self.node.start([*later, *([SIMULATOR.name] if SIMULATOR.exists(ROOT) else [])])

    def _step(self, steps: Steps, name: str, work: Callable[[], object], stamp: Stamp | None = None) -> None:
        if self.supervisor.ended.is_set():
            return
        steps.begin(name)
        if stamp is not None and stamp.fits:
            steps.done("up to date")
        else:
            work()
            steps.done()


def demo() -> int:
    """Run the demo in this terminal until it is ended; gives the exit code."""
    run = run_dir()
    lock = DemoLock(run)
    if not lock.take():
        number, address = lock.holder()
        print(f"Leitstelle läuft schon: {address or 'startet gerade'} (Prozess {number}; Ende mit `make stop`).")
        return 0
    try:
        thing = Demo(run)
    except OSError as error:
        return report(Failure(str(error), "Free the port or the folder named above and try again."))
    lock.note(f"{thing.node.web_url}/")
    thing.supervisor.catch_signals()
    try:
        thing.start()
        if not thing.supervisor.ended.is_set():
            print(thing.banner(), flush=True)
            thing.supervisor.watch()
        print("\n  Wird beendet …", flush=True)
        code = 0
    except (StartFailed, CommandFailed, PostgresMissing, OSError) as error:
        if thing.supervisor.ended.is_set():  # Ctrl-C reached the command of the running step, too
            code = 0
        else:
            advice = f"Read the lines above and the logs in {run}/log; `make reset` starts afresh (it asks first)."
            code = report(Failure(str(error), advice))
    finally:
        thing.supervisor.stop()
    print("  Alles beendet." if code == 0 else "  Alles, was lief, ist beendet.", flush=True)
    return code


def stop() -> int:
    """End a demo that runs in another terminal; gives the exit code."""
    lock = DemoLock(run_dir())
    if lock.take():
        print("Es läuft keine Vorführung dieses Verzeichnisses.")
        return 0
    number, _ = lock.holder()
    os.kill(number, signal.SIGTERM)
    deadline = time.monotonic() + STOP_PATIENCE
    while not lock.take():
        if time.monotonic() > deadline:
            what = f"Process {number} has not ended after {STOP_PATIENCE:.0f} s."
            return report(Failure(what, f"Look into {run_dir()}/log; as a last resort: kill -9 {number}"))
        time.sleep(0.05)
    print("Die Vorführung ist beendet.")
    return 0


def reset() -> int:
    """Throw the demo's data away, after a question; gives the exit code."""
    run = run_dir()
    if not DemoLock(run).take():
        return report(Failure("The demo is running.", "End it first with `make stop`."))
    if not ask("Delete the demo's database, logs and keys for good?"):
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


def _say(line: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')} {line}", flush=True)


def main(arguments: list[str]) -> int:
    actions = {"start": demo, "stop": stop, "reset": reset}
    if len(arguments) != 1 or arguments[0] not in actions:
        print(f"usage: python -m ops.demo {'|'.join(actions)}", file=sys.stderr)
        return 2
    return actions[arguments[0]]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
