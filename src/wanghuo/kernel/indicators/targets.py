"""Targets: what a region is to reach by the end of a period; set by people, or stated in a paper."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record
from wanghuo.kernel.indicators.boards import REGION
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import Indicator, indicator, take_up
from wanghuo.kernel.regions import codes

RIGHT = "indicators.target"
LASTING = ("year", "quarter", "month", "range")
OPS = (">=", "<=", "==", ">", "<", "between")
BASES, PATHS = ("", "yoy_down", "yoy_up"), ("", "linear", "flat")
LARGEST = 1e12


class NoTargetPeriod(Invalid):
    """A target is set for fixed days, so that everybody means the same ones."""

    code = "indicators.no_target_period"
    text = Text(
        "目标须设在年、季、月或起止日期上，如 2026、2026-Q4、2026-11、2026-03-01..2026-11-30。",
        "A target is for a year, quarter, month or for given days: 2026, 2026-Q4, 2026-11, 2026-03-01..2026-11-30.",
    )


class TargetOutOfRange(Invalid):
    """A target that cannot be meant."""

    code = "indicators.target_out_of_range"
    text = Text("目标值须在 0 到 {top:g} 之间。", "The target must lie between 0 and {top:g}.")


class SourceMissing(Invalid):
    """A target names who or what set it."""

    code = "indicators.target_source_missing"
    text = Text("请写明目标的依据（文件或会议）。", "Say where the target comes from (a paper or a meeting).")


class TargetNotUnderstood(Invalid):
    """A comparison, basis or path that does not exist, or a range without its upper end."""

    code = "indicators.target_not_understood"
    text = Text("目标写法不完整：{why}。", "The target is incomplete: {why}.")


@transaction.atomic
def set_target(
    *,
    code: str,
    region: str,
    value: float,
    source: str,
    actor: Actor,
    period: str = "",
    op: str = "",
    value_high: float | None = None,
    deadline: date | None = None,
    since: date | None = None,
    basis: str = "",
    path: str = "",
    plan_ref: str = "",
    quote: str = "",
    soft: bool = False,
) -> IndicatorTarget:
    """Set or change the target of an indicator for a region; the value before stays in the audit log.

    When: `period` (2026, 2026-Q4, 2026-11, or from..to), or `deadline` counted from `since` (default: 1 January of its
    year). `op`: >= <= == > < between (default: as the indicator is better). `basis`: "" or yoy_down, yoy_up (`value` per
    cent less or more than in the same period a year before; "yoy" is the one that is better); `op` then compares the
    change: a fall of at least 15 % is >= 15, yoy_down. `path`: "" as the
    indicator says, linear or flat. One target for each indicator, region, period and `plan_ref`.

    Raises NotFound (unknown indicator, region out of reach), NotPermitted, NoTargetPeriod, TargetOutOfRange,
    SourceMissing, TargetNotUnderstood.
    """
    of = indicator(code)
    target = IndicatorTarget(code=code)
    target.place(_code(region))
    if not actor.can("indicators.view", target):
        raise NotFound(what=REGION, ref=region)
    actor.require(RIGHT, target)
    span = _span(period, since, deadline)
    how = _Meaning.of(of, op, basis, path, value_high)
    how.check(of, value)
    if not source.strip():
        raise SourceMissing(field="source")
    rows = IndicatorTarget.objects.select_for_update().filter(
        code=code, region_code=target.region_code, period=span.key, plan_ref=plan_ref[:64]
    )
    take_up(code, target.region_code, actor)
    before = rows.first()
    old = None if before is None else _told(before)
    target = before or target
    target.period, target.value, target.source = span.key, value, source.strip()[:300]
    target.op, target.basis, target.path, target.value_high = how.op, how.basis, how.path, how.high
    target.deadline, target.plan_ref, target.quote, target.soft = span.last, plan_ref[:64], quote.strip()[:600], soft
    target.set_by, target.set_by_name, target.set_at = actor.id, actor.name[:64], timezone.now()
    target.save()
    record(actor, "indicators:target:set", code, region=target.region_code, before=old, after=_told(target))
    return target


@transaction.atomic
def withdraw_targets(*, plan_ref: str, actor: Actor, code: str = "") -> int:
    """Take back the targets that a plan set (of one indicator with `code`); returns how many. What they were stays in
    the audit log. Raises NotPermitted where the actor may not set one of them.
    """
    if not plan_ref:
        return 0
    rows = IndicatorTarget.objects.select_for_update().filter(plan_ref=plan_ref)
    rows = rows.filter(code=code) if code else rows
    found = list(rows.visible_to(actor))
    for row in found:
        actor.require(RIGHT, row)
        record(actor, "indicators:target:withdraw", row.code, region=row.region_code, before=_told(row))
        row.delete()
    return len(found)


@dataclass(frozen=True, slots=True)
class _Meaning:
    """How the number of a target is meant, checked."""

    op: str
    basis: str
    path: str
    high: float | None

    @classmethod
    def of(cls, of: Indicator, op: str, basis: str, path: str, high: float | None) -> _Meaning:
        if basis == "yoy":
            basis = "yoy_up" if of.better == "up" else "yoy_down"
        wanted = {"": "up", "yoy_up": "up", "yoy_down": "down"}.get(basis)
        op = op or (">=" if of.better == wanted else "<=")
        for name, given, known in (("op", op, OPS), ("basis", basis, BASES), ("path", path, PATHS)):
            if given not in known:
                raise TargetNotUnderstood(field=name, why=f"{name}={given[:20]!r}")
        return cls(op, basis, path, high if op == "between" else None)

    def check(self, of: Indicator, value: float) -> None:
        """Raise TargetOutOfRange, TargetNotUnderstood."""
        top = LARGEST
        if self.basis:
            top = 100.0 if self.basis == "yoy_down" else 1000.0
        elif of.unit == "%" and of.kind == "rate":
            top = 100.0
        if not 0 <= value <= top or (self.high is not None and not 0 <= self.high <= top):
            raise TargetOutOfRange(field="value", top=top)
        if self.op == "between" and (self.high is None or self.high < value):
            why = Text("区间须有不小于下限的上限", "a range needs an upper end that is not below the lower")
            raise TargetNotUnderstood(field="value_high", why=why)


def _told(row: IndicatorTarget) -> dict[str, Any]:
    told: dict[str, Any] = {"value": row.value, "source": row.source, "period": row.period, "op": row.op}
    for name in ("value_high", "basis", "path", "plan_ref", "soft"):
        if getattr(row, name):
            told[name] = getattr(row, name)
    return told


def _span(period: str, since: date | None, deadline: date | None) -> Period:
    """The days over which the target is measured; a calendar period is written as such."""
    first, last = since, deadline
    if period:
        found = _period(period)
        first, last = since or found.first, deadline or found.last
    if last is None:
        raise NoTargetPeriod(field="period")
    first = first or date(last.year, 1, 1)
    try:
        return next((p for p in _calendar(first, last) if (p.first, p.last) == (first, last)), None) or Period.between(
            first, last
        )
    except ValueError:
        raise NoTargetPeriod(field="deadline") from None


def _calendar(first: date, last: date) -> Iterator[Period]:
    """The year, quarter and month that end with `last`."""
    yield Period.year(last.year)
    yield Period.parse(f"{last.year}-Q{(last.month + 2) // 3}", first)
    yield Period.month(last.year, last.month)


def _code(region: str) -> str:
    try:
        return codes.normalise(region)
    except ValueError:
        raise NotFound(what=REGION, ref=region) from None


def _period(text: str) -> Period:
    try:
        period = Period.parse(text, local_day(timezone.now()))
    except ValueError:
        raise NoTargetPeriod(field="period") from None
    if period.kind not in LASTING:
        raise NoTargetPeriod(field="period")
    return period


def described(row: IndicatorTarget, of: Indicator) -> Text:
    """The target in words: 不低于 95 %; 比上年同期下降不少于 15 %."""
    digits = 0 if row.value == int(row.value) else 2
    value = f"{row.value:,.{digits}f}"
    if row.basis:
        word = Text("下降", "down") if row.basis == "yoy_down" else Text("增长", "up")
        op = {">=": ("不少于", "at least"), "<=": ("不超过", "at most")}.get(row.op, SIGNS[row.op])
        return Text(
            f"比上年同期{word.zh}{op[0]} {value} %", f"{word.en} {op[1]} {value} % on the same period a year before"
        )
    unit = f" {of.unit}" if of.unit else ""
    sign = SIGNS[row.op]
    if row.op == "between":
        return Text(f"{value} 至 {row.value_high:,g}{unit}", f"{value} to {row.value_high:,g}{unit}")
    return Text(f"{sign[0]} {value}{unit}", f"{sign[1]} {value}{unit}")


SIGNS = {
    ">=": ("不低于", "at least"),
    "<=": ("不高于", "at most"),
    ">": ("高于", "more than"),
    "<": ("低于", "less than"),
    "==": ("等于", "exactly"),
    "between": ("介于", "between"),
}


@dataclass(frozen=True, slots=True)
class PaperTarget:
    """A target as a paper states it. `code`: the indicator that measures it; "" while none does."""

    paper: Text
    place: Text
    region: str
    row: int
    name: Text
    op: str
    values: tuple[tuple[int, float], ...]
    unit: str
    code: str

    @property
    def words(self) -> str:
        """The values by year: 2023 ≤ 0.17, 2025 ≤ 0.15."""
        sign = {"<=": "≤", ">=": "≥", "<": "<", ">": ">"}[self.op]
        return "，".join(
            f"{year} {sign} {value:g}{' ' + self.unit if self.unit else ''}" for year, value in self.values
        )


@cache
def paper_targets() -> tuple[PaperTarget, ...]:
    """The targets of params/targets.toml."""
    raw = tomllib.loads((resources.files("wanghuo.params") / "targets.toml").read_text("utf-8"))
    return tuple(_paper_target(row, raw["papers"][row["paper"]]) for row in raw["target"])


def _paper_target(row: Mapping[str, Any], paper: Mapping[str, Any]) -> PaperTarget:
    return PaperTarget(
        paper=Text(*paper["title"]),
        place=Text(*paper["place"]),
        region=paper["region"],
        row=row["row"],
        name=Text(*row["name"]),
        op=row["op"],
        values=tuple((v["by"], float(v["value"])) for v in row["values"]),
        unit=row["unit"],
        code=row.get("code", ""),
    )
