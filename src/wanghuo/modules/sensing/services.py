"""Writes to the register: one function, one act of the field. What devices send never comes through here (see
`store`)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.loops import next_ref
from wanghuo.kernel.outbox import emit
from wanghuo.modules.places import public as places
from wanghuo.modules.sensing import contracts, coverage, lifetimes, outages, selectors
from wanghuo.modules.sensing.messages import GB26875
from wanghuo.modules.sensing.models import LOOK_NOW, Component, Device, Outage, QuarantinedDevice
from wanghuo.modules.sensing.profiles import profiles
from wanghuo.modules.sensing.states import DEVICE
from wanghuo.modules.sensing.transitions import listened, settle_now
from wanghuo.modules.sensing.way_kinds import PROTOCOLS

EDIT = "sensing.edit"
FIELDS = (
    *("profile", "maker", "model", "floor", "location", "lng", "lat", "networks", "installer", "installed_on"),
    *("iccid", "sim_until", "battery_on", "battery_until", "life_until", "household"),
)
LONGEST_MUTE, LONGEST_MAINTENANCE = timedelta(days=7), timedelta(days=90)
_SOURCE, _NAME = re.compile(r"[0-9a-f]{12}"), re.compile(r"[A-Za-z0-9._:\-]{1,64}")


class SourceTaken(Invalid):
    """The address is registered already."""

    code = "sensing.source_taken"
    text = Text("设备地址 {source} 已登记为 {ref}。", "The address {source} is registered already, as {ref}.")


class SourceNeedsChecking(Invalid):
    """The address clashes with a device the actor may not see; its existence is not told beyond that."""

    code = "sensing.source_needs_checking"
    text = Text("这个设备地址需要由上级机构核对。", "This device address needs checking by your office.")


def clean_source(written: str, protocol: str = GB26875) -> str:
    """A device address as kept: twelve hex digits in wire order, where a decimal number counts as the little-endian integer
    that makers print; with another protocol its name there (IMEI, platform id, MQTT user). Raises Invalid."""
    if protocol not in PROTOCOLS:
        raise Invalid(Text("没有这种接入协议。", "There is no such protocol."), field="protocol")
    if protocol != GB26875:
        return _clean_name(written)
    text = re.sub(r"[\s:\-]", "", written).lower()
    if text.isdecimal() and len(text) != 12 and int(text) < 1 << 48:
        return int(text).to_bytes(6, "little").hex()
    if not _SOURCE.fullmatch(text):
        raise Invalid(
            Text(
                "设备地址应为 12 位十六进制（按线上顺序）或十进制编号。",
                "The address must be twelve hex digits in wire order, or the decimal number of the device.",
            ),
            field="source",
        )
    return text


def _clean_name(written: str) -> str:
    name = written.strip()
    if not _NAME.fullmatch(name):
        raise Invalid(
            Text(
                "设备标识为 1 至 64 个字母、数字或 . _ : - 。",
                "A device's name has 1 to 64 letters, digits or . _ : - characters.",
            ),
            field="source",
        )
    return name


def clean_networks(blocks: Sequence[str]) -> list[str]:
    """Address blocks as kept, such as 10.1.0.0/16. Raises Invalid."""
    try:
        return [str(ipaddress.ip_network(block.strip(), strict=False)) for block in blocks if block.strip()]
    except ValueError:
        raise Invalid(
            Text("可信网络应写作 10.1.0.0/16 这样的网段。", "Networks are written like 10.1.0.0/16."), field="networks"
        ) from None


def clean(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a device that `given` names, checked. Raises Invalid."""
    found = {name: given[name] for name in FIELDS if given.get(name) is not None}
    if "profile" in found and found["profile"] not in profiles():
        raise Invalid(Text("没有这种设备配置。", "There is no such profile."), field="profile")
    if "networks" in found:
        found["networks"] = clean_networks(found["networks"])
    if found.get("iccid"):
        found["iccid"] = lifetimes.clean_iccid(found["iccid"])
    return found


def new_device(
    *,
    source: str,
    region_code: str,
    sector: str,
    unit_id: UUID | None,
    building_id: UUID | None,
    actor: Actor,
    protocol: str = GB26875,
    **given: Any,
) -> Device:
    """A device that is not saved yet, in a place where the actor may register it. It stands where its unit stands."""
    device = Device(protocol=protocol, source=clean_source(source, protocol), **clean(given))
    if unit_id is not None:
        unit = places.get_unit(unit_id, actor)
        region_code, sector = unit.region_code, unit.sector
        device.unit_id = unit.id
        if device.lng is None:
            device.lng, device.lat = unit.lng, unit.lat
    if building_id is not None:
        device.building_id = places.get_building(building_id, actor).id
    device.place(region_code, sector=sector, unit=device.unit_id)
    actor.require(EDIT, device)
    coverage.check_household(device.household, actor)
    lifetimes.fill_in(device)
    return device


