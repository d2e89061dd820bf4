"""Each worker of the test run has one deployment and one browser; each test has fresh visitors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.journeys.deployment import Deployment
from tests.journeys.visitor import CHROMIUM, DESK, PATIENCE_MS, Visitor, new_visitor

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A small demo region, running."""
    running = Deployment(tmp_path_factory.mktemp("journeys"))
    running.fill()
    try:
        running.start()
        yield running
        complaints = running.complaints()
    finally:
        running.stop()
    assert complaints == ""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "Chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM))
        yield opened
        opened.close()


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, deployment: Deployment) -> Iterator[Visit]:
    """`visit(username, size=…, lang=…)` signs somebody in; at the end no browser may have complained."""
    visitors: list[Visitor] = []

    def open_window(username: str = "", *, size: tuple[int, int] = DESK, lang: str = "zh") -> Visitor:
        visitor = new_visitor(browser, deployment.url, size, lang)
        visitors.append(visitor)
        return visitor.sign_in(username) if username else visitor

    yield open_window
    for visitor in visitors:
        visitor.page.context.close()
    assert [c for visitor in visitors for c in visitor.complaints] == []


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photograph as a phone takes it."""
    from PIL import Image

    picture = Image.linear_gradient("L").resize((1280, 960)).convert("RGB")
    path = tmp_path / "after.jpg"
    picture.save(path, "JPEG", quality=80)
    return path
