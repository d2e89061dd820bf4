"""Device profiles: how kinds of devices deviate from the standard, read from params/sensing/profiles.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Literal

from wanghuo.base import Text
from wanghuo.engines.codecs.gb26875.tables import ANALOG_TYPES, AnalogType
from wanghuo.modules.sensing.contracts import CONDITIONS
from wanghuo.modules.sensing.states import LATE_AFTER, OFFLINE_AFTER

Bit0 = Literal["auto", "normal", "test", "ignore"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of device. The fields are explained in the data file."""

    code: str
    name: Text
    heartbeat_s: float
    bit0: Bit0 = "auto"
    bcd: bool = False
    analog: Mapping[int, AnalogType] = field(default_factory=dict)
    bits: Mapping[int, str] = field(default_factory=dict)
    window_s: float = 0.0

    @property
    def offline_s(self) -> float:
        """Silent for longer than this, it is off line: its own window, else three heartbeats."""
        return self.window_s or OFFLINE_AFTER * self.heartbeat_s

    @property
    def late_s(self) -> float:
        """Silent for longer than this, it is late: two thirds of what makes it off line."""
        return self.offline_s * LATE_AFTER / OFFLINE_AFTER

    def scale(self, quantity: int) -> AnalogType | None:
        """How an analog type is scaled on this kind of device; None for codes nobody defined."""
        return self.analog.get(quantity) or ANALOG_TYPES.get(quantity)


@cache
def profiles() -> Mapping[str, Profile]:
    """Every profile, by code. Raises ValueError when the data is wrong, naming the profile."""
    raw = tomllib.loads((resources.files("wanghuo.params") / "sensing" / "profiles.toml").read_text("utf-8"))
    return {code: _profile(code, row) for code, row in raw.items()}


def profile(code: str) -> Profile:
    """The profile called `code`; the standard one where the name is unknown."""
    known = profiles()
    return known.get(code) or known["standard"]


def _profile(code: str, row: dict) -> Profile:
    bit0, clock = row.get("bit0", "auto"), row.get("time", "binary")
    bits = {int(bit): condition for bit, condition in row.get("bits", {}).items()}
    if bit0 not in ("auto", "normal", "test", "ignore") or clock not in ("binary", "bcd"):
        raise ValueError(f"profiles.toml: {code} has an unknown bit0 or time")
    if not set(bits.values()) <= set(CONDITIONS):
        raise ValueError(f"profiles.toml: {code} names an unknown condition")
    analog = {int(quantity): _analog(int(quantity), given) for quantity, given in row.get("analog", {}).items()}
    heartbeat_s, window_s = float(row["heartbeat_s"]), float(row.get("window_s", 0))
    if window_s and window_s < heartbeat_s:
        raise ValueError(f"profiles.toml: the window of {code} is shorter than its heartbeat")
    return Profile(code, Text(*row["name"]), heartbeat_s, bit0, clock == "bcd", analog, bits, window_s)


def _analog(quantity: int, given: dict) -> AnalogType:
    known = ANALOG_TYPES.get(quantity)
    name = known.name if known else Text(f"模拟量 {quantity}", f"analog {quantity}")
    unit = Text(given["unit"], given["unit"])
    return AnalogType(name, unit, Decimal(given["low"]), Decimal(given["high"]), Decimal(given["step"]))
