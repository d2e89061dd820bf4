"""Writing lines of a register: add, change, confirm, retire, restore, add files. Each is one transaction with its audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, NotPermitted, Text
from wanghuo.base.time import local_day
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.files import store
from wanghuo.kernel.ledgers.models import Register, RegisterRow, RowChange
from wanghuo.kernel.ledgers.registers import deadlines, indicators
from wanghuo.kernel.ledgers.registers import values as cells
from wanghuo.kernel.ledgers.registers.defining import ensure_preset
from wanghuo.kernel.ledgers.registers.schema import LEVELS, Definition, Field
from wanghuo.kernel.ledgers.registers.selecting import (
    CONFIRM,
    EDIT,
    VIEW,
    definition_of,
    get_register,
    get_row,
    subject_of,
)
from wanghuo.kernel.ledgers.states import REGISTER, ROW, RegisterState, RowState
from wanghuo.kernel.loops import next_refs
from wanghuo.kernel.regions import codes

__all__ = ["add_evidence", "add_row", "change_row", "confirm_row", "get_row", "may_fill", "restore_row", "retire_row"]
PREFIX = "TZ"
MOST_ROWS_CONFIRMED = 200


class OutOfReach(Invalid):
    """A line may only go where its writer holds the right."""

    code = "ledgers.out_of_reach"
    text = Text("区划 {region} 不在你的范围。", "Region {region} is outside your scope.")


class AlreadyThere(Conflict):
    """A register with unique keys holds the line already."""

    code = "ledgers.already_there"
    text = Text("已有相同的一行：{ref}。", "The same line is there already: {ref}.")


class NotInUse(Conflict):
    """Lines go only into a register in use."""

    code = "ledgers.not_in_use"
    text = Text(
        "台账“{title}”现为“{state}”，不能登记。", "The register “{title}” is “{state}”; nothing can be entered."
    )


class FilledByOthers(Invalid):
    """A field that another level fills in."""

    code = "ledgers.filled_by_others"
    text = Text("“{label}”由{level}级填写。", "“{label}” is filled in at {level} level.")


class ConfirmerMayNotBeWriter(Invalid):
    """Whoever wrote a line last does not confirm it, where the register names a checking level."""

    code = "ledgers.confirmer_is_writer"
    text = Text("最后修改人不能核对自己填的行。", "Whoever wrote a line last may not confirm it.")


class CheckedAbove(NotPermitted):
    """Confirmation lies with a level that the actor does not act at."""

    code = "ledgers.checked_above"
    text = Text("本台账由{right}级核对。", "Lines of this register are confirmed at {right} level.")


class NotConfirmed(Invalid):
    """The register asks for no confirmation."""

    code = "ledgers.no_confirmation"
    text = Text("本台账不需要核对。", "This register asks for no confirmation.")


# --- adding --------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_row(
    *,
    register: str,
    values: Mapping[str, Any],
    region: str = "",
    actor: Actor,
    lng: float | None = None,
    lat: float | None = None,
    files: Mapping[str, Sequence[Any]] | None = None,
) -> RegisterRow:
    """Enter a line. `region`: where it lies; that of its unit, or the actor's own, without one. `files` by file field.

    Raises NotFound, NotInUse, OutOfReach, WrongValue, FilledByOthers, AlreadyThere, and then writes nothing.
    """
    ensure_preset(register, actor=actor)
    book = get_register(register, actor)
    definition = usable(book)
    kept = cells.accept_all(relaxed(definition, actor, region), values, actor)
    check_own_fields(definition, {}, kept, actor, region)
    row = build(book, definition, kept, region=region, actor=actor, lng=lng, lat=lat)
    _not_twice(row, definition)
    row.ref = next_refs(PREFIX, row.region_code, local_day(row.created_at).year, count=1)[0]
    row.save(force_insert=True)
    _keep_files(row, definition, files or {}, actor)
    settle(row, definition, actor=actor, move="add", before={})
    indicators.changed(book.code, definition)
    return row


def usable(book: Register) -> Definition:
    """The definition of a register that takes lines. Raises NotInUse."""
    if book.state != RegisterState.IN_USE:
        raise NotInUse(title=book.title, state=REGISTER.name(book.state))
    return definition_of(book)


def build(
    book: Register,
    definition: Definition,
    kept: dict[str, Any],
    *,
    region: str,
    actor: Actor,
    lng: float | None = None,
    lat: float | None = None,
) -> RegisterRow:
    """A new line in its place, not saved and without its reference. Raises OutOfReach."""
    now = timezone.now()
    row = RegisterRow(
        register=book, version=book.version, created_at=now, changed_at=now, created_by=actor.id, changed_by=actor.id
    )
    unit = _unit_of(definition, kept)
    own = unit["region"] if unit else _region_field(definition, kept)
    place = region or own or actor.home
    row.place(
        place, sector=(unit or {}).get("sector") or _sector(actor, place), unit=UUID(unit["id"]) if unit else None
    )
    if not actor.can(EDIT, row):
        raise OutOfReach(field="region", region=codes.written(place))
    row.values, row.lng, row.lat = kept, lng, lat
    derive(row, definition)
    return row


def derive(row: RegisterRow, definition: Definition) -> None:
    """Set the columns that follow from the values: name, deadline, likeness."""
    named = definition.name_field
    row.name = cells.words(named, cells.kept(named, row.values)).zh[:200] if named else ""
    row.due_at, row.met_at = deadlines.instants(definition, row.values)
    row.likeness = cells.likeness(definition, row.values, row.region_code)


def settle(
    row: RegisterRow, definition: Definition, *, actor: Actor, move: str, before: Mapping[str, Any], note: str = ""
) -> None:
    """What belongs to every write of a line: its history, its audit entry, its duty and clock."""
    changes = differences(before, row.values)
    RowChange.objects.create(
        row=row, at=timezone.now(), by=actor.id, by_name=actor.name[:80], move=move, changes=changes, note=note[:1000]
    )
    after = {"register": row.register.code, "state": row.state, "fields": sorted(changes)}
    audit.record(
        actor, f"ledgers:row:{move}", row.ref, region=row.region_code, after=after, private={"values": changes}
    )
    deadlines.expect(row, definition, actor=actor)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What changed, by key: the value before and after."""
    keys = sorted({*before, *after})
    return {k: [before.get(k), after.get(k)] for k in keys if before.get(k) != after.get(k)}


