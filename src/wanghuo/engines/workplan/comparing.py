"""A lower level's paper held against the upper one: covered, missing, weaker or contradicting, each with its reason.

Targets are matched by how alike their metrics are (pairs of characters) and by their units; then the values they allow,
their days, frequencies and softness are compared. Items without targets are matched by heading and words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from wanghuo.base.text import Text
from wanghuo.engines.workplan.paper import Item, Paper, Target

Verdict = Literal["covered", "missing", "weaker", "contradicting"]

ALIKE = 0.45
"""How alike two metrics must be (0 to 1) to speak of the same thing; measured on pairs of papers, see the tests."""
ALIKE_ITEMS = 0.42
ALL_INSIDE = 0.7

_RATE_UNITS = frozenset({"%", "‰", "‱", "分", "倍", "个百分点", "百分点", "比"})
_SAME_UNITS = (
    frozenset("个座处支所"),
    frozenset("人名位"),
    frozenset("台辆套部具只"),
    frozenset("次场轮期遍"),
    frozenset({"%", "成"}),
)
_TIMES_A_YEAR = {"year": 1, "half_year": 2, "quarter": 4, "month": 12, "half_month": 24, "week": 52, "day": 365}
_FREQUENCY_WORDS = {
    "year": Text("每年", "yearly"),
    "half_year": Text("每半年", "half-yearly"),
    "quarter": Text("每季度", "quarterly"),
    "month": Text("每月", "monthly"),
    "half_month": Text("每半月", "half-monthly"),
    "week": Text("每周", "weekly"),
    "day": Text("每天", "daily"),
    "": Text("未写频次", "no frequency"),
}
_FILLER = re.compile(
    r"[\s“”\"'()（）《》、,，.。:：;；的了和与及]|全[国省市县区乡镇]|消防安全|进一步|加强|强化|深化|推进|工作|年内|各类"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One aim of the upper paper and what the lower one makes of it. `likeness`: 0 to 1; 0 when nothing answers it."""

    kind: Literal["target", "item"]
    upper: Target | Item
    lower: Target | Item | None
    verdict: Verdict
    reason: Text
    likeness: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """All rows, in the order of the upper paper."""

    upper: Paper
    lower: Paper
    rows: tuple[Row, ...]

    def count(self, verdict: Verdict) -> int:
        """How many rows have this verdict."""
        return sum(row.verdict == verdict for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "upper": {"title": self.upper.title, "region": self.upper.region},
            "lower": {"title": self.lower.title, "region": self.lower.region},
            "counts": {v: self.count(v) for v in ("covered", "missing", "weaker", "contradicting")},  # type: ignore[arg-type]
            "rows": [_row_json(row, self.upper, self.lower) for row in self.rows],
        }


def compare(upper: Paper, lower: Paper) -> Comparison:
    """Hold `lower` against `upper`: a row for each target of the upper paper and for each of its items that orders something
    without a target."""
    rows: list[Row] = []
    pairs = _pairs(upper.targets, lower.targets)
    for place, target in enumerate(upper.targets):
        answer, likeness = pairs.get(place, (None, 0.0))
        rows.append(_target_row(target, answer, likeness, upper, lower))
    measured = {target.item for target in upper.targets}
    known = [(item, _grams(_words(item))) for item in lower.items]
    for item in upper.items:
        if (
            item.no not in measured
            and item.actions
            and not item.path.startswith("¶")
            and not _has_inner(item, upper.items)
        ):
            rows.append(_item_row(item, known))
    return Comparison(upper, lower, tuple(sorted(rows, key=lambda row: row.upper.start)))


def likeness(one: str, other: str) -> float:
    """How alike two phrases are, 0 to 1: shared pairs of characters (Dice), or how much of the shorter lies in the longer."""
    first, second = _grams(one), _grams(other)
    if not first or not second:
        return 1.0 if one and one == other else 0.0
    shared = len(first & second)
    dice = 2 * shared / (len(first) + len(second))
    inside = shared / min(len(first), len(second))
    return max(dice, 0.85 * inside if min(len(first), len(second)) >= 3 else 0.0)


@lru_cache(maxsize=8192)
def _grams(text: str) -> frozenset[str]:
    plain = _FILLER.sub("", text)
    return frozenset(plain[at : at + 2] for at in range(len(plain) - 1)) or (
        frozenset({plain}) if plain else frozenset()
    )


