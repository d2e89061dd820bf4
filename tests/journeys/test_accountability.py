"""One month in the browser, from the order to the answered letter; and one assessment from the self-assessment to its result."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.conftest import Visit
from tests.journeys.deployment import Deployment
from tests.journeys.visitor import PHONE, Visitor

pytestmark = pytest.mark.browser
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
NEXT = (TODAY.replace(day=1) + timedelta(days=32)).strftime("%Y-%m")  # the demo has this month's orders already
DAYS_LATER = """
from datetime import timedelta
from wanghuo.entrypoints.cli.django_setup import setup
setup()
from django.utils import timezone
from wanghuo.kernel.loops.models import Clock
Clock.objects.filter(rule="accountability.appeal", ended_at=None).update(due_at=timezone.now() - timedelta(hours=1))
"""


def test_one_month_from_the_order_to_the_answered_letter(visit: Visit, deployment: Deployment, photo: Path) -> None:
    office, town = visit("office"), visit("clerk", size=PHONE)
    order = draw_up_and_issue(office, deployment.town)
    report(town, order, photo)
    office.goto(f"/programmes/orders/{order}")
    office.act("accept").locator("button[type=submit]").click()
    office.state("已验收")
    tour = tour_with_a_difference(office, deployment.town, photo)
    town.goto(f"/tours/{tour}")
    town.act("answer").locator("[name=text]").fill("认可，立即核减并补做")
    town.page.locator("#act-panel button[type=submit]").click()
    town.state("已确认")
    table = publish(office)
    town.goto(f"/tables/{table}")
    expect(town.page.locator("main")).to_contain_text("与定稿一致")
    paper = leader_decides(visit("leader"), table, deployment.town)
    send(office, visit("leader"), paper)
    answer(town, paper)
    office.goto(f"/papers/{paper}")
    office.page.locator("#copies a", has_text="采纳回复").click()
    office.page.locator("#act-panel button[type=submit]").click()
    office.state("已办结")
    office.goto(f"/letters/{paper}")
    expect(office.page.locator("main")).to_contain_text("巡查得分")
    assert town.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    assert deployment.audit_is_whole()


def draw_up_and_issue(office: Visitor, town: str) -> str:
    """Orders for next month from the targets of the year: drawn up, one edited, all issued from the list."""
    office.goto("/programmes/orders/new")
    form = office.page.locator("main form[data-form]")
    form.locator("[name=month]").fill(NEXT)
    for box in form.locator("[name=codes]").all():
        box.set_checked(box.get_attribute("value") == "hazards.closing_rate")
    form.locator("[name=tasks]").fill("组织一次夜间检查")
    form.locator("[name=evidence]").fill("检查记录")
    form.locator("[name=due_on]").fill(f"{TODAY + timedelta(days=9):%Y-%m-%d}")
    form.locator("button[type=submit]").click()
    office.page.wait_for_url("**/programmes/orders?**state=draft**")
    office.goto(f"/programmes/orders?region={town}&month={NEXT}")
    ref = office.page.locator("tr[data-row] a.ref").first.inner_text()
    office.goto(f"/programmes/orders/{ref}")
    form = office.act("edit")
    form.locator("[name=target_1]").fill("88")
    form.locator("button[type=submit]").click()
    expect(office.page.locator("main table")).to_contain_text("≥ 88 %")
    office.act("issue").locator("button[type=submit]").click()
    office.state("办理中")
    return ref


def report(town: Visitor, order: str, photo: Path) -> None:
    """The town finds the order in its inbox and reports on a phone, with evidence."""
    town.duty(order).locator("a").first.click()
    if "/acts/" not in town.page.url:
        town.act("report")
    form = town.page.locator("form[data-form]").last
    form.locator("[name=value_1]").fill("92")
    form.locator("[name=note_2]").fill("已检查 12 家")
    form.locator("[name=files]").set_input_files(photo)
    form.locator("button[type=submit]").click()
    town.state("待验收")


def tour_with_a_difference(office: Visitor, town: str, photo: Path) -> str:
    """A tour whose sample finds another number than the town reported."""
    office.goto(f"/tours/new?region={town}")
    form = office.page.locator("main form[data-form]")
    form.locator("[name=checklist]").select_option("town")
    form.locator("[name=month]").fill(NEXT)
    form.locator("[name=planned_on]").fill(f"{TODAY:%Y-%m-%d}")
    form.locator("[name=team]").fill("张伟、刘洋")
    form.locator("button[type=submit]").click()
    office.state("已计划")
    ref = office.page.url.rsplit("/", 1)[1].split("?")[0]
    office.act("begin").locator("button[type=submit]").click()
    office.state("现场打分中")
    expect(office.page.locator("#sample")).to_contain_text("92 %")
    form = office.act("score")
    for field in form.locator("input[name^=got_]").all():
        field.fill("8")
    form.locator("[name=found_0]").fill("61")
    form.locator("[name=photos_1]").set_input_files(photo)
    form.locator("button[type=submit]").click()
    expect(office.page.locator("#sample .badge")).to_have_text("不一致")
    office.act("finish").locator("[name=summary]").fill("上报数与现场不符")
    office.page.locator("#act-panel button[type=submit]").click()
    office.state("待确认")
    expect(office.page.locator("main")).to_contain_text("抽查 1 条，1 条与上报不符，扣 30 分")
    return ref


def publish(office: Visitor) -> str:
    """The table of the month: previewed, frozen, published the same day."""
    office.goto("/tables/new")
    form = office.page.locator("main form[data-form]")
    form.locator("[name=month]").fill(NEXT)
    form.locator("button[type=submit]").click()
    office.state("预览")
    ref = office.page.url.rsplit("/", 1)[1].split("?")[0]
    office.act("approve").locator("button[type=submit]").click()
    office.state("已公布")
    with office.page.expect_download() as download:
        office.page.locator("a[href$='export=xlsx']").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    return ref


def leader_decides(leader: Visitor, table: str, town: str) -> str:
    """The leader adopts what the town's light asks for, as a supervision order."""
    leader.goto(f"/tables/{table}")
    row = leader.page.locator("main tbody tr", has=leader.page.locator(f"a[href='/overview?region={town}']"))
    row.get_by_text("督办建议").click()
    leader.state("待决定")
    form = leader.act("adopt")
    form.locator("[name=measure]").select_option("urge")
    form.locator("[name=reason]").fill("同意发督办单")
    form.locator("button[type=submit]").click()
    leader.state("已采纳")
    return leader.page.locator(".facts-line a.ref").inner_text()


