"""The catalogue of indicators: modules declare theirs, the kernel rolls them up, keeps, shows and judges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.indicators.periods import Period

WHAT = Text("指标", "Indicator")


@dataclass(frozen=True, slots=True)
class Part:
    """What one region adds: numerator, denominator, and how many records could not be counted because data is
    missing.
    """

    num: float
    den: float
    missing: int = 0

    def __add__(self, other: Part) -> Part:
        return Part(self.num + other.num, self.den + other.den, self.missing + other.missing)


Counts = Callable[[Period], Mapping[str, Part]]
Records = Callable[[Actor, str, Period, str], str]


@dataclass(frozen=True, slots=True)
class Indicator:
    """One measure.

    `counts(period)`: parts by the lowest region that has records, in one grouped query; the kernel adds them up the
    tree. `records(actor, region, period, part)`: the address of the list behind the number; part is num, den or gap.
    `kind`: rate (num ÷ den), mean (num ÷ den, in `unit`) or count (num). `better`: up or down. `accumulates`: a
    count that grows over its period, so that at its middle half the target is expected. `source`, `mark`: where the
    definition comes from (C national, R regional, U unconfirmed, D ours). `digits`: decimals shown.
    """

    code: str
    name: Text
    formula: Text
    unit: str
    better: Literal["up", "down"]
    source: str
    mark: str
    kind: Literal["rate", "count", "mean"]
    counts: Counts
    records: Records | None = None
    accumulates: bool = False
    digits: int = 1

    def value(self, part: Part | None) -> float | None:
        """The number a part stands for; None when nothing could be measured (an empty denominator is unknown, never
        good).
        """
        if self.kind == "count":
            return part.num if part is not None else 0.0
        if part is None or part.den == 0:
            return None
        ratio = part.num / part.den
        return ratio * 100 if self.unit == "%" else ratio

    @property
    def shown_digits(self) -> int:
        """The decimals shown: none for a count."""
        return 0 if self.kind == "count" else self.digits

    @property
    def owner(self) -> str:
        """The module that declares it: the first word of its code."""
        return self.code.partition(".")[0]


_registry: dict[str, Indicator] = {}


def register(indicator: Indicator) -> Indicator:
    """Put an indicator into the catalogue; declared again (a module imported twice) it replaces itself."""
    _registry[indicator.code] = indicator
    return indicator


def indicators() -> list[Indicator]:
    """The whole catalogue, by code."""
    return [_registry[code] for code in sorted(_registry)]


def indicator(code: str) -> Indicator:
    """One indicator. Raises NotFound."""
    if code not in _registry:
        raise NotFound(what=WHAT, ref=code)
    return _registry[code]
