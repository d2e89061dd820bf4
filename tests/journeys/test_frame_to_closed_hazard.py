"""The whole loop: a frame arrives over TCP, becomes an alarm, a hazard, an order, a repair, a closing, a better number."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.console import Console
from tests.journeys.deployment import COUNTY, FAULT, Deployment, until
from tests.journeys.visitor import PHONE, Visitor

pytestmark = pytest.mark.browser
CLOSING = "hazards.closing_rate"


def test_from_a_frame_to_a_closed_hazard(visit: Visit, deployment: Deployment, photo: Path) -> None:
    leader = visit("leader")
    before = closing_rate(leader)

    ref = operator_raises_a_hazard(visit("operator"), deployment)
    clerk_verifies(visit("clerk"), ref)
    inspector_orders(visit("inspector"), ref)
    manager_rectifies(visit("manager", size=PHONE), ref, photo)
    second_inspector_passes(visit("inspector2"), ref)

    until(lambda: closing_rate(leader) > before, f"the closing rate rises above {before}")
    leader.page.get_by_role("link", name="分子的记录").click()
    expect(leader.page.locator("#list")).to_contain_text(ref)
    assert deployment.audit_is_whole()


def operator_raises_a_hazard(operator: Visitor, deployment: Deployment) -> str:
    """A fault comes in without a reload; by keyboard the operator takes it, judges it and raises a hazard."""
    console = Console(operator)
    device = deployment.device(0)
    console.ready()
    device.tell(device.detectors[0], FAULT)
    row = console.row(device.detectors[0].text)
    expect(row).to_be_visible()
    console.choose(row)
    console.press("a")
    console.state("核实中")
    console.press("g")
    console.confirm()
    console.state("故障属实")
    console.press("h")
    console.confirm()
    link = console.pane.locator("a[href^='/hazards/']")
    expect(link).to_be_visible()
    return link.inner_text()


def clerk_verifies(clerk: Visitor, ref: str) -> None:
    """The township's clerk finds it in the inbox and verifies it."""
    line = clerk.duty(ref)
    expect(line).to_contain_text("核实隐患")
    line.get_by_role("link", name=ref).click()
    clerk.state("待核实")
    form = clerk.act("verify")
    form.get_by_label("说明").fill("现场核对，情况属实")
    form.locator("button[type=submit]").click()
    clerk.state("已核实")


def inspector_orders(inspector: Visitor, ref: str) -> None:
    """An inspector orders it put right within a week."""
    line = inspector.duty(ref)
    expect(line).to_contain_text("制发改正通知书")
    line.get_by_role("link", name=ref).click()
    form = inspector.act("order")
    due = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=7)
    form.locator("[name=due_at]").fill(f"{due:%Y-%m-%dT%H:%M}")
    form.locator("[name=demands]").fill("更换故障探测器并测试")
    form.locator("[name=second_officer]").fill("刘洋")
    form.locator("[name=service]").select_option(index=1)
    form.locator("button[type=submit]").click()
    inspector.state("整改中")


def manager_rectifies(manager: Visitor, ref: str, photo: Path) -> None:
    """The unit's safety manager proves the repair from a phone and asks for the re-inspection."""
    line = manager.duty(ref)
    expect(line).to_contain_text("按期整改")
    line.get_by_role("link", name=ref).click()
    form = manager.act("submit")
    form.locator("[name=note]").fill("已更换探测器，测试正常")
    manager.expected = (422,)
    form.locator("button[type=submit]").click()  # without a photograph
    expect(form.locator(".field-error, .form-summary").first).to_contain_text("照片")
    form.locator("[name=photos]").set_input_files(photo)
    form.locator("button[type=submit]").click()
    manager.state("待复查")
    expect(manager.page.locator("#evidence img")).to_have_count(1)
    manager.page.locator("#evidence img").scroll_into_view_if_needed()
    expect(manager.page.locator("#evidence img")).to_have_js_property("complete", True)
    assert manager.page.locator("#evidence img").evaluate("img => img.naturalWidth") > 0
    assert manager.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def second_inspector_passes(inspector: Visitor, ref: str) -> None:
    """Another inspector goes there, finds it put right, and it is closed."""
    line = inspector.duty(ref)
    expect(line).to_contain_text("复查隐患")
    line.get_by_role("link", name=ref).click()
    form = inspector.act("pass")
    form.locator("[name=second_officer]").fill("张伟")
    form.locator("[name=note]").fill("探测器已更换，报警测试正常")
    form.locator("button[type=submit]").click()
    inspector.state("已销案")


def closing_rate(leader: Visitor) -> float:
    """What the leader reads as the closing rate of this year."""
    leader.goto(f"/indicators/{CLOSING}?region={COUNTY}")
    shown = leader.page.locator(".facts div:has(> dt:text-is('实际')) > dd").first.inner_text()
    found = re.search(r"[\d.]+", shown)
    return float(found[0]) if found else 0.0
