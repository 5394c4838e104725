"""The clock of the room: each second, the timers that are due, for the centres this node answers for."""

import logging
import threading
import time
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
# once is the service's doing, which looks again under the lock of the incident or call.
_DUE = """
SELECT id, due_at, xmin::text FROM incidents_timer
 WHERE fired_at IS NULL AND due_at <= %s AND centre_id = ANY(%s)
 ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
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
    for ident, due_at, version in due:
        # The row's version is part of the id: a timer that was set to the same time again is a new one.
        command_id = uuid5(NAMESPACE, f"{ident}:{due_at.isoformat()}:{version}")
        answer = execute("timer.fire", {"timer": str(ident)}, command_id=command_id, actor=ACTOR)
        if "refused" in answer:
            logger.error("timer %s cannot fire: %s", ident, answer["refused"])
        fired += bool(answer.get("result", {}).get("fired"))
    return fired
