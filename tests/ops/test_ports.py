"""Ports for servers that start a little later: nobody else is given the same meanwhile."""

import socket
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from ops.environment import OWN_PORTS, free_port

PROCESSES, PORTS = 4, 300


def test_processes_that_choose_at_the_same_time_get_different_ports() -> None:
    with ProcessPoolExecutor(PROCESSES) as processes:
        given = list(processes.map(free_port, [0] * PORTS))
    assert len(set(given)) == PORTS
    assert set(given) <= set(OWN_PORTS)


def test_a_wish_is_granted_unless_somebody_listens_there() -> None:
    wish = free_port()
    assert free_port(wish) == wish
    with socket.create_server(("127.0.0.1", wish)):
        assert free_port(wish) != wish


@pytest.mark.parametrize("turn", ["", "99999", "rubbish", "31999"])
def test_whatever_stands_in_the_file_of_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn: str) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    free_port()
    (file,) = tmp_path.iterdir()
    file.write_text(turn)
    assert free_port() in OWN_PORTS


def test_a_link_in_place_of_the_file_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    free_port()
    (file,) = tmp_path.iterdir()
    precious = tmp_path / "precious"
    precious.write_text("words")
    file.unlink()
    file.symlink_to(precious)
    with pytest.raises(OSError, match="symbolic"):
        free_port()
    assert precious.read_text() == "words"
