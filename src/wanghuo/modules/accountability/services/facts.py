"""What a letter states, gathered from the records, each fact with the page it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from wanghuo.base import NotFound, Text
from wanghuo.base.time import local, local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.indicators import Period, compute
from wanghuo.kernel.indicators.boards import require_region, url_of
from wanghuo.kernel.loops import Subject
from wanghuo.kernel.regions import codes
from wanghuo.kernel.regions import service as regions
from wanghuo.modules.accountability.models import DutyList, MonthlyOrder, Proposal, RankingTable, TableRow, Tour
from wanghuo.modules.accountability.services import frame
from wanghuo.modules.accountability.states import TableState
from wanghuo.modules.hazards import public as hazards
from wanghuo.modules.workplans import public as workplans

ABOUT = Text("事由", "subject")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing a letter states: the sentence, in Chinese as papers are, and the page that shows it."""

    text: str
    url: str

    def as_json(self) -> dict[str, str]:
        """The fact as it is kept."""
        return {"text": self.text, "url": self.url}


@dataclass(frozen=True, slots=True)
class About:
    """What a letter is about: the record, what its title says of it, the facts, and whom it would go to."""

    subject: Subject
    title: str
    facts: tuple[Fact, ...]
    to: tuple[Body, ...] = field(default=())

    @property
    def words(self) -> str:
        """The facts as lines."""
        return "\n".join(f"{fact.text.rstrip('。')}。" for fact in self.facts)[:3800]


def about(kind: str, ref: str, *, actor: Actor) -> About:
    """Gather what can be said about a record. `kind`: hazard, indicator (code:region:period), region, task, order, tour,
    proposal or duty_list. Raises NotFound, also for what the actor may not see.
    """
    if kind not in _GATHER:
        raise NotFound(what=ABOUT, ref=kind)
    return _GATHER[kind](ref, actor)


def bodies_at(region: str, sector: str = "") -> tuple[Body, ...]:
    """Whom a letter about a region goes to: the department of the sector where one is meant, else its government."""
    rows = Body.objects.filter(active=True, region_code=region)
    if sector:
        found = rows.filter(sector=sector, kind="department")
        if not found.exists() and len(region) > 6:
            found = Body.objects.filter(active=True, region_code=region[:6], sector=sector, kind="department")
        return tuple(found.order_by("id")[:1])
    return tuple(rows.filter(kind__in=("government", "township")).order_by("id")[:1])


def moment(at: datetime | None) -> str:
    """A moment as a letter writes it."""
    return f"{local(at):%Y年%m月%d日%H时%M分}" if at else "（未定）"


def _hazard(ref: str, actor: Actor) -> About:
    row = hazards.get_row(ref, actor=actor)
    name = row.unit.name if row.unit else regions.name(row.region_code)
    said = [
        Fact(f"{name}{row.place}存在火灾隐患：{row.description}（编号 {row.ref}，现为“{row.state_name.zh}”）", row.url),
    ]
    if row.due_at:
        late = "，已逾期" if row.is_open and row.due_at < timezone.now() else ""
        said.append(Fact(f"整改期限为{moment(row.due_at)}{late}", row.url))
    subject = Subject.of(row, "hazard", Text("隐患", "Hazard"))
    return About(subject, f"{name}火灾隐患", tuple(said), bodies_at(row.region_code, row.sector))


def _task(ref: str, actor: Actor) -> About:
    task = workplans.task(ref, actor)
    due = f"，期限 {task.due_on:%Y年%m月%d日}" if task.due_on else ""
    late = "，已超期" if task.due_on and not task.done_at and task.due_on < local_day(timezone.now()) else ""
    said = (
        Fact(
            f"{task.owner or regions.name(task.region_code)}承担的任务“{task.title}”（编号 {task.ref}）{due}{late}",
            task.url,
        ),
    )
    subject = Subject("task", task.id, task.ref, task.url, Text("任务", "Task"), task.region_code, task.sector)
    to = tuple(Body.objects.filter(pk=task.owner_id)) if task.owner_id else bodies_at(task.region_code)
    return About(subject, f"“{task.title[:40]}”任务进展", said, to)


def _indicator(ref: str, actor: Actor) -> About:
    """`ref` is code:region:period, as the page of an indicator links here."""
    code, _, rest = ref.partition(":")
    region, _, key = rest.partition(":")
    region = _region_code(region)
    require_region(actor, region)
    try:
        period = Period.parse(key or f"{local_day(timezone.now()):%Y-%m}", local_day(timezone.now()))
    except ValueError:
        raise NotFound(what=ABOUT, ref=ref) from None
    found = compute(code, region, period)
    of, url = found.indicator, url_of(code, region, period)
    value = "尚无数据" if found.value is None else f"为 {found.value:.{of.shown_digits}f}{of.unit}"
    said = [Fact(f"{regions.name(region)}{period.label.zh}“{of.name.zh}”{value}", url)]
    if found.expected is not None:
        said.append(
            Fact(f"应达 {found.expected:.{of.shown_digits}f}{of.unit}，目标 {found.target or 0:g}{of.unit}", url)
        )
    subject = _region_subject(region, url)
    return About(subject, f"{regions.name(region)}“{of.name.zh}”情况", tuple(said), bodies_at(region))


