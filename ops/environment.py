"""The contract between the one who runs a node and the node: environment variables, kept in `<run>/env`.

DATABASE_URL              postgresql://leitstelle@/<database>?host=<socket folder>&port=5432
REDIS_URL                 unix://<socket>?db=<n> (or redis://:password@host:port/<n>)
SECRET_KEY                random, made once per run folder
LEITSTELLE_NODE           name of this node
LEITSTELLE_CENTRES        the centres it serves, by comma
LEITSTELLE_WEB_PORT       where the pages and commands are
LEITSTELLE_SOCKETS_PORT   where the consoles' sockets are
LEITSTELLE_HTTPS          1: behind TLS (secure cookies, HSTS); 0: plain, for the demo on loopback
LEITSTELLE_STATIC_ROOT    folder of the collected static files
LEITSTELLE_DB_TEMPLATE    template of new databases, so that tests need no superuser for PostGIS
LEITSTELLE_RUN_DIR        the run folder itself
ALLOWED_HOSTS             names the pages answer to, by comma
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path


def read(path: Path) -> dict[str, str]:
    """The KEY=value lines of `path`; empty when there is none."""
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#") and "=" in line)


def write(path: Path, values: Mapping[str, str]) -> None:
    """Write `values` so that only the owner can read them, and all at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text("".join(f"{key}={value}\n" for key, value in sorted(values.items())))
    os.replace(new, path)


def secret_key(run: Path) -> str:
    """The secret key of this run folder; made on first use and kept, so that log-ins outlive a restart."""
    path = run / "secret-key"
    if not path.exists():
        run.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(64))
    return path.read_text().strip()


def free_port(preferred: int = 0, *, host: str = "127.0.0.1") -> int:
    """`preferred` if nobody listens there, else a free port of the machine's choice."""
    for port in (preferred, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"no free port on {host}")
