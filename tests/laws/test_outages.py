"""Laws 3, 6 and 8 on a real node: processes die, servers die, readers sleep; what was answered stays, once."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from ops.cluster import Cluster
from ops.node import Node
from ops.redis_server import RedisServer
from ops.testing import NodeFactory
from tests.people import Dispatcher, next_message

# A client gives up on one command after this; everything here restarts in a fraction of it.
PATIENCE_SECONDS = 60
# Generous for a loaded machine; a writer that waited for the sleeping console would wait for ever.
SLOWEST_ANSWER_SECONDS = 3.0
# Kernel buffers take some megabytes, the queue 256 frames of 5 kB; far more than both.
MAX_NOTES = 3000
WRITERS = [("jena1", "J1"), ("jena2", "J2"), ("gera1", "G1")]


class Writer(threading.Thread):
    """Sends one note after the other and repeats each, under its id, until it is answered."""

    def __init__(self, person: Dispatcher, incident: str) -> None:
        super().__init__(daemon=True)
        self.person, self.incident = person, incident
        self.answered: dict[str, int] = {}
        self.repeated = 0
        self.done = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.done.is_set():
                self._deliver(str(uuid4()))
        except BaseException as error:
            self.failure = error

    def _deliver(self, command_id: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                data = {"incident": self.incident, "text": command_id}
                answer = self.person.send("incident.note", data, command_id)
                if answer.status_code == 200:
                    self.answered[command_id] = answer.json()["pos"]
                    return
                assert answer.status_code >= 500, answer.text
            except httpx.TransportError:
                self.done.wait(0.02)
            self.repeated += 1
        raise TimeoutError(f"no answer within {PATIENCE_SECONDS} s")


def entries_by_command(node: Node) -> dict[str, list[int]]:
    """Positions of all notes in the journal by command id."""
    found: dict[str, list[int]] = {}
    with psycopg.connect(node.env["DATABASE_URL"]) as database:
        rows = database.execute("SELECT command_id, pos FROM journal_entry WHERE type = 'incident.noted' ORDER BY pos")
        for command_id, pos in rows:
            found.setdefault(str(UUID(str(command_id))), []).append(pos)
    return found


def write_through(node: Node, trouble: Callable[[list[Writer]], Any]) -> list[Writer]:
    """Write from three seats while ``trouble`` happens, then hold the journal against the answers."""
    people = [Dispatcher(node, *who) for who in WRITERS]
    writers = [Writer(person, person.open_incident()) for person in people]
    for writer in writers:
        writer.start()
    try:
        trouble(writers)
    finally:
        for writer in writers:
            writer.done.set()
        for writer in writers:
            writer.join(PATIENCE_SECONDS)
            writer.person.close()
    assert not [writer.failure for writer in writers if writer.failure]
    stored = entries_by_command(node)
    answered = {command: pos for writer in writers for command, pos in writer.answered.items()}
    assert answered
    assert {command: [pos] for command, pos in answered.items()} == {c: stored.get(c) for c in answered}
    assert all(len(positions) == 1 for positions in stored.values())
    assert "every chain whole" in node.manage("verify")
    return writers


def progress(writers: list[Writer], answers: int) -> None:
    """Wait until each writer has ``answers`` more answers."""
    goals = [len(writer.answered) + answers for writer in writers]
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while any(len(w.answered) < goal and not w.failure for w, goal in zip(writers, goals, strict=True)):
        assert time.monotonic() < deadline, "no progress"
        pause.wait(0.005)


def test_kill_9_of_the_web_process(node_factory: NodeFactory) -> None:
    node = node_factory("jena", processes=("web",))

    def kill_again_and_again(writers: list[Writer]) -> None:
        for _kill in range(8):
            progress(writers, 3)
            node.kill("web")
            node.start(["web"])

    writers = write_through(node, kill_again_and_again)
    assert sum(writer.repeated for writer in writers) > 0, "no command was ever hit"
    node.stop()


@pytest.fixture
def own_node(
    private_servers: Callable[[], tuple[Cluster, RedisServer]], tmp_path: Path
) -> Iterator[tuple[Node, Cluster, RedisServer]]:
    """A node on servers that only this test uses and may kill."""
    cluster, redis = private_servers()
    url = cluster.create_database("own")
    with Node("jena", database_url=url, redis_url=redis.url(), run_dir=tmp_path) as node:
        node.prepare(demo=True)
        node.start(["web", "sockets"])
        node.wait_ready()
        yield node, cluster, redis


def test_kill_9_of_postgres_and_of_redis(own_node: tuple[Node, Cluster, RedisServer]) -> None:
    node, cluster, redis = own_node

    def kill_both(writers: list[Writer]) -> None:
        for _kill in range(3):
            progress(writers, 3)
            cluster.kill()
            cluster.start()
        progress(writers, 3)
        redis.kill()
        progress(writers, 20)  # nothing waits for Redis

    write_through(node, kill_both)
    with closing(Dispatcher(node, "jena1", "J1")) as watcher, watcher.socket(watcher.snapshot()["pos"]) as frames:
        next_message(frames, "up-to-date")
        incident = watcher.open_incident()
        assert incident in next_message(frames, "frame")["incidents"], "with Redis gone, readers poll"
    redis.start()


def small_socket(node: Node) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, port = node.sockets_url.removeprefix("ws://").split(":")
    connection.connect((host, int(port)))
    return connection


def test_a_console_that_never_reads_slows_nobody(node_factory: NodeFactory) -> None:
    """It is closed once its queue is full; the writer and the other console do not notice."""
    node = node_factory("jena", processes=("web", "sockets"))
    complaint = "a console does not read"
    with closing(Dispatcher(node, "jena1", "J1")) as author, closing(Dispatcher(node, "gera1", "G1")) as watcher:
        start = author.snapshot()["pos"]
        incident = author.open_incident()
        # The client library stops reading once one message waits for its user, and little fits into its kernel buffer.
        with author.socket(start, max_queue=1, sock=small_socket(node)) as asleep, watcher.socket(start) as awake:
            next_message(asleep, "frame")
            slowest, last = 0.0, start
            for _note in range(MAX_NOTES):
                before = time.perf_counter()
                answer = author.do("incident.note", incident=incident, text="x" * 5000)
                slowest = max(slowest, time.perf_counter() - before)
                while last < answer["pos"]:
                    last = next_message(awake, "frame")["pos"]
                if complaint in node.children["sockets"].log.read_text():
                    break
            else:
                pytest.fail("the console that does not read was never closed")
    assert slowest < SLOWEST_ANSWER_SECONDS
    node.stop()
