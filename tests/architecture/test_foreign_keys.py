"""Foreign keys point down: no import shows one made by a string, so the model registry is asked."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import models

# higher may point to lower; within the kernel any app may point to another
HEIGHT = {f"wanghuo.modules.{name}": height for height, name in enumerate(settings.MODULES, start=1)}


def height(model: type[models.Model]) -> int:
    return HEIGHT.get(".".join(model.__module__.split(".")[:3]), 0)


def ours() -> Iterator[type[models.Model]]:
    return (m for m in apps.get_models(include_auto_created=True) if m.__module__.startswith("wanghuo."))


def relations(model: type[models.Model]) -> Iterator[models.ForeignKey]:
    return (f for f in model._meta.get_fields() if isinstance(f, models.ForeignKey | models.OneToOneField))


def test_modules_are_listed_from_the_lowest_up() -> None:
    assert settings.MODULES == ("places", "sensing", "hazards", "alarms", "workplans", "accountability", "cockpit")


def test_foreign_keys_point_down() -> None:
    upward = [
        f"{model.__name__}.{field.name} → {field.related_model.__name__}"
        for model in ours()
        for field in relations(model)
        if height(field.related_model) > height(model)
    ]
    assert upward == []


def test_foreign_keys_between_modules_leave_no_trace_below() -> None:
    """A key into another module has no reverse name there and never deletes what the lower module owns."""
    careless = [
        f"{model.__name__}.{field.name}"
        for model in ours()
        for field in relations(model)
        if height(model) != height(field.related_model)
        and height(field.related_model)
        and (field.remote_field.related_name != "+" or field.remote_field.on_delete is not models.PROTECT)
    ]
    assert careless == []


def test_there_are_keys_to_check() -> None:
    assert any(True for model in ours() for _ in relations(model))
