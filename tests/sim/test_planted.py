"""What the simulation is worth: each bug that is planted is found, by a law that names it, within a hundred seeds."""

from collections.abc import Callable

import pytest

from sim import plan
from sim.bugs import BUGS, planted
from sim.run import Theatre, law_of

HOURS = 6.0
ENOUGH = 100

# Where each was found first when counting from seed 1, and by which laws. The search begins close to it and goes on to
# the end of the hundred: a change of the house may move it.
FOUND_AT = {
    "ack before commit": (2, {"what counts as secured is on the peer's disk"}),
    "tie-break without origin": (5, {"equal entries, equal tables", "tables are the fold of the journal"}),
    "lost term": (3, {"an entry bears the term its author knew"}),
    "unflushed entry sent": (
        5,
        {"only what is on disk leaves a node", "what counts as secured is on the peer's disk"},
    ),
    "number given twice after a restore": (
        10,
        {"a healed network becomes level", "the same bytes everywhere", "what counts as secured is on the peer's disk",
         "a moment of a chain is one entry"},
    ),
}  # fmt: skip


def test_every_bug_has_its_place_here() -> None:
    assert FOUND_AT.keys() == BUGS.keys()


@pytest.mark.parametrize("bug", sorted(BUGS))
def test_a_planted_bug_is_found(stage: Theatre, bug: str, record_property: Callable[[str, object], None]) -> None:
    first, laws = FOUND_AT[bug]
    order = [*range(first, ENOUGH + 1), *range(1, first)]
    for tried, seed in enumerate(order, 1):
        with planted(bug):
            broken = {law_of(violation) for violation in stage.play(plan.make(seed, HOURS, nodes=2)).violations}
        if broken & laws:
            record_property("seeds", tried)
            break
    else:
        pytest.fail(f"{bug} is not found within {ENOUGH} seeds")
    # It was the bug, and not the house.
    assert stage.play(plan.make(seed, HOURS, nodes=2)).violations == []
