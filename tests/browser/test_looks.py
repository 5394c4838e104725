"""How the console looks in both themes and at both sizes: nothing too small to read, nothing against WCAG, and the
pictures of the documentation (written where LEITSTELLE_PICTURES names a folder)."""

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ops.node import Node
from ops.places import ROOT
from tests.browser.conftest import LARGE, SMALL, OpenConsole
from tests.browser.test_keyboard import interview
from tests.people import Dispatcher, Telephony

SMALLEST_PX = 13
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

SMALL_TEXT = """(least) => [...document.querySelectorAll("body *")].filter((element) => {
  const writes = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const shown = element.getBoundingClientRect().width > 0 && !element.closest(".unseen");
  return writes && shown && parseFloat(getComputedStyle(element).fontSize) < least;
}).map((element) => element.outerHTML.slice(0, 120))"""
VIOLATIONS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
  (found) => `${found.id}: ${found.nodes.map((node) => node.html.slice(0, 120)).slice(0, 3).join(" | ")}`)"""
OVERFLOW = (
    "() => document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight"
)


def judge(page: Page, name: str) -> None:
    """Nothing on this screen is unreadably small, wider than the screen, or against the guidelines."""
    page.evaluate(AXE.read_text())
    assert page.evaluate(VIOLATIONS) == [], name
    assert page.evaluate(SMALL_TEXT, SMALLEST_PX) == [], name
    assert page.evaluate(OVERFLOW) is False, name
    folder = os.environ.get("LEITSTELLE_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.fixture(scope="module")
def busy(node: Node) -> None:
    """A room at work: a call that rings, incidents with and without units."""
    colleague = Dispatcher(node, "jena5", "J5")
    board = colleague.snapshot()["units"]
    free = [unit for unit in ("j-83-2", "j-82-1", "j-44-1", "j-33-1") if board[unit]["incident"] is None]
    fire = colleague.open_incident(place="Jena, Ernst-Abbe-Platz", keyword="B2", report="Rauch aus Wohnung, 3. OG")
    colleague.must("incident.alarm", incident=fire, units=[{"unit": unit} for unit in free])
    colleague.open_incident(place="Stadtroda, Markt", keyword="H1", lon=11.7262, lat=50.8573, report="Baum auf Straße")
    colleague.close()
    with closing(Telephony(node)) as telephony:
        telephony.ring("+493641998877")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["1366", "2560"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_view_is_readable(open_console: OpenConsole, busy: None, theme: str, size: dict[str, Any]) -> None:
    page = open_console("jena1", "J1", viewport=size, color_scheme=theme)
    mark = f"{theme}-{size['width']}"
    expect(page.locator(".call").first).to_be_visible()
    judge(page, f"room-{mark}")
    page.locator(".incident", has_text="Ernst-Abbe-Platz").first.click()
    expect(page.locator(".assignments")).to_contain_text("Jena")
    judge(page, f"incident-{mark}")
    interview(page, "stadtroda", "B2")
    expect(page.locator(".offer").first).to_be_visible()
    judge(page, f"console-{mark}")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("jena")
    expect(page.locator(".hits .group", has_text="Orte")).to_be_visible()
    judge(page, f"search-{mark}")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Tasten und Befehle")
    judge(page, f"help-{mark}")


def test_english_by_switch(open_console: OpenConsole) -> None:
    page = open_console("jena1", "J1")
    page.get_by_role("button", name="EN", exact=True).click()
    expect(page.get_by_text("up to date")).to_be_visible()
    expect(page.get_by_role("heading", name="Incidents")).to_be_visible()
    page.reload()
    expect(page.get_by_text("up to date")).to_be_visible()
