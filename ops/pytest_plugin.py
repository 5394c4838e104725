"""Gives every test run its own PostgreSQL and Redis, before Django's settings are read.

Does nothing where DATABASE_URL is set already (workers of a parallel run, a server of the caller's choice).
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from ops import languages
from ops.child import StartFailed
from ops.cluster import SMALL, Cluster, PostgresMissing
from ops.places import python, server_home
from ops.redis_server import RedisServer
from ops.served import ServedNetwork
from ops.testing import SLOT_VARIABLE, NodeFactory, TestServers

_servers_key = pytest.StashKey[TestServers]()
PrivateServers = Callable[[], tuple[Cluster, RedisServer]]


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """A wrapper, because pytest-django reads the settings in its own implementation of this hook."""
    languages.compile_stale()
    options = early_config.known_args_namespace
    os.environ["PATH"] = f"{Path(python()).parent}:{os.environ['PATH']}"  # `node` may be there and nowhere else
    if "DATABASE_URL" not in os.environ and not (options.help or options.version):
        try:
            servers = TestServers()
            os.environ.update(servers.start())
        except (PostgresMissing, StartFailed) as error:
            raise pytest.UsageError(str(error)) from error
        early_config.stash[_servers_key] = servers
    return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    servers = config.stash.get(_servers_key, None)
    if servers is not None:
        servers.stop()


def _slot() -> Path:
    if SLOT_VARIABLE not in os.environ:
        pytest.skip("needs the servers of the test run; DATABASE_URL was set from outside")
    return Path(os.environ[SLOT_VARIABLE])


@pytest.fixture(scope="module")
def cluster(node_factory: NodeFactory) -> Cluster:
    """The PostgreSQL of this run, for making databases. Not for stopping: see `private_servers`."""
    return node_factory.cluster


@pytest.fixture(scope="module")
def node_factory() -> Iterator[NodeFactory]:
    """Makes real nodes with web, sockets and vital processes; see `ops.testing.NodeFactory`. They end with their file:
    the nodes of all files together would want more memory, cores and connections than there are."""
    factory = NodeFactory(_slot(), os.environ.get("PYTEST_XDIST_WORKER", "main"))
    yield factory
    factory.stop_all()


@pytest.fixture(scope="module")
def pair(node_factory: NodeFactory) -> Iterator[ServedNetwork]:
    """Jena and Gera with databases of their own, linked by lines that can be cut; for one file's tests."""
    network = node_factory.make_pair()
    yield network
    network.stop()


@pytest.fixture(scope="module")
def shared_pair(node_factory: NodeFactory) -> Iterator[ServedNetwork]:
    """Jena and Gera on one and the same database, linked."""
    network = node_factory.make_pair("shared")
    yield network
    network.stop()


@pytest.fixture(scope="session")
def private_servers() -> Iterator[PrivateServers]:
    """Makes a PostgreSQL and a Redis of the test's own, started, for tests that kill them."""
    made: list[tuple[Cluster, RedisServer]] = []
    numbers = itertools.count()
    slot = _slot()

    def make() -> tuple[Cluster, RedisServer]:
        label = f"p{os.getpid()}-{next(numbers)}"
        home = server_home(slot) / label
        pair = (
            Cluster(home / "pg", settings=SMALL, log=slot / "log" / f"{label}-postgres.log"),
            RedisServer(home / "r", log=slot / "log" / f"{label}-redis.log"),
        )
        made.append(pair)
        home.mkdir(mode=0o711)
        for server in pair:
            server.start()
        return pair

    yield make
    for postgres, redis in made:
        redis.stop()
        postgres.stop()
        shutil.rmtree(postgres.folder.parent)
