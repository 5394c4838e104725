"""One episode: nodes, network and disks of a plan, from the first action to equal hashes after healing."""

import random
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from federation import forwarding
from federation.link import restored
from federation.post import InDoubt, NotSent
from journal import commands
from sim import acts, checks, people
from sim.events import Events
from sim.machine import Crash, Job, Machine
from sim.node import Node
from sim.oracle import Oracle, all_rows
from sim.plan import Action, Plan
from sim.seams import Seams
from sim.stores import Stores, Wrapper
from sim.wires import Way, Wires

DOOR = "/federation/command/"
RETRIES = 6
# In beats: how long a healed network may take until everything is everywhere, and how long a pair counts as troubled.
HEAL_BEATS = 400
TROUBLED_BEATS = 20
VITAL_SECONDS = 1800.0


@dataclass(slots=True)
class Result:
    """What became of an episode."""

    plan: Plan
    violations: list[str]
    notes: list[str]
    commands: int = 0
    refused: int = 0
    entries: int = 0
    secured: int = 0
    conflicts: int = 0
    healed_seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)


class Pool:
    """The databases and connections that episodes use one after the other."""

    def __init__(self, stores: Stores, folder: Path) -> None:
        self.stores = stores
        self.folder = folder
        self._wrappers: dict[str, list[Wrapper]] = {}

    def machine(self, name: str, seams: Seams) -> Machine:
        """A machine with an empty disk: what everybody knows, and nothing else."""
        database = self.stores.database(name)
        folder = self.folder / name
        empty(folder)
        kept = self._wrappers.setdefault(name, [])
        taken = iter(kept or [self.stores.connect(database), self.stores.connect(database)])
        machine = Machine(name, database, folder, seams, lambda _database: next(taken))
        self._wrappers[name] = [machine.writer, machine.reader]
        return machine

    def close(self) -> None:
        for wrappers in self._wrappers.values():
            for wrapper in wrappers:
                wrapper.shut()
        self.stores.close()


def empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


