"""Reads of registers and their rows. Out of scope and absent look the same."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.ledgers.models import Register, RegisterRow, RegisterVersion
from wanghuo.kernel.ledgers.registers import schema
from wanghuo.kernel.ledgers.registers.presets import presets
from wanghuo.kernel.ledgers.registers.schema import Definition
from wanghuo.kernel.ledgers.states import REGISTER, ROW, RegisterState, RowState
from wanghuo.kernel.loops import Subject

SUBJECT_KIND = "register_row"
VIEW, EDIT, CONFIRM, DEFINE = "ledgers.view", "ledgers.edit", "ledgers.confirm", "ledgers.define"
WHAT = Text("台账行", "register line")
_read: dict[tuple[Any, int], Definition] = {}


def register_codes() -> list[str]:
    """The codes of every register there is or could be: those of the tables and the presets."""
    return sorted({*Register.objects.in_use().values_list("code", flat=True), *presets()})


def get_register(code: str, actor: Actor, *, lock: bool = False) -> Register:
    """The register with this code. Raises NotFound, also for a preset that nobody uses yet."""
    rows = Register.objects.visible_to(actor)
    found = (rows.select_for_update() if lock else rows).filter(code=code).first()
    if found is None:
        raise NotFound(what=REGISTER.what, ref=code)
    return found


def definition_of(register: Register, version: int | None = None) -> Definition:
    """The published definition (or an earlier version's); an unpublished register's draft. Raises NotFound."""
    number = register.version if version is None else version
    if not number:
        return schema.read(register.draft or {})
    key = (register.id, number)
    if key not in _read:
        row = RegisterVersion.objects.filter(register=register, number=number).first()
        if row is None:
            raise NotFound(what=Text("台账版本", "version of the register"), ref=number)
        if len(_read) > 500:
            _read.clear()
        _read[key] = schema.read(row.definition)
    return _read[key]


def rows_of(register: Register, actor: Actor) -> QuerySet[Any]:
    """The rows of a register that the actor may see, with the register at hand."""
    # fetched apart: joined in, a table of one row leads SQLite to read every line and to sort them
    return RegisterRow.objects.visible_to(actor).filter(register=register).prefetch_related("register")


def get_row(register: str, ref: str, actor: Actor, *, lock: bool = False) -> RegisterRow:
    """One line. Raises NotFound, also when it lies outside the actor's scope or in another register."""
    rows = RegisterRow.objects.visible_to(actor).select_related("register")
    if lock:
        rows = rows.select_for_update(of=("self",))
    found: RegisterRow | None = rows.filter(register__code=register, ref=ref).first()
    if found is None:
        raise NotFound(what=WHAT, ref=ref)
    return found


def subject_of(row: RegisterRow) -> Subject:
    """The line as duties, clocks and files know it."""
    return Subject.of(row, SUBJECT_KIND, Text(row.register.title_zh[:60], row.register.title_en[:60]))


def standing() -> Q:
    """Rows that have not been retired."""
    return Q(state=RowState.STANDING)


def unconfirmed() -> Q:
    """Standing rows whose confirmation has lapsed; to be asked only of registers that are confirmed at all."""
    lapsed = Q(confirmed_until__isnull=True) | Q(confirmed_until__lte=timezone.now())
    return standing() & lapsed


def overdue() -> Q:
    """Standing rows past their deadline and not done."""
    return standing() & Q(due_at__lt=timezone.now(), met_at__isnull=True)


def is_unconfirmed(row: RegisterRow, definition: Definition) -> bool:
    """Whether a line is 待核: its register asks for confirmation and this period's is missing."""
    if not definition.confirm or row.state == RowState.RETIRED:
        return False
    return row.confirmed_until is None or row.confirmed_until <= timezone.now()


__all__ = [
    "ROW",
    "RegisterState",
    "definition_of",
    "get_register",
    "get_row",
    "register_codes",
    "rows_of",
    "subject_of",
]
