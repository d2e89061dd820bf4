"""Scoring an assessment, pure: what an item gets by its rule, what the whole comes to, and the grade.

Source: the frame of 消防工作考核办法 (国办发〔2013〕16号) as regulations.md 14.1 records it; the scheme brings its own numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wanghuo.base import Reason, Text, Verdict

Method = Literal["at_least", "at_most", "linear", "step", "veto", "deduct"]
METHODS: tuple[Method, ...] = ("at_least", "at_most", "linear", "step", "veto", "deduct")

UNKNOWN = Text("没有数据，不得分", "no data, no points")
AT_LEAST = Text(
    "{value:g} ÷ 目标 {target:g}，得 {got:g} / {full:g}", "{value:g} ÷ target {target:g}: {got:g} of {full:g}"
)
AT_MOST = Text(
    "上限 {target:g} ÷ {value:g}，得 {got:g} / {full:g}", "limit {target:g} ÷ {value:g}: {got:g} of {full:g}"
)
LINEAR = Text(
    "{low:g} 至 {high:g} 之间按比例，{value:g} 得 {got:g} / {full:g}",
    "in proportion from {low:g} to {high:g}; {value:g}: {got:g} of {full:g}",
)
STEP = Text(
    "{value:g} 达到 {floor:g} 档，得 {got:g} / {full:g}", "{value:g} reaches the step {floor:g}: {got:g} of {full:g}"
)
BELOW_STEPS = Text("{value:g} 未到最低档，不得分", "{value:g} is below the lowest step: no points")
VETO = Text("发生 {value:g} 起，一票否决，总分为零", "{value:g} happened: veto, the total is zero")
NO_VETO = Text("未发生否决事项", "nothing that would veto")
DEDUCT = Text(
    "{value:g} 起，每起扣 {each:g}，得 {got:g} / {full:g}", "{value:g} times, {each:g} off each: {got:g} of {full:g}"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """How an item is scored. `target`: of at_least and at_most; `low`, `high`: of linear; `steps`: (from, part of full);
    `each`: points off each time, of deduct."""

    method: Method
    full: float
    target: float = 0.0
    low: float = 0.0
    high: float = 0.0
    steps: tuple[tuple[float, float], ...] = ()
    each: float = 0.0
    source: str = ""


def score(rule: Rule, value: float | None) -> Verdict[float]:
    """The points of one item and why: from 0 to its full score. An unknown value gets none; what is counted against
    somebody (veto, deduct) must have happened, so there unknown is none.
    """
    if rule.method == "veto":
        return _veto(rule, value)
    if rule.method == "deduct":
        value = value or 0.0
    if value is None:
        return Verdict(0.0, (Reason("accountability.unknown", UNKNOWN, {}, rule.source),))
    got = round(min(rule.full, max(0.0, _points(rule, value))), 2)
    return Verdict(got, (_why(rule, value, got),))


def _veto(rule: Rule, value: float | None) -> Verdict[float]:
    if value:
        return Verdict(0.0, (Reason("accountability.veto", VETO, {"value": value}, rule.source),))
    return Verdict(rule.full, (Reason("accountability.no_veto", NO_VETO, {}, rule.source),))


def _points(rule: Rule, value: float) -> float:
    if rule.method == "at_least":
        return rule.full * (value / rule.target if rule.target > 0 else 1.0)
    if rule.method == "at_most":
        return rule.full if value <= rule.target else rule.full * rule.target / value
    if rule.method == "linear":
        return rule.full * _between(value, rule.low, rule.high)
    if rule.method == "step":
        return rule.full * max((part for floor, part in rule.steps if value >= floor), default=0.0)
    return rule.full - rule.each * value


def _between(value: float, low: float, high: float) -> float:
    if low == high:
        return 1.0 if value >= high else 0.0
    return (value - low) / (high - low)


def _why(rule: Rule, value: float, got: float) -> Reason:
    known = {"value": value, "got": got, "full": rule.full, "target": rule.target}
    if rule.method == "step":
        reached = [floor for floor, _ in rule.steps if value >= floor]
        text = STEP if reached else BELOW_STEPS
        return Reason("accountability.step", text, {**known, "floor": max(reached, default=0.0)}, rule.source)
    if rule.method == "linear":
        return Reason("accountability.linear", LINEAR, {**known, "low": rule.low, "high": rule.high}, rule.source)
    if rule.method == "deduct":
        return Reason("accountability.deduct", DEDUCT, {**known, "each": rule.each}, rule.source)
    text = AT_LEAST if rule.method == "at_least" else AT_MOST
    return Reason(f"accountability.{rule.method}", text, known, rule.source)


@dataclass(frozen=True, slots=True)
class Points:
    """One item in the total: what it got of its full score, and whether it is a veto that struck."""

    got: float
    full: float
    vetoed: bool = False


SUM = Text(
    "各项合计 {got:g} / {full:g}，折百分 {total:g}", "the items come to {got:g} of {full:g}, {total:g} in a hundred"
)
STRUCK = Text("{count} 项一票否决，总分为零", "{count} vetoes struck: the total is zero")


def total(points: Sequence[Points]) -> Verdict[float]:
    """The whole in a hundred: the sum of the items over their full scores; zero when a veto struck."""
    full = sum(p.full for p in points)
    got = sum(p.got for p in points)
    value = round(min(100.0, max(0.0, got / full * 100)), 2) if full else 0.0
    reasons = [Reason("accountability.sum", SUM, {"got": round(got, 2), "full": round(full, 2), "total": value})]
    struck = sum(p.vetoed for p in points)
    if struck:
        return Verdict(0.0, (Reason("accountability.struck", STRUCK, {"count": struck}), *reasons))
    return Verdict(value, tuple(reasons))


def grade(value: float, limits: Sequence[tuple[float, str]]) -> str:
    """The code of the grade whose lower limit `value` reaches; the last one below all limits."""
    for floor, code in sorted(limits, reverse=True):
        if value >= floor:
            return code
    return sorted(limits)[0][1]
