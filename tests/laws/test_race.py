"""Law 4: one unit, one commitment, whoever presses first; the same for answering a call."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from ops.node import Node
from ops.testing import NodeFactory
from tests.people import Dispatcher, Telephony, free_units

ROUNDS = 20
DISPATCHERS = [("jena1", "J1"), ("jena2", "J2"), ("jena3", "J3"), ("gera1", "G1"), ("gera2", "G2"), ("gera3", "G3")]


@pytest.fixture(scope="module")
def node(node_factory: NodeFactory) -> Node:
    return node_factory("jena", processes=("web",))


@pytest.fixture(scope="module")
def room(node: Node) -> Iterator[list[Dispatcher]]:
    people = [Dispatcher(node, name, seat) for name, seat in DISPATCHERS]
    yield people
    for person in people:
        person.close()


def all_at_once(people: list[Dispatcher], name: str, data: list[dict[str, object]]) -> list[dict[str, object]]:
    """Everybody sends at the same moment, over a connection of their own."""
    start = Barrier(len(people))

    def press(person: Dispatcher, what: dict[str, object]) -> dict[str, object]:
        start.wait()
        return person.do(name, **what)

    with ThreadPoolExecutor(len(people)) as threads:
        return list(threads.map(press, people, data))


@pytest.mark.parametrize("number", range(ROUNDS))
def test_six_dispatchers_alarm_one_unit(room: list[Dispatcher], number: int) -> None:
    unit = free_units(room[0].snapshot(), "RTW")[0]
    incidents = [person.open_incident(place=f"Runde {number}") for person in room]
    answers = all_at_once(room, "incident.alarm", [{"incident": i, "units": [{"unit": unit}]} for i in incidents])

    committed = [incident for incident, answer in zip(incidents, answers, strict=True) if "pos" in answer]
    refused = [answer for answer in answers if "pos" not in answer]
    assert len(committed) == 1, answers
    assert {answer["refused"] for answer in refused} == {"unit_committed"}
    assert all(answer["detail"]["units"][0]["incident"] == committed[0] for answer in refused)  # type: ignore[index]

    picture = room[0].snapshot()
    assert picture["units"][unit]["incident"] == committed[0]
    holders = [i for i, view in picture["incidents"].items() for a in view["assignments"]
               if a["unit"] == unit and not a["times"]["ended"]]  # fmt: skip
    assert holders == committed


def test_two_dispatchers_answer_one_call(node: Node, room: list[Dispatcher]) -> None:
    """One gets it, the other sees who."""
    first, second = room[:2]
    for _round in range(10):
        with closing(Telephony(node)) as telephony:
            call = telephony.ring()
        answers = all_at_once([first, second], "call.answer", [{"call": call}] * 2)
        refused = [answer for answer in answers if "pos" not in answer]
        assert len(refused) == 1, answers
        assert refused[0]["refused"] == "taken"
        winner = first if "pos" in answers[0] else second
        assert refused[0]["detail"]["seat"] == first.snapshot()["calls"][call]["seat"]  # type: ignore[index]
        winner.must("call.end", call=call)
