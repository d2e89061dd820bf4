"""An issued paper measures itself: its targets move on the plan's page when a real frame's alarm is judged, and when lines of
registers are entered and changed. (That they move when a hazard is closed: test_workplan.py.)"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.console import Console
from tests.journeys.deployment import FIRE, Deployment, until
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.browser
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
FIRES, BUILT, STANDARD = "联网报警确认火警数", "新增微型消防站", "微型消防站达标率"
PAPER = f"""普宁市{TODAY.year}年火警处置与基础设施专项方案（示例，虚构）

一、火警处置
（一）压降真实火警。年内联网报警确认火警数控制在900起以内。（牵头单位：市消防救援大队）
二、基础设施
（一）建强微型消防站。年内新增微型消防站20个，微型消防站达标率达到95%。（牵头单位：市消防救援大队）
"""
SLOW_S = 90  # a board shows values at most a minute old
MOST_LINES = 30


def test_targets_move_with_alarms_and_with_register_lines(visit: Visit, deployment: Deployment, tmp_path: Path) -> None:
    office = visit("office")
    plan = paper_becomes_plan(office, tmp_path)

    fires = number(figures(office, plan, FIRES)[0])
    operator_confirms_a_fire(visit("operator"), deployment)
    grown(lambda: figures(office, plan, FIRES), fires, "the fires, once the alarm of a frame is judged")

    built = figures(office, plan, BUILT)
    row = enter_station(office, "城北社区微型消防站（虚构）")
    grown(lambda: figures(office, plan, BUILT), number(built[0]), "the stations, once a line is entered")
    assert figures(office, plan, BUILT)[1] != built[1], "the gap moves with it"

    standard = figures(office, plan, STANDARD)
    meets_no_standard(office, row)
    moved(lambda: figures(office, plan, STANDARD), standard, "the share, once the line is changed")
    assert deployment.audit_is_whole()


def paper_becomes_plan(office: Visitor, folder: Path) -> str:
    """Drop the paper, accept every line, issue; each target is bound to what measures it, by itself."""
    paper = folder / "专项方案.txt"
    paper.write_text(PAPER, "utf-8")
    page = office.page
    office.goto("/programmes/new")
    page.locator("[name=file]").set_input_files(paper)
    page.get_by_role("button", name="读出任务和指标").click()
    page.wait_for_url("**/judge")
    plan = page.url.split("/")[-2]
    for _ in range(MOST_LINES):
        open_lines = page.locator(".entry[data-verdict=open]")
        if not open_lines.count():
            break
        position = open_lines.first.get_attribute("data-line")
        open_lines.first.locator(".line-kind").click()
        if "ambiguous" in (page.locator(f"#line-{position}").get_attribute("class") or ""):
            page.keyboard.press("1")
        page.keyboard.press("a")
        expect(page.locator(f"#line-{position}[data-verdict=accepted]")).to_have_count(1)
    page.locator("[data-act=confirm]").click()
    page.locator("main form[data-form] button[type=submit]").click()
    page.wait_for_url("**/issue")
    chosen = page.locator("select option:checked").evaluate_all("found => found.map(option => option.value)")
    assert chosen == ["alarms.fires", "ledgers.micro_stations.built", "ledgers.micro_stations.standard"]
    page.locator("#fill-due").fill(f"{TODAY.year}-12-31")
    page.locator("[data-fill=fill-due]").click()
    page.get_by_role("button", name="下发", exact=True).click()
    page.wait_for_url(f"**/programmes/{plan}")
    office.state("已下发")
    return plan


def operator_confirms_a_fire(operator: Visitor, deployment: Deployment) -> None:
    """A detector reports fire over the wire; the operator takes the alarm and confirms it."""
    console = Console(operator)
    console.ready()
    device = deployment.device(7)
    device.tell(device.detectors[0], FIRE)
    row = console.row(device.detectors[0].text).first
    expect(row).to_be_visible()
    console.choose(row)
    console.press("a")
    console.state("核实中")
    console.press("f")
    console.confirm()
    console.state("确认火警")


def enter_station(office: Visitor, name: str) -> str:
    """Enter a micro station in its register; returns the address of the line."""
    page = office.page
    office.goto("/ledgers/micro_stations/new")
    page.locator("[name=v-station]").fill(name)
    page.locator("[name=v-kind]").select_option("community")
    page.locator("[name=v-built_on]").fill(TODAY.isoformat())
    page.locator("[name=v-standard]").select_option("1")
    page.locator("main form[data-form] button[type=submit]").click()
    page.wait_for_url("**/ledgers/micro_stations/rows/**")
    expect(page.locator("h1")).to_contain_text(name)
    return page.url.removeprefix(office.origin)


def meets_no_standard(office: Visitor, row: str) -> None:
    """Change the line: the station no longer meets the standard."""
    office.goto(row)
    form = office.act("change")
    form.locator("[name=v-standard]").select_option("0")
    form.locator("button[type=submit]").click()
    expect(office.page.locator(".timeline")).to_contain_text("修改")


def figures(office: Visitor, plan: str, metric: str) -> tuple[str, str]:
    """What the plan's page says of a target: actual and gap."""
    office.goto(f"/programmes/{plan}")
    row = office.page.locator(f"[data-target='{metric}']")
    return row.locator("[data-actual]").inner_text(), row.locator("[data-gap]").inner_text()


def number(shown: str) -> float:
    """The number that is shown; what is not reported counts nothing yet."""
    digits = "".join(char for char in shown if char.isdigit() or char == ".")
    return float(digits) if digits else 0.0


def grown(read: Callable[[], tuple[str, str]], before: float, what: str) -> None:
    """Wait until the page counts one more than before, or more: the town's other alarms are judged meanwhile."""
    until(lambda: number(read()[0]) >= before + 1, f"{what}: still {before}", patience_s=SLOW_S)


def moved(read: Callable[[], tuple[str, str]], before: tuple[str, str], what: str) -> None:
    """Wait until the page shows something else than before."""
    until(lambda: read() != before, f"{what}: still {before}", patience_s=SLOW_S)
