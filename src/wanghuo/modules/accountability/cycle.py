"""The monthly cycle, pure: the month's share of a target, the draw of a sample, the score of a tour, the rank of regions.

No clock, database or chance: seeds, rules and dates come in as values, so everything can be worked out again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wanghuo.base import Reason, Text, Verdict

ITEMS = Text("现场打分 {got:g} / {full:g}", "on site {got:g} of {full:g} points")
UNSCORED = Text("{count} 项未打分，不计入满分", "{count} items not scored, left out of the full score")
DIFFERENCE = Text(
    "抽查 {checked} 条，{wrong} 条与上报不符，扣 {points:g} 分",
    "{checked} records checked, {wrong} differ from what was reported: {points:g} points less",
)
NO_DIFFERENCE = Text("抽查 {checked} 条，均与上报一致", "{checked} records checked, all as reported")


def months_left(month: int) -> int:
    """The months of a year from `month` (1 to 12) to December, both counted."""
    return 13 - month


def month_target(total: float, done: float, left: int, share: float, *, whole: bool) -> float:
    """What one region owes this month of a target that grows over the year.

    `total` for the whole upper region, `share` (0 to 1) the region's part of it, `done` what the region has reached
    already, `left` the months left, this one counted. Never below zero; rounded up to whole things where `whole`.
    """
    if left < 1:
        raise ValueError(f"at least one month must be left, not {left}")
    open_ = max(0.0, total * share - done)
    each = open_ / left
    return float(math.ceil(each - 1e-9)) if whole else round(each, 2)


def shares(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights as parts of one; equal parts when no weight is known."""
    known = {key: max(0.0, value) for key, value in weights.items()}
    total = sum(known.values())
    if not total:
        return {key: 1 / len(known) for key in known} if known else {}
    return {key: value / total for key, value in known.items()}


def draw(seed: str, refs: Iterable[str], count: int) -> list[str]:
    """`count` of `refs`, drawn by `seed`: those whose SHA-256 of "seed:ref" is smallest.

    The order of `refs` makes no difference, and anybody with the seed and the list can draw again, in any language.
    """
    each = sorted(set(refs), key=lambda ref: hashlib.sha256(f"{seed}:{ref}".encode()).hexdigest())
    return each[: max(0, count)]


