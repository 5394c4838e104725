"""The text that an alarmed crew gets to read. Pure. The order is that of reading aloud: what, where, why, who."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class AlarmContent:
    """What is known about the incident when it is alarmed."""

    number: str
    keyword: str = ""
    keyword_name: str = ""
    priority: int = 3
    exercise: bool = False
    place: str = ""
    place_detail: str = ""
    municipality: str = ""
    report: str = ""
    lon: float | None = None
    lat: float | None = None
    appointment: str = ""


def alarm_text(content: AlarmContent, units: Sequence[str], extra: str = "") -> str:
    """The alarm as plain text, one matter per line; at most MAX_LENGTH characters. ``units``: spoken names."""
    what = " ".join(part for part in (content.keyword, content.keyword_name) if part) or "Ohne Stichwort"
    where = content.place or "Ort unbekannt"
    if content.municipality and content.municipality.casefold() not in where.casefold():
        where += f", {content.municipality}"
    lines = [
        "*** ÜBUNG ***" if content.exercise else "",
        f"{what} (Priorität {content.priority})",
        where,
        content.place_detail,
        content.report,
        f"Termin: {content.appointment}" if content.appointment else "",
        extra,
        f"Koordinate: {content.lat:.5f}, {content.lon:.5f}"
        if content.lat is not None and content.lon is not None
        else "",
        "Alarmiert: " + ", ".join(units),
        f"Einsatz {content.number}",
    ]
    text = "\n".join(line.strip() for line in lines if line.strip())
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"
