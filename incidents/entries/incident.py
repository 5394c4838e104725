"""The life of an incident, apart from its units."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Self
from uuid import UUID

from django.db.models import F, Q, Value
from django.db.models.functions import Least
from pydantic import Field

from incidents.entries.timers import clear_timer, set_timer
from incidents.labels import OUTCOMES
from incidents.models import AlarmDelivery, Assignment, Incident, Timer, TimerRule
from journal import rows
from journal.keys import destroy
from journal.types import EntryType, Fact, entry
from resources.entries import Spot

NOON = datetime.fromisoformat("2026-01-01T12:00:00+00:00")
SAMPLE = UUID(int=10)
# What stands as the end of an assignment where nobody gave the recall a reason, or the reason was forgotten.
RECALLED = "Rückalarm"

# Fields a dispatcher may change while the incident runs; the personal ones travel sealed.
PLAIN_FIELDS = frozenset({
    "keyword", "priority", "exercise", "appointment_at", "hospital", "county", "county_how",
})  # fmt: skip
PERSONAL_FIELDS = frozenset({
    "place", "place_id", "place_detail", "municipality", "spot", "report", "caller_name", "caller_number",
})  # fmt: skip
FIELD_NAMES = {
    "keyword": "Stichwort", "priority": "Priorität", "exercise": "Übung", "appointment_at": "Termin",
    "hospital": "Zielklinik", "county": "Landkreis", "place": "Einsatzort", "place_detail": "Ortszusatz",
    "spot": "Koordinate", "report": "Meldung", "caller_name": "Anrufer", "caller_number": "Rufnummer",
}  # fmt: skip


class IncidentEntry(EntryType):
    """Base: every entry of this and the next two modules belongs to one incident."""

    incident: UUID

    def aggregate_id(self) -> str:
        return str(self.incident)

    def change(self, **columns: Any) -> None:
        """See ``rows.update``."""
        rows.update(Incident, self.incident, **columns)

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE)


def reopen(incident: UUID) -> None:
    """Undo a closing that did not know what happened elsewhere: never close over an escalation."""
    rows.update(
        Incident, incident, unless={"state": Incident.State.OPEN.value}, state=Incident.State.OPEN.value,
        closed_at=None, outcome="", merged_into=None,
    )  # fmt: skip


def unknown_to(incident: UUID, saw: Collection[UUID]) -> bool:
    """Whether the incident has units that the author, who knew the assignments ``saw``, had not heard of; or units
    still at work, which any author would have let go first."""
    others = Assignment.objects.filter(incident_id=incident)
    return others.filter(Q(ended_at=None) | (~Q(pk__in=saw) & ~Q(alarmed_at=None))).exists()


@entry(
    "incident.opened",
    aggregate="incident",
    personal=(
        "place",
        "place_id",
        "place_detail",
        "municipality",
        "spot",
        "report",
        "caller_name",
        "caller_number",
    ),
)
class IncidentOpened(IncidentEntry):
    """An incident was opened. ``home``: whose incident and number it is where another centre holds that one's mandate
    (empty: ``centre``); ``call_*``: times of the call it came from; ``appointment_seconds``: lead time."""

    number: str
    centre: str
    home: str = ""
    origin: str
    year: int
    serial: int
    exercise: bool = False
    keyword: str | None = None
    priority: int = Field(ge=1, le=5)
    county: str | None = None
    county_how: str = ""
    appointment_at: datetime | None = None
    appointment_seconds: int = 0
    hospital: str | None = None
    call_received_at: datetime | None = None
    call_answered_at: datetime | None = None
    split_from: UUID | None = None
    place: str = ""
    place_id: str = ""
    place_detail: str = ""
    municipality: str = ""
    spot: Spot | None = None
    report: str = ""
    caller_name: str = ""
    caller_number: str = ""

    COPIED: ClassVar = (
        "number", "origin", "year", "serial", "exercise", "priority", "county_how", "appointment_at",
        "call_received_at", "call_answered_at", "split_from", "place", "place_id", "place_detail", "municipality",
        "report", "caller_name", "caller_number",
    )  # fmt: skip

    def apply(self, fact: Fact) -> None:
        row = {name: getattr(self, name) for name in self.COPIED} | {
            "id": self.incident, "state": Incident.State.OPEN.value, "centre_id": self.centre,
            "home": self.home or self.centre, "numbered_by": self.home or self.centre,
            "keyword_id": self.keyword, "county_id": self.county, "hospital_id": self.hospital,
            "point": self.spot.to_ewkt() if self.spot else None, "opened_at": fact.at, "opened_by": fact.actor.name,
            "keyword_set_at": fact.at if self.keyword else None,
        }  # fmt: skip
        rows.insert(Incident, [row])
        if self.appointment_at:
            set_appointment_timer(self.incident, self.centre, self.appointment_at, self.appointment_seconds)

    def describe(self, fact: Fact) -> str:
        return f"Einsatz {self.number} eröffnet" + (f", Stichwort {self.keyword}" if self.keyword else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(
            incident=SAMPLE, number="J-2026-000001", centre="jena", origin="jena", year=2026, serial=1, keyword="RD2",
            priority=1, county="16053", county_how="inside", place="Jena, Am Anger 28", report="Brustschmerz",
            spot=Spot(lon=11.59, lat=50.93), caller_name="Beispiel", caller_number="+4936411234",
        )  # fmt: skip


def set_appointment_timer(incident: UUID, centre: str, at: datetime, lead_seconds: int) -> None:
    """A scheduled transport comes due ``lead_seconds`` before its appointment."""
    due_at = at - timedelta(seconds=lead_seconds)
    set_timer(TimerRule.Kind.APPOINTMENT, incident, str(incident), centre, due_at)


@entry("incident.edited", aggregate="incident", personal=("words",))
class IncidentEdited(IncidentEntry):
    """Fields of a running incident were changed. ``plain``: PLAIN_FIELDS, ``words``: PERSONAL_FIELDS, new values."""

    plain: dict[str, Any] = {}
    words: dict[str, Any] = {}
    appointment_seconds: int = 0
    # The conflict that was decided by this: no new work that a closed incident would be opened for.
    settles: UUID | None = None

    def apply(self, fact: Fact) -> None:
        incident = Incident.objects.filter(pk=self.incident).first()
        if incident is None:
            return
        for name, value in (self.plain | self.words).items():
            if name == "spot":
                incident.point = Spot(**value).to_point() if value else None
            elif name in {"keyword", "county", "hospital"}:
                setattr(incident, f"{name}_id", value or None)
            elif name == "appointment_at":
                incident.appointment_at = datetime.fromisoformat(value) if value else None
            else:
                setattr(incident, name, value)
            incident.edits[name] = {"by": fact.actor.name, "at": fact.at.isoformat()}
        if "keyword" in self.plain:
            incident.keyword_set_at = fact.at
        incident.save()
        if "keyword" in self.plain and not self.settles:
            reopen(self.incident)
        if "appointment_at" in self.plain:
            clear_timer(TimerRule.Kind.APPOINTMENT, str(self.incident))
            if incident.appointment_at:
                set_appointment_timer(
                    self.incident, incident.centre_id, incident.appointment_at, self.appointment_seconds
                )

    def describe(self, fact: Fact) -> str:
        changes = [
            f"{FIELD_NAMES[name]}: {value}" if isinstance(value, str | int) and value else FIELD_NAMES[name]
            for name, value in (self.plain | self.words).items()
            if name in FIELD_NAMES
        ]
        return "Geändert – " + ", ".join(changes) if changes else "Geändert"

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, plain={"priority": 2}, words={"report": "doch kein Brustschmerz"})


@entry("incident.interviewed", aggregate="incident", personal=("answers",))
class IncidentInterviewed(IncidentEntry):
    """The interview went one step further. ``answers``: all so far, [{"node", "question", "answer", "text"}]."""

    tree: str
    answers: list[dict[str, str]] = []

    def apply(self, fact: Fact) -> None:
        self.change(interview=self.answers)

    def describe(self, fact: Fact) -> str:
        if not self.answers:
            return "Abfrage"
        last = self.answers[-1]
        return f"Abfrage: {last.get('question', '')} – {last.get('text') or last.get('answer', '')}"

    @classmethod
    def sample(cls) -> Self:
        return cls(
            incident=SAMPLE,
            tree="start",
            answers=[{"node": "was", "question": "Was?", "answer": "b", "text": "Brand"}],
        )


@entry("incident.keyword_raised", aggregate="incident", personal=("reason",))
class KeywordRaised(IncidentEntry):
    """The keyword was raised (Stichworterhöhung): more is needed than was sent."""

    keyword: str
    previous: str = ""
    priority: int = Field(ge=1, le=5)
    reason: str = Field(default="", max_length=200)

    def apply(self, fact: Fact) -> None:
        self.change(keyword_id=self.keyword, priority=self.priority, keyword_set_at=fact.at)
        reopen(self.incident)

    def describe(self, fact: Fact) -> str:
        return f"Stichworterhöhung {self.previous} → {self.keyword}" + (f": {self.reason}" if self.reason else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, keyword="B3", previous="B2", priority=1)


@entry("incident.noted", aggregate="incident", personal=("text",))
class IncidentNoted(IncidentEntry):
    """A line for the log: a report from the scene, a telephone call, an amendment after the closing."""

    text: str = ""
    kind: Literal["note", "report", "amendment"] = "note"

    def apply(self, fact: Fact) -> None:
        """The log is the journal itself; there is no table to change."""

    def describe(self, fact: Fact) -> str:
        prefix = {"note": "", "report": "Lagemeldung: ", "amendment": "Nachtrag: "}[self.kind]
        return prefix + (self.text or "(gelöscht)")

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, text="Angehörige weist ein", kind="note")


@entry("incident.call_attached", aggregate="incident", personal=("number",))
class IncidentCallAttached(IncidentEntry):
    """A further call belongs to this incident. ``first``: it is the one the incident came from."""

    call: UUID
    number: str = ""
    first: bool = False

    def apply(self, fact: Fact) -> None:
        """The call's own row points here; the log shows it."""

    def describe(self, fact: Fact) -> str:
        what = "Anruf" if self.first else "Weiterer Anruf"
        return f"{what} zugeordnet" + (f": {self.number}" if self.number else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, call=UUID(int=1), number="+4936411234")


