"""Incidents: opened, edited by several at once, interviewed, noted, raised."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from incidents import network
from incidents.entries import incident as entries
from incidents.entries.incident import PERSONAL_FIELDS, PLAIN_FIELDS
from incidents.models import Incident, TimerRule
from incidents.rules import edits
from incidents.rules.phone import normalised
from incidents.rules.thresholds import seconds_for
from incidents.services.calls import record_attachment
from incidents.services.locks import lock_call, lock_incident, lock_open_incident, timer_rules
from incidents.services.numbers import next_number
from incidents.services.roles import CONSOLE, DISPATCH
from incidents.services.whereabouts import is_taken, known_county, known_hospital, known_keyword, locate
from journal.commands import Command, Refused, RefusedInConfidence, command
from journal.keys import forgotten
from journal.record import Transaction
from resources.entries import Spot
from resources.geo import CountyMatch

DEFAULT_PRIORITY = 3
# A mistyped year must not become a time that no clock, calendar or database can hold.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
Appointment = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST)]


class OpenIncident(Command):
    """See ``open_incident``."""

    incident: UUID
    call: UUID | None = None
    centre: str = Field(default="", max_length=64)
    keyword: str | None = Field(default=None, max_length=64)
    priority: int | None = Field(default=None, ge=1, le=5)
    place: str = Field(default="", max_length=240)
    place_id: str = Field(default="", max_length=64)
    place_detail: str = Field(default="", max_length=240)
    municipality: str = Field(default="", max_length=120)
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    anyway: bool = False
    report: str = Field(default="", max_length=5_000)
    caller_name: str = Field(default="", max_length=120)
    caller_number: str = Field(default="", max_length=40)
    exercise: bool = False
    appointment_at: Appointment | None = None
    hospital: str | None = Field(default=None, max_length=64)


@command("incident.open", roles=CONSOLE, about="centre")
def open_incident(tx: Transaction, cmd: OpenIncident) -> dict[str, Any]:
    """Open an incident and give it a number.

    The county follows from the point, its home from the county (else the call's or the actor's), and who answers for it
    is whoever stands in for its home. The number is always one of its home's. Refused ``outside_area`` (unless
    ``anyway``), ``unknown_keyword``, ``unknown_hospital``, ``unknown_centre``, ``unknown_call``, ``no_centre``,
    ``incident_exists``.
    """
    _refuse_existing(cmd.incident)
    match = None
    if cmd.lon is not None and cmd.lat is not None:
        match = locate(cmd.lon, cmd.lat, anyway=cmd.anyway)
    keyword = known_keyword(cmd.keyword) if cmd.keyword else None
    if cmd.hospital:
        known_hospital(cmd.hospital)
    call = lock_call(cmd.call) if cmd.call else None
    home = cmd.centre or (match.centre if match else None) or (call.centre if call else "") or tx.actor.centre
    if not home:
        raise Refused("no_centre", _("Es ist nicht klar, welche Leitstelle zuständig ist. Bitte wählen Sie eine."))
    centre = network.duty(home, match.county if match else None).centre
    number = next_number(tx, home)
    _refuse_existing(cmd.incident)  # once more: two who open the same one at once meet at the number
    opened = entries.IncidentOpened(
        incident=cmd.incident, number=number.text, centre=centre, home=home, origin=number.origin, year=number.year,
        serial=number.serial, exercise=cmd.exercise, keyword=cmd.keyword or None,
        priority=cmd.priority or (keyword["priority"] if keyword else DEFAULT_PRIORITY),
        county=match.county if match else None, county_how=match.how if match else "",
        appointment_at=cmd.appointment_at, hospital=cmd.hospital or None,
        appointment_seconds=_lead_seconds(cmd.appointment_at, keyword, match),
        call_received_at=call.rang_at if call else None, call_answered_at=call.answered_at if call else None,
        place=cmd.place, place_id=cmd.place_id, place_detail=cmd.place_detail, municipality=cmd.municipality,
        spot=Spot(lon=cmd.lon, lat=cmd.lat) if cmd.lon is not None and cmd.lat is not None else None,
        report=cmd.report or (call.note if call else ""),
        caller_name=cmd.caller_name or (call.caller_name if call else ""),
        caller_number=normalised(cmd.caller_number) or (call.number if call else ""),
    )  # fmt: skip
    tx.record(opened)
    if call and call.incident is None:
        record_attachment(tx, call, cmd.incident, first=True)
    return {
        "incident": str(cmd.incident), "number": number.text, "county": opened.county,
        "county_how": opened.county_how, "centre": centre,
    }  # fmt: skip


def _refuse_existing(incident: UUID) -> None:
    if is_taken(Incident, incident):
        raise Refused("incident_exists", _("Diesen Einsatz gibt es schon."), incident=str(incident))


def _lead_seconds(appointment_at: datetime | None, keyword: dict[str, Any] | None, match: CountyMatch | None) -> int:
    if appointment_at is None:
        return 0
    group = keyword["group"] if keyword else ""
    return seconds_for(timer_rules(), TimerRule.Kind.APPOINTMENT, group, match.county if match else None)


class Seen(BaseModel):
    """One field of an edit: what the editor saw and what it shall be."""

    model_config = ConfigDict(extra="forbid")

    old: Any = None
    new: Any = None


class EditIncident(Command):
    """See ``edit``."""

    incident: UUID
    changes: dict[str, Seen] = Field(min_length=1)
    anyway: bool = False


class Fields(Command):
    """What an edited field may hold; the names are PLAIN_FIELDS and PERSONAL_FIELDS."""

    keyword: str | None = Field(default=None, max_length=64)
    priority: int = Field(default=DEFAULT_PRIORITY, ge=1, le=5)
    exercise: bool = False
    appointment_at: Appointment | None = None
    hospital: str | None = Field(default=None, max_length=64)
    county: str | None = Field(default=None, max_length=64)
    county_how: str = Field(default="", max_length=8)
    place: str = Field(default="", max_length=240)
    place_id: str = Field(default="", max_length=64)
    place_detail: str = Field(default="", max_length=240)
    municipality: str = Field(default="", max_length=120)
    spot: Spot | None = None
    report: str = Field(default="", max_length=5_000)
    caller_name: str = Field(default="", max_length=120)
    caller_number: str = Field(default="", max_length=40)


@command("incident.edit", roles=CONSOLE, about="incident")
def edit(tx: Transaction, cmd: EditIncident) -> dict[str, Any]:
    """Change fields of a running incident, each against what the editor saw.

    If somebody changed one of them meanwhile nothing is written and the command is Refused ``edited_meanwhile`` with
    ``{field: {present, by, at}}``. A new point brings its county along. Result: the fields that were written.
    """
    locked = lock_open_incident(cmd.incident)
    wanted = _checked_fields(cmd.changes)
    incident = Incident.objects.get(pk=cmd.incident)
    present = _present(incident)
    changes = {name: edits.Change(_comparable(name, seen.old), wanted[name]) for name, seen in cmd.changes.items()}
    outcome = edits.compare(changes, present)
    if outcome.conflicts:
        detail = {
            name: {"present": present[name], **incident.edits.get(name, {"by": "", "at": None})}
            for name in outcome.conflicts
        }
        reason = _("Inzwischen hat jemand anderes dieses Feld geändert. Bitte entscheiden Sie, was gelten soll.")
        raise RefusedInConfidence("edited_meanwhile", reason, **detail)
    values = outcome.values
    if not values:
        return {"written": []}
    if values.get("keyword"):
        known_keyword(values["keyword"])
    if values.get("hospital"):
        known_hospital(values["hospital"])
    if values.get("county"):
        known_county(values["county"])
    if values.get("spot") and "county" not in values:
        match = locate(values["spot"]["lon"], values["spot"]["lat"], anyway=cmd.anyway)
        values["county"], values["county_how"] = (match.county, match.how) if match else (None, "")
    tx.record(
        entries.IncidentEdited(
            incident=cmd.incident,
            plain={name: value for name, value in values.items() if name in PLAIN_FIELDS},
            words={name: value for name, value in values.items() if name in PERSONAL_FIELDS},
            appointment_seconds=locked.seconds(TimerRule.Kind.APPOINTMENT) if "appointment_at" in values else 0,
        )
    )
    # Names only: an answer is kept in plain text, and what was written may have to be forgotten.
    return {"written": sorted(values)}


def _checked_fields(changes: dict[str, Seen]) -> dict[str, Any]:
    """The new values as JSON values of the right type. Raises Refused ``invalid``."""
    unknown = [name for name in changes if name not in Fields.model_fields]
    if unknown:
        raise Refused("invalid", _("Dieses Feld lässt sich nicht ändern: %s") % ", ".join(unknown)[:200])
    try:
        fields = Fields.model_validate({name: seen.new for name, seen in changes.items()})
    except ValidationError as error:
        problems = [
            {"field": ".".join(str(part) for part in item["loc"]), "problem": item["msg"]}
            for item in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise Refused("invalid", _("Die Eingabe ist unvollständig oder falsch."), fields=problems) from None
    return {name: _comparable(name, fields.model_dump(mode="json")[name]) for name in changes}


def _comparable(name: str, value: Any) -> Any:
    """One spelling per value, so that the same time or place is recognised as the same. What an editor claims to have
    seen may be anything: nonsense stays as it is and equals nothing."""
    try:
        if name == "appointment_at" and isinstance(value, str) and value:
            return datetime.fromisoformat(value).astimezone().isoformat()
        if name == "spot" and isinstance(value, dict) and {"lon", "lat"} <= set(value):
            return {"lon": round(float(value["lon"]), 6), "lat": round(float(value["lat"]), 6)}
    except (ValueError, TypeError, OverflowError):
        return value
    if name == "caller_number" and isinstance(value, str):
        return normalised(value)
    return value


def _present(incident: Incident) -> dict[str, Any]:
    """The editable fields as JSON values."""
    values: dict[str, Any] = {
        name: getattr(incident, name)
        for name in Fields.model_fields
        if name not in {"keyword", "county", "hospital", "spot", "appointment_at"}
    }
    appointment = incident.appointment_at.isoformat() if incident.appointment_at else None
    return values | {
        "keyword": incident.keyword_id,
        "county": incident.county_id,
        "hospital": incident.hospital_id,
        "spot": Spot.of(incident.point).model_dump() if incident.point else None,
        "appointment_at": _comparable("appointment_at", appointment),
    }


class Interview(Command):
    """See ``interview``."""

    incident: UUID
    tree: str = Field(max_length=64)
    answers: list[dict[str, str]] = Field(max_length=200)


@command("incident.interview", roles=CONSOLE, about="incident")
def interview(tx: Transaction, cmd: Interview) -> None:
    """Keep the answers of the interview so far. What follows from them (keyword, units) are commands of their own."""
    lock_open_incident(cmd.incident)
    tx.record(entries.IncidentInterviewed(incident=cmd.incident, tree=cmd.tree, answers=cmd.answers))


class RaiseKeyword(Command):
    """See ``raise_keyword``."""

    incident: UUID
    keyword: str = Field(min_length=1, max_length=64)
    reason: str = Field(default="", max_length=200)


@command("incident.raise_keyword", roles=DISPATCH, about="incident")
def raise_keyword(tx: Transaction, cmd: RaiseKeyword) -> dict[str, Any]:
    """More is needed than was sent (Stichworterhöhung). The priority becomes the more urgent one of both.

    Refused ``unknown_keyword``, ``same_keyword``.
    """
    incident = lock_open_incident(cmd.incident)
    keyword = known_keyword(cmd.keyword)
    if incident.keyword == cmd.keyword:
        raise Refused("same_keyword", _("Der Einsatz hat dieses Stichwort schon: %s") % cmd.keyword)
    priority = min(incident.priority, keyword["priority"])
    tx.record(
        entries.KeywordRaised(
            incident=cmd.incident, keyword=cmd.keyword, previous=incident.keyword or "", priority=priority,
            reason=cmd.reason,
        )
    )  # fmt: skip
    return {"keyword": cmd.keyword, "priority": priority}


class NoteIncident(Command):
    """See ``note``."""

    incident: UUID
    text: str = Field(min_length=1, max_length=5_000)
    kind: str = Field(default="note", pattern="^(note|report)$")


@command("incident.note", roles=CONSOLE | {"station"}, about="incident")
def note(tx: Transaction, cmd: NoteIncident) -> dict[str, Any]:
    """A line for the log. After the closing it becomes an amendment (Nachtrag). Refused ``forgotten``."""
    incident = lock_incident(cmd.incident)
    if not incident.open and forgotten(f"incident:{cmd.incident}"):
        raise Refused(
            "forgotten", _("Die Angaben zu diesem Einsatz sind gelöscht; es kann nichts mehr ergänzt werden.")
        )
    kind: Any = cmd.kind if incident.open else "amendment"
    tx.record(entries.IncidentNoted(incident=cmd.incident, text=cmd.text, kind=kind))
    return {"kind": kind}
