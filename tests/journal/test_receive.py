"""What one node sends another arrives whole, proved, once, and acts once; what cannot be read stops nothing."""

import dataclasses
import random
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from django.db import connection

from incidents.entries.call import CallForgotten
from incidents.models import Call, Incident
from journal import feed, fold, incarnation, types
from journal.chain import entry_hash
from journal.commands import execute
from journal.models import Entry, Key, Quarantine, Receipt
from journal.receive import receive
from journal.record import Transaction
from journal.shelf import BrokenChain
from journal.tail import history
from journal.transfer import Batch, Raw, Row
from tests.programs import random_program
from tests.world import World


def everything_here() -> list[Row]:
    """All rows of this node as the link would send them, chain by chain."""
    rows: list[Row] = []
    for origin, marks in feed.have().items():
        for number, _seq, _digest in marks:
            rows += feed.read(origin, number, 0, 100_000).rows()
    return rows


def become_empty() -> None:
    """This database is another node's from now on: nothing of the first is left."""
    fold.clear()
    Key.objects.all().delete()
    Receipt.objects.all().delete()


def over_the_wire(rows: list[Row]) -> list[Row]:
    return [Row(*row) for row in orjson.loads(orjson.dumps([list(row) for row in rows]))]


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_a_node_that_receives_everything_in_batches_has_the_same_tables(seed: int, world: World, settings: Any) -> None:
    """Rooms of both centres work in one database first; then it all arrives, cut into batches anywhere."""
    dice = random.Random(seed)
    for node in ("jena", "gera", "jena"):
        settings.LEITSTELLE_NODE = node
        random_program(dice, world, steps=25)
    tables, marks, rows = fold.digests(), feed.have(), over_the_wire(everything_here())
    told = {str(pk) for pk in Entry.objects.exclude(command_id=None).values_list("command_id", flat=True)}
    receipts = {pk: orjson.loads(text)["result"] for pk, text in
                Receipt.objects.filter(pk__in=told).values_list("pk", "answer")}  # fmt: skip
    become_empty()
    streams = {origin: [row for row in rows if row.origin == origin] for origin in marks}
    while any(streams.values()):
        origin = dice.choice([name for name, left in streams.items() if left])
        size = dice.randint(1, 60)
        batch, streams[origin] = streams[origin][:size], streams[origin][size:]
        receive(Batch.of_rows(batch))
        receive(Batch.of_rows(batch[-5:]))  # again: nothing happens
    assert feed.have() == marks
    assert fold.digests() == tables
    assert Entry.objects.count() == len(rows) == Entry.objects.latest("pos").pos
    assert not Quarantine.objects.exists()
    kept = {pk: orjson.loads(text)["result"] for pk, text in Receipt.objects.values_list("pk", "answer")}
    assert kept == receipts


@pytest.mark.django_db
def test_a_gap_a_fork_a_changed_byte_and_a_mad_clock_are_refused_and_nothing_is_stored(world: World) -> None:
    world.must("incident.open", incident=str(uuid4()), lon=11.59, lat=50.93, report="Rauch")
    raws = list(Batch.of_rows(everything_here()).entries)
    become_empty()
    changed = dataclasses.replace(raws[3], body=raws[3].body.replace("name", "eman", 1))
    renamed = dataclasses.replace(raws[3], aggregate_id="somebody-else")
    late = dataclasses.replace(raws[3], hlc=raws[3].hlc + 400 * 86_400 * 1_000_000)
    late = dataclasses.replace(late, hash=entry_hash(
        late.prev_hash, late.origin, late.incarnation, late.seq, late.hlc, late.parent, late.body))  # fmt: skip
    for broken in (raws[:3] + raws[4:], [*raws[:3], changed], [*raws[:3], renamed], [*raws[:3], late], raws[1:]):
        with pytest.raises(BrokenChain):
            receive(Batch(broken))
        assert not Entry.objects.exists()
    receive(Batch(raws[:3]))
    fork = dataclasses.replace(raws[2], hash=b"\0" * 32)
    with pytest.raises(BrokenChain):
        receive(Batch([fork]))
    receive(Batch(raws))
    assert Entry.objects.count() == len(raws)


@pytest.mark.django_db
def test_two_lives_of_a_node_may_have_the_same_clock(world: World) -> None:
    """A node restored while its clock is set back counts on from the clock it had counted on from before."""
    ident = str(uuid4())
    world.must("incident.open", incident=ident, lon=11.59, lat=50.93, priority=2)
    room = list(Batch.of_rows(everything_here()).entries)
    lives: list[Raw] = []
    for life, old, new in ((1, 2, 1), (2, 1, 3)):
        before = len(everything_here())
        world.must("incident.edit", incident=ident, changes={"priority": {"old": old, "new": new}})
        raw = list(Batch.of_rows(everything_here()).entries)[before]
        raw = dataclasses.replace(raw, incarnation=life, hlc=lives[0].hlc if lives else raw.hlc)
        lives.append(raw)
    found = []
    for one, other in (lives, lives[::-1]):
        become_empty()
        fold.absorb(room)
        fold.absorb([one])
        fold.absorb([other])
        found.append(fold.digests())
    assert found[0] == found[1]


