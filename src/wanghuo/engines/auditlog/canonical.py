"""Canonical JSON: one value, one byte string."""

from __future__ import annotations

import json
import unicodedata
from typing import Any


def canonical(value: Any) -> bytes:
    """UTF-8, NFC, keys sorted by code point, no blanks; only objects, lists, strings and integers (absent, not null).

    String escapes are those of RFC 8785. Raises TypeError for anything else: floats, booleans and null have more than
    one way to be written or read. Raises ValueError for half a surrogate pair, and for two keys that NFC makes one.
    """
    return json.dumps(_checked(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _checked(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, float):
        raise TypeError(f"canonical JSON holds no {type(value).__name__}")
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, list | tuple):
        return [_checked(v) for v in value]
    if isinstance(value, dict):
        checked = {unicodedata.normalize("NFC", str(k)): _checked(v) for k, v in value.items()}
        if len(checked) != len(value):
            raise ValueError("two keys of an object are the same in NFC")
        return checked
    raise TypeError(f"canonical JSON holds no {type(value).__name__}")
