"""Named measures computed from records, for every region and period: declare one with `register(Indicator(…))`.

Names that need tables are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import Indicator, Part, indicator, indicators, register, register_source

if TYPE_CHECKING:
    from wanghuo.kernel.indicators.binding import matches
    from wanghuo.kernel.indicators.measuring import compute
    from wanghuo.kernel.indicators.progressing import progress
    from wanghuo.kernel.indicators.reporting import define_reported, report_value, review_value
    from wanghuo.kernel.indicators.stored import mark_dirty, refresh, refresh_dirty
    from wanghuo.kernel.indicators.targets import set_target, withdraw_targets

_HOME = {
    "compute": "measuring",
    "define_reported": "reporting",
    "mark_dirty": "stored",
    "matches": "binding",
    "progress": "progressing",
    "refresh": "stored",
    "refresh_dirty": "stored",
    "report_value": "reporting",
    "review_value": "reporting",
    "set_target": "targets",
    "withdraw_targets": "targets",
}
__all__ = [
    "Indicator",
    "Part",
    "Period",
    "compute",
    "define_reported",
    "indicator",
    "indicators",
    "mark_dirty",
    "matches",
    "progress",
    "refresh",
    "refresh_dirty",
    "register",
    "register_source",
    "report_value",
    "review_value",
    "set_target",
    "withdraw_targets",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
