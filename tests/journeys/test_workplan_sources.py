"""The five papers this was asked for compile through the page, each well within two seconds, and each line leads to its
words."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.journeys.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.shared]
SOURCES = Path(os.environ.get("WANGHUO_SHARED", Path(__file__).parents[3] / "shared")) / "sources"
LIMIT_S = 4.0  # 2 s for the engine; the rest is the browser on a shared machine


@pytest.mark.parametrize("number", range(5))
def test_a_source_paper_compiles_through_the_page(visit: Visit, number: int) -> None:
    papers = sorted(SOURCES.glob("*.txt"))
    if len(papers) < 5:
        pytest.skip(f"the papers are not beside the repository: {SOURCES}")
    office = visit("office")
    office.goto("/programmes/new")
    office.page.locator("[name=file]").set_input_files(papers[number])
    started = time.monotonic()
    office.page.get_by_role("button", name="读出任务和指标").click()
    office.page.wait_for_url("**/judge")
    assert time.monotonic() - started < LIMIT_S
    entries = office.page.locator(".entry")
    assert entries.count() > 20
    loose = office.page.evaluate(
        "[...document.querySelectorAll('.entry')].filter(e => !document.getElementById('at-' + e.dataset.line)).length"
    )
    assert loose == 0
    office.page.keyboard.press("j")
    assert office.page.locator(".entry.at").count() == 1
    assert office.page.locator(".text .at").count() > 0
