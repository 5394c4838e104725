"""Law 1 over what random rooms leave behind: the entries alone, in any order and any number of times, give the tables.

Because the tables they are compared with were written live, command by command, this also says that no service, timer
or effect wrote anything that its entries do not tell.
"""

import random
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from incidents import effects, timers
from incidents.models import Incident
from incidents.selectors import incident_log, incident_view
from journal import fold
from journal.actor import Actor
from journal.models import Aggregate, Entry, Key
from journal.tail import after
from tests.programs import random_program
from tests.world import World

PROGRAMS = 6
ADMINISTRATOR = Actor("user", str(UUID(int=9)), "Ada Admin", "jena", "J2", frozenset({"administrator"}))


def busy_room(dice: random.Random, world: World) -> dict[str, bytes]:
    """A room that has worked, with its alarms sent and its timers fired. Returns every key there ever was: what
    another node may still have that has not heard of a forgetting."""
    keys: dict[str, bytes] = {}

    def keep_keys(*_command: Any) -> None:
        keys.update({key.subject: bytes(key.secret) for key in Key.objects.exclude(secret=None)})

    keep_keys()
    for _part in range(2):
        random_program(dice, world, steps=25, check=keep_keys)
        for stored in after(0, limit=10_000):
            effects.deliver_entry(stored)
        timers.fire_due()
    forget_some(dice, world)
    return keys


def forget_some(dice: random.Random, world: World) -> None:
    """Close and forget some incidents with all that was said in them: random rooms rarely get so far."""
    for incident in Incident.objects.order_by("opened_at").values_list("pk", flat=True):
        if dice.random() < 0.5:
            world.do(
                "incident.edit", incident=str(incident), changes={"caller_name": {"old": "", "new": "B. Beispiel"}}
            )
            world.do("incident.close", incident=str(incident), outcome="completed", release=True)
            world.must("incident.forget", ADMINISTRATOR, incident=str(incident), reason="Frist")


def arrive_elsewhere(dice: random.Random, keys: dict[str, bytes]) -> dict[str, str]:
    """Empty the tables, give ``keys`` back and let the journal arrive shuffled, a part of it twice."""
    raws = [fold.Raw.of(row) for row in Entry.objects.order_by("pos")]
    arriving = raws + dice.sample(raws, k=len(raws) // 4)
    dice.shuffle(arriving)
    fold.clear()
    give_back(keys)
    # One transfer after another, as a link brings them, not all in one.
    for start in range(0, len(arriving), 17):
        fold.absorb(arriving[start : start + 17])
    return fold.digests()


def give_back(keys: dict[str, bytes]) -> None:
    for subject, secret in keys.items():
        values = {"secret": secret, "destroyed_at": None}
        Key.objects.update_or_create(subject=subject, maker="jena", defaults=values)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_a_node_that_hears_everything_later_has_the_same_tables(seed: int, world: World) -> None:
    """Once with the keys that are left, once as a node that had all keys when the forgetting reached it."""
    dice = random.Random(seed)
    keys = busy_room(dice, world)
    tables = fold.digests()
    for kind, ident in Aggregate.objects.order_by("?").values_list("kind", "ident"):
        fold.refold(kind, ident)
    assert fold.digests() == tables, "folding every aggregate anew, alone, changes nothing"
    forgotten = set(Key.objects.filter(secret=None).values_list("subject", flat=True))
    assert arrive_elsewhere(dice, {}) == tables
    assert arrive_elsewhere(dice, keys) == tables
    assert set(Key.objects.filter(secret=None).values_list("subject", flat=True)) == forgotten


@pytest.mark.django_db
@pytest.mark.parametrize("edit_first", [True, False])
def test_what_was_written_after_a_forgetting_is_not_told_either(world: World, edit_first: bool) -> None:
    """A colleague elsewhere, who had the key and knew nothing of it, wrote on; in clock order that is later."""
    incident = str(uuid4())
    world.must("incident.open", incident=incident, lon=11.59, lat=50.93)
    world.must("incident.edit", incident=incident, changes={"report": {"old": "", "new": "Vertraulich"}})
    keys = {key.subject: bytes(key.secret) for key in Key.objects.exclude(secret=None)}
    world.must("incident.close", incident=incident, outcome="completed")
    world.must("incident.forget", ADMINISTRATOR, incident=incident, reason="Frist")
    raws = {raw.type: raw for raw in map(fold.Raw.of, Entry.objects.order_by("pos"))}
    edited = replace(raws["incident.edited"], hlc=raws["incident.forgotten"].hlc + 1)
    fold.clear()
    give_back(keys)
    arriving = [edited, raws["incident.forgotten"]] if edit_first else [raws["incident.forgotten"], edited]
    fold.absorb([raws["incident.opened"], *arriving])
    row = Incident.objects.get()
    assert (row.report, set(row.edits)) == ("", set())


@pytest.mark.django_db
@pytest.mark.parametrize("change", [("unit.saved", "weather.changed"), ('"active":true', '"active":"perhaps"')])
def test_an_entry_that_cannot_be_read_stops_nothing(world: World, change: tuple[str, str]) -> None:
    """The other centre may run another version: what this one cannot read is kept, what follows is applied and told."""
    raws = [fold.Raw.of(row) for row in Entry.objects.order_by("pos")]
    tables = fold.digests()
    known = next(raw for raw in raws if raw.type == "unit.saved")
    foreign = replace(known, origin="elsewhere", aggregate_id="x", body=known.body.replace(*change), hlc=known.hlc + 1)
    fold.clear()
    for arriving in ([foreign], [replace(foreign, seq=foreign.seq - 1, hlc=1)], raws):
        fold.absorb(arriving)
    assert fold.digests() == tables
    told = after(0, limit=10_000)
    assert len(told) == len(raws) + 2
    assert [stored.fact is None for stored in told] == [True, True] + [False] * len(raws)


@pytest.mark.django_db
def test_reasons_that_people_type_are_forgotten_too(world: World) -> None:
    incident = str(uuid4())
    world.must("incident.open", incident=incident, keyword="RD1", lon=11.59, lat=50.93)
    world.must("incident.alarm", incident=incident, units=[{"unit": "j-83-1"}])
    world.must("incident.raise_keyword", incident=incident, keyword="RD2", reason="Geheimnis eins")
    world.must("incident.recall", incident=incident, units=["j-83-1"], reason="Geheimnis zwei")
    world.must("incident.hand_over", incident=incident, centre="gera", reason="Geheimnis drei")
    assert not Entry.objects.filter(body__contains="Geheimnis").exists()
    assert sum("Geheimnis" in line["text"] for line in incident_log(incident)) == 3
    world.must("incident.close", incident=incident, outcome="completed")
    world.must("incident.forget", ADMINISTRATOR, incident=incident, reason="Frist")
    assert "Geheimnis" not in str(incident_view(incident)) + str(incident_log(incident))
