"""A clerk makes the county's own scheme of assessment in the browser and assesses by it; a later version leaves that run alone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.visitor import PHONE, Visitor

pytestmark = pytest.mark.browser
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
NAME = "乡镇消防工作季度考核（示例）"


def test_from_a_copied_scheme_to_a_run_that_keeps_its_version(visit: Visit, tmp_path: Path) -> None:
    office = visit("office")
    sheet = copy_preset(office)
    change_and_publish(office, sheet, full="25")
    exported = take_file(office, sheet, tmp_path)
    assert b"25" in exported
    run = assess(office)
    change_and_publish(office, sheet, full="30")
    office.goto(sheet)
    expect(office.page.locator(".facts-line")).to_contain_text("v2")
    office.goto(run)
    expect(office.page.locator("main")).to_contain_text("方案 v1")
    expect(office.page.locator("tr", has_text="火灾隐患整改销案率")).to_contain_text("/ 25")
    clerk = visit("clerk", size=PHONE)
    clerk.goto(sheet)
    expect(clerk.page.locator("h1")).to_contain_text(NAME)
    assert clerk.page.locator(".acts [data-act=edit]").count() == 0
    assert clerk.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def copy_preset(office: Visitor) -> str:
    """From the gallery: copy the government scheme under a name of one's own."""
    page = office.page
    office.goto("/assessments/schemes")
    card = page.locator("section", has=page.get_by_role("heading", name=re.compile("政府消防工作年度考核")))
    card.get_by_role("link", name="复制后修改").click()
    page.locator("[name=title]").fill(NAME)
    page.get_by_role("button", name="下一步：项目").click()
    page.wait_for_url("**/edit")
    return page.url.removeprefix(office.origin).removesuffix("/edit")


def change_and_publish(office: Visitor, sheet: str, *, full: str) -> None:
    """Another weight, by the quarter; what is wrong is said before it can count."""
    page = office.page
    office.goto(f"{sheet}/edit")
    page.locator("select[name=period]").select_option("quarter")
    page.locator("[name='item.0.full']").fill("十五")
    office.expected = (422,)
    page.locator("[name=op][value=publish]").click()
    expect(page.locator("[data-summary]")).to_contain_text("第 1 项")
    expect(page.locator("[name='item.0.full']")).to_have_value("十五")
    page.locator("[name='item.0.full']").fill(full)
    page.locator("[name=op][value=publish]").click()
    page.wait_for_url(f"**{sheet}")
    office.state("已发布")


def take_file(office: Visitor, sheet: str, folder: Path) -> bytes:
    """The sheet as a file."""
    office.goto(sheet)
    with office.page.expect_download() as waiting:
        office.page.get_by_role("link", name="TOML").click()
    path = folder / "sheet.toml"
    waiting.value.save_as(path)
    return path.read_bytes()


def assess(office: Visitor) -> str:
    """Begin the run of a quarter; returns the page of the first one assessed."""
    page = office.page
    office.goto("/assessments/new")
    page.locator("[name=scheme]").select_option(label=f"{NAME}（季度、v1）")
    page.locator("[name=part]").select_option("4")
    page.locator("[name=self_due]").fill((TODAY + timedelta(days=15)).isoformat())
    page.locator("[name=reviewers]").first.check()
    page.get_by_role("button", name="开始", exact=True).click()
    page.wait_for_url("**/assessments?**")
    page.locator("#list a.ref").first.click()
    expect(page.locator("h1")).to_contain_text("第4季度")
    return page.url.removeprefix(office.origin)