@entry("incident.merged", aggregate="incident", personal=())
class IncidentMerged(IncidentEntry):
    """This incident is the same as ``into``; it is closed, its units and calls go there. ``saw``: all its assignments
    that the author knew; where there are others it stays open, because nobody took those along."""

    into: UUID
    into_number: str
    saw: list[UUID] | None = None

    def apply(self, fact: Fact) -> None:
        known = Assignment.objects.filter(incident_id=self.incident)
        if self.saw is not None:
            known = known.filter(pk__in=self.saw)
        known.filter(ended_at=None).update(
            state=Assignment.State.ENDED,
            ended_at=fact.at,
            end_reason=f"zusammengelegt mit {self.into_number}",
        )
        if self.saw is not None and unknown_to(self.incident, self.saw):
            return
        self.change(state=Incident.State.MERGED, merged_into=self.into, closed_at=fact.at, outcome="merged")
        rows.execute("DELETE FROM incidents_timer WHERE aggregate_id = %s", [self.incident])

    def describe(self, fact: Fact) -> str:
        return f"Zusammengelegt mit {self.into_number}"

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, into=UUID(int=11), into_number="J-2026-000002")


@entry("incident.absorbed", aggregate="incident", personal=("report",))
class IncidentAbsorbed(IncidentEntry):
    """Another incident was merged into this one; what it reported is kept here. Of the times of both the earlier
    counts: that is how long the people have waited. Units and calls come by entries of their own."""

    other: UUID
    other_number: str
    report: str = ""
    call_received_at: datetime | None = None
    call_answered_at: datetime | None = None
    dispatch_decided_at: datetime | None = None

    def apply(self, fact: Fact) -> None:
        names = ("call_received_at", "call_answered_at", "dispatch_decided_at")
        times = {name: at for name in names if (at := getattr(self, name))}
        if times:
            least = {name: Least(F(name), Value(at)) for name, at in times.items()}
            Incident.objects.filter(pk=self.incident).update(**least)

    def describe(self, fact: Fact) -> str:
        return f"Einsatz {self.other_number} übernommen" + (f": {self.report}" if self.report else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, other=UUID(int=11), other_number="J-2026-000002", report="Rauch")


