"""Filters of a list: each lives in the URL, reads as a piece of a sentence, and narrows the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from wanghuo.base import Text
from wanghuo.base.text import listing

Rows = QuerySet[Any]
Choices = Mapping[str, Text] | Callable[[HttpRequest], Mapping[str, Text]]
CONTAINS = Text("含", "contains")
NOT_AN_OPTION = Text("“{value}”不是选项", "“{value}” is no option")


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter in words. `name` and `value` are what its × takes out of the URL; `locked` ones have none."""

    name: str
    label: Text
    words: Text
    valid: bool = True
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One or several of a list of values: `?state=rectifying&state=submitted`.

    `choices`: value to its word, or a function of the request that gives them. `field`: the ORM field compared (the
    name, unless
    given). `where`: a condition of its own for each value instead.
    """

    name: str
    label: Text
    choices: Choices
    field: str = ""
    where: Callable[[str], Q] | None = None
    kind: str = "choice"

    def options(self, request: HttpRequest) -> Mapping[str, Text]:
        """The values a person may choose, with their words."""
        found = self.choices(request) if callable(self.choices) else self.choices
        return {str(value): word for value, word in found.items()}

    def values(self, request: HttpRequest) -> list[str]:
        """The values in the URL, each once."""
        return list(dict.fromkeys(v for v in request.GET.getlist(self.name) if v))

    def apply(self, rows: Rows, request: HttpRequest) -> Rows:
        """The rows that have one of the chosen values; a value that is no option narrows nothing (its chip says so)."""
        chosen = [value for value in self.values(request) if value in self.options(request)]
        if not chosen:
            return rows
        if self.where is None:
            return rows.filter(**{f"{self.field or self.name}__in": chosen})
        condition = Q()
        for value in chosen:
            condition |= self.where(value)
        return rows.filter(condition)

    def fixed(self, request: HttpRequest) -> dict[str, list[str]]:
        """The model field that this filter holds to some values, with them."""
        chosen = [value for value in self.values(request) if value in self.options(request)]
        return {self.field or self.name: chosen} if chosen and self.where is None else {}

    def chips(self, request: HttpRequest) -> list[Chip]:
        """等级=一般、较大, and one chip for each value that is no option."""
        options, values = self.options(request), self.values(request)
        good = [options[value] for value in values if value in options]
        wrong = [
            Chip(self.name, self.label, NOT_AN_OPTION.filled({"value": v}), False) for v in values if v not in options
        ]
        return ([Chip(self.name, self.label, listing(good))] if good else []) + wrong


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes or nothing: `?overdue=1`. `fixes`: a field that it holds to some values (its condition says so as well)."""

    name: str
    label: Text
    where: Callable[[], Q]
    kind: str = "flag"
    fixes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def options(self, request: HttpRequest) -> Mapping[str, Text]:
        """Yes is the one choice."""
        return {"1": Text("是", "yes")}

    def values(self, request: HttpRequest) -> list[str]:
        """`["1"]` when set."""
        return ["1"] if request.GET.get(self.name) == "1" else []

    def apply(self, rows: Rows, request: HttpRequest) -> Rows:
        """The rows that meet the condition, when it is set."""
        return rows.filter(self.where()) if self.values(request) else rows

    def fixed(self, request: HttpRequest) -> dict[str, list[str]]:
        """The field it holds to some values, when it is set."""
        return {name: list(values) for name, values in self.fixes.items()} if self.values(request) else {}

    def chips(self, request: HttpRequest) -> list[Chip]:
        """The label alone: 已逾期."""
        return [Chip(self.name, self.label, Text("", ""))] if self.values(request) else []


@dataclass(frozen=True, slots=True)
class Words:
    """Free words: `?q=滨江`. `fields` are looked at with `lookup`; `where` replaces that (full text, pinyin)."""

    name: str = "q"
    label: Text = CONTAINS
    fields: Sequence[str] = ()
    lookup: str = "icontains"
    where: Callable[[str], Q] | None = None
    kind: str = "words"

    def options(self, request: HttpRequest) -> Mapping[str, Text]:
        """None: any words."""
        return {}

    def values(self, request: HttpRequest) -> list[str]:
        """The words, trimmed, at most 100 characters."""
        words = request.GET.get(self.name, "").replace("\x00", "").strip()[:100]
        return [words] if words else []

    def apply(self, rows: Rows, request: HttpRequest) -> Rows:
        """The rows in which the words are found."""
        for words in self.values(request):
            condition = Q()
            for name in self.fields:
                condition |= Q(**{f"{name}__{self.lookup}": words})
            rows = rows.filter(self.where(words) if self.where else condition)
        return rows

    def chips(self, request: HttpRequest) -> list[Chip]:
        """含=“滨江”."""
        return [Chip(self.name, self.label, Text(f"“{words}”", f"“{words}”")) for words in self.values(request)]


Filter = Choice | Flag | Words
