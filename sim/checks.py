"""The laws at the end of an episode, when every node has everything."""

import random
from typing import TYPE_CHECKING

from federation.collisions import collisions
from federation.models import Conflict
from incidents.models import Assignment, Incident
from journal import fold
from journal.models import Aggregate, Entry, Quarantine
from journal.transfer import Raw
from sim.world import FOUNDER

if TYPE_CHECKING:
    from sim.node import Node
    from sim.oracle import Oracle

# Folding everything anew costs as much as the whole episode.
REFOLDED_SHARE = 0.3


def at_the_end(nodes: "list[Node]", oracle: "Oracle", dice: random.Random) -> int:
    """Check what must hold; returns how many conflicts were noted."""
    oracle.lost()
    oracle.chains(nodes)
    digests = {}
    for node in nodes:
        with node.machine.at_work(node.machine.reader):
            digests[node.name] = fold.digests()
            _nothing_put_aside(node, oracle)
    first = nodes[0]
    for node in nodes[1:]:
        differing = [table for table, digest in digests[node.name].items() if digests[first.name][table] != digest]
        if differing:
            oracle.violation("equal entries, equal tables", f"{first.name} and {node.name}: {differing}")
    one = dice.choice(nodes)
    with one.machine.at_work(one.machine.writer):
        noted = _every_collision_is_noted(one, oracle)
        _numbers_are_given_once(one, oracle)
        _commitments_are_single_or_noted(one, oracle)
        if dice.random() < REFOLDED_SHARE:
            _tables_are_the_fold(one, oracle, dice, digests[one.name])
    return noted


def _nothing_put_aside(node: "Node", oracle: "Oracle") -> None:
    for row in Quarantine.objects.all()[:3]:
        oracle.violation("what is known is folded", f"{node.name}: {row.type} put aside: {row.reason}")


def _every_collision_is_noted(node: "Node", oracle: "Oracle") -> int:
    """Whoever compares everything with everything finds nothing that was not found while it happened."""
    subjects = Entry.objects.exclude(origin=FOUNDER).values_list("aggregate_kind", "aggregate_id").distinct()
    noted = dict(Conflict.objects.values_list("pk", "kind"))
    for collision in collisions(list(subjects)):
        if collision.id not in noted:
            oracle.violation(
                "what collides is a conflict", f"{collision.kind} {collision.about} {collision.field} {collision.sides}"
            )
    return len(noted)


def _numbers_are_given_once(node: "Node", oracle: "Oracle") -> None:
    numbers: dict[str, list[str]] = {}
    for number, ident in Incident.objects.exclude(number="").values_list("number", "pk"):
        numbers.setdefault(number, []).append(str(ident))
    contested = [
        set(map(str, row)) for row in Conflict.objects.filter(kind="number").values_list("incidents", flat=True)
    ]
    for number, incidents in numbers.items():
        if len(incidents) > 1 and not any(set(incidents) & pair for pair in contested):
            oracle.violation("a number is given once, or is a conflict", f"{number}: {incidents}")


def _commitments_are_single_or_noted(node: "Node", oracle: "Oracle") -> None:
    """A unit that is at two incidents is so in everybody's sight."""
    held: dict[str, set[str]] = {}
    rows = Assignment.objects.filter(ended_at=None).exclude(state=Assignment.State.RESERVED)
    for unit, incident in rows.values_list("unit_id", "incident_id"):
        held.setdefault(unit, set()).add(str(incident))
    for unit, incidents in held.items():
        if len(incidents) > 1:
            pairs = Conflict.objects.filter(kind="commitment", unit_id=unit).values_list("incidents", flat=True)
            seen = {str(incident) for pair in pairs for incident in pair}
            if not incidents <= seen:
                oracle.violation("a double commitment is a conflict", f"{unit}: {sorted(incidents)}")


def _tables_are_the_fold(node: "Node", oracle: "Oracle", dice: random.Random, before: dict[str, str]) -> None:
    """The journal alone, in any order of arrival, gives the tables."""
    raws = [Raw.of(row) for row in Entry.objects.order_by("pos")]
    if any(raw.type.endswith(".forgotten") for raw in raws):
        # What is forgotten cannot be read a second time: fold each aggregate where it stands.
        for kind, ident in Aggregate.objects.values_list("kind", "ident"):
            fold.refold(kind, ident)
    else:
        dice.shuffle(raws)
        fold.clear()
        for start in range(0, len(raws), 100):
            fold.absorb(raws[start : start + 100])
    after = fold.digests()
    differing = [table for table, digest in after.items() if digest != before[table]]
    if differing:
        oracle.violation("tables are the fold of the journal", f"{node.name}: {differing}")
