"""Loaded by every Python process that lives under libfaketime (see ``chaos.faults_network.wrong_clock``).

``time.sleep`` waits for a moment of the steady clock; libfaketime takes that moment for one of the false clock and
subtracts the offset: an error when the clock is ahead, a sleep of ten minutes when it is ten minutes behind. No real
clock does that, so here it waits for a span instead.
"""

import select
import time
from typing import Any


def _sleep(seconds: Any) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep
