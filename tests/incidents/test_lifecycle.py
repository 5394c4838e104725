"""Incidents: opened at the right place, edited by two at once, merged, split, handed over, closed, forgotten."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from incidents import selectors
from incidents.models import AlarmDelivery, Assignment, Incident, Timer
from journal.actor import Actor
from journal.models import Entry
from tests.incidents.conftest import GERA_CITY, JENA_CITY
from tests.world import World

Opens = Callable[..., str]


def view(ident: str) -> dict[str, Any]:
    found = selectors.incident_view(ident)
    assert found is not None
    return found


def texts(ident: str) -> list[str]:
    return [line["text"] for line in selectors.incident_log(ident)]


@pytest.mark.parametrize(
    ("where", "county", "centre", "letter"),
    [
        (JENA_CITY, "16053", "jena", "J"),
        (GERA_CITY, "16052", "gera", "G"),
        ({"lon": 11.85, "lat": 50.9}, "16074", "jena", "J"),
    ],
)
def test_the_point_decides_county_centre_and_number(
    world: World, where: Any, county: str, centre: str, letter: str
) -> None:
    result = world.must("incident.open", incident=str(uuid4()), place="Hier", **where)
    assert (result["county"], result["centre"], result["number"][0]) == (county, centre, letter)
    assert result["number"].endswith("-000001")


def test_a_point_far_away_is_refused_unless_meant(world: World) -> None:
    paris = {"incident": str(uuid4()), "place": "Paris", "lon": 2.35, "lat": 48.85}
    assert world.do("incident.open", **paris)["refused"] == "outside_area"
    result = world.must("incident.open", **paris, anyway=True)
    assert (result["county"], result["centre"]) == (None, "jena")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"keyword": "B99"}, "unknown_keyword"),
        ({"hospital": "nirgends"}, "unknown_hospital"),
        ({"centre": "nirgends"}, "unknown_centre"),
        ({"call": str(uuid4())}, "unknown_call"),
        ({"lon": 200.0}, "invalid"),
        ({"priority": 9}, "invalid"),
        ({"misspelt": 1}, "invalid"),
        ({"place": "x" * 241}, "invalid"),
    ],
)
def test_bad_input_opens_nothing(world: World, change: dict[str, Any], code: str) -> None:
    answer = world.do("incident.open", **({"incident": str(uuid4()), "place": "Hier", **JENA_CITY} | change))
    assert answer["refused"] == code
    assert answer["reason"]
    assert not Incident.objects.exists()


def test_a_number_is_never_given_twice_although_incidents_change_their_centre(world: World, opened: Opens) -> None:
    first = opened()
    world.must("incident.hand_over", incident=first, centre="gera")
    assert view(first)["centre"] == "gera"
    assert world.do("incident.hand_over", incident=first, centre="gera")["refused"] == "same_centre"
    numbers = [view(opened())["number"], view(opened(**GERA_CITY))["number"], view(first)["number"]]
    assert [n[0] + n[-1] for n in numbers] == ["J2", "G1", "J1"]


def test_the_incident_takes_over_what_its_call_knows(world: World, opened: Opens, ringing: Callable[..., str]) -> None:
    call = ringing()
    world.must("call.answer", call=call)
    world.must("call.note", call=call, note="Sturz", caller_name="Muster")
    seen = view(opened(call=call))
    assert (seen["report"], seen["caller_name"], seen["caller_number"]) == ("Sturz", "Muster", "+4936411234")
    assert seen["call_received_at"] <= seen["call_answered_at"] <= seen["opened_at"]
    assert selectors.live_calls()[call]["incident"] == seen["id"]


def test_two_editors_of_one_field_nobody_is_overwritten(world: World, opened: Opens) -> None:
    ident = opened(report="alt")
    world.must("incident.edit", incident=ident, changes={"report": {"old": "alt", "new": "Feuer"}})
    answer = world.do("incident.edit", world.gera, incident=ident, changes={
        "report": {"old": "alt", "new": "Qualm"}, "place_detail": {"old": "", "new": "Hof"},
    })  # fmt: skip
    assert answer["refused"] == "edited_meanwhile"
    assert answer["detail"]["report"] | {"at": ""} == {"present": "Feuer", "by": "Anna Jena", "at": ""}
    assert view(ident)["place_detail"] == "", "of a refused edit nothing is written"
    world.must("incident.edit", world.gera, incident=ident, changes={"place_detail": {"old": "", "new": "Hof"}})
    assert (view(ident)["report"], view(ident)["place_detail"]) == ("Feuer", "Hof")
    same = world.do("incident.edit", world.gera, incident=ident, changes={"report": {"old": "alt", "new": "Feuer"}})
    assert same["result"] == {"written": []}, "who wants what already stands there is no conflict"


def test_a_new_point_brings_its_county(world: World, opened: Opens) -> None:
    ident = opened()
    change = {"spot": {"old": JENA_CITY, "new": GERA_CITY}}
    world.must("incident.edit", incident=ident, changes=change)
    assert (view(ident)["county"], view(ident)["centre"], view(ident)["lon"]) == ("16052", "jena", 12.08)


@pytest.mark.parametrize(
    "changes",
    [
        {"number": {"old": "", "new": "X"}},
        {"priority": {"old": 1, "new": "hoch"}},
        {"keyword": {"old": "RD2", "new": "B99"}},
        {"spot": {"old": JENA_CITY, "new": {"lon": 2.35, "lat": 48.85}}},
        {},
    ],
)
def test_a_wrong_edit_is_refused_and_changes_nothing(world: World, opened: Opens, changes: Any) -> None:
    ident = opened()
    before = view(ident)
    assert "refused" in world.do("incident.edit", incident=ident, changes=changes)
    assert view(ident) == before


def test_keyword_is_raised_and_stands_in_the_log(world: World, opened: Opens) -> None:
    ident = opened(keyword="RD1")
    world.must("incident.raise_keyword", incident=ident, keyword="B2", reason="Flammen")
    assert (view(ident)["keyword"], view(ident)["priority"]) == ("B2", 1)
    assert "Stichworterhöhung RD1 → B2: Flammen" in texts(ident)
    assert world.do("incident.raise_keyword", incident=ident, keyword="B2")["refused"] == "same_keyword"


def test_close_needs_free_units_and_keeps_every_time(world: World, opened: Opens, status: Callable[..., Any]) -> None:
    ident = opened()
    world.must("incident.alarm", incident=ident, units=[{"unit": "j-83-1"}, {"unit": "j-82-1"}])
    world.must("incident.reserve", incident=ident, unit="j-84-1")
    for value in (3, 4, 7, 8):
        status("j-83-1", value)
    answer = world.do("incident.close", incident=ident, outcome="transported")
    assert answer["refused"] == "units_committed"
    assert {unit["unit"] for unit in answer["detail"]["units"]} == {"j-83-1", "j-82-1"}
    assert world.do("incident.close", incident=ident, outcome="schön")["refused"] == "unknown_outcome"
    world.must("incident.close", incident=ident, outcome="transported", release=True)
    seen = view(ident)
    assert seen["state"] == "closed"
    assert all(a["times"]["ended"] for a in seen["assignments"])
    assert len(seen["assignments"]) == 3
    assert not seen["timers"]
    record = selectors.intervals(ident)
    assert record is not None
    car = next(unit for unit in record["units"] if unit["unit"] == "j-83-1")
    assert all(car["seconds"][name] is not None for name in ("turnout", "drive", "transport", "committed"))
    assert record["times"]["report_complete_at"] >= record["times"]["closed_at"]


def test_what_comes_after_the_closing_is_an_amendment(world: World, opened: Opens) -> None:
    ident = opened()
    world.must("incident.close", incident=ident, outcome="completed")
    for name, values in {
        "incident.alarm": {"units": [{"unit": "j-83-1"}]},
        "incident.edit": {"changes": {"report": {"old": "", "new": "x"}}},
        "incident.close": {"outcome": "completed"}, "incident.raise_keyword": {"keyword": "B2"},
        "incident.reserve": {"unit": "j-83-1"}, "incident.hand_over": {"centre": "gera"},
    }.items():  # fmt: skip
        answer = world.do(name, incident=ident, **values)
        assert answer["refused"] == "incident_closed", name
        assert view(ident)["number"] in answer["reason"]
    assert world.must("incident.note", incident=ident, text="Nachricht der Klinik") == {"kind": "amendment"}
    assert texts(ident)[-1] == "Nachtrag: Nachricht der Klinik"
    assert ident in {line["id"] for line in selectors.incident_list("closed", q=view(ident)["number"][-4:])}


def test_merging_moves_units_with_their_times_calls_and_report(
    world: World, opened: Opens, ringing: Callable[..., str], status: Callable[..., Any], device: Actor
) -> None:
    call = ringing()
    source, target = opened(call=call, report="Rauch"), opened()
    world.must("incident.alarm", incident=source, units=[{"unit": "j-83-1"}, {"unit": "j-82-1"}])
    status("j-83-1", 3)
    before = {a["unit"]: a for a in view(source)["assignments"]}
    due = {t["unit"]: t["due_at"] for t in view(source)["timers"] if t["kind"] == "no_status_3"}
    world.must("incident.merge", incident=source, into=target)
    after = {a["unit"]: a for a in view(target)["assignments"]}
    for unit, old in before.items():
        assert after[unit]["times"] == old["times"]
        assert after[unit]["state"] == old["state"]
        assert selectors.unit_views([unit])[unit]["incident"] == target
    assert {t["unit"]: t["due_at"] for t in view(target)["timers"] if t["kind"] == "no_status_3"} == due
    assert (view(source)["state"], view(source)["merged_into"], view(source)["timers"]) == ("merged", target, [])
    assert [c["id"] for c in selectors.calls_of(target)] == [call]
    assert view(target)["call_received_at"] == view(source)["call_received_at"]
    assert any("Rauch" in text for text in texts(target))
    # A crew that confirms the alarm it got from the first incident confirms it where it is now.
    delivery = AlarmDelivery.objects.get(incident_id=source, unit_id="j-82-1", medium="station")
    world.must("incident.receipt", device, delivery=str(delivery.pk))
    assert {a["unit"]: a for a in view(target)["assignments"]}["j-82-1"]["times"]["receipted"]
    assert not Timer.objects.filter(kind="no_receipt").exists()
    assert world.do("incident.merge", incident=target, into=target)["refused"] == "same_incident"
    closed = world.do("incident.note", incident=source, text="x")
    assert closed["result"] == {"kind": "amendment"}
    assert world.do("incident.merge", incident=target, into=source)["detail"]["into"] == target


def test_a_split_takes_the_named_units_along(world: World, opened: Opens, status: Callable[..., Any]) -> None:
    ident, new = opened(report="zwei Verletzte"), str(uuid4())
    world.must("incident.alarm", incident=ident, units=[{"unit": "j-83-1"}, {"unit": "j-83-2"}])
    status("j-83-2", 4)
    moving = next(a for a in view(ident)["assignments"] if a["unit"] == "j-83-2")
    result = world.must("incident.split", incident=ident, new=new, assignments=[moving["id"]], keyword="RD1")
    seen = view(new)
    assert (seen["split_from"], seen["keyword"], seen["number"]) == (ident, "RD1", result["number"])
    assert (seen["place"], seen["report"]) == (view(ident)["place"], "zwei Verletzte")
    assert [(a["unit"], a["times"]["on_scene"]) for a in seen["assignments"]] == [
        ("j-83-2", moving["times"]["on_scene"])
    ]
    assert (
        Assignment.objects.filter(incident_id=ident, ended_at=None).values_list("unit_id", flat=True).get() == "j-83-1"
    )
    again = world.do("incident.split", incident=ident, new=str(uuid4()), assignments=[moving["id"]])
    assert again["refused"] == "not_here"


def test_forgetting_leaves_no_word_and_keeps_the_times(
    world: World, opened: Opens, ringing: Callable[..., str]
) -> None:
    call = ringing()
    ident = opened(call=call, report="Geheimnis", caller_name="Muster")
    world.must("incident.alarm", incident=ident, units=[{"unit": "j-83-1"}])
    administrator = Actor("user", str(uuid4()), "Ada", roles=frozenset({"administrator"}))
    assert world.do("incident.forget", administrator, incident=ident, reason="Frist")["refused"] == "still_open"
    world.must("incident.close", incident=ident, outcome="completed", release=True)
    assert world.do("incident.forget", incident=ident, reason="Frist")["refused"] == "forbidden"
    world.must("incident.forget", administrator, incident=ident, reason="Frist")
    everything = str(view(ident)) + str(texts(ident)) + str(selectors.calls_of(ident))
    everything += str(list(AlarmDelivery.objects.values_list("text"))) + str(
        list(Entry.objects.filter(aggregate_kind__in=["incident", "call"]).values_list("body"))
    )
    for word in ("Geheimnis", "Muster", "Am Anger", "+4936411234"):
        assert word not in everything
    assert view(ident)["assignments"][0]["times"]["alarmed"]
    assert world.do("incident.note", incident=ident, text="doch noch")["refused"] == "forgotten"
