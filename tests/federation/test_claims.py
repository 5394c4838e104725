"""A unit promised to another centre's incident is nobody else's, until its alarm has arrived or was not given.

One database stands for the unit's own node (Jena); Gera speaks by what its node would forward, and its entries are
made here where the link would have brought them.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from pydantic import ValidationError
from pytest_django.fixtures import Settings

from federation import claims, forwarding, nodes, reach
from federation.entries.claim import UnitClaimed
from federation.models import Claim, LinkState
from incidents.models import Assignment
from incidents.services.alarm import assignment_of
from journal.actor import Actor
from journal.commands import execute
from journal.models import Entry
from journal.record import Transaction
from tests.world import World

UNIT, OTHER = "j-83-1", "j-83-2"
GERA = {"lon": 12.1, "lat": 50.88}
ROLES = ["dispatcher"]
numbers = count(1)


@pytest.fixture
def jena(world: World, settings: Settings) -> Iterator[World]:
    """This node is home of Jena alone and knows that there is a node in Gera."""
    settings.LEITSTELLE_CENTRES = ["jena"]
    settings.LEITSTELLE_PEERS = [("gera", "ws://127.0.0.1:1", "k")]
    nodes._directory.forget()
    reach.forget()
    yield world
    settings.LEITSTELLE_PEERS = []
    nodes._directory.forget()


def incident(world: World, actor: Actor | None = None, **data: Any) -> str:
    ident = str(uuid4())
    world.must("incident.open", actor, incident=ident, keyword="RD1", place="Am Anger", **data)
    return ident


def forwarded(name: str, data: dict[str, Any], command_id: UUID | None = None, **actor: Any) -> dict[str, Any]:
    """What Gera's node sends, as the link process hands it on."""
    who = {"kind": "user", "id": "1", "name": "Gerd Gera", "centre": "gera", "seat": "G1", "roles": ROLES} | actor
    body = {"command_id": str(command_id or uuid4()), "data": data, "actor": who, "language": "de"}
    return forwarding.serve("gera", name, body)


def claim(world: World, *units: str, alarm: UUID, ident: str, **more: Any) -> dict[str, Any]:
    data = {
        "units": [{"unit": unit, "assignment": str(assignment_of(alarm, unit)), **more} for unit in units],
        "incident": ident, "number": f"G-2026-{next(numbers):06}", "centre": "gera",
    }  # fmt: skip
    return forwarded("unit.claim", data)


def alarm_here(world: World, unit: str, **order: Any) -> dict[str, Any]:
    return world.do("incident.alarm", incident=incident(world), units=[{"unit": unit, **order}])


def alarm_arrives(world: World, ident: str, unit: str, command_id: UUID) -> None:
    """Gera's alarm as its entries tell it. Gera does not look at promises to its own incident."""
    answer = execute(
        "incident.alarm", {"incident": ident, "units": [{"unit": unit}]}, command_id=command_id, actor=world.gera
    )
    assert "pos" in answer, answer


def test_a_promised_unit_is_refused_with_the_incident_that_gets_it(jena: World) -> None:
    ident = incident(jena, jena.gera)
    assert "pos" in claim(jena, UNIT, alarm=uuid4(), ident=ident)
    refused = alarm_here(jena, UNIT)
    assert (refused["refused"], refused["detail"]["units"][0]["incident"]) == ("unit_committed", ident)
    assert refused["detail"]["units"][0]["number"].startswith("G-")
    moved = jena.do("unit.move_up", unit=UNIT, station="fw-jena")
    assert moved["refused"] == "unit_committed"
    assert "pos" in alarm_here(jena, OTHER)


def test_nobody_takes_a_unit_from_where_it_has_not_arrived(jena: World) -> None:
    ident = incident(jena, jena.gera)
    claim(jena, UNIT, alarm=uuid4(), ident=ident)
    assert alarm_here(jena, UNIT, take_from=ident)["refused"] == "unit_committed"


