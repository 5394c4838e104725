"""One centre of the demo: its node, its servers, and how all of it dies and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ops import environment
from ops.cluster import SMALL, Cluster
from ops.node import Node
from ops.places import ROOT
from ops.processes import NODE, SIMULATOR
from ops.redis_server import RedisServer
from ops.sources import Stamp, data_hash
from ops.supervisor import Watched

FIRST = ("web", "sockets", "vital", "link")
"""What a person and the other centres wait for; the rest starts while the pages are already there."""
PORTS_PER_NODE = 10
PUBLIC_LINK = 3
"""A node has ten ports: pages, sockets and link on the first three, the line to its link on the next."""


class Servers:
    """PostgreSQL and Redis of one centre, or of all where they share a database."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.cluster = Cluster(folder / "pg", settings=SMALL, log=log / "postgres.log")
        self.redis = RedisServer(folder / "r", log=log / "redis.log")
        self._folder = folder

    def start(self) -> None:
        """Start what does not run. Raises PostgresMissing, StartFailed."""
        self._folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        if not self.cluster.running:
            self.cluster.start()
            self.cluster.create_database("leitstelle")
        if not self.redis.running:
            self.redis.start()

    def kill(self) -> None:
        self.cluster.kill()
        self.redis.kill()

    def stop(self) -> None:
        self.redis.stop()
        self.cluster.stop()


class Site:
    """A centre's installation. `number` gives it its ports; `shared`: its servers serve other centres as well."""

    def __init__(
        self, name: str, number: int, *, run: Path, static: Path, servers: Servers, shared: bool, ports: int
    ) -> None:
        self.name = name
        self.title = name.capitalize()
        self.number = number
        self.servers = servers
        self.shared = shared
        self.away = False
        """Killed on purpose: nobody revives it."""
        self.public_link = ports + PORTS_PER_NODE * number + PUBLIC_LINK if ports else 0
        self._log_ins = run.parent / "log-ins"
        wishes = [ports + PORTS_PER_NODE * number + offset if ports else 0 for offset in range(3)]
        web, sockets, link = (environment.free_port(wish) for wish in wishes)
        self.node = Node(
            name,
            database_url=servers.cluster.url(),
            redis_url=servers.redis.url(),
            run_dir=run,
            centres=[name],
            web_port=web,
            sockets_port=sockets,
            link_port=link,
            # Browsers keep the log-ins of two hosts apart, of two ports not; they know *.localhost by themselves.
            host=["127.0.0.1", "localhost"][number] if number < 2 else f"{name}.localhost",
            static_root=static,
            extra={"LEITSTELLE_TOKEN_KEYS": environment.secret_key(run.parent)},
        )

    # -- preparing

    def data(self) -> Stamp:
        """Whether the database is what the source makes of it."""
        return Stamp(self.node.run_dir / "data.stamp", data_hash())

    def migrate(self) -> None:
        self.node.manage("migrate", "--no-input")

    def load_reference(self) -> None:
        """Reference data, log-ins and keys, as far as they are not there. The log-ins are kept for the banner."""
        said = self.node.manage("load_reference", "--demo").splitlines()
        self._log_ins.write_text("\n".join(said[1:]) + "\n")  # the first line is the command's own report

    @property
    def has_keys(self) -> bool:
        """Whether the demo's programs have keys for this node."""
        return (self.node.run_dir / "keys.json").exists()

    # -- life

    def start(self, processes: tuple[str, ...] = NODE) -> None:
        """Start servers and processes that do not run, and wait for those a person waits for. Raises StartFailed."""
        self.servers.start()
        waited = [name for name in processes if name in FIRST]
        self.node.start([name for name in waited if not self.node.running(name)])
        self.node.wait_ready(waited, timeout=60)
        self.node.start([name for name in processes if name not in FIRST and not self.node.running(name)])
        self.away = False

    def start_simulator(self, other_url: str) -> None:
        """Callers and crews of this centre; while its node is dead they turn to `other_url`."""
        self.node.env["LEITSTELLE_SIMULATOR_OTHER"] = other_url
        if SIMULATOR.exists(ROOT) and self.has_keys and not self.node.running(SIMULATOR.name):
            self.node.start([SIMULATOR.name])

    def kill(self) -> None:
        """What a fire does. Callers and crews live on; shared servers too, for they stand elsewhere."""
        self.away = True
        self.node.kill_all(spare=[SIMULATOR.name])
        if not self.shared:
            self.servers.kill()

    def ask_to_stop(self) -> None:
        """Let all processes end, without waiting; the simulator first, which says good-bye to the others."""
        if self.node.running(SIMULATOR.name):
            self.node.stop([SIMULATOR.name])
        for child in self.node.children.values():
            child.ask_to_stop()

    def ask_simulator_to_stop(self) -> None:
        """The same for callers and crews alone."""
        if self.node.running(SIMULATOR.name):
            self.node.children[SIMULATOR.name].ask_to_stop()

    def stop(self) -> None:
        """End it in the order of its dependence: simulator, processes, Redis, PostgreSQL. Shared servers stay."""
        self.ask_to_stop()
        self.node.stop()
        if not self.shared:
            self.servers.stop()

    def watched(self) -> Iterator[Watched]:
        """Everything of it that must be kept alive now."""
        log = self.node.run_dir / "log"
        if not self.shared and not self.away:
            yield from watched_servers(self.servers, self.name, log)
        for name, child in self.node.children.items():
            if not self.away or name == SIMULATOR.name:
                running = partial(self.node.running, name)
                yield Watched(f"{self.name}/{name}", running, child.start, log / f"{name}.log")


def watched_servers(servers: Servers, owner: str, log: Path) -> Iterator[Watched]:
    """Both servers, under the name of the one they belong to."""
    for name, server in (("postgres", servers.cluster), ("redis", servers.redis)):
        running = partial(_runs, server)
        yield Watched(f"{owner}/{name}", running, server.start, log / f"{name}.log")


def _runs(server: Cluster | RedisServer) -> bool:
    return server.running
