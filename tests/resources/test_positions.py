"""Positions: newest wins whatever the order, clocks are not believed blindly, unknown senders are kept for a person."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal.models import Entry
from resources.models import Position, UnknownSender
from resources.services import MAX_CLOCK_ERROR, hear_unknown_senders, report_positions
from tests.world import World


def report(seconds: float, now: datetime | None = None, **changes: Any) -> dict[str, Any]:
    at = (now or timezone.now()) + timedelta(seconds=seconds)
    return {"unit": "j-83-1", "lat": 50.9, "lon": 11.6, "observed_at": at, "source": "gps"} | changes


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)), cut=st.integers(1, 5))
def test_newest_observation_wins_in_any_order_and_batching(world: World, order: list[int], cut: int) -> None:
    Position.objects.all().delete()
    now = timezone.now()
    reports = [report(-10 + n, now, lat=50 + n / 10) for n in order]
    for batch in (reports[:cut], reports[cut:]):
        assert report_positions(batch) == (len(batch), [])
    position = Position.objects.get(pk="j-83-1")
    assert position.point.y == pytest.approx(50.5)
    assert position.observed_at == now - timedelta(seconds=5)


def test_a_clock_that_is_off_is_replaced_and_marked(world: World) -> None:
    for seconds in (86_400, -86_400, MAX_CLOCK_ERROR.total_seconds() + 5):
        before = timezone.now()
        assert report_positions([report(seconds)]) == (1, [])
        position = Position.objects.get(pk="j-83-1")
        assert before <= position.observed_at <= timezone.now()
        assert position.source == "gps/clock"
    # A day ahead was not believed, so the next honest report is not shut out until tomorrow.
    report_positions([report(1, lat=50.1)])
    assert Position.objects.get(pk="j-83-1").point.y == pytest.approx(50.1)


def test_by_radio_number_too_and_known_ones_are_stored_beside_unknown_ones(world: World) -> None:
    stored, unknown = report_positions(
        [report(0, unit=None, issi="6530000"), report(0, unit=None, issi="9999999"), report(0, unit="nobody")]
    )
    assert (stored, unknown) == (1, ["issi:9999999", "unit:nobody"])
    assert Position.objects.filter(pk="j-83-1").exists()
    assert set(UnknownSender.objects.values_list("id", flat=True)) == {"issi:9999999", "unit:nobody"}


def test_a_lost_radio_does_not_fill_the_journal(world: World) -> None:
    before = Entry.objects.count()
    for _ in range(20):
        report_positions([report(0, unit=None, issi="9999999")])
    assert Entry.objects.count() == before + 1


def test_positions_are_no_entries(world: World) -> None:
    before = Entry.objects.count()
    report_positions([report(0)])
    assert Entry.objects.count() == before


def test_unknown_sender_is_settled_once_and_comes_back_when_heard_again(world: World) -> None:
    report_positions([report(0, unit=None, issi="9999999")])
    settle = {"sender": "issi:9999999", "settled_as": "Gerät der Nachbarn"}
    world.must("unknown_sender.settle", **settle)
    assert world.do("unknown_sender.settle", **settle)["refused"] == "settled"
    assert world.do("unknown_sender.settle", sender="issi:1", settled_as="x")["refused"] == "unknown_sender"
    sender = UnknownSender.objects.get(pk="issi:9999999")
    assert sender.settled_as == "Gerät der Nachbarn"
    hear_unknown_senders({"issi:9999999": "Status 4"}, timezone.now() + timedelta(minutes=2))
    sender.refresh_from_db()
    assert (sender.settled_as, sender.count, sender.last_message) == ("", 2, "Status 4")


def test_wish_to_speak_is_answered_once(world: World) -> None:
    assert world.do("unit.answer_overlay", unit="j-83-1")["refused"] == "no_overlay"
    world.must("unit.report_status", unit="j-83-1", status=5)
    command_id = uuid.uuid4()
    first = world.do("unit.answer_overlay", command_id=command_id, unit="j-83-1")
    assert "pos" in first
    assert world.do("unit.answer_overlay", command_id=command_id, unit="j-83-1") == first
    assert world.do("unit.answer_overlay", unit="j-83-1")["refused"] == "no_overlay"
    assert world.do("unit.answer_overlay", unit="nobody")["refused"] == "unknown_unit"
