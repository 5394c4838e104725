"""Status 0 and 5 are overlays: what takes them away, and what must not."""

from journal import fold
from resources.models import UnitState
from tests.world import World


def test_a_cry_for_help_stays_until_somebody_answers(world: World) -> None:
    """Neither the next status nor a wish to speak takes an emergency call (0) off the screen; an answer does."""
    for status in (4, 0, 5, 1):
        world.must("unit.report_status", unit="j-83-1", status=status)
    state = UnitState.objects.get(pk="j-83-1")
    assert (state.status, state.overlay) == (1, 0)
    fold.refold("unit_state", "j-83-1")
    assert UnitState.objects.get(pk="j-83-1").overlay == 0
    world.must("unit.answer_overlay", unit="j-83-1")
    assert UnitState.objects.get(pk="j-83-1").overlay is None
    for status in (5, 1):
        world.must("unit.report_status", unit="j-83-1", status=status)
    assert UnitState.objects.get(pk="j-83-1").overlay is None
