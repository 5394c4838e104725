"""Who gets in: two nodes prove who they are to each other, and nobody else learns anything."""

from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from federation.protocol import Close, Limits, Local, Send, Session, Up
from tests.federation.network import Database, End, Ring, World

PAIR = ("gera", "jena")
NONCE = bytes(range(32))


def world(**knows: tuple[str, ...]) -> World:
    """Gera and Jena with ten entries each."""
    made = World()
    for name in PAIR:
        made.add(name, knows.get(name, PAIR))
        made.grow(name, 10)
    return made


def words(messages: list[dict[str, Any]]) -> set[str]:
    return {message["t"] for message in messages}


def sent(effects: list[Any]) -> list[dict[str, Any]]:
    return [orjson.loads(orjson.dumps(effect.message)) for effect in effects if isinstance(effect, Send)]


def codes(effects: list[Any]) -> list[str]:
    return [effect.code for effect in effects if isinstance(effect, Close)]


def session(
    node: str = "jena",
    peer: str | None = None,
    *,
    ring: Ring | None = None,
    nonce: bytes = NONCE,
    protocols: tuple[int, ...] = (1,),
) -> Session:
    database = Database(node)
    local = Local(node, node, "1.0", (node,), protocols)
    return Session(local, ring or Ring(node, PAIR), database.have(), now=0.0, nonce=nonce, peer=peer)


def met(left: Session, right: Session) -> tuple[list[Any], list[Any]]:
    """Let two sessions talk until nobody says anything; every effect of each."""
    seen: tuple[list[Any], list[Any]] = (left.open(0.0), right.open(0.0))
    done = [0, 0]
    while done[0] < len(seen[0]) or done[1] < len(seen[1]):
        for side, other in ((0, right), (1, left)):
            fresh, done[side] = seen[side][done[side] :], len(seen[side])
            for message in sent(fresh):
                seen[1 - side].extend(other.receive(message, 0.0))
    return seen


def test_two_nodes_that_know_each_other_meet() -> None:
    there = world()
    left, right = there.connect("gera", "jena")
    there.flush()
    assert [up.peer for up in left.node.effects(Up)] == ["jena"]
    assert [up.peer for up in right.node.effects(Up)] == ["gera"]
    assert left.session.status.state == right.session.status.state == "up"
    assert left.node.database.hashes() == right.node.database.hashes()


@pytest.mark.parametrize("stranger", PAIR)
def test_an_unknown_node_learns_a_name_and_nothing_else(stranger: str) -> None:
    other = next(name for name in PAIR if name != stranger)
    there = world(**{other: (other,)})
    left, right = there.connect("gera", "jena")
    ends = {end.node.name: end for end in (left, right)}
    there.flush()
    assert not left.alive
    assert words(ends[other].transcript) <= {"hello", "proof"}
    assert codes(ends[other].node.effects(Close)) == ["refused"]
    assert not ends[stranger].node.effects(Up) or words(ends[other].transcript) == {"hello", "proof"}


def test_the_acceptor_signs_nothing_for_a_stranger() -> None:
    forger = Ring("gera", PAIR, Ed25519PrivateKey.generate())
    dialler, acceptor = session("gera", "jena", ring=forger, nonce=b"g" * 32), session("jena")
    _left, right = met(dialler, acceptor)
    assert words(sent(right)) == {"hello"}
    assert codes(right) == ["refused"]


def test_whoever_answers_for_another_node_is_left() -> None:
    """Jena was dialled; somebody known, but not Jena, picked up."""
    ring = Ring("erfurt", ("gera", "jena", "erfurt"))
    dialler, acceptor = session("gera", "jena"), session("erfurt", ring=ring, nonce=b"e" * 32)
    left, _right = met(dialler, acceptor)
    assert codes(left) == ["refused"]
    assert words(sent(left)) == {"hello"}


@pytest.mark.parametrize("dialled", [None, "jena"])
def test_our_own_voice_is_not_answered(dialled: str | None) -> None:
    """Reflection: what we said comes back, as it is or under another name."""
    for echo_name in ("gera", "jena"):
        ours = session("gera", dialled, ring=Ring("gera", PAIR))
        ours.open(0.0)
        echo = {"t": "hello", "node": echo_name, "nonce": NONCE.hex(), "protocols": [1]}
        effects = ours.receive(echo, 0.0)
        assert codes(effects) == ["refused"]
        assert not sent(effects)


def test_a_proof_of_the_other_role_is_none() -> None:
    """Two connections crossed: a dialler's proof cannot be turned round into an acceptor's."""
    first = session("gera", "jena", nonce=b"a" * 32)
    second = session("gera", "jena", nonce=b"b" * 32)
    first.open(0.0)
    second.open(0.0)
    hellos = [
        {"t": "hello", "node": "jena", "nonce": nonce.hex(), "protocols": [1]} for nonce in (b"b" * 32, b"a" * 32)
    ]
    proofs = [sent(one.receive(hello, 0.0))[0] for one, hello in zip((first, second), hellos, strict=True)]
    assert codes(first.receive(proofs[1], 0.0)) == ["refused"]
    assert codes(second.receive(proofs[0], 0.0)) == ["refused"]


