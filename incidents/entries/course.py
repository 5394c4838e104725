"""How each unit's assignment goes on: by status message, by recall, by being needed elsewhere."""

from typing import Literal, Self
from uuid import UUID

from pydantic import Field

from incidents.entries.incident import SAMPLE, IncidentEntry
from incidents.entries.timers import clear_timer, start_timer
from incidents.models import Assignment, TimerRule
from journal.types import Fact, entry

Step = Literal["en_route", "on_scene", "at_patient", "transporting", "at_hospital", "ended"]
STEP_NAMES = {
    "en_route": "ausgerückt", "on_scene": "Einsatzstelle an", "at_patient": "am Patienten",
    "transporting": "Patient aufgenommen", "at_hospital": "am Zielort", "ended": "frei",
}  # fmt: skip


class AssignmentEntry(IncidentEntry):
    """Base: an entry about one unit's assignment."""

    assignment: UUID
    unit_name: str

    def assignments(self):  # type: ignore[no-untyped-def]  # queryset of Assignment
        return Assignment.objects.filter(pk=self.assignment)

    def end(self, fact: Fact, reason: str) -> None:
        self.assignments().filter(ended_at=None).update(
            state=Assignment.State.ENDED, ended_at=fact.at, end_reason=reason
        )
        for kind in (TimerRule.Kind.NO_RECEIPT, TimerRule.Kind.NO_STATUS_3, TimerRule.Kind.UNIT_SILENT):
            clear_timer(kind, str(self.assignment))

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, assignment=UUID(int=20), unit_name="Rotkreuz Jena 83-1")


@entry("incident.unit_progressed", aggregate="incident", personal=())
class UnitProgressed(AssignmentEntry):
    """A status moved the assignment. The first time of each step counts (a repeated 4 is no second arrival).
    ``silent_seconds``: after how long without sign of life the room is told."""

    step: Step
    hospital: str | None = None
    centre: str
    silent_seconds: int = 0

    def apply(self, fact: Fact) -> None:
        subject = str(self.assignment)
        if self.step == "ended":
            self.end(fact, "")
            return
        self.assignments().filter(**{f"{self.step}_at": None}).update(**{f"{self.step}_at": fact.at})
        if self.step != "at_patient":
            self.assignments().filter(ended_at=None).update(state=self.step)
        if self.hospital:
            self.assignments().update(hospital_id=self.hospital)
        # Whoever drives has got the alarm.
        clear_timer(TimerRule.Kind.NO_RECEIPT, subject)
        clear_timer(TimerRule.Kind.NO_STATUS_3, subject)
        start_timer(
            TimerRule.Kind.UNIT_SILENT, self.incident, subject, self.centre, fact.at, self.silent_seconds
        )

    def describe(self, fact: Fact) -> str:
        return f"{self.unit_name}: {STEP_NAMES[self.step]}" + (f" ({self.hospital})" if self.hospital else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(
            incident=SAMPLE, assignment=UUID(int=20), unit_name="Rotkreuz Jena 83-1", step="en_route", centre="jena",
            silent_seconds=1800,
        )  # fmt: skip


@entry("incident.unit_recalled", aggregate="incident", personal=())
class UnitRecalled(AssignmentEntry):
    """A unit was called off (Rückalarm): it is free from now on."""

    reason: str = Field(default="", max_length=200)

    def apply(self, fact: Fact) -> None:
        self.assignments().filter(ended_at=None).update(recalled_at=fact.at)
        self.end(fact, self.reason or "Rückalarm")

    def describe(self, fact: Fact) -> str:
        return f"Rückalarm: {self.unit_name}" + (f" – {self.reason}" if self.reason else "")


@entry("incident.unit_taken", aggregate="incident", personal=())
class UnitTaken(AssignmentEntry):
    """A unit was taken away for another incident, which is named: an explicit act of a dispatcher."""

    other: UUID
    other_number: str

    def apply(self, fact: Fact) -> None:
        self.end(fact, f"abgezogen zu {self.other_number}")

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
    """A unit came over from an incident that was merged into this one, with its state and its times."""

    unit: str
    state: str
    times: dict[str, str] = {}

    def apply(self, fact: Fact) -> None:
        row = Assignment(
            id=self.assignment, incident_id=self.incident, unit_id=self.unit, state=self.state, **self.times
        )
        Assignment.objects.bulk_create([row], ignore_conflicts=True)

    def describe(self, fact: Fact) -> str:
        return f"{self.unit_name} übernommen"

    @classmethod
    def sample(cls) -> Self:
        return cls(
            incident=SAMPLE, assignment=UUID(int=22), unit="j-83-2", unit_name="Rotkreuz Jena 83-2", state="on_scene",
            times={"alarmed_at": "2026-01-01T12:00:00+00:00"},
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
