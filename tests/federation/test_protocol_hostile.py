"""A peer that proved who it is may still be broken: whatever it says, nothing raises and nothing false is stored."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.protocol import Alarm, Close, Mark, Read, Send, Store
from tests.federation.network import SMALL, Database, End, Row, World, row_after, with_limits

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from(["hello", "proof", "have", "entries", "ack", "beat", "signal", "stop", "bye", "novelty"])
OF_ROWS = ["have", "rows", "origin", "incarnation", "seq", "time", "echo", "vitals", "linked", "kind", "items"]
OF_NODES = ["node", "nonce", "protocols", "signature", "store", "version", "centres", "window", "code", "reason"]
FIELDS = st.sampled_from([*OF_ROWS, *OF_NODES])
ANYTHING = st.builds(lambda word, rest: {"t": word, **rest}, WORDS, st.dictionaries(FIELDS, JSON, max_size=6)) | JSON


def pair(count: int = 5) -> tuple[World, End, End]:
    """Gera and Jena, connected and level."""
    there = World()
    for name in ("gera", "jena"):
        there.add(name, ("gera", "jena"))
        there.grow(name, count)
    left, right = there.connect("gera", "jena")
    there.flush()
    assert left.session.status.lag_entries == right.session.status.lag_entries == 0
    return there, left, right


def entries(rows: list[Row]) -> dict[str, Any]:
    first = rows[0]
    wires = [[row.seq, row.prev_hash, row.hash, row.wire] for row in rows]
    return {"t": "entries", "origin": first.origin, "incarnation": first.incarnation, "rows": wires}


def following(end: End, count: int, content: str = "new") -> list[Row]:
    """The next rows of the peer's chain, as ``end`` would have to get them."""
    assert end.other is not None
    name = end.other.node.name
    prev: Row | None = end.node.database.rows[name, 1][-1]
    rows = []
    for _number in range(count):
        prev = row_after(prev, name, 1, content)
        rows.append(prev)
    return rows


def codes(effects: list[Any]) -> list[str]:
    return [effect.code for effect in effects if isinstance(effect, Close)]


@settings(max_examples=300, deadline=None)
@given(messages=st.lists(ANYTHING, min_size=1, max_size=8), proven=st.booleans())
def test_no_message_raises(messages: list[Any], proven: bool) -> None:
    there, left, _right = pair()
    victim = left.session if proven else there.session(left.node, None)
    for message in messages:
        for effect in victim.receive(message, there.now):
            if isinstance(effect, Send):
                orjson.dumps(effect.message)
    victim.tick(there.now + 1.1)
    assert victim.status.state in ("up", "catching_up", "connecting", "closed")


@st.composite
def spoiled(draw: st.DrawFn, messages: list[dict[str, Any]]) -> Any:
    """A real message with one place changed."""
    message: Any = orjson.loads(orjson.dumps(draw(st.sampled_from(messages))))
    place = message
    while True:
        names = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not names:
            return message
        name = draw(st.sampled_from(names))
        if isinstance(place[name], dict | list) and draw(st.booleans()):
            place = place[name]
            continue
        place[name] = draw(JSON | st.integers(0, 12) | st.sampled_from(["gera", "jena", "ff" * 32]))
        return message


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_real_message_with_a_changed_place_stores_nothing_false(data: st.DataObject) -> None:
    """Rows go to the disk only in order and linked to what is there, whatever else was said."""
    there, left, right = pair()
    there.grow("jena", 4)
    there.flush()
    there.advance(1.0)
    script = [message for message in right.transcript if message["t"] not in ("hello", "proof")]
    stored = dict(left.node.database.have())
    end = Mark(1, stored["jena"][0].seq, stored["jena"][0].hash)
    for _message in range(data.draw(st.integers(1, 5))):
        for effect in left.session.receive(data.draw(spoiled(script)), there.now):
            if isinstance(effect, Store) and effect.rows[0].origin == "jena" and effect.rows[0].incarnation == 1:
                first = effect.rows[0]
                assert (first.seq, first.prev_hash) == (end.seq + 1, end.hash)


