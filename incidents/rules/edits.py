"""Two people edit one incident at once: nobody's words are overwritten unseen. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """What a person saw in a field and what it shall be."""

    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """``values``: what is to be written; ``conflicts``: fields that somebody else changed meanwhile."""

    values: dict[str, Any] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)


def compare(changes: Mapping[str, Change], present: Mapping[str, Any]) -> Outcome:
    """Three-way comparison per field: what the editor saw, what stands there now, what the editor wants.

    A field that already holds the wanted value needs no change, whoever wrote it. All values are JSON values.
    """
    outcome = Outcome()
    for name, change in changes.items():
        now = present[name]
        if same(now, change.new):
            continue
        if same(now, change.old):
            outcome.values[name] = change.new
        else:
            outcome.conflicts.append(name)
    return outcome


def same(one: Any, other: Any) -> bool:
    """Equal for a person: an empty field is empty however it is written."""
    return one == other or (one in (None, "") and other in (None, ""))
