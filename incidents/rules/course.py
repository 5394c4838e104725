"""How status messages move a unit's assignment. Pure.

3-4-7-8-1/2 is the usual order and any jump is possible: a press is missed, a dispatcher corrects. 0 and 5 ask for
attention and move nothing; 6 and 9 say something about the unit, not about where its incident stands.
"""

from typing import Final, Literal

Step = Literal["en_route", "on_scene", "at_patient", "transporting", "at_hospital", "ended"]

STEP_OF_STATUS: Final[dict[int, Step]] = {
    1: "ended",
    2: "ended",
    3: "en_route",
    4: "on_scene",
    7: "transporting",
    8: "at_hospital",
}
RESERVED: Final = "reserved"
ALARMED: Final = "alarmed"
BY_HAND: Final = "dispatcher"


def step_for(status: int, state: str, previous: int | None, source: str) -> Step | None:
    """The step that ``status`` means for an open assignment in ``state``; None if it moves nothing.

    A reservation is not moved by status: it waits for its alarm. A unit that has only been alarmed and repeats the
    free status it already had has not moved: gateways send a status twice, and that must not set the unit free.
    A dispatcher who says so (source ``dispatcher``) is believed.
    """
    if state == RESERVED:
        return None
    step = STEP_OF_STATUS.get(status)
    if step == "ended" and state == ALARMED and status == previous and source != BY_HAND:
        return None
    return step
