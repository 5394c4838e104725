"""The incident log (Einsatztagebuch): the journal itself, told in German."""

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict
from uuid import UUID

from incidents.models import Call
from journal import tail


class LogLine(TypedDict):
    """One line of the log. ``at``: ISO 8601, UTC; ``late_term``: written by a centre that did not know yet that another
    one answers for it."""

    pos: int
    incident: str | None
    at: str
    who: str
    seat: str
    centre: str
    type: str
    text: str
    late_term: bool


def log_line(stored: tail.Stored, *, late: bool = False) -> LogLine | None:
    """The line for one entry; None for an entry that no person needs to read, or of an unknown type. ``late``: see
    ``LogLine``."""
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
        late_term=late,
    )


def incident_log(incident: str | UUID) -> list[LogLine]:
    """All lines of an incident and of the calls that belong to it, in the order in which they happened."""
    ident = str(incident)
    calls: Any = Call.objects.filter(incident_id=ident).values_list("pk", flat=True)
    lines = told(tail.history("incident", ident)) + told(tail.history("call", *map(str, calls)))
    for line in lines:
        line["incident"] = ident
    return sorted(lines, key=lambda line: (line["at"], line["pos"]))


def told(entries: Iterable[tail.Stored]) -> list[LogLine]:
    """The lines of ``entries``, which come in clock order, with those marked that were late."""
    terms = Terms()
    return [line for stored in entries if (line := log_line(stored, late=terms.late(stored)))]


def late_positions(entries: Iterable[tail.Stored], terms: Mapping[str, int]) -> set[int]:
    """Positions of those incident entries that came late, see ``Terms``. ``terms``: the incidents' terms as they are
    now; only where an entry's is lower the whole history is looked at."""
    behind = {
        stored.aggregate_id
        for stored in entries
        if stored.aggregate_kind == "incident" and stored.fact and stored.fact.term < terms.get(stored.aggregate_id, 1)
    }
    marks = Terms()
    return {stored.pos for stored in tail.history("incident", *behind) if marks.late(stored)} if behind else set()


class Terms:
    """Which entries were made under a responsibility that had ended: their term is lower than one seen before, which
    somebody else had raised. Give it the entries in clock order."""

    def __init__(self) -> None:
        self._highest: dict[str, tuple[int, str]] = {}

    def late(self, stored: tail.Stored) -> bool:
        """Whether ``stored`` was made by a node that did not know of the latest hand-over."""
        if stored.fact is None:
            return False
        subject = f"{stored.aggregate_kind}:{stored.aggregate_id}"
        term, origin = self._highest.get(subject, (1, stored.origin))
        if stored.fact.term > term:
            self._highest[subject] = stored.fact.term, stored.origin
        return stored.fact.term < term and stored.origin != origin
