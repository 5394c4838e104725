"""Other networks than a pair: one database for two, three nodes in a row, one that joins, one from a backup."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ops.served import ServedNetwork, ServedNode
from ops.testing import NodeFactory
from tests.federation.lines import append, content, equal, eventually, has_state, link, query
from tests.people import Dispatcher

OWN = "SELECT incarnation, count(*), max(seq) FROM journal_entry WHERE origin = 'jena' GROUP BY 1 ORDER BY 1"
HELD = "SELECT count(*) FROM journal_entry WHERE type = %s"


def test_two_nodes_on_one_database_send_each_other_no_entries(shared_pair: ServedNetwork) -> None:
    jena, gera = shared_pair
    before = sum(shared_pair.bytes_passed().values())
    append(jena, 2000)
    eventually(lambda: link(jena, "gera")["shared"] and link(gera, "jena")["shared"])
    eventually(lambda: link(jena, "gera")["vitals"] and link(jena, "gera")["age"] < 1)
    passed = sum(shared_pair.bytes_passed().values()) - before
    assert passed < 2000 * 200, f"{passed} bytes: entries went over the line"
    # Nothing is safer for being there twice in the same place.
    assert {link(*ends)["secured_pos"] for ends in ((jena, "gera"), (gera, "jena"))} == {0}
    with closing(Dispatcher(jena, "jena1", "J1")) as one, closing(Dispatcher(gera, "gera1", "G1")) as other:
        incident = one.open_incident()
        assert incident in other.snapshot()["incidents"]
    # A link that starts anew while the peer's is dead still knows that there is one database.
    jena.kill("link")
    gera.kill("link")
    gera.start(["link"])
    gera.wait_ready(["link"])
    eventually(lambda: link(gera, "jena")["age"] < 1 and link(gera, "jena")["state"] == "down")
    assert link(gera, "jena")["shared"] is True


@contextmanager
def newcomer(network: ServedNetwork, name: str) -> Iterator[ServedNode]:
    """A node with an empty database that knows the others' addresses; nobody knows it yet."""
    jena = network["jena"]
    database = f"{jena.database}_{name}"
    jena.cluster.create_database(database, replace=True)
    node = ServedNode(
        jena.cluster, database, jena.redis, lodger=True, name=name, run_dir=jena.run_dir.with_name(database),
        static_root=Path(jena.env["LEITSTELLE_STATIC_ROOT"]), centres=[name],
    )  # fmt: skip
    node.manage("migrate", "--no-input")
    network.add(node)
    try:
        yield node
    finally:
        node.stop()
        network.remove(node)
        jena.cluster.drop_database(database)


def test_a_third_node_joins_by_one_command_and_gets_all_of_it_through_one_neighbour(pair: ServedNetwork) -> None:
    jena, gera = pair
    with newcomer(pair, "saalfeld") as saalfeld:
        pair.cut("gera", "saalfeld")
        saalfeld.start(["link"])
        saalfeld.wait_ready()
        assert query(saalfeld, "SELECT count(*) FROM journal_entry WHERE origin <> 'saalfeld'") == [(0,)]
        names = ("LEITSTELLE_LINK_URL", "LEITSTELLE_URL", "LEITSTELLE_SOCKETS_URL")
        jena.manage("admit", "saalfeld", *(saalfeld.env[name] for name in names), saalfeld.public_key, "saalfeld")
        eventually(has_state(saalfeld, "jena", "up"))
        append(gera, 5, "x.from_gera")
        append(saalfeld, 5, "x.from_saalfeld")
        eventually(lambda: query(saalfeld, HELD, "x.from_gera") == query(gera, HELD, "x.from_saalfeld") == [(5,)])
        equal(jena, gera, saalfeld)
        assert link(saalfeld, "gera")["state"] == "never"
        jena.manage("dismiss", "saalfeld")
        eventually(has_state(saalfeld, "jena", "down"))
        assert link(jena, "saalfeld") == {}


@pytest.mark.parametrize("remembers", [True, False], ids=["with its life.json", "told by the peer"])
def test_a_database_from_a_backup_goes_on_in_a_new_incarnation(node_factory: NodeFactory, remembers: bool) -> None:
    network = node_factory.make_pair(processes=["link"])
    jena, gera = network
    append(jena, 10, "x.kept")
    eventually(lambda: query(gera, HELD, "x.kept") == [(10,)])
    eventually(lambda: link(jena, "gera")["lag_entries"] == 0)
    jena.kill("link")
    backup = f"{jena.database}_backup"
    jena.cluster.create_database(backup, template=jena.database, replace=True)
    jena.start(["link"])
    jena.wait_ready()
    append(jena, 30, "x.lost")
    eventually(lambda: query(gera, HELD, "x.lost") == [(30,)])
    jena.kill("link")
    life = jena.run_dir / "life.json"
    assert life.exists()
    jena.cluster.drop_database(jena.database)
    jena.cluster.create_database(jena.database, template=backup)
    # Somebody works on before the link is there again: numbers that gera knows with another content.
    append(jena, 3, "x.on")
    if remembers:
        network.cut()
    else:
        life.unlink()
    jena.start(["link"])
    jena.wait_ready()
    if remembers:
        eventually(lambda: [row[0] for row in query(jena, OWN)] == [1, 2])
        append(jena, 4, "x.on")
        network.heal()
    else:
        eventually(lambda: [row[0] for row in query(jena, OWN)] == [1, 2])
        append(jena, 4, "x.on")
    eventually(lambda: query(jena, HELD, "x.lost") == [(30,)])
    eventually(lambda: query(gera, HELD, "x.on") == [(7,)])
    equal(jena, gera)
    assert content(jena)["journal_entry"] == content(gera)["journal_entry"]
    rows = query(jena, OWN)
    assert [row[0] for row in rows] == [1, 2]
    assert all(count == highest for _incarnation, count, highest in rows)
    network.stop()
    jena.cluster.drop_database(backup)


def test_postgres_dies_under_the_link_and_comes_back(node_factory: NodeFactory) -> None:
    network = node_factory.make_pair(processes=["link"], own_servers=True)
    jena, gera = network
    append(jena, 20)
    gera.cluster.kill()
    append(jena, 20, "x.meanwhile")
    eventually(lambda: not gera.healthy("link"))
    eventually(has_state(jena, "gera", "down"))
    gera.cluster.start()
    eventually(lambda: gera.healthy("link"))
    network.wait_linked()
    equal(jena, gera)
    network.stop()
