"""The servers of one test run, and nodes for tests that need real processes.

Each run takes the first free slot `.run/test/<n>`, so several runs at once do not meet. The data stay, which
makes the next start a matter of 0.1 s.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from ops import environment
from ops.cluster import SMALL, Cluster
from ops.node import Node
from ops.places import run_dir, server_home
from ops.redis_server import RedisServer
from ops.served import LINKED, SERVED, ServedNetwork, ServedNode
from ops.sources import Stamp, data_hash, static_hash

Topology = Literal["split", "shared"]

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


class NodeFactory:
    """Makes nodes on the servers of this test run; usable in every worker of a parallel run."""

    # Of all factories of a process: what a node leaves in its folder must not be taken for another's.
    _numbers = itertools.count()

    def __init__(self, slot: Path, worker: str) -> None:
        self.slot = slot
        self.worker = worker
        self.cluster, self.redis = _servers(slot)
        self._made: list[ServedNode] = []
        self._networks: list[ServedNetwork] = []
        self._redises: list[RedisServer] = []

    def __call__(
        self,
        name: str = "jena",
        *,
        demo: bool = True,
        processes: Iterable[str] = SERVED,
        centres: Iterable[str] = ("jena", "gera"),
        extra: Mapping[str, str] | None = None,
    ) -> ServedNode:
        """A node with reference data (with `demo` also users and example units), started and ready."""
        database = self._database(self._label(), self._loaded_template(demo=demo))
        node = self._node(name, self.cluster, database, self._redis(), centres=centres, extra=extra)
        node.start(processes)
        node.wait_ready()
        return node

    def make_pair(
        self,
        topology: Topology = "split",
        names: Sequence[str] = ("jena", "gera"),
        processes: Iterable[str] = LINKED,
        *,
        own_servers: bool = False,
        extra: Mapping[str, str] | None = None,
    ) -> ServedNetwork:
        """Linked nodes with demo data, each home of the centre of its name, started, ready and linked.

        `split`: databases of their own, and each has received everything the first one made. `shared`: all on one
        database. `own_servers`: a PostgreSQL for each, which can be killed (`ServedNode.kill_site`); it costs two
        seconds more. Without `link` among the processes nobody waits for the line; without any nothing is started.
        """
        shared = topology == "shared"
        label = self._label()
        nodes: list[ServedNode] = []
        network = ServedNetwork((), self.slot / "log" / f"wires-{label}.log")
        self._networks.append(network)
        tokens = {"LEITSTELLE_TOKEN_KEYS": environment.secret_key(self.slot)}
        # Once for all: where source text changes meanwhile, two templates would be two histories of one origin.
        template = "" if own_servers else self._loaded_template(demo=True)
        for number, name in enumerate(names):
            if shared and nodes:
                cluster, database, redis = nodes[0].cluster, nodes[0].database, nodes[0].redis
            else:
                cluster = self._own_cluster(f"{label}{number}") if own_servers else self.cluster
                database = "leitstelle" if own_servers else self._database(f"{label}_{number}", template)
                redis = self._redis()
                if nodes:
                    cluster.sql("UPDATE journal_store SET id = gen_random_uuid()", database)
            node = self._node(
                name, cluster, database, redis, private=own_servers, lodger=shared, centres=[name],
                host="localhost" if number == 1 else "127.0.0.1", extra={**tokens, **(extra or {})},
            )  # fmt: skip
            nodes.append(node)
            network.members[name] = node
        network.connect()
        if names_to_start := list(processes):
            network.start_nodes(names_to_start)
        return network

    def stop_all(self) -> None:
        """End every node made here and remove its files; the logs stay until the next run of the slot."""
        for network in self._networks:
            network.stop()
        for node in self._made:
            node.stop()
        for redis in self._redises:
            redis.stop()
            shutil.rmtree(redis.folder, ignore_errors=True)

    def _label(self) -> str:
        return f"{self.worker}_{os.getpid()}_{next(self._numbers)}"

    def _node(self, name: str, cluster: Cluster, database: str, redis: RedisServer, **values: object) -> ServedNode:
        """A node that is not started, with the shared static files and the demo's keys."""
        self._collect_static()
        run = self.slot / "nodes" / self._label()
        node = ServedNode(cluster, database, redis, name=name, run_dir=run, static_root=self.slot / "static", **values)  # type: ignore[arg-type]
        self._made.append(node)
        # Made with the data that the node's database is a copy of.
        keys = (self.slot / "seed" if node.private else self.slot) / "keys.json"
        if keys.exists():
            shutil.copy(keys, node.run_dir / keys.name)
        return node

    def _redis(self) -> RedisServer:
        """A Redis that runs."""
        label = self._label()
        redis = RedisServer(server_home(self.slot) / f"r{label}", log=self.slot / "log" / f"redis-{label}.log")
        redis.start()
        self._redises.append(redis)
        return redis

    def _database(self, label: str, template: str) -> str:
        """A copy of a loaded database on the servers of this test run; gives its name."""
        name = f"node_{label}"
        self.cluster.create_database(name, template=template, replace=True)
        return name

    def _own_cluster(self, label: str) -> Cluster:
        """A PostgreSQL of its own that runs, with the demo's data in its database `leitstelle`.

        A copy of a cluster that is made once per source text: a tenth of the time of initdb and loading.
        """
        home = server_home(self.slot)
        seed = home / "seed"
        with _locked(self.slot / "seed.lock"):
            stamp = Stamp(seed / "data.stamp", data_hash())
            if not stamp.fits:
                shutil.rmtree(seed, ignore_errors=True)
                maker = Cluster(seed, settings=SMALL, log=self.slot / "log" / "seed-postgres.log")
                maker.start()
                Node(
                    "jena", database_url=maker.create_database("leitstelle"), redis_url=self.redis.url(),
                    run_dir=self.slot / "seed",
                ).prepare(static=False)  # fmt: skip
                maker.stop()
                stamp.put(done=True)
            folder = home / f"pg{label}"
            subprocess.run(["cp", "--archive", str(seed), str(folder)], check=True)
        cluster = Cluster(folder, settings=SMALL, log=self.slot / "log" / f"postgres-{label}.log")
        cluster.start()
        return cluster

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
        # All nodes of both workers on one server, each with five processes and their pools.
        Cluster(home / "postgres", settings={"max_connections": "400"}, log=log / "postgres.log"),
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
