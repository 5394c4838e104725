"""The quiet copy: a PostgreSQL, a Redis and a node of the measurement's own, never the demo's."""

import contextlib
import json
import os
import time
import urllib.request
from pathlib import Path

from bench.client import Login, log_in
from ops.cluster import Cluster
from ops.node import Node
from ops.places import run_dir, server_home
from ops.processes import NODE, WEB
from ops.redis_server import RedisServer

# As printed by `load_reference --demo`; not imported, because the measuring process stays free of Django.
PASSWORD = "leitstelle-demo-112"
EMPTY = "bench"
FULL = "bench_full"
SEATS = [(f"{centre}{number}", f"{centre[0].upper()}{number}") for number in range(1, 9) for centre in ("jena", "gera")]


class Ground:
    """Servers and node; ``start`` and ``stop`` as often as wanted."""

    def __init__(self) -> None:
        self.folder = run_dir() / "bench"
        home = server_home(self.folder)
        self.cluster = Cluster(home / "postgres")
        self.redis = RedisServer(home / "redis")
        self.node: Node | None = None

    def start_servers(self) -> None:
        if not self.cluster.running:
            self.cluster.start()
        if not self.redis.running:
            self.redis.start()

    def node_on(self, database: str) -> Node:
        """A node on this database, not started; a running one is ended first."""
        self.stop_node()
        url = self.cluster.url(database)
        self.node = Node("jena", database_url=url, redis_url=self.redis.url(), run_dir=self.folder)
        return self.node

    def start_node(self, database: str) -> Node:
        """All processes of a node in service, ready."""
        node = self.node_on(database)
        node.start(NODE)
        node.wait_ready()
        return node

    def stop_node(self) -> None:
        if self.node is not None:
            self.node.stop()
            self.node = None

    def stop(self) -> None:
        self.stop_node()
        self.redis.stop()
        self.cluster.stop()

    def cold_start(self, database: str) -> float:
        """Seconds from nothing running to the first answered page: database, Redis, web process, log-in page."""
        self.stop()
        began = time.perf_counter()
        self.start_servers()
        node = self.node_on(database)
        # The order of the demo: first what a person waits for, the rest as soon as the page is there.
        node.start([WEB.name])
        while time.perf_counter() - began < 60:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"{node.web_url}/login/", timeout=2) as page,
            ):
                if page.status == 200:
                    took = time.perf_counter() - began
                    node.start(name for name in NODE if name != WEB.name)
                    node.wait_ready()
                    return took
        raise TimeoutError("the node did not come up within a minute")

    def memory(self) -> dict[str, int]:
        """Proportional set size in bytes: node, PostgreSQL, Redis."""
        assert self.node is not None
        servers = {"postgres": self.cluster.pid, "redis": self.redis.pid}
        return {"node": self.node.memory()} | {name: _tree_pss(pid) for name, pid in servers.items() if pid}

    def keys(self) -> dict[str, str]:
        """The demo keys of programs, by role."""
        keys: dict[str, str] = json.loads((self.folder / "keys.json").read_text())
        return keys

    def log_in_all(self) -> list[Login]:
        """Every demo dispatcher at a seat."""
        assert self.node is not None
        return [log_in(self.node.web_url, user, PASSWORD, seat) for user, seat in SEATS]


def _tree_pss(pid: int) -> int:
    """PSS of a process and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        todo += children.get(one, [])
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def machine() -> str:
    """What the figures were taken on."""
    cores = os.cpu_count()
    with contextlib.suppress(OSError, IndexError):
        names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        return f"{cores} × {names[0].partition(':')[2].strip()}"
    return f"{cores} cores"
