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
    global _last_ms, _last_tail
    with _lock:
        ms = max(time.time_ns() // 1_000_000, _last_ms)
        tail = secrets.randbits(74)
        if ms == _last_ms:
            # one more than the last id of this millisecond, by a random step; the 74-bit tail overflows into the next
            tail = _last_tail + 1 + secrets.randbits(32)
            if tail >> 74:
                ms, tail = ms + 1, secrets.randbits(73)
        _last_ms, _last_tail = ms, tail
    value = (ms & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | (tail >> 62) << 64 | 0b10 << 62 | tail & ((1 << 62) - 1)
    return UUID(int=value)
