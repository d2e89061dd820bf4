"""Supervision: who has gone silent, and how the devices did each day. Run by the clock (jobs.py)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from wanghuo.base.time import local_day
from wanghuo.kernel.indicators import mark_dirty
from wanghuo.kernel.outbox import emit
from wanghuo.modules.sensing import contracts
from wanghuo.modules.sensing.models import Device, DeviceDay, IngestPosition, SensorEvent
from wanghuo.modules.sensing.profiles import profile, profiles
from wanghuo.modules.sensing.states import HEARD, LATE_AFTER, OFFLINE_AFTER, DeviceState, Facts, decide, silence_s

SETTLING = timedelta(minutes=5)  # devices reconnect and report within a few heartbeats
LOOK_EVERY = timedelta(minutes=55)  # one look an hour, with room for a late clock
CHUNK = 500


def judge_silence() -> int:
    """Move devices that kept silent to late or off line; gives how many moved.

    Judged as of the receive time up to which the journal has been read, never as of now: when ingest is behind, or no
    gateway
    listens, nobody is called silent for it.
    """
    position = IngestPosition.objects.filter(pk=1).first()
    if position is None or position.through_at is None:
        return 0
    through, since = position.through_at, position.listening_since
    moved = 0
    for code, kind in profiles().items():
        late_s, gone_s = LATE_AFTER * kind.heartbeat_s, OFFLINE_AFTER * kind.heartbeat_s
        if since is not None and (through - since).total_seconds() <= late_s:
            continue
        rows = Device.objects.filter(profile=code, state__in=HEARD)
        late = Q(last_seen_at__lt=through - timedelta(seconds=late_s)) & ~Q(state=DeviceState.LATE)
        gone = Q(last_seen_at__lt=through - timedelta(seconds=gone_s))
        ids = list(rows.filter(late | gone | Q(last_seen_at=None)).values_list("pk", flat=True))
        for start in range(0, len(ids), CHUNK):
            moved += _judge(ids[start : start + CHUNK], through, since)
    return moved


@transaction.atomic
def _judge(ids: Sequence[UUID], through: datetime, since: datetime | None) -> int:
    moved = 0
    for device in Device.objects.select_for_update().filter(pk__in=ids, state__in=HEARD):
        facts = Facts(
            retired=False,
            maintenance=False,
            silent_s=silence_s(device.last_seen_at, through, since),
            heartbeat_s=profile(device.profile).heartbeat_s,
            faulty=device.faulty,
            standby_low=device.standby_low,
            muted=bool(device.muted_until and device.muted_until > through),
        )
        state = decide(facts)
        if state == device.state:
            continue
        device.state = state
        device.save(update_fields=["state"])
        moved += 1
        if state == DeviceState.OFFLINE:
            _tell_offline(device, through)
    return moved


def _tell_offline(device: Device, at: datetime) -> None:
    SensorEvent.objects.create(device=device, what="offline", at=at, received_at=at)
    emit(
        contracts.DeviceOffline(
            device_id=device.id,
            device_ref=device.ref,
            region_code=device.region_code,
            unit_id=device.unit_id,
            last_seen_at=device.last_seen_at or at,
            at=at,
        )
    )


@transaction.atomic
def look(now: datetime | None = None) -> int:
    """Add one look at all devices to today's row of each lowest region; gives the regions written. Once an hour.

    No look is taken while nobody listens, has only just begun to, or ingest stands still: what we did not see is missing, not
    off line.
    """
    now = now or timezone.now()
    position = IngestPosition.objects.select_for_update().filter(pk=1).first()
    if position is None or position.through_at is None or now - position.through_at > timedelta(minutes=2):
        return 0
    if position.listening_since is not None and now - position.listening_since < SETTLING:
        return 0
    day = local_day(now)
    if DeviceDay.objects.filter(day=day, last_look_at__gt=now - LOOK_EVERY).exists():
        return 0
    service = ~Q(state__in=[DeviceState.RETIRED, DeviceState.MAINTENANCE])
    counts = (
        Device.objects.filter(service)
        .values("region_code")
        .annotate(all=Count("pk"), heard=Count("pk", filter=Q(state__in=HEARD)))
        .order_by()
    )
    written = 0
    for row in counts:
        made, _ = DeviceDay.objects.get_or_create(
            day=day, region_code=row["region_code"], defaults={"last_look_at": now}
        )
        DeviceDay.objects.filter(pk=made.pk).update(
            expected=F("expected") + row["all"],
            reporting=F("reporting") + row["heard"],
            looks=F("looks") + 1,
            last_look_at=now,
        )
        written += 1
    mark_dirty("sensing.online_rate")
    return written
