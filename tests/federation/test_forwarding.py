"""A command runs where the responsible centre is, once: from whichever room, whatever happens on the way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any
from uuid import uuid4

import httpx
import pytest

from federation import routing
from journal.commands import commands
from ops.served import ServedNetwork
from tests.federation.rooms import (
    GERA_SPOT,
    JENA_SPOT,
    executions,
    free_units,
    origins,
    people,
    radio,
    until,
    wait_cut,
    wait_same,
)
from tests.people import Dispatcher

ROUNDS = 8
# Secured within 150 ms is the rule; on a machine that does much else it is not without exception.
NOTES, MOSTLY = 20, 10
SLOWER_THAN_ANYBODY_WAITS_MS = 400

Rooms = tuple[Dispatcher, Dispatcher]


@pytest.fixture(scope="module")
def rooms(pair: ServedNetwork) -> Iterator[Rooms]:
    with people((pair["jena"], "jena1", "J1"), (pair["gera"], "gera1", "G1")) as (anna, gerd):
        yield anna, gerd


@pytest.fixture(autouse=True)
def whole(pair: ServedNetwork) -> Iterator[None]:
    """Each test begins and ends with both nodes linked and nothing missing."""
    yield
    pair.heal()
    pair.wait_linked()


def sent(person: Dispatcher, name: str, command_id: str, **data: Any) -> dict[str, Any]:
    return dict(person.send(name, data, command_id).json())


def test_a_whole_incident_of_the_other_centre(pair: ServedNetwork, rooms: Rooms) -> None:
    """From the first word to the closing, every act runs at the incident's centre and answers as there."""
    _anna, gerd = rooms
    incident = gerd.open_incident()
    unit = free_units(gerd, "RTW", "jena")[0]
    gerd.must("incident.edit", incident=incident, changes={"report": {"old": "", "new": "Brustschmerz"}})
    stale = gerd.do("incident.edit", incident=incident, changes={"report": {"old": "", "new": "anders"}})
    assert (stale["refused"], stale["detail"]["report"]["present"]) == ("edited_meanwhile", "Brustschmerz")
    gerd.must("incident.alarm", incident=incident, units=[{"unit": unit}])
    gerd.must("unit.report_status", unit=unit, status=3)
    held = gerd.do("incident.close", incident=incident, outcome="completed")
    assert (held["refused"], held["detail"]["units"][0]["unit"]) == ("units_committed", unit)
    gerd.must("incident.release", incident=incident, unit=unit)
    gerd.must("incident.close", incident=incident, outcome="completed")
    assert gerd.do("incident.close", incident=incident, outcome="completed")["refused"] == "incident_closed"
    wait_same(pair)
    assert [origins(node, incident) for node in pair] == [{"jena"}, {"jena"}]
    own = gerd.open_incident(**GERA_SPOT)
    wait_same(pair)
    assert origins(pair["jena"], own) == {"gera"}


def test_every_command_says_what_it_is_about() -> None:
    """In a word that routing knows: an unknown one would run at whichever node was asked."""
    assert {spec.about for spec in commands().values()} - {""} == set(routing._LOOK_UPS)


def test_a_unit_is_taken_from_the_other_centres_incident(pair: ServedNetwork, rooms: Rooms) -> None:
    """To and fro: at both nodes it is where it was taken to, and nowhere else."""
    anna, gerd = rooms
    unit = free_units(anna, "RTW", "jena")[0]
    theirs, ours = anna.open_incident(), gerd.open_incident(**GERA_SPOT)
    anna.must("incident.alarm", incident=theirs, units=[{"unit": unit}])
    wait_same(pair)
    assert gerd.do("incident.alarm", incident=ours, units=[{"unit": unit}])["refused"] == "unit_committed"
    for person, source, target in ((gerd, theirs, ours), (anna, ours, theirs), (gerd, theirs, ours)):
        person.must("incident.alarm", incident=target, units=[{"unit": unit, "take_from": source}])
        wait_same(pair)
        held = (
            f"SELECT incident_id, unconfirmed FROM incidents_assignment WHERE unit_id = '{unit}' AND ended_at IS NULL"
        )
        assert [node.sql(held) for node in pair] == [f"{target}|f"] * 2


