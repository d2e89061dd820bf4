"""What the public reads of a register: fields meant for it, with anything that looks like personal data left out."""

from __future__ import annotations

import re
from typing import Any

from wanghuo.base import Text
from wanghuo.kernel.ledgers.registers import values as cells
from wanghuo.kernel.ledgers.registers.schema import Definition, Field
from wanghuo.kernel.ledgers.registers.tables import column
from wanghuo.kernel.ui.lists import Column, Empty, ListPage

_PERSONAL = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx]|0\d{2,3}-?\d{7,8})(?!\d)")
WITHHELD = Text("（不公开）", "(withheld)")


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
