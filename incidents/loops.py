"""The loops of the process a life may hang on (``manage.py vital``): this app's own, and what apps above add."""

import threading
from collections.abc import Callable
from typing import Final

from incidents import effects, timers

Loop = Callable[[threading.Event], None]
LOOPS: Final[dict[str, Loop]] = {"effects": effects.run, "retries": effects.run_retries, "timers": timers.run}


def register(name: str, loop: Loop) -> None:
    """Let ``loop`` run in the vital process as well. It returns when its event is set and may raise on an outage of
    the database; anything else that it raises ends the process, whose supervisor starts it again."""
    LOOPS[name] = loop