@entry("incident.split", aggregate="incident", personal=())
class IncidentSplit(IncidentEntry):
    """A part of this incident became an incident of its own."""

    new: UUID
    new_number: str

    def apply(self, fact: Fact) -> None:
        """The new incident names this one in ``split_from``."""

    def describe(self, fact: Fact) -> str:
        return f"Geteilt: neuer Einsatz {self.new_number}"

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, new=UUID(int=12), new_number="J-2026-000003")


@entry("incident.timer_fired", aggregate="incident", personal=())
class IncidentTimerFired(IncidentEntry):
    """Something did not happen in time; the room is alarmed."""

    timer: UUID
    kind: str
    unit_name: str = ""

    def apply(self, fact: Fact) -> None:
        Timer.objects.filter(pk=self.timer).update(fired_at=fact.at)

    def describe(self, fact: Fact) -> str:
        name = dict(TimerRule.Kind.choices).get(self.kind, self.kind)
        return f"Zeitüberschreitung: {name}" + (f" – {self.unit_name}" if self.unit_name else "")

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, timer=UUID(int=5), kind="no_status_3", unit_name="Rotkreuz Jena 83-1")


@entry("incident.timer_rearmed", aggregate="incident", personal=())
class IncidentTimerRearmed(IncidentEntry):
    """A timer came due and there was no need for alarm (a sign of life): it starts again."""

    timer: UUID
    due_at: datetime

    def apply(self, fact: Fact) -> None:
        Timer.objects.filter(pk=self.timer).update(due_at=self.due_at, fired_at=None)

    def describe(self, fact: Fact) -> str:
        return ""

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, timer=UUID(int=5), due_at=NOON)


