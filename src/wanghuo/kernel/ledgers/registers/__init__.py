"""Registers (台账): a list that a paper asks for is configured, not programmed.

What others call; names are loaded on first use, because tables can only be imported once Django is ready.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wanghuo.kernel.ledgers.registers.counting import measures
    from wanghuo.kernel.ledgers.registers.defining import ensure_presets
    from wanghuo.kernel.ledgers.registers.indicators import measure_of
    from wanghuo.kernel.ledgers.registers.referring import provide_referred
    from wanghuo.kernel.ledgers.registers.rows import add_row, change_row, confirm_row, get_row, restore_row, retire_row
    from wanghuo.kernel.ledgers.registers.selecting import get_register, register_codes

_HOME = {
    "add_row": "rows",
    "change_row": "rows",
    "confirm_row": "rows",
    "get_row": "rows",
    "retire_row": "rows",
    "restore_row": "rows",
    "ensure_presets": "defining",
    "get_register": "selecting",
    "register_codes": "selecting",
    "measure_of": "indicators",
    "measures": "counting",
    "provide_referred": "referring",
}
__all__ = [
    "add_row",
    "change_row",
    "confirm_row",
    "ensure_presets",
    "get_register",
    "get_row",
    "measure_of",
    "measures",
    "provide_referred",
    "register_codes",
    "restore_row",
    "retire_row",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
