"""How a slow quantity of an electrical circuit stands: residual current, cable temperature. Level, run above the set point, rise over
a week by the quiet hours, and the last day's slope.

Source of the rules: GB 50116-2013 9.2.3 for the set point (300 to 500 mA of residual current; natural leakage may be 100 to 200 mA); the
rest is ours (regulations.md 9, electrical monitoring [D]).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from wanghuo.base import Reason, Text, Verdict

DAY_S, HOUR_S, CHINA_S = 86_400.0, 3_600.0, 8 * 3_600.0

ABOVE = Text(
    "连续 {count} 次超过设定值 {limit:g} {unit}（最近 {value:g} {unit}）",
    "{count} samples in a row above the set point of {limit:g} {unit} (the last {value:g} {unit})",
)
RISING = Text(
    "夜间基线一周上升 {share:.0%}（{before:g} → {after:g} {unit}）",
    "the quiet hours rose by {share:.0%} in a week ({before:g} → {after:g} {unit})",
)
STEEP = Text(
    "24 小时内上升 {more:g} {unit}，按此速度 {hours:.0f} 小时后达到设定值",
    "rose by {more:g} {unit} in 24 hours; at this pace the set point is reached in {hours:.0f} hours",
)
NEAR = Text("已达设定值的 {share:.0%}", "stands at {share:.0%} of the set point")
LOAD = Text("与负荷同升同降（相关系数 {r:.2f}）", "goes with the load (correlation {r:.2f})")


class Level(IntEnum):
    """How bad it is. WATCH: look at it at the next check; WARNING: have it looked at; ALARM: now."""

    NONE = 0
    WATCH = 1
    WARNING = 2
    ALARM = 3


@dataclass(frozen=True, slots=True)
class StandingParams:
    """`set_point` in `unit`. `run`: samples above it in a row that are an alarm; `week_rise`: share by which the quiet hours may rise in a
    week; `least`: a rise of less than this (in the unit) is none, whatever its share; `near`: share of the set point that is
    worth watching; `quiet`: hours of China's clock in which a circuit rests; `source`: where all that stands."""

    set_point: float
    unit: str
    run: int = 3
    week_rise: float = 0.20
    least: float = 20.0
    near: float = 0.8
    quiet: tuple[float, float] = (0.0, 5.0)
    source: str = ""


def judge(
    at_s: npt.ArrayLike, values: npt.ArrayLike, params: StandingParams, *, load: npt.ArrayLike | None = None
) -> Verdict[Level]:
    """How the quantity stands at its last sample.

    `at_s`: seconds since 1970 UTC, rising; `values` in `params.unit`; eight days of them, at least hourly, for the rule of the week (fewer:
    the rule is silent). `load`: the circuit's load at the same moments: it explains, and changes no level.
    """
    at, value = np.asarray(at_s, np.float64), np.asarray(values, np.float64)
    if at.shape != value.shape or np.any(np.diff(at) < 0):
        raise ValueError("times and values must be of one length, the times rising")
    good = np.isfinite(value)
    if not good.any():
        return Verdict(Level.NONE)
    found = [
        *_above(value[good], params),
        *_week(at[good], value[good], params),
        *_steep(at[good], value[good], params),
        *_near(value[good], params),
    ]
    if not found:
        return Verdict(Level.NONE)
    reasons = [reason for _, reason in sorted(found, key=lambda pair: -pair[0])]
    if load is not None and (together := _with_load(value, np.asarray(load, np.float64))) is not None:
        reasons.append(Reason("early.load", LOAD, {"r": together}))
    return Verdict(max(level for level, _ in found), tuple(reasons))


Found = list[tuple[Level, Reason]]


def _above(value: npt.NDArray[np.float64], params: StandingParams) -> Found:
    below = np.flatnonzero(value <= params.set_point)
    run = len(value) - (int(below[-1]) + 1 if len(below) else 0)
    if run < params.run:
        return []
    known = {"count": run, "limit": params.set_point, "unit": params.unit, "value": float(value[-1])}
    return [(Level.ALARM, Reason("early.above", ABOVE, known, params.source))]


def _week(at: npt.NDArray[np.float64], value: npt.NDArray[np.float64], params: StandingParams) -> Found:
    hours = (at + CHINA_S) % DAY_S / HOUR_S
    quiet = (hours >= params.quiet[0]) & (hours < params.quiet[1])
    latest = at[-1]
    now, then = quiet & (at > latest - DAY_S), quiet & (at > latest - 8 * DAY_S) & (at <= latest - 7 * DAY_S)
    if now.sum() < 3 or then.sum() < 3:
        return []
    before, after = float(np.median(value[then])), float(np.median(value[now]))
    if after - before < params.least or after - before <= params.week_rise * max(before, 1e-9):
        return []
    known = {"share": (after - before) / max(before, 1e-9), "before": before, "after": after, "unit": params.unit}
    return [(Level.WARNING, Reason("early.rising", RISING, known, params.source))]


def _steep(at: npt.NDArray[np.float64], value: npt.NDArray[np.float64], params: StandingParams) -> Found:
    last = at > at[-1] - DAY_S
    if last.sum() < 12 or at[last][-1] - at[last][0] < DAY_S / 2:
        return []
    x, y = (at[last] - at[-1]) / DAY_S, value[last]
    slope, now = np.polyfit(x, y, 1)
    noise = float(np.std(y - (slope * x + now)))
    if slope < max(params.least, 3 * noise) or now >= params.set_point:
        return []
    hours = float((params.set_point - now) / slope * 24)
    if hours > 7 * 24:
        return []
    known = {"more": round(float(slope), 1), "unit": params.unit, "hours": hours}
    return [(Level.WARNING if hours <= 48 else Level.WATCH, Reason("early.steep", STEEP, known, params.source))]


def _near(value: npt.NDArray[np.float64], params: StandingParams) -> Found:
    share = float(np.median(value[-3:])) / params.set_point
    if share < params.near:
        return []
    return [(Level.WATCH, Reason("early.near", NEAR, {"share": share}, params.source))]


def _with_load(value: npt.NDArray[np.float64], load: npt.NDArray[np.float64]) -> float | None:
    both = np.isfinite(value) & np.isfinite(load)
    if load.shape != value.shape or both.sum() < 12 or np.std(value[both]) == 0 or np.std(load[both]) == 0:
        return None
    r = float(np.corrcoef(value[both], load[both])[0, 1])
    return r if r >= 0.7 else None
