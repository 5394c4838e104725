"""What a link owes its two nodes besides rows: forks found, restores noticed, clocks compared, silence heard."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.protocol import Alarm, Close, Limits, Read, Restored, Secured, Send, Signal, Store
from federation.protocol.clock import ClockWatch
from tests.federation.network import SMALL, Database, End, World, row_after, with_limits

THREE = ("gera", "jena", "saalfeld")


def world(*names: str, limits: Limits = SMALL) -> World:
    there = World()
    for name in names:
        there.add(name, names, limits=limits)
    return there


def linked(there: World, a: str = "gera", b: str = "jena") -> tuple[End, End]:
    ends = there.connect(a, b)
    there.flush()
    return ends


def closes(end: End) -> list[str]:
    return [close.code for close in end.node.effects(Close)]


def alarms(end: End) -> list[tuple[str, str, int]]:
    return [(alarm.code, alarm.origin, alarm.incarnation) for alarm in end.node.effects(Alarm)]


# Forks, refusals, restores


@given(
    common=st.integers(1, 5), left=st.integers(0, 8), right=st.integers(0, 8), owner=st.sampled_from(["jena", "erfurt"])
)
def test_a_fork_stops_one_stream_and_is_seen_on_both_sides(common: int, left: int, right: int, owner: str) -> None:
    """Both hold the same chain up to ``common`` and different rows after it, of their own or of a third."""
    there = world("gera", "jena")
    for name, count, content in (("gera", left, "left"), ("jena", right, "right")):
        chain = there.nodes[name].database.rows.setdefault((owner, 1), [])
        for number in range(common + count):
            text = "same" if number < common else content
            chain.append(row_after(chain[-1] if chain else None, owner, 1, text))
        there.grow("gera", 9)
    ends = linked(there)
    forked = left > 0 and right > 0
    for end in ends:
        assert alarms(end) == ([("fork", owner, 1)] if forked else [])
        assert end.session.status.stopped == (((owner, 1, "fork"),) if forked else ())
        assert end.session.status.state == "up"
    assert len(ends[1].node.database.rows["gera", 1]) == 18
    if not forked:
        assert ends[0].node.database.hashes() == ends[1].node.database.hashes()
    # Jena's own numbers were given out twice: whatever it records from now on needs an incarnation of its own.
    assert bool(ends[1].node.effects(Restored)) == (owner == "jena" and (forked or (left > 0 and right == 0)))


def test_a_new_incarnation_flows_past_the_forked_one() -> None:
    there = world("gera", "jena")
    for name, content in (("gera", "left"), ("jena", "right")):
        first = row_after(None, "jena", 1, content)
        there.nodes[name].database.rows["jena", 1] = [first]
    left, right = linked(there)
    assert right.node.incarnation == 2
    there.grow("jena", 12)
    there.flush()
    assert len(left.node.database.rows["jena", 2]) == 12
    assert right.session.status.secured is not None
    assert (right.session.status.secured.incarnation, right.session.status.secured.seq) == (2, 12)


def test_what_the_journal_refuses_stops_its_stream_until_the_next_session() -> None:
    there = world("gera", "jena")
    rows = there.nodes["gera"].database.rows
    chain = [row_after(None, "erfurt", 1, "good")]
    for number in range(12):
        chain.append(row_after(chain[-1], "erfurt", 1, f"row {number}"))
    chain[4] = replace(chain[4], wire={"body": "a changed byte"})
    rows["erfurt", 1] = chain
    there.grow("gera", 20)
    left, right = linked(there)
    assert alarms(left) == alarms(right) == [("refused", "erfurt", 1)]
    assert len(right.node.database.rows["gera", 1]) == 20
    assert len(right.node.database.rows["erfurt", 1]) < 5
    there.grow("gera", 30)
    there.flush()
    assert len(right.node.database.rows["gera", 1]) == 50, "rows of a stream that stands fill the window for ever"
    assert left.session.status.lag_entries == 13 - len(right.node.database.rows["erfurt", 1])
    chain[4] = row_after(chain[3], "erfurt", 1, "row 3")
    there.cut("gera", "jena")
    _left, right = linked(there)
    assert right.node.database.rows["erfurt", 1] == chain
    assert right.session.status.stopped == ()


@given(keep=st.integers(0, 9), others=st.booleans())
def test_a_node_restored_from_a_backup_gets_its_own_rows_back(keep: int, others: bool) -> None:
    """It is told before it records anything, and begins a new incarnation; no number is given out twice."""
    there = world(*THREE)
    there.grow("gera", 10)
    edges = list(combinations(THREE, 2)) if others else [("gera", "jena"), ("jena", "saalfeld")]
    there.heal(edges, 5.0)
    there.restore("gera", lambda key, length: keep if key == ("gera", 1) else length)
    left, _right = linked(there)
    assert [(effect.incarnation, effect.seq) for effect in left.node.effects(Restored)] == [(1, 10)]
    there.grow("gera", 3)
    there.heal(edges, 5.0)
    for node in there.nodes.values():
        assert not node.effects(Alarm)
        assert {key: len(rows) for key, rows in node.database.rows.items()} == {("gera", 1): 10, ("gera", 2): 3}
    assert len(left.node.effects(Restored)) == 1


def test_own_rows_wait_until_a_new_incarnation_has_begun() -> None:
    """An empty machine in place of a node in its second life: what comes of that life must not be taken for its own
    running one, or it would write on in it from a place where it had gone on already."""
    there = world("gera", "jena")
    gera = there.nodes["gera"]
    there.grow("gera", 10)
    there.begin(gera, 2)
    there.grow("gera", 3)
    linked(there)
    there.restore("gera", lambda _key, _length: 0)
    gera.begins = False
    linked(there)
    there.heal([], 3.0)
    assert {effect.incarnation for effect in gera.effects(Restored)} == {1, 2}
    assert gera.database.rows == {}
    there.begin(gera, 3)
    there.grow("gera", 1)
    there.heal([], 3.0)
    assert {key: len(rows) for key, rows in gera.database.rows.items()} == {("gera", n): rows for n, rows in
                                                                            ((1, 10), (2, 3), (3, 1))}  # fmt: skip


def test_old_rows_count_as_secured_again_after_a_restore() -> None:
    there = world("gera", "jena")
    there.grow("gera", 10)
    linked(there)
    there.restore("gera", lambda _key, _length: 4)
    left, _right = linked(there)
    assert left.session.status.secured is not None
    assert left.session.status.secured.seq == 10


def test_who_has_begun_a_new_incarnation_is_not_told_of_the_old_one_again() -> None:
    there = world(*THREE)
    there.grow("gera", 10)
    there.heal([("gera", "jena"), ("gera", "saalfeld")], 3.0)
    there.restore("gera", lambda _key, _length: 4)
    left, right = there.connect("gera", "jena")
    while not left.node.effects(Restored):
        assert there.deliver(left) or there.deliver(right)
    there.cut("gera", "jena")
    there.grow("gera", 1)
    linked(there, "gera", "saalfeld")
    assert len(left.node.effects(Restored)) == 1
    assert {key: len(rows) for key, rows in left.node.database.rows.items()} == {("gera", 1): 10, ("gera", 2): 1}


def test_what_the_peer_had_already_counts_as_secured_once_a_row_links_to_it() -> None:
    """The head moved on meanwhile: the peer's mark alone proves nothing; the next row's link to it does."""
    there = world("gera", "jena")
    there.grow("gera", 10)
    linked(there)
    there.cut("gera", "jena")
    there.grow("gera", 2)
    left, right = there.connect("gera", "jena")
    left.node.seen.clear()
    while not left.node.jobs:
        assert there.deliver(left) or there.deliver(right)
    assert not left.node.effects(Secured)
    there.work(left.node)
    assert left.node.effects(Secured) == [Secured(1, 10)]


def test_own_rows_that_appear_later_at_the_peer_are_noticed_as_well() -> None:
    """Jena was restored with us; Saalfeld, which had more of us, joins it afterwards."""
    there = world(*THREE)
    there.grow("gera", 10)
    there.heal([("gera", "jena"), ("jena", "saalfeld")], 5.0)
    there.cut("jena", "saalfeld")
    there.restore("jena", lambda _key, _length: 4)
    there.restore("gera", lambda _key, _length: 4)
    left, _right = linked(there)
    assert not left.node.effects(Restored)
    linked(there, "jena", "saalfeld")
    there.advance(1.0)
    there.flush()
    (noticed,) = left.node.effects(Restored)
    assert noticed.incarnation == 1
    assert 4 < noticed.seq <= 10
    there.heal([], 3.0)
    assert len(left.node.database.rows["gera", 1]) == 10


# One database under two nodes


def test_nodes_on_one_database_send_signals_and_beats_and_no_rows() -> None:
    there = World()
    one = Database("one")
    for name in ("gera", "jena"):
        there.add(name, ("gera", "jena"), database=one)
    there.grow("gera", 20)
    left, right = linked(there)
    there.perform(left, left.session.signal("positions", {"1-83-1": [50.9, 11.6]}, there.now))
    for _second in range(3):
        there.advance(1.0)
        there.flush()
        there.grow("jena", 5)
    assert {message["t"] for message in left.transcript} == {"hello", "proof", "have", "beat", "signal"}
    assert right.node.effects(Signal) == [Signal("positions", {"1-83-1": [50.9, 11.6]})]
    for end in (left, right):
        assert end.session.same_store
        assert not end.node.effects(Secured), "one database is no second copy"
        assert (end.session.status.state, end.session.status.lag_entries) == ("up", 0)
    for seq in range(1, 20):
        batch = {"t": "entries", "origin": "x", "incarnation": 1, "rows": [[seq, "aa", "aa", {}]]}
        assert left.session.receive(batch, there.now) == []
    assert left.session.receive({"t": "ack", "have": {"gera": [[1, 99, "aa"]]}}, there.now) == []


# Time


def test_silence_ends_a_session_and_any_word_keeps_it() -> None:
    there = world("gera", "jena")
    left, right = linked(there)
    for _second in range(10):
        there.advance(1.0)
        there.flush()
    there.advance(2.5)
    assert closes(left) + closes(right) == []
    there.advance(0.2)
    assert "silent" in closes(left) + closes(right)


def test_a_peer_that_only_listens_is_heard_to_be_silent_in_time() -> None:
    """One direction is cut: the side that hears nothing goes after 2.6 s, not before."""
    there = world("gera", "jena")
    left, _right = linked(there)
    start = there.now
    died: float | None = None
    for _step in range(50):
        there.advance(0.1)
        if left.alive:
            while left.other is not None and left.other.alive and left.other.inbound:
                there.deliver(left.other)
            left.inbound.clear()
        elif died is None:
            died = there.now
    assert died is not None
    assert 2.6 <= died - start <= 2.75
    assert closes(left) == ["silent"]


@given(start=st.floats(0, 1e7), connected=st.booleans())
def test_a_tick_in_time_is_never_asked_for_twice(start: float, connected: bool) -> None:
    """A driver that wakes exactly when it was told to does not spin, whatever the sums round to."""
    there = world("gera", "jena")
    there.now = start
    left, _right = linked(there) if connected else there.connect("gera", "jena")
    wakes = []
    while not left.session.closed:
        wakes.append(left.session.next_tick)
        left.session.tick(wakes[-1])
    assert wakes == sorted(set(wakes))
    assert wakes[-1] == pytest.approx(start + (2.6 if connected else 5.0))


def test_who_overslept_does_not_accuse_the_peer() -> None:
    """The process stood for a minute; what the peer said meanwhile is still in its ear."""
    there = world("gera", "jena")
    left, right = linked(there)
    there.now += 60.0
    effects = left.session.tick(there.now)
    assert not [effect for effect in effects if isinstance(effect, Close)]
    for late in (1.0, 2.0, 2.5):
        assert not [effect for effect in left.session.tick(there.now + late) if isinstance(effect, Close)]
    quiet = left.session.tick(there.now + 2.7)
    assert [effect.code for effect in quiet if isinstance(effect, Close)] == ["silent"]
    assert right.alive


@settings(deadline=None)
@given(skew=st.floats(-3600, 3600), there_delay=st.floats(0, 0.4), back_delay=st.floats(0, 0.4))
def test_the_clocks_are_compared_as_well_as_the_way_allows(skew: float, there_delay: float, back_delay: float) -> None:
    """The error of the offset is at most half the round trip (RFC 5905); beats give both within a few seconds."""
    there = world("gera", "jena")
    there.skew["jena"] = skew
    left, right = linked(there)
    for _beat in range(3):
        there.advance(1.0)
        # Both beats are under way; one arrives earlier.
        first, second = sorted([(there_delay, right), (back_delay, left)], key=lambda step: step[0])
        start = there.now
        for delay, end in (first, second):
            there.now = start + delay
            while there.deliver(end):
                pass
    for end, sign in ((left, 1), (right, -1)):
        status = end.session.status
        assert status.rtt is not None
        assert status.clock_offset is not None
        assert 0 <= status.rtt <= there_delay + back_delay + 1e-6
        assert abs(status.clock_offset - sign * skew) <= status.rtt / 2 + 1e-6


@given(skew=st.floats(-100, 100), out=st.floats(0, 2), held=st.floats(0, 2), back=st.floats(0, 2))
def test_one_echo_measures_both_clocks(skew: float, out: float, held: float, back: float) -> None:
    """RFC 5905: the offset is wrong by half the difference of the two ways, and the time the peer held it is no way."""
    clock = ClockWatch()
    clock.sent(1000.0)
    came, left, at = 1000.0 + out + skew, 1000.0 + out + held + skew, 1000.0 + out + held + back
    clock.heard(left, (999.0, came), at)
    clock.heard(left, (1000.0, came - 10), at)  # longer held than it was away: a clock stepped
    assert (clock.rtt, clock.offset) == (None, None), "an echo of nothing we sent, and one that came before it left"
    clock.heard(left, (1000.0, came), at)
    if clock.rtt is None:
        assert out + back < 1e-9, "only rounding makes a way shorter than nothing"
        return
    assert clock.offset is not None
    assert clock.rtt == pytest.approx(out + back, abs=1e-9)
    assert clock.offset == pytest.approx(skew + (out - back) / 2, abs=1e-9)


def test_a_clock_that_steps_between_beats_does_not_end_the_link() -> None:
    there = world("gera", "jena")
    left, right = linked(there)
    for skew in (0.0, 7200.0, -7200.0, 0.0):
        there.skew["jena"] = skew
        for _second in range(12):
            there.advance(1.0)
            there.flush()
        assert left.session.status.clock_offset == pytest.approx(skew, abs=0.01)
        assert right.session.status.clock_offset == pytest.approx(-skew, abs=0.01)


def test_status_says_how_far_and_how_long_the_peer_is_behind() -> None:
    there = world("gera", "jena", limits=with_limits(unacked_rows=1000, batch_rows=500, live_entries=10))
    left, right = linked(there)
    there.grow("gera", 30)
    there.work(left.node)
    there.advance(2.0)
    assert left.session.status.lag_entries == 30
    assert left.session.status.lag_seconds == pytest.approx(2.0, abs=0.1)
    assert left.session.status.state == "catching_up"
    heard_before = right.session.status.heard_at
    while there.deliver(right):
        pass
    assert right.session.status.heard_at > heard_before
    assert right.session.status.behind_entries == 30
    there.flush()
    status = left.session.status
    assert (status.lag_entries, status.lag_seconds, status.state) == (0, 0.0, "up")
    assert status.secured is not None
    assert status.secured.seq == 30
    assert status.have_theirs["gera"][0].seq == 30


def test_vitals_reach_the_peer_with_the_beat() -> None:
    there = world("gera", "jena")
    left, right = linked(there)
    left.session.vitals = {"seats": 4, "queue": 1}
    there.advance(1.0)
    there.flush()
    assert right.session.status.vitals == {"seats": 4, "queue": 1}


def test_a_session_ends_politely() -> None:
    there = world("gera", "jena")
    left, right = linked(there)
    left_end, right_session = left, right.session
    effects = left_end.session.bye("restart", there.now)
    assert [effect.message for effect in effects if isinstance(effect, Send)] == [
        {"t": "bye", "code": "bye", "reason": "restart"}
    ]
    answer = right_session.receive({"t": "bye", "code": "bye", "reason": "restart"}, there.now)
    assert [(type(effect), getattr(effect, "code", "")) for effect in answer] == [(Close, "bye")]
    assert right_session.receive({"t": "bye", "code": "bye", "reason": ""}, there.now) == []
    assert right_session.tick(there.now + 100) == []


# Fair shares


def test_a_long_backlog_of_one_origin_does_not_hold_up_another() -> None:
    """While thousands of one origin are caught up, a fresh row of another overtakes them."""
    there = world("gera", "jena", limits=with_limits(unacked_rows=20, batch_rows=5))
    chain = there.nodes["gera"].database.rows.setdefault(("erfurt", 1), [])
    for _number in range(400):
        chain.append(row_after(chain[-1] if chain else None, "erfurt", 1, "old"))
    left, right = there.connect("gera", "jena")
    while ("erfurt", 1) not in right.node.database.rows:
        for end in (left, right):
            there.deliver(end)
            there.work(end.node)
    there.grow("gera", 1)
    before = len(right.node.database.rows["erfurt", 1])
    while ("gera", 1) not in right.node.database.rows:
        for end in (left, right):
            there.deliver(end)
            there.work(end.node)
    assert len(right.node.database.rows["erfurt", 1]) - before <= 2 * 20
    there.flush()
    assert len(right.node.database.rows["erfurt", 1]) == 400


def test_streams_take_turns_on_the_way_to_the_disk() -> None:
    """One origin's rows fill the window of a slow disk; the row of another is stored after one more batch."""
    there = world("gera", "jena", limits=with_limits(unacked_rows=40, batch_rows=5))
    chain = there.nodes["gera"].database.rows.setdefault(("erfurt", 1), [])
    for _number in range(30):
        chain.append(row_after(chain[-1] if chain else None, "erfurt", 1, "old"))
    left, right = there.connect("gera", "jena")
    while there.deliver(left) or there.deliver(right) or there.work(left.node):
        pass
    there.grow("gera", 1)
    while there.work(left.node) or there.deliver(right):
        pass
    for _batch in range(3):
        there.work(right.node)
    assert len(right.node.database.rows["gera", 1]) == 1
    assert len(right.node.database.rows["erfurt", 1]) == 10


