"""One switch for the screen and for what the server says."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenConsole

REFUSED = """async () => (await (await fetch("/console/command/incident.alarm", {
  method: "POST",
  headers: {"Content-Type": "application/json", "X-Leitstelle": "1"},
  body: JSON.stringify({command_id: crypto.randomUUID(), data: {
    incident: "00000000-0000-0000-0000-000000000001", units: []}}),
})).json()).reason"""


def test_the_consoles_switch_holds_for_refusals_and_after_a_reload(open_console: OpenConsole) -> None:
    page = open_console("jena1", "J1")
    assert page.evaluate(REFUSED) == "Es ist kein Einsatzmittel ausgewählt."
    page.get_by_role("button", name="EN", exact=True).click()
    expect(page.get_by_role("region", name="Map", exact=True)).to_be_visible()
    assert page.evaluate(REFUSED) == "No unit is chosen."
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("button", name="DE", exact=True)).to_be_visible()
    page.get_by_role("button", name="DE", exact=True).click()
    assert page.evaluate(REFUSED) == "Es ist kein Einsatzmittel ausgewählt."
