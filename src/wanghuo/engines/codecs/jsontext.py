"""JSON from strangers: bounded in size, depth and numbers, and one error for everything that is wrong with it."""

from __future__ import annotations

import json
from typing import NoReturn

from wanghuo.engines.codecs.samples import Undecodable

MOST_BYTES, MOST_DEPTH = 1 << 20, 32
_OPEN, _CLOSE, _QUOTE, _BACKSLASH = frozenset(b"[{"), frozenset(b"]}"), ord('"'), ord("\\")


def depth_of(raw: bytes) -> int:
    """How deep the brackets nest, strings left out."""
    depth = deepest = 0
    in_text = skip = False
    for byte in raw:
        if skip:
            skip = False
        elif in_text:
            if byte == _BACKSLASH:
                skip = True
            elif byte == _QUOTE:
                in_text = False
        elif byte == _QUOTE:
            in_text = True
        elif byte in _OPEN:
            depth += 1
            deepest = max(deepest, depth)
        elif byte in _CLOSE:
            depth -= 1
    return deepest


def _no_number(word: str) -> NoReturn:
    raise Undecodable(f"{word} is no number")


def load_json(raw: bytes) -> object:
    """The value of a JSON text (UTF-8, at most 1 MiB, 32 levels; a byte order mark is let pass). Raises Undecodable."""
    if len(raw) > MOST_BYTES:
        raise Undecodable(f"{len(raw)} bytes, at most {MOST_BYTES}")
    if raw.count(b"[") + raw.count(b"{") > MOST_DEPTH and depth_of(raw) > MOST_DEPTH:
        raise Undecodable(f"nested deeper than {MOST_DEPTH}")
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise Undecodable(f"no UTF-8 at byte {error.start}") from None
    except Undecodable:
        raise
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"no JSON: {error}"[:200]) from None


def load_object(raw: bytes) -> dict[str, object]:
    """A JSON text that must be an object. Raises Undecodable."""
    value = load_json(raw)
    if not isinstance(value, dict):
        raise Undecodable("no JSON object")
    return value


def text_of(value: object) -> str:
    """A name as text: numbers count as their digits; "" for null, for "undefined" and for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value).strip() if not isinstance(value, int) or abs(value) < 1 << 63 else ""
    return "" if text in ("undefined", "null", "-1") else text[:64]
