"""The contract between the one who runs a node and the node: environment variables, kept in `<run>/env`.

DATABASE_URL              postgresql://leitstelle@/<database>?host=<socket folder>&port=5432
REDIS_URL                 unix://<socket>?db=<n> (or redis://:password@host:port/<n>)
SECRET_KEY                random, made once per run folder
LEITSTELLE_NODE           name of this node
LEITSTELLE_CENTRES        the centres it serves, by comma
LEITSTELLE_WEB_PORT       where the pages and commands are
LEITSTELLE_SOCKETS_PORT   where the consoles' sockets are
LEITSTELLE_LINK_PORT      where the other nodes dial the process `link`
LEITSTELLE_URL            this node's pages, as browsers and other nodes reach them
LEITSTELLE_SOCKETS_URL    its consoles' sockets, likewise, with their path
LEITSTELLE_LINK_URL       its link, likewise (ws:// or wss://)
LEITSTELLE_PEERS          name=ws://host:port#public-key of the nodes it trusts from the start, by comma
LEITSTELLE_TOKEN_KEYS     secrets that sign seat tokens, by comma, the same at all nodes
LEITSTELLE_NODE_ORIGINS   origins of other nodes' pages and sockets, where they are no ALLOWED_HOSTS
LEITSTELLE_LINK_TLS_CERT  files for TLS with certificates of both sides on the link; likewise …_KEY and …_CA
LEITSTELLE_SIMULATOR_OTHER  pages of the node that calls and radio go to while this one is dead (demo)
LEITSTELLE_BIND           address to listen on (containers); the default is this machine only
LEITSTELLE_HTTPS          1: behind TLS (secure cookies, HSTS); 0: plain, for the demo on loopback
LEITSTELLE_STATIC_ROOT    folder of the collected static files
LEITSTELLE_DB_TEMPLATE    template of new databases, so that tests need no superuser for PostGIS
LEITSTELLE_RUN_DIR        the run folder itself
ALLOWED_HOSTS             names the pages answer to, by comma
"""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import tempfile
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from ops.places import run_dir

OWN_PORTS = range(20_000, 32_000)
# Nobody else's file is followed or written to.
TURN_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


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


def command_values(env: Mapping[str, str]) -> dict[str, str]:
    """What the command lines of `ops.processes` need, from a node's environment."""
    run = env.get("LEITSTELLE_RUN_DIR")
    return {
        "host": env.get("LEITSTELLE_BIND", "127.0.0.1"),
        "web_port": env.get("LEITSTELLE_WEB_PORT", "8000"),
        "sockets_port": env.get("LEITSTELLE_SOCKETS_PORT", "8001"),
        "link_port": env.get("LEITSTELLE_LINK_PORT", "8002"),
        "centres": env.get("LEITSTELLE_CENTRES", "jena,gera"),
        "run_dir": run or str(run_dir()),
        "other_url": env.get("LEITSTELLE_SIMULATOR_OTHER", ""),
        "tls_cert": env.get("LEITSTELLE_LINK_TLS_CERT", ""),
        "tls_key": env.get("LEITSTELLE_LINK_TLS_KEY", ""),
        "tls_ca": env.get("LEITSTELLE_LINK_TLS_CA", ""),
    }


def free_port(preferred: int = 0, *, host: str = "127.0.0.1") -> int:
    """`preferred` if nobody listens there, else a free port that no other process was given lately: between the choice
    and the server's start somebody else may choose as well. Raises OSError if there is none.

    Taken below 32768, where Linux begins to give ports to outgoing connections: such a connection could otherwise sit
    on the port before its server starts, or while the server is down.
    """
    if preferred and _is_free(host, preferred):
        return preferred
    # One turn for all processes of this user, kept in a file.
    turn = os.open(Path(tempfile.gettempdir()) / f"leitstelle-ports-{os.getuid()}", TURN_FLAGS, 0o600)
    with os.fdopen(turn, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        last = file.read()
        begin = OWN_PORTS.index(int(last)) + 1 if last.isdecimal() and int(last) in OWN_PORTS else 0
        for port in chain(OWN_PORTS[begin:], OWN_PORTS[:begin]):
            if _is_free(host, port):
                file.seek(0)
                file.truncate()
                file.write(str(port))
                return port
    raise OSError(f"no free port on {host}")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
