"""Alarm and course: one commitment per unit, taken only on purpose, moved by status."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from incidents import selectors
from incidents.models import AlarmDelivery, Assignment
from journal.actor import Actor, system
from journal.models import Entry
from journal.record import Transaction
from journal.tail import history
from resources.entries import UnitSaved
from resources.models import Unit, UnitState, UnknownSender
from tests.incidents.conftest import JENA_CITY
from tests.world import World

Opens = Callable[..., str]
Reports = Callable[..., dict[str, Any]]


def alarm(world: World, incident: str, *units: str, **order: Any) -> dict[str, Any]:
    return world.do("incident.alarm", incident=incident, units=[{"unit": unit, **order} for unit in units])


def assignment(incident: str, unit: str) -> Assignment:
    return Assignment.objects.get(incident_id=incident, unit_id=unit)


def test_an_alarm_commits_tells_and_watches(world: World, opened: Opens) -> None:
    ident = opened(report="Brustschmerz", place_detail="2. OG")
    answer = alarm(world, ident, "j-83-1", "j-82-1", why="nächster freier RTW", eta_seconds=240)
    assert {a["unit"] for a in answer["result"]["assignments"]} == {"j-83-1", "j-82-1"}
    view = selectors.incident_views([ident])[ident]
    assert view is not None
    assert view["dispatch_decided_at"]
    for seen in view["assignments"]:
        assert (seen["state"], seen["why"], seen["eta_seconds"]) == ("alarmed", "nächster freier RTW", 240)
        assert {d["medium"]: d["state"] for d in seen["deliveries"]} == {"log": "owed", "station": "owed"}
    assert {(t["kind"], t["unit"]) for t in view["timers"]} == {
        (kind, unit) for kind in ("no_receipt", "no_status_3") for unit in ("j-83-1", "j-82-1")
    }
    text = AlarmDelivery.objects.first().text
    for part in ("RD2 Notarzteinsatz", "Am Anger 28", "2. OG", "Brustschmerz", "Rotkreuz Jena 83-1", view["number"]):
        assert part in text
    follow_up = alarm(world, ident, "j-83-2")
    assert "pos" in follow_up
    assert selectors.incident_log(ident)[-1]["text"] == "Nachalarmiert: Rotkreuz Jena 83-2"


def test_a_committed_unit_is_taken_only_by_naming_where_from(world: World, opened: Opens) -> None:
    first, second, third = opened(), opened(), opened()
    alarm(world, first, "j-83-1")
    refused = alarm(world, second, "j-82-1", "j-83-1")
    assert refused["refused"] == "unit_committed"
    number = selectors.incident_number(first)
    assert refused["detail"]["units"] == [
        {"unit": "j-83-1", "name": "Rotkreuz Jena 83-1", "incident": first, "number": number}
    ]
    assert not Assignment.objects.filter(incident_id=second).exists(), "all or none"
    assert alarm(world, second, "j-83-1", take_from=third)["refused"] == "unit_committed"
    assert "pos" in alarm(world, second, "j-83-1", take_from=first)
    assert assignment(first, "j-83-1").end_reason == f"abgezogen zu {selectors.incident_number(second)}"
    assert str(assignment(second, "j-83-1").taken_from) == first
    assert selectors.unit_views(["j-83-1"])["j-83-1"]["incident"] == second
    assert alarm(world, second, "j-83-1")["refused"] == "unit_committed", "alarmed here already"


@pytest.mark.parametrize("wrong", ["unknown", "none", "status 6", "status 9", "inactive"])
def test_what_cannot_be_alarmed_is_refused_by_name(world: World, opened: Opens, status: Reports, wrong: str) -> None:
    ident, unit = opened(), "j-83-1"
    if wrong.startswith("status"):
        status(unit, int(wrong[-1]))
    if wrong == "inactive":
        _retire(world, unit)
    units = {"unknown": ["nobody"], "none": []}.get(wrong, [unit])
    answer = alarm(world, ident, *units)
    assert answer["refused"] == {"unknown": "unknown_unit", "none": "no_units"}.get(wrong, "unit_unavailable")
    if answer["refused"] == "unit_unavailable":
        assert "Rotkreuz Jena 83-1" in answer["reason"]
    assert not Assignment.objects.exists()


def _retire(world: World, unit: str) -> None:
    row = Unit.objects.get(pk=unit)
    tx = Transaction(system("test"))
    names = {"type": row.type_id, "station": row.station_id}
    values = {n: getattr(row, n) for n in UnitSaved.model_fields if n not in names}
    tx.record(UnitSaved(**values | names | {"active": False}))
    tx.append()


@pytest.mark.django_db(transaction=True)
def test_of_six_who_alarm_the_same_unit_one_gets_it(durable_world: World) -> None:
    world, rounds, dispatchers = durable_world, 4, 6
    for _round in range(rounds):
        incidents = [str(uuid4()) for _ in range(dispatchers)]
        for ident in incidents:
            world.must("incident.open", incident=ident, place="Hier", **JENA_CITY)
        answers: list[dict[str, Any]] = []
        start = threading.Barrier(dispatchers)

        def press(ident: str, start: threading.Barrier = start, answers: list[dict[str, Any]] = answers) -> None:
            start.wait()
            answers.append(alarm(world, ident, "j-83-1", "j-82-1"))
            connection.close()

        threads = [threading.Thread(target=press, args=(ident,)) for ident in incidents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.get("refused", "alarmed") for answer in answers) == ["alarmed"] + ["unit_committed"] * 5
        holder = Assignment.objects.filter(ended_at=None).values_list("incident_id", flat=True)
        assert len(set(holder)) == 1
        world.must("incident.recall", incident=str(holder[0]), units=["j-83-1", "j-82-1"])


def test_a_reservation_keeps_the_unit_free_until_its_alarm(world: World, opened: Opens, status: Reports) -> None:
    soon = (timezone.now() + timedelta(hours=2)).isoformat()
    planned, urgent = opened(keyword="KTP", appointment_at=soon), opened()
    world.must("incident.reserve", incident=planned, unit="j-84-1")
    view = selectors.unit_views(["j-84-1"])["j-84-1"]
    assert (view["incident"], view["reserved_for"]) == (None, planned)
    assert world.do("incident.reserve", incident=planned, unit="j-84-1")["refused"] == "already_here"
    status("j-84-1", 1)
    assert assignment(planned, "j-84-1").state == "reserved", "a status does not move a reservation"
    assert "pos" in alarm(world, urgent, "j-84-1")
    assert "pos" in alarm(world, planned, "j-84-1", take_from=urgent)
    mine = assignment(planned, "j-84-1")
    assert (mine.state, bool(mine.reserved_at), bool(mine.alarmed_at)) == ("alarmed", True, True)
    kinds = {t["kind"] for t in (selectors.incident_view(planned) or {})["timers"]}
    assert "appointment" not in kinds, "who is alarmed need not be reminded"
    world.must("incident.release", incident=planned, unit="j-84-1")
    assert world.do("incident.release", incident=planned, unit="j-84-1")["refused"] == "not_here"


def test_the_usual_course_by_radio(world: World, opened: Opens, status: Reports) -> None:
    ident = opened()
    alarm(world, ident, "j-83-1")
    steps = {3: "en_route", 4: "on_scene", 7: "transporting", 8: "at_hospital", 1: "ended"}
    for value, state in steps.items():
        result = status("j-83-1", value, hospital="ukj" if value == 7 else None)
        assert result == {"unit": "j-83-1", "incident": ident}
        mine = assignment(ident, "j-83-1")
        assert mine.state == state
        assert getattr(mine, f"{state}_at")
    assert mine.hospital_id == "ukj"
    assert selectors.unit_views(["j-83-1"])["j-83-1"]["incident"] is None
    assert status("j-83-1", 4) == {"unit": "j-83-1"}, "free: a status moves nothing"
    assert "Rotkreuz Jena 83-1: Patient aufgenommen (Universitätsklinikum Jena)" in [
        line["text"] for line in selectors.incident_log(ident)
    ]


def test_any_jump_is_possible_and_the_first_time_counts(world: World, opened: Opens, status: Reports) -> None:
    ident = opened()
    alarm(world, ident, "j-83-1")
    status("j-83-1", 7)
    status("j-83-1", 4)
    arrived = assignment(ident, "j-83-1").on_scene_at
    status("j-83-1", 4)
    mine = assignment(ident, "j-83-1")
    assert (mine.state, mine.on_scene_at, mine.en_route_at) == ("on_scene", arrived, None)


def test_a_repeated_free_status_does_not_lose_an_alarmed_unit(world: World, opened: Opens, status: Reports) -> None:
    ident = opened()
    alarm(world, ident, "j-83-1")
    status("j-83-1", 2)  # the gateway repeats what the unit had at its station
    assert assignment(ident, "j-83-1").state == "alarmed"
    world.must("unit.report_status", unit="j-83-1", status=2)  # a dispatcher who says so is believed
    assert assignment(ident, "j-83-1").state == "ended"


def test_overlays_ask_and_replace_nothing(world: World, opened: Opens, status: Reports) -> None:
    ident = opened()
    alarm(world, ident, "j-83-1")
    status("j-83-1", 3)
    status("j-83-1", 5)
    view = selectors.unit_views(["j-83-1"])["j-83-1"]
    assert (view["status"], view["overlay"], assignment(ident, "j-83-1").state) == (3, 5, "en_route")
    raw = [entry.fact.data.status for entry in history("unit_state", "j-83-1") if entry.fact]
    assert raw == [2, 3, 5], "every message is kept as it came"
    assert selectors.incident_log(ident)[-1]["text"] == "Rotkreuz Jena 83-1: Status 5 (Sprechwunsch)"


def test_the_senders_clock_counts_where_it_can_be_right(world: World, opened: Opens, status: Reports) -> None:
    ident = opened()
    alarm(world, ident, "j-83-1")
    alarmed_at = assignment(ident, "j-83-1").alarmed_at
    status("j-83-1", 3, observed_at=(timezone.now() - timedelta(days=1)).isoformat())
    assert assignment(ident, "j-83-1").en_route_at >= alarmed_at
    assert UnitState.objects.get(pk="j-83-1").since >= alarmed_at
    raw = history("unit_state", "j-83-1")[-1].fact
    assert raw is not None
    assert raw.at - raw.data.observed_at > timedelta(hours=23), "what the sender said is kept"
    status("j-83-1", 4, observed_at=(timezone.now() - timedelta(minutes=2)).isoformat())
    mine = assignment(ident, "j-83-1")
    assert mine.on_scene_at == alarmed_at, "late by two minutes is believed, but nobody arrives before the alarm"
    assert timezone.now() - UnitState.objects.get(pk="j-83-1").since > timedelta(minutes=1)


def test_an_unknown_radio_is_kept_for_a_person(world: World, device: Actor) -> None:
    for value in (3, 4):
        result = world.must("unit.report_status", device, issi="9999999", status=value)
        assert result == {"unknown": True, "issi": "9999999"}
    heard = UnknownSender.objects.get()
    assert (heard.identifier, heard.count, heard.last_message) == ("9999999", 2, "Status 4")
    assert world.do("unit.report_status", device, unit="nobody", status=4)["refused"] == "unknown_unit"
    assert world.do("unit.report_status", device, status=4)["refused"] == "invalid"
    assert world.do("unit.report_status", device, unit="j-83-1", status=12)["refused"] == "invalid"


def test_issi_names_the_unit(world: World, device: Actor) -> None:
    assert world.must("unit.report_status", device, issi="6530001", status=1) == {"unit": "j-83-2"}


def test_recall_direct_and_move_up(world: World, opened: Opens) -> None:
    ident = opened()
    alarm(world, ident, "j-83-1", "j-83-2")
    world.must("incident.direct", incident=ident, unit="j-83-1", hospital="ukj")
    assert assignment(ident, "j-83-1").hospital_id == "ukj"
    assert world.do("incident.direct", incident=ident, unit="j-83-1", hospital="x")["refused"] == "unknown_hospital"
    assert world.do("incident.direct", incident=ident, unit="j-82-1", hospital="ukj")["refused"] == "not_here"
    assert world.do("unit.move_up", unit="j-83-1", station="rw-roda")["refused"] == "unit_committed"
    world.must("incident.recall", incident=ident, units=["j-83-1"], reason="kein Bedarf")
    assert assignment(ident, "j-83-1").recalled_at
    assert not any(t["unit"] == "j-83-1" for t in (selectors.incident_view(ident) or {})["timers"])
    world.must("unit.move_up", unit="j-83-1", station="rw-roda")
    assert selectors.unit_views(["j-83-1"])["j-83-1"]["cover"] == "rw-roda"
    world.must("unit.move_up", unit="j-83-1")
    assert selectors.unit_views(["j-83-1"])["j-83-1"]["cover"] is None
    world.must("unit.at_patient", unit="j-83-2")
    assert assignment(ident, "j-83-2").at_patient_at
    assert world.do("unit.at_patient", unit="j-83-1")["refused"] == "not_committed"


def test_a_receipt_is_taken_once_and_ends_the_waiting(world: World, device: Actor, opened: Opens) -> None:
    ident = opened()
    alarm(world, ident, "j-83-1")
    mine = assignment(ident, "j-83-1")
    first = world.do("incident.receipt", device, assignment=str(mine.pk), medium="station")
    again = world.do("incident.receipt", device, delivery=first["result"]["delivery"])
    assert again["pos"] == first["pos"]
    mine.refresh_from_db()
    assert isinstance(mine.receipted_at, datetime)
    assert {t["kind"] for t in (selectors.incident_view(ident) or {})["timers"]} == {"no_status_3"}
    assert world.do("incident.receipt", device, delivery=str(uuid4()))["refused"] == "unknown_alarm"


def test_the_same_command_twice_acts_once(world: World, opened: Opens) -> None:
    ident, command_id = opened(), uuid4()
    order = {"incident": ident, "units": [{"unit": "j-83-1"}]}
    first = world.do("incident.alarm", command_id=command_id, **order)
    count = Entry.objects.count()
    assert world.do("incident.alarm", command_id=command_id, **order) == first
    assert Entry.objects.count() == count
