"""Keys and signed requests, without a line: what a node believes, and for how long."""

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from federation import identity, nodes
from federation.identity import Denied, Gate, Ring, sign_request, to_bytes, to_text, trusted_keys
from federation.models import LinkState, Node
from journal.actor import system
from journal.record import Transaction
from ops import identity as outside

PATH = "/federation/command/incident.note"


@pytest.fixture
def here(tmp_path: Path, db: None) -> Any:
    """Node gera, with a run folder of its own."""
    with override_settings(LEITSTELLE_RUN_DIR=tmp_path, LEITSTELLE_NODE="gera", LEITSTELLE_PEERS=[]):
        yield tmp_path


@given(st.binary())
def test_text_of_bytes_and_back(raw: bytes) -> None:
    assert to_bytes(to_text(raw)) == raw


def test_a_key_is_made_once_for_its_owner_only(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        identity._read_key.cache_clear()
        keys = {
            key.private_bytes_raw()
            for key in pool.map(lambda _: identity._read_key.__wrapped__(here / "node.key"), range(8))
        }
    assert len(keys) == 1
    assert stat.S_IMODE((here / "node.key").stat().st_mode) == 0o600
    assert [path.name for path in here.iterdir()] == ["node.key"]
    call_command("identity")
    assert capsys.readouterr().out.splitlines()[-1] == identity.public_key() == outside.public_key(here)


def test_a_key_made_by_the_set_up_is_taken(tmp_path: Path) -> None:
    made = outside.public_key(tmp_path)
    with override_settings(LEITSTELLE_RUN_DIR=tmp_path):
        assert identity.public_key() == made


class Clock:
    """The target's wall clock, and how far the sender's is ahead of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.time()
        self.ahead: float | None = 0.0
        monkeypatch.setattr(time, "time", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def gate(here: Path, clock: Clock) -> Gate:
    """The door of node gera, which trusts itself under the name jena: sender and target are one process here."""
    gate = Gate(Ring({"jena": identity.public_key()}), lambda node: clock.ahead if node == "jena" else None)
    LinkState.objects.create(
        id="jena:gera", node="jena", peer="gera", state="up", since=timezone.now(), updated_at=timezone.now(),
        vitals={"challenge": gate.challenge},
    )  # fmt: skip
    return gate


def letter(clock: Clock, body: bytes = b"{}", to: str = "gera") -> str:
    """What jena, whose clock is ``ahead``, writes now."""
    clock.now += clock.ahead or 0.0
    with override_settings(LEITSTELLE_NODE="jena"):
        header = sign_request(to, PATH, body)["Authorization"]
    clock.now -= clock.ahead or 0.0
    return header


@pytest.mark.parametrize("ahead", [0.0, 7200.0, -7200.0, 86_400 * 400.0])
def test_clocks_may_be_hours_apart(gate: Gate, clock: Clock, ahead: float) -> None:
    clock.ahead = ahead
    assert gate.admit(letter(clock), PATH, b"{}") == "jena"


@pytest.mark.parametrize("later", [0.0, 1.0, 29.0, 31.0, 61.0, 100.0, 10_000.0])
def test_a_letter_is_good_once_whenever_it_comes_again(gate: Gate, clock: Clock, later: float) -> None:
    header = letter(clock)
    assert gate.admit(header, PATH, b"{}") == "jena"
    clock.now += later
    gate_sees_others(gate, clock)
    with pytest.raises(Denied):
        gate.admit(header, PATH, b"{}")


def gate_sees_others(gate: Gate, clock: Clock) -> None:
    for _ in range(3):
        assert gate.admit(letter(clock), PATH, b"{}") == "jena"


@pytest.mark.parametrize("late", [-40.0, 40.0])
def test_an_old_letter_is_not_believed(gate: Gate, clock: Clock, late: float) -> None:
    header = letter(clock)
    clock.now += late
    with pytest.raises(Denied, match="time"):
        gate.admit(header, PATH, b"{}")


def test_a_letter_to_another_node_or_of_another_life_is_none(gate: Gate, clock: Clock) -> None:
    with pytest.raises(Denied):
        gate.admit(letter(clock, to="jena"), PATH, b"{}")
    header = letter(clock)
    reborn = Gate(Ring({"jena": identity.public_key()}), lambda _node: 0.0)
    with pytest.raises(Denied):
        reborn.admit(header, PATH, b"{}")
    assert gate.admit(header, PATH, b"{}") == "jena"


def test_without_a_line_nothing_is_believed(gate: Gate, clock: Clock) -> None:
    header = letter(clock)
    clock.ahead = None
    with pytest.raises(Denied, match="no link"):
        gate.admit(header, PATH, b"{}")


def test_a_flood_is_refused_and_forgotten_in_time(gate: Gate, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "MAX_NONCES", 10)
    for _ in range(10):
        gate.admit(letter(clock), PATH, b"{}")
    with pytest.raises(Denied, match="too many"):
        gate.admit(letter(clock), PATH, b"{}")
    clock.now += 200
    gate_sees_others(gate, clock)


@given(st.text(max_size=500))
def test_no_header_makes_it_stumble(header: str) -> None:
    gate = Gate(Ring({"jena": "A" * 43}), lambda _node: 0.0)
    with pytest.raises(Denied):
        gate.admit(header, PATH, b"")


def known(**values: Any) -> None:
    tx = Transaction(system("test"))
    tx.record(nodes.NodeSaved(**values))
    tx.append()


def test_the_table_has_the_last_word_on_whom_to_trust(here: Path) -> None:
    one, two = (to_text(Ed25519PrivateKey.generate().public_key().public_bytes_raw()) for _ in range(2))
    given_keys = [("jena", "ws://127.0.0.1:1", one), ("erfurt", "ws://127.0.0.1:2", one)]
    with override_settings(LEITSTELLE_PEERS=given_keys):
        assert trusted_keys() == {"jena": one, "erfurt": one}
        known(id="jena", name="Jena", public_key=two)
        assert trusted_keys() == {"jena": two, "erfurt": one}
        known(id="erfurt", name="Erfurt", active=False)
        known(id="gera", name="Gera", public_key=two)
        known(id="saalfeld", name="Saalfeld")  # without a key nobody can prove to be it
        assert trusted_keys() == {"jena": two}
    assert Node.objects.count() == 4


@given(st.text(max_size=60), st.binary(max_size=80))
def test_no_key_and_no_signature_makes_it_stumble(key: str, signature: bytes) -> None:
    assert identity.genuine(key, b"text", signature) is False
    assert Ring({"a": key}).verify("a", b"text", signature) is False
