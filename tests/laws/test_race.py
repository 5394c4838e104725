"""Law 4: one unit, one commitment, whoever presses first; the same for answering a call. In one room, in two rooms
with databases of their own, and in two rooms on one database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from ops.node import Node
from ops.served import ServedNode
from ops.testing import NodeFactory
from tests.federation.rooms import GERA_SPOT, JENA_SPOT, free_units, people, until
from tests.people import Dispatcher, Telephony

ROUNDS = 20
DISPATCHERS = [("jena1", "J1"), ("jena2", "J2"), ("jena3", "J3"), ("gera1", "G1"), ("gera2", "G2"), ("gera3", "G3")]

Room = tuple[list[ServedNode], list[Dispatcher]]


@pytest.fixture(scope="module", params=["lone", "split", "shared"])
def room(request: pytest.FixtureRequest, node_factory: NodeFactory) -> Iterator[Room]:
    """The nodes, and three dispatchers of each centre: each at their own centre's node, if there is one."""
    if request.param == "lone":
        network = None
        nodes = [node_factory("jena", processes=("web",))]
    else:
        network = node_factory.make_pair(request.param, processes=("web", "link"))
        nodes = list(network)
    seats: list[tuple[Node, str, str]] = [
        (nodes[-1] if name.startswith("gera") else nodes[0], name, seat) for name, seat in DISPATCHERS
    ]
    with people(*seats) as dispatchers:
        yield nodes, dispatchers
    if network is not None:
        network.stop()


@pytest.fixture(scope="module")
def incidents(room: Room) -> list[str]:
    """One for each dispatcher; at each centre two of their own centre's and one of the other's."""
    spots = [JENA_SPOT, JENA_SPOT, GERA_SPOT, GERA_SPOT, GERA_SPOT, JENA_SPOT]
    return [person.open_incident(**spot) for person, spot in zip(room[1], spots, strict=True)]


def all_at_once(people: list[Dispatcher], name: str, data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everybody sends at the same moment, over a connection of their own."""
    start = Barrier(len(people))

    def press(person: Dispatcher, what: dict[str, Any]) -> dict[str, Any]:
        start.wait()
        return person.do(name, **what)

    with ThreadPoolExecutor(len(people)) as threads:
        return list(threads.map(press, people, data))


@pytest.mark.parametrize("number", range(ROUNDS))
def test_six_dispatchers_alarm_one_unit(room: Room, incidents: list[str], number: int) -> None:
    nodes, dispatchers = room
    unit = free_units(dispatchers[0], "RTW", "gera" if number % 2 else "jena")[0]
    answers = all_at_once(
        dispatchers, "incident.alarm", [{"incident": i, "units": [{"unit": unit}]} for i in incidents]
    )

    committed = [incident for incident, answer in zip(incidents, answers, strict=True) if "pos" in answer]
    refused = [answer for answer in answers if "pos" not in answer]
    assert len(committed) == 1, answers
    assert {answer["refused"] for answer in refused} == {"unit_committed"}
    assert all(answer["detail"]["units"][0]["incident"] == committed[0] for answer in refused)

    held = f"SELECT incident_id, unconfirmed FROM incidents_assignment WHERE unit_id = '{unit}' AND ended_at IS NULL"
    for node in nodes:
        arrived = partial(node.sql, held)
        assert until(arrived) == f"{committed[0]}|f"
    picture = dispatchers[0].snapshot()
    assert picture["units"][unit]["incident"] == committed[0]


@pytest.mark.parametrize("number", range(10))
def test_two_dispatchers_answer_one_call(room: Room, number: int) -> None:
    """One gets it, the other sees who."""
    nodes, dispatchers = room
    both = [dispatchers[0], dispatchers[3 if number % 2 else 1]]
    with closing(Telephony(nodes[0])) as telephony:
        call = telephony.ring()
    # A room sees the calls that ring in it; by its id anybody may answer it.
    until(lambda: all(node.sql(f"SELECT 1 FROM incidents_call WHERE id = '{call}'") for node in nodes))
    answers = all_at_once(both, "call.answer", [{"call": call}] * 2)
    refused = [answer for answer in answers if "pos" not in answer]
    assert len(refused) == 1, answers
    assert refused[0]["refused"] == "taken"
    winner = both[0] if "pos" in answers[0] else both[1]
    assert refused[0]["detail"]["seat"] == winner.snapshot()["calls"][call]["seat"]
    winner.must("call.end", call=call)
