"""What the process of the ways in reports, written down: counts and troubles of each way, messages that could not be read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F

from wanghuo.modules.sensing.models import GatewayCounter, Way


def ways_report(known: dict[str, Any], at: datetime) -> None:
    """Counts since the last report: of the process, and of each way by its code. A way that was deleted meanwhile is none."""
    for kind, more in known.get("counters", {}).items():
        if more:
            GatewayCounter.add(kind, more, at)
    for code, said in known.get("ways", {}).items():
        changes: dict[str, Any] = {
            "messages": F("messages") + int(said.get("messages", 0)),
            "refused": F("refused") + int(said.get("refused", 0)),
        }
        if said.get("messages"):
            changes["last_at"] = at
        if said.get("error"):
            changes |= {"last_error": str(said["error"])[:300], "last_error_at": at}
        Way.objects.filter(code=code).update(**changes)


def message_taken(code: str, ref: str) -> None:
    """Remember a way's newest record, to show it as a sample."""
    Way.objects.filter(code=code).update(last_ref=ref)


def undecoded(known: dict[str, Any], ref: str, at: datetime) -> None:
    """A message could not be read: its way says why, and its record is the one to look at."""
    GatewayCounter.add("undecoded", max(1, int(known.get("count", 1))), at)
    said = f"{known['error']} ({known['protocol']} {known['address']})".strip()
    Way.objects.filter(code=known["topic"].partition("/")[0]).update(
        last_error=said[:300], last_error_at=at, last_ref=ref
    )
