"""Rows past the ORM are the rows that the ORM writes."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from wanghuo.base import ids
from wanghuo.modules.sensing import bulk
from wanghuo.modules.sensing.models import Outage, SensorEvent
from wanghuo.modules.sensing.testing import DeviceFactory

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_a_row_past_the_orm_is_the_row_of_the_orm() -> None:
    device = DeviceFactory()
    bulk.insert(SensorEvent, {"device_id": [device.pk]}, what="offline", at=NOW, received_at=NOW)
    SensorEvent.objects.create(device=device, what="offline", at=NOW, received_at=NOW)
    mine, theirs = SensorEvent.objects.order_by("id").values()
    assert mine.pop("id") < theirs.pop("id")
    assert mine == theirs


@pytest.mark.django_db
def test_what_stands_already_is_passed_over_only_when_asked() -> None:
    device = DeviceFactory()
    columns = {"device_id": [device.pk, device.pk], "kind": ["offline", "fault"]}
    place = {"region_code": device.region_code, "since": NOW, "found_at": NOW}
    for _ in range(2):
        bulk.insert(Outage, columns, once=True, **place)
    assert sorted(Outage.objects.values_list("kind", flat=True)) == ["fault", "offline"]
    bulk.insert(Outage, {"device_id": []}, kind="fault", **place)
    assert Outage.objects.count() == 2


def test_ids_rise_whether_made_one_by_one_or_together(monkeypatch) -> None:
    frozen = time.time_ns()
    monkeypatch.setattr(ids.time, "time_ns", lambda: frozen)
    found = [ids.new_id(), *ids.new_ids(1000), ids.new_id(), *ids.new_ids(3)]
    assert found == sorted(set(found))
    assert {id.version for id in found} == {7}
    assert ids.new_ids(0) == []
