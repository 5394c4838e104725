"""Units committed to an incident, alarmed, and what became of each alarm."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from incidents.entries.incident import SAMPLE, IncidentEntry, reopen
from incidents.entries.timers import Watch, clear_timer, start_timers
from incidents.labels import MEDIA
from incidents.models import AlarmDelivery, Assignment, TimerRule
from journal import rows
from journal.types import Fact, entry


class Delivery(BaseModel):
    """An alarm that is owed over one medium."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    medium: str


class AlarmedUnit(BaseModel):
    """One unit of an alarm. ``assignment`` is new, or (``reserved``) that of the reservation it fulfils;
    ``unconfirmed``: the centre that the unit belongs to could not be asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    assignment: UUID
    unit: str
    name: str
    why: str = ""
    eta_seconds: int | None = None
    taken_from: UUID | None = None
    reserved: bool = False
    unconfirmed: bool = False
    deliveries: list[Delivery] = []
    # Thresholds as they were in force: another node must not look up its own.
    receipt_seconds: int = 0
    status3_seconds: int = 0


@entry("incident.units_alarmed", aggregate="incident", personal=("text",))
class UnitsAlarmed(IncidentEntry):
    """Units were committed and alarmed. ``text``: what they get to read; ``centre``: whose timers watch."""

    centre: str
    units: list[AlarmedUnit]
    text: str = ""
    followup: bool = False
    # The incident had an appointment: whoever is alarmed for it need not be reminded of it.
    scheduled: bool = False

    def apply(self, fact: Fact) -> None:
        self.change(first={"dispatch_decided_at": fact.at})
        alarmed = Assignment.State.ALARMED.value
        fulfilled = [u.assignment for u in self.units if u.reserved]
        if fulfilled:
            Assignment.objects.filter(pk__in=fulfilled, ended_at=None).update(state=alarmed, alarmed_at=fact.at)
            doubtful = [u.assignment for u in self.units if u.reserved and u.unconfirmed]
            Assignment.objects.filter(pk__in=doubtful, ended_at=None).update(unconfirmed=True)
        rows.insert(
            Assignment,
            [
                {
                    "id": u.assignment, "incident_id": self.incident, "unit_id": u.unit, "state": alarmed, "why": u.why,
                    "eta_seconds": u.eta_seconds, "taken_from": u.taken_from, "alarmed_at": fact.at,
                    "unconfirmed": u.unconfirmed,
                }
                for u in self.units
            ],
        )  # fmt: skip
        rows.insert(
            AlarmDelivery,
            [
                {
                    "id": d.id, "incident_id": self.incident, "assignment_id": u.assignment, "unit_id": u.unit,
                    "medium": d.medium, "state": AlarmDelivery.State.OWED.value, "text": self.text, "owed_at": fact.at,
                }
                for u in self.units
                for d in u.deliveries
            ],
        )  # fmt: skip
        watches = [Watch(TimerRule.Kind.NO_RECEIPT, str(u.assignment), u.receipt_seconds) for u in self.units]
        watches += [Watch(TimerRule.Kind.NO_STATUS_3, str(u.assignment), u.status3_seconds) for u in self.units]
        start_timers(self.incident, self.centre, fact.at, watches)
        if self.scheduled:
            clear_timer(TimerRule.Kind.APPOINTMENT, str(self.incident))
        # Nobody alarms for a closed incident: whoever closed it could not know of this one.
        reopen(self.incident)

    def describe(self, fact: Fact) -> str:
        names = ", ".join(u.name + (" (nicht abgestimmt)" if u.unconfirmed else "") for u in self.units)
        return ("Nachalarmiert: " if self.followup else "Alarmiert: ") + names

    @classmethod
    def sample(cls) -> Self:
        unit = AlarmedUnit(
            assignment=UUID(int=20), unit="j-83-1", name="Rotkreuz Jena 83-1", eta_seconds=240,
            deliveries=[Delivery(id=UUID(int=30), medium="log")], receipt_seconds=30, status3_seconds=120,
        )  # fmt: skip
        return cls(incident=SAMPLE, centre="jena", units=[unit], text="RD2 Jena, Am Anger 28")


@entry("incident.unit_reserved", aggregate="incident", personal=())
class UnitReserved(IncidentEntry):
    """A unit was earmarked for a scheduled transport: committed later, warned about until then."""

    assignment: UUID
    unit: str
    name: str

    def apply(self, fact: Fact) -> None:
        row = Assignment(
            id=self.assignment, incident_id=self.incident, unit_id=self.unit, state=Assignment.State.RESERVED,
            reserved_at=fact.at,
        )  # fmt: skip
        Assignment.objects.bulk_create([row], ignore_conflicts=True)
        reopen(self.incident)

    def describe(self, fact: Fact) -> str:
        return f"Vorgemerkt: {self.name}"

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, assignment=UUID(int=21), unit="j-84-1", name="Rotkreuz Jena 84-1")


@entry("incident.alarm_sent", aggregate="incident", personal=())
class AlarmSent(IncidentEntry):
    """A medium took the alarm, or could not."""

    delivery: UUID
    unit_name: str
    medium: str
    ok: bool
    detail: str = Field(default="", max_length=200)

    def apply(self, fact: Fact) -> None:
        state = AlarmDelivery.State.SENT if self.ok else AlarmDelivery.State.FAILED
        rows.update(
            AlarmDelivery, self.delivery, only={"incident_id": self.incident},
            unless={"state": AlarmDelivery.State.RECEIPTED.value}, state=state.value, sent_at=fact.at,
            detail=self.detail,
        )  # fmt: skip

    def describe(self, fact: Fact) -> str:
        if self.ok:
            return f"Alarm gesendet: {self.unit_name} über {MEDIA.get(self.medium, self.medium)}"
        return f"Alarm GESCHEITERT: {self.unit_name} über {MEDIA.get(self.medium, self.medium)} – {self.detail}"

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, delivery=UUID(int=30), unit_name="Rotkreuz Jena 83-1", medium="log", ok=True)


@entry("incident.alarm_receipted", aggregate="incident", personal=())
class AlarmReceipted(IncidentEntry):
    """The unit has confirmed the alarm."""

    delivery: UUID
    assignment: UUID
    unit_name: str
    medium: str

    def apply(self, fact: Fact) -> None:
        # The delivery may be another incident's, from where the unit came over: its own entry confirms it there.
        rows.update(
            AlarmDelivery, self.delivery, only={"incident_id": self.incident},
            state=AlarmDelivery.State.RECEIPTED.value, receipted_at=fact.at,
        )  # fmt: skip
        rows.update(Assignment, self.assignment, first={"receipted_at": fact.at})
        clear_timer(TimerRule.Kind.NO_RECEIPT, str(self.assignment))

    def describe(self, fact: Fact) -> str:
        return f"Alarm quittiert: {self.unit_name} über {MEDIA.get(self.medium, self.medium)}"

    @classmethod
    def sample(cls) -> Self:
        return cls(
            incident=SAMPLE, delivery=UUID(int=30), assignment=UUID(int=20), unit_name="Rotkreuz Jena 83-1",
            medium="station",
        )  # fmt: skip
