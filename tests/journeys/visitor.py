"""Somebody at a browser: signs in, and whatever the browser complains of meanwhile fails the test."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, Request, expect

from tests.journeys.deployment import PASSWORD

PHONE, DESK, WALL = (390, 844), (1440, 900), (1920, 1080)
CHROMIUM = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 15_000
FOUR_HUNDRED = re.compile(r"status of (4\d\d|5\d\d)")


@dataclass
class Visitor:
    """One person's browser: its page, and what went wrong in it."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    expected: tuple[int, ...] = ()
    unreachable_is_fine: bool = False

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self._console(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", self._request)

    def _console(self, kind: str, text: str) -> None:
        status = FOUR_HUNDRED.search(text)
        if kind not in ("error", "warning") or (status and int(status[1]) in self.expected):
            return
        if self.unreachable_is_fine and "net::ERR_" in text:
            return
        if "GPU stall" not in text:  # Chromium's own word about drawing maps without a graphics card
            self.complaints.append(f"{kind}: {text} at {self.page.url}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.complaints.append(f"a request left the origin: {request.url}")

    def sign_in(self, username: str) -> Visitor:
        """Sign in through the page; ends on the first page of the role."""
        self.page.goto(f"{self.origin}/login")
        self.page.locator("[name=username]").fill(username)
        self.page.locator("[name=password]").fill(PASSWORD)
        self.page.locator(".gate-form button[type=submit]").click()
        expect(self.page.locator("header.top")).to_be_visible(timeout=PATIENCE_MS)
        return self

    def goto(self, path: str) -> int:
        """Open an address of this deployment; returns the status of the answer."""
        answer = self.page.goto(f"{self.origin}{path}")
        assert answer is not None
        return answer.status

    def act(self, name: str) -> Locator:
        """Open the form of an act on a detail page; returns the form."""
        self.page.locator(f".acts [data-act={name}]").click()
        form = self.page.locator("#act-panel form")
        expect(form).to_be_visible()
        return form

    def state(self, words: str) -> None:
        """The state badge of the page says `words`."""
        expect(self.page.locator(".facts-line .badge").first).to_have_text(words, timeout=PATIENCE_MS)

    def duty(self, ref: str) -> Locator:
        """The line of the inbox about the object `ref`; waits until it has come."""
        for _ in range(40):
            self.goto("/todo")
            line = self.page.locator("tr[data-row]", has=self.page.get_by_text(ref, exact=True))
            if line.count():
                return line.first
            self.page.wait_for_timeout(250)
        raise AssertionError(f"{ref} is not in the inbox: {self.page.locator('main').inner_text()}")


def new_visitor(browser: Browser, origin: str, size: tuple[int, int], lang: str) -> Visitor:
    """A browser window of its own, with its own cookies."""
    phone = size[0] < 600
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale="zh-CN" if lang == "zh" else "en-GB",
        timezone_id="Asia/Shanghai",
        has_touch=phone,
        is_mobile=phone,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_cookies([{"name": "lang", "value": lang, "url": origin}])
    return Visitor(context.new_page(), origin)
