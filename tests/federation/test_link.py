"""Two real nodes, each with a database of its own, and the line between them."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
import redis

from federation.notices import SECURED
from ops.served import ServedNetwork, ServedNode
from tests.federation.lines import append, content, equal, eventually, has_state, link, query
from tests.people import Dispatcher, next_message

NOTES = "SELECT count(*) FROM journal_entry WHERE type = 'incident.noted'"


@pytest.fixture
def network(pair: ServedNetwork) -> Iterator[ServedNetwork]:
    """The file's pair, linked and equal before the next test."""
    yield pair
    pair.heal()
    for node in pair:
        node.resume_all()
        if not node.running("link"):
            node.start(["link"])
        node.wait_ready()
    pair.wait_linked()
    equal(*pair)


@pytest.fixture
def people(network: ServedNetwork) -> Iterator[tuple[Dispatcher, Dispatcher]]:
    jena, gera = network
    with closing(Dispatcher(jena, "jena1", "J1")) as one, closing(Dispatcher(gera, "gera1", "G1")) as other:
        yield one, other


def test_what_happens_at_one_node_is_known_at_the_other(
    network: ServedNetwork, people: tuple[Dispatcher, Dispatcher]
) -> None:
    jena, gera = network
    for person in people:
        incident = person.open_incident(caller_name="Erika Musterfrau")
        person.must("incident.note", incident=incident, text="Rauch aus dem Dach")
    equal(jena, gera)
    assert query(gera, NOTES) == query(jena, NOTES)
    assert {origin for (origin,) in query(jena, "SELECT DISTINCT origin FROM journal_entry")} >= {"jena", "gera"}
    # Both nodes have told who they are, and each knows the other's key from the journal now.
    assert {node for (node,) in query(gera, "SELECT id FROM federation_node WHERE public_key <> ''")} == {
        "jena",
        "gera",
    }


def test_both_go_on_while_cut_off_and_are_one_again_afterwards(
    network: ServedNetwork, people: tuple[Dispatcher, Dispatcher]
) -> None:
    jena, gera = network
    network.cut()
    eventually(has_state(jena, "gera", "down"))
    eventually(has_state(gera, "jena", "down"))
    for person in people:
        person.open_incident()
    assert content(jena) != content(gera)
    eventually(lambda: link(jena, "gera")["lag_entries"] > 0)
    network.heal()
    network.wait_linked()
    equal(jena, gera)
    assert link(jena, "gera")["error"] == ""


def test_kills_of_the_link_lose_nothing_and_slow_nobody(
    network: ServedNetwork, people: tuple[Dispatcher, Dispatcher]
) -> None:
    jena, gera = network
    incident = people[0].open_incident()
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            people[0].must("incident.note", incident=incident, text="und weiter")

    writer = threading.Thread(target=write)
    before = query(jena, NOTES)[0][0]
    writer.start()
    for node in (gera, jena):
        node.kill("link")
        reached = query(jena, NOTES)[0][0]
        eventually(lambda reached=reached: query(jena, NOTES)[0][0] > reached + 5)  # type: ignore[misc]
        node.start(["link"])
        node.wait_ready(["link"])
    done.set()
    writer.join()
    assert query(jena, NOTES)[0][0] > before + 10
    network.wait_linked()
    equal(jena, gera)


def test_a_frozen_peer_is_seen_as_gone(network: ServedNetwork) -> None:
    jena, gera = network
    gera.kill("link", signal.SIGSTOP)
    frozen = time.monotonic()
    eventually(has_state(jena, "gera", "down"))
    # 2.6 s of silence; the rest is for a busy machine.
    assert time.monotonic() - frozen < 6
    assert "silent" in link(jena, "gera")["error"]
    gera.resume("link")
    eventually(has_state(jena, "gera", "up"))
    eventually(has_state(gera, "jena", "up"))


def test_a_line_that_hears_one_way_only_is_no_line(network: ServedNetwork) -> None:
    jena, gera = network
    network.one_way(deaf="jena", unheard="gera")
    eventually(has_state(jena, "gera", "down"))
    eventually(has_state(gera, "jena", "down"))


