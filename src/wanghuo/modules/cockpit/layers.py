"""The layers of the map: which records each shows, and how bad each of them is, 0 to 4."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.modules.alarms import public as alarms
from wanghuo.modules.hazards import public as hazards
from wanghuo.modules.places import public as places
from wanghuo.modules.sensing import public as sensing


@dataclass(frozen=True, slots=True)
class Layer:
    """One kind of thing on the map.

    `rows(actor)`: what the actor may see, with coordinates and annotated `level` (0 in order, 4 worst); `name`: the
    field that labels one of them; `states`: whether `?state=` narrows it; `counted`: whether its cells are counted
    beforehand (what is few and urgent is read as it is).
    """

    kind: str
    label: Text
    right: str
    path: str
    name: str
    rows: Callable[[Actor], QuerySet[Any]]
    states: bool = True
    counted: bool = True
    on: bool = True


LAYERS = (
    Layer("alarm", Text("报警", "Alarms"), "alarms.view", "/alarms", "place", alarms.map_rows, counted=False),
    Layer("hazard", Text("未结隐患", "Open hazards"), "hazards.view", "/hazards", "place", hazards.map_rows),
    Layer("device", Text("设备", "Devices"), "sensing.view", "/devices", "location", sensing.map_rows),
    Layer("unit", Text("单位", "Units"), "places.view", "/units", "name", places.map_rows, states=False, on=False),
)
RIGHTS = tuple(layer.right for layer in LAYERS)


def layers_for(actor: Actor, kinds: str | None = None) -> tuple[Layer, ...]:
    """The layers the actor may see; `kinds`: only those named, comma between them (an empty text: none)."""
    wanted = None if kinds is None else set(kinds.split(","))
    return tuple(each for each in LAYERS if actor.can(each.right) and (wanted is None or each.kind in wanted))
