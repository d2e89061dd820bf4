"""Which indicator a target of a paper means: candidates by the words of its metric, ranked, and none when unsure.

A wrong binding is worse than none: units must agree, each part of a word must be there, and what lies below the
threshold is not offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from wanghuo.kernel.indicators.registry import Indicator, indicators, offered

THRESHOLD = 0.65  # the least score that is offered
MARGIN = 0.03  # by which the best must lead before it is bound without a person
PART_FLOOR = 0.7  # the least share of a part's pairs of characters that must be there
TOLD_BEHIND = 0.06  # how much less likely a measure is for each step away from the records
IN_SCOPE, IN_QUOTE = 0.95, 0.8  # what words count that stand beside the metric
UNSAID = 0.8  # how much counts a word that does not say of which kind, where the metric does
SHORTEST = 3  # characters that must agree

_NOISE = re.compile(r"[\s，。、；：,.;:（）()《》“”\"'‘’\[\]·—\-]+")
_FILLER = re.compile(
    r"全省|全市|全县|全区|全镇|全国|各地区?|我[省市县区]|本[省市县区]|[一二三四五\d]年内|年内|年底前|累计|总数|总量|数量|比例|比率|"
    r"不少于|不低于|至少|达到|实现|以上|确保|力争|基本"
)
_AGAINST = re.compile(r"同比|[较比](?:上年|去年|上一年|前一年|往年)(?:同期|度)?|与去年同期相比|环比")
_LESS = re.compile(r"下降|减少|降低|压降|下跌")
_MORE = re.compile(r"增长|上升|增加|提高|提升|增幅")
_NARROWER = ("重大", "重特大", "较大", "亡人", "区域", "存量")  # of what they stand before, a kind apart is meant
_GENERIC = frozenset({"消防", "火灾", "安全", "单位", "防安", "社会", "工作", "建设", "全市", "情况", "管理"})

Kind = Literal["", "share", "money", "time", "points", "count"]
_UNITS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("share", re.compile(r"[%％‰]|百分点?|成$")),
    ("money", re.compile(r"元$")),
    ("time", re.compile(r"^(?:s|min|h|秒|分钟|小时|天|日|工作日)$")),
    ("points", re.compile(r"^分$")),
    ("count", re.compile(r".")),
)


def unit_kind(unit: str) -> Kind:
    """What a unit measures: share, money, time, points, count (个, 处, 人 …); "" for none."""
    text = unit.strip()
    return next((kind for kind, pattern in _UNITS if pattern.search(text)), "") if text else ""


def growth(metric: str, quote: str = "") -> Literal["", "yoy_up", "yoy_down"]:
    """Whether the words compare with a year before (同比下降, 较上年增长), and which way; "" when they do not."""
    for text in (metric, quote):
        against = _AGAINST.search(text)
        if against is None:
            continue
        rest = text[against.start() :]
        less, more = _LESS.search(rest), _MORE.search(rest)
        if less and (more is None or less.start() < more.start()):
            return "yoy_down"
        if more:
            return "yoy_up"
    return ""


@dataclass(frozen=True, slots=True)
class _Wording:
    """The words of a target, plain, and what its number is."""

    metric: str
    scope: str
    quote: str
    unit: Kind
    grows: bool


def matches(metric: str, unit: str = "", scope: str = "", *, quote: str = "") -> list[tuple[Indicator, float]]:
    """The indicators that may measure `metric` over `scope` in `unit`, the likeliest first, each with a score from
    about THRESHOLD to 1; empty when none is likely enough.

    `quote`: the sentence around it, which counts less than the metric's own words.
    """
    grows = bool(growth(metric, quote)) and unit_kind(unit) in ("share", "")
    kind = unit_kind(unit)
    as_said = _Wording(_plain(metric, False), _plain(scope, False), _plain(quote, False), kind, False)
    asked = as_said
    if grows:  # how much more or less than a year before is asked of a plain count; the words for that are no name
        asked = _Wording(_plain(metric, True), _plain(scope, True), _plain(quote, True), kind, True)

    def wording(of: Indicator) -> _Wording:
        return as_said if "增" in of.name.zh else asked

    scored = (
        (each, _score(wording(each), each)) for each in (*indicators(), *offered()) if _units_agree(wording(each), each)
    )
    found = [(each, round(score - _behind(each), 3)) for each, score in scored if score >= THRESHOLD]
    return sorted(found, key=lambda pair: (-pair[1], pair[0].told, pair[0].code))


def _behind(of: Indicator) -> float:
    """What is computed comes before what is kept by hand in a register, and that before what is only reported."""
    if not of.told:
        return 0.0
    return 2 * TOLD_BEHIND if of.owner == "reported" else TOLD_BEHIND


def best(found: list[tuple[Indicator, float]]) -> Indicator | None:
    """The one that may be bound without asking a person: the first, if it leads the second clearly."""
    if not found or (len(found) > 1 and found[0][1] - found[1][1] < MARGIN):
        return None
    return found[0][0]


def _plain(text: str, grows: bool) -> str:
    kept = _NOISE.sub("", text)
    if grows:
        kept = _MORE.sub("", _LESS.sub("", _AGAINST.sub("", kept)))
    return _FILLER.sub("", kept)


def _units_agree(asked: _Wording, of: Indicator) -> bool:
    if asked.grows:
        return of.unit != "%"
    kind, own = asked.unit, unit_kind(of.unit)
    if not kind:
        return True
    if kind == "points" and own == "share":
        return False
    if own == "":
        return kind == "count"
    return kind == own


def _score(asked: _Wording, of: Indicator) -> float:
    return max(_word_score(asked, word) for word in (of.name.zh, *of.words))


def _word_score(asked: _Wording, word: str) -> float:
    """How well a word is there (every part of it), times how much of the metric it explains."""
    absent = [part[1:] for part in word.split() if part.startswith("-")]
    if any(part in asked.metric or part in asked.scope for part in absent):
        return 0.0
    parts = [_NOISE.sub("", part) for part in word.split() if not part.startswith("-")]
    covered: set[int] = set()
    agreed = total = 0.0
    for part in parts:
        own, places = _found(part, asked.metric)
        best_found = max(own, IN_SCOPE * _found(part, asked.scope)[0], IN_QUOTE * _found(part, asked.quote)[0])
        if best_found < PART_FLOOR:
            return 0.0
        covered |= places if own >= PART_FLOOR else set()
        agreed, total = agreed + best_found * len(part), total + len(part)
    if not covered or agreed < SHORTEST:
        return 0.0
    explained = len(covered) / len(asked.metric)
    if len(asked.metric) - 1 in covered:  # what a Chinese noun phrase is about stands at its end
        explained = max(explained, 0.75)
    narrower = any(mark in asked.metric and mark not in word.replace(f"-{mark}", "") for mark in _NARROWER)
    length = (UNSAID if narrower else 1.0) * min(1.0, 0.85 + total / 40)  # of two that fit, the one that says more
    return agreed / total * (0.6 + 0.4 * explained) * length


def _found(part: str, text: str) -> tuple[float, set[int]]:
    """The share of a part that stands in a text, and where; 1 when it stands there as it is."""
    at = text.rfind(part) if part else -1
    if at >= 0:
        return 1.0, set(range(at, at + len(part)))
    pairs = [part[i : i + 2] for i in range(len(part) - 1)]
    if len(pairs) < 2:
        return 0.0, set()
    have = {pair: text.rfind(pair) for pair in pairs}
    weight = _weight(pairs)
    there = _weight(pair for pair in pairs if have[pair] >= 0)
    places = {at + step for at in have.values() if at >= 0 for step in (0, 1)}
    return (there / weight * 0.95 if weight else 0.0), places


def _weight(pairs: Iterable[str]) -> float:
    return sum(0.3 if pair in _GENERIC else 1.0 for pair in pairs)
