"""The frame around every move of an alarm: the row, its line, the audit entry, the event, the consoles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.loops import close_duties, write_move
from wanghuo.kernel.outbox import emit
from wanghuo.modules.alarms.contracts import AlarmMoved
from wanghuo.modules.alarms.live import show
from wanghuo.modules.alarms.models import Alarm, AlarmPoint
from wanghuo.modules.alarms.services.notes import add_line
from wanghuo.modules.alarms.states import ALARM

KEPT_FALSE = 12
ENDS_ASKING = ("confirm", "false", "test", "deny")


def move_alarm(
    alarm: Alarm,
    name: str,
    *,
    actor: Actor,
    changed: Mapping[str, Any] | None = None,
    text: str = "",
    at: datetime | None = None,
) -> Alarm:
    """Move a locked alarm: the row, its line, the audit entry, the event, the consoles."""
    move = ALARM.move(alarm.state, name)
    now = at or timezone.now()
    values = dict(changed or {})
    if alarm.taken_at is None and not actor.is_system:
        values |= {"taken_at": now, "taken_by": actor.id}
    cause = values.get("cause", alarm.cause)
    told = {"cause": cause} if cause else {}
    source = write_move(alarm, move, "alarms:alarm", actor=actor, changed=values, after=told)
    add_line(alarm, name, actor=actor, at=now, text=text)
    emit(
        AlarmMoved(
            alarm_id=alarm.id,
            ref=alarm.ref,
            region_code=alarm.region_code,
            move=name,
            source=source,
            target=str(move.target),
            at=now,
        )
    )
    if name in ENDS_ASKING:
        close_duties("alarm", alarm.id, by=actor)
    show(alarm, "changed")
    return alarm


def remember(alarm: Alarm, *, false: bool) -> None:
    """Note in the past of the point that it was false, or that it burnt there: then the next alarm is believed."""
    if alarm.device_id is None:
        return
    known = {"device_id": alarm.device_id, "component_key": alarm.component_key, "condition": alarm.condition}
    point = AlarmPoint.objects.select_for_update().filter(**known).first() or AlarmPoint(**known)
    point.false_at = [*point.false_at, timezone.now().timestamp()][-KEPT_FALSE:] if false else []
    point.save()
