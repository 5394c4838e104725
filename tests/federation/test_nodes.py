"""The list of nodes: what it says, who may change it, and how each node tells its own part."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from federation import nodes
from federation.identity import public_key
from federation.link.restored import last_common
from federation.link.signals import _fix
from federation.link.version import version
from federation.link.work import not_durable
from federation.models import Node
from journal.actor import Actor, system
from journal.commands import execute
from journal.models import Entry

KEY = "K" * 43
ADDRESSES = {
    "LEITSTELLE_LINK_URL": "ws://127.0.0.1:8002", "LEITSTELLE_URL": "http://127.0.0.1:8000",
    "LEITSTELLE_SOCKETS_URL": "ws://127.0.0.1:8001/console/socket",
}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, transactional_db: None) -> Iterator[None]:
    """Node jena, home of the centre jena, with addresses and no peers."""
    with override_settings(
        LEITSTELLE_NODE="jena", LEITSTELLE_CENTRES=["jena"], LEITSTELLE_PEERS=[], LEITSTELLE_RUN_DIR=tmp_path,
        **ADDRESSES,
    ):  # fmt: skip
        nodes._directory.forget()
        yield
    nodes._directory.forget()


def admit(name: str = "gera", centres: str = "gera", key: str = KEY) -> None:
    call_command("admit", name, "ws://127.0.0.1:8102", "http://localhost:8100", "ws://localhost:8101", key, centres)


def test_a_node_tells_its_own_part_once(here: None) -> None:
    assert nodes.announce() is True
    row = Node.objects.get()
    assert (row.id, row.name, row.centres, row.link_url) == ("jena", "Jena", ["jena"], "ws://127.0.0.1:8002")
    assert row.public_key == public_key()
    assert nodes.announce() is False
    with override_settings(LEITSTELLE_CENTRES=["jena", "apolda"]):
        assert nodes.announce() is True
    assert Entry.objects.filter(type="node.saved").count() == 2
    assert nodes.peers() == {}  # nobody is a peer of himself


def test_a_node_without_an_address_tells_nothing(here: None) -> None:
    with override_settings(LEITSTELLE_LINK_URL=""):
        assert nodes.announce() is False


def test_a_name_that_people_gave_stays(here: None) -> None:
    nodes.announce()
    nodes.save(**{**Node.objects.values().get(), "name": "Leitstelle Jena"})
    with override_settings(LEITSTELLE_URL="http://127.0.0.1:9000"):
        assert nodes.announce() is True
    assert Node.objects.get().name == "Leitstelle Jena"


def test_admitted_nodes_are_peers_until_they_are_dismissed(here: None) -> None:
    admit()
    assert nodes.peers()["gera"] == nodes.Peer("gera", "Gera", "ws://127.0.0.1:8102", ("gera",))
    assert (nodes.node_of("gera"), nodes.node_of("jena"), nodes.node_of("erfurt")) == ("gera", "jena", "")
    call_command("dismiss", "gera")
    assert nodes.peers() == {}
    assert nodes.node_of("gera") == ""
    assert nodes.announce() is True
    with pytest.raises(CommandError, match="nicht selbst"):
        call_command("dismiss", "jena")


def test_the_address_in_the_settings_wins_and_a_dismissal_wins_over_it(here: None) -> None:
    with override_settings(LEITSTELLE_PEERS=[("gera", "ws://127.0.0.1:9", KEY)]):
        assert nodes.node_of("gera") == "gera"  # before the first word: by its name
        admit(centres="gera,greiz")
        assert nodes.peers()["gera"] == nodes.Peer("gera", "Gera", "ws://127.0.0.1:9", ("gera", "greiz"))
        call_command("dismiss", "gera")
        assert nodes.peers() == {}


def test_one_that_only_the_settings_name_can_be_dismissed(here: None) -> None:
    with override_settings(LEITSTELLE_PEERS=[("gera", "ws://127.0.0.1:9", KEY)]):
        call_command("dismiss", "gera")
        assert nodes.read_peers() == {}


@pytest.mark.parametrize(
    "wrong",
    [{"public_key": "short"}, {"link_url": "http://x"}, {"web_url": "javascript:x"}, {"id": "no name"}, {"id": ""}],
)
def test_what_no_node_can_have_is_refused(here: None, wrong: dict[str, Any]) -> None:
    values = {"id": "gera", "name": "Gera"} | wrong
    assert execute("node.save", values, command_id=uuid4(), actor=system("t"))["refused"] == "invalid"
    assert not Node.objects.exists()


def test_only_administrators_change_the_list(here: None) -> None:
    for role, refused in (("dispatcher", "forbidden"), ("supervisor", "forbidden"), ("administrator", None)):
        actor = Actor("user", "1", "A", roles=frozenset({role}))
        answer = execute("node.save", {"id": "gera", "name": "Gera"}, command_id=uuid4(), actor=actor)
        assert answer.get("refused") == refused


def test_a_database_that_may_lose_answers_is_not_linked(here: None) -> None:
    assert not_durable() == ""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        try:
            assert "synchronous_commit" in not_durable()
        finally:
            cursor.execute("SET synchronous_commit = on")


def test_a_version_names_the_program_and_what_it_can_read() -> None:
    number, _plus, mark = version().partition("+")
    assert number.count(".") == 2
    assert len(mark) == 8


@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000))
def test_the_last_common_entry_is_found_in_few_questions(common: int, ours: int, theirs: int) -> None:
    """Two chains that are equal up to ``common`` and then go on apart."""
    height = min(common + ours, common + theirs)
    asked: list[list[int]] = []

    def chain(name: str, length: int, seqs: list[int]) -> dict[int, str]:
        return {seq: f"{seq}" if seq <= common else f"{seq}{name}" for seq in seqs if seq <= length}

    def ask(seqs: list[int]) -> dict[int, str]:
        asked.append(seqs)
        return chain("b", common + theirs, seqs)

    found = last_common(height, lambda seqs: chain("a", common + ours, seqs), ask)
    assert found == common
    assert len(asked) <= 4
    assert all(0 < seq <= height for seqs in asked for seq in seqs)
    assert max(map(len, asked), default=0) <= 98


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=8),
)


@given(st.text(max_size=70), JSON, st.sampled_from([0.0, 7200.0, -7200.0]))
def test_no_position_of_a_peer_makes_it_stumble(unit: str, value: Any, ahead: float) -> None:
    fix = _fix(unit, value, ahead)
    assert fix is None or (fix.unit == unit and "\x00" not in fix.source + fix.unit)
