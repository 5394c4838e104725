"""Random dispatchers: sequences of commands as a busy, careless, sometimes confused room gives them.

Every program leaves a journal that the law tests use. A refusal is a normal answer; anything else that goes wrong is
a failure of the house.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from incidents.models import AlarmDelivery, Assignment, Call, Incident, Timer
from journal.actor import Actor
from tests.world import UNITS, World

UNIT_IDS = [unit[0] for unit in UNITS]
PLACES = [(11.59, 50.93), (11.60, 50.94), (11.85, 50.90), (12.08, 50.88), (11.70, 50.90)]
KEYWORDS = ["RD1", "RD2", "B2", "KTP"]
DEVICES = frozenset({"telephony", "radio", "station"})
ADMINISTRATOR = frozenset({"administrator"})

Check = Callable[[str, dict[str, Any], dict[str, Any]], None]


def random_program(
    dice: random.Random, world: World, steps: int = 40, check: Check | None = None
) -> list[dict[str, Any]]:
    """Give up to ``steps`` random commands; ``check(name, input, answer)`` after each. Returns the answers.

    Seeded dice and no shrinking: what may be named depends on ids that are new in every run, so a tool that replays
    choices finds another room each time.
    """
    room = Room(dice, world)
    answers = []
    for _step in range(dice.randint(min(10, steps), steps)):
        name, values = room.next_command()
        answer = world.do(name, room.actor(name), **values)
        answers.append(answer)
        if check:
            check(name, values, answer)
    return answers


class Room:
    """What the random dispatchers can name: whatever there is, and now and then something that is not."""

    def __init__(self, dice: random.Random, world: World) -> None:
        self.dice = dice
        self.world = world
        self.device = Actor("device", "d", "Gerät", roles=DEVICES)
        self.administrator = Actor("user", str(UUID(int=9)), "Ada Admin", "jena", "J2", ADMINISTRATOR)

    def actor(self, name: str) -> Actor:
        if name in {"call.receive", "call.lose", "unit.report_status"}:
            return self.device
        if name == "incident.forget":
            return self.administrator
        return self.pick([self.world.jena, self.world.jena, self.world.gera])

    def next_command(self) -> tuple[str, dict[str, Any]]:
        name = self.pick(sorted(COMMANDS))
        # The frequent things are frequent: else most programs never get as far as an alarm.
        name = self.pick([name, name, "incident.open", "incident.alarm", "unit.report_status"])
        return name, COMMANDS[name](self)

    def pick(self, options: Any) -> Any:
        return self.dice.choice(list(options))

    def known(self, ids: Any) -> str:
        """One of ``ids``, usually; the newest most often."""
        options = [str(ident) for ident in ids]
        return self.pick([*options, options[-1], options[-1]]) if options else str(uuid4())

    def incident(self) -> str:
        return self.known(Incident.objects.order_by("opened_at").values_list("pk", flat=True))

    def call(self) -> str:
        return self.known(Call.objects.order_by("rang_at").values_list("pk", flat=True))

    def unit(self) -> str:
        return self.pick([*UNIT_IDS[:6], *UNIT_IDS[:6], "g-83-1", "nobody"])

    def place(self) -> dict[str, float]:
        lon, lat = self.pick(PLACES)
        return {"lon": lon, "lat": lat}

    def assignment(self) -> str:
        return self.known(Assignment.objects.filter(ended_at=None).order_by("pk").values_list("pk", flat=True))


def _open(room: Room) -> dict[str, Any]:
    values: dict[str, Any] = {"incident": str(uuid4()), "place": "Probeweg 1", "report": "Rauch", **room.place()}
    if room.pick([True, True, False]):
        values["keyword"] = room.pick(KEYWORDS)
    if room.pick([True, False, False]):
        values["appointment_at"] = (timezone.now() + timedelta(hours=room.pick([-1, 1, 5]))).isoformat()
    if room.pick([True, False]):
        values["call"] = room.call()
    return values


def _alarm(room: Room) -> dict[str, Any]:
    units = []
    for _number in range(room.pick([1, 1, 2, 3])):
        order: dict[str, Any] = {"unit": room.unit(), "why": "Zufall"}
        holder = Assignment.objects.filter(unit_id=order["unit"], ended_at=None).values_list("incident_id", flat=True)
        if room.pick([True, False]) and holder:
            order["take_from"] = str(holder[0])
        units.append(order)
    return {"incident": room.incident(), "units": units}


def _status(room: Room) -> dict[str, Any]:
    unit = room.unit()
    committed = Assignment.objects.filter(ended_at=None).order_by("pk").values_list("unit_id", flat=True)
    values: dict[str, Any] = {"unit": room.pick([unit, *committed, *committed]), "status": room.pick(range(10))}
    late = room.pick([None, None, 0, 60, 86_400, -30])
    if late is not None:
        values["observed_at"] = (timezone.now() - timedelta(seconds=late)).isoformat()
    if values["status"] in {7, 8}:
        values["hospital"] = room.pick([None, "ukj"])
    return values


def _edit(room: Room) -> dict[str, Any]:
    incident = room.incident()
    now = Incident.objects.filter(pk=incident).values_list("report", flat=True).first() or ""
    seen = room.pick([now, now, "veraltet"])
    return {"incident": incident, "changes": {"report": {"old": seen, "new": room.pick(["Feuer", "Qualm", now])}}}


def _split(room: Room) -> dict[str, Any]:
    incident = room.incident()
    here = Assignment.objects.filter(incident_id=incident, ended_at=None).order_by("pk").values_list("pk", flat=True)
    return {"incident": incident, "new": str(uuid4()), "assignments": [str(pk) for pk in here[:1]]}


def _receive(room: Room) -> dict[str, Any]:
    return {"call": str(uuid4()), "centre": "jena", "number": "03641 1234", "position": room.place()}


def _one_call(room: Room) -> dict[str, Any]:
    return {"call": room.call()}


def _one_unit(room: Room) -> dict[str, Any]:
    unit, held = (
        room.unit(),
        Assignment.objects.filter(ended_at=None).order_by("pk").values_list("unit_id", "incident_id"),
    )
    options = [(unit, room.incident()), *held]
    unit, incident = room.pick(options)
    return {"unit": unit, "incident": str(incident)}


def _scope(room: Room) -> dict[str, Any]:
    return {"scope": room.pick(["centre:jena", "centre:jena", "county:16074", f"incident:{room.incident()}"])}


COMMANDS: dict[str, Callable[[Room], dict[str, Any]]] = {
    "take_over.request": lambda room: {**_scope(room), "partner": "gera"},
    "take_over.accept": _scope,
    "take_over.decline": _scope,
    "switch_back.start": _scope,
    "switch_back.piece": lambda room: room.pick([{"incident": room.incident()}, {"call": room.call()}]),
    "switch_back.all": _scope,
    "call.receive": _receive,
    "call.answer": _one_call,
    "call.hold": _one_call,
    "call.resume": _one_call,
    "call.lose": _one_call,
    "call.end": lambda room: {"call": room.call(), "outcome": room.pick(["", "advice", "nonsense"])},
    "call.hand": lambda room: {"call": room.call(), "seat": room.pick(["J2", "G1", "X9"])},
    "call.note": lambda room: {"call": room.call(), "note": room.pick(["Rauch", "Sturz"])},
    "call.called_back": lambda room: {"call": room.call(), "reached": room.pick([True, False])},
    "call.attach": lambda room: {"call": room.call(), "incident": room.incident()},
    "incident.open": _open,
    "incident.edit": _edit,
    "incident.raise_keyword": lambda room: {"incident": room.incident(), "keyword": room.pick([*KEYWORDS, "X"])},
    "incident.note": lambda room: {"incident": room.incident(), "text": "Notiz", "kind": room.pick(["note", "report"])},
    "incident.merge": lambda room: {"incident": room.incident(), "into": room.incident()},
    "incident.split": _split,
    "incident.hand_over": lambda room: {"incident": room.incident(), "centre": room.pick(["jena", "gera", "x"])},
    "incident.close": lambda room: {
        "incident": room.incident(), "outcome": "completed", "release": room.pick([True, False]),
    },
    "incident.forget": lambda room: {"incident": room.incident(), "reason": "Probe"},
    "incident.alarm": _alarm,
    "incident.reserve": _one_unit,
    "incident.release": _one_unit,
    "incident.direct": lambda room: {**_one_unit(room), "hospital": room.pick(["ukj", "x"])},
    "incident.recall": lambda room: {
        "incident": (one := _one_unit(room))["incident"], "units": [one["unit"]], "reason": room.pick(["", "Irrtum"]),
    },
    "incident.receipt": lambda room: {
        "delivery": room.known(AlarmDelivery.objects.order_by("owed_at", "pk").values_list("pk", flat=True))
    },
    "timer.seen": lambda room: {
        "timer": room.known(Timer.objects.order_by("due_at", "pk").values_list("pk", flat=True))
    },
    "unit.move_up": lambda room: {"unit": room.unit(), "station": room.pick(["rw-roda", None, "x"])},
    "unit.report_status": _status,
}  # fmt: skip
