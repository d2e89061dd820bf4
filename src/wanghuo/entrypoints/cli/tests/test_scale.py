"""The scale loader writes what it was asked for, marks it as made up, and does the same again for the same seed."""

from __future__ import annotations

import pytest

from wanghuo.entrypoints.cli import scale
from wanghuo.entrypoints.cli.scale import Loader, NothingThere
from wanghuo.kernel.indicators.models import DirtyIndicator, IndicatorValue
from wanghuo.kernel.ledgers.models import RegisterRow
from wanghuo.kernel.papers.models import Copy, OfficialPaper
from wanghuo.kernel.regions.testing import make_regions
from wanghuo.modules.alarms.models import Alarm
from wanghuo.modules.cockpit.models import MapCell
from wanghuo.modules.hazards.models import Hazard
from wanghuo.modules.places.models import SearchEntry, Unit
from wanghuo.modules.sensing.models import Device
from wanghuo.modules.workplans.models import PlanTask

COUNTY = "445281"


@pytest.mark.django_db
def test_it_fills_a_county_with_marked_records():
    make_regions()
    told: list[str] = []
    Loader(COUNTY, 3, told.append).load(units=12, devices=15, hazards=40, alarms=50)
    assert (Unit.objects.count(), Device.objects.count(), Hazard.objects.count(), Alarm.objects.count()) == (
        12,
        15,
        40,
        50,
    )
    assert {u.local_code.rpartition("-")[0] for u in Unit.objects.all()} == {"SCALE-3"}
    assert all("合成" in text for text in Unit.objects.values_list("name", flat=True))
    assert all("合成" in text for text in Hazard.objects.values_list("place", flat=True))
    assert set(Unit.objects.values_list("county_code", flat=True)) == {COUNTY}
    assert SearchEntry.objects.count() == 12
    assert Unit.objects.filter(people_named=True).exists()
    assert Alarm.objects.filter(state="new").count() == 1
    assert Hazard.objects.exclude(state="closed").exists()
    assert MapCell.objects.filter(kind="unit").exists()
    assert IndicatorValue.objects.filter(code="hazards.open", region=COUNTY).exists()
    assert not DirtyIndicator.objects.exists()
    assert told[0].startswith("units: 12 / 12")


@pytest.mark.django_db
def test_it_fills_a_register_tasks_and_papers_with_marked_rows():
    make_regions()
    Loader(COUNTY, 3, lambda _: None).load(
        units=2, devices=0, hazards=0, alarms=0, register_rows=30, tasks=40, papers=20
    )
    lines = RegisterRow.objects.filter(register__code="hydrants")
    assert (lines.count(), PlanTask.objects.count(), OfficialPaper.objects.count()) == (30, 40, 20)
    assert all("合成" in row.values["site"] and row.lng for row in lines)
    assert all("合成" in text for text in PlanTask.objects.values_list("title", flat=True))
    assert all("合成" in text for text in OfficialPaper.objects.values_list("title", flat=True))
    assert Copy.objects.filter(paper__in=OfficialPaper.objects.all()).count() >= 20
    assert not PlanTask.objects.exclude(county_code=COUNTY).exists()


@pytest.mark.django_db
def test_the_same_seed_makes_the_same_units():
    make_regions()
    loader = Loader(COUNTY, 5, lambda _: None)
    first, again = ([row.row.values for row in loader._unit_rows(6)] for _ in range(2))
    assert first == again
    other = [row.row.values for row in Loader(COUNTY, 6, lambda _: None)._unit_rows(6)]
    assert other != first


@pytest.mark.django_db
def test_a_region_without_towns_is_refused(monkeypatch):
    make_regions()
    monkeypatch.setattr(scale, "_towns_after_loading", lambda region: iter(()))
    with pytest.raises(NothingThere):
        Loader("11", 1, lambda _: None)
