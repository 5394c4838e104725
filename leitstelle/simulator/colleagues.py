"""Simulated dispatchers: they take calls, open, alarm and close, and leave work for people who are there."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Final
from uuid import uuid4

from leitstelle.simulator.clock import Clock
from leitstelle.simulator.day import PlannedCall
from leitstelle.simulator.room import Eyes, NotSeated, Place

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.5
REACTION_SECONDS: Final = (3.0, 9.0)
# Where people sit, every second call is theirs; only after this long a colleague helps out.
HELP_SECONDS: Final = 60.0
SHARE_FOR_PEOPLE: Final = 2
# People who watch the room shall see a lost call, and that it is not forgotten.
CALL_BACK_SECONDS: Final = 90.0
REACHED_SHARE: Final = 0.6
CLOSE_AFTER_SECONDS: Final = 30.0
TIMER_SECONDS: Final = 20.0
LOOK_AGAIN_SECONDS: Final = 120.0
MAX_OPENED: Final = 2000  # incidents remembered, for witnesses who call later
OUTCOME_UNKNOWN: Final = "hung_up"


@dataclass(slots=True)
class Colleague:
    """One simulated dispatcher; talks to one caller at a time."""

    place: Place
    talking: asyncio.Task[None] | None = None

    @property
    def is_free(self) -> bool:
        return self.talking is None or self.talking.done()


@dataclass(slots=True)
class Shift:
    """The colleagues of one centre.

    stories: what each caller on the line has to say, by id of the call, shared with the telephone; opened: incident by
    the call that first reported it, shared between the centres; reactions: after how many seconds each ringing call is
    taken; taken: calls somebody deals with, by state; tried: when units were last looked for, by incident without any.
    """

    eyes: Eyes
    colleagues: list[Colleague]
    stories: dict[str, PlannedCall]
    opened: dict[str, str]
    clock: Clock
    random: Random
    reactions: dict[str, float] = field(default_factory=dict)
    taken: dict[tuple[str, str], None] = field(default_factory=dict)
    tried: dict[str, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Work until cancelled."""
        await self.eyes.look()
        await self._tidy_up()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.eyes.watch())
            while True:
                for call in [*self._due(), *self._lost()]:
                    colleague = next((one for one in self.colleagues if one.is_free), None)
                    if colleague is None:
                        break
                    self.taken[call["id"], call["state"]] = None
                    course = self._call_back if call["state"] == "lost" else self._converse
                    colleague.talking = group.create_task(course(colleague.place, call))
                await self._finish()
                self._forget()
                await asyncio.sleep(LOOK_SECONDS / self.clock.speed)

    def _forget(self) -> None:
        """What concerns calls and incidents that are not on the consoles any more."""
        self.reactions = {call: seconds for call, seconds in self.reactions.items() if call in self.eyes.calls}
        self.taken = {key: None for key in self.taken if key[0] in self.eyes.calls}
        self.tried = {incident: at for incident, at in self.tried.items() if incident in self.eyes.incidents}
        while len(self.opened) > MAX_OPENED:
            del self.opened[next(iter(self.opened))]

    @property
    def names(self) -> set[str]:
        """Of the colleagues, as they stand in the incidents they open."""
        return {who["user"] for seat, who in self.eyes.seats.items() if who and seat in self.seats}

    @property
    def seats(self) -> set[str]:
        return {one.place.seat for one in self.colleagues}

    def people_present(self) -> bool:
        """True if somebody who is not simulated sits in this room."""
        room = self.eyes.place.seat[:1]
        return any(seat[:1] == room and seat not in self.seats for seat, who in self.eyes.seats.items() if who)

    async def _tidy_up(self) -> None:
        """Calls that an earlier run was talking to: nobody is on the line any more."""
        for call in list(self.eyes.calls.values()):
            if call["seat"] in self.seats and call["state"] in ("answered", "held"):
                await self._of(call["seat"]).command("call.end", call=call["id"], outcome=OUTCOME_UNKNOWN)

    def _of(self, seat: str) -> Place:
        return next(one.place for one in self.colleagues if one.place.seat == seat)

    def _due(self) -> Iterator[dict[str, Any]]:
        """Ringing calls that a colleague would take by now, oldest first."""
        now, people = datetime.now(UTC), self.people_present()
        for call in sorted(self.eyes.calls.values(), key=lambda view: view["rang_at"]):
            if call["state"] != "ringing" or (call["id"], "ringing") in self.taken:
                continue
            if call["seat"] and call["seat"] not in self.seats:
                continue  # handed to a person
            reaction = self.reactions.setdefault(call["id"], self._reaction(people=people))
            if (now - datetime.fromisoformat(call["rang_at"])).total_seconds() * self.clock.speed >= reaction:
                yield call

    def _lost(self) -> Iterator[dict[str, Any]]:
        """Callers who gave up and whom nobody has called back yet."""
        now = datetime.now(UTC)
        for call in sorted(self.eyes.calls.values(), key=lambda view: view["rang_at"]):
            if call["state"] != "lost" or call["called_back_at"] or (call["id"], "lost") in self.taken:
                continue
            waited = (now - datetime.fromisoformat(call["ended_at"])).total_seconds() * self.clock.speed
            if waited >= CALL_BACK_SECONDS:
                yield call

    async def _call_back(self, place: Place, call: dict[str, Any]) -> None:
        """Most lost callers had help already, or do not answer."""
        await self.clock.sleep(self.random.uniform(10, 30))
        reached = bool(call["number"]) and self.random.random() < REACHED_SHARE
        await place.command("call.called_back", call=call["id"], reached=reached)

    def _reaction(self, *, people: bool) -> float:
        if people and self.random.randrange(SHARE_FOR_PEOPLE) == 0:
            return HELP_SECONDS
        return self.random.uniform(*REACTION_SECONDS)

    async def _converse(self, place: Place, call: dict[str, Any]) -> None:
        """One conversation, from the answer to the last word."""
        ident = call["id"]
        if "refused" in await place.command("call.answer", call=ident):
            return
        story = self.stories.get(ident)
        if story is None:
            await self.clock.sleep(8)
            await place.command("call.end", call=ident, outcome=OUTCOME_UNKNOWN)
            return
        await self.clock.sleep(story.talk * 0.4)
        await place.command("call.note", call=ident, note=story.report)
        incident = self.opened.get(story.about) if story.about else None
        if incident is not None:
            await place.command("call.attach", call=ident, incident=incident)
        elif story.scenario.keyword:
            await self._open_and_alarm(place, ident, story)
        await self.clock.sleep(story.talk * 0.3)
        outcome = "duplicate" if incident else story.scenario.outcome
        await place.command("call.end", call=ident, outcome=outcome)

    async def _open_and_alarm(self, place: Place, call: str, story: PlannedCall) -> None:
        incident = str(uuid4())
        spot = story.spot
        where = f"{spot.municipality}, {spot.name}" if spot.municipality not in ("", spot.name) else spot.name
        answer = await place.command(
            "incident.open", incident=incident, call=call, keyword=story.scenario.keyword, place=where,
            municipality=spot.municipality or spot.name, lon=story.spot.point[0], lat=story.spot.point[1],
            report=story.report, caller_number=story.number,
        )  # fmt: skip
        if "refused" in answer:
            return
        self.opened[story.about or story.id] = incident
        await self.clock.sleep(story.talk * 0.2)
        await self.alarm(place, incident)

    async def alarm(self, place: Place, incident: str) -> None:
        """Alarm what is proposed; whoever was snatched away meanwhile is replaced by a second look."""
        for _ in range(2):
            proposal = await place.proposal(incident)
            units = [
                {"unit": unit["unit"], "why": unit["why"][:200], "eta_seconds": unit["eta_seconds"]}
                for slot in proposal.get("slots", ())
                for unit in slot["filled"]
            ]
            if not units:
                return
            answer = await place.command("incident.alarm", incident=incident, units=units)
            if answer.get("refused") != "unit_committed":
                return

    async def _finish(self) -> None:
        """Close what the colleagues opened once all units are free, and take note of their timers."""
        now = datetime.now(UTC)
        for incident in list(self.eyes.incidents.values()):
            if incident["opened_by"] not in self.names or incident["centre"] != self.eyes.place.centre:
                continue
            await self._take_note(incident, now)
            times = [row["times"]["ended"] for row in incident["assignments"]]
            if not times:
                await self._look_again(incident, now)
            if not times or not all(times):
                continue
            over = (now - datetime.fromisoformat(max(times))).total_seconds() * self.clock.speed
            if over > CLOSE_AFTER_SECONDS:
                outcome = "transported" if _transported(incident) else "completed"
                await self.eyes.place.command("incident.close", incident=incident["id"], outcome=outcome)
                self.eyes.incidents.pop(incident["id"], None)

    async def _look_again(self, incident: dict[str, Any], now: datetime) -> None:
        """Nobody was free when it was opened, or its dispatcher was interrupted: try again from time to time."""
        last = self.tried.get(incident["id"]) or datetime.fromisoformat(incident["opened_at"])
        if (now - last).total_seconds() * self.clock.speed > LOOK_AGAIN_SECONDS:
            self.tried[incident["id"]] = now
            await self.alarm(self.eyes.place, incident["id"])

    async def _take_note(self, incident: dict[str, Any], now: datetime) -> None:
        for timer in incident["timers"]:
            if timer["fired_at"] and not timer["seen_at"]:
                age = (now - datetime.fromisoformat(timer["fired_at"])).total_seconds()
                if age > TIMER_SECONDS:
                    await self.eyes.place.command("timer.seen", timer=timer["id"])
                    timer["seen_at"] = now.isoformat()


def _transported(incident: dict[str, Any]) -> bool:
    return any(row["times"]["transporting"] for row in incident["assignments"])


async def seat_all(url: str, users: list[tuple[str, str]], password: str) -> list[Colleague]:
    """Seat ``users`` (name, seat); whoever finds the seat taken stays away."""
    seated = []
    for user, seat in users:
        try:
            seated.append(Colleague(await Place.take(url, user, password, seat)))
        except NotSeated as error:
            logger.warning("Kollege fehlt: %s", error)
    return seated