def _unit_of(definition: Definition, kept: Mapping[str, Any]) -> dict[str, str] | None:
    if definition.subject != "unit":
        return None
    return next((kept[f.key] for f in definition.stored if f.kind == "unit" and f.key in kept), None)


def _region_field(definition: Definition, kept: Mapping[str, Any]) -> str:
    return next((str(kept[f.key]) for f in definition.stored if f.kind == "region" and f.key in kept), "")


def _sector(actor: Actor, region: str) -> str:
    """The sector of a line: that of its writer, where every grant that reaches the place is narrowed to one."""
    grants = [g for g in actor.with_right(EDIT) if codes.contains(g.region, region)]
    return grants[0].sector if grants and all(g.sector for g in grants) else ""


def _not_twice(row: RegisterRow, definition: Definition) -> None:
    if not definition.unique:
        return
    same = RegisterRow.objects.filter(register=row.register, likeness=row.likeness, state=RowState.STANDING)
    other = same.exclude(pk=row.pk).first()
    if other is not None:
        raise AlreadyThere(ref=other.ref)


# --- who fills in what ---------------------------------------------------------------------------------------------


def may_fill(field: Field, actor: Actor, region: str) -> bool:
    """Whether the actor fills in a field there: its level, or one above it."""
    if not field.fill or actor.is_system:
        return True
    grants = (g for g in actor.with_right(EDIT) if codes.contains(g.region, region) or codes.contains(region, g.region))
    return any(codes.LEVELS.index(codes.level(g.region)) <= codes.LEVELS.index(field.fill) for g in grants)


def relaxed(definition: Definition, actor: Actor, region: str) -> Definition:
    """The definition as it binds this actor: what another level fills in is not required of them."""
    place = region or actor.home
    fields = tuple(
        replace(f, required=False) if f.required and (f.kind == "file" or not may_fill(f, actor, place)) else f
        for f in definition.fields
    )
    return replace(definition, fields=fields)


