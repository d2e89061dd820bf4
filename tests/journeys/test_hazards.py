"""Hazards beside the main road: reported by hand on a phone, left until the clock runs out, asked for by a neighbour."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.conftest import Visit
from tests.journeys.deployment import Deployment, until
from tests.journeys.visitor import PHONE, Visitor

pytestmark = pytest.mark.browser
CHINA = ZoneInfo("Asia/Shanghai")
DAYS_LATER = """
from datetime import timedelta
from wanghuo.entrypoints.cli.django_setup import setup
setup()
from django.utils import timezone
from wanghuo.kernel.loops import run_clocks
run_clocks(timezone.now() + timedelta(days=9))
"""


def report(visitor: Visitor, town: str, *, place: str, channel: str, urgency: str, photo: Path | None = None) -> str:
    """Report a hazard in the visitor's own town or county by hand; returns its reference."""
    visitor.goto("/hazards/new")
    form = visitor.page.locator("main form[data-form]")
    if photo:
        form.locator("[name=photos]").set_input_files([photo, photo])
    form.locator("[name=region]").fill(town)
    form.locator("[name=place]").fill(place)
    form.locator("[name=description]").fill("疏散通道堆放纸箱，仅余半米")
    form.locator("[name=channel]").select_option(label=channel)
    form.locator("[name=basis]").select_option("1")
    form.locator("[name=urgency]").select_option(urgency)
    form.locator("button[type=submit]").click()
    visitor.state("待核实")
    return visitor.page.url.rsplit("/", 1)[1].split("?")[0]


def test_a_report_by_hand_on_a_phone_starts_the_24_hour_clock(
    visit: Visit, deployment: Deployment, photo: Path
) -> None:
    grid = visit("grid", size=PHONE)
    ref = report(grid, deployment.town, place="三楼安全出口", channel="群众举报", urgency="exits", photo=photo)
    expect(grid.page.locator("#evidence img")).to_have_count(2)
    assert grid.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]

    clerk = visit("clerk")
    line = clerk.duty(ref)
    expect(line).to_contain_text("核实隐患 · 三楼安全出口")
    left = due_at(line) - datetime.now(CHINA)
    assert timedelta(hours=23, minutes=50) < left <= timedelta(hours=24, minutes=1)
    line.locator("a[href$='/why']").click()
    expect(clerk.page.locator("main")).to_contain_text("消防监督检查规定 第十八条")


def test_a_clock_that_runs_out_climbs_the_ladder_by_itself(visit: Visit, deployment: Deployment) -> None:
    brigade = visit("brigade")
    ref = report(brigade, deployment.town, place="四楼西侧楼梯间", channel="消防抽查", urgency="ordinary")
    brigade.act("verify").locator("button[type=submit]").click()
    brigade.state("已核实")
    form = brigade.act("order")
    due = datetime.now(CHINA) + timedelta(seconds=6)
    form.locator("[name=due_at]").fill(f"{due:%Y-%m-%dT%H:%M:%S}")
    form.locator("[name=demands]").fill("清理楼梯间")
    form.locator("[name=second_officer]").fill("张伟")
    form.locator("[name=service]").select_option(index=1)
    form.locator("button[type=submit]").click()
    brigade.state("整改中")

    inspector = visit("inspector")  # the worker reminds, and whoever re-inspects finds it
    until(lambda: "复查隐患" in inbox_about(inspector, ref), f"{ref} asks for its re-inspection", patience_s=60)
    inspector.goto(f"/hazards/{ref}")
    expect(inspector.page.locator(".timeline")).to_contain_text("级灯升级")

    deployment.python(DAYS_LATER)
    leader = visit("leader")
    line = leader.duty(ref)
    expect(line).to_contain_text("督办")
    line.locator("a").first.click()
    expect(leader.page.locator("main")).to_contain_text(ref)


def test_a_neighbours_hazard_is_as_absent_as_one_that_never_was(visit: Visit, deployment: Deployment) -> None:
    leader, clerk = visit("leader"), visit("clerk")
    clerk.expected = (404,)
    leader.goto("/hazards?open=1")
    refs = leader.page.locator("tr[data-row]").evaluate_all(
        "rows => rows.map(row => row.dataset.href.split('/').pop())"
    )
    own = plain(leader, f"/hazards?region={deployment.town}&open=1", "")[1]
    theirs = next(ref for ref in refs if ref not in own)
    absent = theirs[:-5] + "99999"
    answers = [plain(clerk, f"/hazards/{ref}", ref) for ref in (theirs, absent)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert clerk.goto(f"/hazards/{theirs}/acts/verify") == 404
    clerk.goto(f"/search?q={theirs}")
    expect(clerk.page.locator("main")).not_to_contain_text(f"/hazards/{theirs}")
    clerk.goto(f"/hazards?q={theirs}")
    assert clerk.page.locator("tr[data-row]").count() == 0


def plain(visitor: Visitor, path: str, ref: str) -> tuple[int, str]:
    """Status and words of a page, without the reference itself and without the minute at which it was asked for."""
    status = visitor.goto(path)
    words = visitor.page.locator("main").inner_text().replace(ref or "\0", "REF")
    return status, re.sub(r"\d{2}:\d{2}", "MINUTE", words)


def due_at(line: Locator) -> datetime:
    """The deadline in the title of the line's clock."""
    title = line.locator(".due").first.get_attribute("title") or ""
    found = re.search(r"(\d{4})年(\d+)月(\d+)日\s*(\d+):(\d+)", title)
    assert found, title
    return datetime(*map(int, found.groups()), tzinfo=CHINA)  # type: ignore[arg-type,misc]


def inbox_about(visitor: Visitor, ref: str) -> str:
    """What the inbox says about an object now."""
    visitor.goto("/todo")
    return " ".join(visitor.page.locator("tr[data-row]", has_text=ref).all_inner_texts())