def send(office: Visitor, leader: Visitor, paper: str) -> None:
    """The clerk submits, the leader approves and seals, the clerk serves."""
    for visitor, act, state in (
        (office, "submit", "待签批"),
        (leader, "approve", "待用印"),
        (leader, "seal", "已用印，待送达"),
        (office, "serve", "已送达，待签收"),
    ):
        visitor.goto(f"/papers/{paper}")
        visitor.act(act).locator("button[type=submit]").click()
        visitor.state(state)


def answer(town: Visitor, paper: str) -> None:
    """The town signs the receipt and answers."""
    town.goto(f"/papers/{paper}")
    town.page.locator("#copies a", has_text="签收").click()
    town.page.locator("#act-panel button[type=submit]").click()
    town.state("已签收")
    town.page.locator("#copies a", has_text="回复").click()
    form = town.page.locator("#act-panel form")
    form.locator("textarea").first.fill("已制定整改措施，责任到人。")
    form.locator("button[type=submit]").click()
    town.state("已回复，待审核")


def test_an_assessment_from_the_self_assessment_to_its_grade(visit: Visit, deployment: Deployment, photo: Path) -> None:
    town, reviewer, office = visit("clerk"), visit("brigade"), visit("office")
    town.goto("/assessments?scheme=government")
    town.page.locator("tr[data-row] a.ref").first.click()
    town.state("自评中")
    url = town.page.url.split("?")[0].removeprefix(town.origin)
    for code, value in (("hydrants", "80"), ("meetings", "2")):
        form = item(town, code)
        form.locator("[name=value]").fill(value)
        form.locator("[name=files]").set_input_files(photo)
        form.locator("button[type=submit]").click()
        expect(town.page.locator(f"tr#{code}")).to_contain_text(f"自评 {float(value)}")  # the page has come anew
    expect(town.page.locator("tr#hydrants")).to_contain_text("12.0 / 15")
    town.act("submit").locator("button[type=submit]").click()
    town.state("评审中")

    reviewer.goto(url)
    form = item(reviewer, "hydrants")
    form.locator("[name=found]").fill("40")
    form.locator("[name=note]").fill("现场仅见四成")
    form.locator("button[type=submit]").click()
    expect(reviewer.page.locator("tr#hydrants")).to_contain_text("6.0 / 15")
    reviewer.act("announce").locator("button[type=submit]").click()
    reviewer.state("结果告知中")

    town.goto(url)
    town.act("appeal").locator("[name=text]").fill("消火栓验收资料补充")
    town.page.locator("#act-panel button[type=submit]").click()
    town.state("申诉复核中")
    reviewer.goto(url)
    reviewer.act("settle").locator("[name=answer]").fill("维持原认定")
    reviewer.page.locator("#act-panel button[type=submit]").click()
    reviewer.state("结果告知中")

    deployment.python(DAYS_LATER)
    office.goto(url)
    office.act("finalise").locator("button[type=submit]").click()
    office.state("已定等次")
    office.goto(f"{url}/why")
    expect(office.page.locator("main")).to_contain_text("重算，结果一致")
    total = re.search(r"(\d+\.\d\d)", office.page.locator(".explain h2").inner_text())
    assert total
    assert 0 < float(total[1]) < 100


def item(visitor: Visitor, code: str) -> Locator:
    """Open the form of one item; returns it."""
    visitor.page.locator(f"tr#{code} a[hx-get]").click()
    form = visitor.page.locator("#act-panel form")
    expect(form).to_be_visible()
    return form
