"""Registers of a wired gateway, by the map in a profile: what to ask for, and what the answers mean. Pure.

A map is data: {"unit": 1, "every_s": 30, "points": {"pressure": {"table": "holding", "address": 4, "kind": "int16"}}}. Kinds of
two registers name their byte order, since makers differ (protocols.md 5): ABCD, CDAB, BADC, DCBA.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from wanghuo.engines.codecs.jsontext import load_object
from wanghuo.engines.codecs.samples import Plain, Sample, Undecodable

TABLES = ("coil", "discrete", "holding", "input")
SIZES = {"bool": 1, "int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2}
ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
MOST_REGISTERS, MOST_BITS, MOST_GAP = 125, 2000, 8
LEAST_EVERY_S = 1.0


class Block(NamedTuple):
    """Registers or bits to be read in one request."""

    table: str
    address: int
    size: int


def check(given: Mapping[str, Any]) -> None:
    """Whether a map can be used. Raises ValueError naming the point."""
    if float(given.get("every_s", 30)) < LEAST_EVERY_S:
        raise ValueError(f"modbus: every_s must be at least {LEAST_EVERY_S:g}")
    for name, row in dict(given.get("points", {})).items():
        bits = row.get("table") in ("coil", "discrete")
        kind = row.get("kind", "bool" if bits else "int16")
        if row.get("table") not in TABLES or kind not in SIZES or bits != (kind == "bool"):
            raise ValueError(f"modbus: {name} needs a table of {', '.join(TABLES)} and a kind that fits it")
        if not 0 <= int(row["address"]) <= 65_535 or row.get("order", "ABCD") not in ORDERS:
            raise ValueError(f"modbus: address or order of {name}")


def blocks(given: Mapping[str, Any]) -> list[Block]:
    """What to ask for: neighbours of a table together, as far as one request reaches."""
    found: list[Block] = []
    wanted = sorted((row["table"], int(row["address"]), _size(row)) for row in given.get("points", {}).values())
    for table, address, size in wanted:
        most = MOST_BITS if table in ("coil", "discrete") else MOST_REGISTERS
        last = found[-1] if found else None
        if last and last.table == table and address <= last.address + last.size + MOST_GAP:
            whole = max(last.size, address + size - last.address)
            if whole <= most:
                found[-1] = last._replace(size=whole)
                continue
        found.append(Block(table, address, size))
    return found


def _size(row: Mapping[str, Any]) -> int:
    return SIZES[row.get("kind", "bool" if row["table"] in ("coil", "discrete") else "int16")]


def pack(answers: Mapping[Block, list[int]], at_ms: int) -> bytes:
    """The answers of one round as the journal keeps them: raw words, so that a better map can read them again."""
    rows = [[block.table, block.address, words] for block, words in answers.items()]
    return json.dumps({"at": at_ms, "blocks": rows}, separators=(",", ":")).encode()


def samples(given: Mapping[str, Any], raw: bytes) -> tuple[Sample, ...]:
    """The points of one round. Raises Undecodable."""
    body = load_object(raw)
    at_ms, rows = body.get("at"), body.get("blocks")
    if not isinstance(rows, list) or not (at_ms is None or isinstance(at_ms, int)):
        raise Undecodable("no registers")
    words: dict[tuple[str, int], int] = {}
    for row in rows:
        if isinstance(row, list) and len(row) == 3 and isinstance(row[1], int) and isinstance(row[2], list):
            words |= {
                (str(row[0]), row[1] + i): w for i, w in enumerate(row[2]) if isinstance(w, int) and 0 <= w < 65_536
            }
    return tuple(_points(given, words, at_ms if isinstance(at_ms, int) else None))


def _points(given: Mapping[str, Any], words: Mapping[tuple[str, int], int], at_ms: int | None) -> Iterator[Sample]:
    for name, row in given.get("points", {}).items():
        table, address = row["table"], int(row["address"])
        own = [words.get((table, address + i)) for i in range(_size(row))]
        if None not in own:
            value = _value(row, [word for word in own if word is not None])
            if value is not None:
                yield Sample(str(name), value, at_ms)


def _value(row: Mapping[str, Any], words: list[int]) -> Plain | None:
    kind = row.get("kind", "bool" if row["table"] in ("coil", "discrete") else "int16")
    if kind == "bool":
        return bool(words[0])
    raw = b"".join(word.to_bytes(2, "big") for word in words)
    order = row.get("order", "ABCD")[: 2 * len(words)] if len(words) == 2 else ""
    if order:
        raw = bytes(raw["ABCD".index(letter)] for letter in order)
    if kind == "float32":
        value = struct.unpack(">f", raw)[0]
        return value if math.isfinite(value) else None
    return int.from_bytes(raw, "big", signed=kind.startswith("int"))
