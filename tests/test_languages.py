"""German first, English by switch: nothing untranslated, nothing German lost, and the log in one language."""

import ast
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.translation.template import templatize

from ops.node import Node
from ops.places import ROOT
from ops.testing import NodeFactory
from tests.people import Dispatcher, free_units

HOUSE = ("journal", "resources", "incidents", "federation", "leitstelle")
CATALOGUE = ROOT / "locale" / "en" / "LC_MESSAGES" / "django.po"
FUNCTIONS = {"_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "ngettext": (1, 2)}
HOLE = re.compile(r"%(?:\(\w+\))?(?:\.\d+)?[a-zA-Z%]|\{\w*\}")
# On paper and in the file the incident is German like its log.
RECORDS = {"run_sheet.html"}


def sources() -> list[Path]:
    return [path for folder in HOUSE for path in (ROOT / folder).rglob("*.py")]


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html"))


def sentences() -> set[str]:
    """Every sentence that source or template hands to gettext."""
    texts = [path.read_bytes() for path in sources()]
    for path in templates():
        # Django's own reading of a template, as Python that has no indentation.
        lines = (line.strip() for line in templatize(path.read_text(), origin=path.name).splitlines())
        texts.append("\n".join(lines).encode())
    found = (message for text in texts for _, message, _, _ in extract("python", io.BytesIO(text), FUNCTIONS))  # type: ignore[arg-type]
    return {part for message in found for part in ([message] if isinstance(message, str) else message)}


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    """The catalogue as it is committed."""
    with CATALOGUE.open("rb") as text:
        return {str(message.id): str(message.string) for message in read_po(text) if message.id}


def test_every_german_sentence_has_its_english_and_no_other(english: dict[str, str]) -> None:
    """What fails here belongs into locale/en/LC_MESSAGES/django.po, or out of it."""
    assert sentences() == set(english)
    assert {german for german, text in english.items() if not text.strip()} == set()


def test_english_keeps_the_values_of_the_german_sentence(english: dict[str, str]) -> None:
    def holes(text: str) -> Counter[str]:
        return Counter(HOLE.findall(text))

    assert {german for german, text in english.items() if holes(german) != holes(text)} == set()


def test_the_compiled_catalogue_is_what_a_request_gets(english: dict[str, str]) -> None:
    with translation.override("en"):
        assert {german for german, text in english.items() if translation.gettext(german) != text} == set()


def test_no_library_puts_other_words_into_a_german_sentence(english: dict[str, str]) -> None:
    """Django's and other libraries' German catalogues are asked too: a sentence of ours must not be a key of theirs."""
    with translation.override("de"):
        assert {german for german in english if translation.gettext(german) != german} == set()


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.name)
def test_no_template_has_words_outside_the_catalogue(path: Path) -> None:
    if path.name in RECORDS:
        return
    no_words = r"(?s)\{% blocktranslate.*?endblocktranslate %\}|<style>.*?</style>|\{#.*?#\}|\{% block width %\}\w+"
    text = re.sub(no_words, "", path.read_text())
    text = re.sub(r"(?s)\{%.*?%\}|\{\{.*?\}\}", "", text)
    shown = re.sub(r"(?s)<[^>]*>", " ", text)
    shown += " ".join(re.findall(r"(?:title|aria-label|alt|placeholder)=[\"']([^\"']*)", text))
    assert re.findall(r"[^\W\d_]{2,}", shown) == []


def test_no_refusal_is_a_bare_literal() -> None:
    """A reason is looked up when it is given; a plain string would stay German for everybody."""
    bare = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Refused" and len(node.args) > 1:
                reason = node.args[1]
                if isinstance(reason, ast.Constant | ast.JoinedStr):
                    bare.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert bare == []


# --- through the front door ----------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def node(node_factory: NodeFactory) -> Node:
    return node_factory("jena", processes=("web",))


@pytest.fixture
def german(node: Node) -> Iterator[Dispatcher]:
    with closing(Dispatcher(node, "jena1", "J1")) as person:
        yield person


