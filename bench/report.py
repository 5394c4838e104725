"""Figures: collected, compared with floor and goal, printed, and written as JSON lines."""

import json
from collections.abc import Sequence
from pathlib import Path


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` (0 to 1) of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * share // 1))
    return ordered[int(rank) - 1]


class Report:
    """Takes figures one by one; each is printed at once, so that a long run shows how it goes.

    floor: the same figure of the bare form; goal: the largest value that is good; ``ok`` is true without a goal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.missed: list[str] = []
        self.count = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")

    def add(self, name: str, value: float, unit: str, *, floor: float | None = None, goal: float | None = None) -> None:
        ok = goal is None or value <= goal
        ratio = round(value / floor, 2) if floor else None
        line = {
            "name": name,
            "value": round(value, 3),
            "unit": unit,
            "floor": None if floor is None else round(floor, 3),
            "ratio": ratio,
            "goal": goal,
            "ok": ok,
        }
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        self.count += 1
        if not ok:
            self.missed.append(name)
        shown = f"{name:<44} {value:>10.2f} {unit:<6}"
        shown += f" floor {floor:>8.2f}  × {ratio:<6}" if floor is not None else " " * 25
        shown += f" goal {goal:g}" if goal is not None else ""
        print(f"{'  ' if ok else '! '}{shown}", flush=True)

    def series(
        self,
        name: str,
        values: Sequence[float],
        *,
        floor: Sequence[float] | None = None,
        goals: dict[str, float] | None = None,
        only: Sequence[str] = ("p50", "p95", "p99"),
    ) -> None:
        """Percentiles of ``values`` in ms, each with the same percentile of the floor."""
        for label in only:
            share = int(label[1:]) / 100
            below = percentile(floor, share) if floor else None
            self.add(f"{name}.{label}", percentile(values, share), "ms", floor=below, goal=(goals or {}).get(label))

    def heading(self, text: str) -> None:
        print(f"\n{text}", flush=True)

    def note(self, text: str) -> None:
        print(f"  {text}", flush=True)

    def summary(self) -> int:
        """The one last line; gives the exit code."""
        words = "verfehlt: " + ", ".join(self.missed) if self.missed else "alle Ziele erreicht"
        print(f"\nbench: {self.count} Werte in {self.path}; {words}", flush=True)
        return 1 if self.missed else 0
