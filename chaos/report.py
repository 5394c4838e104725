"""What a run of faults or of a long day leaves behind: lines on the screen and in a file, and its violations."""

import json
from pathlib import Path


class Report:
    """One line for each fault or hour, printed and written; violations are kept for the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.violations: list[str] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")

    def add(self, name: str, broken: list[str], **figures: object) -> None:
        self.violations += [f"{name}: {line}" for line in broken]
        with self.path.open("a") as file:
            file.write(json.dumps({"name": name, "ok": not broken, "broken": broken, **figures}) + "\n")
        shown = "  ".join(f"{key} {_short(value)}" for key, value in figures.items())
        print(f"{'! ' if broken else '  '}{name:<44} {shown}", flush=True)
        for line in broken:
            print(f"      {line[:300]}", flush=True)


def _short(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
