"""Measures: from a measure of a definition to the rows it counts, the same for the number and for the list behind it.

JSON is read through Django's key transforms, which SQLite and PostgreSQL both know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, FloatField, Q, QuerySet, Sum, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Contains, GreaterThanOrEqual, In, IsNull, LessThanOrEqual, StartsWith
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.kernel.indicators import Part, Period
from wanghuo.kernel.ledgers.models import Register, RegisterRow, RegisterUse
from wanghuo.kernel.ledgers.registers.presets import presets
from wanghuo.kernel.ledgers.registers.schema import Condition, Definition, Measure
from wanghuo.kernel.ledgers.registers.selecting import definition_of, standing
from wanghuo.kernel.ledgers.states import RegisterState

PREFIX = "ledgers."
PARTS = ("num", "den", "gap")


def code_of(register: str, measure: str) -> str:
    """The code of the indicator a measure becomes."""
    return f"{PREFIX}{register}.{measure}"


def known() -> list[tuple[str, Definition, Register | None]]:
    """Every register that measures something: those of the tables and the presets nobody uses yet."""
    rows = {r.code: r for r in Register.objects.exclude(state=RegisterState.SETUP)}
    found: list[tuple[str, Definition, Register | None]] = [(c, definition_of(r), r) for c, r in rows.items()]
    found += [(code, preset.definition, None) for code, preset in presets().items() if code not in rows]
    return sorted(found, key=lambda each: each[0])


def measures() -> list[tuple[str, Text, str]]:
    """Code, name and unit of every measure."""
    return [(code_of(code, m.key), m.name, m.unit) for code, definition, _ in known() for m in definition.measures]


def text_at(key: str) -> KeyTextTransform:
    """The value of a field as text, in SQL."""
    return KeyTextTransform(key, "values")


def _number_at(key: str) -> Cast:
    return Cast(text_at(key), FloatField())


def condition_q(condition: Condition, definition: Definition) -> Q:
    """A condition as SQL. `not` is also true of rows without a value."""
    at, kind = text_at(condition.field), definition.field(condition.field).kind
    if condition.op == "filled":
        return Q(IsNull(at, False))
    if condition.op == "empty":
        return Q(IsNull(at, True))
    if condition.op == "least":
        return Q(GreaterThanOrEqual(_number_at(condition.field), Value(float(condition.values[0]))))
    matched = _any_of(at, kind, condition.values)
    return matched if condition.op == "is" else Q(IsNull(at, True)) | ~matched


def _any_of(at: KeyTextTransform, kind: str, values: Sequence[str]) -> Q:
    if kind == "bool":
        return Q(In(at, ["true" if v in ("1", "true") else "false" for v in values]))
    if kind == "choices":
        found = Q()
        for value in values:
            found |= Q(Contains(at, Value(f'"{value}"')))
        return found
    if kind == "region":
        found = Q()
        for value in values:
            found |= Q(StartsWith(at, Value(value)))
        return found
    return Q(In(at, list(values)))


def within(measure: Measure, definition: Definition, period: Period) -> Q:
    """The rows that the measure looks at in a period: those with the date in it, those due in it, or the stock at its end
    (now while it still runs)."""
    if measure.kind == "on_time":
        settled = Q(met_at__isnull=False) | Q(due_at__lte=timezone.now())
        return standing() & Q(due_at__gt=period.start, due_at__lte=period.end) & settled
    if measure.period:
        at = text_at(measure.period)
        return standing() & Q(
            GreaterThanOrEqual(at, Value(period.first.isoformat())), LessThanOrEqual(at, Value(period.last.isoformat()))
        )
    return Q(created_at__lt=period.end) & (Q(retired_at__isnull=True) | Q(retired_at__gte=period.end))


def _all(conditions: Iterable[Condition], definition: Definition) -> Q:
    found = Q()
    for condition in conditions:
        found &= condition_q(condition, definition)
    return found


def counted(measure: Measure, definition: Definition, period: Period) -> Q:
    """The numerator within `within` and `base`: the rows that meet `where`, are complete, or were done in time."""
    where = _all(measure.where, definition)
    if measure.kind == "complete":
        for field in definition.stored:
            if field.required:
                where &= Q(IsNull(text_at(field.key), False))
        if definition.confirm:
            where &= Q(confirmed_until__gte=min(timezone.now(), period.end))
    if measure.kind == "on_time":
        from django.db.models import F

        where &= Q(met_at__lt=F("due_at"))
    return where


def rows_behind(
    rows: QuerySet[Any], measure: Measure, definition: Definition, period: Period, part: str
) -> QuerySet[Any]:
    """The rows of a register behind one part of the number: num, den, or gap (in the denominator alone)."""
    den = rows.filter(within(measure, definition, period), _all(measure.base, definition))
    if measure.kind in ("count", "sum"):
        return den.filter(counted(measure, definition, period))
    if part == "den":
        return den
    num = den.filter(counted(measure, definition, period))
    return num if part == "num" else den.exclude(pk__in=num.order_by().values("pk"))


def parts(register: Register, measure: Measure, definition: Definition, period: Period) -> dict[str, Part]:
    """What each lowest region adds, in one grouped query. A region that keeps the register and has nothing counts 0."""
    rows = RegisterRow.objects.filter(register=register)
    inside = within(measure, definition, period) & _all(measure.base, definition)
    num = inside & counted(measure, definition, period)
    grouped = rows.values("region_code").order_by()
    if measure.kind in ("count", "sum"):
        found = _counts(grouped, measure, num)
        for region in RegisterUse.objects.filter(register=register).values_list("region_code", flat=True):
            found.setdefault(region, Part(0, 1, 0))
        return found
    if measure.kind == "ratio":
        return _ratios(grouped.filter(inside), measure, num)
    shares = grouped.filter(inside).annotate(den=Count("pk"), num=Count("pk", filter=num))
    return {r["region_code"]: Part(r["num"], r["den"], 0) for r in shares}


def _counts(grouped: QuerySet[Any], measure: Measure, num: Q) -> dict[str, Part]:
    if measure.kind == "count":
        return {r["region_code"]: Part(r["n"], 1, 0) for r in grouped.annotate(n=Count("pk", filter=num))}
    lacking = num & Q(IsNull(text_at(measure.field), True))
    sums = grouped.annotate(total=Sum(_number_at(measure.field), filter=num), lacking=Count("pk", filter=lacking))
    return {r["region_code"]: Part(r["total"] or 0, 1, r["lacking"]) for r in sums}


def _ratios(grouped: QuerySet[Any], measure: Measure, num: Q) -> dict[str, Part]:
    there = Q(IsNull(text_at(measure.over), False))
    lacking = Q(IsNull(text_at(measure.over), True)) | Q(IsNull(text_at(measure.field), True))
    sums = grouped.annotate(
        total=Sum(_number_at(measure.field), filter=num & there),
        of=Sum(_number_at(measure.over)),
        lacking=Count("pk", filter=lacking),
    )
    return {r["region_code"]: Part(r["total"] or 0, r["of"] or 0, r["lacking"]) for r in sums}


__all__ = ["PREFIX", "code_of", "counted", "known", "measures", "parts", "rows_behind", "within"]