class Simulation:
    """Runs one plan; ``run`` may be called once."""

    def __init__(self, plan: Plan, pool: Pool, seams: Seams) -> None:
        self.plan = plan
        self.seams = seams
        self.events = Events()
        self.oracle = Oracle()
        self.faults: Counter[str] = Counter()
        self.nodes: dict[str, Node] = {}
        self._dice = random.Random(f"world/{plan.seed}")
        self.wires = Wires(self.events, random.Random(f"wires/{plan.seed}"))
        self._troubled: dict[str, float] = {}
        self._given: list[tuple[Node, str, dict[str, Any], Any, UUID]] = []
        self.healing = False
        self._at_work: list[Node] = []
        for name in plan.nodes:
            self.nodes[name] = self._node(pool.machine(name, seams))

    # --- setting up ---------------------------------------------------------------------------------------------
    def _node(self, machine: Machine) -> Node:
        peers = tuple(name for name in self.plan.nodes if name != machine.name)
        machine.peers = [(name, f"ws://{name}", "") for name in peers]
        machine.now = lambda: self.events.now
        machine.later = self.events.after
        node = Node(
            machine, peers, self.events, self.wires, random.Random(f"{machine.name}/{self.plan.seed}"), self.oracle,
            self.plan.limits,
        )  # fmt: skip
        node.dial = lambda peer: self._connect(node, peer)
        node.neighbours = lambda: self._neighbours(node)
        node.other = lambda name: self.nodes[name]
        machine.after_commit = lambda: self.oracle.committed(node)
        machine.on_crash = lambda: self._crashed(node)
        self._fill(node, "seed")
        self.oracle.start(node.name, all_rows(node))
        return node

    def _fill(self, node: Node, source: str) -> None:
        """Make the database what a copy of it says."""
        connection = node.machine.reader.ready()
        connection.execute("SELECT sim.copy(%s, 'public')", [source])
        if source == "seed":
            store = UUID(int=self._dice.getrandbits(128), version=4)
            connection.execute("UPDATE journal_store SET id = %s", [store])

    def _connect(self, node: Node, peer: str) -> None:
        """``node`` dials; nothing comes of it unless the peer answers."""
        other = self.nodes[peer]
        if not (self.wires.both(node.name, peer) and other.open):
            return
        ours, theirs = node.line(peer, dialled=True), other.line(node.name, dialled=False)
        there, back = Way(self.wires, node.name, peer, theirs), Way(self.wires, peer, node.name, ours)
        other.connect(theirs, back)
        node.connect(ours, there)

    def _neighbours(self, node: Node) -> list[Node]:
        """Those with whom the node was linked, without any trouble, for long enough that each knows what the other
        did."""
        if not self.plan.routed:
            return []
        calm = self.events.now - TROUBLED_BEATS * self.plan.limits.beat_seconds
        return [
            other
            for other in self.nodes.values()
            if other is not node
            and node.speaks_to(other.name)
            and other.speaks_to(node.name)
            and max(self._troubled.get(name, -1e9) for name in (node.name, other.name)) < calm
        ]

    # --- an episode ---------------------------------------------------------------------------------------------
    def run(self) -> Result:
        """From the first action to the last law."""
        self.seams.request = self._request
        self.seams.dice = random.Random(f"bytes/{self.plan.seed}")
        self.seams.complaints.texts.clear()
        for node in self.nodes.values():
            node.boot()
            self._live(node)
        for action in self.plan.actions:
            self.events.at(action.at, self._doing(action))
        self.events.run_until(self.plan.hours * 3600)
        healed = self._heal()
        for text in dict.fromkeys(self.seams.complaints.texts):
            self.oracle.violation("the house raises nothing", text)
        checked = checks.at_the_end(list(self.nodes.values()), self.oracle, self._dice) if healed is not None else 0
        for node in self.nodes.values():
            if node.machine.alive:
                node.machine.die()
            node.machine.reader.kill()
        oracle = self.oracle
        return Result(
            self.plan, oracle.violations, oracle.notes, oracle.commands, oracle.refused, oracle.entries,
            oracle.secured_entries, checked, healed or 0.0, self.faults,
        )  # fmt: skip

    def _live(self, node: Node) -> None:
        """The loops of ``vital``, now and then."""

        def turn() -> None:
            if not self.healing:
                self.events.after(VITAL_SECONDS * (0.5 + self._dice.random()), turn)
                node.vital()

        self.events.after(VITAL_SECONDS * self._dice.random(), turn)

    def _doing(self, action: Action) -> Callable[[], None]:
        def do() -> None:
            if not self.healing:
                acts.ACTS[action.kind](self, action, self.nodes[action.node])

        return do

    def trouble(self, *names: str) -> None:
        for name in names:
            self._troubled[name] = self.events.now

    def hit(self, kind: str, *names: str) -> None:
        """A fault begins."""
        self.faults[kind] += 1
        self.trouble(*names)

    # --- commands -----------------------------------------------------------------------------------------------
    def order(self, node: Node, action: Action, kind: str = "") -> None:
        """Somebody at ``node`` gives a command, and repeats it under its number until there is an answer."""
        dice = random.Random(action.dice)
        command_id = people.command_id(random.Random(f"{action.dice}/{node.name}"))

        def make() -> people.Order | None:
            if action.kind == "take_over":
                return people.take_over(dice, node.name, action.other)
            return people.ORDERS[kind or action.kind](dice, node.name)

        self.give(node, make, command_id, action.dice)

    def give(
        self, node: Node, make: Callable[[], people.Order | None], command_id: UUID, seed: int, tries: int = RETRIES
    ) -> None:
        if not node.machine.alive or not node.ready:
            return
        given: list[people.Order] = []

        def run() -> dict[str, Any] | None:
            self.seams.dice = random.Random(f"{seed}/{node.name}/{tries}")
            order = make()
            if order is None:
                return None
            given.append(order)
            name, data, actor = order
            execute = forwarding.execute if self.plan.routed else commands.execute
            return execute(name, data, command_id=command_id, actor=actor)

        def again() -> None:
            if given and tries:
                self.events.after(
                    30 + self._dice.random() * 300,
                    lambda: self.give(node, lambda: given[0], command_id, seed, tries - 1),
                )

        def done(answer: Any) -> None:
            if isinstance(answer, Exception):
                node.defect(answer)
            elif answer is not None:
                self.oracle.answered(node, given[0][0], command_id, answer)
                if answer.get("refused") in ("in_doubt", "busy"):
                    again()
                elif tries == RETRIES:
                    self._given.append((node, *given[0], command_id))
            self._hint(node)

        node.machine.submit(Job(run, done, again))

    def repeat(self, action: Action) -> None:
        """A command that was answered long ago comes again, at the same node or at another."""
        if self._given:
            dice = random.Random(action.dice)
            _node, name, data, actor, command_id = dice.choice(self._given)
            node = _node if self.plan.routed else dice.choice([_node, self.nodes[action.node]])
            self.give(node, lambda: (name, data, actor), command_id, action.dice, tries=0)

    def _hint(self, node: Node) -> None:
        """The journal has grown; the hint may be lost, then the poll finds it."""
        self.events.after(0.002 if self._dice.random() < 0.9 else 1.0, node.look)
        if self._dice.random() < 0.15:
            self.events.after(1.0, node.vital)

    def _request(self, target: str, path: str, value: dict[str, Any]) -> dict[str, Any]:
        """The house posts a request to another node, and gets its answer or an error at once."""
        source, other = self._working(), self.nodes[target]
        dice = self._dice.random()
        if not source.speaks_to(target) or not other.machine.alive or not self.wires.passes(source.name, target):
            raise NotSent("no connection")
        deaf = not self.wires.passes(target, source.name)
        if other.machine.parked is not None or dice < 0.01:
            self.trouble(source.name, target)
            raise InDoubt("no answer in time")
        try:
            with other.machine.at_work():
                sent = orjson.loads(orjson.dumps(value))
                if path.startswith(DOOR):
                    answer = forwarding.serve(source.name, path.removeprefix(DOOR), sent)
                else:
                    answer = restored.marks(sent)
        except Crash as crash:
            if crash.machine is not other.machine:
                raise
            self._crashed(other)
            raise InDoubt("the connection broke") from None
        self._hint(other)
        if deaf or dice < 0.02:
            self.trouble(source.name, target)
            raise InDoubt("the answer was lost")
        return dict(orjson.loads(orjson.dumps(answer)))

    def _working(self) -> Node:
        """Who is at work now: the settings say so."""
        return self.nodes[settings.LEITSTELLE_NODE]

    # --- crashes and disks --------------------------------------------------------------------------------------
    def _crashed(self, node: Node) -> None:
        self.hit("crashed", node.name)
        node.crash()
        down = node.machine.down_seconds
        self.events.after(down, lambda: self._boot(node))

    def _boot(self, node: Node) -> None:
        if not node.machine.alive:
            self.trouble(node.name)
            node.boot()

    def crash(self, node: Node, down: float) -> None:
        node.machine.down_seconds = max(1.0, down)
        if node.machine.alive:
            self._crashed(node)

    def exchange_disk(self, node: Node, source: str) -> bool:
        """The disk is another one: an old backup, or an empty machine. Not if the last copy of something secured would
        burn: that no software can survive."""
        backup = self.oracle.backups.get(node.name) if source == "backup" else None
        if source == "backup" and backup is None:
            return False
        if not self.oracle.may_lose(node.name, backup or self.oracle.seed):
            return False
        if node.machine.alive:
            self.crash(node, 30 + self._dice.random() * 600)
        self._fill(node, source)
        if source == "seed":
            empty(node.machine.folder)
            node.ready = False
        self.oracle.burnt(node.name, backup or self.oracle.seed, all_rows(node))
        return True

    # --- the end ------------------------------------------------------------------------------------------------
    def _heal(self) -> float | None:
        """Everything works again. Seconds until everything is everywhere; None if it never is."""
        self.healing = True
        beat = self.plan.limits.beat_seconds
        self.wires.open_all()
        for node in self.nodes.values():
            machine = node.machine
            machine.slow_until, machine.crash_in = 0.0, None
            machine.slow_seconds = min(machine.slow_seconds, 0.1)
            if machine.unknown:
                machine.unknown = frozenset()
                machine.down_seconds = 1.0
                if machine.alive:
                    node.crash()
            self._boot(node)
        began = self.events.now
        quiet = 0
        for _step in range(HEAL_BEATS // 5):
            before = {name: disk.pos for name, disk in self.oracle.disks.items()}
            for node in self.nodes.values():
                node.vital()
            self.events.run_until(self.events.now + 5 * beat)
            still = before == {name: disk.pos for name, disk in self.oracle.disks.items()}
            quiet = quiet + 1 if still and self._level() else 0
            if quiet == 2:
                return self.events.now - began
        self.oracle.violation("a healed network becomes level", f"not within {HEAL_BEATS} beats: {self._difference()}")
        return None

    def _level(self) -> bool:
        heads = [set(disk.entries) for disk in self.oracle.disks.values()]
        return all(head == heads[0] for head in heads[1:])

    def _difference(self) -> str:
        everything = set().union(*(disk.entries for disk in self.oracle.disks.values()))
        missing = {name: sorted(everything - set(disk.entries))[:3] for name, disk in self.oracle.disks.items()}
        lines = [
            f"{node.name}-{line.peer}: {line.session.status.state} {line.session.status.stopped}"
            for node in self.nodes.values()
            for line in node.lines
        ]
        return f"missing {missing}; {lines}; {self.oracle.notes[-5:]}"
