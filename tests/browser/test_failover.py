"""The own node dies, freezes, comes back: the console goes on at the other one, with everything that was on it."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, expect

from ops.served import LINKED, ServedNetwork, ServedNode
from ops.testing import NodeFactory
from tests.browser.conftest import LOOKS, OpenConsole, consoles
from tests.browser.test_looks import judge
from tests.people import Dispatcher

# What the issue promises, in seconds from the fault to the live screen at the other node.
KILLED_SECONDS = 3.0
FROZEN_SECONDS = 5.0

# Notes in the page itself when it is live at a node, so that no slow test machine is measured with it.
WATCH = """(node) => { window.liveSince = 0; const look = () => {
  const line = document.querySelector(".link");
  if (line?.classList.contains("live") && line.textContent.includes(node)) window.liveSince = Date.now();
  else requestAnimationFrame(look);
}; look(); }"""


# Parts of the frame that reach beyond the screen, which cuts them off without a scroll bar.
CUT_OFF = """() => [...document.querySelectorAll("header, header > *, .banner, .banner > *, main, .column")].filter(
  (part) => part.getBoundingClientRect().right > innerWidth + 1).map((part) => part.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def network(node_factory: NodeFactory) -> ServedNetwork:
    """Two nodes on one database: to a console they are two like any others, and what it does needs no take-over."""
    return node_factory.make_pair("shared")


@pytest.fixture
def node(network: ServedNetwork) -> Iterator[ServedNode]:
    """The own node of the consoles; both nodes are whole again after every test, also after one that failed."""
    yield network["jena"]
    for node in network:
        for name in node.children:
            if node.running(name):
                node.resume(name)
        node.start([name for name, child in node.children.items() if not child.running])
        node.wait_ready()


@pytest.fixture
def gera(network: ServedNetwork) -> Iterator[Dispatcher]:
    with closing(Dispatcher(network["gera"], "gera3", "G3")) as dispatcher:
        yield dispatcher


def jena_incident(node: ServedNode, place: str) -> str:
    """An incident of the own centre that a colleague has opened."""
    with closing(Dispatcher(node, "jena5", "J5")) as colleague:
        return colleague.open_incident(place=place, report="erste Meldung")


def moved_after(page: Page, to: str, fault: Callable[[], None]) -> float:
    """Seconds from the fault until the page is live at node ``to``."""
    page.evaluate(WATCH, to)
    begin = time.time()
    fault()
    page.wait_for_function("() => window.liveSince > 0")
    return float(page.evaluate("() => window.liveSince")) / 1000 - begin


def judge_everywhere(page: Page, name: str) -> None:
    """In both themes and at both sizes, as in ``test_looks``."""
    for theme, size in LOOKS:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(size)
        judge(page, f"{name}-{theme}-{size['width']}")
        assert page.evaluate(CUT_OFF) == [], f"{name}-{theme}-{size['width']}"


def half_typed(page: Page, incident: str) -> None:
    """The incident is open, and in its report a sentence that is not finished."""
    page.locator(f".incident[data-id='{incident}']").click()
    page.get_by_role("button", name="Meldung: erste Meldung").click()
    page.locator("#edit-report").fill("erste Meldung, Zugang über ")
    page.evaluate("() => { document.getElementById('edit-report').mark = 'the same element'; }")


def test_a_killed_node_takes_nothing_from_the_screen(
    open_console: OpenConsole, node: ServedNode, gera: Dispatcher
) -> None:
    page = open_console("jena1", "J1")
    incident = jena_incident(node, "Jena, Westbahnhof")
    half_typed(page, incident)
    assert moved_after(page, "gera", node.kill_all) < KILLED_SECONDS

    banner = page.locator(".banner")
    expect(banner).to_contain_text(re.compile("antwortet nicht – Sie arbeiten an .* weiter"))
    expect(page.locator(".seat")).to_contain_text("Platz J1")
    field = page.locator("#edit-report")
    assert page.evaluate("() => document.activeElement.mark") == "the same element"
    expect(field).to_have_value("erste Meldung, Zugang über ")
    page.keyboard.type("den Hof")
    expect(field).to_have_value("erste Meldung, Zugang über den Hof")

    judge_everywhere(page, "crossed")
    field.focus()

    # What the other node hears comes at once, and what is done here is done there.
    other = gera.open_incident(place="Gera, Markt", lon=12.08, lat=50.88)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Meldung: erste Meldung, Zugang über den Hof")).to_be_visible()
    views = gera.snapshot()["incidents"]
    assert views[incident]["report"] == "erste Meldung, Zugang über den Hof"
    assert other in views


def test_a_reload_works_while_the_node_is_dead_and_so_does_the_way_back(
    open_console: OpenConsole, node: ServedNode, gera: Dispatcher
) -> None:
    page = open_console("jena1", "J1")
    incident = jena_incident(node, "Jena, Paradies")
    page.wait_for_function("async () => Boolean((await navigator.serviceWorker.ready).active)")
    half_typed(page, incident)
    page.locator("#log-note").fill("Anrufer wartet am ")
    page.keyboard.press("Control+k")
    page.keyboard.type("s 83-1 ")
    moved_after(page, "gera", node.kill_all)

    page.reload()
    expect(page.get_by_text("Stand aktuell")).to_be_visible()
    expect(page.locator(".link")).to_contain_text("gera")
    expect(page.locator("#edit-report")).to_have_value("erste Meldung, Zugang über ")
    expect(page.locator("#log-note")).to_have_value("Anrufer wartet am ")
    expect(page.locator("#command")).to_have_value("s 83-1 ")
    expect(page.locator(".seat")).to_contain_text("Platz J1")

    node.start(LINKED)
    node.wait_ready(LINKED)
    back = page.get_by_role("button", name=re.compile("Zurück zu"))
    expect(back).to_be_visible()
    expect(page.locator(".link")).to_contain_text("gera")  # not by itself
    judge_everywhere(page, "way-back")
    back.click()
    expect(page.locator(".link")).to_contain_text("jena")
    expect(page.locator(".banner")).to_have_count(0)
    expect(page.locator("#edit-report")).to_have_value("erste Meldung, Zugang über ")
    page.reload()
    expect(page.get_by_text("Stand aktuell")).to_be_visible()
    expect(page.locator(".link")).to_contain_text("jena")


def test_a_frozen_node_is_left_and_its_command_done_once_elsewhere(
    open_console: OpenConsole, node: ServedNode, gera: Dispatcher
) -> None:
    page = open_console("jena1", "J1")
    incident = jena_incident(node, "Jena, Lobeda")
    half_typed(page, incident)

    def freeze() -> None:
        for name in node.children:
            node.kill(name, signal.SIGSTOP)
        page.keyboard.press("Control+Enter")  # this request hangs in the frozen node

    assert moved_after(page, "gera", freeze) < FROZEN_SECONDS
    expect(page.get_by_role("button", name="Meldung: erste Meldung, Zugang über")).to_be_visible()
    for name in node.children:
        node.resume(name)
    expect(page.get_by_role("button", name=re.compile("Zurück zu"))).to_be_visible()
    log = gera.http.get(f"/console/incident/{incident}").json()["log"]
    assert sum("Zugang über" in line["text"] for line in log) == 1


def test_dead_pages_with_living_sockets_are_left_when_a_command_finds_nobody(
    open_console: OpenConsole, node: ServedNode, gera: Dispatcher
) -> None:
    page = open_console("jena1", "J1")
    incident = jena_incident(node, "Jena, Zwätzen")
    half_typed(page, incident)
    node.kill("web")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".link")).to_contain_text("gera")
    expect(page.get_by_role("button", name="Meldung: erste Meldung, Zugang über")).to_be_visible()


