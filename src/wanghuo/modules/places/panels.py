"""Panels of the unit and building pages that upper modules fill: devices, hazards, alarms.

An upper module registers in `AppConfig.ready()`; the page loads each panel's fragment with htmx after it is shown:

    panels.register(panels.Panel("devices", Text("设备", "Devices"), "sensing.view", lambda ref:
    f"/devices/of/{ref}", 10))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor, Placed


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its title, the right it takes over the unit, and the address of its fragment for a reference
    (DW-…)."""

    code: str
    title: Text
    right: str
    url: Callable[[str], str]
    order: int = 50
    of: str = "unit"


_panels: dict[tuple[str, str], Panel] = {}


def register(panel: Panel) -> None:
    """Make a panel known; `panel.of` is `unit` or `building`."""
    _panels[panel.of, panel.code] = panel


def panels_for(of: str, ref: str, row: Placed, actor: Actor) -> list[tuple[Text, str]]:
    """Title and address of every panel the actor may see on the page of `row`."""
    found = sorted((p for p in _panels.values() if p.of == of), key=lambda p: (p.order, p.code))
    return [(p.title, p.url(ref)) for p in found if actor.can(p.right, row)]
