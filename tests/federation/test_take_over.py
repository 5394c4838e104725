"""Taking over: by whose word, what comes along, who acts from then on."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from federation import automatic, mandates, signatures
from federation.entries.mandate import MandateTaken
from federation.models import Mandate
from incidents import effects, selectors, timers
from incidents.entries.incident import IncidentTimerRearmed
from incidents.entries.responsibility import CallHandedOver, IncidentTakenOver
from incidents.models import AlarmDelivery, Call, Incident, Timer
from journal import fold, tail
from journal.actor import Actor, system
from journal.models import Entry
from journal.record import Transaction
from journal.types import EntryType
from tests.federation.centres import agree, at, hear
from tests.world import JENA, SHK, UNITS, World

JENA_CITY, SHK_TOWN = {"lon": 11.59, "lat": 50.93}, {"lon": 11.85, "lat": 50.90}
JENAS_UNITS = [unit[0] for unit in UNITS if unit[0].startswith("j-")]
DEVICE = Actor("device", "d", "Gerät", roles=frozenset({"telephony", "radio", "station"}))


def ring(world: World, **values: Any) -> str:
    data: dict[str, Any] = {"call": str(uuid4()), "position": JENA_CITY} | values
    return str(world.must("call.receive", DEVICE, **data)["call"])


def open_one(world: World, **values: Any) -> str:
    data: dict[str, Any] = {"incident": str(uuid4()), "keyword": "RD1", "place": "Am Anger", **JENA_CITY} | values
    return str(world.must("incident.open", **data)["incident"])


def told() -> list[tail.Stored]:
    """Everything a reader gets."""
    return tail.after(0, limit=10_000)


def let_time_pass() -> None:
    """Put every due time into the past, as an entry does."""
    tx = Transaction(system("test"))
    for timer in Timer.objects.all():
        due_at = timer.due_at - timedelta(hours=1)
        tx.record(IncidentTimerRearmed(incident=timer.aggregate_id, timer=timer.pk, due_at=due_at))
    tx.append()


@pytest.fixture
def jena_at_work(world: World) -> dict[str, str]:
    """Jena has two calls (one rings, one is spoken), three incidents, one alarmed unit without receipt."""
    agree(silent_seconds=5)
    with at("jena"):
        hear(0)
        rings, spoken = ring(world), ring(world)
        world.must("call.answer", call=spoken)
        alarmed, closed = open_one(world), open_one(world)
        world.must("incident.alarm", incident=alarmed, units=[{"unit": "j-83-1"}])
        world.must("incident.close", incident=closed, outcome="completed")
        country = open_one(world, **SHK_TOWN)
    return {"rings": rings, "spoken": spoken, "alarmed": alarmed, "closed": closed, "country": country}


def test_a_silent_centre_is_taken_over_by_one_signature_with_all_it_answers_for(
    world: World, jena_at_work: dict[str, str]
) -> None:
    work = jena_at_work
    with at("gera"):
        hear(4)
        too_soon = world.do("take_over.take", world.gera, scope="centre:jena")
        assert (too_soon["refused"], too_soon["detail"]["needed"]) == ("not_silent", 5)
        hear(9)
        taken = world.must("take_over.take", world.gera, scope="centre:jena", reason="Stromausfall")
        assert (taken["calls"], taken["incidents"], taken["units"], taken["owed"]) == ([work["rings"]], 2, 1, 2)
        mandate = Mandate.objects.get()
        assert (mandate.state, mandate.holder_id, mandate.term, mandate.alone) == ("held", "gera", 2, True)
        assert (mandate.silent_seconds or 0) >= 9
        assert [s["name"] for s in mandate.signatures] == [world.gera.name]
        rows = {str(i.pk): (i.centre_id, i.home, i.term) for i in Incident.objects.all()}
        assert rows[work["alarmed"]] == rows[work["country"]] == ("gera", "jena", 2)
        assert rows[work["closed"]] == ("jena", "jena", 1)
        assert set(Call.objects.values_list("centre_id", "home", "term")) == {("gera", "jena", 2)}
        assert set(Timer.objects.values_list("centre_id", flat=True)) == {"gera"}
        # Work goes on without another word, and what is new comes here.
        world.must("call.answer", world.gera, call=work["rings"])
        new = ring(world)
        assert Call.objects.values_list("centre_id", "home", "term").get(pk=new) == ("gera", "jena", 1)
        opened = Incident.objects.get(pk=open_one(world))
        assert (opened.centre_id, opened.home, opened.numbered_by) == ("gera", "jena", "jena")
        assert (opened.number[:2], opened.number[-2:]) == ("J-", "/G")
        assert world.do("take_over.take", world.gera, scope="centre:jena")["refused"] == "already_taken"


@pytest.mark.parametrize(
    ("terms", "roles", "refused"),
    [
        ({"active": False}, {"shift_leader"}, "no_agreement"),
        ({"dispatcher_may": False}, {"dispatcher"}, "forbidden"),
        ({"dispatcher_may": True}, {"dispatcher"}, None),
        ({}, {"call_taker"}, "forbidden"),
        ({"signatures": 2}, {"shift_leader"}, "needs_second"),
        ({"silent_seconds": 60}, {"shift_leader"}, "not_silent"),
    ],
)
def test_the_agreement_decides_who_may(
    world: World, terms: dict[str, Any], roles: set[str], refused: str | None
) -> None:
    agree(**terms)
    actor = replace(world.gera, roles=frozenset(roles))
    with at("gera"):
        hear(30)
        assert world.do("take_over.take", actor, scope="centre:jena").get("refused") == refused
        assert Mandate.objects.filter(state="held").exists() == (refused is None)


def test_two_signatures_are_those_of_two_people_for_this_act(world: World) -> None:
    agree(signatures=2, dispatcher_may=False)
    leader = signatures.Signer(str(uuid4()), "Lena Leiterin", "gera", frozenset({"shift_leader"}))
    scope = "centre:jena"
    wrong = {
        "for another act": signatures.sign(leader, "county:16074"),
        "twice the same": signatures.sign(replace(leader, id=world.gera.id), scope),
        "may not": signatures.sign(replace(leader, roles=frozenset({"dispatcher"})), scope),
        "forged": signatures.sign(leader, scope)[:-2] + "xx",
    }
    with at("gera"):
        hear(30)
        for why, token in wrong.items():
            answer = world.do("take_over.take", world.gera, scope=scope, second=token)
            assert answer.get("refused") == "bad_signature", why
        world.must("take_over.take", world.gera, scope=scope, second=signatures.sign(leader, scope))
    assert [s["name"] for s in Mandate.objects.get().signatures] == [world.gera.name, "Lena Leiterin"]


def test_a_county_alone(world: World, jena_at_work: dict[str, str]) -> None:
    with at("gera"):
        hear(9)
        taken = world.must("take_over.take", world.gera, scope=f"county:{SHK}")
        assert (taken["incidents"], taken["calls"]) == (1, [])
        assert mandates.holder("jena", SHK) == "gera"
        assert mandates.holder("jena", JENA) == mandates.holder("jena") == "jena"
    assert Incident.objects.get(pk=jena_at_work["country"]).centre_id == "gera"
    assert Incident.objects.get(pk=jena_at_work["alarmed"]).centre_id == "jena"


def test_one_incident_and_one_call(world: World, jena_at_work: dict[str, str]) -> None:
    work = jena_at_work
    with at("gera"):
        hear(0)
        assert world.do("take_over.incident", world.gera, incident=work["country"])["refused"] == "not_silent"
        hear(9)
        world.must("take_over.incident", world.gera, incident=work["country"])
        world.must("take_over.call", world.gera, call=work["rings"])
        assert world.do("take_over.incident", world.gera, incident=work["country"])["refused"] == "own_centre"
        assert world.do("take_over.incident", world.gera, incident=work["closed"])["refused"] == "incident_closed"
        assert world.do("take_over.call", world.gera, call=str(uuid4()))["refused"] == "unknown_call"
    assert not Mandate.objects.exists()
    assert Call.objects.values_list("centre_id", "term").get(pk=work["rings"]) == ("gera", 2)


@pytest.mark.parametrize("who_asks", ["jena", "gera"])
def test_by_request_and_acceptance_while_both_are_well(
    world: World, jena_at_work: dict[str, str], who_asks: str
) -> None:
    people = {"jena": world.jena, "gera": world.gera}
    other = {"jena": "gera", "gera": "jena"}[who_asks]
    scope = "centre:jena"
    with at(who_asks):
        hear(0)
        asked = world.must("take_over.request", people[who_asks], scope=scope, reason="Umzug")
        assert asked["asked"] == other
        assert world.do("take_over.accept", people[who_asks], scope=scope)["refused"] == "not_asked"
    assert Incident.objects.filter(centre="gera").count() == 0
    assert (mandates.views()[scope] or {})["state"] == "requested"
    with at("jena"):  # the giver's node, to which the word is forwarded
        assert mandates.acting(scope) == "jena"
        hear(0)
        taken = world.must("take_over.accept", people[other], scope=scope)
        assert mandates.acting(scope) == "gera"
    assert taken["incidents"] == 2
    mandate = Mandate.objects.get()
    assert (mandate.state, mandate.alone, mandate.holder_id) == ("held", False, "gera")
    assert [s["name"] for s in mandate.signatures] == [people[who_asks].name, people[other].name]


def test_a_request_may_be_declined_and_for_one_incident_holds_nothing_more(
    world: World, jena_at_work: dict[str, str]
) -> None:
    scope = f"incident:{jena_at_work['country']}"
    with at("gera"):
        hear(0)
        world.must("take_over.request", world.gera, scope=scope)
    with at("jena"):
        world.must("take_over.decline", world.jena, scope=scope, reason="wir schaffen das")
        assert world.do("take_over.accept", world.jena, scope=scope)["refused"] == "not_requested"
        world.must("take_over.request", world.jena, scope=scope, partner="gera")
        world.must("take_over.accept", world.gera, scope=scope)
    incident = Incident.objects.get(pk=jena_at_work["country"])
    assert (incident.centre_id, incident.home, incident.term) == ("gera", "jena", 2)
    assert mandates.views() == {}
    assert mandates.holder("jena", SHK) == "jena"


def test_alarms_still_owed_and_timers_are_the_takers_exactly_once(world: World, jena_at_work: dict[str, str]) -> None:
    with at("gera"):
        for stored in told():
            effects.deliver_entry(stored)
        assert effects.retry_owed() == 0, "not ours"
        hear(9)
        world.must("take_over.take", world.gera, scope="centre:jena")
    taken = [e for e in told() if e.type == "incident.taken_over"]
    with at("jena"):
        for stored in taken:
            effects.deliver_entry(stored)
        assert set(AlarmDelivery.objects.values_list("state", flat=True)) == {"owed"}, "no longer Jena's"
    with at("gera"):
        for stored in taken:
            effects.deliver_entry(stored)
    assert set(AlarmDelivery.objects.values_list("state", flat=True)) == {"sent"}
    let_time_pass()
    due = Timer.objects.count()
    with at("jena"):
        assert timers.fire_due() == 0
    with at("gera"):
        assert timers.fire_due() == due > 0
        assert timers.fire_due() == 0


def test_two_nodes_that_fire_one_timer_do_it_under_one_number(world: World) -> None:
    """Whatever each has in its database of its own: the number follows from what all know."""
    incident = open_one(world)
    world.must("incident.alarm", incident=incident, units=[{"unit": "j-83-1"}])
    let_time_pass()
    numbers = []
    for _node in range(2):
        beginning = transaction.savepoint()
        fold.refold("incident", incident)  # the rows are others at each node, what they say is the same
        assert timers.fire_due() == 2
        fired = Entry.objects.filter(type="incident.timer_fired").values_list("command_id", flat=True)
        numbers.append(set(fired))
        transaction.savepoint_rollback(beginning)
    assert numbers[0] == numbers[1]


def test_the_agreement_may_want_it_by_itself(world: World, jena_at_work: dict[str, str]) -> None:
    with at("gera"):
        hear(600)
        assert automatic.take_over_the_silent() == [], "not agreed"
        agree(automatic_seconds=20)
        hear(19)
        assert automatic.take_over_the_silent() == []
        hear(None)
        assert automatic.take_over_the_silent() == [], "whoever was never heard is not known to be silent"
        hear(21)
        assert automatic.take_over_the_silent() == ["centre:jena"]
        assert automatic.take_over_the_silent() == []
    mandate = Mandate.objects.get()
    assert (mandate.holder_id, mandate.signatures) == ("gera", [])
    assert Incident.objects.filter(centre="gera").count() == 2


def test_both_take_over_each_other_and_each_keeps_what_is_new_of_its_own(world: World) -> None:
    agree("jena", "gera")
    agree("gera", "jena")
    with at("gera"):
        hear(9)
        world.must("take_over.take", world.gera, scope="centre:jena")
    with at("jena"):
        hear(9)
        world.must("take_over.take", world.jena, scope="centre:gera")
    assert (mandates.holder("jena"), mandates.holder("gera")) == ("jena", "gera")


def test_a_call_for_a_centre_that_cannot_be_reached_is_taken_here(world: World) -> None:
    with at("gera"):
        hear(0)
        assert Call.objects.get(pk=ring(world)).centre_id == "jena"
        hear(1)
        call = Call.objects.get(pk=ring(world))
        assert (call.centre_id, call.home) == ("gera", "jena")
        assert ring(world) in selectors.live_calls("jena"), "and Jena sees it when the line is back"
        assert (
            world.do("incident.hand_over", incident=open_one(world), centre="jena")["refused"] == "centre_unreachable"
        )


@pytest.mark.django_db(transaction=True)
def test_a_whole_centre_at_its_worst_is_taken_over_in_a_moment(durable_world: World) -> None:
    world = durable_world
    agree()
    with at("jena"):
        hear(0)
        incidents = [open_one(world) for _number in range(350)]
        for incident, unit in zip(incidents, JENAS_UNITS, strict=False):
            world.must("incident.alarm", incident=incident, units=[{"unit": unit}])
        for _number in range(40):
            ring(world)
    with at("gera"):
        hear(9)
        began = time.monotonic()
        taken = world.must("take_over.take", world.gera, scope="centre:jena")
        seconds = time.monotonic() - began
    print(f"take-over of 350 incidents and 40 calls: {seconds:.2f} s")
    assert (taken["incidents"], len(taken["calls"])) == (350, 40)
    assert not Incident.objects.exclude(centre="gera").exists()


@pytest.mark.parametrize("kind", ["incident", "call", "mandate"])
def test_a_hand_over_of_a_lower_term_changes_nothing_however_late_it_is(world: World, kind: str) -> None:
    """The clock says who was last, the term says who answers."""
    ident = UUID(open_one(world) if kind == "incident" else ring(world))

    def hand_over(centre: str) -> EntryType:
        if kind == "mandate":
            return MandateTaken(scope="centre:jena", centre="jena", holder=centre)
        if kind == "call":
            return CallHandedOver(call=ident, centre=centre, how="taken")
        return IncidentTakenOver(incident=ident, centre=centre)

    for centre, term in (("gera", 2), ("saalfeld", 3), ("gera", 2)):
        tx = Transaction(world.gera)
        tx.record(hand_over(centre), term=term)
        tx.append()
    rows = {
        "mandate": Mandate.objects.values_list("holder_id", "term"),
        "call": Call.objects.values_list("centre_id", "term"),
        "incident": Incident.objects.values_list("centre_id", "term"),
    }
    assert list(rows[kind]) == [("saalfeld", 3)]
    if kind != "mandate":
        assert set(Timer.objects.values_list("centre_id", flat=True)) <= {"saalfeld"}
