"""The operator's console, worked by keyboard."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.journeys.visitor import Visitor


class Console:
    """What an operator sees and presses."""

    def __init__(self, operator: Visitor) -> None:
        self.page = operator.page
        self.rows = self.page.locator("[data-alarm-row]")
        self.pane = self.page.locator("[data-console-pane]")
        self.form = self.pane.locator("form[data-confirm]")

    def ready(self) -> None:
        """The stream is up."""
        expect(self.page.locator("[data-connection][data-state=live]").first).to_be_attached()

    def row(self, words: str) -> Locator:
        """The row that says `words`."""
        return self.rows.filter(has_text=words)

    def choose(self, row: Locator) -> None:
        """Go to a row with j and k, from wherever the console is."""
        expect(self.rows.first).to_be_visible()
        wanted = row.get_attribute("data-alarm-row")
        for _ in range(self.rows.count()):
            self.page.keyboard.press("k")
        for _ in range(self.rows.count()):
            if self.page.locator("[data-alarm-row].at").get_attribute("data-alarm-row") == wanted:
                break
            self.page.keyboard.press("j")
        expect(self.pane.locator(f"a[href$='/{wanted}'], a[href*='/{wanted}/']").first).to_be_attached()

    def press(self, key: str) -> None:
        """Press the key of an act, once the pane offers it."""
        expect(self.pane.locator(f"[data-key={key}]")).to_be_visible()
        self.page.keyboard.press(key)

    def confirm(self) -> None:
        """Send the open act with Enter."""
        expect(self.form).to_be_visible()
        self.page.keyboard.press("Enter")
        expect(self.form).to_have_count(0)

    def state(self, words: str) -> None:
        """The pane's alarm is in this state."""
        expect(self.pane.locator(".pane-head .badge")).to_have_text(words)
