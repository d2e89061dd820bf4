"""Times, terms and numbers as people read them, in both languages (ux 5.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from wanghuo.base import Text
from wanghuo.base.time import local, local_day

NOTHING = "—"
WEEKDAYS = Text("一二三四五六日", "Mon Tue Wed Thu Fri Sat Sun")
SOON_DAYS = 3
UNITS = {
    zh: Text(zh, en)
    for zh, en in {
        "分": "points", "起": "cases", "处": "places", "次": "times", "人": "persons", "人次": "attendances", "名": "persons", "个": "items",
        "座": "items", "家": "units", "户": "households", "套": "sets", "台": "items", "辆": "vehicles", "场": "events", "项": "items",
        "条": "entries", "件": "items", "支": "teams", "万元": "10,000 CNY", "亿元": "100 million CNY", "元": "CNY", "万人": "10,000 persons",
        "秒": "s", "分钟": "min", "小时": "h", "天": "days", "日": "days", "工作日": "working days", "倍": "times", "公里": "km", "米": "m",
        "平方米": "m²", "间": "rooms", "所": "sites", "站": "stations", "队": "teams", "期": "issues", "份": "copies", "批": "batches", "家次": "visits", "户次": "visits",
        "张": "pieces", "部": "items", "遍": "times", "轮": "rounds", "起/人": "cases by person", "类": "kinds", "栋": "buildings",
        "本": "items", "学时": "hours", "具": "items", "只": "items",
    }.items()
}  # fmt: skip
"""Units as the data keeps them (papers are Chinese), and as an English page says them."""


def moment(at: datetime | None, language: str) -> str:
    """An instant in running text: 2026年3月5日 14:05 / 5 Mar 2026, 14:05."""
    if at is None:
        return NOTHING
    here = local(at)
    if language == "en":
        return f"{here.day} {here:%b %Y, %H:%M}"
    return f"{here.year}年{here.month}月{here.day}日 {here:%H:%M}"


def short_moment(at: datetime | None, now: datetime) -> str:
    """An instant in a table: 03-05 14:05, with the year where it is another one."""
    if at is None:
        return NOTHING
    here = local(at)
    return f"{here:%m-%d %H:%M}" if here.year == local(now).year else f"{here:%Y-%m-%d %H:%M}"


def day(on: date | None, language: str) -> str:
    """A day in running text: 2026年3月5日 / 5 Mar 2026."""
    if on is None:
        return NOTHING
    return f"{on.day} {on:%b %Y}" if language == "en" else f"{on.year}年{on.month}月{on.day}日"


def weekday(on: date, language: str) -> str:
    """周四 / Thu."""
    return WEEKDAYS.en.split()[on.weekday()] if language == "en" else "周" + WEEKDAYS.zh[on.weekday()]


def span(length: timedelta) -> Text:
    """A length of time in its two largest units: 1 天 8 小时, 3 小时 20 分, 45 分."""
    minutes = max(int(length.total_seconds() // 60), 0)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days >= 10:
        return Text(f"{days} 天", f"{days} d")
    if days:
        return Text(f"{days} 天 {hours} 小时", f"{days} d {hours} h") if hours else Text(f"{days} 天", f"{days} d")
    if hours:
        return Text(f"{hours} 小时 {rest} 分", f"{hours} h {rest} min") if rest else Text(f"{hours} 小时", f"{hours} h")
    return Text(f"{rest} 分", f"{rest} min")


def age(at: datetime, now: datetime) -> Text:
    """How long ago something was: 刚刚, 5 分前, 2 天前."""
    length = now - at
    if length < timedelta(minutes=1):
        return Text("刚刚", "just now")
    words = span(length)
    return Text(f"{words.zh}前", f"{words.en} ago")


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline as it stands now: `tone` is met, late, today, soon, later, paused or none."""

    tone: str
    mark: str
    text: Text
    exact: Text


def clock(
    due_at: datetime | None,
    now: datetime,
    *,
    met_at: datetime | None = None,
    paused: bool = False,
    days: int | None = None,
) -> Clock:
    """Read a deadline. `met_at`: when the duty was done; `days`: working days left, where the clock counts those."""
    if due_at is None:
        return Clock("none", "", Text(NOTHING, NOTHING), Text("没有期限", "no deadline"))
    exact = Text(*(f"{moment(due_at, lang)} {weekday(local_day(due_at), lang)}" for lang in ("zh", "en")))
    if met_at is not None:
        late = met_at > due_at
        over = span(met_at - due_at)
        text = Text(f"迟 {over.zh} 完成", f"done {over.en} late") if late else Text("按期完成", "met in time")
        return Clock("met-late" if late else "met", "done", text, exact)
    if paused:
        return Clock("paused", "paused", Text("计时暂停", "clock paused"), exact)
    if due_at <= now:
        over = span(now - due_at)
        return Clock("late", "late", Text(f"过 {over.zh}", f"{over.en} overdue"), exact)
    return _running(due_at, now, exact, days)


def _running(due_at: datetime, now: datetime, exact: Text, days: int | None) -> Clock:
    if local_day(due_at) == local_day(now):
        tone, mark = "today", "quarter"
    elif due_at - now <= timedelta(days=SOON_DAYS):
        tone, mark = "soon", "half"
    else:
        tone, mark = "later", "new"
    if days is not None and tone != "today":
        plural = "day" if days == 1 else "days"
        return Clock(tone, mark, Text(f"剩 {days} 个工作日", f"{days} working {plural} left"), exact)
    left = span(due_at - now)
    return Clock(tone, mark, Text(f"剩 {left.zh}", f"{left.en} left"), exact)


def number(value: float | Decimal | None, digits: int = 0) -> str:
    """12,345 or 1,234.5; a dash for the unknown. Trailing zeros are kept only where digits are asked for."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def tile_number(value: float | Decimal | None, language: str, digits: int = 0) -> str:
    """A number large enough for a tile: 1.2 万 and 3.4 亿 in Chinese, 12,345 and 1.2 M in English."""
    if value is None:
        return NOTHING
    known = float(value)
    if language == "en":
        return f"{known / 1e6:.1f} M" if abs(known) >= 1e6 else number(value, digits)
    if abs(known) >= 1e8:
        return f"{known / 1e8:.1f} 亿"
    return f"{known / 1e4:.1f} 万" if abs(known) >= 1e4 else number(value, digits)


def percent(part: float, whole: float) -> str:
    """A rate with one decimal; a dash when there is nothing to divide by."""
    return f"{part / whole * 100:.1f} %" if whole else NOTHING
