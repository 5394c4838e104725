"""After how many seconds a timer fires: the most specific rule wins. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A threshold; empty ``group`` and None ``county`` mean all."""

    kind: str
    group: str
    county: str | None
    seconds: int


def seconds_for(rules: Iterable[Rule], kind: str, group: str = "", county: str | None = None) -> int:
    """Seconds of the rule for ``kind`` that fits best: county and group, then group, then county, then all.

    Of equally specific rules the shortest threshold counts (rather alarm early). 0: no rule, no timer.
    """
    fitting = [
        rule for rule in rules if rule.kind == kind and rule.group in {"", group} and rule.county in {None, county}
    ]
    best = min(fitting, key=lambda r: (-(2 * bool(r.group) + bool(r.county)), r.seconds), default=None)
    return best.seconds if best else 0
