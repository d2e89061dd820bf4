"""What places hears of itself: its measures are to be counted anew."""

from __future__ import annotations

from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.outbox import listen
from wanghuo.modules.places import contracts
from wanghuo.modules.places.indicators import CODES


@listen(contracts.UnitChanged)
def on_change(event: contracts.UnitChanged) -> None:
    """A unit changed."""
    for code in CODES:
        mark_dirty(code)


@listen(contracts.UnitsImported)
def on_import(event: contracts.UnitsImported) -> None:
    """A batch of units came in."""
    for code in CODES:
        mark_dirty(code)
