"""The catalogue of indicators: modules declare theirs, the kernel rolls them up, keeps, shows and judges them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
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
    count that grows over its period, so that at its middle half the target is expected. `climbs`: a rate or stock that
    is brought up to its target over the period (connected units), unlike one that must hold all the time (online rate).
    `source`, `mark`: where the definition comes from (C national, R regional, U unconfirmed, D ours). `digits`: decimals
    shown. `words`: what papers call it, in Chinese; a word of several parts set apart by spaces means all of them.
    `told`: its values are told by people or kept by hand, so that where none was given it is unknown, never 0.
    `topic`: the group of the catalogue it stands in.
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
    climbs: bool = False
    words: tuple[str, ...] = ()
    told: bool = False
    topic: str = ""

    def value(self, part: Part | None) -> float | None:
        """The number a part stands for; None when nothing could be measured (an empty denominator is unknown, never
        good).
        """
        if self.kind == "count":
            return part.num if part is not None else (None if self.told else 0.0)
        if part is None or part.den == 0:
            return None
        ratio = part.num / part.den
        return ratio * 100 if self.unit == "%" else ratio

    @property
    def shown_digits(self) -> int:
        """The decimals shown: none for a count of things."""
        return 0 if self.kind == "count" and not self.told else self.digits

    @property
    def owner(self) -> str:
        """The module that declares it: the first word of its code."""
        return self.code.partition(".")[0]


@dataclass
class Source:
    """Indicators that are kept as rows rather than declared in code. `version`: cheap to ask, changes whenever `load`
    would give something else.
    """

    load: Callable[[], Iterable[Indicator]]
    version: Callable[[], Hashable]
    seen: Hashable = None
    held: dict[str, Indicator] = field(default_factory=dict)

    def now(self) -> dict[str, Indicator]:
        """The indicators of this source as they stand, read anew only when the version changed."""
        version = self.version()
        if version != self.seen:
            self.held = {each.code: each for each in self.load()}
            self.seen = version
        return self.held


_registry: dict[str, Indicator] = {}
_sources: list[Source] = []


def register(indicator: Indicator) -> Indicator:
    """Put an indicator into the catalogue; declared again (a module imported twice) it replaces itself."""
    _registry[indicator.code] = indicator
    return indicator


def register_source(load: Callable[[], Iterable[Indicator]], *, version: Callable[[], Hashable]) -> None:
    """Add indicators that rows define (reported ones, measures of registers) to the catalogue, from ready().

    `version` is asked whenever the catalogue is: one cheap query, such as the count of definitions and their latest
    change. `load` is called when it changed. A code declared in code wins over the same one from a source.
    """
    _sources.append(Source(load, version))


def indicators() -> list[Indicator]:
    """The whole catalogue, by code."""
    found = {code: each for source in _sources for code, each in source.now().items()} | _registry
    return [found[code] for code in sorted(found)]


def indicator(code: str) -> Indicator:
    """One indicator. Raises NotFound."""
    if code in _registry:
        return _registry[code]
    for source in _sources:
        found = source.now().get(code)
        if found is not None:
            return found
    raise NotFound(what=WHAT, ref=code)
