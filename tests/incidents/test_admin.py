"""Plans and trees in the administration: written as text, checked as a whole, tried before the night does."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from incidents.models import InterviewTree, ResponsePlan
from incidents.reference import plan_window
from incidents.rules.notation import BadNotation, needs_text, parse_needs
from leitstelle.accounts import roles
from tests.accounts.test_admin import client_of, opened
from tests.accounts.test_login import user
from tests.world import World

words = st.text("abcXYZ012_-.", min_size=1, max_size=8).filter(lambda word: word[0].isalpha())
needs = st.fixed_dictionaries(
    {
        "need": words,
        "count": st.integers(1, 99),
        "alternatives": st.lists(words, max_size=3),
        "must": st.booleans(),
        "max_minutes": st.none() | st.integers(0, 999),
    }
)


@given(st.lists(needs, max_size=5))
def test_needs_survive_being_written_and_read(some: list[dict[str, Any]]) -> None:
    assert parse_needs(needs_text(some)) == some


@pytest.mark.parametrize("text", ["engine", "0 engine", "2 engine <= bald", "2", "zwei engine", "2 engine/"])
def test_what_cannot_be_read_is_quoted(text: str) -> None:
    with pytest.raises(BadNotation, match="nicht lesbar"):
        parse_needs(f"1 RTW; {text}")


def test_a_plan_has_one_window() -> None:
    assert plan_window("") is None
    assert plan_window("Fr-Mo 22:00-06:00") == {"days": [4, 5, 6, 0], "from": "22:00", "to": "06:00"}
    with pytest.raises(ValueError, match="ein einziges"):
        plan_window("Mo 06:00-07:00, Di 06:00-07:00")


@pytest.fixture
def light_pages(settings: Any, tmp_path: Path) -> None:
    """Pages without collected static files."""
    settings.STATIC_ROOT = tmp_path
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture
def office(world: World, light_pages: None) -> Client:
    """Logged in as an administrator."""
    user("verwalter", centre="", granted=[roles.SUPERVISOR, roles.ADMINISTRATOR])
    return client_of("verwalter")


def test_a_plan_is_written_as_text_and_nonsense_is_named(office: Client) -> None:
    address = reverse("admin:incidents_responseplan_add")
    values = opened(office, address) | {
        "id": "RD2-nacht", "name": "RD2 nachts", "keyword": "RD2", "window": "Mo-So 20:00-06:00", "active": "on",
        "requirements": "1 RTW; 1 NEF/RTW <=20; ?1 drehleiter", "adds": "",
    }  # fmt: skip
    answer = office.post(address, values)
    assert answer.status_code == 302, answer.content.decode()
    plan = ResponsePlan.objects.get(pk="RD2-nacht")
    assert plan.window == {"days": [0, 1, 2, 3, 4, 5, 6], "from": "20:00", "to": "06:00"}
    assert [(n["need"], n["must"], n["max_minutes"]) for n in plan.requirements] == [
        ("RTW", True, None), ("NEF", True, 20), ("drehleiter", False, None),
    ]  # fmt: skip
    wrong = values | {"id": "RD2-x", "requirements": "1 RWT", "adds": "RD99", "window": "nachts"}
    page = office.post(address, wrong).content.decode()
    assert "Weder Typ noch Fähigkeit: RWT" in page
    assert "RD99" in page
    assert "Zeitfenster nicht lesbar" in page
    assert not ResponsePlan.objects.filter(pk="RD2-x").exists()


def test_a_tree_that_runs_in_a_circle_is_not_saved(office: Client) -> None:
    address = reverse("admin:incidents_interviewtree_add")
    circle = [{"id": "a", "question": "Was?", "answers": [{"id": "x", "text": "X", "next": "a", "keyword": "ZZZ"}]}]
    values = opened(office, address) | {"id": "kreis", "name": "Kreis", "nodes": orjson.dumps(circle).decode()}
    page = office.post(address, values).content.decode()
    assert "im Kreis" in page
    assert "ZZZ" in page
    assert not InterviewTree.objects.exists()


def test_the_preview_says_what_a_keyword_gives_at_a_place(office: Client) -> None:
    address = reverse("admin:incidents_responseplan_preview")
    assert office.get(address).status_code == 200
    page = office.get(address, {"keyword": "RD2", "place": "50.930 11.589", "at": "2026-03-02T03:00"}).content.decode()
    assert "Rotkreuz Jena 83-1" in page
    assert "Rotkreuz Jena 82-1" in page
    assert "ab Wache" in page
    short = office.get(address, {"keyword": "KTP", "place": "Am Anger"}).content.decode()
    assert "Rotkreuz Jena 84-1" in short
    nowhere = office.get(address, {"keyword": "RD2", "place": "Xyzzyhausen"}).content.decode()
    assert "findet die Suche nicht" in nowhere
    assert office.get(address, {"keyword": "RD2", "place": "53.5 10.0"}).status_code == 200


def test_the_preview_is_for_administrators(world: World, light_pages: None) -> None:
    address = reverse("admin:incidents_responseplan_preview")
    assert Client().get(address).status_code == 302
