"""What is wrong today, and the three things at most that need a decision of the person who looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators.boards import url_of
from wanghuo.kernel.indicators.measuring import Measure
from wanghuo.kernel.loops.models import Clock
from wanghuo.kernel.regions import service
from wanghuo.modules.alarms import public as alarms
from wanghuo.modules.cockpit.board import Board
from wanghuo.modules.hazards import public as hazards

MOST = 3
HIGH_RUNG = 2  # from 督办 on
RUNGS = {
    1: Text("提醒", "reminder"),
    2: Text("督办", "supervision"),
    3: Text("约谈", "interview"),
    4: Text("挂牌", "listing"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing to decide: how bad (1 to 4), what it is, since when, and where to act."""

    level: int
    what: Text
    detail: str | Text
    url: str
    since: datetime | None = None
    scale: str = "risk"


@dataclass(frozen=True, slots=True)
class Wrong:
    """One count of what is wrong now, with the list behind it."""

    count: int
    what: Text
    url: str
    level: int


def wrong_today(region: str, *, actor: Actor) -> list[Wrong]:
    """The counts of the headline, each only for those who may see the list behind; a zero stays, since it is news too."""
    found = []
    if actor.can("alarms.view"):
        standing = alarms.count_open(region=region, actor=actor)
        urgent = standing[1] + standing[2]
        found.append(
            Wrong(urgent, Text("一、二级报警待处置", "urgent alarms open"), f"/alarms?region={region}&open=1", 4)
        )
    if actor.can("hazards.view"):
        late = hazards.count_overdue(region=region, actor=actor)
        found.append(Wrong(late, Text("隐患逾期未改", "hazards overdue"), f"/hazards?region={region}&overdue=1", 3))
    return found


def decisions(board: Board, *, actor: Actor, now: datetime) -> list[Decision]:
    """The worst first: urgent alarms, what has climbed the ladder, the region that lies furthest behind."""
    found = [*_alarms(board.region, actor), *_ladder(board.region, actor), *_regions(board)]
    chosen: list[Decision] = []
    for each in sorted(found, key=lambda d: -d.level):  # one of each sort before a second of any
        if len(chosen) < MOST:
            chosen.append(each)
    return chosen


def _alarms(region: str, actor: Actor) -> list[Decision]:
    if not actor.can("alarms.view"):
        return []
    urgent = [a for a in alarms.standing(region=region, actor=actor, limit=1) if a.priority <= 2]
    return [
        Decision(5 - a.priority, Text("报警待处置", "An alarm waits"), a.place, a.url, a.received_at) for a in urgent
    ]


def _ladder(region: str, actor: Actor) -> list[Decision]:
    rows = Clock.objects.visible_to(actor).in_region(region).filter(ended_at=None, rung__gte=HIGH_RUNG)
    worst = rows.order_by("-rung", "due_at").first()
    if worst is None:
        return []
    many = rows.count()
    name = RUNGS.get(worst.rung, RUNGS[4])
    what = Text(
        f"{worst.what_zh}逾期，已到{name.zh}" + (f"（共 {many} 件）" if many > 1 else ""),
        f"{worst.what_en} overdue, at {name.en}" + (f" ({many} in all)" if many > 1 else ""),
    )
    return [Decision(min(worst.rung, 4), what, worst.subject_ref, worst.subject_url, worst.due_at, "light")]


def _regions(board: Board) -> list[Decision]:
    lit = [m for f in board.figures for m in f.measure.by_region if (m.level or 0) >= 3 and not m.small]
    own = [f.measure for f in board.figures if (f.measure.level or 0) >= 3]
    found = sorted(lit or own, key=lambda m: (-(m.level or 0), _share(m)))[:1]
    return [_behind(m, len(lit)) for m in found]


def _share(measure: Measure) -> float:
    """How far a value has come towards what is expected."""
    if measure.value is None or not measure.expected:
        return 1.0
    share = measure.value / measure.expected
    return share if measure.indicator.better == "up" else -share


def _behind(measure: Measure, many: int) -> Decision:
    name = measure.indicator.name
    digits, unit = measure.indicator.shown_digits, measure.indicator.unit
    value, aim = f"{measure.value:,.{digits}f}{unit}", f"{measure.expected:,.{digits}f}{unit}"
    more = Text(f"（共 {many} 项橙红灯）", f" ({many} orange or red)") if many > 1 else Text("", "")
    place = service.text(measure.region)
    what = Text(f"{place.zh}：{name.zh}落后{more.zh}", f"{place.en}: {name.en} behind{more.en}")
    detail = Text(f"{value}，应达 {aim}", f"{value}, expected {aim}")
    url = url_of(measure.indicator.code, measure.region, measure.period)
    return Decision(measure.level or 0, what, detail, url, scale="light")
