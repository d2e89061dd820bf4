"""How long what devices sent is kept: by class, from params/sensing/retention.toml."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib import resources

from django.conf import settings
from django.utils import timezone

from wanghuo.modules.sensing.journals import open_writer
from wanghuo.modules.sensing.models import RegionHour, SensorEvent
from wanghuo.modules.sensing.reading_stores import open_store
from wanghuo.modules.sensing.store import position

CLASSES = ("journal", "readings", "state_events", "hours")
CHUNK = 2000


@cache
def kept_days() -> Mapping[str, float]:
    """Days by class. Raises ValueError when the data names other classes, or no days."""
    text = (resources.files("wanghuo.params") / "sensing" / "retention.toml").read_text("utf-8")
    days = {name: float(value) for name, value in tomllib.loads(text).items()}
    if set(days) != set(CLASSES) or min(days.values()) <= 0:
        raise ValueError(f"retention.toml must give days for {', '.join(CLASSES)}")
    return days


def prune(*, days: float | None = None) -> int:
    """Delete batches of the journal older than `days` that ingest has taken in; gives how many."""
    writer = open_writer(settings.JOURNAL, "prune")
    try:
        kept = timedelta(days=kept_days()["journal"] if days is None else days)
        before_us = int((time.time() - kept.total_seconds()) * 1e6)
        row = position()
        return writer.prune(before_us=before_us, through=min(row.events_through, row.state_through))
    finally:
        writer.close()


def forget(now: datetime | None = None) -> dict[str, int]:
    """Delete readings, state events and counts beyond their time; gives the rows of each class."""
    now = now or timezone.now()
    before = {name: now - timedelta(days=days) for name, days in kept_days().items()}
    hour = int(before["hours"].timestamp()) // 3600
    return {
        "readings": open_store(settings.JOURNAL).forget(int(before["readings"].timestamp())),
        "state_events": _forget_events(before["state_events"]),
        "hours": RegionHour.objects.filter(hour__lt=hour).delete()[0],
    }


def _forget_events(before: datetime) -> int:
    """By their ids, which begin with the time: no index over the times is needed."""
    first = f"{int(before.timestamp() * 1000):012x}".ljust(32, "0")
    old = SensorEvent.objects.filter(id__lt=first).exclude(condition="fire").order_by("id")
    deleted = 0
    while ids := list(old.values_list("pk", flat=True)[:CHUNK]):
        deleted += SensorEvent.objects.filter(pk__in=ids).delete()[0]
    return deleted


def merge() -> int:
    """Merge small pieces of the history, as far as ingest's position stands; gives how many new ones were made."""
    return open_store(settings.JOURNAL).merge(position().state_through)
