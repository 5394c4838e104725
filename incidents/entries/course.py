"""How each unit's assignment goes on: by status message, by recall, by being needed elsewhere."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal, Self, cast
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from pydantic import Field

from incidents.entries.incident import NOON, RECALLED, SAMPLE, IncidentEntry, reopen
from incidents.entries.timers import clear_timers, set_timer, start_timer
from incidents.models import Assignment, TimerRule
from journal import rows
from journal.types import Fact, entry
from resources.status import NAMES

Step = Literal["en_route", "on_scene", "at_patient", "transporting", "at_hospital", "ended"]
STEP_NAMES = {
    "en_route": "ausgerückt", "on_scene": "Einsatzstelle an", "at_patient": "am Patienten",
    "transporting": "Patient aufgenommen", "at_hospital": "am Zielort", "ended": "frei",
}  # fmt: skip


_RUNNING = "SELECT id FROM incidents_assignment WHERE id = ANY(%s) AND ended_at IS NULL"
ASSIGNMENT_TIMERS = (TimerRule.Kind.NO_RECEIPT, TimerRule.Kind.NO_STATUS_3, TimerRule.Kind.UNIT_SILENT)


class AssignmentEntry(IncidentEntry):
    """Base: an entry about one unit's assignment."""

    assignment: UUID
    unit_name: str

    def assignments(self) -> QuerySet[Assignment]:
        return Assignment.objects.filter(pk=self.assignment)

    def end(self, at: datetime, reason: str, recalled_at: datetime | None = None) -> None:
        recalled: dict[str, Any] = {"recalled_at": recalled_at} if recalled_at else {}
        rows.update(
            Assignment, self.assignment, only={"ended_at": None}, state=Assignment.State.ENDED.value, ended_at=at,
            end_reason=reason, **recalled,
        )  # fmt: skip
        clear_timers(ASSIGNMENT_TIMERS, [str(self.assignment)])

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, assignment=UUID(int=20), unit_name="Rotkreuz Jena 83-1")


