"""Law 5: after healing both nodes hold equal tables, and whatever cannot both stand is a conflict at both.

Random programs on both sides of a cut, clocks that are right or wrong, batches of any size.
"""

import random
from itertools import combinations
from typing import Any

import pytest

from federation import collisions
from federation.conflict_views import open_conflicts
from federation.models import Conflict
from incidents.models import Assignment, Incident
from incidents.selectors import incident_log
from journal import fold
from journal.keys import forgotten
from journal.models import Entry
from journal.tail import after
from tests.programs import random_program
from tests.rooms import Rooms
from tests.world import World

SEEDS = range(4)


def cut_apart(dice: random.Random, world: World, rooms: Rooms) -> None:
    """Both rooms work on, each by itself, in turns."""
    for _turn in range(2):
        for name in dice.sample(["jena", "gera"], k=2):
            with rooms.at(name):
                random_program(dice, world, steps=20)
                collide(dice, world)


def collide(dice: random.Random, world: World) -> None:
    """Random rooms rarely do the same at once; where it is likely is among the oldest incidents."""
    for incident in Incident.objects.filter(state="open").order_by("opened_at", "pk")[:3]:
        here = {"incident": str(incident.pk)}
        changes = {"report": {"old": incident.report, "new": f"Meldung {dice.random()}"}}
        world.do("incident.edit", **here, changes=changes)
        act = dice.choice(["alarm", "close", "raise"])
        if act == "alarm":
            world.do("incident.alarm", **here, units=[{"unit": dice.choice(["j-44-1", "g-44-1", "j-11-1"])}])
        elif act == "close":
            world.do("incident.close", **here, outcome=dice.choice(["completed", "false_alarm"]), release=True)
        else:
            world.do("incident.raise_keyword", **here, keyword=dice.choice(["B2", "RD2"]))


def everything(kind: str = "") -> list[tuple[str, str]]:
    entries = Entry.objects.filter(aggregate_kind=kind) if kind else Entry.objects.all()
    return list(entries.values_list("aggregate_kind", "aggregate_id").distinct())


@pytest.mark.django_db
@pytest.mark.parametrize("seed", SEEDS)
def test_after_healing_nothing_differs_and_nothing_is_silent(seed: int, world: World, settings: Any) -> None:
    dice = random.Random(seed)
    random_program(dice, world, steps=25)
    rooms = Rooms(settings, ahead=dice.choice(["", "jena", "gera"]))
    cut_apart(dice, world, rooms)
    rooms.heal(dice)
    found: dict[str, Any] = {}
    for name in ("jena", "gera"):
        with rooms.at(name):
            named = {collision.id for collision in collisions.collisions(everything())}
            noted = set(Conflict.objects.values_list("pk", flat=True))
            assert named <= noted, "every pair that the rule names has its conflict"
            nothing_double_in_silence()
            nothing_lost()
            kinds = set(Conflict.objects.values_list("kind", flat=True))
            found[name] = fold.digests(), named, len(open_conflicts()) == len(noted), kinds
    assert found["jena"] == found["gera"]
    assert found["jena"][2], "each of them can be shown"
    assert found["jena"][3], "rooms that do not collide prove nothing"


def nothing_double_in_silence() -> None:
    """What the tables show, without asking the rule: a unit at work twice, an incident closed with units there."""
    conflicts = list(Conflict.objects.all())
    at_work = Assignment.objects.filter(ended_at=None).exclude(state="reserved")
    for one, other in combinations(at_work, 2):
        if one.unit_id == other.unit_id:
            pair = {str(one.pk), str(other.pk)}
            assert any({s["assignment"] for s in c.sides} == pair for c in conflicts if c.kind == "commitment")
    assert not at_work.exclude(incident__state="open").exists(), "never closed over an escalation"


def nothing_lost() -> None:
    """Every value that anybody wrote stands in the log that everybody reads."""
    lines: dict[str, str] = {}
    for stored in after(0, limit=100_000):
        if stored.type == "incident.edited" and stored.fact and not forgotten(f"incident:{stored.aggregate_id}"):
            data: Any = stored.fact.data
            ident = stored.aggregate_id
            lines[ident] = lines.get(ident) or "\n".join(line["text"] for line in incident_log(ident))
            assert data.words.get("report", "") in lines[ident]