def test_dead_sockets_with_living_pages_are_left_when_they_do_not_come_back(
    open_console: OpenConsole, node: ServedNode
) -> None:
    page = open_console("jena1", "J1")
    assert moved_after(page, "gera", lambda: node.kill("sockets")) < FROZEN_SECONDS


def test_with_both_gone_the_screen_says_so_and_what_was_entered_is_sent_later(
    open_console: OpenConsole, node: ServedNode, network: ServedNetwork
) -> None:
    page = open_console("jena1", "J1")
    incident = jena_incident(node, "Jena, Burgau")
    half_typed(page, incident)
    for one in network:
        one.kill_all()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".banner.alarm")).to_contain_text("Weder")
    expect(page.get_by_text("1 unbeantwortet", exact=True)).to_be_visible()
    judge_everywhere(page, "both-gone")
    for one in network:
        one.start(LINKED)
        one.wait_ready(LINKED)
    expect(page.get_by_role("button", name="Meldung: erste Meldung, Zugang über")).to_be_visible()
    expect(page.locator(".pending")).to_have_count(0)


def test_a_revoked_seat_is_thrown_out_at_the_other_node_too(
    open_console: OpenConsole, node: ServedNode, network: ServedNetwork, gera: Dispatcher
) -> None:
    page = open_console("jena2", "J2")
    moved_after(page, "gera", node.kill_all)
    with closing(Dispatcher(network["gera"], "jena3", "J2")):  # relieves whoever sits there
        expect(page.get_by_role("dialog")).to_contain_text("Sie sind nicht mehr angemeldet")
    expect(page.get_by_role("link", name="Neu anmelden")).to_have_attribute("href", re.compile("localhost.*/login/"))


def test_leaving_at_the_other_node_ends_the_seat_and_forgets_everything(
    open_console: OpenConsole, node: ServedNode, gera: Dispatcher
) -> None:
    page = open_console("jena4", "J4")
    page.wait_for_function("async () => Boolean((await navigator.serviceWorker.ready).active)")
    moved_after(page, "gera", node.kill_all)
    home = page.url
    page.get_by_role("link", name="abmelden").click()
    page.wait_for_url("**localhost**/login/**")
    assert "J4" not in {seat for seat, taken in gera.snapshot()["seats"].items() if taken}
    page.goto(home)
    expect(page.get_by_role("dialog")).to_contain_text("Sie sind nicht mehr angemeldet")
    kept = page.evaluate("() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])")
    assert "draft" not in kept


def test_with_a_burnt_site_one_click_takes_over_and_the_work_goes_on(
    node_factory: NodeFactory, browser: Browser
) -> None:
    """Databases of their own: what the dead centre had on its hands is taken over from its own dispatcher's screen."""
    network = node_factory.make_pair("split", own_servers=True)
    jena = network["jena"]
    incident = jena_incident(jena, "Jena, Holzmarkt")
    with closing(Dispatcher(network["gera"], "gera3", "G3")) as gera, consoles(browser, jena) as enter:
        page = enter("jena1", "J1")
        half_typed(page, incident)
        assert moved_after(page, "gera", jena.kill_site) < KILLED_SECONDS
        page.keyboard.type("den Hof")
        take = page.get_by_role("button", name=re.compile("übernehmen$"))
        expect(take).to_be_enabled()
        take.click()
        expect(page.locator(".banner")).to_contain_text("ist für Jena zuständig")
        page.locator("#edit-report").focus()
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("button", name="Meldung: erste Meldung, Zugang über den Hof")).to_be_visible()
        view = gera.snapshot()["incidents"][incident]
        assert (view["centre"], view["report"]) == ("gera", "erste Meldung, Zugang über den Hof")
        expect(page.locator(f".incident[data-id='{incident}']")).to_be_visible()  # still one of the own
