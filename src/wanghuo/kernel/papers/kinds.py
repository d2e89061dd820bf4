"""Kinds of papers, as declared data: a module declares its own in `papers.py` and registers them when it starts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from django.template.loader import get_template

from wanghuo.base import Text
from wanghuo.base.time import CHINA, local
from wanghuo.kernel.papers.errors import BadField, UnknownKind

FieldKind = Literal["line", "text", "date", "moment", "number", "choice", "items", "table"]
NOTHING = Text("", "")
MOST_ITEMS, MOST_ROWS, MOST_CELLS = 60, 400, 12


@dataclass(frozen=True, slots=True)
class Field:
    """One blank of a paper. `items`: one entry a line. `table`: rows of cells, the first row being the head; typed with tabs
    or | between the cells. `limit`: characters altogether."""

    name: str
    label: Text
    kind: FieldKind = "text"
    required: bool = True
    help: Text = NOTHING
    limit: int = 4000
    choices: Mapping[str, Text] | None = None


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A kind of paper.

    `template`: the body as a Django template of <p>, <h2>, <h3> and <table>; it gets `f` (the fields, in Chinese form), `issuer` and
    `reply` (until when an answer is asked for). `serial`: the number, with {region} (普宁), {body} (the issuer's character: 普宁消安委办), {year} and {n}. `reply`: whether
    an answer is asked for, within `reply_rule` unless a day is given: from the receipt, or from the moment in the field `reply_from`.
    `issuer`: the generic name of the body that issues it.
    `mark`: the red head, with {issuer}. `layout`: document, letter (函) or minutes (纪要, which bear no seal). `upward`: it goes to
    a higher body, so it shows who approved it (签发人). `public`: its title may be shown to everyone who verifies it.
    """

    code: str
    title: Text
    template: str
    fields: tuple[Field, ...]
    serial: str
    reply: bool = False
    reply_rule: str = "papers.reply"
    issuer: str = "消安委办"
    mark: str = "{issuer}文件"
    layout: Literal["document", "letter", "minutes"] = "document"
    upward: bool = False
    public: bool = False
    title_hint: str = ""
    help: Text = NOTHING
    reply_from: str = ""

    @property
    def stamped(self) -> bool:
        """Whether the paper bears the issuer's seal; minutes do not (GB/T 9704)."""
        return self.layout != "minutes"

    def field(self, name: str) -> Field:
        """The field called `name`. Raises KeyError."""
        return next(field for field in self.fields if field.name == name)


_kinds: dict[str, PaperKind] = {}


def register_paper(kind: PaperKind) -> None:
    """Make a kind known; called from `AppConfig.ready()`. Raises ValueError when its declaration is not whole."""
    if "{n}" not in kind.serial or "{year}" not in kind.serial:
        raise ValueError(f"{kind.code}: a serial holds {{year}} and {{n}}, not {kind.serial!r}")
    names = [field.name for field in kind.fields]
    if len(names) != len(set(names)):
        raise ValueError(f"{kind.code}: a field stands twice")
    _kinds[kind.code] = kind


def paper_kind(code: str) -> PaperKind:
    """The kind with this code. Raises UnknownKind."""
    try:
        return _kinds[code]
    except KeyError:
        raise UnknownKind(kind=code, field="kind") from None


def paper_kinds() -> list[PaperKind]:
    """Every kind, in the order of registration."""
    return list(_kinds.values())


def check_templates() -> None:
    """Load every kind's template, so that a missing one shows in a test and not at the moment of printing."""
    for kind in _kinds.values():
        get_template(kind.template)


# ------------------------------------------------------------------------------------------------- fields


