"""The score: could the partner carry us now? By its laws, and from the tables."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from federation import nodes, reach
from federation.entries.agreement import AgreementSaved
from federation.entries.drill import DrillAnswered, DrillFinished, DrillStarted
from federation.link.version import version
from federation.models import LinkState
from federation.readiness import links, readiness, secured
from federation.rules.readiness import CAP, Partner, Readiness
from federation.rules.readiness import readiness as judge
from journal.actor import system
from journal.record import Transaction
from tests.world import World

NOW = timezone.now()
READY = Partner(
    link="up", seats=3, seats_free=2, waiting=0, lag_seconds=0.1, same_version=True, version="1", disk_free=0.5,
    clock_ms=-3.0, drill_at=NOW - timedelta(days=10), agreement=True,
)  # fmt: skip
# What may go wrong with each part, and then it must say so.
WRONG: dict[str, dict[str, Any]] = {
    "link": {"link": "down"},
    "seats": {"seats": 0},
    "queue": {"waiting": 9},
    "age": {"lag_seconds": 30.0},
    "version": {"same_version": False},
    "disk": {"disk_free": 0.01},
    "clock": {"clock_ms": -2_000.0},
    "drill": {"drill_at": NOW - timedelta(days=91)},
    "agreement": {"agreement": False},
}
VITAL = {"link", "seats", "agreement"}


def test_a_partner_that_lacks_nothing_is_ready() -> None:
    found = judge(READY, NOW)
    assert (found.score, found.ready, sum(part.weight for part in found.parts)) == (100, True, 100)
    assert {part.name for part in found.parts} == set(WRONG)


@given(st.sets(st.sampled_from(sorted(WRONG))))
def test_each_part_counts_and_says_why(broken: set[str]) -> None:
    found: Readiness = judge(replace(READY, **{k: v for name in broken for k, v in WRONG[name].items()}), NOW)
    assert {part.name for part in found.parts if not part.ok} == broken == {p.name for p in found.parts if p.why}
    full = 100 - sum(part.weight for part in found.parts if part.name in broken)
    assert found.score == (min(full, CAP) if broken & VITAL else full)
    assert found.ready == (not broken)


def test_what_nobody_knows_is_not_there() -> None:
    found = judge(Partner(), NOW)
    assert found.score == 0
    assert {part.why for part in found.parts} >= {"unknown", "never", "down", "none"}


@pytest.fixture
def linked(world: World, settings: Any) -> Iterator[World]:
    """Jena's node, linked to Gera's, with an agreement by which Gera stands in for Jena."""
    settings.LEITSTELLE_CENTRES = ["jena"]
    settings.LEITSTELLE_PEERS = [("gera", "ws://127.0.0.1:1", "k" * 43)]
    nodes._directory.forget()
    reach.forget()
    tx = Transaction(system("test"))
    tx.record(AgreementSaved(id="jena-gera", centre="jena", partner="gera"))
    tx.append()
    vitals = {"disk_free": 0.5, "seats": {"gera": 2}, "calls": {"gera": 1}}
    now = timezone.now()
    LinkState.objects.create(
        id="jena:gera", node="jena", peer="gera", state="up", since=now, heard_at=now, clock_ms=4.0, rtt_ms=1.5,
        secured_pos=17, version=version(), vitals=vitals, updated_at=now,
    )  # fmt: skip
    yield world
    nodes._directory.forget()
    reach.forget()


@pytest.mark.django_db
def test_from_the_tables(linked: World, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(12):
        found = readiness("jena")
    assert found["partner"] == "gera"
    assert {part["name"] for part in found["parts"] if not part["ok"]} == {"drill"}
    assert found["score"] == 90
    nobody = readiness("gera")
    assert (nobody["score"], nobody["partner"], nobody["parts"]) == (0, None, [])
    assert (links()[0]["state"], links()[0]["rtt_ms"], secured()) == ("up", 1.5, 17)


@pytest.mark.django_db
@pytest.mark.parametrize(("answered", "score"), [(True, 100), (False, 90)])
def test_a_drill_counts_if_it_was_carried_through(linked: World, answered: bool, score: int) -> None:
    drill = uuid4()
    tx = Transaction(system("test"))
    tx.record(DrillStarted(drill=drill, centre="jena", partner="gera"))
    if answered:
        tx.record(DrillAnswered(drill=drill, at=timezone.now(), by="Gerd"))
    tx.record(DrillFinished(drill=drill, aborted=not answered))
    tx.append()
    assert readiness("jena")["score"] == score


@pytest.mark.django_db
def test_a_link_process_that_fell_silent_proves_nothing(linked: World) -> None:
    LinkState.objects.update(updated_at=timezone.now() - timedelta(seconds=5))
    assert links()[0]["state"] == "down"
    assert readiness("jena")["score"] <= CAP
