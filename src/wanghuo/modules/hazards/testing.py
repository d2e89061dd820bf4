"""Hazards for tests of this and upper modules."""

from __future__ import annotations

from typing import Any

import factory
from django.core.files.base import ContentFile
from django.utils import timezone
from factory.django import DjangoModelFactory

from wanghuo.kernel.access.scope import scope_columns
from wanghuo.modules.hazards.models import Hazard
from wanghuo.modules.hazards.services.evidence import Label, Photo
from wanghuo.modules.hazards.states import HazardState
from wanghuo.modules.hazards.words import Channel
from wanghuo.modules.places.testing import TOWN, UnitFactory


class HazardFactory(DjangoModelFactory[Hazard]):
    """A hazard at a unit in 普宁市."""

    class Meta:
        model = Hazard

    ref = factory.Sequence(lambda n: f"YH-445281-2026-{90000 + n:05d}")
    unit = factory.SubFactory(UnitFactory)
    place = "3 层东侧安全出口"
    description = "安全出口被货物堵塞"
    channel = Channel.GRID
    basis = 1
    state = HazardState.REPORTED
    found_at = factory.LazyFunction(timezone.now)
    region_code = factory.LazyAttribute(lambda h: h.unit.region_code if h.unit else TOWN)

    @classmethod
    def _create(cls, model_class: type[Hazard], *args: Any, **kwargs: Any) -> Hazard:
        hazard = model_class(**kwargs)
        unit = hazard.unit
        columns = scope_columns(hazard.region_code, sector=unit.sector if unit else "", unit=unit.id if unit else None)
        for name, value in columns.items():
            setattr(hazard, name, value)
        hazard.save(force_insert=True)
        return hazard


def photo(label: Label = Label.AFTER, shade: int = 120) -> Photo:
    """A real small JPEG."""
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.new("RGB", (64, 48), (shade, 90, 60)).save(buffer, "JPEG")
    return Photo(ContentFile(buffer.getvalue(), name=f"{label}.jpg"), label)  # type: ignore[arg-type]
