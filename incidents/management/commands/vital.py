"""The process a life may hang on: alarms and timers. Its own process, so that nothing else can slow or stop it."""

import logging
import signal
import threading
import time
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, connection

from incidents import network
from incidents.loops import LOOPS, Loop

logger = logging.getLogger(__name__)

RECONNECT_SECONDS: Final = 0.5
# A node that comes back first hears what was taken over from it; for so long, then it goes by what it knows.
SETTLING_SECONDS: Final = 20.0
SETTLING_STEP_SECONDS: Final = 0.2
GRACE_SECONDS: Final = 5.0


class Command(BaseCommand):
    help = "Verschickt Alarme und überwacht Fristen, bis der Prozess beendet wird."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        dead: list[str] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _signal, _frame: stop.set())
        threads = [
            threading.Thread(target=_keep, args=(name, loop, stop, dead), name=name) for name, loop in LOOPS.items()
        ]
        for thread in threads:
            thread.start()
        logger.info("vital is up for %s", ", ".join(settings.LEITSTELLE_CENTRES))
        stop.wait()
        for thread in threads:
            thread.join(GRACE_SECONDS)
        if dead:
            # Half a vital process is worse than none: the supervisor starts a whole one.
            raise CommandError(f"ended unexpectedly: {', '.join(dead)}")
        logger.info("vital has ended")


def _settle(stop: threading.Event) -> None:
    """Wait until what this node believes to be its own is so, at most SETTLING_SECONDS."""
    until = time.monotonic() + SETTLING_SECONDS
    while not stop.is_set() and time.monotonic() < until and not network.settled():
        stop.wait(SETTLING_STEP_SECONDS)


def _keep(name: str, loop: Loop, stop: threading.Event, dead: list[str]) -> None:
    """Run one loop; an outage of the database is lived through, any other error ends the process."""
    settled = False
    try:
        while not stop.is_set():
            try:
                if not settled:
                    _settle(stop)
                    settled = True
                loop(stop)
            except (OperationalError, InterfaceError) as error:
                logger.warning("%s: the database does not answer, trying again: %s", name, str(error).strip())
                connection.close()
                stop.wait(RECONNECT_SECONDS)
    except Exception:
        logger.exception("%s has failed", name)
        dead.append(name)
    finally:
        connection.close()
        stop.set()