@pytest.mark.django_db
def test_a_command_that_both_nodes_carried_out_while_cut_off_acts_once(world: World, settings: Any) -> None:
    """Law 6: whichever half arrives first, the earlier execution is folded, the other only kept."""
    room = everything_here()
    command_id, first, second = uuid4(), str(uuid4()), str(uuid4())
    halves = []
    for node, incident in (("jena", first), ("gera", second)):
        settings.LEITSTELLE_NODE = node
        known = feed.have().get(node, ((1, 0, b""),))[-1][1]
        data = {"incident": incident, "lon": 11.59, "lat": 50.93}
        execute("incident.open", data, command_id=command_id, actor=world.jena)
        halves.append(feed.read(node, 1, known, 1000))
        become_empty()
        receive(Batch.of_rows(room))
    for one, other in (halves, halves[::-1]):
        become_empty()
        receive(Batch.of_rows(room))
        receive(one)
        receive(other)
        assert list(Incident.objects.values_list("pk", flat=True)) == [UUID(first)]
        assert Entry.objects.filter(command_id=command_id).values("origin").distinct().count() == 2
        again = execute("incident.open", {}, command_id=command_id, actor=world.jena)
        assert again["result"]["incident"] in {first, second}


@pytest.mark.django_db
def test_an_entry_nobody_knows_or_whose_handler_fails_is_kept_aside_and_the_rest_goes_on(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LEITSTELLE_NODE = "gera"
    call = str(uuid4())
    world.must("call.receive", call=call, number="112")
    world.must("call.answer", call=call)
    world.must("call.note", call=call, note="später")
    settings.LEITSTELLE_NODE = "jena"
    tables, rows = fold.digests(), everything_here()
    become_empty()
    known = dict(types._types)
    del types._types["call.answered"]
    monkeypatch.setattr(types._types["call.noted"], "apply", lambda self, fact: 1 / 0)
    receive(Batch.of_rows(rows))
    assert set(Quarantine.objects.values_list("type", flat=True)) == {"call.answered", "call.noted"}
    assert Call.objects.get(pk=call).state == "ringing"
    assert feed.have()["gera"][0][1] == sum(row.origin == "gera" for row in rows)
    types._types.clear()
    types._types.update(known)
    monkeypatch.undo()
    assert fold.retry_quarantined() == 1
    assert not Quarantine.objects.exists()
    assert fold.digests() == tables


@pytest.mark.django_db
def test_after_a_restore_no_number_is_given_twice_and_nothing_is_lost(world: World) -> None:
    """The backup lacks the last entries; before anybody noticed, two new ones were written in their place."""
    base = everything_here()
    lost = str(uuid4())
    world.must("incident.open", incident=lost, lon=11.59, lat=50.93, report="vor dem Verlust")
    with_lost = everything_here()
    become_empty()
    receive(Batch.of_rows(base))
    new = str(uuid4())
    world.must("incident.open", incident=new, lon=11.59, lat=50.93, report="nach dem Verlust")
    with pytest.raises(BrokenChain):
        receive(Batch.of_rows(with_lost))
    base_seq = sum(row.origin == "jena" for row in base)
    assert incarnation.begin(1, common=base_seq) == 2
    receive(Batch.of_rows(with_lost))
    assert {str(pk) for pk in Incident.objects.values_list("pk", flat=True)} == {lost, new}
    world.must("incident.note", incident=new, text="weiter")
    assert incarnation.current() == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM journal_entry WHERE hash <> "
                       "journal_hash(prev_hash, origin, incarnation, seq, hlc, parent, body)")  # fmt: skip
        assert cursor.fetchone()[0] == 0
    rows, tables = everything_here(), fold.digests()
    become_empty()
    receive(Batch.of_rows(rows))
    assert fold.digests() == tables
    assert next(e.type for e in history("incident", new)) == "incident.opened"


@pytest.mark.django_db
def test_two_keys_for_one_thing_both_open_what_they_sealed(world: World, settings: Any) -> None:
    """Each node made a key while cut off from the other; afterwards both can read both, and forgetting takes both."""
    base, call = everything_here(), str(uuid4())
    halves = []
    for node in ("jena", "gera"):
        settings.LEITSTELLE_NODE = node
        world.must("call.receive", call=call, number=f"+49361{len(node)}0")
        world.must("call.note", call=call, note=f"Wort aus {node}")
        halves.append(feed.read(node, 1, feed.have()[node][-1][1] - 2, 10))
        become_empty()
        receive(Batch.of_rows(base))
    for half in halves:
        receive(half)
    told = {e.fact.data.note for e in history("call", call) if e.type == "call.noted"}
    assert told == {"Wort aus jena", "Wort aus gera"}
    tx = Transaction(world.jena)
    tx.record(CallForgotten(call=UUID(call), reason="Frist"))
    tx.append()
    assert {e.fact.data.note for e in history("call", call) if e.type == "call.noted"} == {""}
    receive(Batch.of_rows(halves[0].rows()))
    assert not Key.objects.filter(subject=f"call:{call}").exclude(secret=None).exists()
