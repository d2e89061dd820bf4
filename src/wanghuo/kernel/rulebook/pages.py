"""Pages of the rulebook: find a rule, and see which version holds where and when, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from wanghuo.base import NotFound, Text
from wanghuo.engines.calendar import UNITS
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.access.roles import right_name, rights
from wanghuo.kernel.regions import codes, service
from wanghuo.kernel.rulebook.book import WHAT, Candidate, book, explain
from wanghuo.kernel.rulebook.packs import MARKS, MEANINGS, Rule
from wanghuo.kernel.rulebook.usage import uses_of
from wanghuo.kernel.ui import render

UNIT_WORDS: dict[str, Text] = {
    "seconds": Text("{n:g} 秒", "{n:g} s"),
    "minutes": Text("{n:g} 分钟", "{n:g} minutes"),
    "hours": Text("{n:g} 小时", "{n:g} hours"),
    "working_days": Text("{n:g} 个工作日", "{n:g} working days"),
    "days": Text("{n:g} 日", "{n:g} days"),
    "months": Text("{n:g} 个月", "{n:g} months"),
}
STEP_HEADS: dict[str, Text] = {
    "rung": Text("代码", "code"),
    "light": Text("代码", "code"),
    "name": Text("名称", "name"),
    "after": Text("在上一级之后", "after the one before"),
    "answer": Text("答复期限", "to be answered within"),
    "right": Text("由谁（权限）", "by whom (right)"),
    "level": Text("层级", "level"),
    "behind_over": Text("落后超过（%）", "behind by more than (%)"),
    "act": Text("措施", "action"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """One rule of the list: the version in force, or else the latest one."""

    rule: Rule
    in_force: bool
    versions: int

    @property
    def value(self) -> Text:
        """The value in words."""
        return value_words(self.rule)

    @property
    def pack(self) -> Text:
        """The title of the pack it comes from."""
        return book().packs[self.rule.pack].title


def value_words(rule: Rule) -> Text:
    """The value of a rule as a person reads it: 3 个工作日, or names and numbers."""
    unit = next((unit for unit in UNITS if unit in rule.value), None)
    if unit is not None:
        return UNIT_WORDS[unit].filled({"n": rule.value[unit]})
    return Text(*[_plain(rule.value)] * 2)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_plain(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return (
            f"[{len(value)}]"
            if len(value) > 3 or any(isinstance(v, dict) for v in value)
            else " / ".join(map(_plain, value))
        )
    return str(value)


def asked(request: HttpRequest) -> tuple[str, date]:
    """The region and day in the address; the actor's own region and today without them."""
    try:
        region = codes.normalise(request.GET.get("region", "") or request.actor.home)  # type: ignore[attr-defined]
    except ValueError:
        region = codes.COUNTRY
    try:
        on = date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        on = timezone.localdate()
    return region, on


@needs("rulebook.view")
@require_GET
def rules(request: HttpRequest) -> HttpResponseBase:
    """All rules as they hold for ?region= on ?on=; ?q= searches, ?mark= filters."""
    region, on = asked(request)
    words, mark = request.GET.get("q", "").strip().lower()[:60], request.GET.get("mark", "")
    found = [each for rule_id in sorted(book().by_id) if (each := _found(rule_id, region, on))]
    shown = [f for f in found if _matches(f.rule, words) and (not mark or f.rule.mark == mark)]
    context = {
        "title": Text("规则", "Rules"),
        "found": shown,
        "total": len(found),
        "region": region,
        "on": on,
        "words": request.GET.get("q", ""),
        "mark": mark,
        "marks": [(code, MARKS[code], MEANINGS[code]) for code in MARKS],
        "packs": list(book().packs.values()),
    }
    return render(request, "rulebook/rules.html", context)


def _found(rule_id: str, region: str, on: date) -> Found | None:
    versions = [r for r in book().by_id[rule_id] if codes.contains(r.region, region)]
    chosen = book().find(rule_id, region, on)
    if not versions:
        return None
    return Found(chosen or max(versions, key=lambda r: r.valid_from), chosen is not None, len(book().by_id[rule_id]))


def _matches(rule: Rule, words: str) -> bool:
    everything = (rule.id, rule.title.zh, rule.title.en, rule.clause, rule.source, rule.code, rule.pack)
    return all(word in " ".join(everything).lower() for word in words.split())


@needs("rulebook.view")
@require_GET
def rule_detail(request: HttpRequest, rule_id: str) -> HttpResponseBase:
    """One rule: the version that decides for ?region= on ?on=, every other version with its reason, and where it is
    used.
    """
    if rule_id not in book().by_id:
        raise NotFound(what=WHAT, ref=rule_id)
    region, on = asked(request)
    candidates = explain(rule_id, region=region, on=on)
    chosen = candidates[0].rule if candidates[0].decides else None
    context = {
        "title": (chosen or candidates[0].rule).title,
        "rule_id": rule_id,
        "region": region,
        "region_words": service.full_name(region) if region != codes.COUNTRY else "",
        "on": on,
        "chosen": chosen,
        "value": value_words(chosen) if chosen else None,
        "meaning": MEANINGS[chosen.mark] if chosen else None,
        "pack": book().packs[chosen.pack] if chosen else None,
        "versions": [(c, value_words(c.rule), book().packs[c.rule.pack]) for c in _by_date(candidates)],
        "uses": uses_of(rule_id),
        "steps": _step_rows(chosen) if chosen else [],
        "step_heads": [STEP_HEADS.get(key, Text(key, key)) for key in _first_step(chosen)],
    }
    return render(request, "rulebook/rule.html", context)


def _step_rows(rule: Rule) -> list[dict[str, str | Text]]:
    """The steps of a ladder or of lights, each cell in words."""
    return [{key: _step_cell(cell) for key, cell in step.items()} for step in rule.value.get("steps", [])]


def _first_step(rule: Rule | None) -> Mapping[str, Any]:
    steps = rule.value.get("steps", []) if rule else []
    return steps[0] if steps else {}


def _step_cell(cell: Any) -> str | Text:
    if isinstance(cell, str) and cell in rights():
        return right_name(cell)
    if isinstance(cell, list) and len(cell) == 2 and all(isinstance(part, str) for part in cell):
        return Text(*cell)
    unit = next((unit for unit in UNITS if isinstance(cell, dict) and unit in cell), None)
    return UNIT_WORDS[unit].filled({"n": cell[unit]}) if unit else _plain(cell)


def _by_date(candidates: list[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda c: (c.rule.region, c.rule.valid_from))
