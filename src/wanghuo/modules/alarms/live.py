"""What the console hears about an alarm, in the transaction that changed it."""

from __future__ import annotations

from wanghuo.kernel.notify import live
from wanghuo.modules.alarms.models import Alarm

CHANNEL = "alarms"


def show(alarm: Alarm, what: str) -> None:
    """Tell every console that may see it: `what` is raised, again or changed."""
    live.publish(
        CHANNEL,
        what,
        region_code=alarm.region_code,
        sector=alarm.sector,
        scope_unit=alarm.scope_unit,
        view_right=Alarm.VIEW_RIGHT,
        payload={
            "ref": alarm.ref,
            "kind": str(alarm.kind),
            "priority": alarm.priority,
            "state": str(alarm.state),
            "place": alarm.place,
            "presumed": int(alarm.presumed),
            "received_at": alarm.received_at.isoformat(),
        },
    )
