"""One real node for the tests of the doors, and programs that knock."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ops.node import Node
from ops.testing import NodeFactory
from tests.people import TIMEOUT_SECONDS, Dispatcher


@pytest.fixture(scope="module")
def node(node_factory: NodeFactory) -> Iterator[Node]:
    node = node_factory("jena", demo=True, processes=("web",))
    yield node
    node.stop()


class Doors:
    """A client per role; requests carry the role's demo key."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.keys: dict[str, str] = json.loads((node.run_dir / "keys.json").read_text())
        self._clients: dict[str, httpx.Client] = {}

    def __getitem__(self, role: str) -> httpx.Client:
        if role not in self._clients:
            headers = {"Authorization": f"Bearer {self.keys[role]}"} if role else {}
            self._clients[role] = httpx.Client(base_url=self.node.web_url, headers=headers, timeout=TIMEOUT_SECONDS)
        return self._clients[role]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


@pytest.fixture(scope="module")
def doors(node: Node) -> Iterator[Doors]:
    doors = Doors(node)
    yield doors
    doors.close()


@pytest.fixture(scope="module")
def dispatcher(node: Node) -> Iterator[Dispatcher]:
    person = Dispatcher(node, "jena1", "J1")
    yield person
    person.close()


def head(doors: Doors) -> int:
    """The position of the node's journal."""
    return int(doors[""].get("/health").json()["pos"])


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of an answer that has to be one (RFC 9457)."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert body["title"]
    assert body["detail"]
    assert body["type"].endswith(code)
    assert "Traceback" not in answer.text
    return body
