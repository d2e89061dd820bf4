"""What facts cause here: the measures of accountability are out of date."""

from __future__ import annotations

from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.outbox import listen
from wanghuo.modules.accountability.contracts import OrderAccepted, TourScored
from wanghuo.modules.accountability.indicators import ORDERS_ON_TIME, TOUR_SCORE


@listen(OrderAccepted)
def on_order_accepted(event: OrderAccepted) -> None:
    """An accepted order moves its indicator."""
    mark_dirty(ORDERS_ON_TIME)


@listen(TourScored)
def on_tour_scored(event: TourScored) -> None:
    """So does a scored tour."""
    mark_dirty(TOUR_SCORE)
