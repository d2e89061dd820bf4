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
    shown. `words`: what papers call it, in Chinese; of a word of several parts, set apart by spaces, all must be
    there, and those with "-" before them must not.
    `told`: its values are told by people or kept by hand, so that where none was given it is unknown, never 0.
    `topic`: the group of the catalogue it stands in. `standing`: counted as it stands now whatever the period, since no
    past days are kept; what it was in a month is what was kept at that month's end. `flows`: a share of what happens within its period, so that its months are no
    points on the way to its year.
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
    standing: bool = False
    flows: bool = False

    def value(self, part: Part | None) -> float | None:
        """The number a part stands for; None when nothing could be measured (an empty denominator is unknown, never
        good).
        """
        if self.kind == "count":
            if self.told and (part is None or part.den == 0):
                return None
            return part.num if part is not None else 0.0
        if part is None or part.den == 0:
            return None
        ratio = part.num / part.den
        return ratio * 100 if self.unit == "%" else ratio

    @property
    def shown_digits(self) -> int:
        """The decimals shown: none for what is counted from records."""
        return 0 if self.kind == "count" and not self.told else self.digits

    @property
    def owner(self) -> str:
        """The module that declares it: the first word of its code."""
        return self.code.partition(".")[0]


Adopt = Callable[[str, str, Actor], None]


@dataclass
class Source:
    """Indicators that are kept as rows rather than declared in code: those there are, and those to be had."""

    load: Callable[[], Iterable[Indicator]]
    version: Callable[[], Hashable]
    offers: Callable[[], Iterable[Indicator]] | None = None
    adopt: Adopt | None = None
    seen: Hashable = None
    looked: bool = False
    held: dict[str, Indicator] = field(default_factory=dict)
    on_offer: dict[str, Indicator] = field(default_factory=dict)

    def now(self) -> dict[str, Indicator]:
        """The indicators of this source as they stand, read anew only when the version changed."""
        self._look()
        return self.held

    def to_be_had(self) -> dict[str, Indicator]:
        """Those that can be taken up with one press, though nothing is kept of them yet."""
        self._look()
        return self.on_offer

    def _look(self) -> None:
        version = self.version()
        if version != self.seen or not self.looked:
            self.held = {each.code: each for each in self.load()}
            self.on_offer = {each.code: each for each in self.offers()} if self.offers else {}
            self.seen, self.looked = version, True


_registry: dict[str, Indicator] = {}
_sources: list[Source] = []


def register(indicator: Indicator) -> Indicator:
    """Put an indicator into the catalogue; declared again (a module imported twice) it replaces itself."""
    _registry[indicator.code] = indicator
    return indicator


def register_source(
    load: Callable[[], Iterable[Indicator]],
    *,
    version: Callable[[], Hashable],
    offers: Callable[[], Iterable[Indicator]] | None = None,
    adopt: Adopt | None = None,
) -> None:
    """Add indicators that rows define (reported ones, measures of registers) to the catalogue, from ready().

    `version` is asked whenever the catalogue is: one cheap query that changes with any definition (count, latest
    change, latest key). `load` is called when it changed. `offers`: presets that could be taken up; `adopt(code,
    region, actor)` takes one up, when a target is set on it. A code declared in code wins over one from a source.
    """
    _sources.append(Source(load, version, offers, adopt))


def indicators() -> list[Indicator]:
    """The whole catalogue, by code."""
    found = {code: each for source in _sources for code, each in source.now().items()} | _registry
    return [found[code] for code in sorted(found)]


def offered() -> list[Indicator]:
    """Presets that are not in the catalogue yet but can be had, by code."""
    there = {each.code for each in indicators()}
    found = {code: each for source in _sources for code, each in source.to_be_had().items() if code not in there}
    return [found[code] for code in sorted(found)]


def indicator(code: str) -> Indicator:
    """One indicator, also one that is only offered. Raises NotFound."""
    if code in _registry:
        return _registry[code]
    for source in _sources:
        found = source.now().get(code) or source.to_be_had().get(code)
        if found is not None:
            return found
    raise NotFound(what=WHAT, ref=code)


def take_up(code: str, region: str, actor: Actor) -> None:
    """Make an offered indicator one of the catalogue, for `region`; nothing happens for one that is there already."""
    if code in _registry:
        return
    for source in _sources:
        if code not in source.now() and source.adopt is not None and code in source.to_be_had():
            source.adopt(code, region, actor)


def digits_for(kind: str, unit: str) -> int:
    """How many decimals a reported value has: money and multiples two, other counts none, shares one."""
    if "元" in unit or unit == "倍":
        return 2
    return 0 if kind == "count" else 1
