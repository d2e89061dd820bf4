"""One month of accountability in the demo region, by the acts of its people: orders, a tour, a table, a meeting, a list, an assessment."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from wanghuo.entrypoints.demo.planning import COUNTY, acting, evidence
from wanghuo.kernel.accounts.bodies import bodies_of
from wanghuo.kernel.regions import service as regions

SEED = 20261121
DUTIES = """研究部署消防工作 | 消防安全责任制实施办法第六条 | 每半年 | 会议纪要
组织开展消防安全检查 | 消防法第五十二条 | 每季度 | 检查记录
督促整改重大火灾隐患 | 消防法第五十五条 | 每月 | 督办台账
组织消防宣传教育 | 消防法第六条 | 每半年 | 活动照片"""


def play_a_month() -> None:
    """Draw up and issue the orders of this month, report one, tour two towns, publish the table, and begin the year's assessment."""
    from wanghuo.modules.accountability import public as accountability

    office, clerk = acting("office"), acting("clerk")
    town = clerk.home
    _orders(town)
    for place, part in ((town, 0.86), (_another(town), 0.62)):
        _tour(place, part)
    month, today = f"{timezone.localdate():%Y-%m}", timezone.localdate()
    codes = ("hazards.closing_rate", "hazards.on_time_rate")
    table = accountability.draw_up_table(
        region=COUNTY,
        month=month,
        codes=codes,
        orders=1,
        tours=1,
        publish_on=today,
        notes="演示数据，非真实排名。",
        actor=office,
    )
    accountability.approve_table(table.ref, actor=office)
    _meeting(town)
    _list(town)
    reviewers = [acting(name).id for name in ("brigade", "leader")]
    accountability.begin_run(
        region=COUNTY, scheme="government", year=today.year, reviewers=[key for key in reviewers if key is not None],
        self_due=today + timedelta(days=20), actor=office,
    )  # fmt: skip
    accountability.draft_report(region=COUNTY, kind="month", period=month, actor=office)


def _orders(town: str) -> None:
    from wanghuo.modules.accountability import public as accountability

    office, clerk = acting("office"), acting("clerk")
    today = timezone.localdate()
    codes = tuple(
        row.code
        for row in accountability.targets_for(COUNTY, today.year, actor=office)
        if row.code.startswith("hazards.")
    )
    asked = accountability.Asked(
        region=COUNTY, month=f"{today:%Y-%m}", codes=codes, tasks=("组织一次沿街商铺夜查",), share="equal", evidence="检查记录、现场照片",
        note="演示派单，非真实文件。", due_on=today + timedelta(days=7),
    )  # fmt: skip
    rows = accountability.draw_up(asked, actor=office)
    accountability.issue_many([row.ref for row in rows], actor=office)
    own = next(row for row in rows if row.region_code == town)
    values = {line.no: round(line.target * 0.92, 1) for line in own.lines.all() if line.target is not None}
    notes = {line.no: "已按要求办理，佐证见附件" for line in own.lines.all()}
    accountability.report_order(own.ref, values=values, notes=notes, files=[evidence("夜查记录.csv")], actor=clerk)


def _another(town: str) -> str:
    return next(child.code for child in regions.children(COUNTY) if child.code != town)


def _tour(place: str, part: float) -> None:
    """A tour in which one of the drawn records, where there are several, is not as reported."""
    from wanghuo.modules.accountability import public as accountability

    inspector, rng = acting("office"), random.Random(f"{SEED}/{place}")
    today = timezone.localdate()
    tour = accountability.plan_tour(
        region=place, checklist="town", month=f"{today:%Y-%m}", planned_on=today, team="张伟、刘洋", actor=inspector
    )
    accountability.begin_tour(tour.ref, seed=rng.randbytes(16).hex(), actor=inspector)
    items = {item.no: (round(item.full * min(1.0, part + rng.uniform(-0.1, 0.1)), 1), "") for item in tour.items.all()}
    drawn: Sequence[Any] = list(tour.samples.order_by("place"))
    samples = {str(s.place): ("true", "与上报一致") for s in drawn}
    if len(drawn) > 2:
        samples[str(drawn[-1].place)] = ("differs", "现场与上报不一致")
    accountability.score_tour(tour.ref, items=items, samples=samples, actor=inspector)
    accountability.finish_tour(tour.ref, summary="组织有力，个别记录与现场不一致，已当场指出。", actor=inspector)


def _meeting(town: str) -> None:
    from wanghuo.modules.accountability import public as accountability

    office = acting("office")
    accountability.ask_for_meetings(
        region=COUNTY, kind="consult", months=3, source="演示设定，非真实文件", actor=office
    )
    invited = _bodies(office, (COUNTY, "department", "education"), (COUNTY, "fire_rescue", ""), (town, "township", ""))
    meeting = accountability.convene(
        region=COUNTY, kind="consult", title="消防安全形势会商（演示）", starts_at=timezone.now() + timedelta(minutes=1), place="三号会议室",
        chair="周平", agenda="通报排名\n研究校园消防安全", bodies=invited, actor=office,
    )  # fmt: skip
    attendance = {str(key): ("present", "") for key in invited}
    decisions = [
        {"text": "开展校园消防安全排查", "body": invited[0], "due_on": timezone.localdate() + timedelta(days=30)}
    ]
    accountability.hold(
        meeting.ref,
        attendance=attendance,
        discussion="通报了本月排名，分析了校园和沿街商铺的突出问题。",
        decisions=decisions,
        actor=office,
    )


def _bodies(office: Any, *wanted: tuple[str, str, str]) -> list[UUID]:
    rows = bodies_of(COUNTY, office)
    found = [rows.filter(region_code=region, kind=kind, sector=sector).first() for region, kind, sector in wanted]
    return [body.pk for body in found if body is not None]


def _list(town: str) -> None:
    from wanghuo.modules.accountability import public as accountability

    office, clerk = acting("office"), acting("clerk")
    year = timezone.localdate().year
    owner = _bodies(office, (town, "township", ""))
    made = accountability.make_duty_list(
        region=town, kind="duty", year=year, title=f"{regions.name(town)}{year}年消防安全责任清单（演示）",
        entries=accountability.parse_duties(DUTIES), body=owner[0] if owner else None, leader="" if owner else "演示负责人", actor=office,
    )  # fmt: skip
    accountability.issue_duty_list(made.ref, actor=office)
    accountability.sign_duty_list(made.ref, name=clerk.name, actor=clerk)
    accountability.record_duty_done(made.ref, 3, note="本月督办一处", files=[evidence("督办台账.csv")], actor=clerk)
