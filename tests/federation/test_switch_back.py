"""The way back: piece by piece with a receipt, a report of what was done, and what was written without knowing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import translation

from federation import mandates, sheets, switch_back
from federation.models import Mandate
from incidents import effects, selectors, timers
from incidents.models import AlarmDelivery, Call, Incident
from journal import feed, fold, tail
from journal.models import Chain, Entry
from journal.receive import receive
from tests.federation.centres import agree, at, hear
from tests.federation.test_take_over import let_time_pass, open_one, ring
from tests.world import World

SCOPE = "centre:jena"


@pytest.fixture
def held(world: World) -> dict[str, str]:
    """Gera holds Jena: one incident it took, one it opened, one it closed, one call that rings."""
    agree()
    with at("jena"):
        hear(0)
        taken, closed = open_one(world), open_one(world)
        rings = ring(world)
    with at("gera"):
        hear(9)
        world.must("take_over.take", world.gera, scope=SCOPE, reason="Stromausfall")
        world.must("incident.alarm", world.gera, incident=taken, units=[{"unit": "j-83-1"}])
        world.must("incident.note", world.gera, incident=taken, text="Angehörige weisen ein")
        world.must("incident.close", world.gera, incident=closed, outcome="completed")
        opened = open_one(world)
    return {"taken": taken, "opened": opened, "closed": closed, "rings": rings}


def test_piece_by_piece_with_a_receipt_and_the_last_one_ends_it(world: World, held: dict[str, str]) -> None:
    with at("gera"):
        hear(9)
        assert world.do("switch_back.start", world.gera, scope=SCOPE)["refused"] == "centre_unreachable"
        hear(0)
        started = world.must("switch_back.start", world.gera, scope=SCOPE)
        assert started["left"] == {"incidents": 2, "calls": 1}
        assert mandates.holder("jena") == "jena", "what is new goes home at once"
        assert mandates.acting(SCOPE) == "gera"
        assert world.do("switch_back.piece", world.gera, incident=held["taken"])["refused"] == "not_home"
        assert world.do("switch_back.finish", world.jena, scope=SCOPE)["detail"] == {"incidents": 2, "calls": 1}
        assert world.must("switch_back.piece", world.jena, incident=held["taken"])["finished"] == []
        assert world.do("switch_back.piece", world.jena, incident=held["taken"])["refused"] == "already_home"
        assert world.do("switch_back.piece", world.jena, incident=held["closed"])["refused"] == "incident_closed"
        world.must("switch_back.piece", world.jena, call=held["rings"])
        assert switch_back.pieces_left(SCOPE) == {"incidents": 1, "calls": 0}
        assert world.must("switch_back.piece", world.jena, incident=held["opened"])["finished"] == [SCOPE]
    mandate = Mandate.objects.get()
    assert (mandate.state, mandate.holder_id, mandate.term) == ("home", "jena", 3)
    assert Incident.objects.values_list("centre_id", "term").get(pk=held["taken"]) == ("jena", 3)
    assert Call.objects.values_list("centre_id", "term").get(pk=held["rings"]) == ("jena", 3)
    receipt = [line for line in selectors.incident_log(held["taken"]) if line["type"] == "incident.taken_over"][-1]
    assert (receipt["who"], receipt["text"]) == (world.jena.name, "Zurückgegeben an Leitstelle jena")


def test_all_at_once(world: World, held: dict[str, str]) -> None:
    with at("gera"):
        hear(0)
        assert world.do("switch_back.all", world.gera, scope=SCOPE)["refused"] == "not_home"
        assert world.must("switch_back.all", world.jena, scope=SCOPE) == {"incidents": 2, "calls": 1}
        assert world.do("switch_back.all", world.jena, scope=SCOPE)["refused"] == "not_held"
    assert not Incident.objects.filter(state="open", centre="gera").exists()
    assert not mandates.views()
    with at("gera"):
        hear(9)
        world.must("take_over.take", world.gera, scope=SCOPE)
        assert Mandate.objects.get().term == 4, "terms only rise"


def test_the_sheet_shows_at_once_what_the_taker_must_know(world: World, held: dict[str, str]) -> None:
    sheet = sheets.handover_sheet(SCOPE)
    assert [call["id"] for call in sheet["calls"]] == [held["rings"]]
    assert {incident["id"] for incident in sheet["incidents"]} == {held["taken"], held["opened"]}
    assert [(unit["unit"], unit["incident"]) for unit in sheet["units"]] == [("j-83-1", held["taken"])]
    assert {owed["medium"] for owed in sheet["owed"]} == {"log", "station"}
    world.must("unit.report_status", unit="j-83-1", status=3)
    assert sheets.handover_sheet(SCOPE)["owed"] == [], "whoever is on the way has understood"
    county = sheets.handover_sheet("county:16074")
    assert (county["centre"], county["incidents"], county["calls"]) == ("jena", [], [])


def test_the_report_tells_what_was_done_meanwhile_in_both_languages(
    world: World, held: dict[str, str], client: Client
) -> None:
    with at("gera"):
        hear(0)
        world.must("switch_back.all", world.jena, scope=SCOPE)
    report = sheets.return_report(SCOPE)
    assert report["figures"] == {
        "taken": 2, "opened": 1, "closed": 1, "alarms": 1, "calls": 0, "answered": 0, "late": 0,
    }  # fmt: skip
    texts = [line["text"] for incident in report["incidents"] for line in incident["lines"]]
    assert "Angehörige weisen ein" in texts
    assert not any(text.startswith("Einsatz J-2026-000001 eröffnet") for text in texts), "that was before"
    for language, title in (("de", "Bericht zur Rückgabe"), ("en", "Report of the return")):
        with translation.override(language):
            page = sheets.return_page(SCOPE)
        assert title in page
        assert "Alarmiert: Rotkreuz Jena 83-1" in page
    with pytest.raises(LookupError):
        sheets.return_report("centre:gera")


def journal_of(origin: str) -> int:
    return Chain.objects.filter(origin=origin).values_list("seq", flat=True).first() or 0


def apart(work: dict[str, Callable[[], None]]) -> dict[str, Any]:
    """Let two nodes work without each other, each on the same beginning; what each wrote, as it travels."""
    written = {}
    for node, act in work.items():
        beginning, since = transaction.savepoint(), journal_of(node)
        with at(node):
            hear(60)
            act()
        written[node] = feed.read(node, 1, since, 10_000)
        transaction.savepoint_rollback(beginning)
    return written


@pytest.mark.parametrize("first", ["jena", "gera"])
def test_work_on_both_sides_of_a_cut_heals_to_the_same_and_what_came_late_is_marked(world: World, first: str) -> None:
    """Gera takes Jena over, and Jena, alive behind the cut, works on: nothing is lost, the taker answers for it."""
    agree()
    agree("gera", "jena")
    with at("jena"):
        hear(0)
        incident, other = open_one(world), open_one(world)
        world.must("incident.alarm", incident=incident, units=[{"unit": "j-83-1"}])

    def jena() -> None:
        world.must("incident.note", incident=incident, text="Wir sind noch da")
        world.must("incident.alarm", incident=incident, units=[{"unit": "j-82-1"}])
        open_one(world)
        ring(world)

    def gera() -> None:
        world.must("take_over.take", world.gera, scope=SCOPE)
        world.must("incident.note", world.gera, incident=incident, text="Gera führt")
        world.must("incident.alarm", world.gera, incident=other, units=[{"unit": "j-83-2"}])
        open_one(world)

    tables = []
    written = apart({"gera": gera, "jena": jena})
    for order in ((first, {"jena": "gera", "gera": "jena"}[first]), ("gera", "jena")):
        beginning = transaction.savepoint()
        for node in order:
            receive(written[node])
        tables.append(fold.digests())
        assert Incident.objects.filter(state="open").count() == 4
        rows = dict(Incident.objects.filter(pk__in=[incident, other]).values_list("pk", "centre_id"))
        assert set(rows.values()) == {"gera"}
        lines = {line["text"]: line["late_term"] for line in selectors.incident_log(incident)}
        assert lines["Gera führt"] is False
        transaction.savepoint_rollback(beginning)
    assert tables[0] == tables[1]


def test_a_node_that_comes_back_does_not_act_for_what_was_taken(world: World) -> None:
    """Jena dies with an alarm owed and timers running; Gera takes over; Jena returns, hears of it, and stays still."""
    agree()
    with at("jena"):
        hear(0)
        incident = open_one(world)
        world.must("incident.alarm", incident=incident, units=[{"unit": "j-83-1"}])
        ring(world)

    def gera() -> None:
        world.must("take_over.take", world.gera, scope=SCOPE)

    receive(apart({"gera": gera})["gera"])
    let_time_pass()
    with at("jena"):
        for stored in tail.after(0, limit=10_000):
            effects.deliver_entry(stored)
        assert (effects.retry_owed(), timers.fire_due()) == (0, 0)
        assert set(AlarmDelivery.objects.values_list("state", flat=True)) == {"owed"}
    with at("gera"):
        for stored in tail.after(0, limit=10_000):
            effects.deliver_entry(stored)
        assert timers.fire_due() == 3
    assert set(AlarmDelivery.objects.values_list("state", flat=True)) == {"sent"}


def test_what_jena_wrote_without_knowing_is_marked_late(world: World) -> None:
    agree()
    with at("jena"):
        hear(0)
        incident = open_one(world)

    def gera() -> None:
        world.must("take_over.take", world.gera, scope=SCOPE)
        world.must("incident.note", world.gera, incident=incident, text="Gera führt")

    def jena() -> None:
        world.must("incident.note", incident=incident, text="nichts gehört")
        world.must("incident.alarm", incident=incident, units=[{"unit": "j-83-1"}])

    written = apart({"gera": gera, "jena": jena})
    receive(written["gera"])
    receive(written["jena"])
    marks = {line["text"]: line["late_term"] for line in selectors.incident_log(incident)}
    assert marks["nichts gehört"] is marks["Alarmiert: Rotkreuz Jena 83-1"] is True
    assert not any(late for text, late in marks.items() if text in {"Gera führt", "Übernommen von Leitstelle gera"})
    entries = tail.after(0, limit=10_000)
    late = selectors.late_positions(entries, {incident: Incident.objects.get(pk=incident).term})
    assert {e.pos for e in entries if e.origin == "jena" and e.type == "incident.noted"} <= late
    with at("gera"):
        let_time_pass()
        assert timers.fire_due() == 2, "timers that Jena started late are the taker's"
    assert Entry.objects.filter(type="incident.timer_fired").count() == 2
