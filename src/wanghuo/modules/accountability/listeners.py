"""What facts cause here: measures are out of date, and what became of a paper stands on the time line of its record."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.outbox import listen
from wanghuo.kernel.papers import PaperReplied, PaperServed, ReplyAccepted
from wanghuo.modules.accountability.contracts import OrderAccepted, TourScored
from wanghuo.modules.accountability.indicators import ORDERS_ON_TIME, TOUR_SCORE
from wanghuo.modules.accountability.models import Record
from wanghuo.modules.accountability.services.frame import add_step


@listen(OrderAccepted)
def on_order_accepted(event: OrderAccepted) -> None:
    """An accepted order moves its indicator."""
    mark_dirty(ORDERS_ON_TIME)


@listen(TourScored)
def on_tour_scored(event: TourScored) -> None:
    """So does a scored tour."""
    mark_dirty(TOUR_SCORE)


@listen(PaperServed)
def on_served(event: PaperServed) -> None:
    """The paper of a record was served: it stands on the record's time line."""
    _told(event.about_kind, event.about_id, "served", event.ref, event.at)


@listen(PaperReplied)
def on_replied(event: PaperReplied) -> None:
    """An addressee answered it."""
    _told(event.about_kind, event.about_id, "replied", event.ref, event.at)


@listen(ReplyAccepted)
def on_reply_accepted(event: ReplyAccepted) -> None:
    """And the answer was accepted."""
    _told(event.about_kind, event.about_id, "reply_accepted", event.ref, event.at)


def _told(kind: str, key: UUID | None, move: str, paper: str, at: datetime) -> None:
    model = next((m for m in Record.__subclasses__() if kind == m.KIND), None)
    row = model.objects.filter(pk=key).first() if model is not None and key is not None else None
    if row is not None:
        add_step(row, move, actor=system_actor("worker"), note=paper, at=at)
