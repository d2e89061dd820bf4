"""Measured quantities by code: those of GB/T 26875.3-2011, and ours beside them (params/sensing/quantities.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources

from wanghuo.base import Text
from wanghuo.engines.codecs.gb26875.tables import ANALOG_TYPES, AnalogType, analog_type_name

FIRST_OWN = 256  # the standard counts analog types in one byte


@cache
def _read() -> tuple[Mapping[str, int], Mapping[int, AnalogType]]:
    text = (resources.files("wanghuo.params") / "sensing" / "quantities.toml").read_text("utf-8")
    rows = tomllib.loads(text)
    codes = {name: int(row["code"]) for name, row in rows.items()}
    own = {
        row["code"]: AnalogType(
            Text(*row["name"]),
            Text(row["unit"], row["unit"]),
            Decimal(row["low"]),
            Decimal(row["high"]),
            Decimal(row["step"]),
        )
        for row in rows.values()
        if row["code"] >= FIRST_OWN
    }
    if len(set(codes.values())) != len(codes):
        raise ValueError("quantities.toml: a code stands twice")
    return codes, own


def codes() -> Mapping[str, int]:
    """Every quantity that a profile can name, with its code."""
    return _read()[0]


def quantity(code: int) -> AnalogType | None:
    """How a quantity is scaled; None for a code nobody defined."""
    return ANALOG_TYPES.get(code) if code < FIRST_OWN else _read()[1].get(code)


def quantity_name(code: int) -> Text:
    """The word for a quantity."""
    own = _read()[1].get(code)
    return own.name if own else analog_type_name(code)
