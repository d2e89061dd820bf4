"""The facts that loops tell others through the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from wanghuo.kernel.outbox import Event


@dataclass(frozen=True)
class ClockMissed(Event):
    """A clock ran out, or stayed out until the next rung of the ladder.

    `rung`: the rung just reached (remind, urge, interview, list); `level`: its number from 1; `first`: whether it is
    the first one.
    """

    kind: ClassVar[str] = "loops.clock_missed"

    clock_id: UUID
    subject_kind: str
    subject_id: UUID
    ref: str
    rule: str
    rung: str
    level: int
    first: bool
    region_code: str
    due_at: datetime
    at: datetime