def _pairs(upper: Sequence[Target], lower: Sequence[Target]) -> dict[int, tuple[Target, float]]:
    """The best answer to each upper target. A lower target answers several upper ones only when they name the same metric at
    different stages."""
    scored = sorted(
        (
            (_score(high, low), place, number)
            for place, high in enumerate(upper)
            for number, low in enumerate(lower)
            if _units_agree(high, low)
        ),
        key=lambda row: (-row[0], row[1], row[2]),
    )
    found: dict[int, tuple[Target, float]] = {}
    used: dict[int, str] = {}
    for score, place, number in scored:
        if score < ALIKE:
            break
        metric = upper[place].metric
        if place in found or used.get(number, metric) != metric:
            continue
        found[place] = (lower[number], min(1.0, score))
        used[number] = metric
    return found


def _score(high: Target, low: Target) -> float:
    """Likeness of the metrics, a little more where day, frequency and unit agree too."""
    base = max(likeness(high.metric, low.metric), 0.95 * likeness(high.scope + high.metric, low.scope + low.metric))
    if base == 0:
        return 0.0
    more = (
        0.03 * (high.deadline == low.deadline)
        + 0.03 * (high.unit == low.unit)
        + 0.03 * (high.frequency == low.frequency)
    )
    return base + more


def _units_agree(high: Target, low: Target) -> bool:
    if high.unit == low.unit or not high.unit or not low.unit:
        return True
    return any(high.unit in group and low.unit in group for group in _SAME_UNITS)


def _target_row(high: Target, low: Target | None, alike: float, upper: Paper, lower: Paper) -> Row:
    if low is None:
        return Row(
            "target",
            high,
            None,
            "missing",
            Text(f"下级文件没有与“{high.metric}”对应的目标。", f"The lower paper has no target for “{high.metric}”."),
            0.0,
        )
    contradicting, weaker, notes = _judged(high, low, upper, lower)
    if contradicting:
        return Row("target", high, low, "contradicting", _joined(contradicting), alike)
    if weaker:
        return Row("target", high, low, "weaker", _joined(weaker), alike)
    said = notes or [Text(f"已落实：{_said(low)}。", f"Covered: {_said(low)}.")]
    return Row("target", high, low, "covered", _joined(said), alike)


def _judged(high: Target, low: Target, upper: Paper, lower: Paper) -> tuple[list[Text], list[Text], list[Text]]:
    """What contradicts, what weakens, and what is worth knowing."""
    contradicting: list[Text] = []
    weaker: list[Text] = []
    notes: list[Text] = []
    if _is_share(high, low, upper, lower):
        notes.append(Text(f"下级承担其中一部分：上级{_said(high)}，下级{_said(low)}；各下级之和应达到上级总数。",
                          f"The lower level takes a share: upper {_said(high)}, lower {_said(low)}; all shares must add up."))  # fmt: skip
    else:
        _values(high, low, contradicting, weaker)
    _days(high, low, lower, weaker)
    often, rarely = _TIMES_A_YEAR.get(high.frequency, 0), _TIMES_A_YEAR.get(low.frequency, 0)
    if rarely < often and not _is_often_enough(high, low, often, rarely):
        weaker.append(Text(f"频次降低：上级{_FREQUENCY_WORDS[high.frequency].zh}，下级{_FREQUENCY_WORDS[low.frequency].zh}。",
                           f"Less often: upper {_FREQUENCY_WORDS[high.frequency].en}, lower {_FREQUENCY_WORDS[low.frequency].en}."))  # fmt: skip
    if low.soft and not high.soft:
        weaker.append(
            Text(
                "下级用了“力争、基本、逐步”等缓和的措辞。",
                "The lower paper uses softening words (strive, basically, gradually).",
            )
        )
    return contradicting, weaker, notes


def _is_share(high: Target, low: Target, upper: Paper, lower: Paper) -> bool:
    """Whether a smaller count is a lower region's part of the whole and not a weaker aim."""
    counted = high.unit not in _RATE_UNITS and high.unit != "" and not high.frequency and high.op in (">=", "==", ">")
    each = high.scope.startswith(("每", "各")) or "分钟" in high.unit or "小时" in high.unit
    return (
        counted
        and not each
        and bool(lower.region)
        and upper.region != lower.region
        and 0 < _low_end(low) < _low_end(high)
    )


def _low_end(target: Target) -> float:
    return target.value[0] if isinstance(target.value, tuple) else target.value


def _range(target: Target) -> tuple[float, float]:
    """The values that meet a target, as a closed range."""
    if isinstance(target.value, tuple):
        return target.value
    value = target.value
    ranges = {">=": (value, math.inf), ">": (math.nextafter(value, math.inf), math.inf), "==": (value, value)}
    return ranges.get(target.op) or (-math.inf, value if target.op == "<=" else math.nextafter(value, -math.inf))