def clean(kind: PaperKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they are kept: text trimmed, dates as ISO, items and tables as lists. Raises BadField (`field` names it)."""
    unknown = sorted(set(given) - {field.name for field in kind.fields})
    if unknown:
        raise BadField(field=unknown[0], label=unknown[0], why=Text("不是这种文书的内容", "is no field of this paper"))
    return {field.name: _clean(field, given.get(field.name)) for field in kind.fields}


def _clean(field: Field, value: Any) -> Any:
    made = _READ[field.kind](field, value)
    if field.required and made in ("", [], None):
        raise _bad(field, Text("未填写", "is missing"))
    size = len(str(made))
    if size > field.limit + 4 * MOST_ROWS * (field.kind == "table"):
        raise _bad(field, Text(f"最多 {field.limit} 个字", f"may have at most {field.limit} characters"))
    return made


def _bad(field: Field, why: Text) -> BadField:
    return BadField(field=field.name, label=field.label, why=why)


def _words(field: Field, value: Any) -> str:
    text = "" if value is None else str(value)
    return "\n".join(line.strip() for line in text.replace("\x00", "").splitlines()).strip()


def _date(field: Field, value: Any) -> str:
    if value in (None, ""):
        return ""
    try:
        return (value if isinstance(value, date) else date.fromisoformat(str(value))).isoformat()[:10]
    except ValueError:
        raise _bad(field, Text("不是日期", "is not a date")) from None


def _moment(field: Field, value: Any) -> str:
    if value in (None, ""):
        return ""
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise _bad(field, Text("不是时间", "is not a time")) from None
    return (at if at.tzinfo else at.replace(tzinfo=CHINA)).isoformat()


def _number(field: Field, value: Any) -> Any:
    if value in (None, ""):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _bad(field, Text("不是数字", "is not a number")) from None
    return int(number) if number.is_integer() else number


def _choice(field: Field, value: Any) -> str:
    chosen = str(value or "")
    if chosen and chosen not in (field.choices or {}):
        raise _bad(field, Text("不是可选项", "is none of the choices"))
    return chosen


def _items(field: Field, value: Any) -> list[str]:
    rows: Sequence[Any] = value.splitlines() if isinstance(value, str) else (value or ())
    found = [line for line in (_words(field, row).replace("\n", " ") for row in rows) if line]
    if len(found) > MOST_ITEMS:
        raise _bad(field, Text(f"最多 {MOST_ITEMS} 条", f"may have at most {MOST_ITEMS} lines"))
    return found


def _table(field: Field, value: Any) -> list[list[str]]:
    if isinstance(value, str):
        value = [line.split("\t" if "\t" in line else "|") for line in value.splitlines() if line.strip()]
    rows = [[_words(field, cell).replace("\n", " ") for cell in row] for row in value or ()]
    if len(rows) > MOST_ROWS or any(len(row) > MOST_CELLS for row in rows):
        why = Text(f"最多 {MOST_ROWS} 行 {MOST_CELLS} 列", f"may have at most {MOST_ROWS} rows of {MOST_CELLS} cells")
        raise _bad(field, why)
    width = max((len(row) for row in rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]


_READ = {
    "line": lambda field, value: _words(field, value).replace("\n", " "),
    "text": _words,
    "date": _date,
    "moment": _moment,
    "number": _number,
    "choice": _choice,
    "items": _items,
    "table": _table,
}


def printed(kind: PaperKind, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as a paper prints them: days and times in Chinese, text as its paragraphs, choices by their word."""
    return {field.name: _printed(field, kept.get(field.name)) for field in kind.fields}


def _printed(field: Field, value: Any) -> Any:
    if value in (None, ""):
        return [] if field.kind in ("text", "items", "table") else ""
    if field.kind == "text":
        return [close_up(line) for line in value.split("\n") if line]
    if field.kind in ("line", "items"):
        return close_up(value) if field.kind == "line" else [close_up(item) for item in value]
    if field.kind == "date":
        return chinese_day(date.fromisoformat(value))
    if field.kind == "moment":
        at = local(datetime.fromisoformat(value))
        return f"{chinese_day(at.date())}{at.hour}时{at.minute:02d}分"
    if field.kind == "choice" and field.choices:
        return field.choices[value].zh
    return value


_CHINESE = "[\u3000-\u303f\u3400-\u9fff\uff00-\uffef“”‘’]"
_AIR = re.compile(rf"(?<={_CHINESE}) +(?=[0-9A-Za-z])|(?<=[0-9A-Za-z%]) +(?={_CHINESE})")


def close_up(text: str) -> str:
    """Text without the spaces that people put between Chinese and digits: papers print none."""
    return _AIR.sub("", text)


def chinese_day(day: date) -> str:
    """2026年3月5日, as papers write a day."""
    return f"{day.year}年{day.month}月{day.day}日"
