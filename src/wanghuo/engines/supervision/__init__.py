"""Supervision: how each of millions of devices is doing, and when that may change though nothing is heard.

Plain numpy; the clock is an argument. `decide` gives states, `next_us` the moment to look again, `Watch` keeps both for a
fleet and tells what changed, `Listening` knows since when silence may be held against a device.
"""

from wanghuo.engines.supervision.fleet import (
    CODES,
    FAULT,
    FOREVER,
    LATE,
    LOW_BATTERY,
    MAINTENANCE,
    MUTED,
    NEVER,
    OFFLINE,
    OK,
    RETIRED,
    Fleet,
    decide,
    next_us,
)
from wanghuo.engines.supervision.listening import Listening
from wanghuo.engines.supervision.watch import Changes, Watch

__all__ = [
    "CODES",
    "FAULT",
    "FOREVER",
    "LATE",
    "LOW_BATTERY",
    "MAINTENANCE",
    "MUTED",
    "NEVER",
    "OFFLINE",
    "OK",
    "RETIRED",
    "Changes",
    "Fleet",
    "Listening",
    "Watch",
    "decide",
    "next_us",
]
