"""The list of a register: columns, filters and exports from its fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import local
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators import Period
from wanghuo.kernel.ledgers import exporting
from wanghuo.kernel.ledgers.models import Register
from wanghuo.kernel.ledgers.registers import counting, selecting
from wanghuo.kernel.ledgers.registers import values as cells
from wanghuo.kernel.ledgers.registers.schema import Condition, Definition, Field, Measure
from wanghuo.kernel.ledgers.states import ROW, RowState
from wanghuo.kernel.ui.filters import Chip, Choice, Flag, Words
from wanghuo.kernel.ui.lists import Bulk, Column, Empty, Link, ListPage
from wanghuo.kernel.ui.spans import Span

EXPORTS = "ledger."
SHOWN, NARROW = 6, 3
UNCONFIRMED, CONFIRMED = Text("待核", "unconfirmed"), Text("已核", "confirmed")
PARTS = {"num": Text("分子", "numerator"), "den": Text("分母", "denominator"), "gap": Text("差额", "gap")}
_DIGITS = {"int": 0, "float": 2, "money": 2, "percent": 2, "formula": 2}


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows behind one part of a measure in a span: `?counted=built.num.2026-01-01..2026-12-31`."""

    definition: Definition
    name: str = "counted"
    label: Text = Text("指标", "Measure")  # noqa: RUF009 - frozen
    kind: str = "span"

    def options(self, request: HttpRequest) -> dict[str, Text]:
        """None: indicators lead here."""
        return {}

    def values(self, request: HttpRequest) -> list[str]:
        """The measure, part and span in the URL."""
        return [v for v in request.GET.getlist(self.name)[:1] if v]

    def apply(self, rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        """The rows that were counted; what cannot be read narrows nothing (its chip says so)."""
        for value in self.values(request):
            if (found := self._read(value)) is not None:
                measure, part, period = found
                rows = counting.rows_behind(rows, measure, self.definition, period, part)
        return rows

    def chips(self, request: HttpRequest) -> list[Chip]:
        """指标=新建市政消火栓 2026 年."""
        found = []
        for value in self.values(request):
            read = self._read(value)
            if read is None:
                found.append(Chip(self.name, self.label, Text(value, value), valid=False))
            else:
                measure, part, period = read
                told = Text("{name} · {part} · {period}", "{name} · {part} · {period}")
                known = {"name": measure.name, "part": PARTS[part], "period": period.label}
                found.append(Chip(self.name, self.label, told.filled(known)))
        return found

    def _read(self, value: str) -> tuple[Measure, str, Period] | None:
        key, part, span = (*value.split(".", 2), "", "")[:3]
        measure = self.definition.measure(key)
        try:
            period = Period.parse(span, local(timezone.now()).date())
        except ValueError:
            return None
        return (measure, part, period) if measure is not None and part in PARTS else None


def list_page(book: Register, definition: Definition, *, whole: bool = False) -> ListPage:
    """The list of a register; `whole`: as a file has it, with every field."""
    url = book.url
    links = [Link(Text("登记", "Enter a line"), f"{url}/new", selecting.EDIT, icon="plus", key="n", main=True),
             Link(Text("导入", "Import"), f"/data/imports/new?kind={EXPORTS}{book.code}", selecting.EDIT)]  # fmt: skip
    if definition.has_place:
        links.append(Link(Text("地图", "Map"), f"{url}/map", selecting.VIEW))
    links.append(Link(Text("说明与指标", "About"), f"{url}/about", selecting.VIEW))
    bulk = (Bulk(Text("核对所选", "Confirm the selected"), f"{url}/confirm", selecting.CONFIRM),)
    return ListPage(
        title=definition.title,
        what=Text("台账行", "lines"),
        code="ledgers:register",
        export_right=selecting.VIEW,
        exporter=exporting.sender(f"{EXPORTS}{book.code}"),
        row_url=f"{url}/rows/{{0.ref}}",
        columns=columns(definition, whole=whole),
        filters=filters(definition),  # type: ignore[arg-type]
        links=tuple(links),
        bulk=bulk if definition.confirm else (),
        empty=Empty(
            definition.about if definition.about.zh else Text("还没有登记。", "Nothing has been entered yet."),
            Link(Text("登记第一行", "Enter the first line"), f"{url}/new", selecting.EDIT),
        ),
        template="ledgers/register_list.html",
    )


def exported(code: str, actor: Actor) -> tuple[Callable[[], ListPage], Callable[[Actor], QuerySet[Any]]]:
    """The list of a register for an export job."""
    book = selecting.get_register(code.removeprefix(EXPORTS), actor)
    definition = selecting.definition_of(book)
    return (lambda: list_page(book, definition, whole=True)), (lambda who: selecting.rows_of(book, who))


# --- columns -------------------------------------------------------------------------------------------------------


def columns(definition: Definition, *, whole: bool = False) -> tuple[Column, ...]:
    """Reference, fields, deadline, state, region and last change. A page has the SHOWN fields that tell most; a file
    (`whole`) has them all."""
    found = [Column("ref", Text("登记号", "Line"), kind="ref")]
    fields = [f for f in definition.fields if f.kind != "file" and (whole or f.key != definition.due)]
    telling = {f.key for f in sorted(fields, key=lambda f: _rank(f, definition))[:SHOWN]}
    for number, field in enumerate(f for f in fields if whole or f.key in telling):
        found.append(column(field, definition, wide=number >= NARROW))
    if definition.due and not whole:
        label = definition.field(definition.due).label
        found.append(Column("due_at", label, kind="due", sort="due_at", met="met_at"))
    state = lambda row: _state_words(row, definition)
    template = "ledgers/_state.html"
    found += [
        Column("state", Text("登记状态", "Line state"), value=state, kind="template", template=template),
        Column("region", Text("区划", "Region"), value="region_code", kind="region", wide=True),
        Column("changed_at", Text("更新", "Changed"), kind="when", sort="changed_at", wide=True),
    ]
    return tuple(found)


def _rank(field: Field, definition: Definition) -> tuple[int, int]:
    """How little a field tells on a page: the name first, then what is required, choices and yes-or-no, sums, days, texts."""
    place = definition.fields.index(field)
    if field == definition.name_field:
        return 0, place
    order = {"choice": 2, "bool": 2, "percent": 3, "formula": 3, "money": 3, "unit": 1, "body": 1, "date": 4, "int": 3}
    return (1 if field.required else order.get(field.kind, 5)) + 9 * (field.kind == "long"), place


def column(field: Field, definition: Definition, *, wide: bool = False) -> Column:
    """A field as a column."""
    named = definition.name_field
    sort = "name" if named is not None and named.key == field.key else ""

    def value(row: Any) -> Any:
        found = cells.value_of(field, definition, row.values)
        if field.kind == "date":
            return date.fromisoformat(found) if found else None
        return found if field.kind in _DIGITS or found is None else cells.words(field, found)

    kind = "number" if field.kind in _DIGITS else "day" if field.kind == "date" else "text"
    unit = cells.unit_of(field)
    return Column(
        field.key,
        field.label,
        value=value,
        kind=kind,
        sort=sort,
        digits=_DIGITS.get(field.kind, 0),
        unit=unit,
        wide=wide,
    )


def _state_words(row: Any, definition: Definition) -> Text:
    """Retired, unconfirmed (待核), confirmed, or standing where nobody confirms."""
    if row.state == RowState.RETIRED or not definition.confirm:
        return ROW.name(row.state)
    return UNCONFIRMED if selecting.is_unconfirmed(row, definition) else CONFIRMED


# --- filters -------------------------------------------------------------------------------------------------------


def filters(definition: Definition) -> tuple[Any, ...]:
    """Words, each choice and yes-or-no field, state, deadline and confirmation; and what indicators lead to."""
    found: list[Any] = [Words(where=lambda words: Q(name__icontains=words) | Q(ref=words.upper()))]
    for field in definition.stored:
        if field.kind in ("choice", "choices"):
            found.append(Choice(f"f.{field.key}", field.label, field.choices, where=_where(field, definition)))
        elif field.kind == "bool":
            answers = {"1": cells.YES, "0": cells.NO}
            found.append(Choice(f"f.{field.key}", field.label, answers, where=_where(field, definition)))
    found.append(Choice("state", Text("登记状态", "Line state"), {str(s): word for s, word in ROW.names.items()}))
    if definition.due:
        found.append(Flag("overdue", Text("已逾期", "overdue"), selecting.overdue))
        found.append(Span("due", definition.field(definition.due).label, "due_at"))
    if definition.confirm:
        found.append(Flag("unconfirmed", Text("待核", "unconfirmed"), selecting.unconfirmed))
    found.append(Counted(definition))
    return tuple(found)


def _where(field: Field, definition: Definition) -> Callable[[str], Q]:
    return lambda value: counting.condition_q(Condition(field.key, "is", (value,)), definition)
