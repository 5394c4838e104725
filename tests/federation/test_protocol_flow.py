"""Nodes grow, connections break, processes die, backups come back: afterwards everybody has everything, in order."""

from itertools import combinations, pairwise

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from federation.protocol import Alarm, Close, Secured
from tests.federation.network import Database, End, World

NAMES = ("gera", "jena", "saalfeld", "erfurt", "weimar")
# What a session may end with among honest nodes whose connections break.
HONEST = {"silent", "bye"}


class Network(RuleBasedStateMachine):
    """Two to five nodes, as a full mesh or a line, maybe two of them on one database."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.edges: list[tuple[str, str]] = []

    @initialize(count=st.integers(2, 5), mesh=st.booleans(), shared=st.booleans())
    def build(self, count: int, mesh: bool, shared: bool) -> None:
        names = NAMES[:count]
        one = Database("one")
        for number, name in enumerate(names):
            self.world.add(name, names, database=one if shared and number < 2 else None)
        lines = list(pairwise(names))
        self.edges = list(combinations(names, 2)) if mesh else lines

    def node(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.world.nodes)), label="node")

    def end(self, data: st.DataObject) -> End | None:
        ends = self.world.ends()
        return ends[data.draw(st.integers(0, len(ends) - 1), label="end")] if ends else None

    @rule(data=st.data(), count=st.integers(1, 20), content=st.sampled_from(["a", "b", "long " * 100]))
    def grow(self, data: st.DataObject, count: int, content: str) -> None:
        name = self.node(data)
        if not self.world.nodes[name].unsure:
            self.world.grow(name, count, content)

    @rule(data=st.data())
    def connect(self, data: st.DataObject) -> None:
        a, b = data.draw(st.sampled_from(self.edges))
        self.world.connect(a, b)  # also a second time: the first connection may be dead without anybody knowing

    @rule(data=st.data())
    def cut(self, data: st.DataObject) -> None:
        self.world.cut(*data.draw(st.sampled_from(self.edges)))

    @rule(data=st.data(), count=st.integers(1, 10))
    def deliver(self, data: st.DataObject, count: int) -> None:
        end = self.end(data)
        for _message in range(count):
            if end is not None and end.alive:
                self.world.deliver(end)

    @rule(data=st.data(), count=st.integers(1, 10))
    def work(self, data: st.DataObject, count: int) -> None:
        node = self.world.nodes[self.node(data)]
        for _job in range(count):
            self.world.work(node)

    @rule()
    def flow(self) -> None:
        self.world.flush()

    @rule(seconds=st.sampled_from([0.1, 0.9, 2.0, 3.0]))
    def wait(self, seconds: float) -> None:
        self.world.advance(seconds)

    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.world.crash(self.node(data))

    @precondition(lambda self: self.edges)
    @rule(data=st.data(), part=st.floats(0, 1))
    def restore(self, data: st.DataObject, part: float) -> None:
        self.world.restore(self.node(data), lambda _key, length: int(part * length))

    @invariant()
    def chains_are_whole(self) -> None:
        for node in self.world.nodes.values():
            for rows in node.database.rows.values():
                assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
                assert all(row.prev_hash == prev.hash for prev, row in pairwise(rows))

    @invariant()
    def honest_nodes_find_no_fault(self) -> None:
        for node in self.world.nodes.values():
            assert not node.effects(Alarm)
            assert {close.code for close in node.effects(Close)} <= HONEST

    def teardown(self) -> None:
        if not self.world.nodes:
            return
        everything = set().union(*(node.database.hashes() for node in self.world.nodes.values()))
        self.world.heal(self.edges)
        self.honest_nodes_find_no_fault()
        for node in self.world.nodes.values():
            assert node.database.hashes() == everything, f"{node.name} lacks something"
            for end in node.ends:
                status = end.session.status
                assert (status.state, status.lag_entries, status.behind_entries) == ("up", 0, 0)
                assert status.lag_seconds == 0.0
        self.own_entries_are_known_to_be_safe()

    def own_entries_are_known_to_be_safe(self) -> None:
        """A node with a peer on another disk knows at the end that all of its running chain is there as well."""
        for node in self.world.nodes.values():
            chain = node.database.rows.get((node.name, node.incarnation), [])
            others = [end for end in node.ends if end.other and end.other.node.database is not node.database]
            for end in others:
                secured = end.session.status.secured
                assert not chain or (secured is not None and secured.seq == len(chain))
            if not others:
                assert not node.effects(Secured)


TestNetwork = Network.TestCase
TestNetwork.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
