"""Registers for tests of this and upper parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.ledgers.models import Register, RegisterRow
from wanghuo.kernel.ledgers.registers import defining, rows
from wanghuo.kernel.regions import codes

NAME_ONLY: Mapping[str, Any] = {
    "title": ["测试台账", "A register"],
    "has_place": True,
    "field": [{"key": "name", "label": ["名称", "Name"], "kind": "text", "required": True}],
}


def make_register(
    code: str, definition: Mapping[str, Any] = NAME_ONLY, *, region: str = codes.COUNTRY, actor: Any = None
) -> Register:
    """A published register; of the whole deployment unless a region is given."""
    who = actor or system_actor("test")
    defining.create_register(code=code, definition=definition, region=region, actor=who)
    return defining.publish(code=code, actor=who)


def make_row(register: str, *, region: str, actor: Any = None, **values: Any) -> RegisterRow:
    """A line of a register or preset."""
    return rows.add_row(register=register, values=values, region=region, actor=actor or system_actor("test"))
