"""A frame as people read it: its bytes in rows, and what the codec says of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wanghuo.base import Text
from wanghuo.engines.codecs.gb26875.frames import Frame
from wanghuo.engines.codecs.gb26875.lines import event_to_line
from wanghuo.engines.codecs.gb26875.stream import parse_frame
from wanghuo.engines.codecs.gb26875.tables import analog_type_name, command_name, type_flag_name
from wanghuo.modules.sensing.journal import Record

ROW = 16


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame for the page. `rows`: offset and hex of each sixteen bytes; `fields`: name and value; `objects`: the
    same for each."""

    received_at: datetime | None
    command: Text
    type: Text | None
    rows: list[tuple[str, str]]
    fields: list[tuple[str, Any]]
    objects: list[list[tuple[str, Any]]]


HEADER = ("serial", "version", "time", "time_raw", "source", "dest", "app_len", "checksum")


def shown_bytes(raw: bytes, received_at: datetime | None = None) -> Shown:
    """The frame that `raw` is, for the page; stored frames were valid when they were stored."""
    frame = parse_frame(raw) or Frame(raw)
    line = event_to_line(frame)
    return Shown(
        received_at=received_at,
        command=command_name(frame.command),
        type=type_flag_name(frame.type) if frame.type is not None else None,
        rows=[(f"{at:04x}", raw[at : at + ROW].hex(" ")) for at in range(0, len(raw), ROW)],
        fields=[(name, line[name]) for name in HEADER if name in line],
        objects=[list(each.items()) for each in line.get("objects", [])],
    )


def shown(record: Record) -> Shown:
    """A record of the journal, for the page."""
    return shown_bytes(record.data, datetime.fromtimestamp(record.received_us / 1e6, UTC))


def quantity_name(quantity: int) -> Text:
    """The word for an analog type."""
    return analog_type_name(quantity)