def test_it_is_said_at_once_what_is_on_disk_at_the_peer(
    network: ServedNetwork, people: tuple[Dispatcher, Dispatcher]
) -> None:
    jena, _gera = network
    with redis.Redis.from_url(jena.env["REDIS_URL"]) as client, client.pubsub() as notices:  # type: ignore[no-untyped-call]
        notices.subscribe(SECURED)
        assert notices.get_message(timeout=5)["type"] == "subscribe"
        answer = people[0].send("incident.note", {"incident": people[0].open_incident(), "text": "x"}).json()
        told = 0
        while told < answer["pos"]:
            message = notices.get_message(timeout=10)
            assert message is not None, f"{answer['pos']} is not secured, only {told}"
            told = int(message["data"])
    eventually(lambda: link(jena, "gera")["secured_pos"] >= answer["pos"])


def test_what_nobody_can_read_is_kept_aside_and_everything_else_goes_on(
    network: ServedNetwork, people: tuple[Dispatcher, Dispatcher]
) -> None:
    jena, gera = network
    append(jena, 3)
    incident = people[0].open_incident()
    eventually(lambda: query(gera, "SELECT 1 FROM incidents_incident WHERE id = %s", incident))
    kept = query(gera, "SELECT count(*), min(reason) FROM journal_quarantine WHERE type = 'x.future'")
    assert kept == [(3, "unknown type x.future")]


def await_turn(node: ServedNode) -> None:
    """Until the link process of ``node`` has kept house once more: told positions, written states."""
    written = "SELECT max(updated_at) FROM federation_linkstate WHERE node = %s"
    before = query(node, written, node.name)
    eventually(lambda: query(node, written, node.name) != before)


def test_positions_travel_beside_the_entries(network: ServedNetwork, people: tuple[Dispatcher, Dispatcher]) -> None:
    jena, gera = network
    unit = query(jena, "SELECT id FROM resources_unit ORDER BY id LIMIT 1")[0][0]
    entries = query(gera, "SELECT count(*) FROM journal_entry")
    seen = "SELECT round(ST_X(point)::numeric, 4)::float, received_at FROM resources_position WHERE unit_id = %s"
    for node, other, lon in ((jena, gera, 11.5), (gera, jena, 11.6)):
        with psycopg.connect(node.env["DATABASE_URL"]) as database:
            database.execute(
                "INSERT INTO resources_position (unit_id, point, observed_at, received_at, source)"
                " VALUES (%s, ST_SetSRID(ST_MakePoint(%s, 50.9), 4326), now(), now(), 'test') ON CONFLICT (unit_id)"
                " DO UPDATE SET point = excluded.point, observed_at = excluded.observed_at, received_at = now()",
                [unit, lon],
            )
        eventually(lambda other=other, lon=lon: [row[0] for row in query(other, seen, unit)] == [lon])  # type: ignore[misc]
    # It does not come back to where it came from: nobody takes it for news again.
    taken = query(gera, seen, unit), query(jena, seen, unit)
    for node in (jena, gera, jena, gera):
        await_turn(node)
    assert (query(gera, seen, unit), query(jena, seen, unit)) == taken
    assert query(gera, "SELECT count(*) FROM journal_entry") == entries


def test_who_works_where_is_seen_in_both_rooms(network: ServedNetwork, people: tuple[Dispatcher, Dispatcher]) -> None:
    one, other = people
    incident = one.open_incident()
    with one.socket(one.snapshot()["pos"]) as in_jena, other.socket(other.snapshot()["pos"]) as in_gera:
        next_message(in_jena, "beat")
        next_message(in_gera, "beat")
        in_jena.send(f'{{"t": "here", "incident": "{incident}", "field": "text"}}')
        while incident not in (seen := next_message(in_gera, "presence")["incidents"]):
            pass
        assert [(person["seat"], person["field"]) for person in seen[incident]] == [("J1", "text")]
    with other.socket(other.snapshot()["pos"]) as in_gera:
        eventually(lambda: incident not in next_message(in_gera, "presence")["incidents"])


def test_what_a_node_says_of_itself_reaches_its_peer(network: ServedNetwork) -> None:
    jena, gera = network
    eventually(lambda: "seats" in link(gera, "jena")["vitals"])
    seen = link(gera, "jena")
    assert 0 < seen["vitals"]["disk_free"] <= 1
    assert seen["version"] == link(jena, "gera")["version"] != ""
    assert abs(eventually(lambda: link(gera, "jena")["rtt_ms"])) < 5000
    assert abs(seen["clock_ms"]) < 1000
