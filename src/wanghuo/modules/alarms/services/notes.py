"""Lines on an alarm's time line."""

from __future__ import annotations

from datetime import datetime

from wanghuo.kernel.access.actor import Actor
from wanghuo.modules.alarms.models import Alarm, AlarmNote


def add_line(alarm: Alarm, act: str, *, actor: Actor, at: datetime, text: str = "") -> AlarmNote:
    """Add a line; `act` is a move of the state table or one of raise, again, lift, cleared, note, call, escalate."""
    return AlarmNote.objects.create(
        alarm=alarm,
        at=at,
        by_kind="machine" if actor.is_system else "person",
        by_id=actor.id,
        by_name=actor.name,
        act=act,
        text=text[:500],
    )
