"""Factories for tests of this and upper modules: two neighbouring counties of real shape."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from wanghuo.kernel.access.scope import scope_columns
from wanghuo.modules.places import sealing, search, services
from wanghuo.modules.places.models import Building, PersonInCharge, Tenancy, Unit, UnitClass

TOWN = "445281102"  # 赤岗镇 of 普宁市
NEXT_TOWN = "445222100"  # one of 揭西县, the county beside it
NOW = datetime(2026, 3, 5, 6, 5, tzinfo=UTC)
NAMES = ("滨江商贸城", "云栖公寓", "青龙路小吃店", "流沙第一幼儿园", "普宁国际大酒店", "东埔纺织厂", "广太敬老院")


class UnitFactory(DjangoModelFactory[Unit]):
    """A unit in 普宁市; give `region_code` to put it elsewhere."""

    class Meta:
        model = Unit
        skip_postgeneration_save = True

    ref = factory.Sequence(lambda n: f"DW-445281-{900000 + n:06d}")
    name = factory.Sequence(lambda n: f"{NAMES[n % len(NAMES)]}{n // len(NAMES) or ''}")
    region_code = TOWN
    kind = "shop"
    address = "青龙路 8 号"
    lng = 116.16
    lat = 23.29
    registered_at = NOW
    changed_at = NOW

    @classmethod
    def _create(cls, model_class: type[Unit], *args: Any, **kwargs: Any) -> Unit:
        unit = model_class(**kwargs)
        for name, value in scope_columns(unit.region_code, sector=unit.sector, unit=unit.id).items():
            setattr(unit, name, value)
        unit.pinyin = " ".join(search.syllables(unit.name))
        unit.initials = "".join(s[0] for s in search.syllables(unit.name))
        unit.save(force_insert=True)
        search.index([unit])
        return unit


class BuildingFactory(DjangoModelFactory[Building]):
    """A building managed by a unit of its own region."""

    class Meta:
        model = Building

    ref = factory.Sequence(lambda n: f"JZ-445281-{900000 + n:06d}")
    manager = factory.SubFactory(UnitFactory)
    name = factory.LazyAttribute(lambda b: f"{b.manager.name if b.manager else '青龙路 8 号'} 1 号楼")
    region_code = factory.LazyAttribute(lambda b: b.manager.region_code if b.manager else TOWN)
    address = "青龙路 8 号"
    lng = 116.16
    lat = 23.29
    floors_above = 6
    floors_below = 1
    registered_at = NOW
    changed_at = NOW

    @classmethod
    def _create(cls, model_class: type[Building], *args: Any, **kwargs: Any) -> Building:
        building = model_class(**kwargs)
        building.place(building.region_code, sector=building.sector, unit=building.manager_id)
        building.save(force_insert=True)
        if building.manager is not None:
            Tenancy.objects.create(unit=building.manager, building=building)
        search.index([building])
        return building


class PersonFactory(DjangoModelFactory[PersonInCharge]):
    """The safety manager of a unit; `phone` is given in clear and kept sealed."""

    class Meta:
        model = PersonInCharge

    unit = factory.SubFactory(UnitFactory)
    role = "safety_manager"
    name = "李强"

    @classmethod
    def _create(cls, model_class: type[PersonInCharge], *args: Any, **kwargs: Any) -> PersonInCharge:
        phone = kwargs.pop("phone", "13812345678")
        person = model_class(**kwargs)
        person.place(person.unit.region_code, sector=person.unit.sector, unit=person.unit_id)
        person.phone_sealed = sealing.seal(phone, str(person.id))
        person.phone_shown = phone if person.role == "duty_phone" else sealing.mask_phone(phone)
        person.save(force_insert=True)
        services.note_people([person.unit_id])
        return person


def decide_class(unit: Unit, code: str, *, at: datetime = NOW) -> UnitClass:
    """A unit that somebody has put into a class of the taxonomy."""
    return UnitClass.objects.create(unit=unit, code=code, decided_at=at)
