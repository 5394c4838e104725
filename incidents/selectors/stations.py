"""What the crews of a station must see: the alarms of their units that are still running."""

from typing import Any

from django.db.models import QuerySet

from incidents.models import AlarmDelivery, Assignment
from resources.models import Station

STATION_MEDIUM = "station"
LIMIT = 50


def stations_of(centre: str) -> QuerySet[Station]:
    """The stations in use in the area of ``centre``; without one, all."""
    stations = Station.objects.filter(active=True)
    return stations.filter(county__centre=centre) if centre else stations


def station_alarms(station: str) -> list[dict[str, Any]]:
    """The running alarms of a station's units, newest first, one row per unit, JSON-ready.

    ``delivery`` is what a receipt names; ``state`` is ``owed``, ``sent``, ``failed`` or ``receipted``.
    """
    running = Assignment.objects.filter(unit__station=station, ended_at=None).values("pk")
    rows = (
        AlarmDelivery.objects.filter(assignment_id__in=running, medium=STATION_MEDIUM)
        .order_by("-owed_at", "unit__short")
        .values(
            "id", "state", "text", "owed_at", "receipted_at", "unit_id", "unit__name", "unit__short",
            "incident_id", "incident__number", "incident__keyword_id", "incident__keyword__name",
            "incident__priority", "incident__exercise",
        )[:LIMIT]
    )  # fmt: skip
    return [
        {
            "delivery": str(row["id"]),
            "state": row["state"],
            "text": row["text"],
            "alarmed_at": row["owed_at"].isoformat(),
            "receipted_at": row["receipted_at"].isoformat() if row["receipted_at"] else None,
            "unit": row["unit_id"],
            "unit_name": row["unit__name"],
            "unit_short": row["unit__short"],
            "incident": str(row["incident_id"]),
            "number": row["incident__number"],
            "keyword": row["incident__keyword_id"],
            "keyword_name": row["incident__keyword__name"] or "",
            "priority": row["incident__priority"],
            "exercise": row["incident__exercise"],
        }
        for row in rows
    ]
