"""What people and devices do at a node: the commands of the tests' random rooms, given by that node's own people."""

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Q

from federation.models import Conflict, Mandate
from incidents.models import Call, Incident
from journal.actor import Actor
from sim.world import administrator, device, dispatcher, seat_of
from tests.programs import COMMANDS, Room
from tests.world import UNITS, World

Order = tuple[str, dict[str, Any], Actor]
FREQUENT = ("incident.open", "incident.alarm", "unit.report_status", "call.receive", "incident.edit", "incident.alarm")


class SimRoom(Room):
    """The room of one centre. ``own``: units of its county come first."""

    def __init__(self, dice: random.Random, node: str) -> None:
        actor = dispatcher(node)
        super().__init__(dice, World(actor, actor))
        self.node = node
        self.device = device(node)
        self.administrator = administrator(node)

    def next_command(self) -> tuple[str, dict[str, Any]]:
        name = self.pick([self.pick(sorted(COMMANDS)), self.pick(FREQUENT)])
        values = COMMANDS[name](self)
        if name == "call.receive":
            values["centre"] = self.node
            if self.pick([True, False]):
                del values["position"]
        if name == "call.hand":
            values["seat"] = seat_of(self.node)
        return name, values

    def unit(self) -> str:
        letter = self.node[0]
        own = [unit[0] for unit in UNITS if unit[0].startswith(letter)]
        return self.pick([*own, *own, *(unit[0] for unit in UNITS)])


def routine(dice: random.Random, node: str) -> Order:
    """One ordinary command."""
    room = SimRoom(dice, node)
    name, values = room.next_command()
    return name, values, room.actor(name)


def same_thing(dice: random.Random, node: str) -> Order:
    """Something two nodes do to the same thing in the same instant: given equal dice they choose alike."""
    room = SimRoom(dice, "jena")
    what = dice.random()
    if what < 0.5:
        unit = dice.choice(UNITS)[0]
        status = dice.choice((1, 2, 6)) if node < "h" else dice.choice((3, 4, 8))
        return "unit.report_status", {"unit": unit, "status": status}, device(node)
    incident = room.incident()
    if what < 0.75:
        order = {"incident": incident, "units": [{"unit": dice.choice(UNITS)[0]}]}
        return "incident.alarm", order, dispatcher(node)
    now = Incident.objects.filter(pk=incident).values_list("report", flat=True).first() or ""
    changes = {"report": {"old": now, "new": f"Meldung aus {node}"}}
    return "incident.edit", {"incident": incident, "changes": changes}, dispatcher(node)


def take_over(dice: random.Random, node: str, partner: str) -> Order:
    """Take over from ``partner``, or give back what is held."""
    actor = dispatcher(node)
    held = Mandate.objects.filter(holder_id=node, state__in=["held", "returning"]).exclude(centre_id=node).first()
    if held is not None and dice.random() < 0.6:
        name = "switch_back.start" if held.state == "held" else dice.choice(("switch_back.all", "switch_back.finish"))
        return name, {"scope": held.scope}, actor
    asked = Mandate.objects.filter(centre_id=node, state="requested").first()
    if asked is not None and dice.random() < 0.5:
        return dice.choice(("take_over.accept", "take_over.decline")), {"scope": asked.scope}, actor
    pick = dice.random()
    if pick < 0.3:
        incident = Incident.objects.filter(centre_id=partner, state="open").order_by("opened_at").last()
        if incident is not None:
            return "take_over.incident", {"incident": str(incident.pk)}, actor
    if pick < 0.5:
        call = Call.objects.filter(centre_id=partner).exclude(state__in=["ended", "lost"]).order_by("rang_at").last()
        if call is not None:
            return "take_over.call", {"call": str(call.pk)}, actor
    scope = f"centre:{partner}"
    if pick < 0.7:
        return "take_over.request", {"scope": scope, "reason": "Probe"}, actor
    return "take_over.take", {"scope": scope, "reason": "Stille"}, actor


def forget(dice: random.Random, node: str) -> Order | None:
    """Forget an incident that is over."""
    over = Incident.objects.filter(~Q(state="open")).order_by("opened_at").values_list("pk", flat=True)
    if not over:
        return None
    return "incident.forget", {"incident": str(dice.choice(list(over))), "reason": "Frist"}, administrator(node)


def sign(dice: random.Random, node: str) -> Order | None:
    """Sign a conflict, one way or the other."""
    found = Conflict.objects.filter(signed_at=None).order_by("found_at", "pk").values_list("pk", flat=True)
    if not found:
        return None
    values = {"conflict": str(dice.choice(list(found))), "choice": dice.choice((0, 1)), "reason": "geklärt"}
    return "conflict.sign", values, dispatcher(node)


ORDERS: dict[str, Callable[[random.Random, str], Order | None]] = {
    "command": routine,
    "twin": same_thing,
    "forget": forget,
    "sign": sign,
}


def command_id(dice: random.Random) -> UUID:
    return UUID(int=dice.getrandbits(128), version=4)
