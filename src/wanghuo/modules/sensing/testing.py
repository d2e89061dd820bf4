"""Factories for tests of this and upper modules: devices of real shape, frames as they send them, a journal filled
without sockets."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from factory.declarations import LazyAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from wanghuo.engines.codecs.gb26875.frames import build_frame
from wanghuo.engines.codecs.gb26875.labels import encode_description, encode_time
from wanghuo.modules.places.testing import UnitFactory
from wanghuo.modules.sensing import hours
from wanghuo.modules.sensing.ingest import Ingest
from wanghuo.modules.sensing.journal import FRAME, NOTE, Columns, Writer
from wanghuo.modules.sensing.models import Device

NORMAL, FIRE, FAULT = 0x0001, 0x0002, 0x0004


class DeviceFactory(DjangoModelFactory[Device]):
    """A transmission device of a unit in 普宁市; give `unit` to put it elsewhere, `unit=None` and `region_code` for
    one alone."""

    class Meta:
        model = Device

    ref = Sequence(lambda n: f"SB-445281-2026-{90000 + n:05d}")  # type: ignore[no-untyped-call]
    source = Sequence(lambda n: (1_000_000 + n).to_bytes(6, "little").hex())  # type: ignore[no-untyped-call]
    unit = SubFactory(UnitFactory)  # type: ignore[no-untyped-call]
    region_code = LazyAttribute(lambda d: d.unit.region_code if d.unit else "445281102")  # type: ignore[no-untyped-call]
    floor = "1F"
    location = "消防控制室"

    @classmethod
    def _create(cls, model_class: type[Device], *args: Any, **kwargs: Any) -> Device:
        device = model_class(**kwargs)
        device.place(device.region_code, sector=device.unit.sector if device.unit else "", unit=device.unit_id)
        device.save(force_insert=True)
        return device


def state_frame(
    source: str,
    word: int,
    *,
    serial: int = 0,
    at: datetime | None = None,
    point: int = 1,
    loop: int = 1,
    kind: int = 40,
    text: str = "三层走道烟感",
) -> bytes:
    """A frame of type 2 with one component's word: `loop` and `point` make its address, `kind` is its component
    type."""
    at = at or datetime.now(UTC)
    address = (loop | point << 16).to_bytes(4, "little")
    body = bytes((2, 1, 1, 1, kind)) + address + word.to_bytes(2, "little") + encode_description(text) + encode_time(at)
    return build_frame(serial=serial, source=bytes.fromhex(source), dest=1, command=2, body=body, at=at, version=(1, 1))


def unit_frame(source: str, unit: bytes, *, serial: int = 0, at: datetime | None = None, command: int = 2) -> bytes:
    """A frame with any application unit; an empty one is a heartbeat."""
    at = at or datetime.now(UTC)
    return build_frame(serial=serial, source=bytes.fromhex(source), dest=1, command=command, body=unit, at=at)


def fill(
    journal: Path, frames: Iterable[bytes], *, received_us: int | None = None, trust: int = 0, kind: int = FRAME
) -> int:
    """Put frames into the journal as one batch, as the gateway would; gives the batch's id."""
    columns = Columns.empty()
    for frame in frames:
        columns.add(received_us or time.time_ns() // 1000, 1, trust, kind, frame)
    writer = Writer(journal, "test")
    try:
        return writer.commit(columns)
    finally:
        writer.close()


def note(journal: Path, data: bytes, received_us: int | None = None) -> int:
    """Put a note of the gateway into the journal."""
    return fill(journal, [data], received_us=received_us, kind=NOTE)


def take_in(journal: Path) -> Ingest:
    """Run ingest over what is in the journal, and give it, to go on with."""
    ingest = Ingest(journal)
    ingest.catch_up()
    return ingest


def count_hour(region: str, at: datetime, **counts: int) -> None:
    """What ingest counted for a division (and those above) in the hour of `at`: messages, readings, alarms, devices."""
    hours.add({(region, int(at.timestamp()) // 3600): hours.Count(**counts)})
