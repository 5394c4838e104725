"""Signals beside the rows: newest wins, and a full link makes them fewer."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from federation.protocol import Send, Signal, messages
from federation.protocol.signals import Waiting
from tests.federation.network import with_limits
from tests.federation.test_protocol_duty import linked, world


def signals(effects: list[Any]) -> list[dict[str, Any]]:
    return [effect.message for effect in effects if isinstance(effect, Send) and effect.message["t"] == "signal"]


def test_signals_wait_while_rows_fill_the_window_and_the_newest_wins() -> None:
    there = world("gera", "jena")
    left, right = linked(there)
    assert signals(left.session.signal("positions", {"a": 0}, there.now)) == [
        {"t": "signal", "kind": "positions", "items": {"a": 0}}
    ]
    there.grow("gera", 50)
    while there.work(left.node):
        pass
    for value in (1, 2, 3):
        assert not signals(left.session.signal("positions", {"a": value, "b": -value}, there.now))
    assert not signals(left.session.signal("presence", {"a": "seat 1"}, there.now))
    due = left.session.tick(there.now + 1.0)
    assert signals(due) == [
        {"t": "signal", "kind": "positions", "items": {"a": 3, "b": -3}},
        {"t": "signal", "kind": "presence", "items": {"a": "seat 1"}},
    ]
    assert right.alive


def test_signals_wait_for_a_full_carrier_and_are_bounded() -> None:
    there = world("gera", "jena", limits=with_limits(signal_keys=10, signal_bytes=200))
    left, right = linked(there)
    left.session.congested = True
    for number in range(100):
        assert not signals(left.session.signal("positions", {f"unit {number}": number}, there.now))
    assert not signals(left.session.tick(there.now + 1.0))
    left.session.congested = False
    there.perform(left, left.session.signal("positions", {"huge": "x" * 500, "none": float, "unit 99": 0}, there.now))
    there.flush()
    seen: dict[str, int] = {}
    for effect in right.node.effects(Signal):
        seen |= effect.items
    assert seen == {f"unit {number}": number for number in range(92, 99)} | {"unit 99": 0}
    assert right.alive


@given(keys=st.lists(st.integers(0, 12), min_size=1, max_size=60), size=st.integers(0, 120))
def test_of_held_signals_the_newest_keys_stay_in_messages_of_bounded_size(keys: list[int], size: int) -> None:
    limits = with_limits(signal_keys=5, signal_bytes=300)
    waiting = Waiting(limits)
    for turn, key in enumerate(keys):
        waiting.add("presence", {f"seat {key}": [turn, "x" * size]})
    sent = [message["items"] for message in waiting.take()]
    newest = {f"seat {key}": turn for turn, key in enumerate(keys)}
    kept = sorted(newest, key=newest.__getitem__)[-5:]
    assert {key: value[0] for items in sent for key, value in items.items()} == {key: newest[key] for key in kept}
    assert all(messages.size(items) <= limits.signal_bytes for items in sent)
    assert list(waiting.take()) == []


def test_signals_before_the_link_is_up_leave_when_it_is() -> None:
    there = world("gera", "jena")
    left, right = there.connect("gera", "jena")
    assert left.session.signal("positions", {"a": 1}, there.now) == []
    there.flush()
    assert right.node.effects(Signal) == [Signal("positions", {"a": 1})]
