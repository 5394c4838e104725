"""Keys: they act where they should, never while one writes, and everything can be reached by them."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from ops.node import Node
from tests.browser.conftest import OpenConsole
from tests.people import Dispatcher, Telephony

SINGLE_KEYS = "anqedvbktls?:/"


@pytest.fixture
def colleague(node: Node) -> Iterator[Dispatcher]:
    """Somebody at another seat who works through the same doors."""
    with closing(Dispatcher(node, "jena5", "J5")) as dispatcher:
        yield dispatcher


def interview(page: Page, place: str, keyword: str) -> None:
    """From the empty console to place and keyword, as it is typed."""
    page.keyboard.press("n")
    expect(page.locator("#wo")).to_be_focused()
    page.keyboard.type(place)
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#was")).to_be_focused()
    page.keyboard.type(keyword)
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#report")).to_be_focused()


def test_single_keys_write_where_one_writes(open_console: OpenConsole) -> None:
    page = open_console("jena1", "J1")
    page.keyboard.press("n")
    expect(page.locator("#wo")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type(SINGLE_KEYS)
    expect(page.locator("#place_detail")).to_have_value(SINGLE_KEYS)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Tasten und Befehle")


def test_every_panel_is_reached_by_f6(open_console: OpenConsole) -> None:
    page = open_console("jena1", "J1")
    seen = []
    for _step in range(6):
        page.keyboard.press("F6")
        seen.append(page.evaluate("document.activeElement.closest('[data-panel]')?.dataset.panel"))
    assert sorted(seen) == ["board", "incidents", "map", "proposal", "queue", "work"]


def test_the_proposal_is_changed_by_keys(open_console: OpenConsole) -> None:
    page = open_console("jena1", "J1")
    interview(page, "stadtroda", "B3")
    rows = page.locator(".offer")
    expect(page.get_by_role("button", name="Alarmieren (")).to_be_visible()
    count = rows.count()
    first = rows.first.get_attribute("data-id")
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    expect(rows.first).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name=f"Alarmieren ({count - 1})")).to_be_visible()
    page.keyboard.press("Space")
    page.keyboard.press("x")
    expect(page.locator(f".offer[data-id='{first}']")).to_have_count(0)
    page.keyboard.press("+")
    page.keyboard.type("J 83-2")
    page.keyboard.press("Enter")
    expect(page.locator(".offer[data-id='j-83-2']")).to_have_attribute("aria-selected", "true")


def test_the_command_line_tells_first_and_acts_on_enter(open_console: OpenConsole) -> None:
    page = open_console("jena1", "J1")
    tile = page.locator(".tile[data-id='j-85-2'] .st")
    expect(tile).to_have_text("2")
    page.keyboard.press("s")
    page.keyboard.type("85-2 1")
    expect(page.locator(".meaning")).to_contain_text("Status 1 frei über Funk")
    expect(tile).to_have_text("2")
    page.keyboard.press("Enter")
    expect(tile).to_have_text("1")


def test_a_wrong_word_on_the_command_line_is_explained(open_console: OpenConsole) -> None:
    page = open_console("jena1", "J1")
    page.keyboard.press("Control+k")
    page.keyboard.type("qqq zzz")
    expect(page.locator(".meaning")).to_contain_text("Diesen Befehl gibt es nicht")
    page.keyboard.press("Enter")
    expect(page.locator("#command")).to_have_value("qqq zzz")


def test_the_faster_hand_gets_the_call_and_the_other_sees_whose(
    open_console: OpenConsole, node: Node, colleague: Dispatcher
) -> None:
    page = open_console("jena1", "J1")
    with closing(Telephony(node)) as telephony:
        call = telephony.ring("+493641000111")
    row = page.locator(f".call[data-id='{call}']")
    expect(row).to_contain_text("klingelt")
    colleague.must("call.answer", call=call)
    expect(row).to_contain_text("J5")
    expect(row).to_contain_text("im Gespräch")
    colleague.must("call.end", call=call, outcome="advice")
    expect(row).to_have_count(0)


def test_rows_keep_their_places_while_somebody_is_in_them(open_console: OpenConsole, colleague: Dispatcher) -> None:
    page = open_console("jena1", "J1")
    first = colleague.open_incident(place="Erster Ort")
    expect(page.locator(".incident", has_text="Erster Ort")).to_be_visible()
    page.keyboard.press("e")
    order = page.locator(".incident").evaluate_all("rows => rows.map(row => row.dataset.id)")
    assert first in order
    # More urgent than all others: it would stand on top.
    second = colleague.open_incident(place="Zweiter Ort", keyword="RD-REA")
    expect(page.locator(".incident", has_text="Zweiter Ort")).to_be_visible()
    held = page.locator(".incident").evaluate_all("rows => rows.map(row => row.dataset.id)")
    assert held == [*order, second]
    page.keyboard.press("q")
    page.keyboard.press("d")
    expect(page.locator(".incident").first).to_contain_text("Zweiter Ort")