@entry("incident.unit_progressed", aggregate="incident", personal=())
class UnitProgressed(AssignmentEntry):
    """A status moved the assignment. The first time of each step counts (a repeated 4 is no second arrival).
    ``observed_at``: the sender's time where it can be trusted; ``silent_seconds``: after how long without sign of
    life the room is told."""

    step: Step
    hospital: str | None = None
    hospital_name: str = ""
    centre: str
    observed_at: datetime | None = None
    silent_seconds: int = 0
    reason: str = Field(default="", max_length=200)

    def apply(self, fact: Fact) -> None:
        self.move(fact, running=self.step == "ended" or rows.count(_RUNNING, [[self.assignment]]) > 0)

    @classmethod
    def apply_many(cls, facts: Sequence[Fact], next_fact: Callable[[], None]) -> None:
        moves: list[tuple[UnitProgressed, Fact]] = [(cast(UnitProgressed, fact.data), fact) for fact in facts]
        with connection.cursor() as cursor:
            cursor.execute(_RUNNING, [[data.assignment for data, _fact in moves]])
            running = {pk for (pk,) in cursor.fetchall()}
        for data, fact in moves:
            next_fact()
            data.move(fact, running=data.assignment in running)

    def move(self, fact: Fact, *, running: bool) -> None:
        """Note the time of the step; while the assignment runs, move it on."""
        at = self.observed_at or fact.at
        if self.step == "ended":
            self.end(at, self.reason)
            return
        changes: dict[str, Any] = {"hospital_id": self.hospital} if self.hospital else {}
        if running and self.step != "at_patient":
            changes["state"] = self.step
        rows.update(Assignment, self.assignment, first={f"{self.step}_at": at}, **changes)
        if not running:  # a time that came after the end: kept, moves nothing
            return
        # Whoever drives has got the alarm.
        subject = str(self.assignment)
        clear_timers((TimerRule.Kind.NO_RECEIPT, TimerRule.Kind.NO_STATUS_3), [subject])
        start_timer(TimerRule.Kind.UNIT_SILENT, self.incident, subject, self.centre, fact.at, self.silent_seconds)

    def describe(self, fact: Fact) -> str:
        text = f"{self.unit_name}: {STEP_NAMES[self.step]}"
        if self.hospital:
            text += f" ({self.hospital_name or self.hospital})"
        return text + (f" – {self.reason}" if self.reason else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(
            incident=SAMPLE, assignment=UUID(int=20), unit_name="Rotkreuz Jena 83-1", step="en_route", centre="jena",
            silent_seconds=1800,
        )  # fmt: skip


@entry("incident.unit_signalled", aggregate="incident", personal=("note",))
class UnitSignalled(AssignmentEntry):
    """A unit at work sent a status that moves nothing: a cry for help (0), a wish to speak (5), a breakdown (6)."""

    status: int = Field(ge=0, le=9)
    note: str = Field(default="", max_length=200)

    def apply(self, fact: Fact) -> None:
        """The unit's own row holds it; here it stands in the log of the incident."""

    def describe(self, fact: Fact) -> str:
        text = f"{self.unit_name}: Status {self.status} ({NAMES[self.status]})"
        return text + (f" – {self.note}" if self.note else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, assignment=UUID(int=20), unit_name="Rotkreuz Jena 83-1", status=0)


@entry("incident.unit_recalled", aggregate="incident", personal=("reason",))
class UnitRecalled(AssignmentEntry):
    """A unit was called off (Rückalarm): it is free from now on."""

    reason: str = Field(default="", max_length=200)

    def apply(self, fact: Fact) -> None:
        self.end(fact.at, self.reason or RECALLED, recalled_at=fact.at)

    def describe(self, fact: Fact) -> str:
        return f"Rückalarm: {self.unit_name}" + (f" – {self.reason}" if self.reason else "")


@entry("incident.unit_taken", aggregate="incident", personal=())
class UnitTaken(AssignmentEntry):
    """A unit was taken away for another incident, which is named: an explicit act of a dispatcher."""

    other: UUID
    other_number: str

    def apply(self, fact: Fact) -> None:
        self.end(fact.at, f"abgezogen zu {self.other_number}")

    def describe(self, fact: Fact) -> str:
        return f"{self.unit_name} abgezogen zu Einsatz {self.other_number}"

    @classmethod
    def sample(cls) -> Self:
        return cls(
            incident=SAMPLE, assignment=UUID(int=20), unit_name="Rotkreuz Jena 83-1", other=UUID(int=11),
            other_number="J-2026-000002",
        )  # fmt: skip


@entry("incident.unit_joined", aggregate="incident", personal=())
class UnitJoined(AssignmentEntry):
    """A unit came over from an incident that was merged into this one or split, with its state and its times.
    ``times``: columns of the assignment; ``timers``: what is still awaited, kind to due time."""

    unit: str
    state: str
    centre: str
    times: dict[str, datetime] = {}
    timers: dict[str, datetime] = {}
    hospital: str | None = None
    why: str = Field(default="", max_length=200)
    eta_seconds: int | None = None
    taken_from: UUID | None = None

    def apply(self, fact: Fact) -> None:
        row = Assignment(
            id=self.assignment, incident_id=self.incident, unit_id=self.unit, state=self.state, why=self.why,
            eta_seconds=self.eta_seconds, hospital_id=self.hospital, taken_from=self.taken_from, **self.times,
        )  # fmt: skip
        Assignment.objects.bulk_create([row], ignore_conflicts=True)
        for kind, due_at in self.timers.items():
            set_timer(kind, self.incident, str(self.assignment), self.centre, due_at)
        reopen(self.incident)

    def describe(self, fact: Fact) -> str:
        return f"{self.unit_name} übernommen"

    @classmethod
    def sample(cls) -> Self:
        return cls(
            incident=SAMPLE, assignment=UUID(int=22), unit="j-83-2", unit_name="Rotkreuz Jena 83-2", state="on_scene",
            centre="jena", times={"alarmed_at": NOON},
        )  # fmt: skip


@entry("incident.unit_directed", aggregate="incident", personal=())
class UnitDirected(AssignmentEntry):
    """A unit was given a destination: the hospital for its patient."""

    hospital: str
    hospital_name: str

    def apply(self, fact: Fact) -> None:
        self.assignments().update(hospital_id=self.hospital)

    def describe(self, fact: Fact) -> str:
        return f"{self.unit_name}: Ziel {self.hospital_name}"

    @classmethod
    def sample(cls) -> Self:
        return cls(
            incident=SAMPLE, assignment=UUID(int=20), unit_name="Rotkreuz Jena 83-1", hospital="ukj",
            hospital_name="Universitätsklinikum Jena",
        )  # fmt: skip
