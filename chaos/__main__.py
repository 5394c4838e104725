"""``python -m chaos``: two full nodes, traffic, faults; then every acknowledged word is looked for in both databases.

python -m chaos                    every fault once, then kill -9 until 200 have died and 10,000 words were acknowledged
python -m chaos --only "5 15 22"   only these numbers of the catalogue ("kills": the deaths)
python -m chaos --cycles 20        fewer kills
Exit code 1 where anything was lost, doubled, hidden or different; JSON lines in .run/chaos.jsonl.
"""

import argparse
import asyncio
import random
import sys
import time

from chaos import invariants
from chaos.catalogue import FAULTS, PROCESSES, Fault
from chaos.faults_network import clock_can_be_faked
from chaos.field import Field
from chaos.report import Report
from ops.places import run_dir

CYCLES, WORDS = 200, 10_000
CHECK_EVERY = 40
# Between two acts of a dispatcher while processes die: a storm, so that each death meets many commands.
HURRY_SECONDS = 0.05
# With both sites in trouble or restarting nobody may answer for a moment; somebody always does within this.
LONGEST_SILENCE = 20.0


def stage(field: Field, fault: Fault, report: Report) -> None:
    """One fault from its beginning to equal tables."""
    began, before = time.time(), len(field.ledger.words)
    broken: list[str] = []
    figures: dict[str, float] = {}
    try:
        figures = fault.act(field)
        with field.quiet():
            broken = invariants.check(field)
    except Exception as error:
        broken.append(f"{type(error).__name__}: {error}"[:600])
    broken += [f"{key} {figures.get(key)} > {limit}" for key, limit in fault.limits if figures.get(key, limit) > limit]
    broken += [f"{key} {figures.get(key)} is not {value}" for key, value in fault.exact if figures.get(key) != value]
    silence = field.ledger.longest_silence(began, time.time())
    if silence > LONGEST_SILENCE:
        broken.append(f"I6 nobody was answered for {silence:.1f} s")
    report.add(
        f"{fault.number:>2} {fault.name}", broken, words=len(field.ledger.words) - before, silence=silence,
        took=time.time() - began, **figures,
    )  # fmt: skip


def kill_cycles(field: Field, cycles: int, words: int, report: Report) -> None:
    """kill -9 of whatever chance picks, again and again, until enough has died and enough was acknowledged."""
    dice, killed = random.Random(112), 0
    for dispatcher in field.dispatchers:
        dispatcher.pace = HURRY_SECONDS
    while killed < cycles or len(field.ledger.words) < words:
        began, before = time.time(), len(field.ledger.words)
        broken: list[str] = []
        victims: dict[str, int] = {}
        try:
            for _kill in range(CHECK_EVERY):
                node = field[dice.choice(["jena", "gera"])]
                victim = dice.choice([*PROCESSES, "link", "web", "postgres", "redis"])
                victims[victim] = victims.get(victim, 0) + 1
                if victim == "postgres":
                    node.cluster.kill()
                    node.cluster.start()
                elif victim == "redis":
                    node.redis.kill()
                    node.redis.start()
                else:
                    node.kill(victim)
                    node.restart(victim)
                killed += 1
                field.hold(words=dice.randint(1, 40))
            with field.quiet():
                broken = invariants.check(field)
        except Exception as error:
            broken.append(f"{type(error).__name__}: {error}"[:600])
        report.add(
            f"kill -9, {killed} so far", broken, words=len(field.ledger.words) - before,
            took=time.time() - began, **victims,
        )  # fmt: skip
        if broken:
            return


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos", description="Two nodes on many bad days.")
    parser.add_argument("--only", default="", help="numbers of the catalogue")
    parser.add_argument("--cycles", type=int, default=CYCLES)
    parser.add_argument("--words", type=int, default=WORDS)
    options = parser.parse_args()
    chosen = set(options.only.replace(",", " ").split())
    faults = [fault for fault in FAULTS if not chosen or str(fault.number) in chosen]
    if not clock_can_be_faked():
        print("libfaketime is missing (Debian: faketime): the clocks cannot be moved", file=sys.stderr)
        return 2
    report = Report(run_dir() / "chaos.jsonl")
    began = time.time()
    with Field() as field:
        for fault in faults:
            stage(field, fault, report)
        if not chosen or "kills" in chosen:
            kill_cycles(field, options.cycles, options.words, report)
        field.traffic.stop()
        field.settle()
        final = invariants.check(field) + asyncio.run(invariants.consoles(field)) + invariants.check_slowly(field)
        ledger = field.ledger
        final += [f"server error: {line}" for line in ledger.bad[:5]]
        report.add(
            "the end", final, words=len(ledger.words), sent=ledger.sent, unanswered=len(ledger.unanswered),
            secured=sum(word.safety == "secured" for word in ledger.words), refused=dict(ledger.refused),
            took=time.time() - began,
        )  # fmt: skip
    print(f"\nchaos: {len(faults)} faults, {len(report.violations)} violations, {report.path}", flush=True)
    for line in report.violations[:20]:
        print(f"  {line[:300]}", flush=True)
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