def _values(high: Target, low: Target, contradicting: list[Text], weaker: list[Text]) -> None:
    """Whether meeting the lower target meets the upper one."""
    (first, last), (begin, end) = _range(high), _range(low)
    if first == last and high.op == "==" and first > 0 and low.op == ">=":
        last = math.inf
    told = Text(f"上级{_said(high)}，下级{_said(low)}。", f"Upper {_said(high)}, lower {_said(low)}.")
    if first <= begin and end <= last:
        return
    if end < first or last < begin:
        contradicting.append(Text(f"要求相反：{told.zh}", f"They exclude each other: {told.en}"))
    else:
        weaker.append(Text(f"标准降低：{told.zh}", f"A lower standard: {told.en}"))


def _days(high: Target, low: Target, lower: Paper, weaker: list[Text]) -> None:
    if high.deadline is None:
        return
    day: date | None = low.deadline or lower.period[1]
    if day is None:
        weaker.append(Text(f"下级没有写期限，上级要求{high.deadline.isoformat()}前。",
                           f"The lower paper gives no deadline; the upper one says {high.deadline.isoformat()}."))  # fmt: skip
    elif day > high.deadline:
        weaker.append(Text(f"期限推后：上级{high.deadline.isoformat()}，下级{day.isoformat()}。",
                           f"Later: upper {high.deadline.isoformat()}, lower {day.isoformat()}."))  # fmt: skip


def _is_often_enough(high: Target, low: Target, often: int, rarely: int) -> bool:
    """每年4次 answers 每季度1次."""
    return rarely > 0 and _low_end(low) * rarely >= _low_end(high) * often


def _said(target: Target) -> str:
    words = {">=": "≥", "<=": "≤", "==": "=", ">": ">", "<": "<", "between": ""}
    value = "–".join(f"{v:g}" for v in target.value) if isinstance(target.value, tuple) else f"{target.value:.12g}"
    return f"{words[target.op]}{value}{target.unit}"


def _joined(texts: Iterable[Text]) -> Text:
    every = list(texts)
    return Text("".join(text.zh for text in every), " ".join(text.en for text in every))


def _has_inner(item: Item, items: Sequence[Item]) -> bool:
    """Whether items inside this one follow it; they speak for it."""
    following = items[item.no] if item.no < len(items) else None
    return following is not None and following.path.startswith(item.path + "/")


def _words(item: Item) -> str:
    return (item.heading + item.text)[:600]


def _item_row(item: Item, known: Sequence[tuple[Item, frozenset[str]]]) -> Row:
    """An item's answer: the lower item with the most of its heading's words, or of its first action's."""
    asked = _grams(item.heading) or _grams(item.actions[0].text[:40])
    best, answer = 0.0, None
    for lower, grams in known:
        inside = len(asked & grams) / len(asked) if asked else 0.0
        headed = likeness(item.heading, lower.heading) if item.heading and lower.heading else 0.0
        score = max(inside if inside >= ALL_INSIDE else 0.0, headed)
        if score > best:
            best, answer = score, lower
    name = item.heading or item.actions[0].text[:20]
    if answer is None or best < ALIKE_ITEMS:
        return Row(
            "item",
            item,
            None,
            "missing",
            Text(f"下级文件没有与“{name}”对应的内容。", f"The lower paper has nothing on “{name}”."),
            0.0,
        )
    said = Text(f"对应下级“{answer.heading or answer.path}”。", f"Answered by “{answer.heading or answer.path}”.")
    return Row("item", item, answer, "covered", said, min(1.0, best))


def _row_json(row: Row, upper: Paper, lower: Paper) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "verdict": row.verdict,
        "reason": {"zh": row.reason.zh, "en": row.reason.en},
        "likeness": round(row.likeness, 2),
        "upper": _side_json(row.upper, upper),
        "lower": None if row.lower is None else _side_json(row.lower, lower),
    }


def _side_json(side: Target | Item, paper: Paper) -> dict[str, Any]:
    if isinstance(side, Item):
        return {"item": side.no, "path": side.path, "heading": side.heading, "start": side.start, "end": side.end}
    return {
        "item": side.item,
        "path": next((item.path for item in paper.items if item.no == side.item), ""),
        "metric": side.metric,
        "op": side.op,
        "value": list(side.value) if isinstance(side.value, tuple) else side.value,
        "unit": side.unit,
        "scope": side.scope,
        "deadline": side.deadline.isoformat() if side.deadline else None,
        "frequency": side.frequency,
        "quote": side.quote,
        "start": side.start,
        "end": side.end,
    }