def test_rows_are_not_relayed_to_who_gets_them_first_hand() -> None:
    """Three nodes, each linked with each: a row crosses every wire once, and comes round when its own wire fails."""
    there = world(*THREE)
    for a, b in combinations(THREE, 2):
        linked(there, a, b)
    told = {name: frozenset(THREE) - {name} for name in THREE}
    for end in there.ends():
        end.session.linked = told[end.node.name]
    there.advance(1.0)
    there.flush()
    for end in there.ends():
        end.transcript.clear()
    for _second in range(10):
        there.grow("gera", 2)
        there.flush()
        there.advance(1.0)
    senders = [end.node.name for end in there.ends() for sent in end.transcript if sent["t"] == "entries"]
    assert set(senders) == {"gera"}
    # Gera and Saalfeld lose each other; nobody tells, and Jena brings the rows all the same.
    there.cut("gera", "saalfeld")
    there.grow("gera", 60)
    for _second in range(4):
        there.flush()
        there.advance(1.0)
    assert there.nodes["saalfeld"].database.hashes() == there.nodes["gera"].database.hashes()


# Effects come once


def test_the_driver_is_asked_one_thing_at_a_time() -> None:
    """A batch is out: more rows wait, in one batch per stream, until it is stored. A late answer is passed over."""
    there = world("gera", "jena", limits=with_limits(unacked_rows=100, batch_rows=10))
    left, right = linked(there)
    for _row in range(5):
        there.grow("gera", 1)
        there.work(left.node)
        there.deliver(right)
    assert len(right.node.jobs) == 1
    there.work(right.node)
    [(end, effect)] = right.node.jobs
    assert end is right
    assert isinstance(effect, Store)
    assert [row.seq for row in effect.rows] == [2, 3, 4, 5]
    assert left.session.read("gera", 1, 77, [], there.now) == []
    reads = [effect for _end, effect in left.node.jobs if isinstance(effect, Read)]
    assert reads == []