def test_of_two_that_ask_one_gets_it_also_for_one_incident(jena: World) -> None:
    first, ident = uuid4(), incident(jena, jena.gera)
    assert "pos" in claim(jena, UNIT, alarm=first, ident=ident)
    assert claim(jena, UNIT, alarm=uuid4(), ident=incident(jena, jena.gera))["refused"] == "unit_committed"
    assert claim(jena, UNIT, alarm=uuid4(), ident=ident)["refused"] == "unit_committed"
    assert "pos" in claim(jena, UNIT, alarm=first, ident=ident), "the same alarm may ask again"


def test_a_claim_is_all_or_none(jena: World) -> None:
    assert "pos" in alarm_here(jena, UNIT)
    ident = incident(jena, jena.gera)
    assert claim(jena, UNIT, OTHER, alarm=uuid4(), ident=ident)["refused"] == "unit_committed"
    assert not Claim.objects.exists()
    jena.must("unit.report_status", unit=OTHER, status=6)
    assert claim(jena, OTHER, alarm=uuid4(), ident=ident)["refused"] == "unit_unavailable"


def test_with_the_alarm_the_promise_is_kept_and_what_follows_counts(jena: World) -> None:
    alarm, ident = uuid4(), incident(jena, jena.gera)
    claim(jena, UNIT, alarm=alarm, ident=ident)
    alarm_arrives(jena, ident, UNIT, alarm)
    assert alarm_here(jena, UNIT)["detail"]["units"][0]["incident"] == ident
    jena.must("incident.release", jena.gera, incident=ident, unit=UNIT)
    # The minute of the promise is not over, the promise is.
    assert Claim.objects.get(pk=UNIT).until > timezone.now()
    assert "pos" in alarm_here(jena, UNIT)


def test_a_reservation_is_no_arrival(jena: World) -> None:
    ident = incident(jena, jena.gera)
    jena.must("incident.reserve", jena.gera, incident=ident, unit=UNIT)
    reserved = Assignment.objects.get(unit_id=UNIT).pk
    data = {"units": [{"unit": UNIT, "assignment": str(reserved)}], "incident": ident, "number": "G", "centre": "gera"}
    assert "pos" in forwarded("unit.claim", data)
    assert alarm_here(jena, UNIT)["refused"] == "unit_committed"
    alarm_arrives(jena, ident, UNIT, uuid4())
    jena.must("incident.release", jena.gera, incident=ident, unit=UNIT)
    assert "pos" in alarm_here(jena, UNIT)


def test_a_promise_ends_by_itself(jena: World) -> None:
    """The node that asked may have died."""
    tx = Transaction(jena.gera)
    values: dict[str, Any] = {"unit": UNIT, "unit_name": "x", "incident": uuid4(), "number": "G", "centre": "gera"}
    tx.record(UnitClaimed(**values, assignment=uuid4(), until=timezone.now() - timedelta(milliseconds=1)))
    tx.append()
    assert "pos" in alarm_here(jena, UNIT)


def test_what_was_not_needed_is_given_back_by_whoever_was_promised_it(jena: World) -> None:
    alarm, ident = uuid4(), incident(jena, jena.gera)
    claim(jena, UNIT, alarm=alarm, ident=ident)
    release = {"units": [{"unit": UNIT, "assignment": str(uuid4())}]}
    assert "pos" in forwarded("unit.release", release)
    assert alarm_here(jena, UNIT)["refused"] == "unit_committed", "somebody else's promise stands"
    release["units"][0]["assignment"] = str(assignment_of(alarm, UNIT))
    assert "pos" in forwarded("unit.release", release)
    assert "pos" in alarm_here(jena, UNIT)


def test_taking_away_names_what_has_to_end(jena: World) -> None:
    holder = incident(jena)
    jena.must("incident.alarm", incident=holder, units=[{"unit": UNIT}])
    ident = incident(jena, jena.gera)
    assert claim(jena, UNIT, alarm=uuid4(), ident=ident)["refused"] == "unit_committed"
    assert claim(jena, UNIT, alarm=uuid4(), ident=ident, take_from=ident)["refused"] == "unit_committed"
    answer = claim(jena, UNIT, alarm=uuid4(), ident=ident, take_from=holder)
    assert answer["result"]["taken"] == {UNIT: str(Assignment.objects.get(unit_id=UNIT).pk)}
    assert alarm_here(jena, UNIT, take_from=holder)["refused"] == "unit_committed", "two would take it from there"


