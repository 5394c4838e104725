"""What the room must know of the network it works in: who answers for what is new, and who can be reached.

The network itself (agreements, mandates, links) is ``federation``'s, which connects itself here when it starts; without
it every centre answers for itself.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Duty:
    """Who answers for something new. ``spill_to``: where a call that waits ``spill_seconds`` rings as well (empty:
    nowhere)."""

    centre: str
    spill_to: str = ""
    spill_seconds: int = 0


def _alone(centre: str, county: str | None) -> Duty:
    return Duty(centre)


def _reachable(centre: str) -> bool:
    return True


def _settled() -> bool:
    return True


_duty: Callable[[str, str | None], Duty] = _alone
_reached: Callable[[str], bool] = _reachable
_caught_up: Callable[[], bool] = _settled


def connect(
    *, duty: Callable[[str, str | None], Duty], reachable: Callable[[str], bool], settled: Callable[[], bool]
) -> None:
    """Let the network answer from now on; called once, at start-up."""
    global _duty, _reached, _caught_up
    _duty, _reached, _caught_up = duty, reachable, settled


def duty(centre: str, county: str | None = None) -> Duty:
    """Who answers for a new call or incident that is ``centre``'s own: whoever stands in for it, else itself; this node
    where that one cannot be reached, because nothing new may wait for a line."""
    return _duty(centre, county)


def reachable(centre: str) -> bool:
    """Whether the node that answers for ``centre`` is this one or can be spoken to now."""
    return _reached(centre)


def settled() -> bool:
    """Whether this node, just started, has heard what the others did meanwhile, or can hear nobody: before that it
    may hold for its own what was taken over from it."""
    return _caught_up()
