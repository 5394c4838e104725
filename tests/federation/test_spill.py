"""Calls that wait ring at the partner too; whoever answers takes them along."""

from datetime import timedelta

import pytest

from federation.entries.agreement import AgreementSaved
from incidents import selectors, timers
from incidents.entries.incident import IncidentTimerRearmed
from incidents.models import Call, Timer
from journal import tail
from journal.actor import system
from journal.record import Transaction
from leitstelle.console import picture
from tests.federation.centres import agree, at, hear
from tests.federation.test_take_over import DEVICE, ring
from tests.world import World


def wait(seconds: int) -> None:
    """Let so much time pass for every timer."""
    tx = Transaction(system("test"))
    for timer in Timer.objects.filter(fired_at=None):
        due_at = timer.due_at - timedelta(seconds=seconds)
        tx.record(IncidentTimerRearmed(incident=timer.aggregate_id, timer=timer.pk, due_at=due_at))
    tx.append()


def seen_by(centre: str) -> set[str]:
    return set(selectors.live_calls(centre))


@pytest.mark.parametrize("line", [0, 60])
def test_a_call_that_waits_rings_at_the_partner_too(world: World, line: float) -> None:
    """Whether the partner can be heard just now or not: it may be in a moment."""
    agree(spill_seconds=20)
    with at("jena"):
        hear(line)
        call = ring(world)
        assert (call in seen_by("jena"), call in seen_by("gera")) == (True, False)
        wait(15)
        timers.fire_due()
        assert call not in seen_by("gera")
        wait(15)
        timers.fire_due()
    assert call in seen_by("jena") & seen_by("gera")
    last = tail.after(0, limit=10_000)[-1:]
    change = picture.Change(last)
    assert last[0].type == "call.spilled"
    assert change.frame("gera")["calls"][call]["spilled_to"] == "gera"
    assert change.frame("saalfeld")["calls"][call] is None


@pytest.fixture
def spilled(world: World) -> str:
    agree(spill_seconds=20)
    with at("jena"):
        hear(0)
        call = ring(world)
        wait(30)
        timers.fire_due()
    assert Call.objects.get(pk=call).spilled_to == "gera"
    return call


def test_the_partner_answers_and_it_is_the_partners_from_then_on(world: World, spilled: str) -> None:
    with at("jena"):  # where the command runs: Jena answers for the call until now
        hear(0)
        world.must("call.answer", world.gera, call=spilled)
        assert world.do("call.answer", world.jena, call=spilled)["refused"] == "taken"
    call = Call.objects.get(pk=spilled)
    assert (call.centre_id, call.home, call.term, call.state, call.spilled_to) == ("gera", "jena", 2, "answered", "")
    assert spilled in seen_by("jena") & seen_by("gera")
    assert not Timer.objects.filter(aggregate_id=spilled).exists()
    world.must("call.end", world.gera, call=spilled)


def test_answered_at_home_it_leaves_the_partners_queue(world: World, spilled: str) -> None:
    with at("jena"):
        world.must("call.answer", world.jena, call=spilled)
    assert (spilled in seen_by("jena"), spilled in seen_by("gera")) == (True, False)
    assert Call.objects.get(pk=spilled).term == 1
    last = tail.after(0, limit=10_000)[-1:]
    assert picture.Change(last).frame("gera")["calls"] == {spilled: None}


@pytest.mark.parametrize("end", ["call.lose", "call.answer", "call.end"])
def test_what_waits_no_longer_spills_nowhere(world: World, end: str) -> None:
    agree(spill_seconds=20)
    with at("jena"):
        hear(0)
        call = ring(world)
        world.must(end, DEVICE if end == "call.lose" else None, call=call)
        wait(60)
        timers.fire_due()
    assert call not in seen_by("gera")


def test_an_agreement_that_ended_meanwhile_asks_nobody(world: World) -> None:
    agree(spill_seconds=20)
    with at("jena"):
        hear(0)
        call = ring(world)
        tx = Transaction(system("test"))
        tx.record(AgreementSaved(id="jena-gera", centre="jena", partner="gera", active=False))
        tx.append()
        wait(60)
        timers.fire_due()
        assert timers.fire_due() == 0
    assert call not in seen_by("gera")
    assert not Timer.objects.filter(kind="spill").exists()


def test_a_guest_of_a_dead_centre_does_not_take_calls_back_to_it(world: World) -> None:
    """A dispatcher of Jena whose console goes on at Gera answers for Gera, which holds Jena."""
    agree()
    with at("gera"):
        hear(9)
        world.must("take_over.take", world.gera, scope="centre:jena")
        call = ring(world)
        world.must("call.answer", world.jena, call=call)
        assert Call.objects.values_list("centre_id", "term").get(pk=call) == ("gera", 1)