def list_digest(refs: Iterable[str]) -> str:
    """The SHA-256 of the sorted references, a line each: which list the draw was made from."""
    return hashlib.sha256("\n".join(sorted(set(refs))).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Scored:
    """One item of a checklist: its full score and what was given; None while nothing was."""

    full: float
    got: float | None


def tour_score(items: Sequence[Scored], checked: int, wrong: int, *, points: float, source: str) -> Verdict[float]:
    """The score of a tour in per cent of the full score, less what false reports cost.

    `points`: what it costs when every checked record differs; a part of them costs a part. Never below zero.
    """
    given = [item for item in items if item.got is not None]
    full = sum(item.full for item in given)
    got = sum(item.got or 0.0 for item in given)
    base = got / full * 100 if full else 0.0
    reasons = [Reason("accountability.items", ITEMS, {"got": got, "full": full})]
    if len(given) < len(items):
        reasons.append(Reason("accountability.unscored", UNSCORED, {"count": len(items) - len(given)}))
    lost = points * wrong / checked if checked else 0.0
    if wrong:
        known = {"checked": checked, "wrong": wrong, "points": round(lost, 2)}
        reasons.append(Reason("accountability.difference", DIFFERENCE, known, source))
    elif checked:
        reasons.append(Reason("accountability.no_difference", NO_DIFFERENCE, {"checked": checked}, source))
    return Verdict(round(max(0.0, base - lost), 2), tuple(reasons))


def agrees(reported: float, found: float, *, tolerance_percent: float) -> bool:
    """Whether a number found on site agrees with the one reported, within a tolerance in per cent of the reported."""
    return abs(reported - found) <= abs(reported) * tolerance_percent / 100 + 1e-9


@dataclass(frozen=True, slots=True)
class Cell:
    """One measure of one region in a table: what was reached, what was due, and which way is better."""

    value: float | None
    due: float | None
    better: str = "up"


def completion(cell: Cell) -> float | None:
    """How far the due value was reached, from 0 to 1; None when either is unknown."""
    if cell.value is None or cell.due is None:
        return None
    if cell.better == "up":
        return 1.0 if cell.due <= 0 else min(1.0, max(0.0, cell.value / cell.due))
    if cell.value <= cell.due:
        return 1.0
    return max(0.0, cell.due / cell.value)


def behind(cell: Cell) -> float | None:
    """How far a cell lies behind, in per cent of what was due; None when unknown."""
    if cell.value is None or cell.due is None:
        return None
    gap = cell.due - cell.value if cell.better == "up" else cell.value - cell.due
    if gap <= 0:
        return 0.0
    return gap / abs(cell.due) * 100 if cell.due else 100.0


@dataclass(frozen=True, slots=True)
class Line:
    """One region of a table before it is ranked."""

    region: str
    cells: Sequence[tuple[float, Cell]] = field(default=())

    @property
    def score(self) -> float | None:
        """The weighted completion of the known cells, 0 to 100; None when nothing is known."""
        known = [(weight, done) for weight, cell in self.cells if (done := completion(cell)) is not None]
        total = sum(weight for weight, _ in known)
        return round(sum(weight * done for weight, done in known) / total * 100, 2) if total else None

    @property
    def worst(self) -> float | None:
        """How far the worst known cell lies behind, in per cent."""
        return max((b for _, cell in self.cells if (b := behind(cell)) is not None), default=None)


def ranked(lines: Sequence[Line]) -> list[tuple[Line, int | None]]:
    """The lines, the best first, with their rank; equal scores share one, and what is unknown has none and stands last."""
    order = sorted(lines, key=lambda line: (line.score is None, -(line.score or 0.0), line.region))
    found: list[tuple[Line, int | None]] = []
    for place, line in enumerate(order, 1):
        if line.score is None:
            found.append((line, None))
        elif found and found[-1][0].score == line.score:
            found.append((line, found[-1][1]))
        else:
            found.append((line, place))
    return found


BEHIND = Text(
    "最差一项落后应达值 {behind:.1f}%，超过 {over:g}%", "the worst measure is {behind:.1f} % behind, over {over:g} %"
)
KEY_OVERDUE = Text("{count} 项重点任务超期", "{count} key tasks overdue")
TWO_MONTHS = Text("连续两个月黄灯", "yellow for two months")
ON_LINE = Text("各项达到或领先应达值", "every measure on or ahead of the line")


def table_light(
    worst: float | None, overdue: int, before: str, *, steps: Sequence[Mapping[str, Any]], source: str
) -> Verdict[str] | None:
    """The light of a region (regulations 14.3): by its worst measure, its overdue key tasks and the light of the month before.

    `steps`: light and behind_over, as the rule indicators.lights states them. None when nothing is known.
    """
    if worst is None and not overdue:
        return None
    light, reasons = "green", [Reason("accountability.on_line", ON_LINE, {}, source)]
    for step in sorted(steps, key=lambda s: -float(s["behind_over"])):
        if worst is not None and worst > step["behind_over"]:
            light = str(step["light"])
            reasons = [Reason("accountability.behind", BEHIND, {"behind": worst, "over": step["behind_over"]}, source)]
            break
    if overdue:
        told = Reason("accountability.key_overdue", KEY_OVERDUE, {"count": overdue}, source)
        light, reasons = ("yellow", [told]) if light in ("green", "blue") else (light, [*reasons, told])
    if light == "yellow" and before == "yellow":
        light = "orange"
        reasons.append(Reason("accountability.two_months", TWO_MONTHS, {}, source))
    return Verdict(light, tuple(reasons))