def refuse_clash(protocol: str, source: str, actor: Actor) -> None:
    """Raise SourceTaken or SourceNeedsChecking when the address is registered."""
    other = Device.objects.filter(protocol=protocol, source=source).first()
    if other is None:
        return
    if Device.objects.visible_to(actor).filter(pk=other.pk).exists():
        raise SourceTaken(field="source", source=source, ref=other.ref)
    raise SourceNeedsChecking(field="source")


@transaction.atomic
def register_device(
    *,
    source: str,
    actor: Actor,
    region_code: str = "",
    sector: str = "",
    unit_id: UUID | None = None,
    building_id: UUID | None = None,
    **given: Any,
) -> contracts.Device:
    """Register a device; if it waited in quarantine, it leaves it. Its next frame acts.

    Raises NotFound (unit or building out of scope), NotPermitted, SourceTaken, SourceNeedsChecking, Invalid; then
    writes nothing.
    """
    device = new_device(
        source=source,
        region_code=region_code or actor.home,
        sector=sector,
        unit_id=unit_id,
        building_id=building_id,
        actor=actor,
        **given,
    )
    refuse_clash(device.protocol, device.source, actor)
    device.ref = next_ref("SB", device.region_code, local_day(timezone.now()).year)
    device.save(force_insert=True)
    QuarantinedDevice.objects.filter(protocol=device.protocol, source=device.source).delete()
    audit.record(actor, "sensing:device:register", device.ref, region=device.region_code, after=_shown(device))
    _tell(device, "register")
    return selectors.as_contract(device)


@transaction.atomic
def change_device(*, ref: str, changed_at: datetime | None = None, actor: Actor, **given: Any) -> contracts.Device:
    """Change fields of a device; `unit_id` and `building_id` move it. `changed_at`: what the editor saw, Conflict
    when it is older.

    Raises NotFound, NotPermitted, Conflict, Invalid.
    """
    device = selectors.get_device(ref, actor=actor, lock=True)
    actor.require(EDIT, device)
    if changed_at is not None and abs((device.changed_at - changed_at).total_seconds()) > 0.001:
        raise Conflict(what=DEVICE.what)
    before = _shown(device)
    for name, value in clean(given).items():
        setattr(device, name, value)
    if given.get("household"):
        coverage.check_household(device.household, actor)
    lifetimes.fill_in(device)
    device.check_at = LOOK_NOW  # another profile has another window
    if given.get("unit_id"):
        unit = places.get_unit(given["unit_id"], actor)
        device.unit_id = unit.id
        device.place(unit.region_code, sector=unit.sector, unit=unit.id)
        actor.require(EDIT, device)
    if given.get("building_id"):
        device.building_id = places.get_building(given["building_id"], actor).id
    own = ("last_seen_at", "last_frame_ref", "clock_offset_s", "state", "faulty", "standby_low", "down_serial")
    device.save(
        update_fields=[f.attname for f in Device._meta.concrete_fields if not f.primary_key and f.name not in own]
    )
    after = _shown(device)
    changed = {name for name in after if before.get(name) != after[name]}
    audit.record(
        actor,
        "sensing:device:change",
        device.ref,
        region=device.region_code,
        before={n: v for n, v in before.items() if n in changed},
        after={n: v for n, v in after.items() if n in changed},
    )
    _tell(device, "change")
    return selectors.as_contract(device)


@transaction.atomic
def move_device(
    *, ref: str, move: str, reason: str, actor: Actor, start: datetime | None = None, until: datetime | None = None
) -> contracts.Device:
    """Start or end maintenance, retire, return to service. `start`, `until`: of a maintenance (now, and until it is ended).

    Raises NotFound, NotPermitted, MoveRefused, Invalid.
    """
    device = selectors.get_device(ref, actor=actor, lock=True)
    arrow = DEVICE.move(device.state, move)
    actor.require(arrow.right, device)
    if not reason.strip():
        raise Invalid(Text("请写明原因。", "Say why."), field="reason")
    before = device.state
    _maintenance(device, move, start, until)
    if move in ("retire", "return"):
        device.state = arrow.target
    device.save(update_fields=["state", "maintenance_from", "maintenance_until", "changed_at"])
    settle_now([device.pk])
    if move == "retire":
        outages.end(Outage.objects.filter(device=device, ended_at=None), timezone.now(), void=True)
    if move == "return":
        outages.returned(device, timezone.now())
    device.refresh_from_db(fields=["state", "check_at"])
    after = {"state": str(device.state), "reason": reason.strip()[:200], "until": until.isoformat() if until else ""}
    audit.record(
        actor, f"sensing:device:{move}", device.ref, region=device.region_code, before={"state": before}, after=after
    )
    _tell(device, move)
    return selectors.as_contract(device)


