"""How often: the frequency of a number (每年1次), and frequencies that are aims by themselves (每月研判, 一月一主题)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from wanghuo.engines.workplan.targets.clauses import Clause, Words
from wanghuo.engines.workplan.targets.naming import Name, split_scope, tidy
from wanghuo.engines.workplan.targets.numbers import Finding
from wanghuo.engines.workplan.targets.words import (
    EVERY_RE,
    LIGHT_RE,
    ONE_EACH_RE,
    PAST_RE,
    SOFT_RE,
    VERB_RE,
    frequency_of,
)

_EVENTS = frozenset("次 场 轮 遍 期 家 个 名 人 人次 户 处 批 条 件 篇 小时 课时 学时 堂 家次 分 %".split())  # noqa: SIM905
_STRICT_EVENTS = frozenset({"次", "场", "轮", "遍", "期"})
_NOT_AN_ACT = re.compile(
    r"将|把|均|都|逐年|增长|递增|递减|出动|投入|下降|减少|有|为|在|达|\d{1,2}日|\d{1,2}月|前|底|末"
)


def with_frequency(words: Words, found: list[Finding]) -> list[Finding]:
    """The findings with the frequency that governs each."""
    out = []
    for finding in found:
        place = words.clause_at(finding.at)
        own = _frequency_in(words, words.clauses[place], finding.at)
        if (
            not own
            and place
            and finding.unit in _STRICT_EVENTS
            and _carries_on(words, words.clauses[place], finding.at)
        ):
            own = _frequency_in(words, words.clauses[place - 1], finding.at)
        known = own if finding.unit in _EVENTS or finding.implied else ""
        out.append(replace(finding, frequency=known) if known else finding)
    return out


def _carries_on(words: Words, clause: Clause, at: int) -> bool:
    """Whether the clause adds a number to the one before without an act or a period of its own."""
    head = words.bare[clause.start : at]
    return VERB_RE.search(head) is None and re.search(r"全年|年内|月|季|周|年", head) is None


def _frequency_in(words: Words, clause: Clause, at: int) -> str:
    matches = list(
        EVERY_RE.finditer(
            words.bare, clause.start, min(clause.end, max(at, clause.start) if at < clause.end else clause.end)
        )
    )
    after = re.match(
        r"[次场轮遍期]?/(?P<p>年|季度?|月|周|天)", words.bare[at : at + 12].lstrip("0123456789一二三四五六七八九十")
    )
    if after:
        return frequency_of(after["p"])
    return frequency_of(matches[-1][0]) if matches else ""


def find_recurring(words: Words, taken: list[Finding]) -> list[Finding]:
    """Acts with a frequency and no count: each is once in its period."""
    found = []
    for clause in words.clauses:
        inside = [f for f in taken if f.start < clause.end and clause.start < f.end]
        each = list(_one_each(words, clause))
        if each:
            found += each
        elif not inside:
            every = _every(words, clause)
            if every is not None:
                found.append(every)
    return found


def _one_each(words: Words, clause: Clause) -> Iterator[Finding]:
    matches = list(ONE_EACH_RE.finditer(words.bare, clause.start, clause.end))
    for number, match in enumerate(matches):
        stop = matches[number + 1].start() if number + 1 < len(matches) else clause.end
        metric = tidy(words.text[match.start("what") : stop])[:30]
        begin = match.start() if len(matches) > 1 else clause.start
        often = frequency_of(match["first"])
        yield Finding(Name(metric, metric), ">=", 1.0, "次", begin, stop, match.start(), 0.8, frequency=often)


def _every(words: Words, clause: Clause) -> Finding | None:
    match = EVERY_RE.search(words.bare, clause.start, clause.end)
    if (
        match is None
        or match["by"]
        or not frequency_of(match[0])
        or PAST_RE.search(words.bare, clause.start, match.start())
    ):
        return None
    rest, bare = words.text[match.end() : clause.end], words.bare[match.end() : clause.end]
    at = re.match(r"(?:要|应当|应|须|至少|定期|都|均|集中|固定|各|度|分别|组织|及时|\s)*", bare)
    start = at.end() if at else 0
    verb = VERB_RE.match(bare, start)
    if verb is None or (_NOT_AN_ACT.match(bare) and not bare.startswith("定期")):
        return None
    light = LIGHT_RE.match(bare, start)
    metric = tidy(rest[light.end() if light and light.end() < len(rest) else start :])
    if len(metric) < 2 or len(metric) > 40 or "一批" in bare:
        return None
    scope, _ = split_scope(words.text[clause.start : match.start()], words.bare[clause.start : match.start()])
    subject = scope or tidy(words.text[clause.start : match.start()])
    soft = SOFT_RE.search(words.bare, clause.start, clause.end) is not None
    name = Name(metric[:30], metric[:30], "", subject if len(subject) <= 20 else "")
    return Finding(
        name,
        ">=",
        1.0,
        "次",
        clause.start,
        clause.end,
        match.start(),
        0.55,
        soft=soft,
        implied=True,
        frequency=frequency_of(match[0]),
    )
