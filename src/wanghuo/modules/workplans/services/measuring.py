"""Binding targets to what measures them: an indicator of the platform where one is clearly meant, else one that is
reported."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import AppError, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record
from wanghuo.kernel.indicators import Indicator, define_reported, indicator, set_target, withdraw_targets
from wanghuo.kernel.indicators.binding import best, growth, matches
from wanghuo.kernel.regions import codes
from wanghuo.kernel.regions import service as regions
from wanghuo.modules.workplans.models import PlanTarget, WorkPlan
from wanghuo.modules.workplans.resolved import Aim, aim_of
from wanghuo.modules.workplans.selectors import get_plan, get_target
from wanghuo.modules.workplans.states import KEPT
from wanghuo.modules.workplans.words import Line

REPORTED = "reported"
"""The choice of a form that defines a reported indicator for the target."""


def candidates(aim: Aim) -> list[tuple[Indicator, float]]:
    """What may measure a target, the likeliest first."""
    return matches(aim.metric, aim.unit, aim.scope, quote=aim.quote)[:6]


def likeliest(aim: Aim) -> tuple[str, float | None]:
    """The indicator that may be bound without asking a person, with its score; "" when none is clear.

    How often something is to be done (每季度 1 次) is carried out by a recurring task; nothing else measures it unasked.
    """
    if aim.due.frequency:
        return "", None
    found = candidates(aim)
    first = best(found)
    return (first.code, found[0][1]) if first is not None else ("", None)


def basis_of(metric: str, quote: str, unit: str) -> str:
    """Whether a number compares with the year before, read from the words of a share."""
    return growth(metric, quote) if unit.strip() in ("%", "％", "") else ""


def aims(plan: WorkPlan) -> list[tuple[int, Aim]]:
    """The kept targets of a plan with the position of their line, in the order of the paper."""
    lines = list(plan.lines.order_by("position"))
    flags = [line for line in lines if line.kind == Line.FLAG and line.verdict in KEPT]
    kept = [line for line in lines if line.kind == Line.TARGET and line.verdict in KEPT]
    found = []
    for line in kept:
        data = line.version_now
        basis = basis_of(str(data["metric"]), str(data.get("quote", "")), str(data.get("unit", "")))
        found.append((line.position, aim_of(line, flags, plan, basis)))
    return found


def add_targets(plan: WorkPlan, bindings: Mapping[int, str] | None, *, actor: Actor) -> list[PlanTarget]:
    """Write the targets of a plan that is being issued, each bound as chosen, or to what is clearly meant."""
    lines = {line.position: line for line in plan.lines.filter(kind=Line.TARGET, verdict__in=KEPT)}
    made: list[PlanTarget] = []
    taken: set[tuple[str, str, date]] = set()
    for position, aim in aims(plan):
        code, score = likeliest(aim)
        if bindings is not None and position in bindings:
            code, score = bindings[position], None
        target = PlanTarget(
            plan=plan,
            line=lines[position],
            metric=aim.metric[:200],
            of=aim.scope[:200],
            quote=aim.quote,
            op=aim.op,
            value=aim.value,
            value_high=aim.value_high,
            unit=aim.unit[:20],
            deadline=aim.due.last,
            frequency=aim.due.frequency,
            basis=aim.basis,
            soft=aim.soft,
            implied=aim.implied,
        )
        target.place(region_of(plan, aim.region))
        target.save(force_insert=True)
        made.append(target)
        same = (code, target.region_code, target.deadline or last_day(plan))
        if code and (code == REPORTED or same not in taken):  # one indicator has one target for one day
            taken.add(same)
            _bind(plan, target, code, score, actor=actor, strict=False)
    return made


def region_of(plan: WorkPlan, named: str) -> str:
    """The region a target speaks of, where it is the plan's or lies within it; else the plan's."""
    return (regions.resolve(named, within=plan.region_code) if named else None) or plan.region_code


@transaction.atomic
def bind_target(ref: str, target_id: UUID, *, code: str, actor: Actor) -> PlanTarget:
    """Bind a target to an indicator, to a reported one defined for it (`REPORTED`), or to none ("").

    Raises NotFound, NotPermitted, and what setting the target refuses.
    """
    plan = get_plan(ref, actor=actor)
    actor.require("workplans.issue", plan)
    target = get_target(plan, target_id, lock=True)
    before = target.indicator
    if code:
        _bind(plan, target, code, None, actor=actor, strict=True)
    else:
        target.indicator, target.score = "", None
        target.save(update_fields=["indicator", "score"])
    if before and before != target.indicator and not plan.targets.filter(indicator=before).exists():
        withdraw_targets(plan_ref=plan.ref, code=before, actor=actor)
    record(
        actor,
        "workplans:target:bind",
        plan.ref,
        region=target.region_code,
        before={"indicator": before},
        after={"indicator": target.indicator, "metric": target.metric},
    )
    return target


def _bind(plan: WorkPlan, target: PlanTarget, code: str, score: float | None, *, actor: Actor, strict: bool) -> None:
    """Set the indicator's target. Without `strict`, a number the indicator cannot take leaves the target unbound."""
    if code == REPORTED:
        code = _define(plan, target, actor=actor)
    of = indicator(code)
    try:
        with transaction.atomic():
            set_target(
                code=of.code,
                region=target.region_code,
                value=target.value,
                value_high=target.value_high,
                op=target.op,
                deadline=target.deadline or last_day(plan),
                since=plan.starts_on
                if target.deadline and plan.starts_on and plan.starts_on <= target.deadline
                else None,
                basis=target.basis,
                source=f"{plan.title}（{plan.ref}）",
                plan_ref=plan.ref,
                quote=target.quote,
                soft=target.soft,
                actor=actor,
            )
    except AppError:
        if strict:
            raise
        return
    target.indicator, target.score = of.code, score
    target.save(update_fields=["indicator", "score"])


