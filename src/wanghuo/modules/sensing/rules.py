"""What a state word means: pure decisions, and the reasons for them lie in the profile.

State words are levels. An event is the difference of two words of the same component (`changes`).
"""

from __future__ import annotations

from functools import lru_cache

from wanghuo.modules.sensing.profiles import Profile, on_change, profile

COMMON = {1: "fire", 2: "fault", 3: "disablement", 4: "supervisory", 5: "activation", 6: "feedback", 7: "delay"}
_BITS = {
    "component": COMMON | {8: "power_fault"},
    "system": COMMON | {8: "mains_fault", 9: "standby_fault", 10: "bus_fault", 11: "manual_mode"},
    "device": {1: "fire", 2: "fault", 3: "mains_fault", 4: "standby_fault", 5: "link_fault", 6: "line_fault"},
}
"""Conditions by bit, for the three kinds of state word. Source: GB/T 26875.3-2011, state figures of types 2, 1 and
21."""

RESET_BIT = 13
LATCHING = frozenset({"fire", "fault", "supervisory", "activation", "feedback", "delay"})
"""Conditions a panel keeps until it is reset; a reset of the system clears them at every component of it."""

FAULTS = frozenset({"fault", "power_fault", "mains_fault", "bus_fault", "link_fault", "line_fault"})
SUPPLY = frozenset({"standby_fault", "battery_low"})
"""What says that a device is short of power."""

FIRE_PATH = frozenset({"fire", "link_fault", "line_fault", "bus_fault", "fault"})
"""What is never shed under load: fire, and faults of the way a fire alarm takes (security.md 1.3)."""

STALE_S = 600.0


@lru_cache(maxsize=4096)
def conditions(word: int, kind: str, profile_code: str) -> frozenset[str]:
    """The conditions a state word reports. `kind`: component, system or device."""
    own: Profile = profile(profile_code)
    bits = _BITS[kind] | (dict(own.bits) if kind == "component" else {})
    return frozenset(condition for bit, condition in bits.items() if word >> bit & 1)


@lru_cache(maxsize=4096)
def is_test(word: int, kind: str, profile_code: str) -> bool:
    """Whether bit 0 says "test" and may be believed.

    Bit 0 = 1 means normal by the standard, but many panels clear it in every alarm: an alarm never becomes a drill on
    that bit
    alone unless the profile says that the device keeps to the letter. Source: protocols.md 1.7.
    """
    rule, on = profile(profile_code).bit0, bool(word & 1)
    if rule == "auto":
        return not on and not conditions(word, kind, profile_code)
    return {"normal": not on, "test": on, "ignore": False}[rule]


on_change(conditions.cache_clear)
on_change(is_test.cache_clear)


def is_reset(word: int, kind: str) -> bool:
    """Whether a system's word says that it was reset."""
    return kind == "system" and bool(word >> RESET_BIT & 1)


def changes(before: frozenset[str], after: frozenset[str]) -> tuple[list[str], list[str]]:
    """(raised, cleared) between two sets of conditions; fire first, then by name, so that the order is always the
    same."""
    first = lambda condition: (condition != "fire", condition)
    return sorted(after - before, key=first), sorted(before - after, key=first)


def is_stale(label_s: float | None, received_s: float, offset_s: float | None) -> bool:
    """Whether a label lies more than 10 min off the device's learned clock offset. Unknown labels and clocks are not
    stale."""
    if label_s is None or offset_s is None:
        return False
    return abs(received_s - label_s - offset_s) > STALE_S


def learn_offset(offset_s: float | None, label_s: float | None, received_s: float) -> float | None:
    """The device's clock offset after one more label: the first is taken whole, later ones that fit pull it by a tenth.

    A label that does not fit teaches nothing: a replayed recording must not move the clock.
    """
    if label_s is None:
        return offset_s
    seen = received_s - label_s
    if offset_s is None:
        return seen
    return offset_s + (seen - offset_s) * 0.1 if abs(seen - offset_s) <= STALE_S else offset_s
