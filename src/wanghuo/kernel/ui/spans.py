"""A filter by days, for the lists that indicators lead to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from wanghuo.base import Text
from wanghuo.base.time import start_of_day
from wanghuo.kernel.ui.filters import Chip

WRONG_SPAN = Text("“{value}”不是起止日期", "“{value}” is no pair of days")


@dataclass(frozen=True, slots=True)
class Span:
    """Days from and up to (the last one left out): `?due=2026-03-01..2026-04-01`, on China's clock.

    `field`: the time compared; `where` replaces that, given the first instant and the first one after.
    """

    name: str
    label: Text
    field: str = ""
    where: Callable[[datetime, datetime], Q] | None = None
    kind: str = "span"

    def options(self, request: HttpRequest) -> dict[str, Text]:
        """None: any days."""
        return {}

    def values(self, request: HttpRequest) -> list[str]:
        """The span in the URL."""
        return [value for value in request.GET.getlist(self.name)[:1] if value]

    def apply(self, rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        """The rows whose time lies in the span; one that cannot be read narrows nothing (its chip says so)."""
        for value in self.values(request):
            if (days := _days(value)) is not None:
                start, end = (start_of_day(day) for day in days)
                inside = Q(**{f"{self.field}__gte": start, f"{self.field}__lt": end}) if self.field else Q()
                rows = rows.filter(self.where(start, end) if self.where else inside)
        return rows

    def chips(self, request: HttpRequest) -> list[Chip]:
        """期限=2026-03-01..2026-04-01."""
        return [self._chip(value) for value in self.values(request)]

    def _chip(self, value: str) -> Chip:
        if _days(value) is None:
            return Chip(self.name, self.label, WRONG_SPAN.filled({"value": value}), valid=False)
        return Chip(self.name, self.label, Text(value, value))


def _days(value: str) -> tuple[date, date] | None:
    first, dots, last = value.partition("..")
    try:
        return (date.fromisoformat(first), date.fromisoformat(last)) if dots else None
    except ValueError:
        return None
