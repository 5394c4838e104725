"""The run sheet: one incident on paper, for the station and for the file."""

from typing import Any
from uuid import UUID

from django.template.loader import render_to_string

from incidents import selectors
from resources.models import Hospital, Unit

TIMES = {
    "alarmed": "Alarm",
    "en_route": "3",
    "on_scene": "4",
    "transporting": "7",
    "at_hospital": "8",
    "ended": "frei",
}


def run_sheet(incident_id: str | UUID) -> str:
    """The page as HTML that needs nothing else. Raises LookupError for an unknown incident."""
    incident = selectors.incident_view(incident_id)
    if incident is None:
        raise LookupError(incident_id)
    return render_to_string(
        "incidents/run_sheet.html",
        {
            "incident": incident,
            "columns": TIMES.values(),
            "units": _units(incident),
            "log": selectors.incident_log(incident_id),
        },
    )


def _units(incident: dict[str, Any]) -> list[dict[str, Any]]:
    ids = [a["unit"] for a in incident["assignments"]]
    names = dict(Unit.objects.filter(pk__in=ids).values_list("pk", "name"))
    hospitals = dict(
        Hospital.objects.filter(pk__in=[a["hospital"] for a in incident["assignments"]]).values_list("pk", "name")
    )
    return [
        {
            "name": names.get(a["unit"], a["unit"]),
            "hospital": hospitals.get(a["hospital"], ""),
            "times": [a["times"][name] for name in TIMES],
            "note": a["end_reason"],
        }
        for a in incident["assignments"]
    ]
