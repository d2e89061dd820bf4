"""From the text of a cell to a value: each kind of cell has one function, and every failure says what would be
right."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from wanghuo.base import Text
from wanghuo.base.time import CHINA
from wanghuo.kernel.ledgers.importing import NOTHING_SAID, Column

LONGEST_CELL = 4000
EMPTY = frozenset({"", "-", "—", "--", "/", "\\", "无", "空", "n/a", "null", "none", "nan"})
YES = frozenset({"是", "有", "y", "yes", "true", "1", "√", "✓", "☑"})
NO = frozenset({"否", "无", "没有", "n", "no", "false", "0", "×", "✗", "☐"})
SEPARATORS = re.compile(r"[、,，;；|/\n]+")
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:e[+-]?\d{1,3})?", re.IGNORECASE)
_UNIT = re.compile(r"(?<=[\d.])\s*(?:㎡|m²|m2|平方米|平米|米|m|人|张|间|层|个|座|套|只|辆|元|%)$", re.IGNORECASE)
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_MOMENT = re.compile(
    _DAY.pattern
    + r"(?:[ T]\s*(\d{1,2})[:：时点](\d{1,2})(?:[:：分](\d{1,2})(?:\.\d+)?秒?)?分?\s*(Z|[+-]\d{2}:?\d{2})?)?"
)
_COMPACT_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")


@dataclass(frozen=True, slots=True)
class Bad(Exception):
    """Why a cell cannot be taken, and what to write instead."""

    text: Text
    fix: Text = NOTHING_SAID


RegionFinder = Callable[[str], str | None]


def is_empty(text: str, column: Column) -> bool:
    """Whether a cell says nothing. 无 and 0 are an answer to a yes-no question."""
    plain = text.strip().lower()
    return plain in EMPTY and not (column.kind == "bool" and plain in NO)


def convert(text: str, column: Column, *, find_region: RegionFinder, fmt: str = "", zone: str = "") -> Any:
    """The value of a cell. `fmt` is a strptime format for dates, `zone` the zone of times without one (else China's).

    Raises Bad.
    """
    text = text.strip()
    if len(text) > LONGEST_CELL:
        raise Bad(Text("超过 {most} 个字符", "longer than {most} characters").filled({"most": LONGEST_CELL}))
    if "�" in text:
        raise Bad(
            Text("有无法识别的字符", "contains characters that cannot be read"),
            Text("请以 UTF-8 或 GB18030 编码另存", "save the file as UTF-8 or GB18030"),
        )
    if column.kind == "region":
        return _region(text, find_region)
    if column.kind in ("date", "datetime"):
        return _day(text, fmt) if column.kind == "date" else _moment(text, fmt, zone)
    return _CONVERTERS[column.kind](text, column)


def _text(text: str, column: Column) -> str:
    clean = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))
    if len(clean) > column.longest:
        raise Bad(
            Text("超过 {most} 个字", "longer than {most} characters").filled({"most": column.longest}),
            Text("请缩短", "shorten it"),
        )
    return clean


def _number(text: str, column: Column) -> float:
    plain = _UNIT.sub("", unicodedata.normalize("NFKC", text).strip())
    if not plain or not _NUMBER.fullmatch(plain) or not any(c.isdigit() for c in plain):
        raise Bad(
            Text("“{cell}”不是数字", "“{cell}” is not a number").filled({"cell": _short(text)}),
            Text("只填数字，如 1200", "write digits only, such as 1200"),
        )
    value = float(plain.replace(",", ""))
    if (column.least is not None and value < column.least) or (column.most is not None and value > column.most):
        known = {"least": _bound(column.least), "most": _bound(column.most), "value": plain}
        raise Bad(
            Text("{value} 不在 {least} 至 {most} 之间", "{value} is not between {least} and {most}").filled(known),
            Text("请核对数值与单位", "check the number and its unit"),
        )
    return value


def _integer(text: str, column: Column) -> int:
    value = _number(text, column)
    if not abs(value) < 1e15 or value != int(value):
        raise Bad(Text("{cell} 不是整数", "{cell} is not a whole number").filled({"cell": _short(text)}))
    return int(value)


def _yes_no(text: str, column: Column) -> bool:
    plain = text.lower()
    if plain in YES:
        return True
    if plain in NO:
        return False
    raise Bad(
        Text("“{cell}”既不是“是”也不是“否”", "“{cell}” is neither yes nor no").filled({"cell": _short(text)}),
        Text("填 是 或 否", "write 是 (yes) or 否 (no)"),
    )


def _choice(text: str, column: Column) -> str:
    wanted = text.casefold()
    for code, word in (column.choices or {}).items():
        if wanted in (code.casefold(), word.zh.casefold(), word.en.casefold()):
            return code
    words = list((column.choices or {}).values())
    shown = {"zh": "、".join(w.zh for w in words[:12]), "en": ", ".join(w.en for w in words[:12])}
    more = "…" if len(words) > 12 else ""
    raise Bad(
        Text("没有“{cell}”这一项", "there is no “{cell}”").filled({"cell": _short(text)}),
        Text("可选：" + shown["zh"] + more, "choose one of: " + shown["en"] + more),
    )


def _choices(text: str, column: Column) -> list[str]:
    return [_choice(part.strip(), column) for part in SEPARATORS.split(text) if part.strip()]


def _region(text: str, find_region: RegionFinder) -> str:
    code = find_region(text)
    if code is None:
        raise Bad(
            Text("找不到区划“{cell}”", "there is no region “{cell}”").filled({"cell": _short(text)}),
            Text("填区划代码，或全称如 普宁市流沙东街道", "write its code, or its full name such as 普宁市流沙东街道"),
        )
    return code


def _day(text: str, fmt: str) -> date:
    try:
        if fmt:
            return datetime.strptime(text, fmt).date()  # noqa: DTZ007 - a day has no zone
        found = _DAY.match(text) or _COMPACT_DAY.fullmatch(text)
        if found:
            return date(*(int(part) for part in found.groups()))
    except ValueError:
        pass
    raise Bad(
        Text("“{cell}”不是日期", "“{cell}” is not a date").filled({"cell": _short(text)}),
        Text("写作 2026-03-05", "write it as 2026-03-05"),
    )


def _moment(text: str, fmt: str, zone: str) -> datetime:
    try:
        moment = datetime.strptime(text, fmt) if fmt else _written_moment(text)  # noqa: DTZ007 - the zone follows
        if moment is not None:
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=ZoneInfo(zone) if zone else CHINA)
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Bad(
        Text("“{cell}”不是日期时间", "“{cell}” is not a date and time").filled({"cell": _short(text)}),
        Text("写作 2026-03-05 14:05", "write it as 2026-03-05 14:05"),
    )


def _written_moment(text: str) -> datetime | None:
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    *parts, offset = found.groups()
    moment = datetime(*(int(part or 0) for part in parts))  # type: ignore[misc, arg-type]  # noqa: DTZ001
    if offset == "Z":
        return moment.replace(tzinfo=UTC)
    if offset:
        minutes = int(offset[1:3]) * 60 + int(offset[-2:])
        return moment.replace(tzinfo=timezone(timedelta(minutes=minutes if offset[0] == "+" else -minutes)))
    return moment


def _short(text: str, length: int = 24) -> str:
    return text if len(text) <= length else text[:length] + "…"


def _bound(value: float | None) -> str:
    return "…" if value is None else f"{value:g}"


_CONVERTERS: dict[str, Callable[[str, Column], Any]] = {
    "text": _text,
    "int": _integer,
    "float": _number,
    "bool": _yes_no,
    "choice": _choice,
    "choices": _choices,
}
