"""What others may hold of an alarm, and the facts they may hear of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from wanghuo.kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as other modules see it."""

    id: UUID
    ref: str
    kind: str
    priority: int
    state: str
    place: str
    url: str
    region_code: str
    lng: float | None
    lat: float | None
    received_at: datetime


@dataclass(frozen=True)
class AlarmRaised(Event):
    """An alarm stands on the console."""

    kind: ClassVar[str] = "alarms.alarm_raised"
    alarm_id: UUID
    ref: str
    region_code: str
    alarm_kind: str
    priority: int


@dataclass(frozen=True)
class AlarmMoved(Event):
    """Somebody (or a restored signal) moved an alarm."""

    kind: ClassVar[str] = "alarms.alarm_moved"
    alarm_id: UUID
    ref: str
    region_code: str
    move: str
    source: str
    target: str
    at: datetime


@dataclass(frozen=True)
class FireConfirmed(Event):
    """A person confirmed a fire; it is to be handed on within three seconds (GB 50440, N2)."""

    kind: ClassVar[str] = "alarms.fire_confirmed"
    alarm_id: UUID
    ref: str
    region_code: str
    unit_id: UUID | None
    place: str
    at: datetime
