"""What holds for every entry type, found by walking the registry: a new type is tested by existing."""

import dataclasses
import random
from uuid import uuid4

import orjson
import pytest
from django.utils import timezone

from journal import fold
from journal.actor import Actor, system
from journal.envelope import Envelope, UnknownType, decode, encode
from journal.models import Entry, Key
from journal.record import Transaction
from journal.shelf import BrokenChain
from journal.tail import after
from journal.types import EntryType, Incomplete, entry, entry_types

KEY = bytes(range(32))
TYPES = sorted(entry_types())


def envelope(name: str) -> Envelope:
    return Envelope(entry_types()[name].sample(), timezone.now(), system("test"), uuid4(), term=1)


@pytest.mark.parametrize("name", TYPES)
def test_body_round_trip_is_exact(name: str) -> None:
    sealed = envelope(name)
    fact = decode(encode(sealed, KEY), (KEY,))
    assert fact == sealed.fact()


@pytest.mark.parametrize("name", [n for n in TYPES if entry_types()[n].personal])
def test_personal_fields_are_not_in_the_body_and_gone_without_the_key(name: str) -> None:
    sealed = envelope(name)
    body = orjson.loads(encode(sealed, KEY))
    assert not set(body["data"]) & set(sealed.data.personal)
    forgotten = decode(orjson.dumps(body).decode(), None).data
    for field in sealed.data.personal:
        assert getattr(forgotten, field) == type(sealed.data).model_fields[field].get_default(call_default_factory=True)


@pytest.mark.parametrize("name", TYPES)
def test_description_is_a_sentence_or_nothing(name: str) -> None:
    text = envelope(name).data.describe(envelope(name).fact())
    assert isinstance(text, str)
    assert text == text.strip()


@pytest.mark.parametrize("name", TYPES)
def test_handler_is_total_without_any_row(name: str, db: None) -> None:
    """What happened elsewhere is never refused here, whatever this node has or lacks."""
    fold.apply(envelope(name).fact())
    fold.apply(envelope(name).fact())


def test_samples_in_any_order_give_equal_tables(db: None) -> None:
    """Law 1 over one sample of each type: every order and repetition ends in the same tables."""
    tx = Transaction(Actor("system", "test", "Test"))
    for name in sorted(TYPES, key=lambda n: n.endswith(".forgotten")):  # nothing personal can follow a forgetting
        tx.record(entry_types()[name].sample())
        tx.append()
        tx.envelopes.clear()
    raws = [fold.Raw.of(row) for row in Entry.objects.order_by("pos")]
    fold.clear()
    fold.absorb(raws)
    expected = fold.digests()
    assert any(expected.values())
    for seed in range(12):
        order = random.Random(seed)
        shuffled = raws + order.choices(raws, k=10)
        order.shuffle(shuffled)
        fold.clear()
        fold.absorb(shuffled)
        assert fold.digests() == expected, f"seed {seed}"


def test_a_type_that_forgets_something_cannot_be_registered() -> None:
    with pytest.raises(Incomplete, match="apply"):

        @entry("test.incomplete", aggregate="test", personal=())
        class Missing(EntryType):
            """Has no handler."""

            def aggregate_id(self) -> str:
                return ""


def test_an_unknown_type_is_kept_and_told(db: None) -> None:
    tx = Transaction(system("test"))
    tx.record(entry_types()["seat.saved"].sample())
    tx.append()
    raw = fold.Raw.of(Entry.objects.get())
    foreign = dataclasses.replace(raw, seq=99, body=raw.body.replace("seat.saved", "seat.unheard_of"), hash=b"x")
    with pytest.raises(UnknownType):
        decode(foreign.body, ())
    assert after(0)[0].fact is not None


def test_a_changed_byte_is_found(db: None) -> None:
    tx = Transaction(system("test"))
    tx.record(entry_types()["seat.saved"].sample())
    tx.append()
    raw = fold.Raw.of(Entry.objects.get())
    with pytest.raises(BrokenChain):
        fold.absorb([dataclasses.replace(raw, hash=b"\0" * 32)])


def test_a_destroyed_key_leaves_nothing_personal(db: None) -> None:
    tx = Transaction(system("test"))
    tx.record(entry_types()["call.received"].sample())
    tx.append()
    assert "+4936411234" not in Entry.objects.get().body
    assert after(0)[0].fact.data.number == "+4936411234"
    later = Transaction(system("test"))
    later.record(entry_types()["call.forgotten"].sample())
    later.append()
    assert Key.objects.get().secret is None
    assert after(0)[0].fact.data.number == ""
