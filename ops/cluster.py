"""A private PostgreSQL cluster: made, started, stopped and killed without touching a system service.

It listens on a Unix socket in a folder only its own user (and root) can enter, so it needs no free port and
no password. With `listen` (containers) it also takes TCP connections with a password.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from ops.child import Child, StartFailed
from ops.places import SERVICE_USER, give_to_service_user

PORT = 5432
"""Names the socket file (each cluster has a folder of its own for it); the TCP port inside a container."""

OWNER = "leitstelle"
TEMPLATE = "leitstelle_template"
STALE_LOCK_PATIENCE = 10.0
"""Seconds in which an older server on the same data may end before the start is given up."""

ORPHAN_PATIENCE = 0.2
"""Seconds in which the helpers of a dead server may end by themselves."""

EXTENSIONS = ("postgis", "pg_trgm", "unaccent")

BASE_SETTINGS: Mapping[str, str] = {
    # Durability: an answered command is on disk.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Size: one centre on two cores.
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    # The server's log must not hold personal data: no statements, no parameters, no DETAIL lines.
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


SMALL: Mapping[str, str] = {"shared_buffers": "64MB", "effective_cache_size": "256MB", "max_wal_size": "256MB"}
"""Settings for a server beside others on the same machine."""


class PostgresMissing(Exception):
    """No PostgreSQL with PostGIS is installed."""


def server_programs() -> Path:
    """Folder of the newest installed PostgreSQL (from 15) that has PostGIS. Raises PostgresMissing."""
    found = [
        folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if int(folder.parent.name) >= 15
        and Path(f"/usr/share/postgresql/{folder.parent.name}/extension/postgis.control").exists()
    ]
    if not found:
        raise PostgresMissing("PostgreSQL 15 with PostGIS is not installed: run `make demo` or `make test`.")
    return max(found, key=lambda folder: int(folder.parent.name))


class Cluster:
    """One PostgreSQL server with its data in `folder`.

    `settings` overrides BASE_SETTINGS. `listen` is a list of addresses for TCP as PostgreSQL writes it
    (empty: socket only) and needs `password` for the application's role.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        listen: str = "",
        port: int = PORT,
        password: str = "",
        log: Path | None = None,
    ) -> None:
        if listen and not password:
            raise ValueError("a cluster that listens on TCP needs a password")
        self.folder = folder
        self.data = folder / "data"
        self.socket = folder / "socket"
        self.listen = listen
        self.port = port
        self.password = password
        self.settings = {**BASE_SETTINGS, **(settings or {})}
        self._log = log or folder.parent / "log" / "postgres.log"
        self._child: Child | None = None

    # -- addresses

    def url(self, database: str = OWNER) -> str:
        """The address of a database for the application's role, over the socket."""
        return f"postgresql://{OWNER}@/{database}?host={self.socket}&port={self.port}"

    # -- life

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self, timeout: float = 60.0) -> None:
        """Make the cluster if there is none, start it, wait until it answers, prepare role and template.

        Raises PostgresMissing, StartFailed.
        """
        programs = server_programs()
        if not (self.data / "PG_VERSION").exists():
            self._make(programs)
        elif (version := (self.data / "PG_VERSION").read_text().strip()) != programs.parent.name:
            raise StartFailed(
                f"The data in {self.data} are of PostgreSQL {version}, installed is {programs.parent.name}. "
                "Move them with pg_upgrade, or throw them away with `make reset`."
            )
        self._clear_stale_lock()
        self._write_access_rules()
        options = {
            **self.settings,
            "listen_addresses": self.listen,
            "port": str(self.port),
            "unix_socket_directories": str(self.socket),
        }
        arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        self._child = Child(
            "postgres",
            [str(programs / "postgres"), "-D", str(self.data), *arguments],
            log=self._log,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"},
            stop_signal=signal.SIGINT,  # "fast shutdown": roll back what is open, write a checkpoint, end
            as_service_user=True,
        )
        self._child.start()
        self._child.wait_until(self._ready, timeout)
        self._prepare()

    def stop(self) -> None:
        """End it in order: open transactions are rolled back, everything committed is on disk."""
        if self._child is not None:
            self._child.stop(timeout=30)
            self._end_remaining()

    def kill(self) -> None:
        """Kill -9 every process of the server at once, as a power cut would, and wait until all are gone."""
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._child is not None:
            self._child.kill()
        self._end_remaining()

    # -- databases

    def create_database(self, name: str, *, template: str = TEMPLATE, replace: bool = False) -> str:
        """Make database `name` (with the extensions) owned by the application's role; gives its address.

        An existing one is kept unless `replace` is set; then it is dropped first, its connections with it.
        """
        if replace:
            self.drop_database(name)
        if not self.has_database(name):
            self.sql(f'CREATE DATABASE "{name}" OWNER "{OWNER}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop database `name` if it exists, ending its connections."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def has_database(self, name: str) -> bool:
        return self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'") == "1"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as superuser; gives its plain output. Raises RuntimeError with psql's words."""
        arguments = ["-XqAt", "-v", "ON_ERROR_STOP=1", "-h", str(self.socket), "-p", str(self.port)]
        done = subprocess.run(
            [
                str(server_programs() / "psql"),
                *arguments,
                "-U",
                SERVICE_USER,
                "-d",
                database,
                "-c",
                statement,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    # -- inner works

    def _make(self, programs: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        for part in (self.data, self.socket):
            part.mkdir(exist_ok=True)
            give_to_service_user(part)
        command = [str(programs / "initdb"), "-D", str(self.data), "-U", SERVICE_USER, "--auth=trust"]
        command += ["--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
        maker = Child("initdb", command, log=self._log, as_service_user=True)
        maker.start()
        maker.wait_until(lambda: maker.exit_code == 0, timeout=120)

    def _write_access_rules(self) -> None:
        """Who may connect: over the socket everybody who can enter its folder, over TCP with the password."""
        rules = ["local all all trust"]
        if self.listen:
            rules.append("host all all all scram-sha-256")
        (self.data / "pg_hba.conf").write_text("\n".join(rules) + "\n")

    def _ready(self) -> bool:
        """Line 8 of postmaster.pid is the server's own word on its state."""
        with contextlib.suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"
        return False

    def _prepare(self) -> None:
        """Role and template database; only superusers may create PostGIS, so tests copy the template."""
        marker = self.folder / "prepared"
        wanted = f"{OWNER} {TEMPLATE} {' '.join(EXTENSIONS)}\n"
        if not (marker.exists() and marker.read_text() == wanted):
            if self.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{OWNER}'") != "1":
                self.sql(f'CREATE ROLE "{OWNER}" LOGIN CREATEDB')
            if not self.has_database(TEMPLATE):
                self.sql(f'CREATE DATABASE "{TEMPLATE}"')
            for extension in EXTENSIONS:
                self.sql(f"CREATE EXTENSION IF NOT EXISTS {extension}", TEMPLATE)
            self.sql(f'ALTER DATABASE "{TEMPLATE}" IS_TEMPLATE true')
            marker.write_text(wanted)
        if self.password:
            quoted = self.password.replace("'", "''")
            self.sql(f"ALTER ROLE \"{OWNER}\" PASSWORD '{quoted}'")

    def _clear_stale_lock(self) -> None:
        """Remove the lock of a server that is dead.

        A postmaster killed by -9 can stay as a zombie where the machine's init does not reap; its number then
        still answers to signals and PostgreSQL would refuse to start. What counts is whether a living process
        works in the data folder.
        """
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        postmaster = int(lock.read_text().split("\n", 1)[0])
        deadline = time.monotonic() + STALE_LOCK_PATIENCE
        while postmaster in self._processes():  # an older server that is just ending
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"Another PostgreSQL (process {postmaster}) is using {self.data}. "
                    "Is a `make demo` running in another terminal? `make stop` ends it."
                )
            time.sleep(0.05)
        self._end_remaining()
        lock.unlink(missing_ok=True)

    def _end_remaining(self) -> None:
        """End what a dead postmaster left. Most notice by themselves, some only when they next wake up.

        They must be gone before the next start, which recovers from the log anyway: so -9 loses nothing.
        """
        deadline = time.monotonic() + ORPHAN_PATIENCE
        while remaining := self._processes():
            if time.monotonic() > deadline:
                for pid in remaining:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def _processes(self) -> list[int]:
        """The living processes of this server: those working in its data folder (zombies have none)."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if os.readlink(entry / "cwd") == str(self.data):
                        found.append(int(entry.name))
        return found