def last_day(plan: WorkPlan) -> date:
    """The day by which a target without one is due: the plan's last, else the end of its year, else of this one."""
    if plan.ends_on is not None:
        return plan.ends_on
    day = plan.issued_on or local_day(timezone.now())
    return date(max(day.year, plan.starts_on.year if plan.starts_on else 0), 12, 31)


def _define(plan: WorkPlan, target: PlanTarget, *, actor: Actor) -> str:
    """Define a reported indicator for a target that nothing measures; its code."""
    words = target.metric if not target.of or target.of in target.metric else f"{target.of}{target.metric}"
    share = target.unit in ("%", "％") and not target.basis
    row = define_reported(
        name=Text(words[:80], words[:80]),
        formula=Text(f"按文件要求填报：{words}", f"as the paper asks: {words}"),
        unit="%" if share else target.unit[:16],
        kind="rate" if share else "count",
        region=target.region_code,
        actor=actor,
        better="down" if target.op in ("<=", "<") else "up",
        frequency=FREQUENCY.get(target.frequency, "month"),
        level=codes.level(target.region_code) if codes.level(target.region_code) in LEVELS else "county",
        adds=not share and target.op in (">=", ">", "==", "between"),
        words=(target.metric,),
        evidence=Text("佐证材料", "evidence"),
        source=f"{plan.title}（{plan.ref}）",
    )
    return str(row.code)


FREQUENCY = {
    "year": "year", "half_year": "half_year", "quarter": "quarter", "half_month": "half_month", "week": "week", "day": "week",
}  # fmt: skip
LEVELS = ("province", "city", "county", "town")


def define_and_bind(ref: str, target_id: UUID, *, actor: Actor) -> PlanTarget:
    """Define a reported indicator for a target and bind it, with one press."""
    return bind_target(ref, target_id, code=REPORTED, actor=actor)
