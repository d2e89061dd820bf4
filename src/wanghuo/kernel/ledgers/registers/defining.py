"""Setting registers up: a draft, its publication as version N, presets taken up, a definition from a table's headings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.lookups import IsNull
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, NotFound, Text
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.ledgers.models import Register, RegisterRow, RegisterUse, RegisterVersion
from wanghuo.kernel.ledgers.passes import Place
from wanghuo.kernel.ledgers.registers import schema
from wanghuo.kernel.ledgers.registers.presets import presets
from wanghuo.kernel.ledgers.registers.schema import Definition
from wanghuo.kernel.ledgers.registers.selecting import DEFINE, definition_of, get_register
from wanghuo.kernel.ledgers.states import REGISTER, RegisterState
from wanghuo.kernel.regions import codes

BATCH = 500
WIDENS = {
    ("text", "long"), ("int", "float"), ("int", "money"), ("int", "percent"), ("float", "money"), ("float", "percent"),
    ("money", "float"), ("percent", "float"), ("choice", "text"),
}  # fmt: skip
"""Kinds that a field may turn into while rows hold values of it."""


class CodeTaken(Conflict):
    """Another register has the code."""

    code = "ledgers.code_taken"
    text = Text("代码 {code} 已被使用，请换一个。", "The code {code} is taken; choose another.")


class KindChanged(Invalid):
    """A field cannot change its kind while rows hold values of the old one."""

    code = "ledgers.kind_changed"
    text = Text(
        "“{label}”已有数据，不能从{old}改成{new}；请另设字段。",
        "“{label}” has values, so it cannot turn from {old} into {new}; make another field.",
    )


class NothingToPublish(Conflict):
    """There is no draft."""

    code = "ledgers.nothing_to_publish"
    text = Text("没有待发布的修改。", "There is no change to publish.")


@transaction.atomic
def create_register(*, code: str, definition: Mapping[str, Any], region: str, actor: Actor) -> Register:
    """Begin a register of one's own as a draft. Raises NotPermitted, CodeTaken, BadDefinition."""
    actor.require(DEFINE, Place(region))
    schema.valid_code(code)
    if code in presets() or Register.objects.filter(code=code).exists():
        raise CodeTaken(field="code", code=code)
    read = schema.read(definition)
    now = timezone.now()
    book = Register(
        code=code, draft=read.as_json(), title_zh=read.title.zh, title_en=read.title.en, topic=read.topic,
        created_by=actor.id, created_at=now, changed_at=now,
    )  # fmt: skip
    book.place(region)
    book.save(force_insert=True)
    audit.record(actor, "ledgers:register:create", code, region=region, after={"title": read.title.zh})
    return book


def draft_of(book: Register) -> dict[str, Any]:
    """What the builder shows: the draft, or the published definition to begin one from."""
    return dict(book.draft) if book.draft is not None else definition_of(book).as_json()


@transaction.atomic
def save_draft(*, code: str, definition: Mapping[str, Any], actor: Actor) -> Register:
    """Keep the next version's draft. Raises NotFound, NotPermitted, BadDefinition."""
    book = get_register(code, actor, lock=True)
    actor.require(DEFINE, book)
    book.draft = schema.read(definition).as_json()
    book.save(update_fields=["draft"])
    audit.record(actor, "ledgers:register:draft", code, region=book.region_code, after={"version": book.version + 1})
    return book


@transaction.atomic
def drop_draft(*, code: str, actor: Actor) -> Register:
    """Give the draft up; the published version stands. Raises NotFound, NotPermitted, NothingToPublish."""
    book = get_register(code, actor, lock=True)
    actor.require(DEFINE, book)
    if book.draft is None or not book.version:
        raise NothingToPublish()
    book.draft = None
    book.save(update_fields=["draft"])
    audit.record(actor, "ledgers:register:drop", code, region=book.region_code)
    return book


