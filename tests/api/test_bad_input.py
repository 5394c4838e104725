"""What bad input gets: a clear answer with a reason, and nothing half done."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import Doors, head, problem
from tests.people import Dispatcher

WRITES = {
    "/api/v1/telephony/calls": "telephony",
    "/api/v1/radio/status": "radio",
    "/api/v1/radio/status/batch": "radio",
    "/api/v1/positions": "radio",
    "/api/v1/alarms/receipts": "station",
}
READS = {
    "/api/v1/stations/nowhere/alarms": "station",
    "/api/v1/incidents": "partner",
    "/api/v1/incidents/00000000-0000-4000-8000-000000000000": "partner",
    "/api/v1/units": "partner",
    "/api/v1/counties": "partner",
    "/api/v1/hospitals": "partner",
}
BODIES: dict[str, tuple[bytes, int, str]] = {
    "malformed": (b'{"status": ', 400, "parse_error"),
    "not utf-8": (b'{"issi": "\xff\xfe"}', 400, "parse_error"),
    "not a number": (b'{"status": NaN}', 400, "parse_error"),
    "nested without end": (b"[" * 100_000, 400, "parse_error"),
    "wrong shape": (b'"just text"', 422, "invalid"),
    "nothing in it": (b"{}", 422, "invalid"),
    "empty": (b"", 422, "invalid"),
    "misspelt field": (b'{"isssi": "1", "status": 1}', 422, "invalid"),
    "null character": (b'{"issi": "\\u0000", "call_id": "\\u0000", "event": "ring", "status": 1}', 422, "invalid"),
}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("kind", BODIES)
def test_an_unreadable_or_wrong_body_changes_nothing_and_says_why(doors: Doors, path: str, kind: str) -> None:
    body, status, code = BODIES[kind]
    before = head(doors)
    problem(doors[WRITES[path]].post(path, content=body, headers=JSON), status, code)
    assert head(doors) == before


@pytest.mark.parametrize("path", WRITES)
def test_ten_megabytes_are_refused(doors: Doors, path: str) -> None:
    body = b'{"issi": "' + b"9" * 10_000_000 + b'"}'
    problem(doors[WRITES[path]].post(path, content=body, headers=JSON), 413, "too_large")


@pytest.mark.parametrize("path", WRITES)
def test_only_json_is_read(doors: Doors, path: str) -> None:
    answer = doors[WRITES[path]].post(path, content=b"a=1", headers={"Content-Type": "text/csv"})
    problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("path", WRITES | READS)
def test_without_a_key_nobody_comes_in_and_is_told_how(doors: Doors, path: str) -> None:
    method = "POST" if path in WRITES else "GET"
    answer = doors[""].request(method, path)
    problem(answer, 401, "not_authenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    wrong = doors[""].request(method, path, headers={"Authorization": f"Bearer {uuid4()}"})
    problem(wrong, 401, "authentication_failed")


@pytest.mark.parametrize(("path", "role"), [*WRITES.items(), *READS.items()])
def test_a_key_opens_only_its_own_doors(doors: Doors, path: str, role: str) -> None:
    allowed = {role} | ({"radio"} if path.endswith("receipts") else set())
    for other in set(doors.keys) - allowed:
        problem(doors[other].request("POST" if path in WRITES else "GET", path), 403, "permission_denied")


def test_unknown_things_are_named(doors: Doors) -> None:
    answer = doors["radio"].post("/api/v1/radio/status", json={"unit": "no-such-unit", "status": 1})
    problem(answer, 404, "unknown_unit")
    problem(doors["station"].get("/api/v1/stations/nowhere/alarms"), 404, "not_found")
    problem(doors["partner"].get("/api/v1/nothing/here"), 404, "not_found")
    problem(doors["partner"].get("/api/v1/incidents", params={"before": "yesterday"}), 422, "invalid")


def test_the_caller_may_have_it_in_english(doors: Doors) -> None:
    german = problem(doors[""].get("/api/v1/units"), 401, "not_authenticated")
    english = problem(doors[""].get("/api/v1/units", headers={"Accept-Language": "en"}), 401, "not_authenticated")
    assert (german["title"], english["title"]) == ("Anmeldung erforderlich", "Authentication required")


def send(dispatcher: Dispatcher, name: str, body: bytes) -> httpx.Response:
    headers = {"X-Leitstelle": "1", "Content-Type": "application/json"}
    return dispatcher.http.post(f"/console/command/{name}", content=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"[]", 400, "malformed"),
        (b'{"command_id": "no uuid"}', 400, "malformed"),
        (b'{"x": "' + b"9" * 10_000_000 + b'"}', 413, "too_large"),
    ],
)
def test_a_console_gets_json_for_bad_bodies(
    doors: Doors, dispatcher: Dispatcher, body: bytes, status: int, code: str
) -> None:
    before = head(doors)
    answer = send(dispatcher, "incident.open", body)
    assert (answer.status_code, answer.json()["refused"]) == (status, code)
    assert head(doors) == before


REFUSALS: dict[str, tuple[str, dict[str, Any], str]] = {
    "no such command": ("incident.explode", {}, "unknown_command"),
    "unknown place": (
        "incident.open",
        {"incident": str(uuid4()), "place": "Atlantis", "lon": 190, "lat": 3},
        "invalid",
    ),
    "outside Germany": (
        "incident.open",
        {"incident": str(uuid4()), "place": "Paris", "lon": 2.35, "lat": 48.85},
        "outside_area",
    ),
    "unknown keyword": (
        "incident.open",
        {"incident": str(uuid4()), "place": "Jena", "lon": 11.59, "lat": 50.93, "keyword": "XY99"},
        "unknown_keyword",
    ),
    "misspelt field": ("incident.open", {"incident": str(uuid4()), "plcae": "Jena"}, "invalid"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refused_command_gives_a_german_reason_and_changes_nothing(
    doors: Doors, dispatcher: Dispatcher, case: str
) -> None:
    name, data, code = REFUSALS[case]
    before = head(doors)
    answer = dispatcher.do(name, **data)
    assert answer["refused"] == code, answer
    assert answer["reason"].endswith((".", "?")) or ":" in answer["reason"]
    assert head(doors) == before


def test_a_closed_incident_is_not_alarmed(doors: Doors, dispatcher: Dispatcher) -> None:
    incident = dispatcher.open_incident()
    dispatcher.must("incident.close", incident=incident, outcome="completed")
    unit = next(iter(dispatcher.snapshot()["units"]))
    before = head(doors)
    answer = dispatcher.do("incident.alarm", incident=incident, units=[{"unit": unit}])
    assert answer["refused"] == "incident_closed"
    assert head(doors) == before


@pytest.mark.parametrize("path", ["/nowhere", "/station/nowhere/", "/console/nowhere"])
def test_a_person_gets_a_german_page_without_traceback(doors: Doors, path: str) -> None:
    answer = doors[""].get(path, headers={"Accept": "text/html"})
    assert answer.status_code in (403, 404)
    assert answer.headers["content-type"].startswith("text/html")
    assert '<html lang="de">' in answer.text
    assert "Traceback" not in answer.text
