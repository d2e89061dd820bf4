"""What the codecs of messages have in common: samples, the reports that carry them, and the one error they raise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

Plain = int | float | bool | str
MOST_SAMPLES = 2000  # of one message
MOST_DEPTH = 8  # of nested names within a device's values
LONGEST_TEXT, LONGEST_POINT = 200, 120
LATEST_MS = 4_102_444_800_000  # the year 2100: a later time is none


class Undecodable(ValueError):
    """A message cannot be read; its text says why, for whoever connects the device."""


class Sample(NamedTuple):
    """One value of a device. `point`: its name as the device has it ("battery", "3323/0/5700", "ch1.temp"); `at_ms`:
    milliseconds since 1970 UTC by the device or its operator, None where nothing usable is said."""

    point: str
    value: Plain
    at_ms: int | None = None


class Answer(NamedTuple):
    """A device's answer to a command sent down: the command's key as it was given, and whether it was done."""

    key: str
    done: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What one message says about one device.

    `address`: the device's name in its protocol; "" where only the way in knows it. `others`: further names it may be
    registered by (IMEI). `raw`: bytes of the device itself, for the codec its profile names. `online`: what the operator says
    about the session. `product`: the operator's product, for the profile. `at_ms`: the operator's time of the message. `key`:
    a number of the message by which a delivery made again is known.
    """

    address: str
    samples: tuple[Sample, ...] = ()
    raw: bytes = b""
    others: tuple[str, ...] = ()
    product: str = ""
    online: bool | None = None
    at_ms: int | None = None
    answers: tuple[Answer, ...] = ()
    key: str = ""


def instant_ms(value: object) -> int | None:
    """A time as milliseconds since 1970 UTC: numbers or digits in seconds or milliseconds; None for anything else."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= 16:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    ms = int(value if value > 100_000_000_000 else value * 1000)
    return ms if 946_684_800_000 <= ms <= LATEST_MS else None  # before 2000 a clock was never set


def plain(value: object) -> Plain | None:
    """A leaf as a plain value; None for what is no value (null, infinities, long numbers)."""
    if isinstance(value, bool | str):
        return value[:LONGEST_TEXT] if isinstance(value, str) else value
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None


def flatten(values: Mapping[str, object], at_ms: int | None) -> Iterator[Sample]:
    """The leaves of nested values, named by their path with dots: {"ch1": {"temp": 20}} → ch1.temp."""
    count = 0
    stack: list[tuple[str, object, int]] = [(str(name), value, 0) for name, value in reversed([*values.items()])]
    while stack:
        name, value, depth = stack.pop()
        if isinstance(value, dict) and depth < MOST_DEPTH:
            stack += [(f"{name}.{key}", inner, depth + 1) for key, inner in reversed(value.items())]
        elif isinstance(value, list) and depth < MOST_DEPTH:
            stack += [(f"{name}.{i}", inner, depth + 1) for i, inner in reversed(list(enumerate(value)))]
        elif (leaf := plain(value)) is not None and len(name) <= LONGEST_POINT:
            count += 1
            if count > MOST_SAMPLES:
                raise Undecodable(f"more than {MOST_SAMPLES} values in one message")
            yield Sample(name, leaf, at_ms)
