"""What comes in through the doors does its work once, whatever the program repeats."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.api.conftest import Doors, head, problem
from tests.people import SPOT, Dispatcher, free_units

CALLS, STATUS, BATCH = "/api/v1/telephony/calls", "/api/v1/radio/status", "/api/v1/radio/status/batch"
POSITIONS, RECEIPTS = "/api/v1/positions", "/api/v1/alarms/receipts"


def now() -> str:
    return datetime.now(UTC).isoformat()


@pytest.fixture
def unit(dispatcher: Dispatcher) -> dict[str, Any]:
    """A free ambulance, as the master data describe it."""
    picture = dispatcher.snapshot()
    found: dict[str, Any] = picture["master"]["units"][free_units(picture, "RTW")[0]]
    return found


def test_a_call_by_the_telephone_systems_own_name_rings_is_located_and_given_up(
    doors: Doors, dispatcher: Dispatcher
) -> None:
    name = f"PBX/{uuid4().hex}"
    position = {"lat": SPOT["lat"], "lon": SPOT["lon"], "accuracy_m": 1200}
    ring = {"call_id": name, "event": "ring", "number": "+4936411111", "rang_at": now(), "position": position}
    first = doors["telephony"].post(CALLS, json=ring)
    assert first.status_code == 200, first.text
    call = first.json()["result"]["call"]
    assert dispatcher.snapshot()["calls"][call]["state"] == "ringing"

    located = {"call_id": name, "event": "located", "position": position | {"accuracy_m": 8}, "source": "AML"}
    assert doors["telephony"].post(CALLS, json=located).json()["result"]["call"] == call
    assert dispatcher.snapshot()["calls"][call]["accuracy_m"] == 8

    hangup = {"call_id": name, "event": "hangup"}
    assert doors["telephony"].post(CALLS, json=hangup).status_code == 200
    assert dispatcher.snapshot()["calls"][call]["state"] == "lost"


@pytest.mark.parametrize("door", ["ring", "status with time", "status with key"])
def test_a_repeated_message_acts_once_and_gets_the_first_answer(doors: Doors, unit: dict[str, Any], door: str) -> None:
    if door == "ring":
        role, path, headers = "telephony", CALLS, {}
        body: dict[str, Any] = {"call_id": str(uuid4()), "event": "ring"}
    else:
        role, path = "radio", STATUS
        body = {"issi": unit["issi"], "status": 1}
        headers = {"Idempotency-Key": f"gateway 7/{uuid4()}"} if door.endswith("key") else {}
        body |= {} if headers else {"observed_at": now()}
    first = doors[role].post(path, json=body, headers=headers)
    assert first.status_code == 200, first.text
    before = head(doors)
    again = doors[role].post(path, json=body, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert head(doors) == before


def test_the_same_status_without_time_and_key_is_meant_twice(doors: Doors, unit: dict[str, Any]) -> None:
    body = {"issi": unit["issi"], "status": 2}
    first, second = (doors["radio"].post(STATUS, json=body).json()["pos"] for _ in range(2))
    assert second > first


def test_one_key_cannot_fetch_the_answer_of_another(doors: Doors, unit: dict[str, Any]) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    assert doors["radio"].post(STATUS, json={"issi": unit["issi"], "status": 2}, headers=key).status_code == 200
    answer = doors["telephony"].post(CALLS, json={"call_id": str(uuid4()), "event": "ring"}, headers=key)
    problem(answer, 403, "forbidden")


def test_in_a_batch_each_message_is_answered_for_itself(doors: Doors, unit: dict[str, Any]) -> None:
    good = {"issi": unit["issi"], "status": 2, "observed_at": now()}
    messages: list[Any] = [
        good,
        {"issi": unit["issi"], "status": 12},
        "not even an object",
        {"unit": "nobody", "status": 2},
    ]
    answers = doors["radio"].post(BATCH, json=messages).json()["answers"]
    assert "pos" in answers[0]
    assert [answer["refused"] for answer in answers[1:]] == ["invalid", "invalid", "unknown_unit"]


def test_a_status_from_an_unknown_radio_is_kept_for_a_person_and_changes_no_unit(
    doors: Doors, dispatcher: Dispatcher
) -> None:
    before = dispatcher.snapshot()["units"]
    answer = doors["radio"].post(STATUS, json={"issi": "9999999", "status": 4, "observed_at": now()})
    assert answer.status_code == 200
    assert answer.json()["result"]["unknown"] is True
    assert dispatcher.snapshot()["units"] == before


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_off_by_a_day_does_not_date_the_status(
    doors: Doors, dispatcher: Dispatcher, unit: dict[str, Any], days: int
) -> None:
    observed = datetime.now(UTC) + timedelta(days=days)
    body = {"issi": unit["issi"], "status": 1, "observed_at": observed.isoformat()}
    assert doors["radio"].post(STATUS, json=body).status_code == 200
    since = datetime.fromisoformat(dispatcher.snapshot()["units"][unit["id"]]["since"])
    assert abs(datetime.now(UTC) - since) < timedelta(minutes=1)


def test_positions_are_taken_where_they_are_good_and_answered_where_not(
    doors: Doors, dispatcher: Dispatcher, unit: dict[str, Any]
) -> None:
    here = {"lat": 50.93, "lon": 11.59, "observed_at": now()}
    before = head(doors)
    reports = [here | {"issi": unit["issi"], "speed_kmh": 50}, here | {"unit": unit["id"], "lat": 95}]
    answer = doors["radio"].post(POSITIONS, json=reports).json()
    assert (answer["stored"], answer["unknown"]) == (1, [])
    assert [(bad["number"], bad["fields"][0]["field"]) for bad in answer["invalid"]] == [(1, "lat")]
    assert dispatcher.snapshot()["positions"][unit["id"]]["lat"] == pytest.approx(50.93)
    assert head(doors) == before, "a position is a signal, not an entry"


def test_a_station_sees_its_alarm_and_confirms_it_at_the_door(
    doors: Doors, dispatcher: Dispatcher, unit: dict[str, Any]
) -> None:
    incident = dispatcher.open_incident()
    dispatcher.must("incident.alarm", incident=incident, units=[{"unit": unit["id"]}])
    path = f"/api/v1/stations/{unit['station']}/alarms"
    alarm = next(one for one in doors["station"].get(path).json()["alarms"] if one["incident"] == incident)
    assert alarm["unit"] == unit["id"]
    assert alarm["receipted_at"] is None
    for _ in range(2):
        assert doors["station"].post(RECEIPTS, json={"delivery": alarm["delivery"]}).status_code == 200
    after = next(one for one in doors["station"].get(path).json()["alarms"] if one["incident"] == incident)
    assert after["state"] == "receipted"
    dispatcher.must("incident.close", incident=incident, outcome="completed", release=True)
    alarms = doors["station"].get(path).json()["alarms"]
    assert incident not in {one["incident"] for one in alarms}, "an alarm that is over leaves the wall"


def test_a_partner_reads_incidents_without_anything_about_persons(doors: Doors, dispatcher: Dispatcher) -> None:
    words = {"report": "Geheimwort-Meldung", "caller_name": "Geheimwort-Name", "caller_number": "+4936499887"}
    incident = dispatcher.open_incident(**words)
    listed = doors["partner"].get("/api/v1/incidents", params={"state": "open"})
    assert incident in {row["id"] for row in listed.json()["incidents"]}
    one = doors["partner"].get(f"/api/v1/incidents/{incident}")
    for answer in (listed, one):
        assert "Geheimwort" not in answer.text
        assert "99887" not in answer.text


def test_pages_of_incidents_follow_each_other_without_gap(doors: Doors, dispatcher: Dispatcher) -> None:
    made = {dispatcher.open_incident() for _ in range(3)}
    seen: list[str] = []
    before = ""
    while True:
        page = doors["partner"].get("/api/v1/incidents", params={"before": before} if before else {}).json()
        seen += [row["id"] for row in page["incidents"]]
        if page["next"] is None:
            break
        before = page["next"]
    assert len(seen) == len(set(seen))
    assert made <= set(seen)


@pytest.mark.parametrize("path", ["units", "counties", "hospitals"])
def test_a_partner_reads_master_data(doors: Doors, path: str) -> None:
    rows = doors["partner"].get(f"/api/v1/{path}").json()
    assert rows
    assert all(row["id"] for row in rows)
