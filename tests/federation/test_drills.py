"""A drill from the request to the report: at two nodes, by their people, watched by the nodes themselves."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from federation import drills, nodes, reach
from federation.models import Drill, LinkState
from incidents import figures
from incidents.labels import EXERCISE_LINE
from incidents.models import Call, HourlyFigures
from incidents.selectors import live_calls
from journal import fold
from journal.tail import after
from tests.rooms import Rooms
from tests.world import World

pytestmark = pytest.mark.django_db


class Rehearsal:
    """Both nodes; whatever one does the other hears, and both watch what they stored."""

    def __init__(self, world: World, settings: Any) -> None:
        settings.LEITSTELLE_PEERS = [(name, "ws://127.0.0.1:1", "k" * 43) for name in ("jena", "gera")]
        now = timezone.now() + timedelta(hours=1)  # nothing here renews it
        for node, peer in (("jena", "gera"), ("gera", "jena")):
            LinkState.objects.create(
                id=f"{node}:{peer}",
                node=node,
                peer=peer,
                state="up",
                since=now,
                rtt_ms=2.5,
                updated_at=now,
                shared=True,
            )
        self.world, self.dice, self.rooms = world, random.Random(1), Rooms(settings)
        self.drill = str(uuid4())

    def do(self, room: str, name: str, **data: Any) -> dict[str, Any]:
        with self.rooms.at(room):
            nodes._directory.forget()
            reach.forget()
            return self.world.do(name, self.world.jena if room == "jena" else self.world.gera, **data)

    def must(self, room: str, name: str, **data: Any) -> dict[str, Any]:
        answer = self.do(room, name, **data)
        assert "pos" in answer, answer
        self.settle()
        return dict(answer["result"])

    def settle(self) -> None:
        for name in ("jena", "gera"):
            with self.rooms.at(name):
                nodes._directory.forget()
                drills.watch(after(0, limit=10_000))
        self.rooms.heal(self.dice)

    def view(self) -> dict[str, Any]:
        """The drill as both rooms see it."""
        seen = []
        for name in ("jena", "gera"):
            with self.rooms.at(name):
                seen.append((drills.drill_view(Drill.objects.get()), fold.digests()))
        assert seen[0] == seen[1]
        return seen[0][0]


@pytest.fixture
def rehearsal(world: World, settings: Any) -> Iterator[Rehearsal]:
    yield Rehearsal(world, settings)
    nodes._directory.forget()
    reach.forget()


def test_from_the_request_to_the_report(rehearsal: Rehearsal) -> None:
    drill = rehearsal.drill
    rehearsal.must("jena", "drill.start", drill=drill, partner="gera")
    assert rehearsal.view()["technical"]["rtt_ms"] == 2.5
    call = rehearsal.must("gera", "drill.accept", drill=drill)["call"]
    with rehearsal.rooms.at("gera"):
        ringing = live_calls("gera")[call]
    assert (ringing["line"], ringing["state"]) == (EXERCISE_LINE, "ringing")
    rehearsal.must("gera", "call.answer", call=call)
    view = rehearsal.view()
    assert (view["accepted_by"], view["answered_by"]) == ("Gerd Gera", "Gerd Gera")
    assert view["seconds"]["total"] >= max(view["seconds"]["to_accept"], view["seconds"]["to_answer"]) >= 0
    assert view["technical"]["snapshot_ms"] > 0
    rehearsal.must("jena", "drill.finish", drill=drill, note="ohne Befund")
    assert (rehearsal.view()["aborted"], rehearsal.view()["note"]) == (False, "ohne Befund")
    with rehearsal.rooms.at("jena"):
        assert Call.objects.get(pk=call).state == "ended"
        report = drills.drill_report("jena")
        assert (report["carried_through"], report["aborted"]) == (1, 0)
        assert report["median_seconds"] == view["seconds"]["total"]
        hour = timezone.now().replace(minute=0, second=0, microsecond=0)
        figures.count(hour - timedelta(hours=1), hour + timedelta(hours=1))
        assert sum(HourlyFigures.objects.values_list("calls", flat=True)) == 0, "an exercise is counted nowhere"


def test_one_that_is_broken_off_is_a_result_too(rehearsal: Rehearsal) -> None:
    rehearsal.must("jena", "drill.start", drill=rehearsal.drill, partner="gera")
    assert rehearsal.must("gera", "drill.finish", drill=rehearsal.drill)["aborted"] is True
    assert rehearsal.view()["aborted"]
    with rehearsal.rooms.at("gera"):
        assert drills.drill_report()["aborted"] == 1
    assert rehearsal.do("gera", "drill.accept", drill=rehearsal.drill)["refused"] == "drill_over"


def test_what_is_refused(rehearsal: Rehearsal) -> None:
    drill = rehearsal.drill
    assert rehearsal.do("jena", "drill.start", drill=drill, partner="jena")["refused"] == "same_centre"
    assert rehearsal.do("jena", "drill.accept", drill=drill)["refused"] == "unknown_drill"
    rehearsal.must("jena", "drill.start", drill=drill, partner="gera")
    assert rehearsal.do("jena", "drill.start", drill=str(uuid4()), partner="gera")["refused"] == "drill_running"
    assert rehearsal.do("jena", "drill.accept", drill=drill)["refused"] == "not_yours"
    rehearsal.must("gera", "drill.accept", drill=drill)
    assert rehearsal.do("gera", "drill.accept", drill=drill)["refused"] == "accepted_already"
    LinkState.objects.update(state="down")
    assert rehearsal.do("gera", "drill.start", drill=str(uuid4()), partner="jena")["refused"] == "centre_unreachable"
