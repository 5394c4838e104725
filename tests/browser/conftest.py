"""Chromium as Debian ships it, and consoles in it. Every page must stay without an error of script or security."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect, sync_playwright

from leitstelle.accounts.demo import PASSWORD
from ops.node import Node
from ops.testing import NodeFactory

CHROMIUM = "/usr/bin/chromium"
# Without these a browser on a machine without internet keeps asking for its maker's hosts.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT_MS = 10_000
SMALL: ViewportSize = {"width": 1366, "height": 768}
LARGE: ViewportSize = {"width": 2560, "height": 1440}
# Both themes and both sizes in two pictures.
LOOKS: tuple[tuple[Literal["light", "dark"], ViewportSize], ...] = (("light", LARGE), ("dark", SMALL))

# What the browser itself reports of a refused command and of a killed server is no error of the console.
NETWORK = ("status of 409", "status of 401", "WebSocket connection to", "net::ERR_")

OpenConsole = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One per file: Playwright keeps an event loop running that must not meet the asynchronous tests of others."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def node(node_factory: NodeFactory) -> Node:
    """A node with demo data for the tests of one file."""
    return node_factory("jena")


@contextmanager
def consoles(browser: Browser, node: Node) -> Iterator[OpenConsole]:
    """Gives ``enter(username, seat, viewport=…, color_scheme=…)``: a logged-in console of ``node``, up to date."""
    contexts, complaints = [], []

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in NETWORK):
            complaints.append(message.text)

    def enter(username: str, seat: str, **options: object) -> Page:
        settings = {"locale": "de-DE", "timezone_id": "Europe/Berlin", "viewport": SMALL} | options
        context = browser.new_context(**settings)  # type: ignore[arg-type]
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{node.web_url}/login/")
        page.get_by_label("Anmeldename").fill(username)
        page.get_by_label("Kennwort").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/login/seat/")
        page.locator(f"[name=seat][value={seat}]").check(force=True)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Stand aktuell")).to_be_visible()
        return page

    yield enter
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def open_console(browser: Browser, node: Node) -> Iterator[OpenConsole]:
    """See ``consoles``, at the node of this file."""
    with consoles(browser, node) as enter:
        yield enter
