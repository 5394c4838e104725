"""The incident log (Einsatztagebuch): the journal itself, told in German."""

from typing import Any, TypedDict
from uuid import UUID

from incidents.models import Call
from journal import tail


class LogLine(TypedDict):
    """One line of the log. ``at``: ISO 8601, UTC."""

    pos: int
    incident: str | None
    at: str
    who: str
    seat: str
    centre: str
    type: str
    text: str


def log_line(stored: tail.Stored) -> LogLine | None:
    """The line for one entry; None for an entry that no person needs to read, or of an unknown type."""
    text = stored.fact.told() if stored.fact else ""
    if stored.fact is None or not text:
        return None
    actor = stored.fact.actor
    return LogLine(
        pos=stored.pos,
        incident=stored.aggregate_id if stored.aggregate_kind == "incident" else None,
        at=stored.fact.at.isoformat(),
        who=actor.name,
        seat=actor.seat,
        centre=actor.centre,
        type=stored.type,
        text=text,
    )


def incident_log(incident: str | UUID) -> list[LogLine]:
    """All lines of an incident and of the calls that belong to it, in the order in which they happened."""
    ident = str(incident)
    stored: list[tail.Stored] = tail.history("incident", ident)
    calls: Any = Call.objects.filter(incident_id=ident).values_list("pk", flat=True)
    stored += tail.history("call", *map(str, calls))
    lines = [line for entry in stored if (line := log_line(entry))]
    for line in lines:
        line["incident"] = ident
    return sorted(lines, key=lambda line: (line["at"], line["pos"]))
