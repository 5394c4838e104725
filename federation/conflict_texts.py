"""How conflicts are told: sentences for the log (German, a record), words for the screen."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from federation.entries.conflict import NAMES, ConflictNoted
from federation.models import Conflict
from incidents.models import Incident
from resources.models import Unit

LOG_FIELDS = {
    "place": "Einsatzort", "place_detail": "Ortszusatz", "report": "Meldung", "keyword": "Stichwort",
    "priority": "Priorität", "exercise": "Übung", "appointment_at": "Termin", "hospital": "Zielklinik",
    "caller_name": "Anrufer", "caller_number": "Rufnummer", "interview": "Abfrage", "outcome": "Abschluss",
    "note": "Gesprächsnotiz", "seat": "Platz", "incident": "Zuordnung",
}  # fmt: skip
FIELDS: dict[str, str | Promise] = {
    "place": _("Einsatzort"), "place_detail": _("Ortszusatz"), "report": _("Meldung"), "keyword": _("Stichwort"),
    "priority": _("Priorität"), "exercise": _("Übung"), "appointment_at": _("Termin"), "hospital": _("Zielklinik"),
    "caller_name": _("Anrufer"), "caller_number": _("Rufnummer"), "interview": _("Abfrage"),
    "outcome": _("Abschluss"), "note": _("Gesprächsnotiz"), "seat": _("Platz"), "incident": _("Zuordnung"),
}  # fmt: skip


def finding(noted: ConflictNoted) -> str:
    """What was found, for the log of the incidents: nothing personal of those it is about."""
    people = " und ".join(f"{side.who or '?'} ({side.centre})" for side in noted.sides)
    if noted.kind == "field":
        return f"{LOG_FIELDS.get(noted.field, noted.field)} von {people} geändert, ohne voneinander zu wissen"
    if noted.kind == "commitment":
        return f"{unit_name(noted.unit)} doppelt vergeben: {_numbers([str(i) for i in noted.incidents])}"
    if noted.kind == "closed":
        closing, going = noted.sides
        return (
            f"abgeschlossen von {closing.who or '?'} ({closing.centre}), während {going.who or '?'}"
            f" ({going.centre}) weiterarbeitete"
        )
    return f"{NAMES[noted.kind]}: {people}"


def ending(conflict: Conflict, choice: int) -> str:
    """What was decided, for the log of the incidents."""
    side = conflict.sides[choice]
    who = f"{side['who'] or '?'} ({side['centre']})"
    if conflict.kind == Conflict.Kind.FIELD:
        return f"{LOG_FIELDS.get(conflict.field, conflict.field)} gilt wie von {who} eingetragen"
    if conflict.kind == Conflict.Kind.COMMITMENT:
        return f"{unit_name(conflict.unit_id)} bleibt bei {_numbers([side['incident']])}"
    if conflict.kind == Conflict.Kind.CLOSED:
        return "der Einsatz geht weiter" if choice else "der Abschluss gilt"
    if conflict.kind == Conflict.Kind.NUMBER:
        return f"die Nummer behält der Einsatz von {who}"
    return f"es gilt die Seite von {who}"


def unit_name(ident: str) -> str:
    """The unit as it is called; its id where it is not known here."""
    return Unit.objects.filter(pk=ident).values_list("name", flat=True).first() or ident


def _numbers(ids: list[str]) -> str:
    numbers = dict(Incident.objects.filter(pk__in=ids).values_list("pk", "number"))
    return " und ".join(sorted(numbers.values())) or "?"


def words(value: Any) -> str:
    """A contested value as a person reads it."""
    if isinstance(value, dict):
        spot = value.get("spot")
        parts = [value.get("place"), value.get("municipality")]
        if spot and not any(parts):
            parts = [f"{spot['lat']:.5f}, {spot['lon']:.5f}"]
        return ", ".join(str(part) for part in parts if part)
    if isinstance(value, list):
        return "; ".join(str(answer[-1] or answer[-2] or "") for answer in value)
    if isinstance(value, bool):
        return str(_("ja") if value else _("nein"))
    return "" if value is None else str(value)