def check_own_fields(
    definition: Definition, before: Mapping[str, Any], after: Mapping[str, Any], actor: Actor, region: str
) -> None:
    for field in definition.stored:
        if before.get(field.key) != after.get(field.key) and not may_fill(field, actor, region or actor.home):
            raise FilledByOthers(field=field.key, label=field.label, level=LEVELS[field.fill])


# --- files ---------------------------------------------------------------------------------------------------------


def _keep_files(row: RegisterRow, definition: Definition, files: Mapping[str, Sequence[Any]], actor: Actor) -> None:
    wanted = {f.key: f for f in definition.stored if f.kind == "file"}
    added = False
    for key, uploads in files.items():
        if key not in wanted:
            raise cells.WrongValue(field=key, label=key, why=Text("不是附件字段", "is no field for files"))
        for upload in uploads:
            stored = store(upload, actor=actor, subject=subject_of(row), view_right=VIEW, label=key)
            row.values = {**row.values, key: [*row.values.get(key, []), str(stored.id)]}
            added = True
    for key, field in wanted.items():
        if field.required and not row.values.get(key) and may_fill(field, actor, row.region_code):
            raise cells.WrongValue(field=key, label=field.label, why=Text("请选择文件", "please choose a file"))
    if added:
        row.save(update_fields=["values"])


@transaction.atomic
def add_evidence(*, register: str, ref: str, proofs: Sequence[Any], actor: Actor, note: str = "") -> RegisterRow:
    """Add files to a line as evidence. Raises NotFound, NotPermitted, MoveRefused, and what kernel/files refuses."""
    row = get_row(register, ref, actor, lock=True)
    actor.require(ROW.move(row.state, "evidence").right, row)
    for upload in proofs:
        store(upload, actor=actor, subject=subject_of(row), view_right=VIEW, label="evidence")
    row.changed_at, row.changed_by = timezone.now(), actor.id
    row.save(update_fields=["changed_at", "changed_by"])
    settle(row, definition_of(row.register), actor=actor, move="evidence", before=row.values, note=note)
    return row


# --- changing ------------------------------------------------------------------------------------------------------


@transaction.atomic
def change_row(
    *,
    register: str,
    ref: str,
    values: Mapping[str, Any],
    actor: Actor,
    region: str = "",
    lng: float | None = None,
    lat: float | None = None,
    seen_at: datetime | None = None,
    note: str = "",
    files: Mapping[str, Sequence[Any]] | None = None,
) -> RegisterRow:
    """Change values of a line; keys left out stay, an empty value clears. A change ends its confirmation.

    `seen_at`: the `changed_at` the writer saw; another one since raises Conflict. Raises also NotFound, NotPermitted,
    MoveRefused, WrongValue, FilledByOthers, AlreadyThere.
    """
    row = get_row(register, ref, actor, lock=True)
    actor.require(ROW.move(row.state, "change").right, row)
    if seen_at is not None and seen_at != row.changed_at:
        raise Conflict(what=ROW.what)
    definition = usable(row.register)
    before = dict(row.values)
    row.values = _merged(definition, before, values, actor, row)
    if region and region != row.region_code:
        row.place(region, sector=row.sector, unit=row.scope_unit)
        if not actor.can(EDIT, row):
            raise OutOfReach(field="region", region=codes.written(region))
    if lng is not None or lat is not None:
        row.lng, row.lat = lng, lat
    row.version, row.changed_at, row.changed_by = row.register.version, timezone.now(), actor.id
    row.confirmed_at = row.confirmed_by = row.confirmed_until = None
    unit = _unit_of(definition, row.values)
    row.scope_unit = UUID(unit["id"]) if unit else row.scope_unit
    derive(row, definition)
    _not_twice(row, definition)
    row.save()
    _keep_files(row, definition, files or {}, actor)
    settle(row, definition, actor=actor, move="change", before=before, note=note)
    indicators.changed(row.register.code, definition)
    return row


