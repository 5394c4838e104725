"""The telephone system: planned calls ring, are located, and end when the caller has had enough."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from leitstelle.simulator.clock import Clock
from leitstelle.simulator.day import PlannedCall
from leitstelle.simulator.doors import Doors

logger = logging.getLogger(__name__)

TALKING: Final = frozenset({"ringing", "answered", "held"})  # ringing: handed to a colleague
LOOK_SECONDS: Final = 2.0
# A caller does not hang up on the person they talk to: a newcomer takes his time.
LONGEST_TALK_SECONDS: Final = 1800.0


@dataclass(slots=True)
class Telephone:
    """Plays calls against the telephony door.

    state(call id) tells how a call stands on the consoles, None if it is not there any more; without (nobody looks)
    callers wait for their patience and the talking time, then the line goes dead. ``stories``: what each caller on the
    line has to say, by our id of the call.
    """

    doors: Doors
    clock: Clock
    state: Callable[[str], str | None] | None = None
    stories: dict[str, PlannedCall] = field(default_factory=dict)

    async def play(self, calls: Sequence[PlannedCall]) -> None:
        """All of ``calls``, each at its time; returns when the last line is dead."""
        async with asyncio.TaskGroup() as group:
            for call in calls:
                await self.clock.until(call.at)
                group.create_task(self.ring(call))

    async def ring(self, call: PlannedCall) -> None:
        """One call from ring to end."""
        event: dict[str, Any] = {"call_id": call.id, "line": call.line, "number": call.number, "centre": call.centre}
        known_at_once = call.located is not None and call.located < 1
        if known_at_once:
            event["position"] = _position(call)
        answer = await self.doors.call(event="ring", **event)
        ident = answer.get("result", {}).get("call")
        if ident is None:
            return
        logger.info("Anruf %s aus %s: %s", call.line, call.spot.municipality or call.spot.name, call.report)
        self.stories[ident] = call
        waited = 0.0
        if call.located is not None and not known_at_once:
            await self.clock.sleep(call.located)
            waited = call.located
            source = "AML" if call.line == "112" else "Anlage"
            await self.doors.call(
                call_id=call.id, event="located", line=call.line, position=_position(call), source=source
            )
        await self.clock.sleep(min(call.patience, LONGEST_TALK_SECONDS) - waited)
        if self.state is None:
            await self.clock.sleep(call.talk)
        elif self.state(ident) != "ringing":
            await self._talk(ident)
        await self.doors.call(call_id=call.id, event="hangup", line=call.line)
        del self.stories[ident]

    async def _talk(self, ident: str) -> None:
        """Until the dispatcher ends it."""
        assert self.state is not None
        begin = self.clock.now()
        while self.state(ident) in TALKING and (self.clock.now() - begin).total_seconds() < LONGEST_TALK_SECONDS:
            await asyncio.sleep(LOOK_SECONDS)


def _position(call: PlannedCall) -> dict[str, float]:
    return {"lon": call.point[0], "lat": call.point[1], "accuracy_m": call.accuracy_m}
