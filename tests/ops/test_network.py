"""Pairs of nodes for tests: what they share and what they do not, in both topologies."""

from __future__ import annotations

import time
import urllib.request

import pytest

from ops.served import ServedNetwork, ServedNode
from ops.testing import NodeFactory, Topology

STORE = "SELECT id FROM journal_store"
CONTENT = "SELECT count(*), max(pos), max(hlc) FROM journal_entry"


def ports(node: ServedNode) -> set[int]:
    return {node.web_port, node.sockets_port, node.link_port}


@pytest.mark.parametrize("topology", ["split", "shared"])
def test_nodes_of_a_pair_hold_the_same_and_know_each_other(node_factory: NodeFactory, topology: Topology) -> None:
    network = node_factory.make_pair(topology, processes=["web"])
    jena, gera = network
    shared = topology == "shared"
    assert (jena.sql(STORE) == gera.sql(STORE)) == shared
    assert jena.sql(CONTENT) == gera.sql(CONTENT) != "0||"
    assert not ports(jena) & ports(gera)
    assert jena.env["LEITSTELLE_TOKEN_KEYS"] == gera.env["LEITSTELLE_TOKEN_KEYS"]
    assert jena.env["SECRET_KEY"] != gera.env["SECRET_KEY"]
    assert gera.env["LEITSTELLE_PEERS"].startswith("jena=ws://127.0.0.1:")
    assert gera.env["LEITSTELLE_PEERS"].endswith(f"#{jena.public_key}")
    for node in network:
        with urllib.request.urlopen(f"{node.web_url}/health", timeout=5) as answer:
            assert answer.status == 200
    network.stop()
    assert not jena.cluster.has_database(jena.database)
    assert not gera.cluster.has_database(gera.database)


def test_a_site_with_servers_of_its_own_can_burn_and_come_back(node_factory: NodeFactory) -> None:
    network = node_factory.make_pair(processes=["web"], own_servers=True)
    jena, gera = network
    before = jena.sql(CONTENT)
    jena.kill_site()
    assert not jena.cluster.running
    assert not jena.running("web")
    assert gera.healthy("web")
    jena.start_site()
    assert jena.healthy("web")
    assert jena.sql(CONTENT) == before
    network.stop()
    assert not jena.cluster.folder.exists()


def test_split_nodes_are_linked_through_lines_that_can_be_cut(pair: ServedNetwork) -> None:
    assert set(pair.states().values()) == {("up", 0)}
    pair.cut("jena", "gera")
    eventually_not_up(pair)
    pair.heal()
    pair.wait_linked()


def eventually_not_up(network: ServedNetwork) -> None:
    deadline = time.monotonic() + 10
    while any(state == "up" for state, _ in network.states().values()):
        assert time.monotonic() < deadline, network.states()
        time.sleep(0.05)


def test_shared_nodes_are_linked_too(shared_pair: ServedNetwork) -> None:
    assert set(shared_pair.states().values()) == {("up", 0)}
