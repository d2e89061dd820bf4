"""Device profiles: what kinds of devices tell and how they deviate from the standard. Data, not code.

Ours stand in params/sensing/profiles.toml; a deployment adds its own, or its own version of one of ours, as files in
WANGHUO_HOME/profiles (by hand, or on the page of profiles). A change is noticed within a second, in every process.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

from wanghuo.base import Text
from wanghuo.engines.codecs.gb26875.tables import ANALOG_TYPES, AnalogType
from wanghuo.modules.sensing import modbus_map
from wanghuo.modules.sensing.contracts import CONDITIONS
from wanghuo.modules.sensing.points import Point, read_points
from wanghuo.modules.sensing.quantities import quantity
from wanghuo.modules.sensing.states import LATE_AFTER, OFFLINE_AFTER

Bit0 = Literal["auto", "normal", "test", "ignore"]
PAYLOADS = ("auto", "json", "a55a", "tlv", "senml_json", "senml_cbor", "text")
"""How the bytes of a device are read: "auto" tries its marker, JSON, and hexadecimal of either."""

LOOK_EVERY_S = 1.0
_FIELDS = {
    *(
        "name",
        "heartbeat_s",
        "window_s",
        "bit0",
        "time",
        "analog",
        "bits",
        "points",
        "payload",
        "system_type",
        "component_type",
    ),
    *("life_months", "battery_months", "modbus", "products", "source", "mark"),
}


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
    points: tuple[Point, ...] = ()
    by_name: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    payload: str = "auto"
    system_type: int = 0
    component_type: int = 0
    life_months: int = 0
    battery_months: int = 0
    modbus: Mapping[str, Any] = field(default_factory=dict)
    own: bool = False
    window_s: float = 0.0

    @property
    def offline_s(self) -> float:
        """Silent for longer than this, it is off line: its own window, else three heartbeats."""
        return self.window_s or OFFLINE_AFTER * self.heartbeat_s

    @property
    def late_s(self) -> float:
        """Silent for longer than this, it is late: two thirds of what makes it off line."""
        return self.offline_s * LATE_AFTER / OFFLINE_AFTER

    def scale(self, quantity_code: int) -> AnalogType | None:
        """How a quantity is scaled on this kind of device; None for codes nobody defined."""
        return self.analog.get(quantity_code) or quantity(quantity_code)

    def of(self, name: str) -> tuple[Point, ...]:
        """The points a device's name for a value stands for."""
        return self.by_name.get(name.lower(), ())


_at: float = -LOOK_EVERY_S
_stamp: tuple[tuple[str, int], ...] = ()
_known: dict[str, Profile] = {}
_listeners: list[Callable[[], None]] = []


def folder() -> Path:
    """Where the deployment's own profiles lie, one file each."""
    return Path(settings.HOME) / "profiles"


def profiles() -> Mapping[str, Profile]:
    """Every profile, by code. Ours raise ValueError when wrong; a deployment's file that is wrong is left out (the page of
    profiles says why)."""
    global _at, _stamp, _known
    now = time.monotonic()
    if _known and now - _at < LOOK_EVERY_S:
        return _known
    _at = now
    stamp = tuple(sorted((str(p), p.stat().st_mtime_ns) for p in folder().glob("*.toml")))
    if not _known or stamp != _stamp:
        _known, _stamp = {**_ours(), **_own()}, stamp
        for listener in _listeners:
            listener()
    return _known


def look_again() -> None:
    """Read the files at the next question: one was just written here."""
    global _at
    _at = -LOOK_EVERY_S


def on_change(listener: Callable[[], None]) -> None:
    """Call `listener` whenever the profiles were read again."""
    _listeners.append(listener)


def stamp() -> object:
    """Something that is another after every change of the profiles."""
    profiles()
    return _stamp


def profile(code: str) -> Profile:
    """The profile called `code`; the standard one where the name is unknown."""
    known = profiles()
    return known.get(code) or known["standard"]


@cache
def _ours() -> Mapping[str, Profile]:
    raw = tomllib.loads((resources.files("wanghuo.params") / "sensing" / "profiles.toml").read_text("utf-8"))
    return {code: read_profile(code, row) for code, row in raw.items()}


def _own() -> Mapping[str, Profile]:
    found = {}
    for path in sorted(folder().glob("*.toml")):
        try:
            found[path.stem] = read_profile(path.stem, tomllib.loads(path.read_text("utf-8")), own=True)
        except (OSError, ValueError):
            continue
    return found


def read_profile(code: str, row: Mapping[str, Any], *, own: bool = False) -> Profile:
    """A profile from its data. Raises ValueError naming the profile and what is wrong."""
    try:
        return _read(code, row, own)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else error
        raise ValueError(f"profile {code}: {what}") from None


def _read(code: str, row: Mapping[str, Any], own: bool) -> Profile:
    bit0, clock, payload = row.get("bit0", "auto"), row.get("time", "binary"), row.get("payload", "auto")
    bits = {int(bit): condition for bit, condition in row.get("bits", {}).items()}
    if unknown := set(row) - _FIELDS:
        raise ValueError(f"unknown field {sorted(unknown)[0]}")
    if bit0 not in ("auto", "normal", "test", "ignore") or clock not in ("binary", "bcd") or payload not in PAYLOADS:
        raise ValueError("unknown bit0, time or payload")
    if not set(bits.values()) <= set(CONDITIONS):
        raise ValueError("unknown condition in bits")
    heartbeat_s = float(row["heartbeat_s"])
    if not 1 <= heartbeat_s <= 31 * 86_400:
        raise ValueError("heartbeat_s must lie between 1 s and 31 days")
    window_s = float(row.get("window_s", 0))
    if window_s and not heartbeat_s <= window_s <= 93 * 86_400:
        raise ValueError("window_s must not be shorter than heartbeat_s, nor longer than 93 days")
    points = read_points(row.get("points", {}), int(row.get("component_type", 0)))
    named: dict[str, tuple[Point, ...]] = {}
    for point in points:
        for name in point.names:
            named[name.lower()] = (*named.get(name.lower(), ()), point)
    return Profile(
        code=code,
        name=Text(*row["name"]),
        heartbeat_s=heartbeat_s,
        bit0=bit0,
        bcd=clock == "bcd",
        analog={int(each): _analog(int(each), given) for each, given in row.get("analog", {}).items()},
        bits=bits,
        points=points,
        by_name=named,
        payload=payload,
        system_type=int(row.get("system_type", 0)),
        component_type=int(row.get("component_type", 0)),
        life_months=int(row.get("life_months", 0)),
        battery_months=int(row.get("battery_months", 0)),
        modbus=_modbus(row.get("modbus", {})),
        own=own,
        window_s=window_s,
    )


def _analog(code: int, given: Mapping[str, Any]) -> AnalogType:
    known = ANALOG_TYPES.get(code)
    name = known.name if known else Text(f"模拟量 {code}", f"analog {code}")
    unit = Text(given["unit"], given["unit"])
    return AnalogType(name, unit, Decimal(given["low"]), Decimal(given["high"]), Decimal(given["step"]))


def _modbus(given: Mapping[str, Any]) -> Mapping[str, Any]:
    modbus_map.check(given)
    return dict(given)
