"""Who answers for what is new: by any set of mandates, and under numbers that nobody gives twice."""

import random
from uuid import UUID, uuid4

import pytest

from federation import mandates
from federation.models import Agreement
from federation.rules.mandates import Scope, holder_of
from incidents.models import Incident
from journal import incarnation
from journal.actor import Actor
from tests.federation.centres import at, hear
from tests.federation.test_take_over import open_one
from tests.world import World

CENTRES = ["jena", "gera", "saalfeld", "erfurt"]
COUNTIES = ["16053", "16074", None]


@pytest.mark.parametrize("seed", range(200))
def test_somebody_always_answers(seed: int) -> None:
    """Whatever was taken over from whom, in circles too: one centre, the same wherever it is asked; without a mandate
    that concerns it, the centre itself; and whoever answers holds their own."""
    dice = random.Random(seed)
    scopes = [f"centre:{centre}" for centre in CENTRES] + [f"county:{county}" for county in COUNTIES[:2]]
    held = {scope: dice.choice(CENTRES) for scope in dice.sample(scopes, dice.randint(0, len(scopes)))}
    for centre in CENTRES:
        for county in COUNTIES:
            answering = holder_of(centre, county, held)
            assert answering in CENTRES
            if f"centre:{centre}" not in held and f"county:{county}" not in held:
                assert answering == centre
            assert held.get(f"centre:{answering}", answering) == answering or answering == centre


def test_a_chain_is_followed_and_a_circle_is_none() -> None:
    chain = {"centre:jena": "gera", "centre:gera": "saalfeld", "county:16074": "erfurt"}
    assert holder_of("jena", None, chain) == "saalfeld"
    assert holder_of("jena", "16074", chain) == "erfurt"
    assert holder_of("gera", "16053", chain) == "saalfeld"
    assert holder_of("jena", None, {"centre:jena": "gera", "centre:gera": "jena"}) == "jena"


@pytest.mark.parametrize("text", ["", "jena", "centre:", "country:x", "incident:", ":jena"])
def test_what_is_no_scope(text: str) -> None:
    assert Scope.parse(text) is None


@pytest.mark.parametrize("text", ["centre:nowhere", "county:99999", "incident:x", f"call:{UUID(int=5)}", "x" * 80])
def test_what_does_not_exist_is_refused_and_answers_to_nobody(world: World, text: str) -> None:
    assert mandates.acting(text) == ""
    for name in ("take_over.request", "take_over.take"):
        assert world.do(name, scope=text)["refused"] == "unknown_scope"
    assert world.do("switch_back.start", scope=text)["refused"] == "not_held"


def test_a_restored_node_begins_another_series(world: World) -> None:
    """It does not know which numbers it gave after its backup; they come back to it from the others."""
    with at("jena"):
        hear(0)
        before = Incident.objects.get(pk=open_one(world))
        incarnation.begin(1)
        after = [Incident.objects.get(pk=open_one(world)) for _number in range(2)]
    assert [(i.serial, i.number.rpartition("/")[2]) for i in after] == [(1, "2"), (2, "2")]
    assert before.serial == 1
    assert len({before.number, *(i.number for i in after)}) == 3
    assert all(i.numbered_by == "jena" for i in after)


def test_agreements_are_an_administrators(world: World) -> None:
    admin = Actor("user", str(uuid4()), "Ada Admin", roles=frozenset({"administrator"}))
    terms = {"id": "jena-gera", "centre": "jena", "partner": "gera", "spill_seconds": 30, "signatures": 2}
    assert world.do("agreement.save", **terms)["refused"] == "forbidden"
    for wrong, refused in (
        ({"partner": "jena"}, "same_centre"),
        ({"partner": "nowhere"}, "unknown_centre"),
        ({"signatures": 3}, "invalid"),
        ({"spill_seconds": 0}, "invalid"),
    ):
        assert world.do("agreement.save", admin, **(terms | wrong))["refused"] == refused
    world.must("agreement.save", admin, **terms)
    row = Agreement.objects.get()
    assert (row.spill_seconds, row.signatures, row.silent_seconds, row.active) == (30, 2, 5, True)
    duty = mandates.duty("jena")
    assert (duty.centre, duty.spill_to, duty.spill_seconds) == ("jena", "gera", 30)
