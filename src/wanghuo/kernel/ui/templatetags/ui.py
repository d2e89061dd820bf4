"""The tags of every template (built in, no `{% load %}`): texts, components, and addresses that keep the view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Select, Textarea
from django.utils import timezone
from django.utils.safestring import SafeString

from wanghuo.base import Reason, Text
from wanghuo.kernel.ui import assets, components, formats, icons, svg
from wanghuo.kernel.ui.acts import Act
from wanghuo.kernel.ui.context import address
from wanghuo.kernel.ui.filters import Chip
from wanghuo.kernel.ui.language import current, say

register = template.Library()


# texts


@register.simple_tag
def t(zh: str, en: str, **known: Any) -> str:
    """A text in the language of the reader: `{% t "共 {n} 条" "{n} rows" n=count %}`."""
    return say(Text(zh, en).filled(known))


@register.filter
def txt(value: Any) -> str:
    """A `Text` (or anything else) in the language of the reader: `{{ unit.kind|txt }}`."""
    return say(value)


@register.filter
def unit(value: Any) -> str:
    """A unit as the reader writes it: data keeps 分, an English page says points. One that is not known stays as it is."""
    return say(formats.UNITS.get(str(value), value)) if value else ""


@register.filter
def when(at: datetime | None) -> str:
    """An instant in running text: 2026年3月5日 14:05."""
    return formats.moment(at, current())


@register.filter
def when_short(at: datetime | None) -> str:
    """An instant in a table: 03-05 14:05."""
    return formats.short_moment(at, timezone.now())


@register.filter
def lasting(seconds: float | None) -> str:
    """So many seconds in the units people use: 30 秒, 1 分 35 秒, 1 小时 5 分, 3 天."""
    if seconds is None:
        return formats.NOTHING
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return say(Text(f"{rest} 秒", f"{rest} s"))
    if rest and minutes < 10:
        return say(Text(f"{minutes} 分 {rest} 秒", f"{minutes} min {rest} s"))
    return say(formats.span(timedelta(seconds=seconds)))


@register.filter
def ago(at: datetime | None) -> str:
    """How long ago: 5 分前."""
    return formats.NOTHING if at is None else say(formats.age(at, timezone.now()))


@register.filter
def day(on: date | None) -> str:
    """A day: 2026年3月5日."""
    return formats.day(on, current())


@register.filter
def number(value: Any, digits: int = 0) -> str:
    """12,345; a dash for the unknown."""
    return formats.number(value, digits)


@register.filter
def compact(value: Any) -> str:
    """A number for where there is little room: 1.2 万 from ten thousand on, 1.2 M in English; a dash for the unknown."""
    return formats.tile_number(value, current(), 0 if value is None or value == int(value) else 1)


@register.filter
def dash(value: Any) -> Any:
    """The value, or a dash when it is nothing."""
    return formats.NOTHING if value is None or value == "" else say(value)


# small components

register.simple_tag(icons.icon)
register.simple_tag(components.state_badge)
register.simple_tag(components.badge)
register.simple_tag(components.level_mark)
register.simple_tag(components.priority_mark)
register.simple_tag(components.region_name)
register.simple_tag(components.region_label)
register.simple_tag(assets.dist)


@register.simple_tag
def due_clock(
    due_at: datetime | None, met_at: datetime | None = None, paused: bool = False, days: int | None = None
) -> SafeString:
    """A deadline as it stands now."""
    return components.due_clock(due_at, met_at=met_at, paused=paused, days=days)


@register.simple_tag
def ladder_light(level: int | None) -> SafeString:
    """The light of the ladder 提醒 → 督办 → 约谈 → 挂牌: 0 none to 4 red."""
    return components.level_mark(level, "light")


@register.simple_tag
def source_mark(rule: Any) -> SafeString:
    """国 / 地方 / 未证实 / 本平台: of a rule (its `mark` and `source`), or of a bare mark letter."""
    if isinstance(rule, str):
        return components.source_mark(rule)
    return components.source_mark(rule.mark, say(rule.source))


@register.simple_tag
def sparkline(values: Sequence[float | None], label: Any = "", target: float | None = None) -> SafeString:
    """A small line drawn on the server."""
    return svg.sparkline(values, label=say(label), target=target)


@register.simple_tag
def bar(
    value: float | None, label: Any = "", of: float = 100.0, target: float | None = None, level: int | None = None
) -> SafeString:
    """One bar from zero, drawn on the server."""
    return svg.bar(value, label=say(label), of=of, target=target, level=level)


@register.simple_tag
def column_chart(values: Sequence[tuple[str, float | None]], label: Any = "", height: int = 64) -> SafeString:
    """Upright bars, drawn on the server."""
    return svg.columns(values, label=say(label), height=height)


# components with a template of their own


@register.inclusion_tag("ui/_act_bar.html")
def act_bar(acts: Iterable[Act], why: str = "") -> dict[str, Any]:
    """The next acts, drawn from the state table (`acts.acts_for`); `why`: the address of the explanation."""
    every = list(acts)
    return {"possible": [a for a in every if a.allowed], "refused": [a for a in every if not a.allowed], "why": why}


@register.inclusion_tag("ui/_stat_tile.html")
def stat_tile(
    label: Any,
    value: Any,
    *,
    unit: str = "",
    url: str = "",
    note: Any = "",
    level: int | None = None,
    series: Sequence[float | None] | None = None,
    target: float | None = None,
    digits: int = 0,
    missing: int = 0,
    stale: bool = False,
    provisional: bool = False,
    scale: str = "risk",
) -> dict[str, Any]:
    """One figure: label, value with unit, what it is held against. `missing`: how many did not report (told, never
    counted as 0);
    `level`: shown as shape and word of `scale` (risk, light) when it is more than 0; None as value is 未报."""
    return {
        "label": label,
        "shown": formats.tile_number(value, current(), digits) if isinstance(value, int | float) else value,
        "unknown": value is None,
        "unit": say(formats.UNITS.get(str(unit), unit)),
        "url": url,
        "note": note,
        "level": level,
        "series": series,
        "target": target,
        "missing": missing,
        "stale": stale,
        "provisional": provisional,
        "scale": scale,
    }


@register.inclusion_tag("ui/_timeline.html")
def timeline(entries: Iterable[Any], more: str = "") -> dict[str, Any]:
    """History, newest first. Each entry has `at`, `who`, `what` and, where they apply, `by` (person, machine,
    clock, correction),
    `url`, `note`; `more`: the address of older ones."""
    return {"entries": entries, "more": more}


@register.inclusion_tag("ui/_explain.html")
def explain_panel(
    title: Any,
    reasons: Sequence[Reason],
    result: Any = "",
    rule: Any = "",
    missing: Sequence[Any] = (),
    decided: Any = "",
) -> dict[str, Any]:
    """为什么: the reasons of a verdict, strongest first, with the rule, what was missing, and what a person decided."""
    return {"title": title, "reasons": reasons, "result": result, "rule": rule, "missing": missing, "decided": decided}


@register.inclusion_tag("ui/_empty.html")
def empty(text: Any, act_label: Any = "", act_url: str = "", icon: str = "list") -> dict[str, Any]:
    """What stands where nothing is: what the place is for, and one main act."""
    return {"text": text, "act_label": act_label, "act_url": act_url, "icon": icon}


@register.inclusion_tag("ui/_form_summary.html")
def form_summary(form: Any) -> dict[str, Any]:
    """What to change in a form, on top of it."""
    return {"summary": form.summary, "form": form}


@register.inclusion_tag("ui/_field.html")
def field(bound: BoundField, unit: Any = "", source: Any = "") -> dict[str, Any]:
    """One field: label above, help below, unit inside, error beside. `source`: where a prefilled value comes from."""
    form = bound.form
    own_unit = form.unit_of(bound.name) if hasattr(form, "unit_of") else ""
    return {
        "field": bound,
        "control": _control(bound),
        "kind": _control_kind(bound),
        "unit": say(formats.UNITS.get(say(unit) or own_unit, say(unit) or own_unit)),
        "source": source,
        "errors": [str(words) for words in bound.errors],
    }


def _control_kind(bound: BoundField) -> str:
    widget = bound.field.widget
    kinds: Sequence[tuple[type[Any] | tuple[type[Any], ...], str]] = (
        ((RadioSelect, CheckboxSelectMultiple), "group"),
        (CheckboxInput, "check"),
        (Select, "select"),
        (Textarea, "area"),
        (FileInput, "file"),
    )
    return next((kind for types, kind in kinds if isinstance(widget, types)), "line")


def _control(bound: BoundField) -> SafeString:
    """The control itself, with its description and its error named for screen readers."""
    described = [
        name
        for name, there in ((f"{bound.auto_id}_help", bound.help_text), (f"{bound.auto_id}_error", bound.errors))
        if there
    ]
    attributes: dict[str, Any] = {}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    if bound.field.required and _control_kind(bound) != "group":
        attributes["aria-required"] = "true"
    return bound.as_widget(attrs=attributes)


@register.inclusion_tag("ui/_chart.html")
def chart(data: Mapping[str, Any], title: Any = "", note: Any = "", name: str = "chart") -> dict[str, Any]:
    """A chart one can interact with, and the same numbers as a table. `data`: see docs/modules/ui.md, "Charts"."""
    heads = [say(series["name"]) for series in data["series"]]
    lines = [(say(label), [series["data"][i] for series in data["series"]]) for i, label in enumerate(data["labels"])]
    return {"data": _spoken(data), "title": title, "note": note, "name": name, "heads": heads, "lines": lines}


def _spoken(data: Any) -> Any:
    """The data with every `Text` in the language of the reader, ready to be JSON."""
    if isinstance(data, Mapping):
        return {key: _spoken(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_spoken(value) for value in data]
    return say(data) if isinstance(data, Text) else data


@register.inclusion_tag("ui/_region_picker.html", takes_context=True)
def region_picker(context: template.Context) -> dict[str, Any]:
    """Where one looks: the path down from the top of what the person may see, and a search below it."""
    page = context["page"]
    return {"page": page, "steps": [(code, address(page.request, region=code)) for code in page.region_path]}


PRESETS = (
    ("1d", Text("今日", "today")),
    ("7d", Text("近 7 天", "last 7 days")),
    ("30d", Text("近 30 天", "last 30 days")),
    ("90d", Text("近 90 天", "last 90 days")),
)


@register.inclusion_tag("ui/_period_picker.html", takes_context=True)
def period_picker(context: template.Context) -> dict[str, Any]:
    """Which time one looks at: presets, this month, quarter and year, or a range of days."""
    page = context["page"]
    today = timezone.localdate()
    quarter = (today.month - 1) // 3 + 1
    named = (
        *PRESETS,
        (f"{today:%Y-%m}", Text("本月", "this month")),
        (f"{today.year}-Q{quarter}", Text("本季", "this quarter")),
        (f"{today.year}", Text("本年", "this year")),
        (f"{today.year - 1}", Text("去年", "last year")),
    )
    chosen = next((word for value, word in named if value == page.period), None)
    start, _, end = page.period.partition("..")
    return {
        "page": page,
        "options": [(value, word, address(page.request, period=value)) for value, word in named],
        "every": address(page.request, period=""),
        "chosen": chosen or (Text(page.period, page.period) if page.period else Text("全部时间", "all time")),
        "start": start if end else "",
        "end": end,
        "kept": [(k, v) for k, v in page.request.GET.items() if k not in ("period", "after", "before", "export")],
    }


# addresses


@register.simple_tag(takes_context=True)
def here(context: template.Context, **changes: Any) -> str:
    """This page's address with some parameters changed: `{% here region=code %}`; an empty value takes one away."""
    return address(context["request"], **{name: str(value) for name, value in changes.items()})


@register.simple_tag(takes_context=True)
def without_chip(context: template.Context, chip: Chip) -> str:
    """This page's address without one filter."""
    return address(context["request"], **{chip.name: ""})


@register.filter
def get(mapping: Mapping[Any, Any], key: Any) -> Any:
    """One value of a mapping."""
    return mapping.get(key)
