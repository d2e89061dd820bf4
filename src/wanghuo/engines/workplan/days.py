"""Days as official papers write them, and the period a paper covers."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

Period = tuple[date | None, date | None]

_DIGITS = str.maketrans("〇○零Oo一二三四五六七八九", "00000123456789")
_CN_YEAR = r"[一二][〇○零Oo0一二三四五六七八九]{3}"
YEAR = rf"(?:(?:19|20)\d\d|{_CN_YEAR})\s*年(?:度)?"
_MONTH_N = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
MONTH = rf"{_MONTH_N}\s*月(?:份)?"
DAY = r"(?:3[01]|[12]\d|0?[1-9]|三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])\s*[日号]"
PART = r"(?:年?底|年?末|年?初|上旬|中旬|下旬|上半年|下半年|第?[一二三四1-4]\s*季度|中)"
_ISO = re.compile(r"((?:19|20)\d\d)\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})(?!\d)")
_FULL = re.compile(rf"({YEAR})\s*({MONTH})\s*({DAY})")
_POINT = re.compile(rf"(?P<y>{YEAR})?\s*(?P<m>{MONTH})?\s*(?P<d>{DAY})?\s*(?P<part>{PART})?")
_FIVE = {"十一": 2006, "十二": 2011, "十三": 2016, "十四": 2021, "十五": 2026, "十六": 2031}
PLAN = re.compile(r"[“\"「『]?(?P<plan>十[一二三四五六])五[”\"」』]?")
_YEARS = re.compile(r"(?P<a>20\d\d)\s*年?\s*(?:-|—|–|~|至|到)+\s*(?P<b>20\d\d)\s*年?")
_QUOTED = re.compile(r"《[^》]*》")
_POINT_TEXT = rf"{YEAR}\s*(?:{MONTH})?\s*(?:{DAY})?\s*(?:底|末|初)?"
_LATER_TEXT = rf"(?:{YEAR})?\s*(?:{MONTH})?\s*(?:{DAY})?\s*(?:底|末|初)?"
_SPAN = re.compile(
    rf"(?:从|自)?\s*(?P<a>即日|印发之日|发文之日|{_POINT_TEXT})\s*(?:(?:开始|起)?\s*,?\s*(?:至|到|-|—|~)+|(?:开始|起)\s*,)\s*(?P<b>{_POINT_TEXT}|{MONTH}\s*(?:{DAY})?\s*(?:底|末)?)"
    r"\s*(?P<stop>结束|止|为止)?"
)
# what follows a year that a level or a change is measured from, and that is no deadline (控制在2010年水平)
IS_BASE = re.compile(
    r"(?:底|末)?的?(?:[\u4e00-\u9fff]{0,10}为基[数准期]|(?:末期?|实际)?水平|同期|基础上|实绩|[及或][之以]后)"
)


@dataclass(frozen=True, slots=True)
class Point:
    """A written point in time as the days it may mean. `year_given`: whether it named its year; `of`: how finely it speaks."""

    first: date
    last: date
    year_given: bool
    of: str


def month_end(year: int, month: int) -> date:
    """The last day of a month."""
    return date(year, month, monthrange(year, month)[1])


def day_in(words: str) -> date | None:
    """The first full day named in `words` (2023年3月23日, 二〇二三年三月二十三日, 2023-03-23); None when there is none or it cannot be."""
    full = _FULL.search(words)
    iso = _ISO.search(words)
    try:
        if full and (iso is None or full.start() < iso.start()):
            return date(_year(full[1]), _count(full[2]), _count(full[3]))
        return date(int(iso[1]), int(iso[2]), int(iso[3])) if iso else None
    except ValueError:
        return None


def point_in(words: str, year: int | None) -> Point | None:
    """`words` as a point in time; `year` stands in where none is written. None when it is none, or no year is known."""
    match = _POINT.fullmatch(words.strip())
    if match is None or not any(match.groupdict().values()):
        return None
    year = _year(match["y"]) if match["y"] else year
    if year is None:
        return None
    try:
        return _point(match, year, year_given=bool(match["y"]))
    except ValueError:
        return None


def plan_years(words: str) -> tuple[date, date] | None:
    """The five years of a 十四五 and the like."""
    match = PLAN.search(words)
    first = _FIVE.get(match["plan"]) if match else None
    return (date(first, 1, 1), date(first + 4, 12, 31)) if first else None


def period_in(title: str, text: str, issued: date | None) -> Period:
    """The period a paper covers: by its title, else by what its text says of its beginning and end."""
    plain = re.sub(r"\((?:20\d\d年?)?(?:最新|通用|精选|完整)[^)]*\)", "", title)
    years = _YEARS.search(plain)
    if years and years["a"] <= years["b"]:
        return date(int(years["a"]), 1, 1), date(int(years["b"]), 12, 31)
    five = plan_years(plain)
    if five:
        return five
    spoken = spoken_period(text, issued)
    year = re.search(rf"({YEAR})(?!\d|\s*\d)", _QUOTED.sub("", plain) or plain) or re.search(rf"({YEAR})", plain)
    if year and not re.match(rf"\s*{MONTH}", plain[year.end() :]):
        whole = date(_year(year[1]), 1, 1), date(_year(year[1]), 12, 31)
        campaign = re.search(r"(?:行动|整治|活动|检查|会战|攻坚).*(?:方案|通知)", plain) is not None
        return spoken if _over_the_turn(spoken, whole[0]) or (campaign and _inside(spoken, whole)) else whole
    if spoken != (None, None):
        return spoken
    phases = phases_period(text, issued)
    return phases if phases != (None, None) else _only_plan(text)


def _only_plan(text: str) -> Period:
    """The five years that a text without a title of its own plans for: those of the only plan it names."""
    named = {plan_years(match[0]) for match in re.finditer(rf"{PLAN.pattern}(?=规划|期间|时期|期末|末)", text)}
    only = next(iter(named), None)
    return only if only is not None and len(named) == 1 else (None, None)


def _inside(spoken: Period, whole: tuple[date, date]) -> bool:
    """Whether a campaign that is spoken of lies within the year in the title, and so says more exactly when it runs."""
    first, last = spoken
    return first is not None and last is not None and whole[0] <= first < last <= whole[1]


def _over_the_turn(spoken: Period, new_year: date) -> bool:
    """Whether a campaign that is spoken of begins before the year in the title and ends in it, as winter's do."""
    first, last = spoken
    return first is not None and last is not None and first < new_year <= last < new_year.replace(month=9)


