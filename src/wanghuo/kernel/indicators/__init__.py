"""Named measures computed from records, for every region and period: declare one with `register(Indicator(…))`.

Names that need tables are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import Indicator, Part, indicator, indicators, register

if TYPE_CHECKING:
    from wanghuo.kernel.indicators.measuring import compute
    from wanghuo.kernel.indicators.stored import mark_dirty, refresh, refresh_dirty

_HOME = {"compute": "measuring", "mark_dirty": "stored", "refresh": "stored", "refresh_dirty": "stored"}
__all__ = [
    "Indicator",
    "Part",
    "Period",
    "compute",
    "indicator",
    "indicators",
    "mark_dirty",
    "refresh",
    "refresh_dirty",
    "register",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
