"""The main job, by keyboard in one window and live in another: from the ringing call to the closed incident."""

import re
from contextlib import closing

from playwright.sync_api import Locator, Page, expect

from ops.node import Node
from tests.browser.conftest import LARGE, OpenConsole
from tests.people import Telephony

LIVE_MS = 1000
NUMBER = "+493641998877"


def live(locator: Locator, text: str | re.Pattern[str]) -> None:
    """The other window shows it within a second of this one."""
    expect(locator).to_contain_text(text, timeout=LIVE_MS)


def unit_tile(page: Page, short: str) -> Locator:
    return page.locator(".tile", has=page.get_by_text(short, exact=True))


def report_status(page: Page, short: str, status: int) -> None:
    """On the command line, as a dispatcher does for a crew whose radio failed."""
    page.keyboard.press("Control+k")
    page.keyboard.type(f"s {short} {status}")
    page.keyboard.press("Enter")


def test_from_the_ringing_call_to_the_closed_incident(open_console: OpenConsole, node: Node) -> None:
    author = open_console("jena1", "J1")
    watcher = open_console("jena2", "J2", viewport=LARGE, color_scheme="light")

    with closing(Telephony(node)) as telephony:
        call = telephony.ring(NUMBER)
    for page in (author, watcher):
        live(page.locator(f".call.ringing[data-id='{call}']"), NUMBER)

    author.keyboard.press("F2")
    expect(author.locator("#wo")).to_be_focused()
    live(watcher.locator(f".call.answered[data-id='{call}']"), "J1")

    author.keyboard.type("anger jena")
    expect(author.get_by_role("option").first).to_contain_text("Am Anger")
    author.keyboard.press("Enter")
    expect(author.locator(".where")).to_contain_text("Jena")
    expect(author.locator("#was")).to_be_focused()
    author.keyboard.type("brust")
    expect(author.get_by_role("option").first).to_contain_text("Brust")
    author.keyboard.press("Enter")
    author.keyboard.type("Mann, 62, Brustschmerz seit 20 Minuten")

    alarm = author.get_by_role("button", name=re.compile("Alarmieren"))
    expect(alarm).to_contain_text("(2)")
    author.keyboard.press("F8")
    told = author.get_by_role("status").filter(has_text="Alarmiert: ")
    expect(told).to_be_visible()
    proposed = re.findall(r"[A-ZÄÖÜ]+ \d+-\d+", told.inner_text())
    assert len(proposed) == 2

    row = watcher.locator(".incident").first
    live(row, "Am Anger")
    live(row, "J-20")
    for short in proposed:
        expect(unit_tile(watcher, short)).to_have_class(re.compile("bound"), timeout=LIVE_MS)
    live(watcher.locator(".incident .units").first, "A")

    author.keyboard.press("F4")
    expect(watcher.locator(f".call[data-id='{call}']")).to_have_count(0, timeout=LIVE_MS)

    for status in (3, 4, 7, 8, 1):
        for short in proposed:
            report_status(author, short, status)
            expect(unit_tile(author, short).locator(".st")).to_have_text(str(status))
            expect(unit_tile(watcher, short).locator(".st")).to_have_text(str(status), timeout=LIVE_MS)
    live(row, "keine Einsatzmittel gebunden")

    author.keyboard.press("Escape")
    author.keyboard.press("Escape")
    author.locator(".incident").first.click()
    log = author.locator("[data-panel=work]")
    expect(log).to_contain_text("Patient aufgenommen")
    expect(log).to_contain_text("Alarm gesendet")
    author.keyboard.press("c")
    author.get_by_role("dialog").get_by_label("Bemerkung").fill("Patient im Klinikum")
    author.keyboard.press("Control+Enter")
    expect(watcher.locator(".incident")).to_have_count(0, timeout=LIVE_MS)
