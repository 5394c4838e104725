"""The clock of the room: each second, the timers that are due, for the centres this node answers for."""

import logging
import threading
import time
from datetime import UTC
from typing import Final
from uuid import UUID, uuid5

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from journal.actor import system
from journal.commands import execute

logger = logging.getLogger(__name__)

NAMESPACE: Final = UUID("c2a7b3c4-9d55-4c8e-8a53-5f0a2f1d7e11")
ACTOR: Final = system("timer")
INTERVAL_SECONDS: Final = 1.0
BATCH: Final = 200

# SKIP LOCKED passes over what another process is just firing. The lock ends with this statement; that a timer fires
# once is the service's doing, which looks again under the lock of the incident or call. Who fires it is said by the
# incident or call itself: what its former centre wrote late may have set a timer with that one's name. How often it has
# fired already is what every node knows alike.
_DUE = """
SELECT t.id, t.due_at,
       (SELECT count(*) FROM journal_entry e
         WHERE e.aggregate_kind IN ('incident', 'call') AND e.aggregate_id = t.aggregate_id::text
               AND e.type IN ('incident.timer_fired', 'call.timer_fired') AND strpos(e.body, t.id::text) > 0)
  FROM incidents_timer t
  LEFT JOIN incidents_incident i ON i.id = t.aggregate_id
  LEFT JOIN incidents_call c ON c.id = t.aggregate_id
 WHERE t.fired_at IS NULL AND t.due_at <= %s AND coalesce(i.centre_id, c.centre_id, t.centre_id) = ANY(%s)
 ORDER BY t.due_at, t.id LIMIT %s FOR UPDATE OF t SKIP LOCKED
"""


def run(stop: threading.Event) -> None:
    """Fire due timers once a second until ``stop``."""
    while not stop.is_set():
        started = time.monotonic()
        fire_due()
        stop.wait(max(0.0, INTERVAL_SECONDS - (time.monotonic() - started)))


def fire_due() -> int:
    """Fire every timer that is due now. Returns how many alarms that gave."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_DUE, [timezone.now(), settings.LEITSTELLE_CENTRES, BATCH])
        due = cursor.fetchall()
    fired = 0
    for ident, due_at, times in due:
        # A timer that fired and was set to the same time again is a new one. The same at every node: if two believe
        # that it is theirs, or one dies before the other has heard of it, the journal folds it once.
        command_id = uuid5(NAMESPACE, f"{ident}:{due_at.astimezone(UTC).isoformat()}:{times}")
        answer = execute("timer.fire", {"timer": str(ident)}, command_id=command_id, actor=ACTOR)
        if answer.get("refused") not in {None, "not_due"}:
            logger.error("timer %s cannot fire: %s", ident, answer["refused"])
        fired += bool(answer.get("result", {}).get("fired"))
    return fired
