"""Each register is a kind of import: its template, mapping, dry run, write and undo come from its fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from wanghuo.base import AppError, Text
from wanghuo.base.time import local_day
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.geo.coordinates import to_wgs84
from wanghuo.kernel.ledgers.importing import (
    CellError,
    CellKind,
    Column,
    Context,
    ImportKind,
    Judged,
    Row,
    Source,
    Written,
    register_source,
)
from wanghuo.kernel.ledgers.models import Register, RegisterRow, RowChange
from wanghuo.kernel.ledgers.registers import deadlines, indicators, rows
from wanghuo.kernel.ledgers.registers import values as cells
from wanghuo.kernel.ledgers.registers.defining import ensure_preset
from wanghuo.kernel.ledgers.registers.presets import presets
from wanghuo.kernel.ledgers.registers.schema import Definition, Field
from wanghuo.kernel.ledgers.registers.selecting import EDIT, definition_of, get_register
from wanghuo.kernel.ledgers.states import RowState
from wanghuo.kernel.loops import next_refs

PREFIX = "ledger."
REGION, LNG, LAT = "_region", "_lng", "_lat"
_KINDS: dict[str, CellKind] = {
    "text": "text", "long": "text", "int": "int", "float": "float", "money": "float", "percent": "float", "bool": "bool",
    "date": "date", "choice": "choice", "choices": "choices", "region": "text", "unit": "text", "body": "text",
}  # fmt: skip
KNOWN = Text("与 {ref} 相同", "the same as {ref}")
TWICE = Text("文件内重复，首见于第 {row} 行", "stands in the file before, in row {row}")


def watch() -> None:
    """Make every register importable; called from `AppConfig.ready()`."""
    register_source(PREFIX, Source(EDIT, kinds))


def kinds(code: str = "", actor: Actor | None = None) -> list[ImportKind]:
    """The kinds of import of the registers in use; with a code, of that register or preset alone. With an actor, those
    they may see."""
    wanted = code.removeprefix(PREFIX)
    books = Register.objects.in_use() if actor is None else Register.objects.visible_to(actor).in_use()
    if wanted:
        books = books.filter(code=wanted)
    found = [_kind(book.code, definition_of(book)) for book in books.order_by("code")]
    if wanted and not found and wanted in presets():
        found = [_kind(wanted, presets()[wanted].definition)]
    return found


def _kind(code: str, definition: Definition) -> ImportKind:
    return ImportKind(
        code=f"{PREFIX}{code}",
        title=definition.title,
        right=EDIT,
        columns=columns(definition),
        check=lambda batch, context: check(code, batch, context),
        write=lambda judged, context: write(code, judged, context),
        undo=undo,
        has_coordinates=definition.has_place,
        help=definition.about,
    )


def columns(definition: Definition) -> tuple[Column, ...]:
    """The columns of a register's file: the region of the line, its fields, and its coordinates where it has some."""
    found = [
        Column(
            REGION,
            Text("所在区划", "Region of the line"),
            kind="region",
            synonyms=("区划", "行政区划", "乡镇", "Region"),
            help=Text("留空归入导入时选的区划", "empty: the import's own"),
        )
    ]
    for field in definition.stored:
        if field.kind != "file":
            found.append(_column(field))
    if definition.has_place:
        found += [
            Column(LNG, Text("经度", "Longitude"), kind="float", least=-180, most=180),
            Column(LAT, Text("纬度", "Latitude"), kind="float", least=-90, most=90),
        ]
    return tuple(found)


def _column(field: Field) -> Column:
    unit = f"（{field.unit}）" if field.unit else ""
    return Column(
        field.key,
        Text(f"{field.label.zh}{unit}", f"{field.label.en} ({field.unit})" if field.unit else field.label.en),
        kind=_KINDS[field.kind],
        required=field.required and not field.fill,
        help=field.help,
        choices=field.choices or None,
        synonyms=(field.label.zh, field.label.en),
        longest=cells.LONGEST.get(field.kind, 400),
    )


# --- judging and writing -------------------------------------------------------------------------------------------


def check(code: str, batch: Sequence[Row], context: Context) -> list[Judged]:
    """Judge rows: values right, place in scope, not there already. A row alike in its unique keys is an update."""
    book = Register.objects.filter(code=code).first()
    definition = definition_of(book) if book else presets()[code].definition
    judged = [_judge(row, book, definition, context) for row in batch]
    fresh = [j for j in judged if j.outcome == "new"]
    there = RegisterRow.objects.filter(
        register=book, state=RowState.STANDING, likeness__in=[j.target[1] for j in fresh]
    )
    known = {r.likeness: r for r in there} if book else {}
    for one in fresh:
        _compare(one, known, context)
    return judged


