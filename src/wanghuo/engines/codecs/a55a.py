"""The "A5 5A" report of pressure and level terminals, over TCP, UDP, MQTT and operators' platforms.

Big endian throughout. Layout and alarm bits as seen in the field (protocols.md 3.4); lengths decide, nothing else is trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from wanghuo.engines.codecs.samples import LATEST_MS, Report, Sample, Undecodable

START, END = b"\xa5\x5a", b"\x55\xaa"
REPORT = 0
HEAD = 17  # markers, command, length, device id
LEAST, MOST = HEAD + 4, 8192
MOST_RECORDS = 2000

KINDS: Mapping[int, tuple[str, float]] = MappingProxyType(
    {
        0: ("pressure_kpa", 0.1),
        1: ("pressure", 0.001),
        2: ("pressure_bar", 0.01),
        24: ("pressure", 0.001),
        34: ("pressure", 0.001),
    }
)
"""Sensor kinds: the point's name and what one step is worth in its unit (kPa, MPa, bar)."""

HYDRANTS = frozenset({24, 34})
ALARMS = ("low", "high", "battery_low", "sensor_fault", "hardware_fault", "low2", "high2", "third")
HYDRANT_ALARMS = ("low", "high", "battery_low", "sensor_fault", "hardware_fault", "impact", "tilt", "discharge")


@dataclass(frozen=True, slots=True)
class Terminal:
    """One report. `records`: value and time (ms since 1970 UTC), oldest first, the newest last; `battery`: in percent,
    None on external supply alone; `signal_dbm`: as sent."""

    device: str
    kind: int
    alarms: tuple[str, ...]
    known_alarms: tuple[str, ...]
    battery: int | None
    external: bool
    signal_dbm: int
    low: float
    high: float
    value: float
    at_ms: int | None
    records: tuple[tuple[float, int | None], ...]


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS (reflected 0xA001, from 0xFFFF)."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ 0xA001 if byte & 1 else byte >> 1
    return byte


_CRC = tuple(map(_crc_of, range(256)))


def length_of(head: bytes) -> int | None:
    """How long the message that begins with these bytes says it is; None when it is none. At least five bytes."""
    if head[:2] != START:
        return None
    length = int.from_bytes(head[3:5], "big")
    return length if LEAST <= length <= MOST else None


def check(message: bytes) -> None:
    """Whether markers, length and checksum fit. Raises Undecodable."""
    if length_of(message[:5]) != len(message):
        raise Undecodable("start or length does not fit")
    if message[-2:] != END:
        raise Undecodable("wrong end")
    if int.from_bytes(message[-4:-2], "big") != crc16(message[:-4]):
        raise Undecodable("wrong checksum")


def device_of(message: bytes) -> str:
    """The terminal's id, as printed on it. Raises Undecodable."""
    raw = message[5:17].strip(b"\0 ")
    if not raw or not all(0x21 <= byte < 0x7F for byte in raw):
        raise Undecodable("no device id")
    return raw.decode("ascii")


def parse(message: bytes) -> Terminal:
    """A report. Raises Undecodable."""
    check(message)
    if message[2] != REPORT:
        raise Undecodable(f"command {message[2]} is no report")
    body = message[:-4]
    if len(body) < 35:
        raise Undecodable("too short for a report")
    power, kind, bits, count = body[17], body[23], body[24], int.from_bytes(body[21:23], "big")
    values_at = 25 + 4 * _sensors(len(body), count)
    time_at = values_at + (values_at - 25) // 2
    at_s = int.from_bytes(body[time_at : time_at + 4], "big")
    at_ms = at_s * 1000 if 946_684_800 <= at_s <= LATEST_MS // 1000 else None
    step = KINDS.get(kind, ("value", 1.0))[1]
    names = HYDRANT_ALARMS if kind in HYDRANTS else ALARMS
    return Terminal(
        device=device_of(message),
        kind=kind,
        alarms=tuple(name for bit, name in enumerate(names) if bits >> bit & 1),
        known_alarms=names,
        battery=min(100, (power & 0x1F) * 5) if power >> 5 & 3 != 2 else None,
        external=bool(power & 0x80),
        signal_dbm=int.from_bytes(body[18:19], "big", signed=True),
        low=_value(body, 25, step),
        high=_value(body, 27, step),
        value=_value(body, values_at, step),
        at_ms=at_ms,
        records=_records(body, time_at + 4, step, at_ms, int.from_bytes(body[19:21], "big")),
    )