def spoken_period(text: str, issued: date | None) -> Period:
    """从即日起至2020年11月底; 从2019年11月27日开始,2020年11月底结束: the beginning a day of its own, else the issue."""
    best: Period = (None, None)
    text = re.sub(r"\s+", "", text)
    for match in _SPAN.finditer(text):
        if not (match["stop"] or re.match(r"\s*(?:从|自|即日|印发|发文)", match.group())):
            continue
        begins = match["a"] in ("即日", "印发之日", "发文之日")
        if text[max(0, match.start() - 1) : match.start()] == "(":
            continue
        start = Point(issued, issued, True, "day") if begins and issued else point_in(match["a"], None)
        end = point_in(match["b"], start.first.year if start else None)
        if end is None or (start and start.first > end.last) or not (match["stop"] or end.of != "year"):
            continue
        found = (start.first if start else None, end.last)
        if not begins and start is not None:
            return found
        best = best if best != (None, None) else found
    return best


def phases_period(text: str, issued: date | None = None) -> Period:
    """From the first to the last day of the phases: 动员部署(即日起至2022年4月底), 第三阶段(2022年11月至12月)."""
    days: list[date] = []
    begins: list[date] = []
    for match in re.finditer(
        r"[\u4e00-\u9fff]{2}\s*[(:,]?\s*\(([^()。;]{4,40})\)|阶段\s*[:,]?\s*([^()。;,]{4,40})[。;,]", text
    ):
        words = match[1] or match[2]
        parts = re.split(r"至|到|-|—|~", words.removesuffix("前").removesuffix("之"))
        start = (
            Point(issued, issued, True, "day") if issued and parts[0].startswith("即日") else point_in(parts[0], None)
        )
        if start is None or len(parts) > 2:
            continue
        last = point_in(parts[-1], start.first.year) or start
        days.append(last.last)
        if not words.endswith("前"):
            begins.append(start.first)
    if len(days) < 2:
        return None, None
    return (min(begins) if begins else None), max(days)


def _point(match: re.Match[str], year: int, *, year_given: bool) -> Point:
    part = (match["part"] or "").removeprefix("年")
    if match["m"] is None and match["d"] is None:
        return _of_year(year, part, year_given=year_given)
    if match["m"] is None:
        raise ValueError(match.group())
    month = _count(match["m"])
    if match["d"]:
        day = date(year, month, _count(match["d"]))
        return Point(day, day, year_given, "day")
    spans = {
        "上旬": (1, 10),
        "初": (1, 10),
        "中旬": (11, 20),
        "中": (11, 20),
        "下旬": (21, 31),
        "底": (21, 31),
        "末": (21, 31),
    }
    first, last = spans.get(part, (1, 31))
    end = month_end(year, month)
    return Point(date(year, month, first), min(end, date(year, month, min(last, end.day))), year_given, "month")


def _of_year(year: int, part: str, *, year_given: bool) -> Point:
    quarter = re.search(r"[一二三四1-4](?=\s*季度)", part)
    if quarter:
        n = "一二三四1234".index(quarter.group()) % 4
        return Point(date(year, 3 * n + 1, 1), month_end(year, 3 * n + 3), year_given, "quarter")
    if part in ("上半年", "中"):
        return Point(date(year, 1, 1), date(year, 6, 30), year_given, "half_year")
    if part == "下半年":
        return Point(date(year, 7, 1), date(year, 12, 31), year_given, "half_year")
    if part in ("底", "末"):
        return Point(date(year, 12, 1), date(year, 12, 31), year_given, "year_end")
    if part == "初":
        return Point(date(year, 1, 1), date(year, 3, 31), year_given, "quarter")
    return Point(date(year, 1, 1), date(year, 12, 31), year_given, "year")


def _year(words: str) -> int:
    return int(re.sub(r"\D", "", words.translate(_DIGITS))[:4])


def _count(words: str) -> int:
    """The number in a month or a day, Arabic or Chinese."""
    plain = re.sub(r"[\s月份日号]", "", words)
    if plain.isdecimal():
        return int(plain)
    tens, _, ones = plain.rpartition("十")
    value = int(ones.translate(_DIGITS)) if ones else 0
    return value + ("十" in plain) * 10 * (int(tens.translate(_DIGITS)) if tens else 1)


# the year of what a text plans: 2023年我市规划投资…, 2024年、2025年每年计划…
_PLANNED = re.compile(
    r"(?<!\d)(20\d\d)年度?(?!以来)[^,，。;；、\n\d的和]{0,10}(?:责任书|责任状|任务书|民生实事)"
    r"|(?<!\d)(20\d\d)年(?:[、和及至]20\d\d年)*[^,，。;；\n\d]{0,6}(?:规划|计划|拟|将|力争|要(?![求点])|须|必须)(?!期)"
)


@lru_cache(maxsize=4)
def planned_year(flat: str) -> int:
    """The first year that a text without a day of its own plans for; 0 where it says none."""
    return min((int(match[1] or match[2]) for match in _PLANNED.finditer(flat)), default=0)
