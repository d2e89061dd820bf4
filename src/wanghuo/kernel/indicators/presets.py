"""Indicators that papers ask for and that people report, ready to be taken up: params/indicators.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from wanghuo.base import NotFound, Text
from wanghuo.kernel.indicators.registry import WHAT, Indicator, Part, digits_for

TOPICS = {
    "responsibility": Text("责任", "Responsibility"),
    "prevention": Text("防范", "Prevention"),
    "basis": Text("基础", "Basis"),
    "public": Text("社会", "Public"),
    "result": Text("成效", "Result"),
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A reported indicator before anybody asked for it. `rows`: the rows of the inventory of papers it serves."""

    slug: str
    name: Text
    formula: Text
    unit: str
    kind: str
    better: str
    adds: bool
    climbs: bool
    words: tuple[str, ...]
    topic: str
    frequency: str
    level: str
    sector: str
    evidence: Text
    source: str
    mark: str
    rows: tuple[str, ...]

    @property
    def code(self) -> str:
        """Its code in the catalogue."""
        return f"reported.{self.slug}"

    def as_indicator(self) -> Indicator:
        """How it looks to whoever searches the catalogue: nothing is kept of it yet."""
        return Indicator(
            code=self.code,
            name=self.name,
            formula=self.formula,
            unit=self.unit,
            better=self.better,  # type: ignore[arg-type]
            source=self.source,
            mark=self.mark,
            kind=self.kind,  # type: ignore[arg-type]
            counts=_nothing,
            accumulates=self.adds and self.kind == "count",
            climbs=self.climbs,
            words=self.words,
            told=True,
            digits=digits_for(self.kind, self.unit),
            topic=self.topic,
        )


def _nothing(period: object) -> dict[str, Part]:
    return {}


@cache
def presets() -> tuple[Preset, ...]:
    """All of them, in the order of the file."""
    raw = tomllib.loads((resources.files("wanghuo.params") / "indicators.toml").read_text("utf-8"))
    return tuple(_preset(row) for row in raw["indicator"])


def preset(slug: str) -> Preset:
    """One of them. Raises NotFound."""
    found = next((each for each in presets() if each.slug == slug), None)
    if found is None:
        raise NotFound(what=WHAT, ref=slug)
    return found


def _preset(row: Mapping[str, Any]) -> Preset:
    return Preset(
        slug=row["slug"],
        name=Text(*row["name"]),
        formula=Text(*row["formula"]),
        unit=row.get("unit", ""),
        kind=row["kind"],
        better=row.get("better", "up"),
        adds=row.get("adds", False),
        climbs=row.get("climbs", False),
        words=tuple(row.get("words", ())),
        topic=row["topic"],
        frequency=row.get("frequency", "month"),
        level=row.get("level", "county"),
        sector=row.get("sector", ""),
        evidence=Text(*row.get("evidence", ("", ""))),
        source=row["source"],
        mark=row.get("mark", "D"),
        rows=tuple(row.get("rows", ())),
    )
