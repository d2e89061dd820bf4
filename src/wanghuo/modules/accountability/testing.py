"""The cycle for tests of this and upper parts: people of 普宁市, a target for its year, and the way to each state."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.kernel.papers.testing import standard
from wanghuo.kernel.regions.testing import COUNTY, SISTER_TOWN, TOWN
from wanghuo.modules.accountability.models import MonthlyOrder, Tour
from wanghuo.modules.accountability.services import orders, tours

CLERK = actor("committee_clerk", COUNTY)
LEADER = actor("government_leader", COUNTY)
BRIGADE = actor("brigade_leader", COUNTY)
TOWN_CLERK = actor("committee_clerk", TOWN)
SISTER_CLERK = actor("committee_clerk", SISTER_TOWN)
__all__ = ["BRIGADE", "CLERK", "COUNTY", "LEADER", "SISTER_CLERK", "SISTER_TOWN", "TOWN", "TOWN_CLERK", "standard"]


def this_month() -> str:
    """The month of today, as 2026-11."""
    return f"{local_day(timezone.now()):%Y-%m}"


def target(
    code: str, value: float, region: str = COUNTY, *, op: str = ">=", year: int | None = None, **fields: Any
) -> IndicatorTarget:
    """A target for the year."""
    year = year or local_day(timezone.now()).year
    return IndicatorTarget.objects.create(
        code=code, period=str(year), value=value, op=op, deadline=date(year, 12, 31), source="2026 年工作要点", set_at=timezone.now(),
        **scope_columns(region), **fields,
    )  # fmt: skip


def tomorrow() -> date:
    """The day after today."""
    return local_day(timezone.now()) + timedelta(days=1)


def draw_up(
    *, who: Actor = CLERK, codes: tuple[str, ...] = (), tasks: tuple[str, ...] = ("沿街商铺夜查一次",), **more: Any
) -> list[MonthlyOrder]:
    """The orders of this month for the towns of 普宁市, as drafts; due tomorrow."""
    asked = orders.Asked(region=COUNTY, month=this_month(), codes=codes, tasks=tasks, due_on=tomorrow(), **more)
    return orders.draw_up(asked, actor=who)


def order_of(rows: list[MonthlyOrder], region: str = TOWN) -> MonthlyOrder:
    """The order of one town."""
    return next(row for row in rows if row.region_code == region)


def tour(region: str = TOWN, *, who: Actor = CLERK, **more: Any) -> Tour:
    """A tour of a town, planned."""
    known = {"checklist": "town", "month": this_month(), "planned_on": local_day(timezone.now()), "team": "张伟、李强"}
    return tours.plan(region=region, actor=who, **{**known, **more})


def scored(row: Tour, *, part: float = 1.0, samples: str = "true", who: Actor = CLERK) -> Tour:
    """A tour begun, scored and finished: each item with `part` of its points, each drawn record found `samples`."""
    tours.begin(row.ref, seed="0" * 32, actor=who)
    items = {item.no: (round(item.full * part, 1), "") for item in row.items.all()}
    drawn = {str(s.place): (samples, "现场核对") for s in row.samples.all()}
    tours.score(row.ref, items=items, samples=drawn, actor=who)
    return tours.finish(row.ref, summary="总体较好", actor=who)
