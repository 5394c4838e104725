"""Timers: fire once, for whoever answers for the centre, and only while what they watch is still awaited."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from incidents import selectors, timers
from incidents.entries.incident import IncidentTimerRearmed
from incidents.entries.plans import TimerRuleSaved
from incidents.models import Assignment, Timer
from journal.actor import Actor, system
from journal.models import Entry
from journal.record import Transaction
from resources.models import Position
from tests.incidents.conftest import GERA_CITY
from tests.world import World

FIRED = ["call.timer_fired", "incident.timer_fired"]


def set_rule(ident: str, kind: str, seconds: int, **where: Any) -> None:
    tx = Transaction(system("test"))
    tx.record(TimerRuleSaved(id=ident, name=ident, kind=kind, seconds=seconds, **where))
    tx.append()


def set_back(seconds: int, **which: Any) -> None:
    """Let time pass: put the due times of some timers into the past, as an entry does."""
    tx = Transaction(system("test"))
    for timer in Timer.objects.filter(**which):
        due_at = timer.due_at - timedelta(seconds=seconds)
        tx.record(IncidentTimerRearmed(incident=timer.aggregate_id, timer=timer.pk, due_at=due_at))
    tx.append()


def fired() -> int:
    return Entry.objects.filter(type__in=FIRED).count()


def test_a_waiting_call_alarms_its_room_once(world: World, ringing: Callable[..., str]) -> None:
    ident = ringing()
    assert timers.fire_due() == 0, "not due yet"
    set_back(60)
    assert timers.fire_due() == 1
    assert timers.fire_due() == 0
    alarm = selectors.live_calls()[ident]["alarm"]
    assert alarm
    world.must("timer.seen", timer=alarm)
    assert selectors.live_calls()[ident]["alarm"] is None
    world.must("call.answer", call=ident)
    assert world.do("timer.seen", timer=alarm)["refused"] == "unknown_timer"


def test_what_happens_in_time_fires_nothing(
    world: World, opened: Callable[..., str], status: Callable[..., Any]
) -> None:
    ident = opened()
    world.must("incident.alarm", incident=ident, units=[{"unit": "j-83-1"}])
    status("j-83-1", 3)
    assert {timer.kind for timer in Timer.objects.all()} == {"unit_silent"}
    status("j-83-1", 1)
    assert not Timer.objects.exists()


def test_no_receipt_and_no_status_3_are_told_and_noted(world: World, opened: Callable[..., str]) -> None:
    ident = opened()
    world.must("incident.alarm", incident=ident, units=[{"unit": "j-83-1"}])
    timer = Timer.objects.get(kind="no_status_3")
    assert world.do("timer.seen", timer=str(timer.pk))["refused"] == "not_fired"
    set_back(600)
    assert timers.fire_due() == 2
    texts = [line["text"] for line in selectors.incident_log(ident)]
    assert "Zeitüberschreitung: nicht ausgerückt – Rotkreuz Jena 83-1" in texts
    world.must("timer.seen", timer=str(timer.pk))
    world.must("timer.seen", world.gera, timer=str(timer.pk))
    timer.refresh_from_db()
    assert timer.seen_by == "Anna Jena", "the first who noticed stands there"


@pytest.mark.parametrize("sign", [None, "status", "position"])
def test_a_silent_unit_is_told_a_living_one_is_not(
    world: World, opened: Callable[..., str], status: Callable[..., Any], sign: str | None
) -> None:
    ident = opened()
    world.must("incident.alarm", incident=ident, units=[{"unit": "j-83-1"}])
    # Pressed four minutes ago, and believed; a threshold of three makes that silence, one of ten does not.
    status("j-83-1", 3, observed_at=(timezone.now() - timedelta(minutes=4)).isoformat())
    set_rule("silent", "unit_silent", 600 if sign == "status" else 180, group="RD")
    if sign == "position":
        now = timezone.now()
        point = Point(11.6, 50.9)
        Position.objects.create(unit_id="j-83-1", point=point, observed_at=now, received_at=now, source="gps")
    set_back(3_600, kind="unit_silent")
    assert timers.fire_due() == (0 if sign else 1)
    silent = Timer.objects.get(kind="unit_silent")
    assert bool(silent.fired_at) == (sign is None)
    if sign:
        assert silent.due_at > timezone.now() + timedelta(minutes=2), "it watches on"


def test_an_appointment_comes_due_and_moves_with_an_edit(world: World, opened: Callable[..., str]) -> None:
    at = timezone.now() + timedelta(hours=3)
    ident = opened(keyword="KTP", appointment_at=at.isoformat())
    assert Timer.objects.get().due_at == at - timedelta(seconds=1800)
    assert timers.fire_due() == 0
    sooner = timezone.now() + timedelta(minutes=10)
    change = {"appointment_at": {"old": at.isoformat(), "new": sooner.isoformat()}}
    world.must("incident.edit", incident=ident, changes=change)
    assert timers.fire_due() == 1
    # Away and back to the same time is a new reminder, although its due time was fired before.
    later = {"appointment_at": {"old": sooner.isoformat(), "new": at.isoformat()}}
    back = {"appointment_at": {"old": at.isoformat(), "new": sooner.isoformat()}}
    world.must("incident.edit", incident=ident, changes=later)
    assert timers.fire_due() == 0
    world.must("incident.edit", incident=ident, changes=back)
    assert timers.fire_due() == 1
    none = {"appointment_at": {"old": sooner.isoformat(), "new": None}}
    world.must("incident.edit", incident=ident, changes=none)
    assert not Timer.objects.exists()


def test_the_threshold_is_that_of_keyword_class_and_county(world: World, opened: Callable[..., str]) -> None:
    set_rule("fire", "no_status_3", 480, group="B")
    set_rule("fire-gera", "no_status_3", 240, group="B", county="16052")
    for keyword, where, seconds in (("RD2", {}, 120), ("B2", {}, 480), ("B2", GERA_CITY, 240)):
        ident = opened(keyword=keyword, **where)
        unit = "j-44-1" if not where else "g-44-1"
        if keyword == "RD2":
            unit = "j-83-1"
        world.must("incident.alarm", incident=ident, units=[{"unit": unit}])
        mine = Assignment.objects.get(incident_id=ident)
        assert Timer.objects.get(kind="no_status_3", subject=mine.pk).due_at - mine.alarmed_at == timedelta(
            seconds=seconds
        )


def test_only_the_answering_node_fires(world: World, opened: Callable[..., str], settings: Settings) -> None:
    ident = opened()
    world.must("incident.alarm", incident=ident, units=[{"unit": "j-83-1"}])
    set_back(600)
    settings.LEITSTELLE_CENTRES = ["gera"]
    assert timers.fire_due() == 0
    world.must("incident.hand_over", incident=ident, centre="gera")
    assert timers.fire_due() == 2


@pytest.mark.django_db(transaction=True)
def test_many_watchers_fire_each_timer_once(durable_world: World) -> None:
    device = Actor("device", "d", "Gerät", roles=frozenset({"telephony"}))
    for _number in range(12):
        durable_world.must("call.receive", device, call=str(uuid4()), centre="jena")
    set_back(60)
    results: list[int] = []
    start = threading.Barrier(4)

    def watch() -> None:
        start.wait()
        for _turn in range(3):
            results.append(timers.fire_due())
        connection.close()

    threads = [threading.Thread(target=watch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fired() == 12
    assert not Timer.objects.filter(fired_at=None).exists()
