"""Two linked nodes of the measurement's own, each with its own PostgreSQL and Redis, and lines that can be cut."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg

from bench.client import Client, Login, log_in
from bench.ground import PASSWORD
from ops.places import ROOT, python, run_dir
from ops.processes import NODE
from ops.served import ServedNetwork, ServedNode
from ops.testing import NodeFactory, TestServers

PATIENCE_SECONDS = 600.0
CENTRES = ("jena", "gera")


class Pair:
    """``with Pair() as pair``: both nodes run and are linked; everything ends with the block.

    ``extra`` is added to the environment of every process.
    """

    def __init__(self, name: str, extra: Mapping[str, str] | None = None) -> None:
        self._extra = extra
        self._servers = TestServers(run_dir() / name)
        os.environ.update(self._servers.start())
        self._factory = NodeFactory(self._servers.slot, name)

    def __enter__(self) -> "Pair":
        self.network: ServedNetwork = self._factory.make_pair("split", CENTRES, (), own_servers=True, extra=self._extra)
        for node in self.network:
            # Commit times on both sides are what the lag is measured by.
            node.cluster.sql("ALTER SYSTEM SET track_commit_timestamp = on")
            node.cluster.stop()
            node.cluster.start()
        self.network.start_nodes(NODE)
        return self

    def __exit__(self, *_error: object) -> None:
        self._factory.stop_all()
        self._servers.stop()

    @property
    def logs(self) -> Path:
        """Where the servers write theirs."""
        return self._servers.slot / "log"

    @property
    def jena(self) -> ServedNode:
        return self.network["jena"]

    @property
    def gera(self) -> ServedNode:
        return self.network["gera"]

    def log_in(self, node: ServedNode, seats: int) -> list[Login]:
        """The first ``seats`` dispatchers of the node's own centre, each at a seat."""
        letter = node.name[0].upper()
        return [log_in(node.web_url, f"{node.name}{n}", PASSWORD, f"{letter}{n}") for n in range(1, seats + 1)]

    def fill(self, node: ServedNode, closed: int, open_: int, seed: int) -> int:
        """Incidents of the node's centre by its real entries, past the doors; gives the number of entries."""
        done = subprocess.run(
            [python(), "-m", "bench.store", node.name, str(closed), str(open_), str(seed)],
            cwd=ROOT, env=node.full_env(), text=True, capture_output=True, check=True,
        )  # fmt: skip
        return int(done.stdout.split()[-1])


def keys(node: ServedNode) -> dict[str, str]:
    """The demo's keys of programs, by role."""
    found: dict[str, str] = json.loads((Path(node.run_dir) / "keys.json").read_text())
    return found


def connect(node: ServedNode) -> "psycopg.Connection[tuple[int, ...]]":
    return psycopg.connect(node.env["DATABASE_URL"], autocommit=True)


def chain(node: ServedNode, origin: str) -> int:
    """How far the node has the origin's chain."""
    found = node.sql(f"SELECT coalesce(max(seq), 0) FROM journal_chain WHERE origin = '{origin}'")
    return int(found)


def wait_for(what: str, met: Callable[[], bool], patience: float = PATIENCE_SECONDS) -> float:
    """Seconds until ``met``. Raises TimeoutError."""
    began = time.monotonic()
    while not met():
        if time.monotonic() - began > patience:
            raise TimeoutError(what)
        time.sleep(0.02)
    return time.monotonic() - began


def linked(node: ServedNode) -> bool:
    """Whether the node says that its line is up and that nothing is missing on either side."""
    state = node.sql(
        "SELECT count(*) FROM federation_linkstate WHERE state = 'up' AND lag_entries = 0 AND behind_entries = 0"
        f" AND node = '{node.name}' AND updated_at > now() - interval '3 seconds'"
    )
    return int(state) > 0


def picture(node: ServedNode, login: Login) -> dict[str, object]:
    client = Client(node.web_url, login.headers)
    found: dict[str, object] = client.get("/console/snapshot").expect(200).json()
    client.close()
    return found
