"""How much a frame matters under load, from a few of its bytes: the shedding order is analog, then state, never fire.

This is no decoding: a frame that looks odd counts as urgent, since dropping it would be the dangerous mistake.
"""

from __future__ import annotations

URGENT, STATE, ANALOG = 0, 1, 2
"""Classes, most important first."""

_COMPONENT_ALARM = 0b1_0000_0110  # fire, fault, power fault: type 2
_SYSTEM_ALARM = 0b111_0000_0110  # fire, fault, mains, standby, bus: type 1
_DEVICE_ALARM = 0b0111_1110  # fire, fault, mains, standby, link, line: type 21
_OPERATIONS = 0b0010_1101  # reset, manual alarm, cleared, duty reply or confirm: types 4 and 24


def importance(frame: bytes) -> int:
    """URGENT, STATE or ANALOG. Source of the rule: security.md 1.3, last row."""
    if len(frame) < 33:
        return STATE  # no room for an object: some kind of heartbeat
    kind = frame[27]
    if kind == 3:
        return ANALOG
    count, size = frame[28], len(frame) - 32
    if kind == 2:
        return _any_bit(frame, count, size, at=7, mask=_COMPONENT_ALARM)
    if kind == 1:
        return _any_bit(frame, count, size, at=2, mask=_SYSTEM_ALARM)
    if kind == 21:
        return URGENT if frame[29] & _DEVICE_ALARM else STATE
    if kind == 24:
        return URGENT if frame[29] & _OPERATIONS else STATE
    if kind == 4:
        return URGENT if len(frame) < 35 or frame[31] & _OPERATIONS else STATE
    return STATE


def _any_bit(frame: bytes, count: int, size: int, *, at: int, mask: int) -> int:
    """URGENT when any object's 16-bit word at offset `at` has a bit of `mask`, or when the sizes do not fit."""
    if not count or size % count or size // count < at + 2:
        return URGENT
    if count == 1:  # by far the most frequent
        return URGENT if (frame[29 + at] | frame[30 + at] << 8) & mask else STATE
    step = size // count
    for start in range(29 + at, 29 + size, step):
        if (frame[start] | frame[start + 1] << 8) & mask:
            return URGENT
    return STATE