def _merged(
    definition: Definition, before: Mapping[str, Any], values: Mapping[str, Any], actor: Actor, row: RegisterRow
) -> dict[str, Any]:
    """The values after a change. What the definition no longer has stays as it was; what did not change is not judged anew."""
    known = {f.key: f for f in definition.stored}
    for key in values:
        if key not in known:
            raise cells.WrongValue(field=key, label=key, why=Text("没有这个字段", "there is no such field"))
    binding = relaxed(definition, actor, row.region_code)
    after = {k: v for k, v in before.items() if k not in known and not any(k in f.was for f in known.values())}
    for key, field in known.items():
        old = cells.kept(field, before)
        given = values.get(key, old)
        new = old if given == old else cells.accept(field, given, actor)
        if new is not None:
            after[key] = new
        elif binding.field(key).required:
            raise cells.WrongValue(field=key, label=field.label, why=Text("请填写", "please fill this in"))
    check_own_fields(definition, {k: cells.kept(f, before) for k, f in known.items()}, after, actor, row.region_code)
    return after


@transaction.atomic
def confirm_row(*, register: str, ref: str, actor: Actor, note: str = "") -> RegisterRow:
    """Confirm a line for the period that runs (核对). Raises NotFound, NotPermitted, MoveRefused, NotConfirmed, CheckedAbove,
    ConfirmerMayNotBeWriter."""
    row = get_row(register, ref, actor, lock=True)
    actor.require(ROW.move(row.state, "confirm").right, row)
    definition = definition_of(row.register)
    if not definition.confirm:
        raise NotConfirmed()
    check_confirmer(row, definition, actor)
    now = timezone.now()
    row.confirmed_at, row.confirmed_by = now, actor.id
    row.confirmed_until = deadlines.confirmed_until(definition.confirm, now)
    row.save(update_fields=["confirmed_at", "confirmed_by", "confirmed_until"])
    settle(row, definition, actor=actor, move="confirm", before=row.values, note=note)
    indicators.changed(row.register.code, definition)
    return row


def check_confirmer(row: RegisterRow, definition: Definition, actor: Actor) -> None:
    """Raise CheckedAbove or ConfirmerMayNotBeWriter unless the actor may confirm the line."""
    if actor.is_system or not definition.checker:
        return
    grants = [g for g in actor.with_right(CONFIRM) if g.covers(row)]
    wanted = codes.LEVELS.index(definition.checker)
    if not any(codes.LEVELS.index(codes.level(g.region)) <= wanted for g in grants):
        raise CheckedAbove(right=LEVELS[definition.checker])
    if row.changed_by is not None and row.changed_by == actor.id:
        raise ConfirmerMayNotBeWriter()


def confirm_rows(*, register: str, refs: Sequence[str], actor: Actor) -> tuple[int, Counter[str]]:
    """Confirm several lines. Returns how many were, and why the others were not, by the words of the refusal."""
    done, refused = 0, Counter[str]()
    for ref in list(dict.fromkeys(refs))[:MOST_ROWS_CONFIRMED]:
        try:
            confirm_row(register=register, ref=ref, actor=actor)
            done += 1
        except (Invalid, Conflict, NotPermitted) as error:
            refused[str(error.message)] += 1
    return done, refused


@transaction.atomic
def retire_row(*, register: str, ref: str, reason: str, actor: Actor) -> RegisterRow:
    """Take a line out of the register; it stays readable. Raises NotFound, NotPermitted, MoveRefused, Invalid."""
    return _moved(register, ref, "retire", reason, actor)


@transaction.atomic
def restore_row(*, register: str, ref: str, reason: str, actor: Actor) -> RegisterRow:
    """Bring a retired line back. Raises NotFound, NotPermitted, MoveRefused, AlreadyThere, Invalid."""
    return _moved(register, ref, "restore", reason, actor)


def _moved(register: str, ref: str, name: str, reason: str, actor: Actor) -> RegisterRow:
    if not reason.strip():
        raise Invalid(Text("请写明理由。", "Say why."), field="reason")
    row = get_row(register, ref, actor, lock=True)
    move = ROW.move(row.state, name)
    actor.require(move.right, row)
    definition = usable(row.register)
    if move.target == RowState.STANDING:
        _not_twice(row, definition)
    row.state = move.target
    row.retired_at = timezone.now() if move.target == RowState.RETIRED else None
    row.changed_at, row.changed_by = timezone.now(), actor.id
    row.save(update_fields=["state", "retired_at", "changed_at", "changed_by"])
    settle(row, definition, actor=actor, move=name, before=row.values, note=reason.strip())
    indicators.changed(row.register.code, definition)
    return row
