"""The complete record of an incident's times, for the report and for evaluation."""

from datetime import datetime
from typing import Any
from uuid import UUID

from incidents.models import AlarmDelivery, Assignment, Incident
from incidents.rules import intervals as rules
from journal.models import Entry


def intervals(incident: str | UUID, definition: rules.ResponseTime = rules.THURINGIA) -> dict[str, Any] | None:
    """Every time there is and what follows from them, None for an unknown incident.

    ``{"times": {…}, "units": [{"unit", "times", "alarms": [{medium, …}], "seconds"}], "seconds": {…}}``
    with times as datetimes and intervals in seconds. ``report_complete_at`` is the last entry after the closing.
    """
    row = Incident.objects.filter(pk=incident).values(*rules.HEAD).first()
    if row is None:
        return None
    head: dict[str, datetime | None] = dict(row)
    columns = ["pk", "unit_id", *(f"{step}_at" for step in rules.STEPS)]
    assignments = list(Assignment.objects.filter(incident_id=incident).order_by("alarmed_at", "pk").values(*columns))
    alarms: dict[UUID, list[dict[str, Any]]] = {}
    deliveries = AlarmDelivery.objects.filter(incident_id=incident).order_by("medium")
    for d in deliveries.values("assignment_id", "medium", "state", "owed_at", "sent_at", "receipted_at"):
        alarms.setdefault(d["assignment_id"], []).append({k: v for k, v in d.items() if k != "assignment_id"})
    units = [
        {"unit": a["unit_id"], "times": times, "alarms": alarms.get(a["pk"], []), "seconds": rules.of_unit(times)}
        for a in assignments
        for times in [{step: a[f"{step}_at"] for step in rules.STEPS}]
    ]
    complete = None
    if head["closed_at"]:
        last = Entry.objects.filter(aggregate_kind="incident", aggregate_id=str(incident)).order_by("-hlc").first()
        complete = last.stored_at if last else None
    return {
        "times": head | {"report_complete_at": complete},
        "units": units,
        "seconds": rules.of_incident(head, [unit["times"] for unit in units], definition),
    }
