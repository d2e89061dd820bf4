"""Changes as the events others hear."""

from __future__ import annotations

from typing import Any

from wanghuo.modules.sensing import contracts
from wanghuo.modules.sensing.contracts import TRUSTS
from wanghuo.modules.sensing.fold import Change
from wanghuo.modules.sensing.known import Part
from wanghuo.modules.sensing.models import Device
from wanghuo.modules.sensing.observe import key_text
from wanghuo.modules.sensing.store import instant


def place_of(row: Device) -> dict[str, Any]:
    """Where a device stands, as fields of an event."""
    return {
        "device_id": row.id,
        "device_ref": row.ref,
        "region_code": row.region_code,
        "sector": row.sector,
        "unit_id": row.unit_id,
        "building_id": row.building_id,
        "floor": row.floor,
        "location": row.location,
    }


def reporter_of(part: Part | None) -> dict[str, Any]:
    """Who reports under a device, as fields of an event."""
    key: tuple[int | None, ...] = part.key if part else ()
    system_type, system_address, kind, address = (*key, None, None, None, None)[:4]
    return {
        "component_id": part.id if part else None,
        "component_key": key_text(part.key) if part else "",
        "system_type": system_type,
        "system_address": system_address,
        "component_type": kind,
        "component_address": address,
    }


def raised_event(change: Change) -> contracts.SignalRaised:
    """A raised condition as others see it. The component's own location wins over the device's."""
    place = place_of(change.device.row)
    if change.part and change.part.location:
        place["location"] = change.part.location
    return contracts.SignalRaised(
        signal_id=change.signal_id,
        condition=change.condition,
        at=instant(change.at_s),
        received_at=instant(change.moment.received_s),
        frame_ref=change.moment.ref,
        trust=TRUSTS[change.moment.trust],
        stale=change.moment.stale,
        test=bool(change.detail.get("test")),
        value=change.detail.get("value"),
        **place,
        **reporter_of(change.part),
    )


def cleared_event(change: Change) -> contracts.SignalCleared:
    """A cleared condition as others see it."""
    row = change.device.row
    return contracts.SignalCleared(
        signal_id=change.signal_id,
        device_id=row.id,
        device_ref=row.ref,
        condition=change.condition,
        at=instant(change.at_s),
        received_at=instant(change.moment.received_s),
        frame_ref=change.moment.ref,
        why=change.detail["why"],
        region_code=row.region_code,
        unit_id=row.unit_id,
        component_id=change.part.id if change.part else None,
        component_key=key_text(change.part.key) if change.part else "",
    )
