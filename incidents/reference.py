"""Example keywords, response plans, interview trees and timer rules: the files of ``incidents/data`` as entries."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from incidents.entries.plans import InterviewTreeSaved, KeywordSaved, Requirement, ResponsePlanSaved, TimerRuleSaved
from incidents.rules.interview import problems
from journal.types import EntryType

DATA: Final = Path(__file__).resolve().parent / "data"

NEED: Final = re.compile(r"(?P<nice>\??)(?P<count>\d+) (?P<kinds>[\w./-]+)(?: <=(?P<minutes>\d+))?")
WINDOW: Final = re.compile(r"(?P<first>[0-6])-(?P<last>[0-6]) (?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d)")


class BadData(ValueError):
    """A data file cannot be read; the message names file, line and what is wrong, in German."""


def entries() -> Iterator[EntryType]:
    """All reference data of this app, in an order in which each line's references come before it."""
    yield from map(_keyword, _rows("keywords.csv"))
    yield from map(_plan, _rows("response_plans.csv"))
    yield from map(_timer_rule, _rows("timer_rules.csv"))
    yield from _trees()


def requirements(text: str) -> list[Requirement]:
    """Needs in the notation of ``response_plans.csv``: ``2 engine/small_engine <=20; ?1 command``. Raises BadData."""
    return [_requirement(part.strip()) for part in text.split(";") if part.strip()]


def window(text: str) -> dict[str, Any] | None:
    """A time window such as ``0-4 06:00-17:00``, None for none. Raises BadData."""
    if not text:
        return None
    match = WINDOW.fullmatch(text)
    if match is None:
        raise BadData(f"Zeitfenster nicht lesbar: „{text}“")
    days = list(range(int(match["first"]), int(match["last"]) + 1))
    return {"days": days, "from": match["begin"], "to": match["end"]}


def _requirement(text: str) -> Requirement:
    match = NEED.fullmatch(text)
    if match is None:
        raise BadData(f"Bedarf nicht lesbar: „{text}“")
    need, *alternatives = match["kinds"].split("/")
    return Requirement(
        need=need, count=int(match["count"]), alternatives=alternatives, must=not match["nice"],
        max_minutes=int(match["minutes"]) if match["minutes"] else None,
    )  # fmt: skip


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
            place=row["place"] or None, window=window(row["window"]), requirements=requirements(row["requirements"]),
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
