"""What others may hold of a hazard, and the facts they may hear of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from wanghuo.kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class Hazard:
    """A hazard as other modules see it."""

    id: UUID
    ref: str
    state: str
    url: str
    region_code: str


@dataclass(frozen=True)
class HazardReported(Event):
    """A hazard was reported, by a person or by a machine."""

    kind: ClassVar[str] = "hazards.hazard_reported"
    hazard_id: UUID
    ref: str
    region_code: str
    channel: str
    source_kind: str
    source_ref: str


@dataclass(frozen=True)
class HazardMoved(Event):
    """A hazard went from one state to another."""

    kind: ClassVar[str] = "hazards.hazard_moved"
    hazard_id: UUID
    ref: str
    region_code: str
    move: str
    source: str
    target: str
    at: datetime


@dataclass(frozen=True)
class HazardListed(Event):
    """A government listed a hazard for supervision, or took it off its list."""

    kind: ClassVar[str] = "hazards.hazard_listed"
    hazard_id: UUID
    ref: str
    region_code: str
    level: str
    listed: bool
