"""What a device's points mean: quantities with thresholds and hysteresis, states and bits that are conditions. Pure.

A profile is data (params/sensing/profiles.toml and a deployment's own files); this reads its points and judges samples.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from wanghuo.base import Text
from wanghuo.engines.codecs.samples import Plain
from wanghuo.modules.sensing.contracts import CONDITIONS
from wanghuo.modules.sensing.quantities import codes, quantity

OF_THE_DEVICE = frozenset(
    {
        "fault",
        "power_fault",
        "mains_fault",
        "standby_fault",
        "battery_low",
        "tamper",
        "bus_fault",
        "link_fault",
        "line_fault",
    }
)
"""Conditions of the device as a whole, unless a point says `part = "component"`; all others are of its component."""

MARKS = ("C", "R", "D", "U")
MOST_RAW = 2**31 - 1
_KNOWN = {
    "name",
    "names",
    "quantity",
    "factor",
    "offset",
    "states",
    "bits",
    "limits",
    "channel",
    "channels",
    "type",
    "part",
}


class Limit(NamedTuple):
    """A threshold: `condition` holds from `at` on (upwards, or downwards when `below`) and ends at `clear`; between the two
    it stays as it was (hysteresis). `source`, `mark`: where the number is from, as in regulations.md."""

    condition: str
    at: float
    below: bool
    clear: float
    source: Text
    mark: str

    def holds(self, value: float, standing: bool) -> bool:
        """Whether the condition holds at this value, given whether it held before."""
        if self.below:
            return value < self.at or (standing and value < self.clear)
        return value >= self.at or (standing and value > self.clear)


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """One thing a kind of device tells. `names`: as devices and vendors call it; `states`: conditions by the value as text;
    `bits`: conditions by bit of a whole number; `channel`: which of several like it on one device."""

    code: str
    name: Text
    names: tuple[str, ...]
    quantity: int | None = None
    factor: float = 1.0
    offset: float = 0.0
    states: Mapping[str, str] | None = None
    bits: Mapping[int, str] | None = None
    limits: tuple[Limit, ...] = ()
    channel: int = 0
    component_type: int = 0
    of_component: bool = False

    @property
    def governs(self) -> frozenset[str]:
        """Every condition this point can raise, and therefore end."""
        found = {limit.condition for limit in self.limits}
        found |= set((self.states or {}).values()) | set((self.bits or {}).values())
        return frozenset(found - {""})

    def number(self, value: Plain) -> float | None:
        """The sample in the quantity's unit; None where it is no number."""
        try:
            found = float(value) * self.factor + self.offset
        except ValueError:
            return None
        return found if math.isfinite(found) else None

    def raw(self, value: Plain) -> int | None:
        """The sample as stored: whole steps of its quantity; None where it is no number, or beyond 32 bits."""
        number, scale = self.number(value), quantity(self.quantity) if self.quantity is not None else None
        if number is None or scale is None:
            return None
        steps = number / float(scale.step)
        return round(steps) if abs(steps) <= MOST_RAW else None

    def holding(self, value: Plain, standing: Set[str]) -> frozenset[str]:
        """The conditions that hold after this sample, of those it governs."""
        found = set()
        if self.states is not None:
            found.add(self.states.get(plain_text(value), ""))
        if self.bits is not None and (bits := _whole(value)) is not None:
            found |= {condition for bit, condition in self.bits.items() if bits >> bit & 1}
        if self.limits and (number := self.number(value)) is not None:
            found |= {limit.condition for limit in self.limits if limit.holds(number, limit.condition in standing)}
        return frozenset(found - {""})


def plain_text(value: Plain) -> str:
    """A value as `states` names it: whole numbers without a point, true and false as 1 and 0, words in lower case."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return str(int(value))
    text = str(value).strip().lower()
    return {"true": "1", "false": "0"}.get(text, text)


def _whole(value: Plain) -> int | None:
    """A value as bits: a whole number, its digits, or hexadecimal digits after 0x; None for anything else."""
    if isinstance(value, str):
        try:
            return abs(int(value.strip(), 0)) if len(value) <= 24 else None
        except ValueError:
            return None
    return abs(int(value)) if isinstance(value, int) or value.is_integer() else None


class Wrong(ValueError):
    """A profile's data is wrong; the text names the point."""


def read_points(rows: Mapping[str, Any], component_type: int) -> tuple[Point, ...]:
    """The points of a profile; `channels = 4` makes four of one, with {n} in its names counted. Raises Wrong."""
    found: list[Point] = []
    for code, row in rows.items():
        try:
            found += _read_point(str(code), dict(row), component_type)
        except (KeyError, TypeError, ValueError) as error:
            raise Wrong(f"points.{code}: {error}") from None
    return tuple(found)


def _read_point(code: str, row: dict[str, Any], component_type: int) -> Iterator[Point]:
    if unknown := set(row) - _KNOWN:
        raise Wrong(f"unknown field {sorted(unknown)[0]}")
    limits = tuple(_read_limit(dict(given)) for given in row.get("limits", ()))
    states = {plain_text(k): str(v) for k, v in row["states"].items()} if "states" in row else None
    bits = {int(k): str(v) for k, v in row["bits"].items()} if "bits" in row else None
    name = row.get("name")
    number = codes()[row["quantity"]] if "quantity" in row else None
    point = Point(
        code=code,
        name=Text(*name) if name else Text(code, code),
        names=tuple(dict.fromkeys((code, *map(str, row.get("names", ()))))),
        quantity=number,
        factor=float(row.get("factor", 1)),
        offset=float(row.get("offset", 0)),
        states=states,
        bits=bits,
        limits=limits,
        channel=int(row.get("channel", 0)),
        component_type=int(row.get("type", component_type)),
        of_component=row.get("part", "") == "component",
    )
    if strange := point.governs - CONDITIONS.keys():
        raise Wrong(f"unknown condition {sorted(strange)[0]}")
    if row.get("part", "device") not in ("device", "component") or (
        point.bits and not all(0 <= b < 64 for b in point.bits)
    ):
        raise Wrong("part must be device or component, bits 0 to 63")
    if not (0 <= point.channel < 1 << 32 and 0 <= point.component_type < 256 and math.isfinite(point.factor)):
        raise Wrong("channel, type or factor out of range")
    channels = int(row.get("channels", 0))
    if not 0 <= channels <= 256:
        raise Wrong("at most 256 channels")
    if not channels:
        yield point
    for n in range(1, channels + 1):
        named = tuple(each.replace("{n}", str(n)) for each in point.names if "{n}" in each) or (f"{code}{n}",)
        yield replace(point, code=f"{code}{n}", names=tuple(dict.fromkeys((f"{code}{n}", *named))), channel=n)


def _read_source(given: Any) -> Text:
    """Where a number is from, in both languages or as one string that serves for both."""
    zh, en = (given, given) if isinstance(given, str) else given
    return Text(str(zh), str(en))


def _read_limit(row: dict[str, Any]) -> Limit:
    above, below = row.pop("above", None), row.pop("below", None)
    if (above is None) == (below is None):
        raise Wrong("a limit says either above or below")
    at = float(above if above is not None else below)
    limit = Limit(
        str(row.pop("condition")),
        at,
        below is not None,
        float(row.pop("clear", at)),
        _read_source(row.pop("source", "")),
        str(row.pop("mark", "D")),
    )
    if row or limit.mark not in MARKS:
        raise Wrong(f"unknown field {next(iter(row), 'mark')} of a limit")
    if (limit.clear < at) if limit.below else (limit.clear > at):
        raise Wrong("clear lies on the wrong side of the limit")
    return limit
