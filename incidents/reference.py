"""Example keywords, response plans, interview trees and timer rules: the files of ``incidents/data`` as entries."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from django.utils.translation import gettext as _

from incidents.entries.plans import InterviewTreeSaved, KeywordSaved, Requirement, ResponsePlanSaved, TimerRuleSaved
from incidents.rules.interview import problems
from incidents.rules.notation import parse_needs
from journal.types import EntryType
from resources.reference.windows import parse_windows

DATA: Final = Path(__file__).resolve().parent / "data"


class BadData(ValueError):
    """A data file cannot be read; the message names file, line and what is wrong, in German."""


def entries() -> Iterator[EntryType]:
    """All reference data of this app, in an order in which each line's references come before it."""
    yield from map(_keyword, _rows("keywords.csv"))
    yield from map(_plan, _rows("response_plans.csv"))
    yield from map(_timer_rule, _rows("timer_rules.csv"))
    yield from _trees()


def plan_window(text: str) -> dict[str, Any] | None:
    """The time window of a plan, such as ``Mo-Fr 06:00-17:00``, None for none. Raises ValueError in German."""
    windows = parse_windows(text)
    if len(windows) > 1:
        raise ValueError(_("Eine Zeile der AAO hat ein einziges Zeitfenster; für weitere braucht es weitere Zeilen."))
    return windows[0] if windows else None


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _keyword(row: dict[str, str]) -> KeywordSaved:
    return KeywordSaved(
        id=row["id"], name=row["name"], example=True, group=row["group"], priority=int(row["priority"]),
        lights=row["lights"] == "1", synonyms=row["synonyms"].split(), hint=row["hint"],
    )  # fmt: skip


def _plan(row: dict[str, str]) -> ResponsePlanSaved:
    try:
        return ResponsePlanSaved(
            id=row["id"], name=row["name"], example=True, keyword=row["keyword"], county=row["county"] or None,
            place=row["place"] or None, window=plan_window(row["window"]),
            requirements=[Requirement(**need) for need in parse_needs(row["requirements"])],
            adds=row["adds"].split(),
        )  # fmt: skip
    except ValueError as error:
        raise BadData(f"response_plans.csv, {row['id']}: {error}") from error


def _timer_rule(row: dict[str, str]) -> TimerRuleSaved:
    return TimerRuleSaved(
        id=row["id"], name=row["name"], example=True, kind=row["kind"], group=row["group"],
        county=row["county"] or None, seconds=int(row["seconds"]),
    )  # fmt: skip


def _trees() -> Iterator[InterviewTreeSaved]:
    for path in sorted((DATA / "trees").glob("*.json")):
        tree = orjson.loads(path.read_bytes())
        wrong = problems(tree["nodes"])
        if wrong:
            raise BadData(f"{path.name}: {' '.join(wrong)}")
        yield InterviewTreeSaved(id=tree["id"], name=tree["name"], example=True, nodes=tree["nodes"])
