"""The columns of a list: what each shows, on the page and in an export."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import reduce
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from wanghuo.base import Machine, Text
from wanghuo.base.time import local
from wanghuo.kernel.ui import components, formats
from wanghuo.kernel.ui.language import current, say

KINDS = ("text", "ref", "state", "due", "when", "moment", "day", "number", "level", "region", "yes", "template")
YES, NO = Text("是", "yes"), Text("否", "no")
CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `value`: an attribute of the row (`unit__name` for one of a related row) or a function of the row;
    the name of the column unless given.

    `kind` says how it is shown: `ref` links to the row, `state` needs `machine`, `due` is a deadline (`met` names
    the attribute
    that holds when it was met), `when` an instant (`moment` in full), `level` 0 to 4 or None, `region` a division
    code, `template` a template that
    gets `row` and `value`. `sort` names an indexed model field by which the list can be ordered. `wide` columns are
    left out
    on narrow screens, those with `export=False` from files.
    """

    name: str
    label: Text
    value: str | Callable[[Any], Any] = ""
    kind: str = "text"
    sort: str = ""
    machine: Machine | None = None
    marks: Mapping[str, str] = field(default_factory=dict)
    met: str = ""
    digits: int = 0
    unit: str = ""
    scale: str = "risk"
    template: str = ""
    wide: bool = False
    export: bool = True

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"column {self.name}: no kind {self.kind!r}; there are {KINDS}")

    def of(self, row: Any) -> Any:
        """The value of this column in `row`; None when something on the way is missing."""
        if callable(self.value):
            return self.value(row)
        return read(row, self.value or self.name)

    def plain(self, row: Any) -> Any:
        """The value for a file: words and numbers, times on China's clock."""
        value = self.of(row)
        if value is None:
            return ""
        if self.machine is not None:
            return say(self.machine.name(value))
        if self.kind == "region":
            return components.region_name(value)
        if isinstance(value, bool):
            return say(YES if value else NO)
        if isinstance(value, datetime):
            return local(value).replace(tzinfo=None)
        return value if isinstance(value, int | float | date) else say(value)


def read(row: Any, path: str) -> Any:
    """The attribute `path` of `row`, step by step; a method is called; None as soon as a step is None."""

    def step(thing: Any, name: str) -> Any:
        if thing is None:
            return None
        found = thing[name] if isinstance(thing, dict) else getattr(thing, name)
        return found() if callable(found) else found

    return reduce(step, path.split("__"), row)


def show(column: Column, row: Any, url: str = "") -> SafeString | str:
    """The cell as the page shows it; the unknown is a dash."""
    value = column.of(row)
    if column.kind == "template":
        return SafeString(render_to_string(column.template, {"row": row, "value": value, "lang": current()}))
    if column.kind == "level":
        return components.level_mark(value, column.scale)
    if column.kind == "due":
        return components.due_clock(value, met_at=read(row, column.met) if column.met else None)
    if value is None or value == "":
        return formats.NOTHING
    if column.kind == "ref":
        return format_html('<a class="ref" href="{}">{}</a>', url, value) if url else say(value)
    if column.machine is not None:
        return components.state_badge(column.machine, value, column.marks.get(value, ""))
    return _plain_words(column, value)


def _plain_words(column: Column, value: Any) -> SafeString | str:
    if column.kind == "when":
        exact = formats.moment(value, current())
        return format_html('<time title="{}">{}</time>', exact, formats.short_moment(value, timezone.now()))
    if column.kind == "moment":
        return formats.moment(value, current())
    if column.kind == "day":
        return formats.day(value, current())
    if column.kind == "number":
        return f"{formats.number(value, column.digits)} {column.unit}".rstrip()
    if column.kind == "region":
        return components.region_name(value)
    if column.kind == "yes":
        return say(YES if value else NO)
    return _as_written(say(value))


def _as_written(words: str) -> SafeString | str:
    """Names and what people wrote stay Chinese on an English page, and are marked so: screen readers, fonts and breaks need it."""
    if current() == "en" and CHINESE.search(words):
        return format_html('<span lang="zh-CN">{}</span>', words)
    return words
