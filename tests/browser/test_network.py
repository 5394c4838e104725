"""Two windows, one at each centre: cut, work on both sides, heal, sign what collided; a centre that dies is taken over
by its neighbour with one signature, and gets everything back with receipts."""

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect  # noqa: A004  it is Playwright's own

from ops.served import ServedNetwork
from ops.testing import NodeFactory
from tests.browser.conftest import LOOKS, consoles
from tests.browser.test_looks import judge
from tests.people import Dispatcher, Telephony

SHOWN_SECONDS = 1.0
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def network(node_factory: NodeFactory) -> ServedNetwork:
    """Two nodes with servers of their own, so that one can burn."""
    return node_factory.make_pair("split", own_servers=True)


@contextmanager
def rooms(browser: Browser, network: ServedNetwork) -> Iterator[tuple[Page, Page]]:
    """A console in each room, the shift leaders at them."""
    with consoles(browser, network["jena"]) as in_jena, consoles(browser, network["gera"]) as in_gera:
        yield in_jena("schicht-jena", "JS"), in_gera("schicht-gera", "GS")


def open_network(page: Page) -> None:
    page.locator("body").press("o")
    expect(page.get_by_role("heading", name="Verbund der Leitstellen")).to_be_visible()


def choose(page: Page, incident: str) -> None:
    """Open an incident, whoever's it is."""
    own_only = page.locator("#incidents .chip[aria-pressed='false']")
    if own_only.count() and not page.locator(f".incident[data-id='{incident}']").count():
        own_only.click()
    page.locator(f".incident[data-id='{incident}']").click()


def write_report(page: Page, was: str, words: str) -> None:
    page.get_by_role("button", name=f"Meldung: {was}").click()
    page.locator("#edit-report").fill(words)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name=f"Meldung: {words}")).to_be_visible()


def take_over_incident(page: Page) -> None:
    """Press until it is allowed: the agreement asks for some seconds of silence first."""
    until = time.monotonic() + 20
    button = page.locator(".orphaned .button.alarm:enabled")
    while page.locator(".orphaned").count() and time.monotonic() < until:
        with suppress(TimeoutError):
            button.click(timeout=1_000)
    expect(page.locator(".orphaned")).to_have_count(0)


def judge_dialog(page: Page, name: str) -> None:
    for theme, size in LOOKS:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(size)
        judge(page, f"{name}-{theme}-{size['width']}")


def test_what_both_wrote_while_cut_off_is_signed_by_a_person(browser: Browser, network: ServedNetwork) -> None:
    with closing(Dispatcher(network["jena"], "jena2", "J2")) as colleague:
        incident = colleague.open_incident(place="Jena, Saalbahnhof", report="Rauch")
    with rooms(browser, network) as (jena, gera):
        expect(jena.locator(".chip.partner")).to_contain_text("Gera")
        for page in (jena, gera):
            choose(page, incident)
        network.cut()
        expect(gera.locator(".chip.partner.away")).to_be_visible(timeout=PATIENCE_MS)
        write_report(jena, "Rauch", "Rauch im Keller")
        take_over_incident(gera)
        write_report(gera, "Rauch", "Rauch im Dachstuhl")

        network.heal()
        expect(gera.locator(".chip.partner.live")).to_be_visible(timeout=PATIENCE_MS)
        linked_at = time.monotonic()
        for page in (jena, gera):
            expect(page.locator(".chip.alarm", has_text="Widerspruch")).to_be_visible()
        assert time.monotonic() - linked_at < SHOWN_SECONDS + 1  # the picture itself takes a moment to read

        open_network(jena)
        sides = jena.locator(".conflict .aspect")
        expect(sides).to_have_count(2)
        for words in ("Rauch im Keller", "Rauch im Dachstuhl", "Schichtführung Jena", "Schichtführung Gera"):
            expect(jena.locator(".conflict")).to_contain_text(words)
        judge_dialog(jena, "conflict")
        sides.filter(has_text="Rauch im Dachstuhl").get_by_role("button", name="Das gilt").click()
        expect(jena.locator(".conflict")).to_have_count(0)
        for page in (jena, gera):
            expect(page.locator(".chip.alarm", has_text="Widerspruch")).to_have_count(0)
    for node, name, seat in ((network["jena"], "jena2", "J2"), (network["gera"], "gera2", "G2")):
        with closing(Dispatcher(node, name, seat)) as colleague:
            assert colleague.snapshot()["incidents"][incident]["report"] == "Rauch im Dachstuhl"


def test_a_centre_that_burns_is_taken_over_and_gets_everything_back(browser: Browser, network: ServedNetwork) -> None:
    with closing(Dispatcher(network["jena"], "jena2", "J2")) as colleague:
        incident = colleague.open_incident(place="Jena, Ernst-Abbe-Platz")
    with closing(Telephony(network["jena"])) as telephony:
        telephony.ring("+493641556677")
    with consoles(browser, network["gera"]) as enter:
        gera = enter("schicht-gera", "GS")
        expect(gera.locator(".chip.partner.live")).to_be_visible(timeout=PATIENCE_MS)
        network["jena"].kill_site()
        open_network(gera)
        take = gera.get_by_role("button", name="Leitstelle Jena übernehmen")
        expect(take).to_be_enabled(timeout=PATIENCE_MS)
        judge_dialog(gera, "silent-partner")
        take.focus()
        gera.keyboard.press("Enter")
        expect(gera.get_by_role("heading", name=re.compile("Übernommen:"))).to_be_visible()
        expect(gera.locator(".sheet")).to_contain_text("+493641556677")
        expect(gera.locator(".sheet")).to_contain_text("Ernst-Abbe-Platz")
        judge_dialog(gera, "handover-sheet")
        gera.keyboard.press("Escape")
        gera.keyboard.press("F2")
        expect(gera.locator(".call.answered")).to_contain_text("+493641556677")

        network["jena"].start_site()
        expect(gera.locator(".chip.partner.live")).to_be_visible(timeout=PATIENCE_MS)
        with consoles(browser, network["jena"]) as enter_jena:
            jena = enter_jena("schicht-jena", "JS")
            open_network(jena)
            jena.get_by_role("button", name="Rückgabe beginnen").click()
            piece = jena.locator(".pieces li", has_text="Ernst-Abbe-Platz")
            piece.get_by_role("button", name="Quittieren").click()
            expect(piece).to_have_count(0)
            judge_dialog(jena, "giving-back")
            jena.get_by_role("button", name="Alle quittieren").click()
            expect(jena.locator(".mandate").last).to_contain_text("antwortet selbst")
            with closing(Dispatcher(network["jena"], "jena2", "J2")) as colleague:
                assert colleague.snapshot()["incidents"][incident]["centre"] == "jena"
