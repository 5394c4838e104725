"""Nodes and networks for one test: own databases, own Redis, own ports."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ops.child import StartFailed
from ops.cluster import Cluster
from ops.network import Network, link_state
from ops.node import Node
from ops.processes import LINK, PROGRAMS
from ops.redis_server import RedisServer

SERVED = ("web", "sockets", "vital")
LINKED = (*SERVED, LINK.name)
LINK_PATIENCE = 30.0


class ServedNode(Node):
    """A node for one test: own database, own Redis, own ports. `stop` ends and removes everything.

    `private`: the PostgreSQL is this node's alone, so that the whole site can be killed. `lodger`: the database and
    Redis belong to the network it is in, which removes them.
    """

    def __init__(
        self,
        cluster: Cluster,
        database: str,
        redis: RedisServer,
        *,
        private: bool = False,
        lodger: bool = False,
        **values: object,
    ) -> None:
        super().__init__(
            database_url=cluster.url(database),
            redis_url=redis.url(),
            **values,  # type: ignore[arg-type]
        )
        self.cluster = cluster
        self.database = database
        self.redis = redis
        self.private = private
        self.lodger = lodger

    def stop(self, names: Iterable[str] | None = None, timeout: float = 10.0) -> None:
        super().stop(names, timeout)
        if names is None and not self.lodger:
            self.release()

    def release(self) -> None:
        """Remove database and Redis (a private PostgreSQL with all its files)."""
        self.redis.stop()
        if self.private:
            self.cluster.stop()
            shutil.rmtree(self.cluster.folder, ignore_errors=True)
        elif self.cluster.has_database(self.database):
            self.cluster.drop_database(self.database)

    def kill_site(self) -> None:
        """What a fire does: every process dies at once; of a node with servers of its own they die too."""
        self.kill_all()
        if self.private:
            self.cluster.kill()
            self.redis.kill()

    def start_site(self) -> None:
        """Bring back what `kill_site` killed, with the processes that ran before, and wait until they are ready."""
        if not self.cluster.running:
            self.cluster.start()
        if not self.redis.running:
            self.redis.start()
        self.start([name for name, child in self.children.items() if not child.running])
        self.wait_ready()

    def sql(self, statement: str) -> str:
        """One statement on this node's database, as superuser; gives psql's plain output."""
        return self.cluster.sql(statement, self.database)


class ServedNetwork(Network):
    """Nodes for one test with their lines: `jena, gera = network`; `network.cut()`; `network["jena"]`."""

    members: dict[str, ServedNode]  # type: ignore[assignment]

    def __init__(self, nodes: Iterable[ServedNode], log: Path) -> None:
        super().__init__(nodes, log)

    def __iter__(self) -> Iterator[ServedNode]:
        return iter(self.members.values())

    def __getitem__(self, name: str) -> ServedNode:
        return self.members[name]

    def start_nodes(self, processes: Iterable[str]) -> None:
        """Start the named processes at all nodes and wait until all are ready, and linked if the link is among them."""
        names = [PROGRAMS[name].name for name in processes]
        for node in self:
            node.start(names)
        for node in self:
            node.wait_ready()
        if LINK.name in names:
            self.wait_linked()

    def wait_linked(self, timeout: float = LINK_PATIENCE) -> None:
        """Until every node is linked to every other and lacks nothing of it. Raises StartFailed with both views."""
        deadline = time.monotonic() + timeout
        while not all(state == ("up", 0) for state in self.states().values()):
            if time.monotonic() > deadline:
                logs = "\n".join(node.children[LINK.name].log_end() for node in self if LINK.name in node.children)
                raise StartFailed(f"not linked after {timeout:.0f} s: {self.states()}\n{logs}")
            time.sleep(0.05)

    def states(self) -> dict[tuple[str, str], tuple[str, int]]:
        """(node, peer): what the one sees of its line to the other, see `ops.network.link_state`."""
        return {
            (one.name, other.name): link_state(one.cluster, one.database, one.name, other.name)
            for one, other in itertools.permutations(self, 2)
        }

    def stop(self) -> None:
        for node in self:  # all together: each takes seconds to say good-bye
            for child in node.children.values():
                child.ask_to_stop()
        for node in self:
            node.stop()
        for node in self:
            if node.lodger:
                node.release()
        super().stop()
