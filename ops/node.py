"""One node: its environment and processes. The same code runs demo, tests and measurements."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Container, Iterable, Mapping
from functools import partial
from pathlib import Path

from ops import environment, identity
from ops.child import Child
from ops.cluster import TEMPLATE
from ops.health import Tls, answers
from ops.places import ROOT, python
from ops.processes import PROGRAMS


class CommandFailed(Exception):
    """A `manage.py` command ended with an error. The text holds its last words."""


class Node:
    """A node on `database_url` and `redis_url` with its logs and state in `run_dir`.

    Ports: 0 takes a free one. `host`: the name of this machine in the pages' address; browsers keep the log-ins of
    nodes apart by it, not by the port. `extra` is added to the environment of every process (and wins).
    """

    def __init__(
        self,
        name: str,
        *,
        database_url: str,
        redis_url: str,
        run_dir: Path,
        centres: Iterable[str] = ("jena", "gera"),
        web_port: int = 0,
        sockets_port: int = 0,
        link_port: int = 0,
        host: str = "127.0.0.1",
        static_root: Path | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.host = host
        self.run_dir = run_dir
        self.web_port = web_port or environment.free_port()
        self.sockets_port = sockets_port or environment.free_port()
        self.link_port = link_port or environment.free_port()
        self.env: dict[str, str] = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": environment.secret_key(run_dir),
            "LEITSTELLE_NODE": name,
            "LEITSTELLE_CENTRES": ",".join(centres),
            "LEITSTELLE_WEB_PORT": str(self.web_port),
            "LEITSTELLE_SOCKETS_PORT": str(self.sockets_port),
            "LEITSTELLE_LINK_PORT": str(self.link_port),
            "LEITSTELLE_URL": self.web_url,
            "LEITSTELLE_SOCKETS_URL": f"{self.sockets_url}/console/socket",
            "LEITSTELLE_LINK_URL": f"ws://127.0.0.1:{self.link_port}",
            "LEITSTELLE_PEERS": "",
            "LEITSTELLE_HTTPS": "0",
            "LEITSTELLE_STATIC_ROOT": str(static_root or run_dir / "static"),
            "LEITSTELLE_DB_TEMPLATE": TEMPLATE,
            "LEITSTELLE_RUN_DIR": str(run_dir),
            "ALLOWED_HOSTS": "localhost,127.0.0.1,.localhost",
            **(extra or {}),
        }
        self._children: dict[str, Child] = {}

    @property
    def web_url(self) -> str:
        """Address of the pages and commands, without a slash at the end."""
        return f"http://{self.host}:{self.web_port}"

    @property
    def sockets_url(self) -> str:
        """Address of the consoles' sockets, without a slash at the end."""
        return f"ws://{self.host}:{self.sockets_port}"

    @property
    def link_url(self) -> str:
        """Address at which other nodes reach the link, without a slash at the end."""
        return self.env["LEITSTELLE_LINK_URL"]

    @property
    def public_key(self) -> str:
        """What its peers know it by; the pair is made on first use."""
        return identity.public_key(self.run_dir)

    def trust(self, peers: Iterable[tuple[str, str, str]]) -> None:
        """From the next start of a process on it trusts these: (name, address of the link, public key)."""
        self.env["LEITSTELLE_PEERS"] = ",".join(f"{name}={url}#{key}" for name, url, key in peers)

    @property
    def children(self) -> Mapping[str, Child]:
        """The processes that were started, by name."""
        return self._children

    def full_env(self) -> dict[str, str]:
        """The environment of this process with the node's own on top, as its children get it."""
        return {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "leitstelle.settings",
            # glibc otherwise keeps a heap per thread; two are enough and save memory.
            "MALLOC_ARENA_MAX": "2",
            **self.env,
        }

    # -- set-up

    def manage(self, *arguments: str, timeout: float = 300) -> str:
        """Run `manage.py` with `arguments` against this node's database; gives what it printed.

        Raises CommandFailed.
        """
        done = subprocess.run(
            [python(), "manage.py", *arguments],
            cwd=ROOT,
            env=self.full_env(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode != 0:
            words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
            raise CommandFailed(f"manage.py {' '.join(arguments)} failed:\n{words}")
        return done.stdout

    def prepare(self, *, demo: bool = True, static: bool = True) -> None:
        """Bring database and static files up to date: migrate, load_reference, collectstatic. Repeatable."""
        self.manage("migrate", "--no-input")
        self.manage("load_reference", *(["--demo"] if demo else []))
        if static:
            self.manage("collectstatic", "--no-input")

    # -- life

    def start(self, names: Iterable[str] = ("web", "sockets", "vital")) -> None:
        """Start the named processes (see `ops.processes`). They are not ready yet: `wait_ready`."""
        identity.public_key(self.run_dir)
        values = environment.command_values(self.env)
        for name in names:
            child = self._children.get(name)
            if child is None:
                command = PROGRAMS[name].command(python(), values)
                child = self._children[name] = Child(name, command, log=self.run_dir / "log" / f"{name}.log")
            child.env = self.full_env()
            child.start()

    def wait_ready(self, names: Iterable[str] | None = None, timeout: float = 30.0) -> None:
        """Wait until the named processes (default: all started) answer `GET /health` with 200.

        Processes without a port only have to be running. Raises StartFailed with the end of the log.
        """
        for name in names if names is not None else tuple(self._children):
            child = self._children[name]
            child.wait_until(partial(self.healthy, name), timeout)

    def healthy(self, name: str) -> bool:
        """Whether a process runs and, where it has a port, answers its health page."""
        port_name = PROGRAMS[name].health_port
        if not self._children[name].running:
            return False
        if port_name is None:
            return True
        port = int(environment.command_values(self.env)[port_name])
        return answers(port, tls=Tls.of(self.env) if port_name == "link_port" else None)

    def running(self, name: str) -> bool:
        return name in self._children and self._children[name].running

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Signal (default -9) a process with its workers; waits for its end unless it is SIGSTOP."""
        self._children[name].kill(number)

    def kill_all(self, number: int = signal.SIGKILL, *, spare: Container[str] = ()) -> None:
        """Signal (default -9) all processes but `spare` at the same moment; waits for the end unless it is SIGSTOP."""
        hit = [child for name, child in self._children.items() if name not in spare]
        for child in hit:
            child.send_signal(number)
        for child in hit:
            child.kill(number)

    def resume_all(self) -> None:
        """Let processes that were stopped with SIGSTOP go on."""
        for name in self._children:
            self.resume(name)

    def resume(self, name: str) -> None:
        """Let a process that was stopped with SIGSTOP go on."""
        self._children[name].send_signal(signal.SIGCONT)

    def restart(self, name: str, timeout: float = 30.0) -> None:
        """Start a process again that was killed (or end it first), and wait until it is ready."""
        self._children[name].stop()
        self._children[name].start()
        self.wait_ready([name], timeout)

    def stop(self, names: Iterable[str] | None = None, timeout: float = 10.0) -> None:
        """End the named processes (default: all) politely and together, after `timeout` seconds with -9."""
        chosen = [self._children[name] for name in (names if names is not None else tuple(self._children))]
        for child in chosen:
            child.ask_to_stop()
        deadline = time.monotonic() + timeout
        for child in reversed(chosen):
            child.stop(timeout=max(0.0, deadline - time.monotonic()))

    def memory(self) -> int:
        """Bytes the node's processes really take: their proportional set sizes, workers included."""
        total = 0
        groups = {child.pid for child in self._children.values() if child.running}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError, ValueError):
                    if os.getpgid(int(entry.name)) in groups:
                        for line in (entry / "smaps_rollup").read_text().splitlines():
                            if line.startswith("Pss:"):
                                total += int(line.split()[1]) * 1024
        return total

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
