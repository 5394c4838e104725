"""Several nodes, and the lines between them. Demo, tests and staged emergencies use the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ops.cluster import Cluster
from ops.node import Node
from ops.supervisor import Watched
from ops.wires import Wires


class Network(Wires):
    """Nodes that know and trust each other, each reaching each other by a line of its own that can be broken.

    `cut`, `heal` and the others of `ops.wires.Wires` touch the traffic between centres and nothing else.
    """

    def __init__(self, nodes: Iterable[Node], log: Path) -> None:
        super().__init__(log)
        self.members: dict[str, Node] = {node.name: node for node in nodes}

    def __getitem__(self, name: str) -> Node:
        return self.members[name]

    def connect(self, wishes: Mapping[str, int] | None = None) -> None:
        """Start the lines and tell every node its peers, before the nodes' processes. Raises StartFailed.

        `wishes`: ports on which nodes should be reached by all who are told their address, by name.
        """
        self.start()
        for node in self.members.values():
            self.publish(node, (wishes or {}).get(node.name, 0))
        for node in self.members.values():
            self.introduce(node, [peer for peer in self.members.values() if peer is not node])

    def publish(self, node: Node, listen: int = 0) -> None:
        """Open the line by which nodes that are told its address reach `node`; a wish for the port is kept if free."""
        port = self.line(node.name, node.link_port, listen=listen)
        node.env["LEITSTELLE_LINK_URL"] = f"{_scheme(node)}://127.0.0.1:{port}"

    def introduce(self, node: Node, peers: Iterable[Node]) -> None:
        """Let `node` trust `peers` from its next start on, each by a line of its own."""
        known = []
        for peer in peers:
            port = self.line(peer.name, peer.link_port, source=node.name)
            known.append((peer.name, f"{_scheme(peer)}://127.0.0.1:{port}", peer.public_key))
        node.trust(known)

    def add(self, node: Node, listen: int = 0) -> None:
        """Take a node in that joins the others while they run: it trusts them, they must admit it."""
        self.publish(node, listen)
        self.introduce(node, self.members.values())
        self.members[node.name] = node

    def remove(self, node: Node) -> None:
        """Forget a node that has left, and close the lines from and to it."""
        self.close(node.name)
        del self.members[node.name]

    def watched(self) -> Watched:
        """The process of the lines, for a supervisor."""
        return Watched("wires", lambda: self.running, self.start, self.log)


def link_state(cluster: Cluster, database: str, node: str, peer: str) -> tuple[str, int]:
    """What `node` says of its line to `peer`, read from its database: state, and entries it still lacks.

    ("never", 0) before the first word. See the model LinkState for the states.
    """
    found = cluster.sql(
        f"SELECT state, behind_entries FROM federation_linkstate WHERE node = '{node}' AND peer = '{peer}'"
        # What a process left behind that is dead by now says nothing.
        " AND extract(epoch FROM now() - updated_at) < 5",
        database,
    )
    state, _, behind = found.partition("|")
    return (state, int(behind)) if found else ("never", 0)


def _scheme(node: Node) -> str:
    return "wss" if node.env.get("LEITSTELLE_LINK_TLS_CERT") else "ws"
