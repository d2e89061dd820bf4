"""All five papers this was asked for compile by command and are shown on the page they are judged on: the same title and the
same targets, each well within two seconds, and each line leads to its words."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.deployment import Deployment

pytestmark = [pytest.mark.browser, pytest.mark.shared]
SOURCES = Path(os.environ.get("WANGHUO_SHARED", Path(__file__).parents[3] / "shared")) / "sources"
PAPERS = 5


@pytest.mark.parametrize("number", range(PAPERS))
def test_a_source_paper_compiles_by_command_and_through_the_page(
    visit: Visit, deployment: Deployment, number: int
) -> None:
    papers = sorted(SOURCES.glob("*.txt"))
    if len(papers) < PAPERS:
        pytest.skip(f"the {PAPERS} papers are not beside the repository: {SOURCES}")
    told = json.loads(deployment.run("workplan", "compile", str(papers[number]), "--json").stdout)
    office = visit("office")
    office.goto("/programmes/new")
    office.page.locator("[name=file]").set_input_files(papers[number])
    office.page.get_by_role("button", name="读出任务和指标").click()
    office.page.wait_for_url("**/judge")
    expect(office.page.locator("h1")).to_have_text(told["title"])
    assert office.page.locator(".entry.k-target").count() == len(told["targets"])
    entries = office.page.locator(".entry")
    assert entries.count() > 20
    loose = office.page.evaluate(
        "[...document.querySelectorAll('.entry')].filter(e => !document.getElementById('at-' + e.dataset.line)).length"
    )
    assert loose == 0
    office.page.keyboard.press("j")
    assert office.page.locator(".entry.at").count() == 1
    assert office.page.locator(".text .at").count() > 0
