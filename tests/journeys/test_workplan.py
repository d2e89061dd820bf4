"""From a paper to live targets: uploaded, judged by keyboard, issued; reported with evidence, accepted outside; a hazard
closed moves the target."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.deployment import Deployment, until
from tests.journeys.test_hazards import report
from tests.journeys.visitor import PHONE, Visitor

pytestmark = pytest.mark.browser
YEAR = datetime.now(ZoneInfo("Asia/Shanghai")).year
PAPER = f"""普宁市{YEAR}年校园与隐患专项工作方案（示例，虚构）

一、校园安全
（一）开展校园检查。{YEAR}年12月31日前完成全市学校消防安全检查。（牵头单位：市教育局）
二、隐患整改
（一）提高整改质效。年内火灾隐患整改率达到99%以上。（牵头单位：市消防救援大队）
（二）{YEAR + 1}年前，建成消防物联感知平台。（牵头单位：市消防救援大队）
"""
MOST_KEYS = 60


def test_from_a_paper_to_a_target_that_moves(visit: Visit, deployment: Deployment, photo: Path, tmp_path: Path) -> None:
    office = visit("office")
    plan = upload(office, tmp_path)
    judge_by_keyboard(office)
    issue(office, plan)
    ref = owner_reports(visit("education", size=PHONE), tmp_path)
    somebody_else_accepts(office, ref)
    before = actual(office, plan)
    close_a_hazard(visit("brigade"), deployment, photo)
    until(lambda: actual(office, plan) > before, f"the target's progress rises above {before}", patience_s=90)
    office.page.locator("[data-target='火灾隐患整改率'] a", has_text="记录").click()
    expect(office.page.locator("#list")).to_contain_text("西侧楼梯间")
    assert deployment.audit_is_whole()


def upload(office: Visitor, folder: Path) -> str:
    """Drop the paper; its lines are there to be judged, tied to its words."""
    paper = folder / "专项工作方案.txt"
    paper.write_text(PAPER, "gb18030")
    office.goto("/programmes/new")
    office.page.locator("[name=file]").set_input_files(paper)
    office.page.get_by_role("button", name="读出任务和指标").click()
    office.page.wait_for_url("**/judge")
    expect(office.page.locator("h1")).to_contain_text("专项工作方案")
    target = office.page.locator(".entry.k-target", has_text="火灾隐患整改率")
    office.page.locator(".m-target", has_text="火灾隐患整改率").first.click()
    expect(target).to_have_class(re.compile(r"\bat\b"))
    expect(office.page.locator("[data-confirm]")).to_be_visible()
    return office.page.url.split("/")[-2]


def judge_by_keyboard(office: Visitor) -> None:
    """Accept line after line with one key; what reads two ways is decided; one step is taken back and done again."""
    page = office.page
    page.locator(".entry").first.locator(".line-kind").click()
    for step in range(MOST_KEYS):
        at = page.locator(".entry.at")
        if at.get_attribute("data-verdict") == "open":
            if "ambiguous" in (at.get_attribute("class") or ""):
                page.keyboard.press("1")
            position = at.get_attribute("data-line")
            page.keyboard.press("a")
            if step < 2:
                expect(page.locator(f"#line-{position}[data-verdict=accepted]")).to_have_count(1)
        elif page.locator("[data-act=confirm]").is_visible():
            break
        if step == 1:
            page.keyboard.press("z")
            expect(page.locator(f"#line-{position}[data-verdict=open]")).to_have_count(1)
    page.keyboard.press("z")  # also the last one can be taken back
    expect(page.locator("[data-act=confirm]")).to_be_hidden()
    expect(page.locator(".entry.at[data-verdict=open]")).to_have_count(1)
    page.keyboard.press("1")
    page.keyboard.press("a")
    expect(page.locator("[data-act=confirm]")).to_be_visible()
    expect(page.locator(".coverage")).to_contain_text("100")


def issue(office: Visitor, plan: str) -> None:
    """Finish the judging and issue: owners are those the paper names, the rate is bound to what the records say."""
    page = office.page
    page.locator("[data-act=confirm]").click()
    page.locator("main form[data-form] button[type=submit]").click()
    page.wait_for_url("**/issue")
    owners = page.locator("input[data-owner]").evaluate_all("fields => fields.map(field => field.value)")
    assert owners == ["教育局", "消防救援大队", "消防救援大队"]
    row = page.locator("tr", has_text="火灾隐患整改率")
    expect(row.locator("select option:checked")).to_contain_text("隐患整改")
    page.locator("#fill-due").fill(f"{YEAR}-12-31")
    page.locator("[data-fill=fill-due]").click()
    page.get_by_role("button", name="下发", exact=True).click()
    page.wait_for_url(f"**/programmes/{plan}")
    office.state("已下发")
    expect(page.locator("#tasks tbody tr")).to_have_count(3)


def owner_reports(owner: Visitor, folder: Path) -> str:
    """The education bureau's officer finds the duty on the phone, takes it and reports it with evidence."""
    owner.goto("/todo")
    line = owner.page.locator("tr[data-row]", has_text="开展校园检查").first
    expect(line).to_contain_text("签收任务")
    line.get_by_role("link").first.click()
    owner.state("待签收")
    owner.act("take").locator("button[type=submit]").click()
    owner.state("已签收")
    form = owner.act("report")
    form.locator("[name=note]").fill("全部学校检查完毕")
    owner.expected = (422,)
    form.locator("button[type=submit]").click()  # without evidence
    expect(owner.page.locator("#act-panel .field-error").first).to_contain_text("佐证")
    proof = folder / "检查清单.csv"
    proof.write_text("学校,结果\n示例小学（虚构）,合格\n", "utf-8")
    owner.page.locator("#act-panel [name=files]").set_input_files(proof)
    owner.page.locator("#act-panel button[type=submit]").click()
    owner.state("待验收")
    assert owner.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    return owner.page.url.rsplit("/", 1)[1].split("?")[0]


def somebody_else_accepts(office: Visitor, ref: str) -> None:
    """The committee office's clerk accepts the evidence; the owner could not."""
    line = office.duty(ref)
    expect(line).to_contain_text("验收佐证")
    line.get_by_role("link", name=ref).click()
    expect(office.page.locator("#evidence")).to_contain_text("检查清单.csv")
    office.act("accept").locator("button[type=submit]").click()
    office.state("已完成")


def close_a_hazard(brigade: Visitor, deployment: Deployment, photo: Path) -> None:
    """A hazard is found and put right before the officer's eyes."""
    report(brigade, deployment.town, place="西侧楼梯间", channel="消防抽查", urgency="ordinary")
    form = brigade.act("fix_on_spot")
    form.locator("[name=photos]").set_input_files(photo)
    form.locator("[name=note]").fill("当场清理完毕")
    form.locator("button[type=submit]").click()
    brigade.state("当场改正")


def actual(office: Visitor, plan: str) -> float:
    """What the board says the rate is now."""
    office.goto(f"/programmes/{plan}")
    shown = office.page.locator("[data-target='火灾隐患整改率'] [data-actual]").inner_text()
    found = re.search(r"[\d.]+", shown)
    return float(found[0]) if found else 0.0
