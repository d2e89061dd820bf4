"""Reads: the one way to load a device, and rows as contracts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from wanghuo.base import NotFound, Text
from wanghuo.engines.codecs.gb26875.tables import component_type_name, system_type_name
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.loops.models import Clock
from wanghuo.modules.sensing import contracts
from wanghuo.modules.sensing.messages import GB26875
from wanghuo.modules.sensing.models import Component, Device, Outage, QuarantinedDevice
from wanghuo.modules.sensing.outages import MEND_RULE, SUBJECT
from wanghuo.modules.sensing.states import DEVICE, IN_SERVICE

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


def keys_where(condition: Q) -> QuerySet[Any]:
    """The keys of the devices that meet a condition, for a list that is narrowed to what a person may see in its own way."""
    return Device.objects.filter(condition).values("pk")


def lasting(outages: QuerySet[Outage]) -> QuerySet[Outage]:
    """Those of some outages that last, each with its device and the rung its clock has reached (`rung`)."""
    clocks = Clock.objects.filter(subject_kind=SUBJECT, subject_id=OuterRef("pk"), rule=MEND_RULE, ended_at=None)
    return (
        outages.filter(ended_at=None)
        .select_related("device", "device__unit")
        .annotate(rung=Subquery(clocks.values("rung")[:1]))
    )


def connection_is(value: str) -> Q:
    """Of a unit: connected ("heard"), connected with nothing heard now ("silent"), or not at all ("missing")."""
    devices = Device.objects.filter(unit_id=OuterRef("pk"), state__in=IN_SERVICE)
    there, heard = Q(Exists(devices)), Q(Exists(devices.exclude(state__in=("offline", "maintenance"))))
    return {"missing": ~there, "silent": there & ~heard, "heard": heard}[value]


def connections(units: QuerySet[Any]) -> QuerySet[Any]:
    """Units with how many devices they have in service (`devices`) and how they are connected (`connection`)."""
    of_unit = Device.objects.filter(unit_id=OuterRef("pk"), state__in=IN_SERVICE).order_by().values("unit_id")
    return units.annotate(
        devices=Coalesce(Subquery(of_unit.annotate(n=Count("pk")).values("n")), 0),
        connection=Case(
            When(connection_is("heard"), then=Value("heard")),
            When(connection_is("silent"), then=Value("silent")),
            default=Value("missing"),
            output_field=CharField(),
        ),
    )
