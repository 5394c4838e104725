"""Values that no person means: refused with a reason, never half done, never an error of the house."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from incidents.models import Incident
from journal.actor import Actor
from journal.models import Entry
from resources.models import UnknownSender
from tests.incidents.conftest import JENA_CITY
from tests.world import World

NO_TIMES = [
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00+00:00",
    "9999-12-31T23:59:59+00:00",
    "9999-12-31T23:59:59-12:00",
    "1999-12-31T12:00:00+01:00",
]
NO_SPOTS: list[Any] = [{"lon": "x", "lat": 1}, {"lon": None, "lat": 1}, {"lon": [1], "lat": {}}, {"lon": 1}, 7, "hier"]


@pytest.mark.parametrize("moment", NO_TIMES)
def test_an_appointment_outside_of_all_calendars_is_refused(world: World, opened: Any, moment: str) -> None:
    """Accepted, one of them would be a time that the database holds and nobody can read any more."""
    ident = opened()
    count = Entry.objects.count()
    answer = world.do("incident.open", incident=str(uuid4()), appointment_at=moment, **JENA_CITY)
    assert answer["refused"] == "invalid"
    for change in ({"old": None, "new": moment}, {"old": moment, "new": "2026-12-01T10:00:00+01:00"}):
        answer = world.do("incident.edit", incident=ident, changes={"appointment_at": change})
        assert answer["refused"] in {"invalid", "edited_meanwhile"}
    assert Entry.objects.count() == count


@pytest.mark.parametrize("claimed", NO_SPOTS)
def test_what_an_editor_cannot_have_seen_is_a_conflict(world: World, opened: Any, claimed: Any) -> None:
    answer = world.do("incident.edit", incident=opened(), changes={"spot": {"old": claimed, "new": None}})
    assert answer["refused"] == "edited_meanwhile"


def test_numbers_beyond_the_database_are_refused(world: World, opened: Any, device: Actor) -> None:
    units = [{"unit": "j-83-1", "eta_seconds": 99_999_999_999}]
    assert world.do("incident.alarm", incident=opened(), units=units)["refused"] == "invalid"
    position = {**JENA_CITY, "accuracy_m": 1e300}
    assert world.do("call.receive", device, call=str(uuid4()), position=position)["refused"] == "invalid"


def test_the_longest_message_of_an_unknown_radio_is_kept(world: World, device: Actor) -> None:
    answer = world.must("unit.report_status", device, issi="1234567890", status=4, note="x" * 200)
    assert answer["unknown"]
    assert UnknownSender.objects.get().last_message.startswith("Status 4 xxx")


def test_one_incident_opened_twice_at_once_is_opened_once(durable_world: World) -> None:
    """A console that repeats under a new command id while the first is still under way."""
    incident, barrier = str(uuid4()), Barrier(4)

    def open_it(_number: int) -> dict[str, Any]:
        try:
            barrier.wait(timeout=10)
            return durable_world.do("incident.open", incident=incident, **JENA_CITY)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(open_it, range(4)))
    assert sorted(answer.get("refused", "") for answer in answers) == ["", *["incident_exists"] * 3]
    assert Entry.objects.filter(type="incident.opened").count() == 1
    assert Incident.objects.get().serial == 1