def test_commands_follow_what_is_handed_over_meanwhile(pair: ServedNetwork, rooms: Rooms) -> None:
    """While an incident goes to and fro, every note of either room is carried out, once."""
    anna, gerd = rooms
    incident = anna.open_incident()
    until(lambda: origins(pair["gera"], incident))
    done = Event()

    def write(person: Dispatcher) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = []
        while not done.is_set():
            text, command_id = f"Nr. {len(answers)}", str(uuid4())
            answer = {"refused": "busy"}
            while answer.get("refused") == "busy":
                answer = sent(person, "incident.note", command_id, incident=incident, text=text)
            answers.append(answer)
        return answers

    with ThreadPoolExecutor(2) as threads, people((pair["jena"], "jena2", "J2")) as (second,):
        written = [threads.submit(write, person) for person in (second, gerd)]
        try:
            for number in range(2 * ROUNDS):
                anna.must("incident.hand_over", incident=incident, centre="jena" if number % 2 else "gera")
        finally:
            done.set()
        answers = [answer for notes in written for answer in notes.result()]
    assert [answer for answer in answers if "result" not in answer] == []
    wait_same(pair)
    count = f"SELECT count(*) FROM journal_entry WHERE aggregate_id = '{incident}' AND type = 'incident.noted'"
    assert [int(node.sql(count)) for node in pair] == [len(answers)] * 2
    told = pair["jena"].sql(
        "SELECT type, origin, body::json->'data'->>'centre' FROM journal_entry"
        f" WHERE aggregate_kind = 'incident' AND aggregate_id = '{incident}' ORDER BY hlc, origin"
    )
    answering, notes = "jena", {"jena": 0, "gera": 0}
    for kind, origin, centre in (line.split("|") for line in told.splitlines()):
        if kind == "incident.noted":
            assert origin == answering, "written by a node that did not answer for it any more"
            notes[origin] += 1
        if kind == "incident.handed_over":
            answering = centre
    assert all(notes.values()), notes


def test_a_refusal_from_elsewhere_speaks_the_readers_language(rooms: Rooms) -> None:
    _anna, gerd = rooms
    incident = gerd.open_incident()
    german = gerd.do("incident.close", incident=incident, outcome="so")
    gerd.http.cookies.set("django_language", "en")
    english = gerd.do("incident.close", incident=incident, outcome="so")
    gerd.http.cookies.delete("django_language")
    assert german["refused"] == english["refused"] == "unknown_outcome"
    assert german["reason"].startswith("Diesen Abschluss")
    assert english["reason"].isascii()
    assert english["reason"] != german["reason"]


def test_the_author_sees_what_a_forwarded_command_did(rooms: Rooms) -> None:
    """Its position is one of this node's journal, and what it did stands in the picture of that position."""
    _anna, gerd = rooms
    for _round in range(ROUNDS):
        incident, command_id = str(uuid4()), str(uuid4())
        data = {"incident": incident, "keyword": "RD1", "place": "Jena, Am Anger", **JENA_SPOT}
        answer = sent(gerd, "incident.open", command_id, **data)
        assert answer["node"] == "jena"
        if answer["pos"] is not None:
            snapshot = gerd.snapshot()
            assert snapshot["pos"] >= answer["pos"]
            assert incident in snapshot["incidents"]


def test_a_command_sent_to_both_nodes_at_once_acts_once(pair: ServedNetwork, rooms: Rooms) -> None:
    # A gateway that is connected to both, with one key.
    unit = free_units(rooms[0], "KTW", "jena")[0]
    for number in range(ROUNDS):
        status, key = 1 + number % 2, str(uuid4())
        start = Barrier(2)

        def knock(node: Any, status: int = status, key: str = key, start: Barrier = start) -> httpx.Response:
            start.wait()
            return radio(node, {"unit": unit, "status": status}, key)

        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(knock, pair))
        assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
        wait_same(pair)
        assert [executions(node, key) for node in pair] == [["jena"], ["jena"]]


