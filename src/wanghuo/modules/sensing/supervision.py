"""Supervision: who has gone silent, and how the devices did each day. Run by the clock (jobs.py)."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from wanghuo.base.time import local_day
from wanghuo.engines.supervision import Listening
from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.jobs.periodic import each
from wanghuo.modules.sensing import league, transitions
from wanghuo.modules.sensing.models import LOOK_NOW, Device, DeviceDay, IngestPosition
from wanghuo.modules.sensing.states import DEAD, HEARD, DeviceState
from wanghuo.modules.sensing.transitions import instant, us

log = logging.getLogger(__name__)
SETTLING = timedelta(minutes=5)  # devices reconnect and report within a few heartbeats
LOOK_EVERY = timedelta(minutes=55)  # one look an hour, with room for a late clock
PAUSE = timedelta(minutes=2)


def judge_silence(for_s: float | None = None) -> int:
    """Judge every device whose moment has come (`check_at`); gives how many moved.

    Judged as of the receive time up to which the journal has been read and stored, never as of now: when ingest is behind, or no
    gateway listens, nobody is called silent for it. A device that was heard in the meantime gets a later moment and nothing
    else. In chunks of a transaction each; `for_s`: begin none after so many seconds, and go on at the next call.
    """
    position = IngestPosition.objects.filter(pk=1).first()
    if position is None or position.through_at is None:
        return 0
    at, since = transitions.listened(position)
    began, moved, failed = time.monotonic(), 0, set[UUID]()
    while for_s is None or time.monotonic() - began < for_s:
        due = Device.objects.filter(check_at__lte=at).exclude(pk__in=failed).order_by("check_at")
        if not due.exists():  # looking takes no lock
            break
        chunk = due.values("pk")[: transitions.CHUNK]
        try:
            moved += transitions.settle(chunk, at=at, since=since)
        except Exception as error:
            ids = list(chunk.values_list("pk", flat=True))
            log.warning("%d devices cannot be judged together (%s); each is tried alone", len(ids), error)
            alone = each(ids, lambda id: transitions.settle([id], at=at, since=since))
            moved += sum(alone.done)
            failed |= set(alone.failed)
    return moved


def report(position: IngestPosition, at: datetime) -> None:
    """A gateway reported at `at`: how far we have listened, and since when. `position` is locked, and saved by the caller.

    When the clock was put back, what it stamped while it was ahead is taken for now, and everyone is looked at again.
    """
    before = Listening(us(position.through_at), us(position.listening_since))
    if before.put_back(us(at)):
        Device.objects.filter(last_seen_at__gt=at).update(last_seen_at=at)
        Device.objects.filter(check_at__gt=at).update(check_at=LOOK_NOW)
        Device.objects.filter(changed_at__gt=at).update(changed_at=at)
        position.heard_through_at = None
    after = before.report(us(at))
    position.through_at, position.listening_since = instant(after.through_us), instant(after.since_us)


def look(now: datetime | None = None) -> int:
    """Add one look at all devices to today's rows, by lowest region, maker and installer; gives the rows written. Once an hour.

    No look is taken while nobody listens, has only just begun to, or ingest stands still: what we did not see is missing, not
    off line. Counting a million devices takes seconds, so nobody is kept waiting for it: rows are locked only to be written.
    """
    now = now or timezone.now()
    if not _may_look(IngestPosition.objects.filter(pk=1).first(), now):
        return 0
    counts = list(
        Device.objects.exclude(state__in=[DeviceState.RETIRED, DeviceState.MAINTENANCE])
        .values("region_code", "maker", "installer")
        .annotate(
            all=Count("pk"),
            heard=Count("pk", filter=Q(state__in=HEARD)),
            dead=Count("pk", filter=Q(state__in=DEAD)),
        )
        .order_by()
    )
    with transaction.atomic():
        if not _may_look(IngestPosition.objects.select_for_update().filter(pk=1).first(), now):
            return 0  # another worker looked meanwhile
        for row in counts:
            league.add(
                local_day(now),
                (row["region_code"], row["maker"], row["installer"]),
                looked_at=now,
                expected=row["all"],
                reporting=row["heard"],
                dead=row["dead"],
                looks=1,
            )
        mark_dirty("sensing.online_rate")
    return len(counts)


def _may_look(position: IngestPosition | None, now: datetime) -> bool:
    if position is None or position.through_at is None or now - position.through_at > PAUSE:
        return False
    if position.listening_since is not None and now - position.listening_since < SETTLING:
        return False
    return not DeviceDay.objects.filter(day=local_day(now), last_look_at__gt=now - LOOK_EVERY).exists()