@transaction.atomic
def publish(*, code: str, actor: Actor) -> Register:
    """Make the draft version N: lists, forms, imports and measures follow at once; rows keep what they hold, under renamed
    keys too. Raises NotFound, NotPermitted, MoveRefused, NothingToPublish, KindChanged, BadDefinition."""
    book = get_register(code, actor, lock=True)
    actor.require(REGISTER.move(book.state, "publish").right, book)
    if book.draft is None:
        raise NothingToPublish()
    _publish(book, schema.read(book.draft), actor)
    if book.region_code != codes.COUNTRY:
        _use(book, book.region_code, actor)
    return book


def _publish(book: Register, definition: Definition, actor: Actor) -> None:
    before = definition_of(book) if book.version else None
    if before is not None:
        _check_kinds(book, before, definition)
    now = timezone.now()
    book.version += 1
    RegisterVersion.objects.create(
        register=book, number=book.version, definition=definition.as_json(), published_by=actor.id, published_at=now
    )
    book.state, book.draft, book.changed_at = RegisterState.IN_USE, None, now
    book.title_zh, book.title_en, book.topic = definition.title.zh, definition.title.en, definition.topic
    book.save()
    if before is not None:
        _rederive(book, before, definition, actor)
    audit.record(
        actor, "ledgers:register:publish", book.code, region=book.region_code,
        after={"version": book.version, "fields": [f.key for f in definition.fields]},
    )  # fmt: skip
    from wanghuo.kernel.ledgers.registers import indicators

    indicators.changed(book.code, definition)


def _check_kinds(book: Register, before: Definition, after: Definition) -> None:
    """Raise KindChanged where rows hold values that the new kind could not read."""
    from wanghuo.kernel.ledgers.registers.counting import text_at

    old = {f.key: f for f in before.stored}
    for field in after.stored:
        earlier = next((old[k] for k in (field.key, *field.was) if k in old), None)
        if earlier is None or earlier.kind == field.kind or (earlier.kind, field.kind) in WIDENS:
            continue
        held = Q(IsNull(text_at(earlier.key), False))
        if RegisterRow.objects.filter(held, register=book).exists():
            kinds = schema.KINDS
            raise KindChanged(field=field.key, label=field.label, old=kinds[earlier.kind], new=kinds[field.kind])


def _rederive(book: Register, before: Definition, after: Definition, actor: Actor) -> None:
    """Bring the rows in step with a new version: renamed keys move, name, deadline and likeness are worked out anew."""
    from wanghuo.kernel.ledgers.registers import deadlines, rows

    if _drawn_from(before) == _drawn_from(after) and not any(f.was for f in after.fields):
        return
    moved = {old: f.key for f in after.fields for old in f.was}
    for row in RegisterRow.objects.filter(register=book).select_related("register").iterator(chunk_size=BATCH):
        row.register = book
        row.values = {moved.get(k, k): v for k, v in row.values.items()}
        rows.derive(row, after)
        row.save(update_fields=["values", "name", "due_at", "met_at", "likeness"])
        deadlines.expect(row, after, actor=actor)


def _drawn_from(d: Definition) -> tuple[Any, ...]:
    """The parts of a definition that the columns beside the values are drawn from."""
    return d.due, d.met, d.unique, d.name_field, [f.key for f in d.stored], d.title


@transaction.atomic
def move_register(*, code: str, move: str, actor: Actor) -> Register:
    """Archive a register or use it again. Raises NotFound, NotPermitted, MoveRefused."""
    book = get_register(code, actor, lock=True)
    found = REGISTER.move(book.state, move)
    actor.require(found.right, book)
    book.state, book.changed_at = found.target, timezone.now()
    book.save(update_fields=["state", "changed_at"])
    audit.record(actor, f"ledgers:register:{move}", code, region=book.region_code, after={"state": book.state})
    return book


# --- presets -------------------------------------------------------------------------------------------------------


@transaction.atomic
def use_register(*, code: str, region: str, actor: Actor) -> Register:
    """Keep a register in a region from now on; a preset is taken up. Raises NotFound, NotPermitted."""
    actor.require(DEFINE, Place(region))
    ensure_preset(code, actor=actor)
    book = get_register(code, actor)
    if _use(book, region, actor):
        audit.record(actor, "ledgers:register:use", code, region=region)
    return book


