"""What two centres promise each other, measured on two linked nodes that share this machine's cores."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench import catchup, failover, lag
from bench.pair import Pair, linked, wait_for
from bench.report import Report, percentile

PARTS = ("lag", "catchup", "failover")
LAG_GOAL = 50.0
SECURED_GOAL = 0.01
CATCH_UP_GOAL = 5_000
ROOM_FACTOR = 2.0
# Milliseconds until the last of a hundred consoles lives on at the other centre; seconds to the first answered call.
GONE_GOAL, FROZEN_GOAL, TAKE_OVER_GOAL = 2_000.0, 5_000.0, 2.0
OPEN_INCIDENTS = 350


@dataclass(frozen=True)
class Scale:
    """How long and how much."""

    lag_seconds: float = 60.0
    entries: int = catchup.ENTRIES


FULL = Scale()
QUICK = Scale(lag_seconds=15.0, entries=20_000)


class NetworkBench:
    """Takes the parts asked for, each on a fresh pair."""

    def __init__(self, scale: Scale, report: Report, seed: int) -> None:
        self.scale, self.report, self.seed = scale, report, seed

    def run(self, parts: frozenset[str]) -> None:
        if "lag" in parts:
            with Pair("bench-lag") as pair:
                self.lag(pair)
        if "catchup" in parts:
            with Pair("bench-catchup") as pair:
                self.catch_up(pair)
        if "failover" in parts:
            with Pair("bench-failover") as pair:
                self.failover(pair)

    def lag(self, pair: Pair) -> None:
        self.report.heading(f"Von Commit zu Commit: Jena → Gera bei {lag.RATE:g} Befehlen je Sekunde")
        lags, safeties, times, errors = lag.measure(pair, self.scale.lag_seconds, self.seed)
        self.report.add("lag.entries", len(lags), "count")
        self.report.series("lag.50_per_s", lags, floor=lag.floor(pair), goals={"p99": LAG_GOAL})
        answered = sum(safeties.values())
        self.report.add("lag.answered", answered, "count")
        self.report.add("lag.not_secured", 1 - safeties["secured"] / answered, "share", goal=SECURED_GOAL)
        self.report.series("lag.command", times)
        self._errors("lag.errors", errors)

    def catch_up(self, pair: Pair) -> None:
        self.report.heading(f"Aufholen: {self.scale.entries} Einträge auseinander, der Raum arbeitet weiter")
        seconds, entries, normal, during, errors = asyncio.run(catchup.measure(pair, self.scale.entries, self.seed))
        self.report.add("catchup.entries", entries, "count")
        self.report.add("catchup.seconds", seconds, "s", goal=entries / CATCH_UP_GOAL)
        self.report.add("catchup.entries_per_s", entries / seconds, "1/s")
        self.report.add("catchup.commands_meanwhile", len(during), "count")
        allowed = percentile(normal, 0.99) * ROOM_FACTOR
        self.report.add("catchup.normal.p99", percentile(normal, 0.99), "ms")
        self.report.add("catchup.meanwhile.p50", percentile(during, 0.5), "ms", floor=percentile(normal, 0.5))
        self.report.add(
            "catchup.meanwhile.p99", percentile(during, 0.99), "ms", floor=percentile(normal, 0.99), goal=allowed
        )
        self._errors("catchup.errors", errors)

    def failover(self, pair: Pair) -> None:
        self.report.heading(f"Ausfall: 200 Konsolen, {OPEN_INCIDENTS} offene Einsätze in Jena")
        pair.fill(pair.jena, 0, OPEN_INCIDENTS, self.seed)
        wait_for("linked", lambda: linked(pair.gera) and linked(pair.jena))
        logins = pair.log_in(pair.jena, 8)
        wait_for("linked", lambda: linked(pair.gera) and linked(pair.jena))
        self._consoles("frozen", FROZEN_GOAL, asyncio.run(failover.measure(pair, logins, "frozen")))
        pair.jena.resume_all()
        wait_for("linked", lambda: linked(pair.gera) and linked(pair.jena))
        failover.ring(pair.jena, 3)
        wait_for("linked", lambda: linked(pair.gera) and linked(pair.jena))
        taker = pair.log_in(pair.gera, 1)[0]
        self._consoles("killed", GONE_GOAL, asyncio.run(failover.measure(pair, logins, "killed")))
        began = time.monotonic()
        seconds, told = failover.take_over(pair, taker)
        self.report.add("takeover.incidents", float(told["incidents"]), "count")
        self.report.add("takeover.to_first_answer", seconds, "s", goal=TAKE_OVER_GOAL)
        self.report.add("takeover.allowed_after", time.monotonic() - began - seconds, "s")

    def _consoles(self, how: str, goal: float, times: Sequence[float]) -> None:
        self.report.series(f"failover.{how}", times, goals={"p99": goal})

    def _errors(self, name: str, errors: Sequence[str]) -> None:
        self.report.add(name, len(errors), "count", goal=0)
        for error in errors[:5]:
            self.report.note(error[:300])