def _sensors(length: int, count: int) -> int:
    """One sensor or two, by what fits the length. Raises Undecodable when neither does."""
    if count > MOST_RECORDS:
        raise Undecodable(f"{count} records, at most {MOST_RECORDS}")
    for sensors in (1, 2):
        if length == 29 + 6 * sensors + 2 * count:
            return sensors
    raise Undecodable(f"{length} bytes do not hold {count} records")


def _value(body: bytes, at: int, step: float) -> float:
    return round(int.from_bytes(body[at : at + 2], "big", signed=True) * step, 6)


def _records(
    body: bytes, start: int, step: float, at_ms: int | None, interval_s: int
) -> tuple[tuple[float, int | None], ...]:
    """The history that came along, each with its time: the newest was taken at `at_ms`, the others an interval apart."""
    values = [_value(body, at, step) for at in range(start, len(body), 2)]
    newest = len(values) - 1
    return tuple((v, at_ms - (newest - i) * interval_s * 1000 if at_ms else None) for i, v in enumerate(values))


def samples(terminal: Terminal) -> tuple[Sample, ...]:
    """The points of a report: the value (records that came with it first), alarms, battery, signal."""
    name = KINDS.get(terminal.kind, ("value", 1.0))[0]
    found = [Sample(name, value, at_ms) for value, at_ms in terminal.records if at_ms != terminal.at_ms]
    found.append(Sample(name, terminal.value, terminal.at_ms))
    found += [Sample(f"alarm.{each}", each in terminal.alarms, terminal.at_ms) for each in terminal.known_alarms]
    if terminal.battery is not None:
        found.append(Sample("battery", terminal.battery, terminal.at_ms))
    found.append(Sample("external_supply", terminal.external, terminal.at_ms))
    if terminal.signal_dbm < 0:
        found.append(Sample("signal", terminal.signal_dbm, terminal.at_ms))
    return tuple(found)


def decode(message: bytes) -> list[Report]:
    """The report of a message as it stands on the wire. Raises Undecodable."""
    check(message)
    return [Report(device_of(message), raw=message)]


def build(
    device: str,
    value: int,
    *,
    kind: int = 1,
    bits: int = 0,
    battery: int = 20,
    signal: int = -80,
    interval_s: int = 600,
    at_s: int = 0,
    records: tuple[int, ...] = (),
) -> bytes:
    """A report of a terminal with one sensor, for simulators and tests. `battery`: steps of 5 %; `value` and `records`: as
    on the wire."""
    body = (
        bytes((battery & 0x1F | 0x20, signal & 0xFF)) + interval_s.to_bytes(2, "big") + len(records).to_bytes(2, "big")
    )
    body += bytes((kind, bits)) + b"".join(v.to_bytes(2, "big", signed=True) for v in (0, 0, value))
    body += at_s.to_bytes(4, "big") + b"".join(v.to_bytes(2, "big", signed=True) for v in records)
    head = START + bytes((REPORT,)) + (HEAD + len(body) + 4).to_bytes(2, "big")
    return _closed(head + device.encode("ascii")[:12].ljust(12, b"\0") + body)


def answer(message: bytes) -> bytes:
    """What tells a terminal that its report was taken: its own command with bit 7 set, and its id. Ours [U]: the makers do
    not publish theirs; a terminal that wants another answer repeats, which is known as a repetition."""
    return _closed(START + bytes((message[2] | 0x80,)) + (HEAD + 4).to_bytes(2, "big") + message[5:17])


def _closed(head: bytes) -> bytes:
    return head + crc16(head).to_bytes(2, "big") + END