@pytest.fixture
def briton(node: Node) -> Iterator[Dispatcher]:
    """Somebody who has chosen English."""
    with closing(Dispatcher(node, "jena2", "J2")) as person:
        person.http.cookies.set(settings.LANGUAGE_COOKIE_NAME, "en")
        yield person


def test_log_in_is_german_whatever_the_browser_prefers_and_english_by_switch(node: Node) -> None:
    with httpx.Client(base_url=node.web_url, headers={"Accept-Language": "en-GB,en"}) as visitor:
        page = visitor.get("/login/?next=/console/")
        assert 'lang="de"' in page.text
        assert "Kennwort" in page.text
        assert ">English</button>" in page.text
        form = {
            "language": "en",
            "next": re.search(r'name="next"\s+value="(/login/[^"]*)"', page.text)[1],  # type: ignore[index]
            "csrfmiddlewaretoken": visitor.cookies["csrftoken"],
        }
        back = visitor.post("/login/language/", data=form, headers={"Origin": node.web_url})
        assert back.headers["location"] == "/login/?next=/console/"
        page = visitor.get(back.headers["location"])
        assert 'lang="en"' in page.text
        assert "Password" in page.text
        assert "Kennwort" not in page.text
        assert visitor.get("/no-such-page").text.count("There is no such address here.") == 1


def test_a_refusal_speaks_the_language_of_who_is_refused(german: Dispatcher, briton: Dispatcher) -> None:
    nothing = {"incident": "00000000-0000-0000-0000-000000000001", "units": []}
    in_german, in_english = (person.do("incident.alarm", **nothing) for person in (german, briton))
    assert in_german["reason"] == "Es ist kein Einsatzmittel ausgewählt."
    assert in_english["reason"] == "No unit is chosen."
    assert in_german["refused"] == in_english["refused"]


def test_a_guest_from_another_node_is_answered_in_his_language(node: Node, german: Dispatcher) -> None:
    """His cookies stay at home: he names token and language."""
    for language, reason in (("en", "There is no such command: x.y"), ("de", "Diesen Befehl gibt es nicht: x.y")):
        headers = {"Authorization": f"Seat {german.seat_cookie}", "X-Leitstelle": "1", "X-Language": language}
        body = {"command_id": str(uuid4()), "data": {}}
        answer = httpx.post(f"{node.web_url}/console/command/x.y", json=body, headers=headers)
        assert answer.json()["reason"] == reason


def test_a_proposal_speaks_the_language_of_who_asks(german: Dispatcher, briton: Dispatcher) -> None:
    asked = {"keyword": "RD2", "lon": 11.5899, "lat": 50.9288}
    answers = [
        person.http.post("/console/proposal", json=asked, headers={"X-Leitstelle": "1"}).json()
        for person in (german, briton)
    ]
    assert [answer["text"].split(":")[0] for answer in answers] == ["Vollständig", "Complete"]
    units = [[unit["unit"] for slot in answer["slots"] for unit in slot["filled"]] for answer in answers]
    assert units[0]
    assert units[0] == units[1]


def test_the_log_is_german_whoever_acted_and_whoever_reads(german: Dispatcher, briton: Dispatcher) -> None:
    """It is evidence: one wording, not one per reader."""
    incident = briton.open_incident(place="Jena, Am Anger")
    unit = free_units(briton.snapshot(), "RTW")[0]
    alarmed = briton.must("incident.alarm", incident=incident, units=[{"unit": unit}])
    briton.must("incident.receipt", assignment=alarmed["assignments"][0]["id"], medium="station")
    briton.must("unit.report_status", unit=unit, status=3)
    briton.must("incident.close", incident=incident, outcome="no_patient", release=True)
    logs = [person.http.get(f"/console/incident/{incident}").json()["log"] for person in (german, briton)]
    assert logs[0] == logs[1]
    told = "\n".join(line["text"] for line in logs[0])
    for words in ("Alarmiert: ", "über Seite der Wache", "ausgerückt", "Einsatz abgeschlossen (kein Patient)"):
        assert words in told
