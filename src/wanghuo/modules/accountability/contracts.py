"""The facts that accountability tells others through the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from wanghuo.kernel.outbox import Event


@dataclass(frozen=True)
class OrderAccepted(Event):
    """The evidence of a monthly order was accepted."""

    kind: ClassVar[str] = "accountability.order_accepted"
    order_id: UUID
    ref: str
    region_code: str
    month: str
    at: datetime


@dataclass(frozen=True)
class TourScored(Event):
    """A tour was scored."""

    kind: ClassVar[str] = "accountability.tour_scored"
    tour_id: UUID
    ref: str
    region_code: str
    score: float
    at: datetime


@dataclass(frozen=True)
class TablePublished(Event):
    """A ranking table was published; its measures are proposed."""

    kind: ClassVar[str] = "accountability.table_published"
    table_id: UUID
    ref: str
    region_code: str
    month: str
    sha256: str
    at: datetime


@dataclass(frozen=True)
class MeetingHeld(Event):
    """A meeting was held."""

    kind: ClassVar[str] = "accountability.meeting_held"
    meeting_id: UUID
    ref: str
    region_code: str
    meeting_kind: str
    at: datetime


@dataclass(frozen=True)
class AssessmentFinal(Event):
    """The result of an assessment is final."""

    kind: ClassVar[str] = "accountability.assessment_final"
    assessment_id: UUID
    ref: str
    region_code: str
    scheme: str
    year: int
    score: float
    grade: str
