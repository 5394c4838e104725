"""What can happen on a bad day, each kind of it once."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from federation.link import work
from federation.protocol import Read
from sim.machine import Job
from sim.node import Node
from sim.plan import Action, newer_types

if TYPE_CHECKING:
    from sim.simulation import Simulation

Act = Callable[["Simulation", Action, Node], None]
Way = tuple[str, str]
FLAPS = 5


def _order(sim: "Simulation", action: Action, node: Node) -> None:
    sim.order(node, action)


def _twin(sim: "Simulation", action: Action, node: Node) -> None:
    """Two people do something to the same thing in the same instant."""
    for one in (node, sim.nodes[action.other]):
        sim.order(one, action)


def _repeat(sim: "Simulation", action: Action, node: Node) -> None:
    sim.repeat(action)


def _close(sim: "Simulation", ways: list[Way], seconds: float) -> None:
    for way in ways:
        sim.wires.close(*way)

    def open_again() -> None:
        if not sim.healing:
            sim.trouble(*{name for way in ways for name in way})
            for way in ways:
                sim.wires.open(*way)

    sim.events.after(seconds, open_again)


def _cut(sim: "Simulation", action: Action, node: Node) -> None:
    """Nothing passes between two nodes, in neither direction."""
    sim.hit(action.kind, action.node, action.other)
    _close(sim, [(action.node, action.other), (action.other, action.node)], action.amount)


def _one_way(sim: "Simulation", action: Action, node: Node) -> None:
    """One hears the other, who hears nothing."""
    sim.hit(action.kind, action.node, action.other)
    _close(sim, [(action.node, action.other)], action.amount)


def _island(sim: "Simulation", action: Action, node: Node) -> None:
    """A node is cut off from everybody."""
    sim.hit(action.kind, *sim.nodes)
    others = [name for name in sim.nodes if name != action.node]
    ways = [way for name in others for way in ((name, action.node), (action.node, name))]
    _close(sim, ways, action.amount)


def _flap(sim: "Simulation", action: Action, node: Node) -> None:
    """A line that is there and gone, again and again."""
    sim.hit(action.kind, action.node, action.other)
    both = [(action.node, action.other), (action.other, action.node)]
    seconds = action.amount * sim.plan.limits.beat_seconds / 3

    def turn() -> None:
        if not sim.healing:
            _close(sim, both, seconds)

    for number in range(FLAPS):
        sim.events.after(number * 2 * seconds, turn)


def _reset(sim: "Simulation", action: Action, node: Node) -> None:
    """The connection breaks; what was under way is lost, an acknowledgement perhaps."""
    for one, other in ((action.node, action.other), (action.other, action.node)):
        for line in [line for line in sim.nodes[one].lines if line.peer == other]:
            sim.hit(action.kind, one, other)
            if line.out is not None and not line.out.torn:
                line.out.tear().lost()


def _slow_line(sim: "Simulation", action: Action, node: Node) -> None:
    sim.hit(action.kind, action.node, action.other)
    sim.wires.slow_down(action.node, action.other, action.amount)

    def quick_again() -> None:
        sim.trouble(action.node, action.other)
        sim.wires.slow_down(action.node, action.other, 0.0)

    sim.events.after(action.amount * 30, quick_again)


def _crash(sim: "Simulation", action: Action, node: Node) -> None:
    """Kill -9 at some statement or commit of the work to come."""
    if node.machine.alive:
        node.machine.down_seconds = max(1.0, action.amount)
        node.machine.crash_in = random.Random(action.dice).randrange(40)


def _crash_now(sim: "Simulation", action: Action, node: Node) -> None:
    sim.crash(node, action.amount)


def _slow_disk(sim: "Simulation", action: Action, node: Node) -> None:
    """For a while each commit takes that long."""
    sim.hit(action.kind, action.node)
    node.machine.slow_seconds = action.amount
    node.machine.slow_until = sim.events.now + 60 * action.amount
    sim.events.after(65 * action.amount, lambda: sim.trouble(action.node))


def _clock_step(sim: "Simulation", action: Action, node: Node) -> None:
    sim.hit(action.kind, action.node)
    node.machine.offset += action.amount


def _drift(sim: "Simulation", action: Action, node: Node) -> None:
    """From now on the clock runs wrong by so many millionths."""
    sim.hit(action.kind, action.node)
    machine = node.machine
    before = machine.drift
    machine.drift = action.amount * 1e-6
    machine.offset += sim.events.now * (before - machine.drift)


def _backup(sim: "Simulation", action: Action, node: Node) -> None:
    node.machine.reader.ready().execute("SELECT sim.copy('public', 'backup')")
    sim.oracle.back_up(node.name)


def _restore(sim: "Simulation", action: Action, node: Node) -> None:
    """The disk is what it was at the last backup."""
    if sim.exchange_disk(node, "backup"):
        sim.hit(action.kind, action.node)


def _replace(sim: "Simulation", action: Action, node: Node) -> None:
    """An empty machine takes the node's place."""
    if sim.exchange_disk(node, "seed"):
        sim.hit(action.kind, action.node)


def _older(sim: "Simulation", action: Action, node: Node) -> None:
    """A node runs an older version for a while, which does not know everything."""
    if not node.machine.alive or node.machine.unknown:
        return
    sim.hit(action.kind, action.node)
    sim.crash(node, 5.0)
    node.machine.unknown = newer_types(random.Random(action.dice))

    def updated() -> None:
        if not sim.healing and node.machine.unknown:
            sim.crash(node, 5.0)
            node.machine.unknown = frozenset()

    sim.events.after(action.amount, updated)


def _stray(sim: "Simulation", action: Action, node: Node) -> None:
    """A batch out of its order: with a gap before it nothing of it may be taken."""
    other = sim.nodes[action.other]
    if not (node.machine.alive and other.machine.alive):
        return
    streams = [(origin, inc) for origin, inc, _seq in sim.oracle.disks[other.name].entries]
    origin, inc = random.Random(action.dice).choice(streams)
    known = max((seq for o, i, seq in sim.oracle.disks[node.name].entries if (o, i) == (origin, inc)), default=0)
    with other.machine.at_work(other.machine.reading()):
        rows = tuple(work.read(Read(origin, inc, known + 1, 5)))
    if not rows or origin == node.name:
        return
    sim.hit(action.kind)

    def done(result: Any) -> None:
        if not isinstance(result, ValueError):
            sim.oracle.violation("a gap is refused", f"{node.name} took {origin}/{inc} from {rows[0].seq}: {result!r}")

    def run() -> Any:
        have = {mark.incarnation: mark.seq for mark in work.have().get(origin, ())}
        if have.get(inc, 0) + 1 >= rows[0].seq:
            return ValueError("meanwhile there is no gap")
        return work.store(rows)

    node.machine.submit(Job(run, done))


ACTS: dict[str, Act] = {
    "command": _order, "forget": _order, "sign": _order, "take_over": _order, "twin": _twin, "repeat": _repeat,
    "cut": _cut, "one_way": _one_way, "island": _island, "flap": _flap, "reset": _reset, "slow_line": _slow_line,
    "crash": _crash, "crash_now": _crash_now, "slow_disk": _slow_disk, "clock_step": _clock_step, "drift": _drift,
    "backup": _backup, "restore": _restore, "replace": _replace, "older": _older, "stray": _stray,
}  # fmt: skip
