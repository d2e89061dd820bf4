"""Measures of registers in the catalogue of indicators: read from the tables, so every process sees a new one at once."""

from __future__ import annotations

from collections.abc import Hashable
from urllib.parse import urlencode

from django.db import DatabaseError
from django.db.models import Count, Max

from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Indicator, Part, Period, mark_dirty, register_source
from wanghuo.kernel.ledgers.models import Register
from wanghuo.kernel.ledgers.passes import Place
from wanghuo.kernel.ledgers.registers import counting
from wanghuo.kernel.ledgers.registers.presets import presets
from wanghuo.kernel.ledgers.registers.schema import MEASURES, OPS, Condition, Definition, Measure

WHAT = Text("台账指标", "measure of a register")
_KINDS = {"count": "count", "sum": "count", "rate": "rate", "ratio": "rate", "complete": "rate", "on_time": "rate"}


def version() -> Hashable:
    """Changes with every definition that is published, archived or taken up."""
    try:
        told = Register.objects.aggregate(n=Count("pk"), last=Max("changed_at"))
    except DatabaseError:  # before the tables are there: presets alone
        return None
    return told["n"], told["last"]


def load() -> list[Indicator]:
    """Every measure of the registers that are in use."""
    if version() is None:
        return []
    return [_indicator(code, d, m, book) for code, d, book in counting.known() if book for m in d.measures]


def offers() -> list[Indicator]:
    """The measures of presets that nobody uses yet: a target of a paper can be bound to those too."""
    used = set() if version() is None else {code for code, _, book in counting.known() if book}
    return [
        _indicator(code, preset.definition, measure, None)
        for code, preset in presets().items()
        if code not in used
        for measure in preset.definition.measures
    ]


def adopt(code: str, region: str, actor: Actor) -> None:
    """Take up the preset behind a measure when a target is set on it; for the region where the actor may define."""
    from wanghuo.kernel.ledgers.registers.defining import ensure_preset, use_register

    register = code.removeprefix(counting.PREFIX).partition(".")[0]
    if actor.can("ledgers.define", Place(region)):
        use_register(code=register, region=region, actor=actor)
    else:
        ensure_preset(register, actor=actor)


def watch() -> None:
    """Put the measures into the catalogue; called from `AppConfig.ready()`."""
    register_source(load, version=version, offers=offers, adopt=adopt)


def measure_of(register: str, measure: str) -> Indicator:
    """One measure as an indicator. Raises NotFound."""
    code = counting.code_of(register, measure)
    found = next((each for each in (*load(), *offers()) if each.code == code), None)
    if found is None:
        raise NotFound(what=WHAT, ref=code)
    return found


def changed(code: str, definition: Definition) -> None:
    """Say that the rows of a register changed."""
    for measure in definition.measures:
        mark_dirty(counting.code_of(code, measure.key))


def _indicator(code: str, definition: Definition, measure: Measure, register: Register | None) -> Indicator:
    def counts(period: Period) -> dict[str, Part]:
        return counting.parts(register, measure, definition, period) if register else {}

    def records(actor: Actor, region: str, period: Period, part: str) -> str:
        span = f"{measure.key}.{part}.{period.first.isoformat()}..{period.last.isoformat()}"
        return f"/ledgers/{code}?" + urlencode({"region": region, "counted": span})

    counts_things = measure.kind in ("count", "sum")
    return Indicator(
        code=counting.code_of(code, measure.key),
        name=measure.name,
        formula=formula_words(measure, definition),
        unit=measure.unit,
        better="down" if measure.better == "down" else "up",
        source=measure.source or definition.source or code,
        mark=definition.mark,
        kind=_KINDS[measure.kind] if measure.kind != "ratio" or measure.unit == "%" else "mean",  # type: ignore[arg-type]
        counts=counts,
        records=records,
        accumulates=counts_things and bool(measure.period),
        digits=0 if measure.kind == "count" else 2 if measure.kind == "sum" else 1,
        climbs=not (counts_things and measure.period),
        words=measure.names,
        told=True,
        topic=definition.topic,
    )


def formula_words(measure: Measure, definition: Definition) -> Text:
    """What a measure is, in words: its kind, what it adds up, its conditions and its period."""
    base = _conditions(measure.base, definition)
    where = _conditions(measure.where, definition)
    what = MEASURES[measure.kind]
    for key in (measure.field, measure.over):
        if key:
            label = definition.field(key).label
            what = Text(f"{what.zh}“{label.zh}”", f"{what.en} “{label.en}”")
    zh = f"台账“{definition.title.zh}”{what.zh}"
    en = f"register “{definition.title.en}”: {what.en}"
    if where.zh:
        zh, en = f"{zh}；条件：{where.zh}", f"{en}; where {where.en}"
    if base.zh:
        zh, en = f"{zh}；范围：{base.zh}", f"{en}; among {base.en}"
    if measure.period:
        label = definition.field(measure.period).label
        return Text(f"{zh}；“{label.zh}”在期内", f"{en}; “{label.en}” in the period")
    if measure.kind == "on_time":
        return Text(f"{zh}；期内到期", f"{en}; due in the period")
    return Text(f"{zh}；期末在册", f"{en}; standing at its end")


def _conditions(conditions: tuple[Condition, ...], definition: Definition) -> Text:
    return Text(
        "、".join(_condition(c, definition).zh for c in conditions),
        ", ".join(_condition(c, definition).en for c in conditions),
    )


def _condition(c: Condition, definition: Definition) -> Text:
    field, op = definition.field(c.field), OPS[c.op]
    if field.kind == "bool":
        words = [Text("是", "yes") if v == "1" else Text("否", "no") for v in c.values]
    else:
        words = [field.choices.get(v, Text(v, v)) for v in c.values]
    zh = f"{field.label.zh}{op.zh}{'/'.join(w.zh for w in words)}"
    return Text(zh, f"{field.label.en} {op.en} {'/'.join(w.en for w in words)}".rstrip())
