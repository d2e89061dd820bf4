"""Signals and alarms for tests of this and upper modules."""

from __future__ import annotations

from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.modules.alarms.models import Alarm
from wanghuo.modules.alarms.states import AlarmState
from wanghuo.modules.places.testing import TOWN
from wanghuo.modules.sensing.contracts import SignalRaised


class AlarmFactory(DjangoModelFactory[Alarm]):
    """A single fire alarm in 普宁市, without a device."""

    class Meta:
        model = Alarm

    ref = factory.Sequence(lambda n: f"BJ-445281-2026-{90000 + n:05d}")
    kind = "fire"
    condition = "fire"
    priority = 2
    state = AlarmState.NEW
    place = "滨江商贸城 3 层走廊"
    raised_at = factory.LazyFunction(timezone.now)
    received_at = factory.SelfAttribute("raised_at")
    last_at = factory.SelfAttribute("raised_at")
    shown_at = factory.SelfAttribute("raised_at")
    region_code = TOWN

    @classmethod
    def _create(cls, model_class: type[Alarm], *args: Any, **kwargs: Any) -> Alarm:
        unit = kwargs.get("unit")
        alarm = model_class(**kwargs)
        columns = scope_columns(alarm.region_code, sector=unit.sector if unit else "", unit=unit.id if unit else None)
        for name, value in columns.items():
            setattr(alarm, name, value)
        alarm.save(force_insert=True)
        return alarm


def signal(device: Any, condition: str = "fire", key: str = "1.1.42.1", **changed: Any) -> SignalRaised:
    """A signal from a device of the register."""
    now = timezone.now()
    known: dict[str, Any] = {
        "signal_id": new_id(),
        "device_id": device.id,
        "device_ref": device.ref,
        "condition": condition,
        "at": now,
        "received_at": now,
        "frame_ref": "1:0",
        "trust": "network",
        "stale": False,
        "test": False,
        "region_code": device.region_code,
        "sector": device.sector,
        "unit_id": device.unit_id,
        "building_id": device.building_id,
        "floor": "3",
        "location": "3 层走廊",
        "component_id": None,
        "component_key": key,
        "system_type": 1,
        "system_address": 1,
        "component_type": 42,
        "component_address": 1,
        "value": None,
    }
    return SignalRaised(**{**known, **changed})
