"""Targets: what a region is to reach by the end of a period; set by people, or stated in a paper."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record
from wanghuo.kernel.indicators.boards import REGION
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import indicator
from wanghuo.kernel.regions import codes

RIGHT = "indicators.target"
LASTING = ("year", "quarter", "month")
LARGEST = 1e12


class NoTargetPeriod(Invalid):
    """A target is set for a calendar period, so that everybody means the same one."""

    code = "indicators.no_target_period"
    text = Text(
        "目标只能设在年、季或月上，如 2026、2026-Q4、2026-11。",
        "A target is for a year, quarter or month: 2026, 2026-Q4, 2026-11.",
    )


class TargetOutOfRange(Invalid):
    """A target that cannot be meant."""

    code = "indicators.target_out_of_range"
    text = Text("目标值须在 0 到 {top:g} 之间。", "The target must lie between 0 and {top:g}.")


class SourceMissing(Invalid):
    """A target names who or what set it."""

    code = "indicators.target_source_missing"
    text = Text("请写明目标的依据（文件或会议）。", "Say where the target comes from (a paper or a meeting).")


@transaction.atomic
def set_target(*, code: str, region: str, period: str, value: float, source: str, actor: Actor) -> IndicatorTarget:
    """Set or change the target of an indicator for a region and a calendar period; the value before stays in the
    audit log.

    Raises NotFound (unknown indicator, region out of reach), NotPermitted, NoTargetPeriod, TargetOutOfRange,
    SourceMissing.
    """
    of = indicator(code)
    target = IndicatorTarget(code=code)
    target.place(_code(region))
    if not actor.can("indicators.view", target):
        raise NotFound(what=REGION, ref=region)
    actor.require(RIGHT, target)
    key = _period_key(period)
    top = 100.0 if of.unit == "%" else LARGEST
    if not 0 <= value <= top:
        raise TargetOutOfRange(field="value", top=top)
    if not source.strip():
        raise SourceMissing(field="source")
    rows = IndicatorTarget.objects.select_for_update().filter(code=code, region_code=target.region_code, period=key)
    before = rows.first()
    old = None if before is None else {"value": before.value, "source": before.source}
    target = before or target
    target.period, target.value, target.source = key, value, source.strip()[:300]
    target.set_by, target.set_by_name, target.set_at = actor.id, actor.name[:64], timezone.now()
    target.save()
    after = {"value": value, "source": target.source, "period": key}
    record(actor, "indicators:target:set", code, region=target.region_code, before=old, after=after)
    return target


def _code(region: str) -> str:
    try:
        return codes.normalise(region)
    except ValueError:
        raise NotFound(what=REGION, ref=region) from None


def _period_key(text: str) -> str:
    try:
        period = Period.parse(text, local_day(timezone.now()))
    except ValueError:
        raise NoTargetPeriod(field="period") from None
    if period.kind not in LASTING:
        raise NoTargetPeriod(field="period")
    return period.key


@dataclass(frozen=True, slots=True)
class PaperTarget:
    """A target as a paper states it. `code`: the indicator that measures it; "" while none does."""

    paper: Text
    place: Text
    region: str
    row: int
    name: Text
    op: str
    values: tuple[tuple[int, float], ...]
    unit: str
    code: str

    @property
    def words(self) -> str:
        """The values by year: 2023 ≤ 0.17, 2025 ≤ 0.15."""
        sign = {"<=": "≤", ">=": "≥", "<": "<", ">": ">"}[self.op]
        return "，".join(
            f"{year} {sign} {value:g}{' ' + self.unit if self.unit else ''}" for year, value in self.values
        )


@cache
def paper_targets() -> tuple[PaperTarget, ...]:
    """The targets of params/targets.toml."""
    raw = tomllib.loads((resources.files("wanghuo.params") / "targets.toml").read_text("utf-8"))
    return tuple(_paper_target(row, raw["papers"][row["paper"]]) for row in raw["target"])


def _paper_target(row: Mapping[str, Any], paper: Mapping[str, Any]) -> PaperTarget:
    return PaperTarget(
        paper=Text(*paper["title"]),
        place=Text(*paper["place"]),
        region=paper["region"],
        row=row["row"],
        name=Text(*row["name"]),
        op=row["op"],
        values=tuple((v["by"], float(v["value"])) for v in row["values"]),
        unit=row["unit"],
        code=row.get("code", ""),
    )
