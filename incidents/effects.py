"""Alarms leave the house: a follower of the journal hands every owed delivery to its medium and records the outcome.

At least once: the medium is served first, the outcome recorded after, and only then the cursor moves. What a crash or a
failed medium left owed is tried again (``retry_owed``), on whichever node answers for the incident's centre.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.entries.alarm import UnitsAlarmed
from incidents.entries.responsibility import IncidentHandedOver, IncidentTakenOver
from incidents.models import AlarmDelivery, Assignment
from journal.actor import system
from journal.commands import execute
from journal.tail import Stored, follow

logger = logging.getLogger(__name__)

# One per node: two may share a database, and each sends what it answers for.
CURSOR: Final = f"effects:{settings.LEITSTELLE_NODE}"
NAMESPACE: Final = UUID("0f0a3f3e-58f1-4c0c-9f66-3a1d9e0a6b3d")
ACTOR: Final = system("alarm")
TYPES: Final = frozenset({UnitsAlarmed.type_name, IncidentTakenOver.type_name, IncidentHandedOver.type_name})
RETRY_SECONDS: Final = 10.0
# The follower gets this long before the retry concludes that a delivery was left lying.
OVERDUE: Final = timedelta(seconds=5)
# An alarm that could not be delivered for so long is the dispatcher's to repeat; the log has shown it as failed.
GIVE_UP: Final = timedelta(hours=1)
BATCH: Final = 200

Delivery = Mapping[str, Any]


class MediumFailed(RuntimeError):
    """The medium did not take the alarm; the text says why, for the dispatcher."""


def alarm_log() -> Path:
    """The file to which the medium ``log`` writes."""
    return settings.LEITSTELLE_RUN_DIR / "alarms.log"


def _to_log(delivery: Delivery) -> None:
    """Append the alarm to a file, on disk before it counts as sent."""
    text = delivery["text"].replace("\n", " | ")
    line = f"{timezone.now().isoformat(timespec='milliseconds')} {delivery['unit__name']}: {text}\n"
    try:
        alarm_log().parent.mkdir(parents=True, exist_ok=True)
        with alarm_log().open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise MediumFailed(error.strerror or str(error)) from error


def _to_station(delivery: Delivery) -> None:
    """The station's page shows every delivery of its units by itself; there is nothing to send."""


MEDIA: Final[dict[str, Callable[[Delivery], None]]] = {"log": _to_log, "station": _to_station}


def run(stop: threading.Event) -> None:
    """Follow the journal until ``stop``: deliver what each alarm owes."""
    follow(CURSOR, TYPES, deliver_entries, stop)


def run_retries(stop: threading.Event) -> None:
    """Until ``stop``: try again what is still owed, at once and every RETRY_SECONDS."""
    while not stop.is_set():
        retry_owed()
        stop.wait(RETRY_SECONDS)


def deliver_entries(batch: Sequence[Stored]) -> None:
    """As ``deliver_entry`` for each; a day of the partner's alarms, which are none of ours, costs one question."""
    mine = batch
    if len(batch) > 1:
        owing = set(_owed().filter(incident__in={s.aggregate_id for s in batch}).values_list("incident", flat=True))
        mine = [stored for stored in batch if UUID(stored.aggregate_id) in owing]
    for stored in mine:
        deliver_entry(stored)


def deliver_entry(stored: Stored) -> None:
    """Serve the media of one alarm, or of what an incident that was handed over still owes, if the incident is this
    node's now: one that went elsewhere since is served there."""
    if stored.type not in TYPES or stored.fact is None:
        return
    data: Any = stored.fact.data
    owed = _owed()
    if stored.type == UnitsAlarmed.type_name:
        owed = owed.filter(pk__in=[delivery.id for unit in data.units for delivery in unit.deliveries])
    _deliver(owed.filter(incident=data.incident))


def retry_owed() -> int:
    """Deliver what was left owed or failed. Returns how many deliveries were tried."""
    now = timezone.now()
    states = [AlarmDelivery.State.OWED, AlarmDelivery.State.FAILED]
    return _deliver(
        _wanted().filter(
            state__in=states, owed_at__lt=now - OVERDUE, owed_at__gt=now - GIVE_UP,
            incident__centre__in=settings.LEITSTELLE_CENTRES,
        )
    )  # fmt: skip


def _owed() -> Any:
    return _wanted().filter(incident__centre__in=settings.LEITSTELLE_CENTRES, state=AlarmDelivery.State.OWED)


def _wanted() -> Any:
    """Deliveries whose unit still has to come: whoever was recalled, released or taken away before its alarm went out
    must not be sent off by it, however late this follower is. A unit that moved to another incident (merged, split)
    took the time of its alarm along."""
    coming = Assignment.objects.filter(unit_id=OuterRef("unit_id"), ended_at=None, alarmed_at=OuterRef("owed_at"))
    return AlarmDelivery.objects.filter(Exists(coming))


def _deliver(deliveries: Any) -> int:
    """Serve the media, then record what came of it: in one command for each incident, for an alarm of three units has
    six deliveries and the room waits for none of these commits."""
    columns = ("pk", "incident_id", "unit_id", "unit__name", "medium", "state", "text")
    rows: Iterable[Delivery] = deliveries.order_by("incident_id", "owed_at", "pk").values(*columns)[:BATCH]
    count = 0
    for incident, alarms in groupby(rows, key=lambda row: row["incident_id"]):
        outcomes = [_outcome(row) for row in alarms]
        count += len(outcomes)
        _record(incident, [outcome for outcome in outcomes if outcome["ok"]])
        for outcome in outcomes:
            if not outcome["ok"]:  # each by itself: the same failure again, in whatever company, is no news
                _record(incident, [outcome])
    return count


def _outcome(row: Delivery) -> dict[str, Any]:
    """Serve one medium; what is to be recorded of it."""
    try:
        _serve(row)
    except MediumFailed as error:
        logger.error("alarm %s over %s failed: %s", row["pk"], row["medium"], error)
        return {"delivery": str(row["pk"]), "ok": False, "detail": str(error)[:200]}
    return {"delivery": str(row["pk"]), "ok": True, "detail": ""}


def _serve(row: Delivery) -> None:
    send = MEDIA.get(row["medium"])
    if send is None:
        raise MediumFailed(_("unbekannter Alarmweg"))
    send(row)


def _record(incident: UUID, outcomes: list[dict[str, Any]]) -> None:
    """Once for the same outcomes: a failure and the success after it are two facts, a repetition is none."""
    if not outcomes:
        return
    told = "|".join(f"{outcome['delivery']}:{outcome['ok']}" for outcome in outcomes)
    data = {"incident": str(incident), "sent": outcomes}
    execute("incident.alarm_sent", data, command_id=uuid5(NAMESPACE, told), actor=ACTOR)
