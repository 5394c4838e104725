"""Many episodes one after the other; the first that breaks a law is shortened until it says what matters."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from ops.cluster import Cluster
from sim import plan
from sim.plan import Action, Plan
from sim.seams import Seams
from sim.simulation import Pool, Result, Simulation
from sim.stores import Stores
from sim.world import build

SHORTENING_SECONDS = 240.0


class Theatre:
    """Where episodes are played: databases and seams, made once. Use as ``with theatre(cluster) as stage``."""

    def __init__(self, pool: Pool, seams: Seams) -> None:
        self._pool, self._seams = pool, seams

    def play(self, episode: Plan) -> Result:
        """Run one episode."""
        return Simulation(episode, self._pool, self._seams).run()


@contextmanager
def theatre(cluster: Cluster, label: str = "sim") -> Iterator[Theatre]:
    """A stage on a running server, that of the caller."""
    seams, stores = Seams(), Stores(cluster, build, label)
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="leitstelle-sim-", dir=memory if memory.is_dir() else None) as folder, seams.on():
        stores.prepare()
        pool = Pool(stores, Path(folder))
        try:
            yield Theatre(pool, seams)
        finally:
            pool.close()


@dataclass(slots=True)
class Tally:
    """What all episodes came to."""

    episodes: int = 0
    hours: float = 0.0
    commands: int = 0
    refused: int = 0
    entries: int = 0
    secured: int = 0
    conflicts: int = 0
    violations: int = 0
    slowest_heal: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, result: Result) -> None:
        self.episodes += 1
        self.hours += result.plan.hours
        self.commands += result.commands
        self.refused += result.refused
        self.entries += result.entries
        self.secured += result.secured
        self.conflicts += result.conflicts
        self.violations += len(result.violations)
        self.slowest_heal = max(self.slowest_heal, result.healed_seconds / result.plan.limits.beat_seconds)
        self.faults.update(result.faults)

    def __str__(self) -> str:
        faults = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items()))
        return (
            f"{self.episodes} episodes, {self.hours:g} simulated hours, {self.commands} commands carried out, "
            f"{self.refused} refused, {self.entries} entries, {self.secured} secured, {self.conflicts} conflicts, "
            f"{sum(self.faults.values())} faults ({faults}), slowest healing {self.slowest_heal:.0f} beats, "
            f"{self.violations} violations"
        )


def play_many(
    stage: Theatre,
    seed: int,
    hours: float,
    lines: TextIO,
    *,
    step: int = 1,
    say: Callable[[str], None] = print,
    keep_on: bool = False,
) -> Tally:
    """Every ``step``-th episode from ``seed`` on until ``hours`` have passed; stops at the first broken law unless
    ``keep_on``."""
    tally = Tally()
    began = time.monotonic()
    while tally.hours < hours:
        episode = plan.make(seed)
        result = stage.play(episode)
        tally.add(result)
        lines.write(json.dumps(summary(result)) + "\n")
        lines.flush()
        spent = time.monotonic() - began
        say(
            f"seed {seed}: {len(episode.nodes)} nodes, {episode.hours:g} h, {result.commands} commands, "
            f"{sum(result.faults.values())} faults, {result.conflicts} conflicts, {len(result.violations)} violations "
            f"| {tally.hours:g} h in {spent:.0f} s"
        )
        if result.violations:
            say("\n".join(f"  {text}" for text in dict.fromkeys(result.violations)))
            say(f"  again: make sim SEED={seed} HOURS=1")
            if not keep_on:
                shortest = shorten(stage, episode, result, say)
                say("The shortest list of actions that still does it:")
                say("\n".join(f"  {action}" for action in shortest))
                break
        seed += step
    return tally


def summary(result: Result) -> dict[str, object]:
    """An episode as one line of JSON."""
    return {
        "seed": result.plan.seed, "nodes": len(result.plan.nodes), "hours": result.plan.hours,
        "routed": result.plan.routed, "beat": result.plan.limits.beat_seconds, "commands": result.commands,
        "refused": result.refused, "entries": result.entries, "secured": result.secured,
        "conflicts": result.conflicts, "healed_seconds": round(result.healed_seconds, 1),
        "faults": dict(sorted(result.faults.items())), "violations": list(dict.fromkeys(result.violations)),
    }  # fmt: skip


def law_of(violation: str) -> str:
    return violation.split(":", 1)[0]


def shorten(
    stage: Theatre, episode: Plan, result: Result, say: Callable[[str], None] = lambda _text: None,
    seconds: float = SHORTENING_SECONDS,
) -> Sequence[Action]:  # fmt: skip
    """The fewest actions of the episode found in ``seconds`` that still break one of the same laws: delta debugging
    (Zeller and Hildebrandt 2002)."""
    laws = {law_of(violation) for violation in result.violations}
    until = time.monotonic() + seconds

    def fails(actions: Sequence[Action]) -> bool:
        found = stage.play(episode.only(actions)).violations
        return bool(laws & {law_of(violation) for violation in found})

    actions, parts = list(episode.actions), 2
    while len(actions) > 1 and time.monotonic() < until:
        size = -(-len(actions) // parts)
        for start in range(0, len(actions), size):
            fewer = actions[:start] + actions[start + size :]
            if time.monotonic() > until:
                break
            if fails(fewer):
                actions, parts = fewer, max(2, parts - 1)
                say(f"  {len(actions)} actions are enough")
                break
        else:
            if size == 1:
                break
            parts = min(len(actions), 2 * parts)
    return actions


def main_line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
