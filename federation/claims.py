"""Units of another centre: before an incident gets one, the unit's own centre promises it.

There the unit's row is locked, so of two rooms that want one unit at once one gets it. The promise counts there until
the alarm has arrived. A centre that cannot be asked does not hold up an alarm: the unit goes, marked as unconfirmed,
and if that centre had given it to somebody else meanwhile, both rooms are told when they hear of each other.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from django.db import connection
from pydantic import BaseModel, ConfigDict, Field

from federation import nodes, reach, routing
from federation.entries.claim import UnitClaimed, UnitClaimReleased
from incidents.models import Assignment, Incident
from incidents.rules.commitment import Promise, obstacles
from incidents.rules.course import RESERVED
from incidents.services.alarm import MAX_UNITS, assignment_of, refuse, unit_committed
from incidents.services.locks import lock_units, register_promises
from incidents.services.roles import SYSTEM
from journal.actor import Actor
from journal.commands import Busy, Command, command, first_answer
from journal.record import Transaction

# Longer than any way of an alarm from node to node, short enough that a unit is not lost to a node that died.
PROMISED: Final = timedelta(seconds=60)
NAMESPACE: Final = UUID("6a1c9a50-2d2e-4bb0-8f57-0c8f6f0b7d31")
# The entry of a commitment that the other centre knows and we do not yet is on its way.
ARRIVAL_SECONDS: Final = 0.5
POLL_SECONDS: Final = 0.01

Answer = dict[str, Any]
# (node, command, data, command_id, actor) -> its answer; None if it cannot be asked or does not answer
Ask = Callable[[str, str, dict[str, Any], UUID, Actor], Answer | None]

_PROMISES = """
SELECT c.unit_id, c.incident_id, c.number, c.assignment FROM federation_claim c
 WHERE c.unit_id = ANY(%s) AND c.until > clock_timestamp()
   AND NOT EXISTS (SELECT 1 FROM incidents_assignment a WHERE a.id = c.assignment AND a.state <> 'reserved')
"""


# --- at the unit's own centre -----------------------------------------------------------------------------------
class ClaimedUnit(BaseModel):
    """One unit that is asked for; see ``OrderedUnit`` and ``UnitClaimed``."""

    model_config = ConfigDict(extra="forbid")

    unit: str = Field(max_length=64)
    assignment: UUID
    take_from: UUID | None = None


class ClaimUnits(Command):
    """See ``claim``."""

    units: list[ClaimedUnit] = Field(min_length=1, max_length=MAX_UNITS)
    incident: UUID
    number: str = Field(max_length=24)
    centre: str = Field(max_length=64)


@command("unit.claim", roles=SYSTEM, about="units")
def claim(tx: Transaction, cmd: ClaimUnits) -> dict[str, Any]:
    """Promise units to an incident of another centre, all or none; asked by that centre's node.

    Refused as an alarm would be, also for a unit that is promised already. Result ``taken``: the assignment that each
    unit has to be taken away from, by unit.
    """
    asked = {one.unit: one for one in cmd.units}
    units = lock_units(asked)
    take_from = {unit: one.take_from for unit, one in asked.items() if one.take_from}
    refuse(obstacles(list(asked), units, cmd.incident, take_from))
    others = [
        unit for unit in units.values() if unit.promised and unit.promised.assignment != asked[unit.id].assignment
    ]
    if others:
        raise unit_committed(*others)
    for ident, one in asked.items():
        tx.record(
            UnitClaimed(
                unit=ident, unit_name=units[ident].name, incident=cmd.incident, number=cmd.number, centre=cmd.centre,
                assignment=one.assignment, until=tx.at + PROMISED,
            )
        )  # fmt: skip
    return {"taken": {unit.id: str(unit.committed.id) for unit in units.values() if unit.committed}}


class ReleaseUnits(Command):
    """See ``release``: assignments by unit."""

    units: list[ClaimedUnit] = Field(min_length=1, max_length=MAX_UNITS)


@command("unit.release", roles=SYSTEM, about="units")
def release(tx: Transaction, cmd: ReleaseUnits) -> None:
    """The alarm did not come about; whoever waits for the units may have them. Releasing twice is no fault."""
    lock_units(one.unit for one in cmd.units)
    promised = promises([one.unit for one in cmd.units])
    for one in cmd.units:
        if one.unit in promised and promised[one.unit].assignment == one.assignment:
            tx.record(UnitClaimReleased(unit=one.unit, assignment=one.assignment))


def promises(units: Sequence[str]) -> Mapping[str, Promise]:
    """What is promised of ``units`` and has not arrived yet."""
    if reach.alone():
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PROMISES, [list(units)])
        return {row[0]: Promise(*row[1:]) for row in cursor.fetchall()}


register_promises(promises)


# --- at the incident's centre -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Asked:
    """What one node was asked for, and what it said (None: nothing)."""

    node: str
    data: dict[str, Any]
    answer: Answer | None

    @property
    def units(self) -> list[str]:
        return [one["unit"] for one in self.data["units"]]


def alarm(data: dict[str, Any], command_id: UUID, actor: Actor, *, run: Callable[[dict[str, Any]], Answer],
          ask: Ask) -> Answer:  # fmt: skip
    """Carry out ``incident.alarm`` by ``run``, its foreign units promised first; gives back what was not needed."""
    orders = _orders(data)
    by_node = _foreign(orders)
    if not by_node:
        return run(data)
    incident = Incident.objects.filter(pk=data["incident"]).values("id", "number", "centre_id").first()
    # Who repeats an alarm that was given gets its answer at once: another node may need six seconds to say nothing.
    if incident is None or first_answer(command_id, actor) is not None:
        return run(data)
    asked = _ask_all(orders, by_node, incident, command_id, actor, ask)
    refused = next((a.answer for a in asked if a.answer and "refused" in a.answer), None)
    doubtful = {unit for a in asked if a.answer is None for unit in a.units}
    if refused is None and not _arrived(asked):
        refused = Busy().to_json()
    if refused is None:
        units = [order | {"unconfirmed": order["unit"] in doubtful} for order in data["units"]]
        answer = run(data | {"units": units})
        if "refused" not in answer:
            return answer
        refused = answer
    for a in asked:
        if a.answer and "pos" in a.answer:
            ask(a.node, "unit.release", {"units": a.data["units"]}, uuid5(NAMESPACE, f"{command_id}|{a.node}|release"),
                actor)  # fmt: skip
    return refused


def without_marks(data: dict[str, Any]) -> dict[str, Any]:
    """The order as a client may give it: what only nodes tell each other is left out."""
    units = data.get("units")
    if not isinstance(units, list):
        return data
    return data | {
        "units": [
            {name: value for name, value in unit.items() if name != "unconfirmed"} if isinstance(unit, dict) else unit
            for unit in units
        ]
    }


def _orders(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The orders by unit; none where the input makes no sense, which the service will say."""
    units = data.get("units")
    if not isinstance(units, list) or not all(isinstance(u, dict) and isinstance(u.get("unit"), str) for u in units):
        return {}
    try:
        UUID(str(data.get("incident")))
    except ValueError:
        return {}
    return {order["unit"]: order for order in units[:MAX_UNITS]}