def _use(book: Register, region: str, actor: Actor) -> bool:
    known = {**scope_columns(region), "since": timezone.now(), "begun_by": actor.id}
    del known["region_code"]
    _, new = RegisterUse.objects.get_or_create(register=book, region_code=region, defaults=known)
    if new:
        Register.objects.filter(pk=book.pk).update(changed_at=timezone.now())
    return new


@transaction.atomic
def ensure_preset(code: str, *, actor: Actor) -> Register | None:
    """The register of a preset, made or brought to the packaged version where it lags behind; None for no preset.

    One that somebody here changed is left as it is.
    """
    preset = presets().get(code)
    if preset is None:
        return None
    book = Register.objects.select_for_update().filter(code=code).first()
    if book is not None and book.preset_version >= preset.version:
        return book
    process = system_actor(actor.via)
    if book is None:
        now = timezone.now()
        book = Register(
            code=code, preset=True, title_zh=preset.definition.title.zh, title_en=preset.definition.title.en,
            created_at=now, changed_at=now,
        )  # fmt: skip
        book.place(codes.COUNTRY)
        book.save(force_insert=True)
    elif not book.preset or book.versions.filter(published_by__isnull=False).exists():
        return book
    _publish(book, preset.definition, process)
    book.preset_version = preset.version
    book.save(update_fields=["preset_version"])
    return book


def ensure_presets(*, actor: Actor | None = None) -> int:
    """Make a register of every preset. Returns how many presets there are."""
    for code in presets():
        ensure_preset(code, actor=actor or system_actor("cli"))
    return len(presets())


# --- from a table --------------------------------------------------------------------------------------------------

_UNIT = re.compile(r"[（(]([^（()）]{1,8})[)）]\s*$")
_DATE_WORDS = ("日期", "时间", "期限")
_MONEY_WORDS = ("金额", "经费", "资金", "投资", "预算")
_LONG_WORDS = ("说明", "备注", "措施", "描述", "情况", "内容")


def from_headings(headings: Sequence[str], sample: Sequence[Sequence[str]] = ()) -> list[dict[str, Any]]:
    """Fields suggested by the headings of a table, and by the values below them."""
    found: list[dict[str, Any]] = []
    for i, heading in enumerate(headings[: schema.MOST_FIELDS]):
        unit = _UNIT.search(heading)
        label = _UNIT.sub("", heading).strip() or heading.strip()
        column = [row[i].strip() for row in sample if i < len(row) and row[i].strip()]
        field: dict[str, Any] = {"key": f"f{i + 1}", "label": [label, label], "kind": _guess(label, column)}
        if unit and field["kind"] in ("int", "float", "money"):
            field["unit"] = unit[1]
        if field["kind"] == "choice":
            field["choices"] = [[f"c{n}", word, word] for n, word in enumerate(dict.fromkeys(column), 1)]
        found.append(field)
    return found


def _guess(label: str, column: Sequence[str]) -> str:
    if column and set(column) <= {"是", "否", "有", "无"}:
        return "bool"
    if any(w in label for w in _DATE_WORDS) and (not column or all(_is_day(v) for v in column)):
        return "date"
    if column and all(re.fullmatch(r"[+-]?\d[\d,]*(\.\d+)?", v) for v in column):
        whole = all("." not in v for v in column)
        return "money" if any(w in label for w in _MONEY_WORDS) else "int" if whole else "float"
    if label in ("区划", "乡镇", "街道", "所属乡镇", "行政区划"):
        return "region"
    if len(column) >= 6 and len(set(column)) * 2 <= len(column) and len(set(column)) <= 8:
        return "choice"
    return "long" if any(w in label for w in _LONG_WORDS) else "text"


def _is_day(text: str) -> bool:
    match = re.match(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})", text)
    try:
        return bool(match and datetime(*(int(g) for g in match.groups())))  # type: ignore[arg-type, misc] # noqa: DTZ001
    except ValueError:
        return False


__all__ = ["NotFound", "create_register", "ensure_preset", "ensure_presets", "publish", "save_draft", "use_register"]
