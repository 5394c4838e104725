"""Alarms leave the house: at least once, whatever dies in between, and what became of them stands in the log."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from incidents import effects, selectors
from incidents.models import AlarmDelivery
from journal.models import Cursor, Entry
from journal.tail import after
from tests.world import World


@pytest.fixture
def run_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.LEITSTELLE_RUN_DIR = tmp_path
    return tmp_path


def follow_all() -> None:
    """Everything the journal has, through the handler of the follower."""
    effects.deliver_entries([stored for stored in after(0, limit=10_000) if stored.type in effects.TYPES])


def states() -> dict[str, str]:
    return dict(AlarmDelivery.objects.values_list("medium", "state"))


def alarmed(world: World, opened: Callable[..., str], **values: Any) -> str:
    ident = opened(**values)
    world.must("incident.alarm", incident=ident, units=[{"unit": "j-83-1"}])
    return ident


def test_an_alarm_is_delivered_over_every_medium_and_recorded(
    world: World, opened: Callable[..., str], run_dir: Path
) -> None:
    ident = alarmed(world, opened)
    follow_all()
    assert states() == {"log": "sent", "station": "sent"}
    lines = (run_dir / "alarms.log").read_text().splitlines()
    assert len(lines) == 1
    assert "Rotkreuz Jena 83-1" in lines[0]
    assert "Am Anger 28" in lines[0]
    assert "Alarm gesendet: Rotkreuz Jena 83-1 über Alarmprotokoll" in [
        line["text"] for line in selectors.incident_log(ident)
    ]


def test_reading_the_journal_again_sends_nothing_again(world: World, opened: Callable[..., str], run_dir: Path) -> None:
    alarmed(world, opened)
    follow_all()
    count = Entry.objects.count()
    follow_all()
    assert effects.retry_owed() == 0
    assert Entry.objects.count() == count
    assert len((run_dir / "alarms.log").read_text().splitlines()) == 1


def test_a_medium_that_fails_is_told_and_tried_again(
    world: World, opened: Callable[..., str], run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "OVERDUE", effects.OVERDUE * 0)
    (run_dir / "alarms.log").mkdir()  # the file cannot be opened
    ident = alarmed(world, opened)
    follow_all()
    assert states()["log"] == "failed"
    assert any("Alarm GESCHEITERT" in line["text"] for line in selectors.incident_log(ident))
    effects.retry_owed()
    failures = Entry.objects.filter(type="incident.alarm_sent", body__contains='"ok":false')
    assert failures.count() == 1, "the same failure again is no news"
    (run_dir / "alarms.log").rmdir()
    effects.retry_owed()
    assert states() == {"log": "sent", "station": "sent"}


def test_what_was_left_owed_is_found_after_a_restart(
    world: World, opened: Callable[..., str], run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarmed(world, opened)
    monkeypatch.setattr(effects, "OVERDUE", effects.OVERDUE * 0)
    assert effects.retry_owed() == 2
    assert states() == {"log": "sent", "station": "sent"}


def test_another_centres_alarm_is_left_to_it(
    world: World, opened: Callable[..., str], run_dir: Path, settings: Settings
) -> None:
    alarmed(world, opened)
    settings.LEITSTELLE_CENTRES = ["gera"]
    follow_all()
    assert set(states().values()) == {"owed"}


@pytest.mark.django_db(transaction=True)
def test_the_follower_keeps_its_place(durable_world: World, run_dir: Path) -> None:
    """It moves past an alarm at once, and past everything else by the time it stops."""
    stop = threading.Event()
    incident = str(uuid4())
    durable_world.must("incident.open", incident=incident, keyword="RD1", place="Jena", lon=11.59, lat=50.93)
    durable_world.must("incident.alarm", incident=incident, units=[{"unit": "j-83-1"}])
    head = Entry.objects.count()

    def follow() -> None:
        effects.run(stop)
        connection.close()

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        for _turn in range(100):
            cursor = Cursor.objects.filter(name=effects.CURSOR).first()
            if cursor and cursor.pos >= head:
                break
            stop.wait(0.05)
        assert cursor is not None
        assert cursor.pos >= head
        durable_world.must("incident.note", incident=incident, text="Das geht die Alarmierung nichts an.")
    finally:
        stop.set()
        thread.join(5)
    assert not thread.is_alive()
    assert Cursor.objects.get(name=effects.CURSOR).pos >= head


@pytest.mark.parametrize("how", ["incident.recall", "incident.close"])
def test_whoever_was_called_off_before_the_alarm_went_out_is_not_sent(
    world: World, opened: Callable[..., str], run_dir: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """The follower may be late by a restart or by an outage of hours; the crew must not turn out for nothing."""
    ident = alarmed(world, opened)
    details: dict[str, Any] = {"units": ["j-83-1"]} if how == "incident.recall" else {
        "outcome": "cancelled", "release": True,
    }  # fmt: skip
    world.must(how, incident=ident, **details)
    follow_all()
    monkeypatch.setattr(effects, "OVERDUE", effects.OVERDUE * 0)
    assert effects.retry_owed() == 0
    assert not (run_dir / "alarms.log").exists()


def test_a_unit_that_moved_on_with_its_incident_still_gets_its_alarm(
    world: World, opened: Callable[..., str], run_dir: Path
) -> None:
    ident = alarmed(world, opened)
    world.must("incident.merge", incident=ident, into=opened())
    follow_all()
    assert states() == {"log": "sent", "station": "sent"}
