"""The page on the wall of a station."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import Doors
from tests.people import TIMEOUT_SECONDS, Dispatcher, free_units


@pytest.fixture
def unit(dispatcher: Dispatcher) -> dict[str, Any]:
    picture = dispatcher.snapshot()
    found: dict[str, Any] = picture["master"]["units"][free_units(picture, "RTW")[0]]
    return found


@pytest.fixture
def screen(doors: Doors, unit: dict[str, Any]) -> Iterator[httpx.Client]:
    """A screen that was opened once with the station's key."""
    with httpx.Client(base_url=doors.node.web_url, timeout=TIMEOUT_SECONDS) as client:
        first = client.get(f"/station/{unit['station']}/", params={"key": doors.keys["station"]})
        assert first.status_code == 302
        assert "key" not in first.headers["location"], "the key does not stay in the address"
        cookie = first.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        yield client


def test_an_alarm_appears_and_is_confirmed_by_the_button(
    dispatcher: Dispatcher, unit: dict[str, Any], screen: httpx.Client
) -> None:
    page = f"/station/{unit['station']}/"
    assert "Kein Alarm" in screen.get(page).text
    incident = dispatcher.open_incident(place="Jena, Am Anger 28")
    dispatcher.must("incident.alarm", incident=incident, units=[{"unit": unit["id"]}])
    shown = screen.get(f"{page}alarms").text
    assert "Jena, Am Anger 28" in shown
    assert unit["name"] in shown
    for _ in range(2):  # pressed twice is once
        form = re.findall(r'name="(csrfmiddlewaretoken|delivery)" value="([^"]+)"', shown)
        assert screen.post(f"{page}receipt", data=dict(form)).status_code == 302
    shown = screen.get(f"{page}alarms").text
    assert "Quittiert um" in shown
    assert "Alarm quittieren" not in shown
    view = dispatcher.snapshot()["incidents"][incident]
    assert view["assignments"][0]["times"]["receipted"]
    dispatcher.must("incident.close", incident=incident, outcome="completed", release=True)
    assert "Kein Alarm" in screen.get(page).text


def test_only_the_key_of_a_station_opens_it(doors: Doors, unit: dict[str, Any]) -> None:
    page = f"/station/{unit['station']}/"
    for key in ("", "wrong", doors.keys["partner"]):
        for path in (page, f"{page}alarms"):
            answer = doors[""].get(path, headers={"Cookie": f"station={key}"})
            assert answer.status_code == 403
            assert "Schlüssel der Wache" in answer.text


def test_a_station_confirms_only_its_own_alarms(
    dispatcher: Dispatcher, unit: dict[str, Any], screen: httpx.Client
) -> None:
    units = dispatcher.snapshot()["master"]["units"]
    foreign = next(u for u in free_units(dispatcher.snapshot(), "RTW") if units[u]["station"] != unit["station"])
    incident = dispatcher.open_incident()
    dispatcher.must("incident.alarm", incident=incident, units=[{"unit": foreign}, {"unit": unit["id"]}])
    deliveries = {
        assignment["unit"]: assignment["deliveries"]
        for assignment in dispatcher.snapshot()["incidents"][incident]["assignments"]
    }
    delivery = next(one["id"] for one in deliveries[foreign] if one["medium"] == "station")
    page = f"/station/{unit['station']}/"
    form = dict(re.findall(r'name="(csrfmiddlewaretoken|delivery)" value="([^"]+)"', screen.get(page).text))
    answer = screen.post(f"{page}receipt", data=form | {"delivery": delivery})
    assert answer.status_code == 403
    after = dispatcher.snapshot()["incidents"][incident]["assignments"]
    assert all(one["times"]["receipted"] is None for one in after)
    dispatcher.must("incident.close", incident=incident, outcome="completed", release=True)