def test_a_node_is_believed_nothing_but_what_nodes_may_send(jena: World) -> None:
    """Who holds one node's key must not own the others."""
    ident = incident(jena)
    for name in ("timer.fire", "user.change_password", "node.save", "incident.forget", "nonsense"):
        assert forwarded(name, {}, roles=["system", "administrator", "dispatcher"])["refused"] == "forbidden", name
    assert forwarded("incident.note", {"incident": ident, "text": "x"}, roles=["system"])["refused"] == "forbidden"
    assert claim_as(ident, roles=["call_taker"])["refused"] == "forbidden"
    for broken in ({}, {"command_id": "x"}, {"actor": None}):
        with pytest.raises(ValidationError):
            forwarding.serve("gera", "incident.note", broken)
    with pytest.raises(ValidationError):
        forwarded("incident.note", {}, kind="system")
    assert not Entry.objects.filter(type="incident.noted").exists()


def claim_as(ident: str, **actor: Any) -> dict[str, Any]:
    unit = {"unit": UNIT, "assignment": str(uuid4())}
    data = {"units": [unit], "incident": ident, "number": "G", "centre": "gera"}
    return forwarded("unit.claim", data, **actor)


def test_nobody_claims_from_a_console(jena: World) -> None:
    data = {"units": [{"unit": UNIT, "assignment": str(uuid4())}], "incident": str(uuid4()), "number": "G",
            "centre": "gera"}  # fmt: skip
    for name in ("unit.claim", "unit.release"):
        answer = forwarding.execute(name, data, command_id=uuid4(), actor=jena.jena)
        assert answer["refused"] == "forbidden", name


def test_what_another_centre_answers_for_by_now_is_not_carried_out_here(jena: World) -> None:
    """It is told where to go, and the same command may come back."""
    ident = incident(jena)
    now = timezone.now()
    LinkState.objects.create(
        id="jena:gera", node="jena", peer="gera", state="up", since=now, updated_at=now, heard_at=now
    )
    reach.forget()
    jena.must("incident.hand_over", incident=ident, centre="gera")
    command_id = uuid4()
    data = {"incident": ident, "text": "x"}
    answer = forwarded("incident.note", data, command_id)
    assert (answer["refused"], answer["detail"]["centre"]) == ("moved", "gera")
    assert not Entry.objects.filter(type="incident.noted").exists()
    jena.must("incident.hand_over", incident=ident, centre="jena")
    assert "pos" in forwarded("incident.note", data, command_id)


def test_no_client_marks_an_alarm_as_unconfirmed(jena: World) -> None:
    ident = incident(jena)
    data = {"incident": ident, "units": [{"unit": UNIT, "unconfirmed": True}]}
    answer = forwarding.execute("incident.alarm", data, command_id=uuid4(), actor=jena.jena)
    assert "pos" in answer, answer
    assert not Assignment.objects.get(unit_id=UNIT).unconfirmed


def test_a_centre_that_cannot_be_asked_does_not_hold_up_an_alarm(jena: World) -> None:
    ident = incident(jena)
    data = {"incident": ident, "units": [{"unit": UNIT}, {"unit": "g-83-1"}]}
    answer = forwarding.execute("incident.alarm", data, command_id=uuid4(), actor=jena.jena)
    assert "pos" in answer, answer
    assert dict(Assignment.objects.values_list("unit_id", "unconfirmed")) == {UNIT: False, "g-83-1": True}


def test_a_repeated_alarm_asks_nobody_again(jena: World) -> None:
    """Another node may need six seconds to say nothing, and a console goes on asking after four."""
    asked = []

    def ask(node: str, name: str, *_rest: Any) -> None:
        asked.append((node, name))

    ident, command_id = incident(jena), uuid4()
    data = {"incident": ident, "units": [{"unit": "g-83-1"}]}

    def alarm() -> dict[str, Any]:
        return claims.alarm(
            data, command_id, jena.jena, ask=ask,
            run=lambda data: execute("incident.alarm", data, command_id=command_id, actor=jena.jena),
        )  # fmt: skip

    first = alarm()
    assert "pos" in first
    assert asked == [("gera", "unit.claim")]
    assert alarm() == first
    assert asked == [("gera", "unit.claim")]
