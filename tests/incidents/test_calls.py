"""Calls: exactly one answers, the others see who; nothing rings unseen."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from incidents import selectors
from incidents.models import Call, Timer
from journal.actor import Actor
from tests.incidents.conftest import GERA_CITY
from tests.world import PERSON_ROLES, World


def colleague(world: World) -> Actor:
    return Actor("user", str(uuid4()), "Bernd Jena", "jena", "J2", PERSON_ROLES - {"shift_leader"})


def test_a_call_rings_at_the_centre_of_its_county_with_a_timer(world: World, ringing: Callable[..., str]) -> None:
    ident = ringing(position=GERA_CITY, centre="jena")
    view = selectors.live_calls("gera")[ident]
    assert (view["centre"], view["county"], view["state"]) == ("gera", "16052", "ringing")
    assert view["number"] == "+4936411234"
    assert Timer.objects.get(subject=ident).centre_id == "gera"
    assert ident not in selectors.live_calls("jena")


def test_of_two_who_answer_one_gets_it_and_the_other_is_told(world: World, ringing: Callable[..., str]) -> None:
    ident = ringing()
    world.must("call.answer", call=ident)
    late = world.do("call.answer", colleague(world), call=ident)
    assert late["refused"] == "taken"
    assert late["detail"] == {"by": "Anna Jena", "seat": "J1"}
    assert "Anna Jena" in late["reason"]
    world.must("call.answer", call=ident)  # the same seat again is no conflict
    assert not Timer.objects.filter(subject=ident).exists()


def test_hold_hand_and_end_belong_to_whoever_talks(world: World, ringing: Callable[..., str]) -> None:
    ident, other = ringing(), colleague(world)
    assert world.do("call.hold", call=ident)["refused"] == "not_talking"
    world.must("call.answer", other, call=ident)
    stranger = Actor("user", str(uuid4()), "Carl", "jena", "J3", frozenset({"call_taker"}))
    for name in ("call.hold", "call.end"):
        assert world.do(name, stranger, call=ident)["refused"] == "not_yours"
    world.must("call.hold", other, call=ident)
    assert selectors.live_calls()[ident]["state"] == "held"
    world.must("call.resume", other, call=ident)
    world.must("call.hand", other, call=ident, seat="J1")
    view = selectors.live_calls()[ident]
    assert (view["state"], view["seat"]) == ("ringing", "J1")
    world.must("call.answer", call=ident)
    world.must("call.end", call=ident, outcome="advice")
    assert selectors.call_views([ident]) == {ident: None}
    assert world.do("call.hold", call=ident)["refused"] == "call_over"
    assert world.do("call.hand", call=ident, seat="nirgends")["refused"] == "call_over"


def test_a_lost_call_stays_until_somebody_called_back(world: World, device: Actor, ringing: Callable[..., str]) -> None:
    ident = ringing()
    world.must("call.lose", device, call=ident)
    assert selectors.live_calls()[ident]["state"] == "lost"
    assert world.do("call.answer", call=ident)["refused"] == "call_over"
    world.must("call.called_back", call=ident, reached=True)
    assert ident not in selectors.live_calls()
    assert world.do("call.called_back", call=ident, reached=False)["refused"] == "called_back_already"
    talking = ringing()
    world.must("call.answer", call=talking)
    world.must("call.lose", device, call=talking)
    assert Call.objects.get(pk=talking).state == Call.State.ENDED


def test_a_clock_that_is_a_day_off_is_not_believed_and_kept(world: World, ringing: Callable[..., str]) -> None:
    wrong = timezone.now() - timedelta(days=1)
    ident = ringing(rang_at=wrong.isoformat())
    assert timezone.now() - Call.objects.get(pk=ident).rang_at < timedelta(minutes=1)
    incident = str(uuid4())
    world.must("incident.open", incident=incident, call=ident, place="Hier")
    assert any("Uhr der Anlage" in line["text"] for line in selectors.incident_log(incident))
    right = timezone.now() - timedelta(seconds=20)
    assert Call.objects.get(pk=ringing(rang_at=right.isoformat())).rang_at == right


def test_notes_keep_what_was_typed_and_repeat_no_entry(world: World, ringing: Callable[..., str]) -> None:
    ident = ringing()
    first = world.do("call.note", call=ident, note="Brand")
    assert world.do("call.note", call=ident, note="Brand")["pos"] == first["pos"]
    world.must("call.note", call=ident, caller_name="Muster")
    view = selectors.live_calls()[ident]
    assert (view["note"], view["caller_name"]) == ("Brand", "Muster")


def test_bad_input_is_refused_in_german_and_changes_nothing(
    world: World, device: Actor, ringing: Callable[..., str]
) -> None:
    ident = ringing()
    assert world.do("call.receive", device, call=ident)["refused"] == "call_exists"
    assert world.do("call.receive", device, call=str(uuid4()), centre="nirgends")["refused"] == "unknown_centre"
    assert world.do("call.answer", call=str(uuid4()))["refused"] == "unknown_call"
    assert world.do("call.end", call=ident, outcome="quatsch")["refused"] == "unknown_outcome"
    assert world.do("call.attach", call=ident, incident=str(uuid4()))["refused"] == "unknown_incident"
    assert (
        world.do("call.answer", Actor("user", "x", "Ohne Platz", "jena", "", PERSON_ROLES), call=ident)["refused"]
        == "no_seat"
    )
    assert world.do("call.answer", device, call=ident)["refused"] == "forbidden"
    assert selectors.live_calls()[ident]["state"] == "ringing"


def test_a_second_call_about_the_same_thing_is_offered_and_attached(
    world: World, opened: Callable[..., str], ringing: Callable[..., str]
) -> None:
    near, far = opened(), opened(lon=11.65, lat=50.97)
    call = ringing(position={"lon": 11.5915, "lat": 50.9305, "accuracy_m": 30})
    offer = selectors.nearby(call=call)
    assert [(i["id"], i["why"]) for i in offer["incidents"]] == [(near, "place")]
    assert 80 < offer["incidents"][0]["distance_m"] < 200
    world.must("call.attach", call=call, incident=near)
    assert [c["id"] for c in selectors.calls_of(near)] == [call]
    again = ringing(position=None)
    offer = selectors.nearby(call=again)
    assert [(i["id"], i["why"]) for i in offer["incidents"]] == [(near, "number")]
    assert [c["id"] for c in offer["calls"]] == [call]
    assert far not in {i["id"] for i in offer["incidents"]}
