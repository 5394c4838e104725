"""Example agreements and local knowledge: the files of ``federation/data`` as entries."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from federation.entries.agreement import AgreementSaved, LocalKnowledgeSaved
from journal.types import EntryType

DATA: Final = Path(__file__).resolve().parent / "data"


def entries() -> Iterator[EntryType]:
    """All reference data of this app."""
    for row in _rows("agreements.csv"):
        yield AgreementSaved(
            id=row["id"], centre=row["centre"], partner=row["partner"], silent_seconds=int(row["silent_seconds"]),
            signatures=int(row["signatures"]), dispatcher_may=row["dispatcher_may"] == "1",
            automatic_seconds=_seconds(row["automatic_seconds"]), spill_seconds=_seconds(row["spill_seconds"]),
            cost_key=row["cost_key"], note=row["note"],
        )  # fmt: skip
    for row in _rows("knowledge.csv"):
        yield LocalKnowledgeSaved(
            id=row["id"], name=row["name"], kind=row["kind"], county=row["county"] or None, value=row["value"],
            note=row["note"], example=True,
        )  # fmt: skip


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _seconds(text: str) -> int | None:
    return int(text) if text else None
