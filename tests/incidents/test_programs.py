"""What holds after every command, whatever the room has done before: random programs against the real services."""

import random
from collections import Counter
from typing import Any

import pytest

from incidents import selectors
from incidents.models import Assignment, Call, Incident, Timer, TimerRule
from journal import fold
from journal.models import Entry
from journal.record import head
from journal.tail import history
from resources.models import UnitState
from resources.status import is_overlay
from tests.programs import UNIT_IDS, random_program
from tests.world import World

KINDS = TimerRule.Kind
PROGRAMS = 12


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_invariants_hold_after_every_command(seed: int, world: World) -> None:
    dice = random.Random(seed)
    before = head()

    def check(name: str, values: dict[str, Any], answer: dict[str, Any]) -> None:
        nonlocal before
        after = head()
        if "refused" in answer:
            assert answer["reason"], (name, answer)
            assert after == before, f"{name} was refused and changed something"
        else:
            assert answer["pos"] == after
        before = after
        _one_commitment_per_unit()
        _nothing_open_at_what_is_over()
        _timers_only_watch_what_is_open()

    random_program(dice, world, check=check)
    _status_is_that_of_the_last_message()
    _numbers_have_no_gap()
    _views_say_what_the_rows_say()
    if not Entry.objects.filter(type__endswith=".forgotten").exists():  # what is forgotten cannot be told again
        _any_order_of_arrival_gives_the_same_tables(dice)


def _one_commitment_per_unit() -> None:
    committed = Assignment.objects.filter(ended_at=None).exclude(state=Assignment.State.RESERVED)
    twice = [unit for unit, n in Counter(committed.values_list("unit_id", flat=True)).items() if n > 1]
    assert not twice


def _nothing_open_at_what_is_over() -> None:
    over = Incident.objects.exclude(state=Incident.State.OPEN)
    assert not Assignment.objects.filter(ended_at=None, incident__in=over).exists()
    assert not Assignment.objects.filter(ended_at=None, state=Assignment.State.ENDED).exists()
    assert not Assignment.objects.exclude(ended_at=None).exclude(state=Assignment.State.ENDED).exists()


def _timers_only_watch_what_is_open() -> None:
    for timer in Timer.objects.all():
        if timer.kind == KINDS.CALL_WAITING:
            assert Call.objects.get(pk=timer.subject).state == Call.State.RINGING
        elif timer.kind == KINDS.APPOINTMENT:
            assert Incident.objects.get(pk=timer.subject).state == Incident.State.OPEN
        else:
            assignment = Assignment.objects.get(pk=timer.subject)
            assert assignment.ended_at is None
            assert assignment.incident_id == timer.aggregate_id


def _status_is_that_of_the_last_message() -> None:
    for unit in UNIT_IDS:
        raw = [entry.fact.data for entry in history("unit_state", unit) if entry.type == "unit.status_reported"]
        effective = [message.status for message in raw if not is_overlay(message.status)]
        assert UnitState.objects.get(pk=unit).status == effective[-1]


def _numbers_have_no_gap() -> None:
    for centre in ("jena", "gera"):
        # An incident keeps its number when it is handed over, so count by the code in the number.
        numbers = Incident.objects.filter(number__startswith=centre[0].upper()).values_list("number", flat=True)
        serials = sorted(int(number[7:13]) for number in numbers)
        assert serials == list(range(1, len(serials) + 1))


def _views_say_what_the_rows_say() -> None:
    views = selectors.open_incidents()
    assert set(views) == {str(i.pk) for i in Incident.objects.filter(state=Incident.State.OPEN)}
    assert selectors.incident_views(list(views)) == views
    units = selectors.unit_views()
    for view in views.values():
        for assignment in view["assignments"]:
            if assignment["times"]["ended"] is None and assignment["state"] != "reserved":
                assert units[assignment["unit"]]["incident"] == view["id"]
    committed = {unit for unit, view in units.items() if view["incident"]}
    assert committed == set(
        Assignment.objects.filter(ended_at=None).exclude(state="reserved").values_list("unit_id", flat=True)
    )


def _any_order_of_arrival_gives_the_same_tables(order: random.Random) -> None:
    """Law 1 on what a room really does: the entries alone, in any order, some twice, give these very tables."""
    tables = fold.digests()
    raws = [fold.Raw.of(row) for row in Entry.objects.order_by("pos")]
    arriving = raws + order.sample(raws, k=5)
    order.shuffle(arriving)
    fold.clear()
    fold.absorb(arriving)
    assert fold.digests() == tables
