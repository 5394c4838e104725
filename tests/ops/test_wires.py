"""The lines between nodes do what they are told, way by way, and nothing else."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.dialler import node_of_port
from ops.environment import free_port
from ops.wires import Wires

SOON = 5.0
"""Seconds in which what must happen happens, on a machine that has more to do."""
QUIET = 0.3
"""Seconds in which nothing may arrive where nothing may arrive."""


class Echo:
    """A server that says everything back, and remembers what it has heard."""

    def __init__(self) -> None:
        self.heard = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(65_536):
                self.heard += data
                connection.sendall(data)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(scope="module")
def wires(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wires]:
    made = Wires(tmp_path_factory.mktemp("wires") / "wires.log")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture(scope="module")
def port(wires: Wires, echo: Echo) -> int:
    """Of the line from jena to gera; gera says everything back."""
    return wires.line("gera", echo.port, source="jena")


@pytest.fixture(autouse=True)
def healed(wires: Wires, port: int) -> None:
    wires.heal()


def dial(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=SOON)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive(connection: socket.socket, size: int, timeout: float = SOON) -> bytes:
    """What arrives until `size` bytes, the end, or the time is over."""
    got = b""
    deadline = time.monotonic() + timeout
    while len(got) < size and (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            part = connection.recv(size - len(got))
        except TimeoutError:
            break
        if not part:
            break
        got += part
    return got


def test_whole_lines_carry_everything_in_order_and_both_ends(wires: Wires, port: int) -> None:
    said = os.urandom(3_000_000)
    with dial(port) as connection:

        def say() -> None:
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)

        writer = threading.Thread(target=say)
        writer.start()
        assert receive(connection, len(said)) == said
        assert connection.recv(1) == b""
        writer.join(SOON)
    passed = wires.bytes_passed()
    assert passed["jena", "gera"] >= len(said)
    assert passed["gera", "jena"] >= len(said)


def test_a_cut_drops_what_is_open_and_refuses_what_is_new_until_healed(wires: Wires, port: int) -> None:
    with dial(port) as connection:
        connection.sendall(b"x")
        assert receive(connection, 1) == b"x"
        wires.cut("jena", "gera")
        connection.settimeout(SOON)
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with pytest.raises(ConnectionRefusedError):
        dial(port)
    wires.heal()
    with dial(port) as connection:
        connection.sendall(b"y")
        assert receive(connection, 1) == b"y"


def test_nobody_gets_the_port_of_a_line_that_is_cut(wires: Wires, port: int) -> None:
    wires.cut()
    assert free_port(port) != port


def test_in_a_black_hole_connections_stay_open_and_silent_and_go_on_afterwards(wires: Wires, port: int) -> None:
    with dial(port) as connection:
        connection.sendall(b"a")
        assert receive(connection, 1) == b"a"
        wires.blackhole("gera")
        connection.sendall(b"into the dark")
        assert receive(connection, 1, QUIET) == b""
        with dial(port) as late:  # the other side does not answer, but it does not refuse either
            late.sendall(b"hello")
            assert receive(late, 1, QUIET) == b""
        wires.heal()
        assert receive(connection, 13) == b"into the dark"


def test_one_way_cut_lets_the_other_way_pass(wires: Wires, port: int, echo: Echo) -> None:
    with dial(port) as connection:
        connection.sendall(b"a")
        assert receive(connection, 1) == b"a"
        wires.one_way(deaf="jena", unheard="gera")
        connection.sendall(b"marker-1")
        assert receive(connection, 1, QUIET) == b""
        assert b"marker-1" in echo.heard
        wires.heal()
        assert receive(connection, 8) == b"marker-1"


def test_delay_holds_every_byte_back_and_keeps_their_order(wires: Wires, port: int) -> None:
    wires.delay(100, jitter=50, loss=0.2)
    said = [f"{number:04}".encode() for number in range(50)]
    with dial(port) as connection:
        begin = time.monotonic()
        for word in said:
            connection.sendall(word)
        assert receive(connection, 200) == b"".join(said)
        assert time.monotonic() - begin >= 0.1, "two ways of at least 50 ms each"


def test_a_narrow_line_takes_its_time(wires: Wires, port: int) -> None:
    wires.delay(0, rate=200_000)
    with dial(port) as connection:
        begin = time.monotonic()
        connection.sendall(bytes(100_000))
        assert len(receive(connection, 100_000)) == 100_000
        assert time.monotonic() - begin >= 0.5


def test_a_flipped_bit_is_one_bit_once(wires: Wires, port: int) -> None:
    said = b"0123456789"
    wires.fault("jena", "gera", flip=1)
    with dial(port) as connection:
        connection.sendall(said)
        got = receive(connection, len(said))
        changed = [one ^ other for one, other in zip(got, said, strict=True) if one != other]
        assert len(changed) == 1
        assert changed[0].bit_count() == 1
        connection.sendall(said)
        assert receive(connection, len(said)) == said


def test_a_truncated_chunk_ends_its_connection(wires: Wires, port: int, echo: Echo) -> None:
    wires.fault("jena", "gera", truncate=1)
    with dial(port) as connection:
        connection.sendall(b"first-half|second-half")
        connection.settimeout(SOON)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(100):
                pass
    assert b"second-half" not in echo.heard


def test_only_the_lines_named_are_cut(wires: Wires, echo: Echo, port: int) -> None:
    aside = wires.line("gera", echo.port, source="saalfeld")
    wires.cut("jena")
    with dial(aside) as connection:
        connection.sendall(b"z")
        assert receive(connection, 1) == b"z"
    with pytest.raises(ConnectionRefusedError):
        dial(port)
    with pytest.raises(ValueError, match="erfurt"):
        wires.cut("erfurt")


def test_a_line_for_anybody_finds_out_who_dials(wires: Wires, echo: Echo) -> None:
    """By the process behind the port: this one has no LEITSTELLE_NODE of its own in the kernel's view."""
    open_to_all = wires.line("gera", echo.port)
    with dial(open_to_all) as connection:
        connection.sendall(b"q")
        assert receive(connection, 1) == b"q"
        before_start = Path("/proc/self/environ").read_bytes()
        expected = next((v[16:].decode() for v in before_start.split(b"\0") if v.startswith(b"LEITSTELLE_NODE=")), "")
        assert node_of_port(connection.getsockname()[1]) == expected


def test_ports_and_faults_outlive_the_death_of_the_process(wires: Wires, port: int) -> None:
    wires.cut("jena", "gera")
    assert wires.child is not None
    wires.child.kill()
    wires.start()
    with pytest.raises(ConnectionRefusedError):
        dial(port)
    wires.heal()
    with dial(port) as connection:
        connection.sendall(b"x")
        assert receive(connection, 1) == b"x"