@entry("incident.timer_seen", aggregate="incident", personal=())
class IncidentTimerSeen(IncidentEntry):
    """A dispatcher took note of a timer's alarm."""

    timer: UUID

    def apply(self, fact: Fact) -> None:
        Timer.objects.filter(pk=self.timer).update(seen_at=fact.at, seen_by=fact.actor.name)

    def describe(self, fact: Fact) -> str:
        return "Zeitüberschreitung zur Kenntnis genommen"

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, timer=UUID(int=5))


@entry("incident.closed", aggregate="incident", personal=("note",))
class IncidentClosed(IncidentEntry):
    """The incident is over. What comes later is an amendment.

    ``saw``: all its assignments that the author knew, ended ones too; ``keyword``: what stood there (None: not said).
    Where there is more than that, somebody elsewhere was still at work or had asked for more: it stays open.
    """

    outcome: str = Field(max_length=30)
    note: str = ""
    saw: list[UUID] | None = None
    keyword: str | None = None

    def apply(self, fact: Fact) -> None:
        if self.saw is not None and (unknown_to(self.incident, self.saw) or self._another_keyword()):
            return
        self.change(state=Incident.State.CLOSED, closed_at=fact.at, outcome=self.outcome)
        rows.execute("DELETE FROM incidents_timer WHERE aggregate_id = %s", [self.incident])

    def _another_keyword(self) -> bool:
        here = Incident.objects.filter(pk=self.incident).values_list("keyword_id", flat=True).first()
        return self.keyword is not None and (here or "") != self.keyword

    def describe(self, fact: Fact) -> str:
        return f"Einsatz abgeschlossen ({OUTCOMES.get(self.outcome, self.outcome)})" + (
            f": {self.note}" if self.note else ""
        )

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, outcome="completed", note="Patient im Klinikum")


@entry("incident.forgotten", aggregate="incident", personal=())
class IncidentForgotten(IncidentEntry):
    """The personal fields were forgotten: the key is destroyed, the tables are cleared, the chain stays whole."""

    reason: str = Field(max_length=120)

    def apply(self, fact: Fact) -> None:
        self.change(
            place="", place_id="", place_detail="", municipality="", point=None, report="", caller_name="",
            caller_number="", interview=[], edits={},  # without the key nobody can tell any more what was edited
        )  # fmt: skip
        AlarmDelivery.objects.filter(incident_id=self.incident).update(text="")
        Assignment.objects.filter(incident_id=self.incident).exclude(recalled_at=None).update(end_reason=RECALLED)
        destroy(f"incident:{self.incident}")

    def describe(self, fact: Fact) -> str:
        return f"Personenbezogene Angaben gelöscht ({self.reason})"

    @classmethod
    def sample(cls) -> Self:
        return cls(incident=SAMPLE, reason="Frist abgelaufen")
