"""A private Redis on a Unix socket. It keeps nothing on disk: nothing vital lives in it."""

from __future__ import annotations

import contextlib
import shutil
import socket
from pathlib import Path

from ops.child import Child, StartFailed
from ops.places import give_to_service_user


class RedisServer:
    """One Redis with its socket in `folder`. With `port` it listens on TCP too and needs `password`."""

    def __init__(
        self,
        folder: Path,
        *,
        bind: str = "",
        port: int = 0,
        password: str = "",
        log: Path | None = None,
    ) -> None:
        if port and not password:
            raise ValueError("a Redis that listens on TCP needs a password")
        self.folder = folder
        self.socket = folder / "redis.sock"
        self.bind = bind
        self.port = port
        self.password = password
        self._log = log or folder.parent / "log" / "redis.log"
        self._child: Child | None = None

    def url(self, database: int = 0) -> str:
        """The address of one numbered database (0 to 63), in the form redis-py reads."""
        return f"unix://{self.socket}?db={database}"

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self, timeout: float = 10.0) -> None:
        """Start it and wait until it answers. Raises StartFailed."""
        program = shutil.which("redis-server")
        if program is None:
            raise StartFailed("redis-server is not installed: run `make demo` or `make test`.")
        self.folder.mkdir(parents=True, exist_ok=True)
        give_to_service_user(self.folder)
        self.socket.unlink(missing_ok=True)
        command = [
            program,
            "--port",
            str(self.port),
            "--unixsocket",
            str(self.socket),
            "--unixsocketperm",
            "700",
        ]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no", "--databases", "64"]
        command += ["--dir", str(self.folder), "--maxmemory", "128mb", "--maxmemory-policy", "noeviction"]
        if self.port:
            command += ["--bind", self.bind, "--requirepass", self.password]
        self._child = Child("redis", command, log=self._log, as_service_user=True)
        self._child.start()
        self._child.wait_until(self._ready, timeout)

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop(timeout=5)

    def kill(self) -> None:
        """Kill -9; what was in it is gone."""
        if self._child is not None:
            self._child.kill()

    def _ready(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        return False