def _foreign(orders: Mapping[str, Any]) -> dict[str, list[str]]:
    """The units that another node answers for, by node."""
    by_node: dict[str, list[str]] = {}
    for unit, centre in (routing.unit_centres(orders) if orders else {}).items():
        node = nodes.node_of(centre)
        if not reach.is_here(node):
            by_node.setdefault(node, []).append(unit)
    return by_node


def _ask_all(
    orders: Mapping[str, dict[str, Any]], by_node: Mapping[str, Sequence[str]], incident: Mapping[str, Any],
    command_id: UUID, actor: Actor, ask: Ask,
) -> list[_Asked]:  # fmt: skip
    """Ask every node for its units, all at once."""
    reserved = Assignment.objects.filter(incident_id=incident["id"], unit_id__in=orders, state=RESERVED, ended_at=None)
    assignments = dict(reserved.values_list("unit_id", "pk"))

    def about(node: str) -> dict[str, Any]:
        units = [
            {
                "unit": unit,
                "assignment": str(assignments.get(unit) or assignment_of(command_id, unit)),
                "take_from": orders[unit].get("take_from"),
            }
            for unit in by_node[node]
        ]
        return {
            "units": units, "incident": str(incident["id"]), "number": incident["number"],
            "centre": incident["centre_id"],
        }  # fmt: skip

    def one(node: str) -> _Asked:
        data = about(node)
        return _Asked(node, data, ask(node, "unit.claim", data, uuid5(NAMESPACE, f"{command_id}|{node}|claim"), actor))

    if len(by_node) == 1:
        return [one(node) for node in by_node]

    def in_thread(node: str) -> _Asked:
        try:
            return one(node)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(by_node)) as threads:
        return list(threads.map(in_thread, by_node))


def _arrived(asked: Sequence[_Asked]) -> bool:
    """Whether the commitments that are to be taken away are known here: else they could not be ended."""
    taken = {UUID(one) for a in asked if a.answer for one in a.answer.get("result", {}).get("taken", {}).values()}
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while taken and Assignment.objects.filter(pk__in=taken).count() < len(taken):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
