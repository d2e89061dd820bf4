"""Reads: the one way to load a device, and rows as contracts."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from wanghuo.base import NotFound, Text
from wanghuo.engines.codecs.gb26875.tables import component_type_name, system_type_name
from wanghuo.kernel.access.actor import Actor
from wanghuo.modules.sensing import contracts
from wanghuo.modules.sensing.messages import GB26875
from wanghuo.modules.sensing.models import Component, Device, QuarantinedDevice
from wanghuo.modules.sensing.states import DEVICE

QUARANTINED = Text("未登记设备", "unknown device")
ITSELF = Text("传输装置本身", "the device itself")


def get_device(ref: str, *, actor: Actor, lock: bool = False) -> Device:
    """A device by its reference. Out of the actor's scope and absent look the same: not found."""
    rows = Device.objects.visible_to(actor)
    try:
        found: Device = (rows.select_for_update(of=("self",)) if lock else rows).get(ref=ref)
    except Device.DoesNotExist:
        raise NotFound(what=DEVICE.what, ref=ref) from None
    return found


def get_quarantined(source: str, *, actor: Actor, lock: bool = False) -> QuarantinedDevice:
    """An unknown device by its address in hex, or by "protocol:name"."""
    rows = QuarantinedDevice.objects.visible_to(actor)
    protocol, colon, name = source.partition(":")
    found = {"protocol": protocol, "source": name} if colon else {"protocol": GB26875, "source": source}
    try:
        return (rows.select_for_update() if lock else rows).get(**found)
    except QuarantinedDevice.DoesNotExist:
        raise NotFound(what=QUARANTINED, ref=source) from None


def as_contract(row: Device) -> contracts.Device:
    """A device as others see it."""
    place = contracts.Place(
        region_code=row.region_code,
        sector=row.sector,
        unit_id=row.unit_id,
        building_id=row.building_id,
        floor=row.floor,
        location=row.location,
        lng=row.lng,
        lat=row.lat,
    )
    return contracts.Device(
        row.id, row.ref, row.source, row.protocol, row.profile, row.state, place, row.last_seen_at, row.maker
    )


def part_name(row: Component) -> Text:
    """What a reporter is called: its component type, its system, or the device itself."""
    if row.type is not None:
        return component_type_name(row.type)
    return system_type_name(row.system_type) if row.system_type is not None else ITSELF


def component_view(row: Component) -> contracts.ComponentView:
    """A component as others see it; conditions in the order of contracts.CONDITIONS."""
    standing = tuple(c for c in contracts.CONDITIONS if c in row.active)
    return contracts.ComponentView(
        id=row.id,
        key=row.key,
        type=row.type,
        type_name=part_name(row),
        system_type=row.system_type if row.system_type is not None else 0,
        address=row.address,
        location=row.location,
        conditions=standing,
        word=row.word,
        since=row.since,
    )


def components_of(device_ids: Iterable[UUID]) -> dict[UUID, list[contracts.ComponentView]]:
    """The components of some devices: those that report something first, then by key."""
    found: dict[UUID, list[contracts.ComponentView]] = {}
    for row in Component.objects.filter(device_id__in=list(device_ids)).order_by("key"):
        found.setdefault(row.device_id, []).append(component_view(row))
    for views in found.values():
        views.sort(key=lambda view: (not view.conditions, view.key == "uitd", view.key))
    return found