@pytest.mark.parametrize(
    "message",
    [
        {"t": "entries", "origin": "jena", "incarnation": 1, "rows": []},
        {"t": "entries", "origin": "jena", "incarnation": True, "rows": [[1, "", "aa", None]]},
        {"t": "entries", "origin": "jena", "incarnation": 1, "rows": [[1, "", "aa", None], [3, "aa", "bb", None]]},
        {"t": "entries", "origin": "jena", "incarnation": 1, "rows": [[1, "", "aa", None], [2, "cc", "bb", None]]},
        {"t": "entries", "origin": "jena", "incarnation": 1, "rows": [[1, "", "aa", "x" * 50_000]]},
        {"t": "entries", "origin": "jena", "incarnation": 1, "rows": [[n, "aa", "aa", None] for n in range(1, 5)]},
        {"t": "ack", "have": {"gera": [[2, 1, "aa"], [1, 1, "aa"]]}},
        {"t": "ack", "have": {"gera": [[1, -1, "aa"]]}},
        {"t": "beat", "time": float("nan"), "echo": None, "have": {}, "vitals": {}},
        {"t": "beat", "time": 1.0, "echo": [1.0], "have": {}, "vitals": {}},
        {"t": "beat", "time": 1.0, "echo": None, "have": {}, "vitals": {"x": "y" * 40_000}},
        {"t": "signal", "kind": "positions", "items": []},
        {"t": "signal", "kind": "positions", "items": {"a": "x" * 300_000}},
        {"t": "stop", "origin": "jena"},
        {"t": 7},
        [],
        "bye",
    ],
)
def test_a_known_word_in_a_wrong_shape_ends_the_session(message: Any) -> None:
    there, left, _right = pair()
    effects = left.session.receive(message, there.now)
    assert codes(effects) == ["malformed"]
    assert [effect.message["t"] for effect in effects if isinstance(effect, Send)] == ["bye"]
    assert left.session.closed
    assert left.session.status.state == "closed"


@pytest.mark.parametrize("seq", [2, 6])
def test_an_acknowledgement_backwards_or_beyond_ends_the_session(seq: int) -> None:
    """Gera has sent five rows and had them acknowledged."""
    there, left, _right = pair()
    assert codes(left.session.receive({"t": "ack", "have": {"gera": [[1, seq, "aa"]]}}, there.now)) == ["protocol"]


def test_an_acknowledgement_of_another_content_is_a_fork() -> None:
    there, left, right = pair()
    there.grow("gera", 2)
    there.work(left.node)
    assert right.inbound
    effects = left.session.receive({"t": "ack", "have": {"gera": [[1, 6, "aa"]]}}, there.now)
    assert [(alarm.code, alarm.origin, alarm.seq) for alarm in effects if isinstance(alarm, Alarm)] == [
        ("fork", "gera", 6)
    ]


@pytest.mark.parametrize("word", ["hello", "proof", "have"])
def test_nothing_is_introduced_twice(word: str) -> None:
    there, left, right = pair()
    message = next(message for message in right.transcript if message["t"] == word)
    assert codes(left.session.receive(message, there.now)) == ["protocol"]


def test_a_peer_that_forgets_what_it_had_is_left() -> None:
    there, left, _right = pair()
    beat = {"t": "beat", "time": 1.0, "echo": None, "have": {"gera": [[1, 3, "aa"]]}, "vitals": {}}
    assert codes(left.session.receive(beat, there.now)) == ["protocol"]


def test_a_gap_ends_the_session_and_stores_nothing() -> None:
    there, left, _right = pair()
    effects = left.session.receive(entries(following(left, 2)[1:]), there.now)
    assert codes(effects) == ["protocol"]
    assert not [effect for effect in effects if isinstance(effect, Store)]


@pytest.mark.parametrize("again", [False, True])
def test_a_row_on_another_foundation_is_a_fork(again: bool) -> None:
    """The next row does not link to ours, or a number we have comes with another content: nothing of it is stored."""
    there, left, _right = pair()
    chain = left.node.database.rows["jena", 1]
    other = row_after(chain[3], "jena", 1, "another fifth")
    message = entries([other]) if again else entries([row_after(other, "jena", 1, "sixth")])
    effects = left.session.receive(message, there.now)
    assert [(alarm.code, alarm.origin, alarm.seq) for alarm in effects if isinstance(alarm, Alarm)] == [
        ("fork", "jena", 5)
    ]
    assert [effect.message["t"] for effect in effects if isinstance(effect, Send)] == ["stop"]
    assert not [effect for effect in effects if isinstance(effect, Store)]
    assert left.session.receive(entries(following(left, 3)), there.now) == [], "rows of a stream that stands"
    assert not left.session.closed


@given(sizes=st.lists(st.integers(1, 3), min_size=1, max_size=10))
def test_more_rows_than_the_window_end_the_session(sizes: list[int]) -> None:
    """A batch that is not stored counts until it is."""
    there, left, _right = pair()
    rows = following(left, sum(sizes))
    for size in sizes:
        batch, rows = rows[:size], rows[size:]
        effects = left.session.receive(entries(batch), there.now)
        taken = batch[-1].seq - 5
        assert codes(effects) == (["protocol"] if taken > SMALL.unacked_rows else [])
        if taken > SMALL.unacked_rows:
            return


