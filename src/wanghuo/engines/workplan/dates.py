"""Deadlines in a stretch of text: every wording of when something is due, resolved against the paper's own days.

Source of the rules: the table of wordings (年内, 一年内, X月底前, X年前, …) under “Document to task compiler”. What has two readings
comes with a flag and without a day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from wanghuo.engines.workplan.days import DAY, IS_BASE, MONTH, PART, PLAN, YEAR, Point, month_end, plan_years, point_in
from wanghuo.engines.workplan.paper import Deadline, Flag

_N = r"(?:\d{1,4}|[一二两三四五六七八九十半]{1,3})"
_P = rf"(?:{YEAR}\s*(?:{MONTH}\s*(?:{DAY})?)?|{MONTH}\s*(?:{DAY})?)\s*{PART}?"
_P_END = rf"(?:{_P}|{DAY}|底)"
_EVERY = {
    "年": "year", "半年": "half_year", "季": "quarter", "季度": "quarter", "月": "month", "月度": "month", "半月": "half_month",
    "半个月": "half_month", "周": "week", "星期": "week", "日": "day", "天": "day", "年度": "year", "旬": "",
}  # fmt: skip
_FORMS: tuple[tuple[str, str], ...] = (
    ("recurring", r"(?<!每人)(?<!每户)每(?:隔|个)?(?:半个月|半月|半年|季度|月度|年度|年|季|月|周|星期|日|天|旬|(?:\d|[两二三四五六])(?:个)?(?:年|月|周|天|日|季度))(?:度)?(?!份|家|户)"
                  r"|[一1](?:月|季度|季|周|年|日)[一1](?=[\u4e00-\u9fff])|(?<![上下\d])半年(?=[\d一二两]次)|按(?:月|季度|季|周|年|年度|半月|半年)(?=[^份度])|逐(?:月|季|周|日)|"
                  r"(?<!半)(?:半月|月度|季度|年度|半年)(?=(?:至少|不少于)?\s*[\d一二两三四]+\s*次)"),
    ("dotted", r"(?:(?<=[|\n])|^)[ \t]*(?P<dy>20\d\d)\.(?P<dm>1[0-2]|0?[1-9])(?:\.(?P<dd>3[01]|[12]\d|0?[1-9]))?[ \t]*(?=\||$)"),
    ("years", r"(?P<y1>(?:19|20)\d\d)\s*年?\s*(?:-|—|~|至|到)+\s*(?P<y2>20\d\d)\s*年(?=[,内期每]|\)(?:[,:。]|$))"),
    ("months", rf"(?P<of>{YEAR})?(?<![\d.])(?P<m1>1[0-2]|[1-9])\s*(?:-|—|~|至)\s*(?P<m2>1[0-2]|[1-9])\s*月(?:份|底)?(?!\d)"),
    ("range", rf"(?:从|自)?\s*(?P<a>即日|印发之日|发文之日|{_P})\s*(?:开始|起)?\s*(?:,)?(?:至|到|-|—|~)+\s*(?P<b>{_P_END})\s*(?:结束|止|为止|前)?"),
    ("range2", rf"(?:从|自)(?P<c>即日|{_P})\s*(?:开始|起)\s*,\s*(?P<e>{_P})(?:结束|止|前)"),
    ("plan", rf"{PLAN.pattern.replace('P<plan>', ':')}(?:规划)?(?:期间|时期(?=[,内])|期末|末期|末|期|(?<=规划)(?:实施)?(?:完成|结束)(?:后|时|之后))"),
    ("within", rf"(?:(?:印发|发文|发布|下发|通知|实施)(?:之日)?(?:起|后)\s*)?(?:用|利用|力争用|通过)?(?P<n>{_N})\s*(?:个)?\s*(?P<unit>年|月|周|星期|工作日|天|日|小时|季度)\s*"
               r"(?:左右)?(?:的)?(?:时间)?(?:之内|以内|内|(?<=时间))"),
    ("point", rf"(?P<to>到|至|截至|截止到?|于|在)?\s*(?P<p>{_P})\s*(?P<how>之前|以前|底前|末前|前|内|之内|起|开始|以来|止)?"),
    ("year", r"(?P<pre>[\d一二两三四五六七八九十半几近])?(?P<w>年底(?:之)?前|年末(?:之)?前|今年年?底(?:之)?前?|年内|当年内|今年内|今年以内|本年度内?|今年底|年度内|年底|年末|年中|年终|今年|"
             r"(?:今年)?上半年(?:底|末)?(?:之)?[前内]?|(?:今年)?下半年(?:底|末)?(?:之)?[前内]?|第?[一二三四1-4]\s*季度(?:底|末)?(?:之)?[前内]?|月底前|当月底前|次月\d{1,2}日前)"),
    ("vague", r"(?:(?:重[要大])?(?:节假日|节日)|春节|元旦|国庆节?|中秋节?|五一|两节|汛期|入冬|入夏|冬季来临|旺季|开学|大会召开)(?:之)?前(?!后)|节前|会前|"
              r"(?<=[:：])\s*(?:长期坚持|长期|持续推进|持续开展|常态化推进|常态化开展|常态化|持续实施|持续坚持)(?=[)。;,\s]|$)|长期坚持(?=[)。;,]|$)|限期(?:内)?(?=整改|完成)"),
)  # fmt: skip
_DEADLINE = re.compile("|".join(f"(?P<{name}>{form})" for name, form in _FORMS))
_NAMED = r"指标|工作|规划|计划|要点|方案|目标|任务|考核|标准|版|预案|情况"
_TITLES = re.compile(r"《[^》]*》|〔[^〕]*〕|(?<=[》划案要纲法点见])\((?:19|20)\d\d年?(?:-|—|~|至)+(?:19|20)\d\d年?\)")
_NEXT_OF_LIST = re.compile(r"(?<=[|\s])\d{1,2}[、.](?!\d)")
_COUNTS = {
    "半": 0.5,
    "一": 1,
    "两": 2,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
}


@dataclass(frozen=True, slots=True)
class Calendar:
    """The paper's own days. `begins`: the first day of what the paper starts (从即日起 …), where its text says so."""

    issued_on: date | None = None
    first: date | None = None
    last: date | None = None
    begins: date | None = None

    @property
    def year(self) -> int | None:
        """The year that 年内 means: the one the paper is for, else the one it was issued in."""
        if self.first and self.last and self.first.year == self.last.year:
            return self.first.year
        if self.issued_on:
            return self.issued_on.year
        return self.last.year if self.last and not self.first else None

    @property
    def start(self) -> date | None:
        """The day from which 一年内 counts."""
        return self.begins or self.issued_on

    def year_of(self, month: int) -> int | None:
        """The first year in which a month lies within the period, where that spans the turn of a year."""
        if (
            self.first is None
            or self.last is None
            or self.first.year == self.last.year
            or self.last.year - self.first.year > 1
        ):
            return None
        inside = (
            y for y in (self.first.year, self.last.year) if self.first.replace(day=1) <= date(y, month, 1) <= self.last
        )
        return next(inside, None)

    def is_past(self, last: date) -> bool:
        """Whether a day lies before the paper, and so cannot be due."""
        opens = self.first if self.issued_on or self.first is None else date(self.first.year, 1, 1)
        days = [day for day in (self.issued_on, opens) if day]  # without a day of issue an earlier phase may be due
        return bool(days) and last < min(days)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in one stretch."""

    deadlines: tuple[Deadline, ...]
    flags: tuple[Flag, ...]


def find_deadlines(flat: str, start: int, end: int, calendar: Calendar, *, year: int | None = None) -> Found:
    """All deadlines between `start` and `end`, in order. `year`: the one that a month without a year falls in, as far as what
    stands around the stretch tells; days written within it come first."""
    words = flat[start:end]
    titles = [(m.start(), m.end()) for m in _TITLES.finditer(words)]
    deadlines: list[Deadline] = []
    flags: list[Flag] = []
    last_month, given, behind = None, year, 0
    for match in _DEADLINE.finditer(words):
        if any(a <= match.start() < b for a, b in titles):
            continue
        if _NEXT_OF_LIST.search(words, behind, match.start()):  # 1、…2022年12月底 2、…10月1日前: each by itself
            year, last_month = given, None
        behind = match.end()
        for found in _Reader(words, match, calendar, year, last_month).read():
            if isinstance(found, Flag):
                flags.append(Flag(0, found.kind, found.readings, found.quote, start + found.start, start + found.end))
                continue
            deadlines.append(
                Deadline(
                    found.text,
                    found.kind,
                    found.first,
                    found.last,
                    found.frequency,
                    start + found.start,
                    start + found.end,
                )
            )
            if match["point"] or match["range"] or match["months"]:
                known = found.last or found.first
                year, last_month = (known.year, known.month) if known else (year, last_month)
    return Found(tuple(deadlines), tuple(flags))


def in_months(day: date, months: int) -> date:
    """The day that corresponds `months` later; the last of the month where there is none."""
    year, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + year, month + 1, 1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), after - timedelta(days=1))


class _Reader:
    """Reads one match. Its places are those within the stretch."""

    def __init__(
        self, words: str, match: re.Match[str], calendar: Calendar, year: int | None, month: int | None
    ) -> None:
        self.words, self.match, self.calendar, self.year, self.month = words, match, calendar, year, month

    def read(self) -> Iterator[Deadline | Flag]:
        kind = next(name for name, _ in _FORMS if self.match[name] is not None)
        yield from getattr(self, f"_{kind}")()

    def _make(self, kind: str, first: date | None, last: date | None, frequency: str = "") -> Deadline:
        text = self.match.group()
        start = self.match.start() + len(text) - len(text.lstrip())
        text = re.sub(r"\s+", "", text)
        return Deadline(text, kind, first, last, frequency, start, self.match.end())  # type: ignore[arg-type]

    def _recurring(self) -> Iterator[Deadline]:
        text = re.sub(r"[每隔个逐按度\s]|(?<=.)[一1]$", "", self.match.group()) or self.match.group()
        text = re.sub(r"^[一1](?=[月季周年日])", "", text)
        frequency = _EVERY.get(text) or _EVERY.get(re.sub(r"[每\s]", "", self.match.group()), "")
        yield self._make("recurring", None, None, frequency)

    def _range(self) -> Iterator[Deadline | Flag]:
        yield from self._span(self.match["a"], self.match["b"])

    def _months(self) -> Iterator[Deadline | Flag]:
        year = self.match["of"] or ""
        yield from self._span(f"{year}{self.match['m1']}月", f"{self.match['m2']}月")

    def _dotted(self) -> Iterator[Deadline]:
        year, month = int(self.match["dy"]), int(self.match["dm"])
        last = month_end(year, month)
        yield self._make("by", None, last.replace(day=min(last.day, int(self.match["dd"] or last.day))))

    def _years(self) -> Iterator[Deadline]:
        last = date(int(self.match["y2"]), 12, 31)
        if self.match["y1"] < self.match["y2"] and not self.calendar.is_past(last):
            yield self._make("phase", date(int(self.match["y1"]), 1, 1), last)

    def _range2(self) -> Iterator[Deadline | Flag]:
        yield from self._span(self.match["c"], self.match["e"])

    def _span(self, first_words: str, last_words: str) -> Iterator[Deadline | Flag]:
        today = self.calendar.issued_on
        if first_words in ("即日", "印发之日", "发文之日"):
            first = Point(today, today, True, "day") if today else None
        else:
            first = point_in(first_words, self._year_of(first_words))
        year = first.first.year if first else self.year or self.calendar.year
        if re.fullmatch(DAY, last_words) and first:
            last_words = f"{first.first.month}月{last_words}"
        elif last_words == "底" and first:
            last_words = f"{first.first.month}月底"
        last = point_in(last_words, year)
        if first is None and last is None:
            if re.search("月", first_words + last_words):
                yield self._make("phase", None, None)
                yield self._unknown("当年" + self.match.group().strip(), "次年" + self.match.group().strip())
            return
        if first and last and last.last < first.first and not last.year_given:
            last = point_in(last_words, first.first.year + 1)
        if last and self.calendar.is_past(last.last):
            return
        if last and last.year_given is False and first is None:
            yield self._make("by", None, last.last)
            return
        yield self._make("phase", first.first if first else None, last.last if last else None)

    def _plan(self) -> Iterator[Deadline]:
        years = plan_years(self.match.group())
        looks_back = re.search(r"(?:总结|回顾)[^,。;]{0,4}$", self.words[: self.match.start()])
        based = IS_BASE.match(re.sub("[”“]", " ", self.words[self.match.end() : self.match.end() + 12]).strip())
        if years is None or looks_back or based or self.calendar.is_past(years[1]):
            return
        if self.match.group().endswith(("末", "后", "时")):
            yield self._make("by", None, years[1])
        else:
            yield self._make("phase", *years)

    def _within(self) -> Iterator[Deadline | Flag]:
        unit, count = self.match["unit"], _count_of(self.match["n"])
        if self.words[: self.match.start()].endswith(("为期", "历时", "持续", "满", "超过")):
            return
        months = {"年": 12, "月": 1, "季度": 3}.get(unit, 0) * count
        if unit == "月" and "个" not in self.match.group():
            return
        start = (
            self.calendar.issued_on
            if re.match(r"印发|发文|发布|下发|通知", self.match.group())
            else self.calendar.start
        )
        dated = unit in ("年", "月", "季度") or re.match(r"印发|发文|发布|下发", self.match.group())
        last = None
        if start and dated:
            last = (
                in_months(start, int(months))
                if months
                else start + timedelta(days=int(count * (7 if unit in ("周", "星期") else 1)))
            )
        yield self._make("within", start if last else None, last)
        if last is None and unit in ("年", "季度"):
            yield self._unknown(f"自文件印发之日起{self.match['n']}{unit}", f"自工作启动之日起{self.match['n']}{unit}")

    def _point(self) -> Iterator[Deadline | Flag]:
        words, how = self.match["p"].strip(), self.match["how"] or ""
        has_year = re.match(YEAR, words) is not None
        after = self.words[self.match.end() : self.match.end() + 2]
        in_force = how in ("起", "开始") and after in ("施行", "实施", "执行", "生效", "实行")
        lasts = self.words[: self.match.start()].endswith(("有效期", "有效期限", "有效期为"))
        if (
            how == "以来"
            or in_force
            or lasts
            or IS_BASE.match(self.words, self.match.end())
            or re.match(
                r"[^,。;:]{0,6}(?:通过|完成|实现|取得|印发|出台|建成|启动|召开|发布|下发|获得)了",
                self.words[self.match.end() :],
            )
            or not self._is_time(words, how, has_year=has_year)
        ):
            return
        point = point_in(words, self._year_of(words))
        if has_year and (self.match["to"] or "").startswith("截") and not how and not self.calendar.issued_on:
            return
        if point is None:
            if not has_year and re.search(r"[月]", words):
                yield self._make("by", None, None)
                yield self._unknown("当年" + words, "次年" + words)
            return
        if self.calendar.is_past(point.last) and has_year:
            return
        if point.of == "year" and how in ("前", "之前", "以前"):
            yield self._make("by", None, None)
            year = point.first.year
            yield self._flag("before_year", f"{year}年1月1日以前(不含{year}年)", f"{year}年12月31日以前(含{year}年)")
        elif how in ("起", "开始"):
            yield self._make("phase", point.first, None)
        elif how in ("前", "之前", "以前") and point.of != "day" and not re.search(r"[底末旬初中]|半年|季度", words):
            yield self._make("by", None, point.last)
        elif point.of in ("year", "half_year", "quarter") and not how and not self.match["to"]:
            yield self._make("phase", point.first, point.last)
        else:
            yield self._make("by", None, point.last)

    def _is_time(self, words: str, how: str, *, has_year: bool) -> bool:
        """Whether a bare point says when something is due, and is not part of a name or a look back."""
        begin = self.match.start("to") if self.match["to"] else self.match.start("p")
        before = self.words[max(0, begin - 2) : begin]
        after = self.words[self.match.end() : self.match.end() + 1]
        listed = has_year and re.search(
            r"[|\s]\d{1,2}\.$", self.words[max(0, begin - 4) : begin]
        )  # | 1.2021年8月 2.… |
        if (not listed and before[-1:] in ("每", "“", '"', "第", "·", ".", "/")) or (
            before[-1:].isdigit() and not has_year
        ):
            return False
        if how or self.match["to"] in ("到", "至", "截至", "截止", "截止到"):
            return True
        if re.match(
            r"[^,。;)]{0,4}[“\"]?[^,。;)]{1,8}[”\"]?[^,。;)]{0,4}(?:闭幕|开幕|召开|来临)之?前",
            self.words[self.match.end() :],
        ):
            return False
        if after == "讯":  # the day of a newspaper's report
            return False
        opens = bool(listed) or not before or before[-1] in "。,;:!?( \n|—)" or bool(self.match["to"])
        if re.fullmatch(rf"{YEAR}", words):
            return (
                (opens or re.match(r"应(?![急用])|要(?!求)|须", self.words[self.match.end() :]) is not None)
                and after != "是"
                and re.search(_NAMED, self.words[self.match.end() : self.match.end() + 14]) is None
            )
        if re.search(r"[底末旬]$|[日号]$|半年$|季度$", words):
            return True
        return opens or after in (",", ")")

    def _year(self) -> Iterator[Deadline | Flag]:
        words = self.match["w"]
        if self.match["pre"] and words[0] in "年":
            return
        year = (
            self.year if words.startswith(("上半", "下半", "第", "一", "二", "三", "四", "1", "2", "3", "4")) else None
        )
        year = self.calendar.year or year or self.year
        after = self.words[self.match.end() : self.match.end() + 1]
        held = words in ("年底", "年末") and not re.match(r"(?:考核|总结|述职|奖)", self.words[self.match.end() :])
        if words in ("今年", "年中", "年终", "年底", "年末", "本年度") and after not in (",", "前", "") and not held:
            return
        if "月" in words:
            yield self._make(
                "recurring" if words.startswith("次月") else "by",
                None,
                None,
                "month" if words.startswith("次月") else "",
            )
            return
        point = _part_of_year(words, year) if year else None
        if point is None:
            yield self._make("by", None, None)
            yield self._unknown("文件印发当年", "文件所指年度")
            return
        if self.calendar.is_past(point.last):
            return
        bare_half = point.of in ("half_year", "quarter") and words[-1] not in "前内底末"
        yield self._make("phase" if bare_half else "by", point.first if bare_half else None, point.last)

    def _vague(self) -> Iterator[Deadline]:
        words = self.match.group().strip()
        yield self._make("recurring" if re.match(r"长期|持续|常态", words) else "vague", None, None)

    def _year_of(self, words: str) -> int | None:
        """The year that a month without one falls in: that of the days before it, else the one that lies in the period."""
        month = re.match(r"\s*(\d{1,2})\s*月", words)
        if self.year is not None:
            rolls = self.month is not None and month is not None and int(month[1]) + 6 < self.month
            last = self.calendar.last
            return self.year + 1 if rolls and (last is None or last.year > self.year) else self.year
        return (self.calendar.year_of(int(month[1])) if month else None) or self.calendar.year

    def _unknown(self, *readings: str) -> Flag:
        return self._flag("date_unknown", *readings)

    def _flag(self, kind: str, *readings: str) -> Flag:
        return Flag(0, kind, readings, self.match.group().strip(), self.match.start(), self.match.end())


def _part_of_year(words: str, year: int) -> Point | None:
    plain = re.sub(r"今年|之前|之|[前内]$", "", words)
    part = re.search(PART, plain)
    half = part.group() if part and ("半年" in part.group() or "季度" in part.group()) else ""
    return point_in(f"{year}年{half}", None)


def _count_of(words: str) -> float:
    if words.isdecimal():
        return int(words)
    total = 0.0
    for char in words:
        value = _COUNTS.get(char, 0)
        total = total * value if char == "十" and total else total + value
    return total
