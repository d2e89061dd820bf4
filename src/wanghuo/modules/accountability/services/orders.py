"""Monthly orders (派单): drawn up from the targets of the year, edited, issued, reported on and accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, NotPermitted, Text
from wanghuo.base.time import end_of_day, local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.roles import right_name
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.audit import record
from wanghuo.kernel.files import store
from wanghuo.kernel.indicators import Indicator, Period, compute, indicator
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.kernel.outbox import emit
from wanghuo.kernel.regions import service as regions
from wanghuo.modules.accountability import cycle
from wanghuo.modules.accountability.contracts import OrderAccepted
from wanghuo.modules.accountability.models import MonthlyOrder, OrderLine
from wanghuo.modules.accountability.services import frame, letters
from wanghuo.modules.accountability.states import ANSWER_RIGHT, ORDER, ORDER_RIGHT, OrderState

REPORT_RULE, ACCEPT_RULE = "accountability.order_report", "accountability.order_accept"
CLOSED = (OrderState.WITHDRAWN,)


class NothingOrdered(Invalid):
    """An order without a line asks for nothing."""

    code = "accountability.nothing_ordered"
    text = Text(
        "派单没有任务，请至少选一项指标或写一项任务。", "The order asks for nothing; choose a target or write a task."
    )


class OrderStands(Conflict):
    """Every region asked for has its order for the month already."""

    code = "accountability.order_stands"
    text = Text("{month} 的派单都已有了。", "The orders for {month} are all there already.")


class ReporterMayNotAccept(NotPermitted):
    """Evidence is accepted by somebody outside the reporting body (regulations 14.3)."""

    code = "accountability.reporter_may_not_accept"
    text = Text("上报人不能验收自己的佐证。", "Whoever reported may not accept the evidence.")

    def __init__(self) -> None:
        super().__init__(right=right_name(ORDER_RIGHT))


class NotReported(Invalid):
    """A line that asks for a number has none."""

    code = "accountability.not_reported"
    text = Text("第 {no} 项“{title}”没有填完成数。", "Line {no}, “{title}”, has no figure.")


def month_of(text: str) -> Period:
    """The month that `text` writes (2026-11). Raises Invalid."""
    try:
        period = Period.parse(text, local_day(timezone.now()))
    except ValueError:
        period = None
    if period is None or period.kind != "month":
        raise Invalid(Text("月份写成 2026-11。", "Write the month as 2026-11."), field="month")
    return period


def targets_for(region: str, year: int, *, actor: Actor) -> list[IndicatorTarget]:
    """The targets of a region that end in a year, one for each measure, whichever paper set them."""
    rows = IndicatorTarget.objects.visible_to(actor).filter(region_code=region, deadline__year=year, basis="")
    return list({row.code: row for row in rows.order_by("code", "set_at")}.values())


@dataclass(frozen=True, slots=True)
class Asked:
    """What the orders of a month are drawn up from. `codes`: the measures; `tasks`: lines in words; `evidence`: what each
    line must bring; `bodies`: departments that get an order of their own with the lines in words."""

    region: str
    month: str
    codes: tuple[str, ...]
    tasks: tuple[str, ...] = ()
    share: str = "population"
    evidence: str = ""
    note: str = ""
    due_on: date | None = None
    bodies: tuple[UUID, ...] = ()
    only: tuple[str, ...] = ()


@transaction.atomic
def draw_up(asked: Asked, *, actor: Actor) -> list[MonthlyOrder]:
    """Draw up the orders of a month: one for every region just below, and one for each named body; all of them drafts.

    A growing target is divided by share and by the months left, less what a region has done; any other is asked of each
    as it is. A region that has its order already keeps it. Raises NotFound, NotPermitted, OutOfReach, NothingOrdered, OrderStands.
    """
    region = frame.region_within(asked.region, ORDER_RIGHT, actor=actor)
    month = month_of(asked.month)
    if not asked.codes and not asked.tasks:
        raise NothingOrdered(field="codes")
    places = [child.code for child in regions.children(region)]
    plans = [
        _Plan(target, region, month, places, asked.share) for target in _targets(region, month, asked.codes, actor)
    ]
    due_at = end_of_day(asked.due_on or month.last)
    standing = set(
        MonthlyOrder.objects.filter(by_region=region, month=month.key)
        .exclude(state__in=CLOSED)
        .values_list("region_code", "sector")
    )
    made = [
        _make(place, "", None, [plan.line(place) for plan in plans], asked, month, due_at, actor)
        for place in places
        if (place, "") not in standing and (not asked.only or place in asked.only)
    ]
    for body in filter(None, (frame.body_of(key, actor=actor) for key in asked.bodies)):
        if (body.region_code, body.sector) not in standing and asked.tasks:
            made.append(_make(body.region_code, body.sector, body, [], asked, month, due_at, actor))
    if not made:
        raise OrderStands(month=month.label)
    return made


def _targets(region: str, month: Period, codes: Sequence[str], actor: Actor) -> list[IndicatorTarget]:
    known = {row.code: row for row in targets_for(region, month.first.year, actor=actor)}
    if strange := [code for code in codes if code not in known]:
        words = Text("{region} 没有设定“{code}”的目标。", "{region} has no target for “{code}”.")
        raise Invalid(words, field="codes", region=regions.text(region), code=strange[0])
    return [known[code] for code in codes]


class _Plan:
    """One target divided among the regions below."""

    def __init__(self, target: IndicatorTarget, region: str, month: Period, places: Sequence[str], share: str) -> None:
        self.target, self.month = target, month
        self.of: Indicator = indicator(target.code)
        self.grows = self.of.accumulates or (self.of.climbs and self.of.kind == "count")
        year = Period.year(month.first.year)
        below = {m.region: m.value for m in compute(target.code, region, year).by_region} if self.grows else {}
        self.done = {place: below.get(place) or 0.0 for place in places}
        self.own = _own_targets(target, places)
        self.share = cycle.shares(_weights(places, share)) if places else {}

    def line(self, place: str) -> dict[str, Any]:
        """What one region is asked for."""
        own = self.own.get(place)
        facts: dict[str, Any] = {
            "indicator": self.of.code,
            "title": self.of.name.zh,
            "unit": self.of.unit,
            "better": "down" if self.target.op in ("<=", "<") else "up",
            "source": self.target.source[:300],
        }
        if not self.grows:
            return {**facts, "total": own or self.target.value, "target": own or self.target.value}
        total, share = (own, 1.0) if own is not None else (self.target.value, self.share[place])
        left = cycle.months_left(self.month.first.month)
        due = cycle.month_target(total, self.done[place], left, share, whole=self.of.shown_digits == 0)
        return {**facts, "total": total, "done": self.done[place], "left": left, "share": share, "target": due}


def _own_targets(target: IndicatorTarget, places: Sequence[str]) -> dict[str, float]:
    rows = IndicatorTarget.objects.filter(code=target.code, period=target.period, region_code__in=places, basis="")
    return dict(rows.values_list("region_code", "value"))


def _weights(places: Sequence[str], share: str) -> dict[str, float]:
    if share != "population":
        return dict.fromkeys(places, 1.0)
    known = {place: regions.get(place).population or 0 for place in places}
    return (
        {place: float(count) for place, count in known.items()} if all(known.values()) else dict.fromkeys(places, 1.0)
    )


def _make(
    place: str,
    sector: str,
    body: Body | None,
    lines: Sequence[Mapping[str, Any]],
    asked: Asked,
    month: Period,
    due_at: datetime,
    actor: Actor,
) -> MonthlyOrder:
    name = body.name if body else regions.name(place)
    order = frame.make(
        MonthlyOrder,
        "PD",
        place,
        sector=sector,
        actor=actor,
        title=f"{name} {month.label.zh}任务",
        month=month.key,
        body=body or recipient(place),
        note=asked.note,
        due_at=due_at,
    )
    every = [*lines, *({"title": task, "source": asked.note} for task in asked.tasks)]
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            no=no,
            evidence=asked.evidence,
            **{**line, "title": line["title"][:300], "source": line["source"][:300]},
        )
        for no, line in enumerate(every, 1)
    )
    return order


def recipient(region: str) -> Body | None:
    """The body that answers for a region: its government."""
    return (
        Body.objects.filter(region_code=region, kind__in=("government", "township"), active=True).order_by("id").first()
    )


@transaction.atomic
def edit(
    ref: str, *, lines: Mapping[int, Mapping[str, Any]], added: str, note: str, due_at: datetime, actor: Actor
) -> MonthlyOrder:
    """Change a draft: what each line asks for (`drop` takes it out), one more task in words, the note, the deadline.

    Raises NotFound, NotPermitted, MoveRefused, NothingOrdered, Invalid.
    """
    order, _ = frame.begin(MonthlyOrder, ref, "issue", actor=actor)
    if due_at <= timezone.now():
        raise Invalid(Text("期限须在以后。", "The deadline must lie ahead."), field="due_at")
    before = {}
    for line in order.lines.select_for_update().order_by("no"):
        change = lines.get(line.no, {})
        before[str(line.no)] = line.target
        if change.get("drop"):
            line.delete()
            continue
        line.target, line.evidence = change.get("target", line.target), change.get("evidence", line.evidence)
        line.save(update_fields=["target", "evidence"])
    if added.strip():
        last = order.lines.order_by("-no").first()
        OrderLine.objects.create(order=order, no=(last.no if last else 0) + 1, title=added.strip()[:300])
    if not order.lines.exists():
        raise NothingOrdered
    order.note, order.due_at = note, due_at
    order.save(update_fields=["note", "due_at"])
    frame.add_step(order, "edit", actor=actor)
    after = {str(line.no): line.target for line in order.lines.order_by("no")}
    record(actor, "accountability:order:edit", order.ref, region=order.region_code, before=before, after=after)
    return order


@transaction.atomic
def issue(ref: str, *, actor: Actor) -> MonthlyOrder:
    """Issue an order: its region finds it in the inbox with a clock, and its paper is drafted for approval.

    Raises NotFound, NotPermitted, MoveRefused, NothingOrdered, Invalid (the deadline has passed).
    """
    order, move = frame.begin(MonthlyOrder, ref, "issue", actor=actor)
    lines = list(order.lines.order_by("no"))
    now = timezone.now()
    if not lines:
        raise NothingOrdered
    if order.due_at <= now:
        raise Invalid(Text("期限已过，请先改期限。", "The deadline has passed; change it first."))
    if order.body is not None:
        order.paper_ref = letters.order_paper(order, lines, actor=actor)
    frame.finish(order, move, actor=actor, changed={"issued_at": now, "paper_ref": order.paper_ref})
    _ask_for_report(order, actor)
    return order


def _ask_for_report(order: MonthlyOrder, actor: Actor) -> None:
    frame.expect(
        order,
        move="report",
        right=ANSWER_RIGHT,
        title=Text(f"办理派单 · {order.title}", f"Work on the order · {order.title}"),
        rule=REPORT_RULE,
        due_at=order.due_at,
        at_level=frame.level_of(order.region_code),
        actor=actor,
    )


@transaction.atomic
def issue_many(refs: Sequence[str], *, actor: Actor) -> int:
    """Issue several drafts, all or none. Returns how many."""
    return len([issue(ref, actor=actor) for ref in dict.fromkeys(refs)])


@transaction.atomic
def report(
    ref: str, *, values: Mapping[int, float | None], notes: Mapping[int, str], files: Sequence[Any] = (), actor: Actor
) -> MonthlyOrder:
    """Report what was done, line by line, with evidence. Raises NotFound, NotPermitted, MoveRefused, NotReported."""
    order, move = frame.begin(MonthlyOrder, ref, "report", actor=actor)
    for line in order.lines.select_for_update().order_by("no"):
        line.reported, line.report_note = values.get(line.no), notes.get(line.no, "")[:1000]
        if line.target is not None and line.reported is None:
            raise NotReported(no=line.no, title=line.title, field=f"value_{line.no}")
        line.save(update_fields=["reported", "report_note"])
    digests = [
        store(f, actor=actor, subject=order.subject, view_right=order.VIEW_RIGHT, label="evidence").sha256
        for f in files
    ]
    frame.met(order, REPORT_RULE)
    changed = {"reported_at": timezone.now(), "reported_by": actor.id}
    frame.finish(
        order,
        move,
        actor=actor,
        changed=changed,
        after={"values": {str(k): v for k, v in values.items()}, "sha256": digests},
    )
    frame.expect(
        order,
        move="accept",
        right=ORDER_RIGHT,
        title=Text(f"验收派单 · {order.title}", f"Accept the order's evidence · {order.title}"),
        rule=ACCEPT_RULE,
        at_level=frame.level_of(order.by_region),
        actor=actor,
    )
    return order


def _judge(ref: str, name: str, actor: Actor) -> tuple[MonthlyOrder, Any]:
    order, move = frame.begin(MonthlyOrder, ref, name, actor=actor)
    if order.reported_by is not None and order.reported_by == actor.id:
        raise ReporterMayNotAccept
    frame.met(order, ACCEPT_RULE)
    return order, move


@transaction.atomic
def accept(ref: str, *, values: Mapping[int, float | None], note: str, actor: Actor) -> MonthlyOrder:
    """Accept an order line by line, with the number that counts where it differs from the reported one.

    Raises NotFound, NotPermitted, MoveRefused, ReporterMayNotAccept.
    """
    order, move = _judge(ref, "accept", actor)
    for line in order.lines.select_for_update():
        given = values.get(line.no)
        line.accepted = line.reported if given is None else given
        line.save(update_fields=["accepted"])
    now = timezone.now()
    changed = {"accepted_at": now, "accepted_by": actor.id}
    frame.finish(order, move, actor=actor, changed=changed, note=note)
    emit(OrderAccepted(order_id=order.id, ref=order.ref, region_code=order.region_code, month=order.month, at=now))
    return order


@transaction.atomic
def send_back(ref: str, *, reason: str, actor: Actor) -> MonthlyOrder:
    """Return a report for what is missing; the clock of the order runs on. Raises as `accept`."""
    order, move = _judge(ref, "return", actor)
    frame.finish(order, move, actor=actor, note=reason)
    _ask_for_report(order, actor)
    return order


@transaction.atomic
def withdraw(ref: str, *, reason: str, actor: Actor) -> MonthlyOrder:
    """Withdraw an order that is no longer asked for. Raises NotFound, NotPermitted, MoveRefused."""
    order, move = frame.begin(MonthlyOrder, ref, "withdraw", actor=actor)
    frame.dropped(order, REPORT_RULE)
    return frame.finish(order, move, actor=actor, note=reason)


__all__ = [
    "ORDER",
    "Asked",
    "accept",
    "draw_up",
    "edit",
    "issue",
    "issue_many",
    "report",
    "send_back",
    "targets_for",
    "withdraw",
]