def _region(ref: str, actor: Actor) -> About:
    region = _region_code(ref)
    require_region(actor, region)
    name = regions.name(region)
    said = [
        Fact(
            f"{name}现有未结隐患 {hazards.count_open(region=region, actor=actor)} 处",
            f"/hazards?region={region}&open=1",
        ),
        Fact(f"其中逾期 {hazards.count_overdue(region=region, actor=actor)} 处", f"/hazards?region={region}&overdue=1"),
    ]
    row = (
        TableRow.objects.filter(region=region, table__state=TableState.PUBLISHED)
        .order_by("-table__published_at")
        .first()
    )
    if row is not None:
        said.append(_rank_fact(row.table, row))
    tour = Tour.objects.visible_to(actor).filter(visited=region, scored_at__isnull=False).order_by("-scored_at").first()
    if tour is not None:
        said.append(Fact(f"最近一次巡查得分 {tour.score:g} 分", tour.url))
    return About(
        _region_subject(region, f"/overview?region={region}"), f"{name}消防安全工作情况", tuple(said), bodies_at(region)
    )


def _region_code(text: str) -> str:
    try:
        return codes.normalise(text)
    except ValueError:
        raise NotFound(what=ABOUT, ref=text) from None


def _region_subject(region: str, url: str) -> Subject:
    from uuid import NAMESPACE_URL, uuid5

    return Subject("region", uuid5(NAMESPACE_URL, f"region:{region}"), region, url, Text("区划", "Region"), region)


def _rank_fact(table: RankingTable, row: TableRow) -> Fact:
    place = f"排第 {row.rank} 名" if row.rank else "数据不全，未排名"
    score = f"，得分 {row.score:g}" if row.score is not None else ""
    return Fact(f"{table.title}中，{regions.name(row.region)}{place}{score}", table.url)


def _proposal(ref: str, actor: Actor) -> About:
    proposal = frame.load(Proposal, ref, actor=actor)
    row = proposal.row
    said = []
    if row is not None:
        said.append(_rank_fact(row.table, row))
        for column in row.table.columns:
            cell = row.cells.get(column["code"], {})
            value, due = cell.get("value"), cell.get("due")
            if value is not None and due is not None and (value < due) == (column["better"] == "up") and value != due:
                digits = column["digits"]
                said.append(
                    Fact(
                        f"{column['zh']} {value:.{digits}f}{column['unit']}，应达 {due:.{digits}f}{column['unit']}",
                        cell["url"],
                    )
                )
        said += [Fact(reason["zh"], row.table.url) for reason in row.reasons]
    return About(
        proposal.subject, f"{regions.name(proposal.about)}消防工作滞后", tuple(said), bodies_at(proposal.about)
    )


def _order(ref: str, actor: Actor) -> About:
    order = frame.load(MonthlyOrder, ref, actor=actor)
    said = [
        Fact(f"{order.title}（编号 {order.ref}）现为“{order.state_name.zh}”，期限{moment(order.due_at)}", order.url)
    ]
    for line in order.lines.order_by("no"):
        if (
            line.target is not None
            and line.reported is not None
            and line.reported < line.target
            and line.better == "up"
        ):
            said.append(
                Fact(f"{line.title}：要求 {line.target:g}{line.unit}，上报 {line.reported:g}{line.unit}", order.url)
            )
    to = (order.body,) if order.body else bodies_at(order.region_code)
    return About(order.subject, f"{order.title}办理情况", tuple(said), to)


def _tour(ref: str, actor: Actor) -> About:
    tour = frame.load(Tour, ref, actor=actor)
    score = f"得分 {tour.score:g} 分" if tour.score is not None else "尚未完成打分"
    said = [Fact(f"{tour.title}（编号 {tour.ref}）{score}", tour.url)]
    said += [
        Fact(f"{s.title}：上报 {s.reported}，现场核查 {s.found or '查无实据'}", s.url)
        for s in tour.samples.exclude(result__in=("", "true"))
    ]
    said += [
        Fact(f"{i.text_zh}：{i.got:g}/{i.full:g} 分，{i.note}", tour.url)
        for i in tour.items.all()
        if i.got is not None and i.got < i.full and i.note
    ]
    return About(tour.subject, f"{tour.title}发现问题", tuple(said), bodies_at(tour.visited))


def _duty_list(ref: str, actor: Actor) -> About:
    found = frame.load(DutyList, ref, actor=actor)
    open_ = [e for e in found.entries.order_by("no") if e.done_at is None]
    said = [
        Fact(f"{found.title}（编号 {found.ref}）共 {found.entries.count()} 项，尚有 {len(open_)} 项未履职", found.url)
    ]
    said += [Fact(f"{entry.text}（依据：{entry.source}）", found.url) for entry in open_[:10]]
    to = (found.body,) if found.body else bodies_at(found.region_code)
    return About(found.subject, f"{found.title}履职情况", tuple(said), to)


_GATHER: dict[str, Callable[[str, Actor], About]] = {
    "hazard": _hazard,
    "task": _task,
    "indicator": _indicator,
    "region": _region,
    "proposal": _proposal,
    "order": _order,
    "tour": _tour,
    "duty_list": _duty_list,
}


def as_json(facts: tuple[Fact, ...]) -> list[dict[str, Any]]:
    """Facts as they are kept."""
    return [fact.as_json() for fact in facts]
