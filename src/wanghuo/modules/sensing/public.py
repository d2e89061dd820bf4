"""What other modules may ask of sensing. Functions without an actor are for the inside of a process (listeners,
clocks): what they
return must go through `visible_to` of the caller's own rows before a person sees it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.db.models import Case, F, QuerySet, SmallIntegerField, Sum, Value, When
from django.db.models.functions import Mod
from django.utils import timezone

from wanghuo.base import NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.loops.refs import numbered
from wanghuo.modules.places import public as places
from wanghuo.modules.places.contracts import Contact
from wanghuo.modules.sensing import contracts, league, selectors
from wanghuo.modules.sensing.commands import send_command
from wanghuo.modules.sensing.dead import dead_frames
from wanghuo.modules.sensing.journals import open_reader
from wanghuo.modules.sensing.messages import GB26875
from wanghuo.modules.sensing.models import DeadFrame, Device, GatewayCounter, GatewayReport, IngestPosition, RegionHour
from wanghuo.modules.sensing.services import register_device
from wanghuo.modules.sensing.states import DEVICE, IN_SERVICE, DeviceState
from wanghuo.modules.sensing.tables import begins

__all__ = [
    "HourMeasure",
    "connected_unit_ids",
    "count_false_alarm",
    "device",
    "device_by_source",
    "device_card",
    "devices_by_ids",
    "devices_of_unit",
    "gateway_health",
    "hours_of_day",
    "map_rows",
    "register_device",
    "search",
    "send_command",
    "still_off_line",
    "visible_devices",
]

SILENT_AFTER = timedelta(seconds=30)
CHINA_AHEAD_H = 8  # of UTC, without summer time since 1991
HourMeasure = Literal["messages", "readings", "alarms", "devices"]
LOW_DISK_BYTES = 512 * 1024 * 1024
MAP_LEVELS = {
    DeviceState.OFFLINE: 3,
    DeviceState.FAULT: 3,
    DeviceState.LOW_BATTERY: 2,
    DeviceState.LATE: 1,
    DeviceState.MUTED: 1,
    DeviceState.MAINTENANCE: 1,
}


def device(device_id: UUID) -> contracts.Device:
    """A device, without an access check. Raises NotFound."""
    row = Device.objects.filter(pk=device_id).first()
    if row is None:
        raise NotFound(what=DEVICE.what, ref=device_id)
    return selectors.as_contract(row)


def device_by_source(source: str, protocol: str = GB26875) -> contracts.Device | None:
    """The device with this address (six wire bytes in hex, or its name in another protocol), without an access check."""
    row = Device.objects.filter(protocol=protocol, source=source.lower() if protocol == GB26875 else source).first()
    return selectors.as_contract(row) if row else None


def devices_by_ids(ids: Iterable[UUID]) -> dict[UUID, contracts.Device]:
    """Devices by key, without an access check."""
    return {row.id: selectors.as_contract(row) for row in Device.objects.filter(pk__in=set(ids))}


def still_off_line(ids: Iterable[UUID | str]) -> dict[UUID, str]:
    """Which of these devices are off line now, with their references. Locked: until the caller's transaction ends none
    comes back."""
    rows = Device.objects.select_for_update().filter(pk__in=list(ids), state=DeviceState.OFFLINE).order_by("pk")
    return dict(rows.values_list("pk", "ref"))


def devices_of_unit(unit_id: UUID, actor: Actor) -> list[contracts.Device]:
    """The devices of a unit that the actor may see, by reference."""
    return [
        selectors.as_contract(row) for row in Device.objects.visible_to(actor).filter(unit_id=unit_id).order_by("ref")
    ]


def visible_devices(actor: Actor) -> QuerySet[Device]:
    """The devices in service that the actor may see, as rows: for maps, counts and lists of upper modules (read
    only)."""
    return Device.objects.visible_to(actor).filter(state__in=IN_SERVICE)


def map_rows(actor: Actor) -> QuerySet[Device]:
    """The devices in service with a place that the actor may see; `level`: how bad their state is, 0 to 3 (read
    only)."""
    steps = [When(state=state, then=Value(level)) for state, level in MAP_LEVELS.items()]
    rows = visible_devices(actor).filter(lng__isnull=False, lat__isnull=False)
    return rows.annotate(level=Case(*steps, default=Value(0), output_field=SmallIntegerField()))


def search(text: str, *, actor: Actor, limit: int = 8) -> list[contracts.Device]:
    """Devices whose reference or wire address (hex) is `text`, or begins with it (four characters at least)."""
    wanted = text.strip()
    if len(wanted) < 4:
        return []
    rows = Device.objects.visible_to(actor)
    found = [*rows.filter(ref__in=numbered("SB", wanted, actor))[:limit]]
    if not found:
        found = [*rows.filter(begins(wanted)).order_by("ref")[:limit]]
    return [selectors.as_contract(row) for row in found]


def hours_of_day(
    divisions: Iterable[str], start: datetime, end: datetime, measure: HourMeasure, actor: Actor
) -> dict[tuple[str, int], int]:
    """By division and hour of the day in China (0 to 23), the sum of a measure from `start` until before `end`, for the
    divisions whose figures the actor sees (`RegionHour` says what is counted). Where nothing came there is no entry."""
    rows = RegionHour.objects.visible_to(actor).filter(
        region_code__in=list(divisions),
        hour__gte=int(start.timestamp()) // 3600,
        hour__lt=-int(-end.timestamp() // 3600),
    )
    sums = rows.annotate(of_day=Mod(F("hour") + CHINA_AHEAD_H, 24)).values_list("region_code", "of_day")
    return {(code, int(of_day)): n for code, of_day, n in sums.annotate(n=Sum(measure)).order_by()}


def count_false_alarm(device_id: UUID, at: datetime) -> None:
    """An alarm of this device, raised or judged at `at`, was judged false: it counts in the league of makers and installers."""
    group = Device.objects.filter(pk=device_id).values_list("region_code", "maker", "installer").first()
    if group is not None:
        league.add(local_day(at), group, false_alarms=1)


def connected_unit_ids() -> QuerySet[Device, Any]:
    """The units that have a device in service, as a subquery of their keys."""
    return Device.objects.filter(state__in=IN_SERVICE, unit__isnull=False).values("unit_id")


def device_card(device_id: UUID) -> contracts.DeviceCard:
    """Everything an operator needs beside an alarm, without an access check. Raises NotFound."""
    found = Device.objects.select_related("unit", "building").filter(pk=device_id).first()
    if found is None:
        raise NotFound(what=DEVICE.what, ref=device_id)
    unit, building = found.unit, found.building
    people: tuple[Contact, ...] = places.contacts(unit.id, system_actor("ingest")) if unit else ()
    views = selectors.components_of([found.id]).get(found.id, [])
    return contracts.DeviceCard(
        device=selectors.as_contract(found),
        unit_ref=unit.ref if unit else "",
        unit_name=unit.name if unit else "",
        unit_address=unit.address if unit else "",
        building_name=building.name if building else "",
        floor=found.floor,
        location=found.location,
        contacts=people,
        active=tuple(view for view in views if view.conditions),
    )


def gateway_health() -> contracts.GatewayHealth:
    """How receiving goes. `problems` is empty when silence may be trusted."""
    live = GatewayReport.objects.filter(stopped=False).order_by("-reported_at")
    now = timezone.now()
    running = [row for row in live if now - row.reported_at <= SILENT_AFTER]
    newest = GatewayReport.objects.order_by("-reported_at").first()
    position = IngestPosition.objects.filter(pk=1).first()
    reader = open_reader(settings.JOURNAL)
    lag = reader.lag(position.events_through if position else 0)
    free = shutil.disk_usage(settings.HOME).free
    health = contracts.GatewayHealth(
        reported_at=newest.reported_at if newest else None,
        ingest_at=position.through_at if position else None,
        links=sum(row.links for row in running),
        lag=lag,
        counters=dict(GatewayCounter.objects.order_by("kind").values_list("kind", "total")),
        free_bytes=free,
        journal_bytes=reader.size_bytes(),
        problems=tuple(_problems(bool(running), lag, free, dead_frames())),
    )
    reader.close()
    return health


def _problems(running: bool, lag: int, free: int, dead: Sequence[DeadFrame]) -> Iterable[Text]:
    if free < LOW_DISK_BYTES:
        yield Text(
            "磁盘剩余 {mb} MB，写满后将停止确认报文。", "{mb} MB of disk left; once full, no frame is confirmed."
        ).filled({"mb": free // 2**20})
    if not running and lag < 100:
        yield Text(
            "接收服务超过 30 秒没有报告：没有报警不等于平安。",
            "No gateway has reported for more than 30 s: no alarms does not mean that all is well.",
        )
    if lag >= 100:
        yield Text("有 {n} 批报文尚未处理，报警可能延迟。", "{n} batches wait to be read; alarms may be late.").filled(
            {"n": lag}
        )
    if dead:
        yield Text(
            "{n} 条记录无法处理，已保留待查（最新 {ref}：{error}）；用 wanghuo journal dead 查看。",
            "{n} records could not be taken in and are kept (the newest, {ref}: {error}); see `wanghuo journal dead`.",
        ).filled({"n": len(dead), "ref": dead[0].ref, "error": dead[0].error[:120]})