def test_a_window_of_the_smaller_side_is_kept_while_it_stores_nothing() -> None:
    there = World()
    for name, rows in (("gera", 50), ("jena", 4)):
        there.add(name, ("gera", "jena"), limits=with_limits(unacked_rows=rows, batch_rows=2))
    there.grow("gera", 30)
    left, right = there.connect("gera", "jena")
    while there.deliver(left) or there.deliver(right) or there.work(left.node):
        pass
    assert left.session.status.lag_entries == 30
    assert not right.node.effects(Close)
    there.flush()
    assert len(right.node.database.rows["gera", 1]) == 30


def test_rows_of_a_stream_that_stands_take_no_room_in_either_window() -> None:
    there = World()
    for name in ("gera", "jena"):
        there.add(name, ("gera", "jena"), limits=with_limits(unacked_rows=6, batch_rows=3))
    chain = [row_after(None, "erfurt", 1, "good")]
    for _number in range(11):
        chain.append(row_after(chain[-1], "erfurt", 1, "more"))
    chain[0] = replace(chain[0], wire={"body": "a changed byte"})
    there.nodes["gera"].database.rows["erfurt", 1] = chain
    left, right = there.connect("gera", "jena")
    while there.deliver(left) or there.deliver(right) or there.work(left.node):
        pass
    there.work(right.node)
    assert left.session.status.stopped == ()
    assert right.session.status.stopped == (("erfurt", 1, "refused"),)
    there.grow("gera", 40)
    while there.deliver(left) or there.deliver(right) or there.work(left.node):
        pass
    there.flush()
    assert not right.node.effects(Close)
    assert len(right.node.database.rows["gera", 1]) == 40


def test_a_driver_may_read_late_what_was_known_before() -> None:
    """Threads bring what they read in any order: what the peer was told does not go back."""
    there, left, right = pair()
    old = left.node.database.have()
    there.grow("gera", 3)
    there.perform(left, left.session.grown(old, there.now))
    there.advance(1.0)
    there.flush()
    assert not right.node.effects(Close)
    assert left.session.status.lag_entries == 0
    assert len(right.node.database.rows["gera", 1]) == 8


def test_what_came_before_is_passed_over_and_acknowledged() -> None:
    there, left, _right = pair()
    again = entries(left.node.database.rows["jena", 1][2:5])
    assert left.session.receive(again, there.now) == []
    more = entries([left.node.database.rows["jena", 1][4], *following(left, 1)])
    effects = left.session.receive(more, there.now)
    assert [[row.seq for row in effect.rows] for effect in effects if isinstance(effect, Store)] == [[6]]


def test_a_row_that_is_too_large_stops_its_stream_only() -> None:
    there = World()
    for name in ("gera", "jena"):
        there.add(name, ("gera", "jena"))
    there.grow("gera", 2)
    there.grow("gera", 1, "x" * 5000)
    there.grow("gera", 2)
    there.grow("jena", 9)
    left, right = there.connect("gera", "jena")
    there.flush()
    assert [(alarm.code, alarm.seq) for alarm in left.node.effects(Alarm)] == [("too_large", 3)]
    assert [alarm.code for alarm in right.node.effects(Alarm)] == ["too_large"]
    assert len(right.node.database.rows["gera", 1]) == 2
    assert len(left.node.database.rows["jena", 1]) == 9
    assert left.session.status.stopped == (("gera", 1, "too_large"),)


@given(data=st.data())
def test_batches_keep_to_rows_and_bytes_of_the_smaller_side(data: st.DataObject) -> None:
    """Limits differ between versions: the stricter ones count, checked by the network at every message."""
    there = World()
    sizes = [data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))]
    for name, size in zip(("gera", "jena"), sizes, strict=True):
        there.add(name, ("gera", "jena"), limits=with_limits(unacked_rows=size + 1, batch_rows=size))
        for _time in range(3):
            there.grow(name, data.draw(st.integers(1, 9)), "y" * data.draw(st.integers(0, 1800)))
    left, right = there.connect("gera", "jena")
    there.flush()
    assert left.node.database.hashes() == right.node.database.hashes()
    for end in (left, right):
        batches = [message["rows"] for message in end.transcript if message["t"] == "entries"]
        assert all(len(rows) <= min(sizes) for rows in batches)


def test_a_driver_that_reads_nothing_is_asked_again_later() -> None:
    there, left, _right = pair()
    jena = Database("other")
    jena.rows = {**left.node.database.rows, ("gera", 1): [*left.node.database.rows["gera", 1], *following_own(left)]}
    asked = [effect for effect in left.session.grown(jena.have(), there.now) if isinstance(effect, Read)]
    assert [(read.after, read.limit) for read in asked] == [(5, 1)]
    assert left.session.read("gera", 1, 5, [], there.now) == []
    assert left.session.tick(there.now) == []
    later = left.session.tick(there.now + 1.0)
    assert [(read.after, read.limit) for read in later if isinstance(read, Read)] == [(5, 1)]


def following_own(end: End) -> list[Row]:
    return [row_after(end.node.database.rows[end.node.name, 1][-1], end.node.name, 1, "late")]
