"""What authors had seen, against a model with real knowledge; and what follows from it."""

from dataclasses import dataclass, field
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from federation.rules.conflicts import Commitment, History, Mark, Write, double_commitments, forks, went_on

NODES = ("gera", "jena", "saalfeld")


@dataclass
class ModelNode:
    """A node as it really is: what it has stored, in which order."""

    name: str
    stored: list[Mark] = field(default_factory=list)

    def chain(self, origin: str) -> list[Mark]:
        return [mark for mark in self.stored if mark.origin == origin]


class Model:
    """Nodes that write to one aggregate and now and then give each other what they have, chain by chain in order."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.nodes = {name: ModelNode(name) for name in names}
        self.knew: dict[bytes, set[bytes]] = {}
        self.clock = 0

    def write(self, name: str, tick: int = 1) -> Mark:
        node = self.nodes[name]
        self.clock += tick
        parent = node.stored[-1].hash if node.stored else None
        seq = len(node.chain(name)) + 1
        mark = Mark(name, 1, seq, f"{name}{seq}".encode(), parent, max([self.clock, *(m.hlc + 1 for m in node.stored)]))
        self.knew[mark.hash] = {known.hash for known in node.stored}
        node.stored.append(mark)
        return mark

    def give(self, giver: str, taker: str, count: int) -> None:
        """One batch: the next entries of each chain that the taker lacks, stored in clock order."""
        have = {mark.hash for mark in self.nodes[taker].stored}
        batch = [
            mark
            for origin in self.nodes
            for mark in [m for m in self.nodes[giver].chain(origin) if m.hash not in have][:count]
        ]
        self.nodes[taker].stored += sorted(batch, key=lambda mark: (mark.hlc, mark.origin))

    def marks(self) -> list[Mark]:
        return list({mark.hash: mark for node in self.nodes.values() for mark in node.stored}.values())

    def concurrent(self, one: Mark, other: Mark) -> bool:
        return one.hash not in self.knew[other.hash] and other.hash not in self.knew[one.hash]


def runs(nodes: tuple[str, ...]) -> st.SearchStrategy[list[tuple[str, str, int]]]:
    return st.lists(st.tuples(st.sampled_from(nodes), st.sampled_from(nodes), st.integers(1, 4)), max_size=25)


def played(nodes: tuple[str, ...], steps: list[tuple[str, str, int]]) -> Model:
    """A step from a node to itself writes, to another gives."""
    model = Model(nodes)
    for one, other, count in steps:
        if one == other:
            model.write(one, count)
        else:
            model.give(one, other, count)
    return model


@settings(deadline=None, max_examples=300)
@given(runs(NODES[:2]), st.randoms(use_true_random=False))
def test_two_nodes_what_was_seen_is_found_exactly(steps: list[tuple[str, str, int]], dice) -> None:  # type: ignore[no-untyped-def]
    model = played(NODES[:2], steps)
    marks = model.marks()
    dice.shuffle(marks)
    history = History(marks)
    pairs = [(one, other) for one, other in combinations(marks, 2)]
    for one, other in pairs:
        assert history.concurrent(one, other) == model.concurrent(one, other)
    assert history.forked() == any(model.concurrent(one, other) for one, other in pairs)


@settings(deadline=None, max_examples=300)
@given(runs(NODES))
def test_more_nodes_nothing_concurrent_is_missed(steps: list[tuple[str, str, int]]) -> None:
    model = played(NODES, steps)
    history = History(model.marks())
    for one, other in combinations(history.marks, 2):
        if model.concurrent(one, other):
            assert history.concurrent(one, other)
        if history.saw(one, other):
            assert other.hash == one.hash or other.hash in model.knew[one.hash]


@settings(deadline=None, max_examples=300)
@given(runs(NODES[:2]), st.data())
def test_a_fork_is_what_hangs_together(steps: list[tuple[str, str, int]], data: st.DataObject) -> None:
    """The runs are the connected pieces of the relation, found here the slow way."""
    history = History(played(NODES[:2], steps).marks())
    writes = [Write(mark, "f", data.draw(st.integers(0, 1))) for mark in history.marks]
    pieces: list[set[Write]] = []
    for one, other in combinations(writes, 2):
        if history.concurrent(one.mark, other.mark):
            touched = [piece for piece in pieces if one in piece or other in piece]
            pieces = [piece for piece in pieces if piece not in touched] + [{one, other}.union(*touched)]
    expected = set()
    for piece in pieces:
        sides = [[w for w in sorted(piece, key=lambda w: w.mark.seq) if w.mark.origin == name] for name in NODES[:2]]
        if sides[0][-1].value != sides[1][-1].value:
            expected.add((sides[0][0].mark, sides[1][0].mark, sides[0][-1], sides[1][-1]))
    assert {(*fork.first, *fork.last) for fork in forks(history, writes)} == expected


@settings(deadline=None, max_examples=200)
@given(runs(NODES[:2]), st.data())
def test_what_a_fork_is_called_stays_when_more_arrives(steps: list[tuple[str, str, int]], data: st.DataObject) -> None:
    """A node that has only a part of the other chain names a fork that the whole names too, or that ended equal."""
    history = History(played(NODES[:2], steps).marks())
    writes = {mark: Write(mark, "f", mark.hash) for mark in history.marks}
    whole = {fork.first for fork in forks(history, writes.values())}
    have = data.draw(st.integers(0, len(history.marks)))
    part = [mark for mark in history.marks if mark.origin == "gera" or mark.seq <= have]
    named = {fork.first for fork in forks(History(part), [writes[mark] for mark in part])}
    assert named <= whole


def test_equal_ends_are_no_fork() -> None:
    model = Model(NODES[:2])
    marks = [model.write("jena"), model.write("jena"), model.write("gera")]
    history = History(marks)
    assert forks(history, [Write(m, "f", v) for m, v in zip(marks, "xyy", strict=True)]) == []
    assert len(forks(history, [Write(m, "f", v) for m, v in zip(marks, "yxy", strict=True)])) == 1


@settings(deadline=None, max_examples=200)
@given(runs(NODES[:2]), st.sets(st.integers(1, 6)))
def test_closings_that_did_not_know(steps: list[tuple[str, str, int]], closing: set[int]) -> None:
    model = played(NODES[:2], steps)
    history = History(model.marks())
    closings = [mark for mark in history.marks if mark.origin == "jena" and mark.seq in closing]
    others = [mark for mark in history.marks if mark not in closings]
    found = went_on(history, closings, others)
    assert {c for c, _ in found} == {
        c for c in closings if any(o.origin == "gera" and model.concurrent(c, o) for o in others)
    }
    for c, first in found:
        assert model.concurrent(c, first)
        assert not any(model.concurrent(c, o) for o in others if o.line == first.line and o.seq < first.seq), (
            "the first of what went on names the conflict"
        )


def commitment(assignment: str, unit: str, made: int, ended: int | None) -> Commitment:
    return Commitment(assignment, unit, f"of {assignment}", Mark("jena", 1, made, b"", None, made), ended)


@given(st.lists(st.tuples(st.sampled_from("uv"), st.integers(0, 20), st.integers(1, 9) | st.none()), max_size=8))
def test_a_unit_cannot_be_in_two_places(spans: list[tuple[str, int, int | None]]) -> None:
    held = [
        commitment(f"a{n}", unit, made * 10 + n, made * 10 + n + length * 10 if length else None)
        for n, (unit, made, length) in enumerate(spans)
    ]
    found = {frozenset((one.assignment, other.assignment)) for one, other in double_commitments(held)}
    for one, other in combinations(held, 2):
        moments = [c.made.hlc for c in (one, other)]
        together = any(
            all(c.made.hlc <= at and (c.ended is None or at < c.ended) for c in (one, other)) for at in moments
        )
        assert (frozenset((one.assignment, other.assignment)) in found) == (one.unit == other.unit and together)
