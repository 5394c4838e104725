"""The servers of one test run, and nodes for tests that need real processes.

Each run takes the first free slot `.run/test/<n>`, so several runs at once do not meet. The data stay, which
makes the next start a matter of 0.1 s.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ops.cluster import Cluster
from ops.node import Node
from ops.places import run_dir, server_home
from ops.redis_server import RedisServer
from ops.sources import data_hash, static_hash

SLOT_VARIABLE = "LEITSTELLE_TEST_SLOT"
"""Tells the workers of a parallel run which slot their controller holds."""


class TestServers:
    """PostgreSQL and Redis of one test run."""

    __test__ = False  # not a test class, whatever its name says to pytest

    def __init__(self, base: Path | None = None) -> None:
        self.slot, self._lock = _take_slot(base or run_dir() / "test")
        self.cluster, self.redis = _servers(self.slot)

    def start(self) -> dict[str, str]:
        """Start both; gives the environment (`ops.environment`) for this process and those it starts."""
        self.cluster.start()
        self.redis.start()
        url = self.cluster.create_database("leitstelle")
        node = Node("jena", database_url=url, redis_url=self.redis.url(), run_dir=self.slot)
        return {**node.env, SLOT_VARIABLE: str(self.slot)}

    def stop(self) -> None:
        self.redis.stop()
        self.cluster.stop()
        self._lock.close()


class ServedNode(Node):
    """A node for one test: own database, own Redis, own ports. `stop` ends and removes everything."""

    def __init__(self, cluster: Cluster, database: str, redis: RedisServer, **values: object) -> None:
        super().__init__(
            database_url=cluster.url(database),
            redis_url=redis.url(),
            **values,  # type: ignore[arg-type]
        )
        self.cluster = cluster
        self.database = database
        self.redis = redis

    def stop(self, names: Iterable[str] | None = None, timeout: float = 10.0) -> None:
        super().stop(names, timeout)
        if names is None:
            self.redis.stop()
            if self.cluster.has_database(self.database):
                self.cluster.drop_database(self.database)


class NodeFactory:
    """Makes nodes on the servers of this test run; usable in every worker of a parallel run."""

    def __init__(self, slot: Path, worker: str) -> None:
        self.slot = slot
        self.worker = worker
        self.cluster, self.redis = _servers(slot)
        self._numbers = itertools.count()
        self._made: list[ServedNode] = []

    def __call__(
        self,
        name: str = "jena",
        *,
        demo: bool = True,
        processes: Iterable[str] = ("web", "sockets", "vital"),
        centres: Iterable[str] = ("jena", "gera"),
        extra: Mapping[str, str] | None = None,
    ) -> ServedNode:
        """A node with reference data (with `demo` also users and example units), started and ready."""
        label = f"{self.worker}_{os.getpid()}_{next(self._numbers)}"
        template = self._loaded_template(demo=demo)
        self._collect_static()
        database = f"node_{label}"
        self.cluster.create_database(database, template=template, replace=True)
        redis = RedisServer(server_home(self.slot) / f"r{label}", log=self.slot / "log" / f"redis-{label}.log")
        redis.start()
        node = ServedNode(
            self.cluster,
            database,
            redis,
            name=name,
            run_dir=self.slot / "nodes" / label,
            centres=centres,
            static_root=self.slot / "static",
            extra=extra,
        )
        self._made.append(node)
        keys = self.slot / "keys.json"  # made with the template's demo keys
        if keys.exists():
            shutil.copy(keys, node.run_dir / keys.name)
        node.start(processes)
        node.wait_ready()
        return node

    def stop_all(self) -> None:
        """End every node made here and remove its files; the logs stay until the next run of the slot."""
        for node in self._made:
            node.stop()
            shutil.rmtree(node.redis.folder, ignore_errors=True)

    def _collect_static(self) -> None:
        """Bring the static files that all nodes of the slot share up to date."""
        stamp = self.slot / "static.stamp"
        with _locked(self.slot / "static.lock"):
            current = static_hash()
            if not (stamp.exists() and stamp.read_text() == current):
                url = self.cluster.url("leitstelle")
                Node("jena", database_url=url, redis_url="", run_dir=self.slot).manage("collectstatic", "--no-input")
                stamp.write_text(current)

    def _loaded_template(self, *, demo: bool) -> str:
        """Name of a template database with migrations and reference data of exactly this source text."""
        kind = "demo" if demo else "bare"
        name = f"loaded_{kind}_{data_hash()}"
        with _locked(self.slot / f"{kind}.lock"):
            if not self.cluster.has_database(name):
                for old in self.cluster.sql(
                    f"SELECT datname FROM pg_database WHERE datname LIKE 'loaded_{kind}_%'"
                ).splitlines():
                    self.cluster.drop_database(old)
                building = f"building_{kind}"
                url = self.cluster.create_database(building, replace=True)
                maker = Node("jena", database_url=url, redis_url=self.redis.url(), run_dir=self.slot)
                maker.prepare(demo=demo, static=False)
                self.cluster.sql(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
        return name


def _servers(slot: Path) -> tuple[Cluster, RedisServer]:
    home = server_home(slot)
    log = slot / "log"
    return (
        Cluster(home / "postgres", log=log / "postgres.log"),
        RedisServer(home / "redis", log=log / "redis.log"),
    )


def _take_slot(base: Path) -> tuple[Path, IO[str]]:
    for number in itertools.count():
        slot = base / str(number)
        slot.mkdir(parents=True, exist_ok=True)
        lock = (slot / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        return slot, lock
    raise AssertionError("itertools.count() does not end")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
