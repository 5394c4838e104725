"""More than one window, more than one person, and a link that breaks."""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import expect

from ops.node import Node
from tests.browser.conftest import OpenConsole
from tests.people import Dispatcher


@pytest.fixture
def colleague(node: Node) -> Iterator[Dispatcher]:
    """Somebody at another seat who works through the same doors."""
    with closing(Dispatcher(node, "jena5", "J5")) as dispatcher:
        yield dispatcher


def test_panels_in_own_windows_share_one_selection(
    open_console: OpenConsole, node: Node, colleague: Dispatcher
) -> None:
    page = open_console("jena1", "J1")
    incident = colleague.open_incident(place="Ort in zwei Fenstern")
    other = page.context.new_page()
    other.goto(f"{node.web_url}/console/?panel=work")
    expect(other.get_by_text("Nichts gewählt")).to_be_visible()
    expect(other.locator("[data-panel=queue]")).to_have_count(0)
    page.locator(f".incident[data-id='{incident}']").click()
    expect(other.locator("[data-panel=work]")).to_contain_text("Ort in zwei Fenstern")


def test_two_editors_of_one_field_both_keep_their_words(open_console: OpenConsole, colleague: Dispatcher) -> None:
    page = open_console("jena1", "J1")
    incident = colleague.open_incident(place="Streitfeld", report="erste Meldung")
    page.locator(f".incident[data-id='{incident}']").click()
    page.get_by_role("button", name="Meldung: erste Meldung").click()
    page.locator("#edit-report").fill("meine Worte")
    colleague.must(
        "incident.edit", incident=incident, changes={"report": {"old": "erste Meldung", "new": "andere Worte"}}
    )
    expect(page.locator(".conflict")).to_contain_text("andere Worte")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".conflict")).to_contain_text("war schneller")
    expect(page.locator(".conflict")).to_contain_text("meine Worte")
    page.get_by_role("button", name="meines nehmen").click()
    expect(page.get_by_role("button", name="Meldung: meine Worte")).to_be_visible()
    log = page.locator(".log")
    expect(log).to_contain_text("andere Worte")


def test_who_is_in_the_incident_is_seen_by_the_others(open_console: OpenConsole, colleague: Dispatcher) -> None:
    first = open_console("jena1", "J1")
    second = open_console("jena2", "J2")
    incident = colleague.open_incident(place="Zu zweit")
    first.locator(f".incident[data-id='{incident}']").click()
    expect(second.locator(f".incident[data-id='{incident}']")).to_contain_text("J1")


def test_a_console_without_link_says_how_old_it_is_and_comes_back(
    open_console: OpenConsole, node: Node, colleague: Dispatcher
) -> None:
    page = open_console("jena1", "J1")
    node.kill("sockets")
    try:
        expect(page.locator(".link.away")).to_contain_text(re.compile(r"Stand vor 0:0[0-9]"))
        # Commands go by HTTP and work while the socket is down.
        incident = colleague.open_incident(place="Während der Störung")
        expect(page.locator(f".incident[data-id='{incident}']")).to_have_count(0)
    finally:
        node.start(("sockets",))
        node.wait_ready(("sockets",))
    expect(page.get_by_text("Stand aktuell")).to_be_visible()
    expect(page.locator(f".incident[data-id='{incident}']")).to_contain_text("Während der Störung")