def _judge(row: Row, book: Register | None, definition: Definition, context: Context) -> Judged:
    region = row.get(REGION) or context.region
    given = {k: v for k, v in row.values.items() if k not in (REGION, LNG, LAT)}
    try:
        kept = cells.accept_all(rows.relaxed(definition, context.actor, region), given, context.actor)
        rows.check_own_fields(definition, {}, kept, context.actor, region)
    except AppError as error:
        return Judged(row, "error", errors=[CellError(getattr(error, "field", ""), error.message)])
    return Judged(row, "new", target=(kept, cells.likeness(definition, kept, region), region))


def _compare(one: Judged, known: dict[str, RegisterRow], context: Context) -> None:
    kept, likeness, _ = one.target
    seen: dict[str, int] = context.memory.setdefault("seen", {})
    if seen.setdefault(likeness, one.row.number) != one.row.number:
        one.outcome, one.note = "duplicate", TWICE.filled({"row": seen[likeness]})
    elif (there := known.get(likeness)) is not None:
        same = all(there.values.get(k) == v for k, v in kept.items())
        one.outcome = "duplicate" if same else "update"
        one.note = KNOWN.filled({"ref": there.ref})
        one.target = (kept, there.ref, one.target[2])


def write(code: str, judged: Sequence[Judged], context: Context) -> list[Written]:
    """Write rows: new ones in one go, updates through the form's own service."""
    ensure_preset(code, actor=context.actor)
    book = get_register(code, context.actor)
    definition = rows.usable(book)
    fresh = [j for j in judged if j.outcome == "new"]
    made = [_built(j, book, definition, context) for j in fresh]
    _number(made)
    RegisterRow.objects.bulk_create(made, batch_size=500)
    _remember(made, context.actor)
    for row in made:
        if row.due_at is not None:
            deadlines.expect(row, definition, actor=context.actor)
    indicators.changed(code, definition)
    written = [Written(j.row.number, "new", r.ref, str(r.id)) for j, r in zip(fresh, made, strict=True)]
    for one in judged:
        if one.outcome == "update":
            lng, lat = _coordinates(one.row, context)
            row = rows.change_row(
                register=code, ref=one.target[1], values=one.target[0], actor=context.actor, lng=lng, lat=lat
            )
            written.append(Written(one.row.number, "update", row.ref, str(row.id)))
    return written


def _built(one: Judged, book: Register, definition: Definition, context: Context) -> RegisterRow:
    lng, lat = _coordinates(one.row, context)
    kept, _, region = one.target
    return rows.build(book, definition, kept, region=region, actor=context.actor, lng=lng, lat=lat)


def _coordinates(row: Row, context: Context) -> tuple[float | None, float | None]:
    lng, lat = row.get(LNG), row.get(LAT)
    if lng is None or lat is None or context.coordinates is None:
        return None, None
    return to_wgs84(lng, lat, context.coordinates)


def _number(made: Sequence[RegisterRow]) -> None:
    keys = [(r.region_code, local_day(r.created_at).year) for r in made]
    blocks = {key: iter(next_refs(rows.PREFIX, *key, count=n)) for key, n in Counter(keys).items()}
    for row, key in zip(made, keys, strict=True):
        row.ref = next(blocks[key])


def _remember(made: Sequence[RegisterRow], actor: Actor) -> None:
    """The history of imported lines; the import itself is in the audit, with its file."""
    RowChange.objects.bulk_create(
        [
            RowChange(
                row=row, at=row.created_at, by=actor.id, by_name=actor.name[:80], move="import",
                changes=rows.differences({}, row.values),
            )
            for row in made
        ],
        batch_size=500,
    )  # fmt: skip


def undo(ids: Iterable[str], context: Context) -> list[str]:
    """Remove imported lines that nobody touched since. Returns the references of the others."""
    blocked: list[str] = []
    touched: dict[str, Definition] = {}
    for row in RegisterRow.objects.select_related("register").filter(pk__in=[UUID(i) for i in ids]):
        if row.changes.count() > 1:
            blocked.append(row.ref)
            continue
        touched[row.register.code] = definition_of(row.register)
        row.state, after = RowState.RETIRED, {"register": row.register.code}
        deadlines.expect(row, touched[row.register.code], actor=context.actor)
        audit.record(context.actor, "ledgers:row:undo", row.ref, region=row.region_code, after=after)
        row.delete()
    for code, definition in touched.items():
        indicators.changed(code, definition)
    return blocked
