"""What the public reads of a register: fields meant for it, with anything that looks like personal data left out."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import QuerySet

from wanghuo.base import NotFound, Text
from wanghuo.kernel.ledgers.models import Register, RegisterRow
from wanghuo.kernel.ledgers.registers import selecting
from wanghuo.kernel.ledgers.registers import values as cells
from wanghuo.kernel.ledgers.registers.schema import Definition, Field
from wanghuo.kernel.ledgers.registers.tables import column
from wanghuo.kernel.ledgers.states import REGISTER, RowState
from wanghuo.kernel.ui.lists import Column, Empty, ListPage

_PERSONAL = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx]|0\d{2,3}-?\d{7,8})(?!\d)")
WITHHELD = Text("（不公开）", "(withheld)")


def published(code: str) -> tuple[Definition, QuerySet[RegisterRow]]:
    """A register that shows something to everyone, and its lines that stand and, where they are confirmed, are. Raises
    NotFound."""
    book = Register.objects.in_use().filter(code=code).first()
    definition = selecting.definition_of(book) if book else None
    if book is None or definition is None or not definition.public_fields:
        raise NotFound(what=REGISTER.what, ref=code)
    listed = RegisterRow.objects.filter(register=book, state=RowState.STANDING)
    return definition, listed.exclude(selecting.unconfirmed()) if definition.confirm else listed


def public_list(definition: Definition) -> ListPage:
    """The public list of a register."""
    return ListPage(
        title=definition.title,
        what=Text("条", "lines"),
        columns=tuple(_public_column(f, definition) for f in definition.public_fields),
        empty=Empty(Text("暂无公开内容。", "Nothing is published yet.")),
        template="ledgers/public.html",
    )


def _public_column(field: Field, definition: Definition) -> Column:
    if field.kind not in ("text", "long"):
        return column(field, definition)

    def value(row: Any) -> Any:
        found = cells.kept(field, row.values)
        return WITHHELD if found and looks_personal(str(found)) else cells.words(field, found)

    return Column(field.key, field.label, value=value)


def looks_personal(text: str) -> bool:
    """Whether a text holds a telephone number or an identity number."""
    return bool(_PERSONAL.search(text))
