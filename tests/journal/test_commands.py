"""What holds for every command: it is registered where a server starts, refuses nonsense, and acts once."""

import os
import subprocess
import sys
from uuid import uuid4

import pytest
from django.db import connection

from journal.actor import Actor, system
from journal.commands import commands, execute
from journal.models import Entry, Receipt
from ops.places import ROOT
from tests.world import World

NAMES = sorted(commands())
NOBODY = Actor("user", "nobody", "Nobody")


def test_a_starting_server_knows_every_command() -> None:
    """Commands register by import; a module that only tests import would be missing in the running system."""
    script = "import django; django.setup(); from journal.commands import commands; print(*sorted(commands()))"
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True
    )
    source = subprocess.run(
        ["git", "grep", "-hoE", r'^@command\("[a-z_.]+"', "--", "*.py", ":!tests"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    written = {line.split('"')[1] for line in source.stdout.splitlines()}
    assert len(written) > 30
    assert written <= set(found.stdout.split())


@pytest.mark.parametrize("name", NAMES)
def test_nobody_may_do_nothing(name: str, db: None) -> None:
    assert execute(name, {}, command_id=uuid4(), actor=NOBODY)["refused"] == "forbidden"
    assert not Entry.objects.exists()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("data", [{"unheard_of": 1}, {"incident": "x", "unit": ["y"], "call": {}, "text": "\0"}])
def test_nonsense_is_refused_with_a_reason(name: str, data: dict[str, object], db: None) -> None:
    answer = execute(name, data, command_id=uuid4(), actor=system("test"))
    assert answer["refused"] == "invalid", answer
    assert answer["reason"]


def test_the_first_answer_is_the_answer(world: World) -> None:
    """Carried out or refused: the same id gets the same words and nothing happens twice."""
    good, bad = uuid4(), uuid4()
    data = {"incident": str(uuid4()), "keyword": "RD1", "place": "Jena", "lon": 11.59, "lat": 50.93}
    first = world.do("incident.open", command_id=good, **data)
    refused = world.do("incident.note", command_id=bad, incident=str(uuid4()), text="wohin")
    count = Entry.objects.count()
    assert world.do("incident.open", command_id=good, **data) == first
    assert world.do("incident.note", command_id=bad, incident=data["incident"], text="jetzt ginge es") == refused
    assert Entry.objects.count() == count


def test_an_answer_belongs_to_its_asker(world: World) -> None:
    command_id = uuid4()
    world.must("incident.open", incident=str(uuid4()), keyword="RD1", place="Jena", lon=11.59, lat=50.93)
    world.do("incident.note", command_id=command_id, incident=str(uuid4()), text="x")
    assert world.do("incident.note", world.gera, command_id, incident=str(uuid4()), text="x")["refused"] == "forbidden"


def test_no_answer_without_the_entry(world: World) -> None:
    """Law 6: what an answer calls stored stands in the journal with its receipt, in one transaction."""
    answer = world.do("incident.open", incident=str(uuid4()), keyword="RD1", place="Jena", lon=11.59, lat=50.93)
    entry = Entry.objects.get(pos=answer["pos"])
    assert entry.command_id is not None
    assert Receipt.objects.filter(pk=entry.command_id).exists()
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)
        cursor.execute("SHOW fsync")
        assert cursor.fetchone() == ("on",)


def test_kept_answers_quote_nobody(world: World) -> None:
    """Receipts stand in plain text and outlast a forgetting, so what people said is not in them."""
    incident = str(uuid4())
    world.must("incident.open", incident=incident, report="Geheim-4711", caller_name="Geheim-4712", lon=11.59, lat=50.9)
    changes = {name: {"old": "x", "new": "y"} for name in ("report", "caller_name")}
    answer = world.do("incident.edit", incident=incident, changes=changes)
    assert answer["detail"]["report"]["present"] == "Geheim-4711"
    world.do("incident.open", incident=str(uuid4()), lon=2.294481, lat=48.858370)
    kept = " ".join(Receipt.objects.values_list("answer", flat=True))
    assert "edited_meanwhile" in kept
    assert "outside_area" in kept
    assert "Geheim" not in kept
    assert "48.858" not in kept


def test_nothing_is_added_to_what_was_forgotten(world: World) -> None:
    telephony = Actor("device", "d", "Anlage", roles=frozenset({"telephony"}))
    administrator = Actor("user", "ada", "Ada", roles=frozenset({"administrator"}))
    call, incident = str(uuid4()), str(uuid4())
    world.must("call.receive", telephony, call=call, number="03641 1234")
    world.must("incident.open", incident=incident, call=call)
    world.must("incident.close", incident=incident, outcome="completed")
    world.must("incident.forget", administrator, incident=incident, reason="Frist")
    assert world.do("call.note", call=call, note="doch noch etwas")["refused"] == "forgotten"
    assert world.do("call.locate", telephony, call=call, lon=11.59, lat=50.9)["refused"] == "forgotten"
    assert world.do("incident.note", incident=incident, text="x")["refused"] == "forgotten"


def test_who_was_told_to_repeat_may_repeat(durable_world: World) -> None:
    """A row that somebody holds for too long: the same command with the same id gets through afterwards."""
    incident, command_id = str(uuid4()), uuid4()
    durable_world.must("incident.open", incident=incident, lon=11.59, lat=50.9)
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM incidents_incident WHERE id = %s FOR UPDATE", [incident])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 50")
        answer = durable_world.do("incident.note", command_id=command_id, incident=incident, text="wichtig")
        assert answer["refused"] == "busy"
        other.rollback()
        again = durable_world.do("incident.note", command_id=command_id, incident=incident, text="wichtig")
        assert "pos" in again, again
    finally:
        other.close()
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 3000")