def _maintenance(device: Device, move: str, start: datetime | None, until: datetime | None) -> None:
    """Set or end the maintenance of a device; it lasts as long as said, else until it is ended."""
    # what is judged is judged as of the journal, which may be some seconds behind
    now, as_of = timezone.now(), listened()[0]
    if move == "resume":
        device.maintenance_from, device.maintenance_until = device.maintenance_from or as_of, min(now, as_of)
    if move != "maintain":
        return
    begins = start or now
    if begins < now - timedelta(minutes=1):
        raise Invalid(Text("开始时间不能早于现在。", "It cannot begin in the past."), field="start")
    if until is not None and not begins < until <= begins + LONGEST_MAINTENANCE:
        raise Invalid(
            Text("结束时间须晚于开始时间，最长 90 天。", "It must end after it begins, within 90 days."), field="until"
        )
    device.maintenance_from, device.maintenance_until = min(begins, as_of) if start is None else begins, until


@transaction.atomic
def mute_device(*, ref: str, hours: float, reason: str, actor: Actor) -> contracts.Device:
    """Keep a device's signals from becoming alarms for so many hours (0 ends it; at most 7 days). Fire is never muted.

    Raises NotFound, NotPermitted, Invalid.
    """
    device = selectors.get_device(ref, actor=actor, lock=True)
    actor.require(EDIT, device)
    if not 0 <= hours <= LONGEST_MUTE.total_seconds() / 3600 or (hours and not reason.strip()):
        raise Invalid(Text("静默最长 7 天，并须写明原因。", "At most 7 days, and say why."), field="hours")
    device.muted_until = timezone.now() + timedelta(hours=hours) if hours else None
    device.save(update_fields=["muted_until", "changed_at"])
    settle_now([device.pk])
    device.refresh_from_db(fields=["state", "check_at"])
    until = device.muted_until.isoformat() if device.muted_until else ""
    after = {"until": until, "reason": reason.strip()[:200]}
    audit.record(actor, "sensing:device:mute", device.ref, region=device.region_code, after=after)
    _tell(device, "mute")
    return selectors.as_contract(device)


@transaction.atomic
def name_component(*, ref: str, key: str, location: str, actor: Actor) -> None:
    """Say where a component is; from then on this stands against what the device says ("" gives that way again)."""
    device = selectors.get_device(ref, actor=actor, lock=True)
    actor.require(EDIT, device)
    part = Component.objects.select_for_update().filter(device=device, key=key).first()
    if part is None:
        raise NotFound(what=Text("部件", "component"), ref=key)
    before, part.location, part.location_given = part.location, location.strip()[:120], bool(location.strip())
    part.save(update_fields=["location", "location_given"])
    device.save(update_fields=["changed_at"])  # ingest looks at devices that changed
    audit.record(
        actor,
        "sensing:component:name",
        f"{device.ref} {key}",
        region=device.region_code,
        before={"location": before},
        after={"location": part.location},
    )


@transaction.atomic
def ignore_quarantined(*, source: str, reason: str, actor: Actor) -> None:
    """Put an unknown device aside; its frames are still kept, confirmed and counted. Raises NotFound, NotPermitted,
    Invalid."""
    actor.require(EDIT)
    row = selectors.get_quarantined(source, actor=actor, lock=True)
    if not reason.strip():
        raise Invalid(Text("请写明原因。", "Say why."), field="reason")
    row.ignored, row.ignored_why = True, reason.strip()[:200]
    row.save(update_fields=["ignored", "ignored_why"])
    audit.record(actor, "sensing:quarantine:ignore", source, after={"reason": row.ignored_why})


def _shown(device: Device) -> dict[str, Any]:
    """A device for the audit log: texts and integers only."""
    shown = {name: getattr(device, name) for name in ("protocol", "source", "region_code", "sector", *FIELDS)}
    shown |= {"unit": device.unit_id, "building": device.building_id}
    return {name: str(value) for name, value in shown.items() if value not in (None, "", [])}


def _tell(device: Device, act: str) -> None:
    emit(contracts.DeviceChanged(device.id, device.ref, device.region_code, device.unit_id, act))