@pytest.mark.parametrize("side", [0, 1])
def test_a_replayed_session_gets_nothing(side: int) -> None:
    """Everything one side ever said, said again to the other: a hello comes back, and silence."""
    there = world()
    ends = there.connect("gera", "jena")
    there.flush()
    there.advance(3.0)
    there.grow(PAIR[side], 5)
    there.flush()
    script = ends[side].transcript
    assert words(script) >= {"hello", "proof", "have", "entries", "ack", "beat"}
    victim = there.nodes[PAIR[1 - side]]
    fresh = there.session(victim, None if side == 0 else PAIR[side])
    effects = fresh.open(there.now)
    for message in script:
        effects += fresh.receive(message, there.now)
    assert [type(effect) for effect in effects if not isinstance(effect, Send)] == [Close]
    assert words(sent(effects)) <= ({"hello"} if side == 0 else {"hello", "proof"})
    assert codes(effects) == ["refused"]


@given(word=st.sampled_from(["have", "entries", "ack", "beat", "signal", "stop", "novelty"]), step=st.integers(0, 1))
def test_nothing_counts_before_the_proof(word: str, step: int) -> None:
    acceptor = session("jena")
    acceptor.open(0.0)
    if step:
        acceptor.receive({"t": "hello", "node": "gera", "nonce": (b"g" * 32).hex(), "protocols": [1]}, 0.0)
    effects = acceptor.receive({"t": word, "have": {}, "kind": "positions", "items": {}}, 0.0)
    assert [type(effect) for effect in effects] == [Close]


@given(
    left=st.sets(st.integers(1, 9), min_size=1).map(lambda versions: tuple(sorted(versions))),
    right=st.sets(st.integers(1, 9), min_size=1).map(lambda versions: tuple(sorted(versions))),
)
def test_the_highest_common_version_is_spoken(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    seen = met(
        session("gera", "jena", protocols=left, nonce=b"g" * 32),
        session("jena", protocols=right),
    )
    common = set(left) & set(right)
    for effects in seen:
        if common:
            assert [effect.protocol for effect in effects if isinstance(effect, Up)] == [max(common)]
        else:
            assert codes(effects) == ["version"]
            assert words(sent(effects)) <= {"hello", "bye"}


def test_versions_cannot_be_taken_away_on_the_wire() -> None:
    """Somebody in the middle strikes out the newer version of both hellos: the proofs no longer fit."""
    dialler, acceptor = session("gera", "jena", protocols=(1, 2), nonce=b"g" * 32), session("jena", protocols=(1, 2))
    hello = sent(dialler.open(0.0))[0] | {"protocols": [1]}
    answer = sent(acceptor.receive(hello, 0.0))[0] | {"protocols": [1]}
    proof = sent(dialler.receive(answer, 0.0))[0]
    assert codes(acceptor.receive(proof, 0.0)) == ["refused"]


def test_who_does_not_prove_himself_in_time_is_gone() -> None:
    acceptor = session("jena")
    acceptor.open(0.0)
    limit = Limits().handshake_seconds
    assert acceptor.next_tick == limit
    assert acceptor.tick(limit - 0.01) == []
    assert codes(acceptor.tick(limit)) == ["silent"]
    assert acceptor.receive({"t": "hello"}, limit) == []


def test_a_name_that_cannot_be_written_is_no_name() -> None:
    """Half a surrogate pair passes some JSON readers and no writer: it must not get as far as the proof."""
    acceptor = session("jena")
    acceptor.open(0.0)
    hello = {"t": "hello", "node": "\ud800", "nonce": (b"g" * 32).hex(), "protocols": [1]}
    assert codes(acceptor.receive(hello, 0.0)) == ["refused"]


def test_a_nonce_of_another_length_is_a_mistake_of_the_driver() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        session("jena", nonce=b"short")


def test_no_two_proofs_are_over_the_same_text() -> None:
    """Purpose, role, names and nonces stand in it: no signature of a node fits anywhere else."""
    texts: list[bytes] = []

    class Recording(Ring):
        def sign(self, text: bytes) -> bytes:
            texts.append(text)
            return super().sign(text)

    rings = {name: Recording(name, PAIR) for name in PAIR}
    for number in range(3):
        for dialler, acceptor in (PAIR, PAIR[::-1]):
            nonces = [bytes([2 * number + side]) * 32 for side in (1, 2)]
            met(
                session(dialler, acceptor, ring=rings[dialler], nonce=nonces[0]),
                session(acceptor, ring=rings[acceptor], nonce=nonces[1]),
            )
    assert len(texts) == len(set(texts)) == 12
    assert all(text.startswith(b"leitstelle federation link proof\0") for text in texts)


def test_a_dismissed_node_comes_in_no_more() -> None:
    there = world()
    there.connect("gera", "jena")
    there.flush()
    there.cut("gera", "jena")
    there.nodes["jena"].knows = ("jena",)
    there.grow("jena", 1)
    left, _right = there.connect("gera", "jena")
    there.flush()
    assert not left.alive
    assert ("jena", 1, 11, there.nodes["jena"].database.rows["jena", 1][-1].hash) not in there.nodes[
        "gera"
    ].database.hashes()


def ends_of(there: World) -> tuple[End, End]:
    left, right = there.connect("gera", "jena")
    there.flush()
    return left, right


@given(extra=st.dictionaries(st.text(min_size=1).filter(lambda name: name != "t"), st.integers()))
def test_words_of_a_later_version_are_passed_over(extra: dict[str, int]) -> None:
    there = world()
    left, _right = ends_of(there)
    assert left.session.receive({"t": "novelty", **extra}, there.now) == []
    assert left.session.status.state == "up"
