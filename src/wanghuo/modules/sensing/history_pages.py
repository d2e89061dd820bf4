"""The readings of one device in the past: a chart for each quantity, the same as a table, and as a file."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from wanghuo.base import Text
from wanghuo.base.time import local
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.sensing import history, selectors
from wanghuo.modules.sensing.history import Point

SPANS = {
    "day": (Text("最近一天", "the last day"), timedelta(days=1), timedelta(minutes=15)),
    "week": (Text("最近一周", "the last week"), timedelta(days=7), timedelta(hours=2)),
    "month": (Text("最近一个月", "the last month"), timedelta(days=31), timedelta(hours=12)),
}
"""Each stretch with its name, its length, and the time that one point of the chart stands for."""


@needs("sensing.view")
@require_GET
def readings(request: HttpRequest, ref: str) -> HttpResponse:
    """The readings of a device in ?span=day, week or month; with ?format=csv every value as a file."""
    row = selectors.get_device(ref, actor=request.actor)  # type: ignore[attr-defined]
    span = request.GET.get("span", "day")
    name, length, step = SPANS.get(span, SPANS["day"])
    now = timezone.now()
    points = history.readings(row.pk, now - length, now)
    if request.GET.get("format") == "csv":
        return _file(row.ref, points)
    context = {
        "device": row,
        "title": Text("读数历史", "Readings"),
        "span": span if span in SPANS else "day",
        "name": name,
        "spans": [(code, each[0]) for code, each in SPANS.items()],
        "count": len(points),
        "charts": [(title, unit, _chart(some, unit, step)) for (title, unit), some in _by_quantity(points)],
    }
    return render(request, "sensing/readings.html", context)


def _by_quantity(points: Sequence[Point]) -> list[tuple[tuple[Text, str], list[Point]]]:
    """The points of each reporter and quantity, with what they are called."""
    groups: dict[tuple[str, int], list[Point]] = defaultdict(list)
    for point in points:
        groups[point.key, point.quantity].append(point)
    return [
        ((Text(f"{some[0].name.zh} {key}", f"{some[0].name.en} {key}"), some[0].unit), some)
        for (key, _), some in sorted(groups.items())
    ]


def _chart(points: Sequence[Point], unit: str, step: timedelta) -> dict[str, Any]:
    """The mean of each step of time; the lowest and the highest value beside it."""
    steps: dict[int, list[float]] = defaultdict(list)
    for point in points:
        steps[int(point.at.timestamp() // step.total_seconds())].append(point.value)
    first, last = min(steps), max(steps)
    found = [steps.get(number, []) for number in range(first, last + 1)]
    starts = [_local(number * step.total_seconds()) for number in range(first, last + 1)]
    return {
        "kind": "line",
        "labels": starts,
        "unit": unit,
        "series": [
            {"name": Text("平均", "mean"), "data": [round(sum(v) / len(v), 3) if v else None for v in found]},
            {"name": Text("最低", "lowest"), "data": [min(v) if v else None for v in found], "style": "dotted"},
            {"name": Text("最高", "highest"), "data": [max(v) if v else None for v in found], "style": "dotted"},
        ],
    }


def _local(seconds: float) -> str:
    return local(datetime.fromtimestamp(seconds, UTC)).strftime("%m-%d %H:%M")


def _file(ref: str, points: Sequence[Point]) -> HttpResponse:
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["time", "reporter", "quantity", "name", "value", "unit", "raw"])
    for p in points:
        lines.writerow([p.at.isoformat(), p.key, p.quantity, p.name.zh, p.value, p.unit, p.raw])
    answer = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{ref}.csv"'
    return answer
