"""Telling what was from what is to be: numbers that report (累计推行27个, 2022年发生12起) are no aims."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from wanghuo.engines.workplan.body import Body
from wanghuo.engines.workplan.days import IS_BASE
from wanghuo.engines.workplan.paper import Item
from wanghuo.engines.workplan.targets.clauses import Words
from wanghuo.engines.workplan.targets.words import (
    AIM_RE,
    BASE_YEAR_RE,
    FUTURE_RE,
    PAST_RE,
    STANDING_RE,
    TASK_END_RE,
)

_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)年")
# a year from whose level something changes: 由2015年的5.2万吨下降到4.5万吨
_FROM_YEAR = re.compile(
    r"[由从](?:19|20)\d\d年(?:底|末)?的?[\d.]+[^,，。;；\d]{0,10}[,，]?(?:下降|降|减|压|提|增|上升|扩大|升|发展|调)[一-鿿]{0,4}?[至到为]?"
)
_GAP = re.compile(r"低于全[国省市][^,，。]{0,14}平均|与[^,，。]{1,20}(?:差距|矛盾)")
_PLANS = re.compile(r"到20\d\d年|力争|计划|确保|将(?!来)")
_AIMED = re.compile(r"实现|确保|力争|达到|控制在")
# what only a report says, of all numbers of its sentence
_TOLD_WHOLE = re.compile(
    r"未发生|完成(?:了)?(?:全年|年度)(?:目标)?任务的\d|同比(?=.*\d\.\d+%.*\d\.\d+%)(?!.*(?:以[上内下]|左右))"
)
_AS_OF = re.compile(r"截(?:至|止)(?:到)?\s*(?:((?:19|20)\d\d)年|目前|去年|上年)")
_AIMS_AFTER = re.compile(r"不发生|杜绝|不少于|不低于|不超过|至少|控制在|力争|确保|达到\d")
_AVERTS = re.compile(r"预防|避免|严防|不发生|杜绝|防止|遏制|不出现")


_REPORT_TITLE = re.compile(
    r"(?:总结|纪实|综述|回眸|掠影|成效显著|完成情况|进展情况|落实情况|工作情况)(?:的?(?:报告|汇报|通报|公示|通告))?(?:\(.{0,12}\))?$"
)
_AHEAD = re.compile(r"下一步|下步|打算|明年|来年|今后|计划|安排|目标|任务|措施|要求")
# words that speak of what is to come whatever else a sentence says; 达到 and 以内 also stand in reports
_WILL = re.compile(
    r"力争|确保|到20\d\d年|年内|年底前|\d月底?前|(?<![主重摘纲首])要(?![求点素件])|(?<![供反响对适])应(?![急用对收届])|必须|须|将(?!来)|拟|计划|争取|努力|目标|不少于|不低于|不超过|至少|控制在|规划|下一步|明年|今后|预计"
)


@dataclass(frozen=True, slots=True)
class Tense:
    """What the paper as a whole says of time. `first_year`: years before it are past; 0 when not known. `reports`: it tells
    what was done, so that a number nothing speaks for is no aim."""

    first_year: int = 0
    reports: bool = False


@dataclass(frozen=True, slots=True)
class _Tenses:
    """What a sentence says of time. `last_told`: for each clause whether the nearest one before it that tells at all
    reports (True) or aims (False), None where none does; `years`: the years named, but for those measured from."""

    gap: bool
    last_told: tuple[bool | None, ...]
    years: tuple[tuple[int, int, int], ...]
    as_of: tuple[int, int] | None


_WILL_AFTER = re.compile(r"[^,，。;；\d]{0,12}(?:将(?!近)|拟)(?:[在于]|全部|逐步|新|建|完|达|实)")


def is_history(body: Body, item: Item) -> bool:
    """Whether the item lies in a section on what was or is (现状, 主要成效, 面临形势), not on what is to be done."""
    for around in (item, *body.parents(item)):
        heading = around.heading
        if heading and STANDING_RE.search(heading) and not AIM_RE.search(heading):
            return True
    return False


def is_report(body: Body, item: Item) -> bool:
    """Whether the paper around the item is a report: its title says so, or it speaks of the past throughout; sections on what
    comes next are none."""
    if any(around.heading and _AHEAD.search(around.heading) for around in (item, *body.parents(item))):
        return False
    return _REPORT_TITLE.search(body.head.title) is not None or _speaks_of_past(body.flat)


@lru_cache(maxsize=4)
def _speaks_of_past(flat: str) -> bool:
    """Whether the sentences with numbers tell what was far more often than what is to be."""
    sentences = [found[0] for found in re.finditer(r"[^。!?;\n]{4,}", flat) if re.search(r"\d", found[0])]
    ahead = sum(1 for words in sentences if _WILL.search(words))
    past = sum(1 for words in sentences if PAST_RE.search(words) and not _WILL.search(words))
    return past >= 2 and past > 4 * ahead and 4 * past >= len(sentences)


def tells_past(words: Words, clause: int, at: int, tense: Tense) -> bool:
    """Whether the number at `at` in clause number `clause` reports: 累计推行27个, 2022年发生12起."""
    first_year = tense.first_year
    tenses = _tenses(words.bare, tuple((c.start, c.end) for c in words.clauses))
    if tenses.gap:
        return True
    start = words.clauses[clause].start
    head = words.bare[start:at]
    past = PAST_RE.search(words.bare, start, at + 1)
    if past and not _is_planned(words, tenses, past[0], at, first_year) and not _AIMS_AFTER.search(head):
        return True
    if re.match(r"[^,，。;；\d的]{0,6}(?<!均)已(?=[^有经]{2})", words.bare[_unit_end(words, at) :]):
        return True
    if _WILL_AFTER.match(words.bare, _unit_end(words, at)):  # …已建成15个,其余17个镇将在今年新建
        return False
    if _stands_as_of(words, tenses, at, first_year) or (tense.reports and not _WILL.search(words.bare)):
        return True
    if tenses.last_told[clause] and not FUTURE_RE.search(head) and not _names_plan_year(head, first_year):
        return True
    return _past_year(words, tenses, at, first_year)


def _is_planned(words: Words, tenses: _Tenses, told: str, at: int, first_year: int) -> bool:
    """Whether a word that also plans use is used so here: a plan or one of its years stands before (到2027年,累计培训500人)."""
    if told.startswith(("出动", "处置")):
        return _WILL.search(words.bare) is not None
    if told != "累计":
        return False
    named = any(0 < first_year <= year for year, start, _ in tenses.years if start < at)
    return named or _PLANS.search(words.bare[:at]) is not None


def _unit_end(words: Words, at: int) -> int:
    return next((q.end for q in words.quantities if q.start == at), at)


def _names_plan_year(head: str, first_year: int) -> bool:
    """Whether the clause itself names a year of the plan (累计建成300个,2025年新增50个)."""
    named = _YEAR.search(head)
    return named is not None and 0 < first_year <= int(named[1])


@lru_cache(maxsize=8)
def _tenses(bare: str, clauses: tuple[tuple[int, int], ...]) -> _Tenses:
    told: list[bool | None] = []
    latest: bool | None = None
    for start, end in clauses:
        told.append(latest)
        stretch = bare[start:end]
        if FUTURE_RE.search(stretch):
            latest = False
        elif PAST_RE.search(stretch) and not _AVERTS.search(stretch):
            latest = True
    years = tuple(
        (int(match[1]), match.start(), match.end())
        for match in _YEAR.finditer(bare)
        if not BASE_YEAR_RE.search(bare[max(0, match.start() - 8) : match.end()])
        and not IS_BASE.match(bare, match.end())
        and not _FROM_YEAR.search(bare, max(0, match.start() - 1), match.end() + 40)
        and not TASK_END_RE.search(bare[max(0, match.start() - 6) : match.start()])
    )
    as_of = _AS_OF.search(bare)
    return _Tenses(
        (_GAP.search(bare) is not None and not _AIMED.search(bare))
        or (_TOLD_WHOLE.search(bare) is not None and not FUTURE_RE.search(bare)),
        tuple(told),
        years,
        (int(as_of[1] or 0), as_of.end()) if as_of else None,
    )


def _stands_as_of(words: Words, tenses: _Tenses, at: int, first_year: int) -> bool:
    """截至1999年 counts what there was then, whatever the clauses after it are worded like."""
    if tenses.as_of is None or at < tenses.as_of[1]:
        return False
    year = tenses.as_of[0]
    if not (year and first_year) and _PLANS.search(words.bare[tenses.as_of[1] : at]):
        return False
    later = any(named >= max(first_year, year + 1) for named, start, _ in tenses.years if tenses.as_of[1] <= start < at)
    return (year < first_year or year < 2000 or not first_year) and not later


def _past_year(words: Words, tenses: _Tenses, at: int, first_year: int) -> bool:
    """A year gone by governs the clause, and is not merely what a change is measured from or when a task was left over."""
    if not first_year:
        return False
    last = next((named for named in reversed(tenses.years) if named[1] < at), None)
    return last is not None and last[0] < first_year and not FUTURE_RE.search(words.bare[last[2] : at])