def test_the_same_command_again_gets_the_first_answer_from_either_room(pair: ServedNetwork, rooms: Rooms) -> None:
    _anna, gerd = rooms
    incident, command_id = gerd.open_incident(), str(uuid4())
    first = sent(gerd, "incident.note", command_id, incident=incident, text="einmal")
    again = sent(gerd, "incident.note", command_id, incident=incident, text="zweimal")
    assert first["result"] == again["result"]
    wait_same(pair)
    count = f"SELECT count(*) FROM journal_entry WHERE command_id = '{command_id}'"
    assert [node.sql(count) for node in pair] == ["1", "1"]


def test_an_answer_that_is_lost_is_in_doubt_and_the_command_acts_once(pair: ServedNetwork, rooms: Rooms) -> None:
    _anna, gerd = rooms
    incident, command_id = gerd.open_incident(), str(uuid4())
    gerd.must("incident.note", incident=incident, text="die Verbindung steht")
    pair.one_way(deaf="gera", unheard="jena")
    response = gerd.send("incident.note", {"incident": incident, "text": "einmal"}, command_id)
    assert (response.status_code, response.json()["refused"]) == (503, "in_doubt")
    until(lambda: executions(pair["jena"], command_id))
    # Nobody at Gera can know; while the line is down it must not be called undone.
    until(lambda: pair.states()["gera", "jena"][0] == "down")
    assert sent(gerd, "incident.note", command_id, incident=incident, text="einmal")["refused"] == "in_doubt"
    pair.heal()
    pair.wait_linked()
    answer = sent(gerd, "incident.note", command_id, incident=incident, text="einmal")
    assert "result" in answer, answer
    wait_same(pair)
    count = f"SELECT count(*) FROM journal_entry WHERE command_id = '{command_id}'"
    assert [node.sql(count) for node in pair] == ["1", "1"]


def test_with_the_line_cut_nobody_decides_for_the_other_and_facts_are_kept(pair: ServedNetwork, rooms: Rooms) -> None:
    anna, gerd = rooms
    theirs, ours = gerd.open_incident(), gerd.open_incident(**GERA_SPOT)
    unit = free_units(gerd, "RTW", "jena")[0]
    moving = free_units(gerd, "KTW", "jena")[0]
    wait_same(pair)
    pair.cut()
    wait_cut(pair)
    refused = gerd.do("incident.note", incident=theirs, text="x")
    assert (refused["refused"], refused["detail"]["centre"]) == ("centre_unreachable", "jena")
    assert refused["detail"]["silent_seconds"] >= 0
    assert gerd.do("incident.note", incident=ours, text="x")["safety"] == "stored"
    key = str(uuid4())
    assert radio(pair["gera"], {"unit": moving, "status": 6}, key).status_code == 200
    assert executions(pair["gera"], key) == ["gera"]
    assert "pos" in gerd.do("incident.alarm", incident=ours, units=[{"unit": unit}])
    view = gerd.snapshot()["incidents"][ours]["assignments"]
    assert [(a["unit"], a["unconfirmed"]) for a in view] == [(unit, True)]
    opened = gerd.open_incident()
    assert gerd.snapshot()["incidents"][opened]["centre"] == "gera", "nothing new waits for a line"
    pair.heal()
    pair.wait_linked()
    wait_same(pair)
    picture = anna.snapshot()
    assert picture["units"][moving]["status"] == 6
    assert picture["units"][unit]["incident"] == ours


def test_an_answer_tells_whether_it_is_on_disk_at_two_sites(pair: ServedNetwork, rooms: Rooms) -> None:
    anna, _gerd = rooms
    incident = anna.open_incident()
    until(lambda: anna.do("incident.note", incident=incident, text="x")["safety"] == "secured")
    secured = 0
    for number in range(NOTES):
        answer = anna.do("incident.note", incident=incident, text=f"Nr. {number}")
        if answer["safety"] == "secured":
            secured += 1
            known = pair["gera"].sql(
                f"SELECT count(*) FROM journal_entry WHERE aggregate_id = '{incident}' AND type = 'incident.noted'"
            )
            assert int(known) >= number + 1, "said to be secured, and it is not there"
    assert secured >= MOSTLY
    pair.delay(SLOWER_THAN_ANYBODY_WAITS_MS)
    assert anna.do("incident.note", incident=incident, text="langsam")["safety"] == "stored"
    pair.heal()
    pair.cut()
    wait_cut(pair)
    assert anna.do("incident.note", incident=incident, text="allein")["safety"] == "stored"
