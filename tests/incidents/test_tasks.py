"""What Celery does: figures equal a count by hand, sheets hold every word, what is old goes."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core import mail
from django.utils import timezone

from incidents import figures, tasks
from incidents.models import Call, HourlyFigures, Incident
from incidents.run_sheet import run_sheet
from journal.actor import system
from journal.models import Receipt
from journal.tasks import tidy_up
from tests.world import World

SPOT = {"lon": 11.59, "lat": 50.93}


@pytest.fixture
def busy(world: World) -> World:
    """Three calls in Jena (one answered, one lost, one waiting), one in Gera; an incident and an exercise."""
    for centre, number in (("jena", "1"), ("jena", "2"), ("jena", "3"), ("gera", "4")):
        call = str(uuid4())
        world.must("call.receive", system("test", centre), call=call, centre=centre, line="112", number=number)
        if number == "1":
            world.must("call.answer", call=call)
            opened = world.must("incident.open", incident=str(uuid4()), call=call, keyword="RD2", place="Jena", **SPOT)
            world.must("incident.alarm", incident=opened["incident"], units=[{"unit": "j-83-1"}])
        if number == "2":
            world.must("call.lose", system("test"), call=call)
    world.must("incident.open", incident=str(uuid4()), keyword="B2", place="Übungsplatz", exercise=True, **SPOT)
    return world


def test_figures_equal_a_count_by_hand(busy: World) -> None:
    tasks.count_hours()
    tasks.count_hours()
    rows = HourlyFigures.objects.all()
    for centre in ("jena", "gera"):
        of_centre = [row for row in rows if row.centre_id == centre]
        calls = Call.objects.filter(centre=centre)
        assert sum(row.calls for row in of_centre) == calls.count()
        assert sum(row.lost for row in of_centre) == calls.filter(state="lost").count()
        assert sum(row.answered_in_time for row in of_centre) == calls.exclude(answered_at=None).count()
        incidents = Incident.objects.filter(centre=centre, exercise=False)
        assert sum(row.incidents for row in of_centre) == incidents.count()
    jena = next(row for row in rows if row.centre_id == "jena" and row.incidents)
    assert jena.by_group == {"RD": 1}
    assert jena.processing_seconds is not None


def test_daily_mail_goes_to_those_who_are_named(busy: World, settings: pytest.FixtureRequest) -> None:
    assert tasks.mail_yesterday() == 0
    settings.LEITSTELLE_REPORT_RECIPIENTS = ["leitung@example.org"]  # type: ignore[attr-defined]
    assert tasks.mail_yesterday() == 1
    assert mail.outbox[0].to == ["leitung@example.org"]
    figures.count(timezone.now() - timedelta(hours=2), timezone.now() + timedelta(hours=1))
    assert "Anrufe: 3" in figures.as_text(timezone.localdate())


def test_run_sheet_holds_every_word(busy: World, settings: pytest.FixtureRequest, tmp_path: Path) -> None:
    incident = Incident.objects.get(keyword="RD2")
    busy.must("incident.note", incident=str(incident.pk), text="Tür <offen> & Hund")
    text = run_sheet(incident.pk)
    for word in (incident.number, "Rotkreuz Jena 83-1", "Tür &lt;offen&gt; &amp; Hund", "RD2"):
        assert word in text
    settings.LEITSTELLE_RUN_DIR = tmp_path  # type: ignore[attr-defined]
    settings.LEITSTELLE_PRINT_COMMAND = f"cp -t {tmp_path}"  # type: ignore[attr-defined]
    tasks.print_run_sheet(str(incident.pk))
    assert (tmp_path / f"{incident.pk}.html").read_text() == (tmp_path / "print" / f"{incident.pk}.html").read_text()


def test_tidy_up_keeps_what_may_be_asked_again(world: World) -> None:
    world.must("incident.open", incident=str(uuid4()), keyword="RD1", place="Jena", **SPOT)
    assert tidy_up()["receipts"] == 0
    Receipt.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert tidy_up()["receipts"] == 1
