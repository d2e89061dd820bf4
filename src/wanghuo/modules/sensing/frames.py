"""A frame as people read it: its bytes in rows, and what the codec says of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from wanghuo.base import Text
from wanghuo.engines.codecs.gb26875.frames import Frame
from wanghuo.engines.codecs.gb26875.lines import event_to_line
from wanghuo.engines.codecs.gb26875.stream import parse_frame
from wanghuo.engines.codecs.gb26875.tables import command_name, type_flag_name
from wanghuo.modules.sensing.journal import FRAME, MESSAGE, Record
from wanghuo.modules.sensing.messages import GB26875, NotPacked, unpack_message
from wanghuo.modules.sensing.models import Device, QuarantinedDevice
from wanghuo.modules.sensing.preview import preview
from wanghuo.modules.sensing.profiles import profile

ROW = 16


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame for the page. `rows`: offset and hex of each sixteen bytes; `fields`: name and value; `objects`: the
    same for each."""

    received_at: datetime | None
    command: Text
    type: Text | None
    rows: list[tuple[str, str]]
    fields: list[tuple[Text, Any]]
    objects: list[list[tuple[Text, Any]]]


NAMES = {
    "serial": Text("业务流水号", "serial"),
    "version": Text("版本", "version"),
    "time": Text("时间标签", "time label"),
    "source": Text("源地址", "source"),
    "dest": Text("目的地址", "destination"),
    "app_len": Text("数据单元长度", "unit length"),
    "checksum": Text("校验和", "checksum"),
    "system_type": Text("系统类型", "system type"),
    "system_addr": Text("系统地址", "system address"),
    "component_type": Text("部件类型", "component type"),
    "component_addr": Text("部件地址", "component address"),
    "status": Text("状态字", "state word"),
    "description": Text("部件说明", "description"),
    "analog_type": Text("模拟量类型", "analog type"),
    "raw": Text("原始值", "raw value"),
    "value": Text("数值", "value"),
    "unit": Text("单位", "unit"),
    "operation": Text("操作标志", "operation bits"),
    "operator": Text("操作员", "operator"),
    "timeout_minutes": Text("应答时限（分钟）", "minutes to answer"),
}
HEADER = ("serial", "version", "time", "source", "dest", "app_len", "checksum")


def shown_bytes(raw: bytes, received_at: datetime | None = None) -> Shown:
    """The frame that `raw` is, for the page; stored frames were valid when they were stored."""
    frame = parse_frame(raw) or Frame(raw)
    line = event_to_line(frame)
    return Shown(
        received_at=received_at,
        command=command_name(frame.command),
        type=type_flag_name(frame.type) if frame.type is not None else None,
        rows=[(f"{at:04x}", raw[at : at + ROW].hex(" ")) for at in range(0, len(raw), ROW)],
        fields=[(NAMES[name], _plain(line[name])) for name in HEADER if name in line],
        objects=[_named(each) for each in line.get("objects", [])],
    )


def _named(known: dict[str, Any]) -> list[tuple[Text, Any]]:
    """The fields of an object with their names; raw copies beside a readable field are left to the bytes above."""
    return [
        (NAMES.get(name, Text(name, name)), f"0x{value:04x}" if name == "status" else _plain(value))
        for name, value in known.items()
        if not name.endswith(("_raw", "_hex"))
    ]


def _plain(value: Any) -> Any:
    """A value in one line: an address as number and wire bytes, a version with dots."""
    if isinstance(value, dict):
        return f"{value['int']} ({value['wire_hex']})"
    return ".".join(map(str, value)) if isinstance(value, list) else value


def shown(record: Record) -> Shown:
    """A record of the journal, for the page."""
    return shown_bytes(record.data, datetime.fromtimestamp(record.received_us / 1e6, UTC))


def is_of(record: Record, device: Device) -> bool:
    """Whether a record says something of this device."""
    if record.kind == FRAME:
        return device.protocol == GB26875 and record.data[12:18].hex() == device.source
    if record.kind != MESSAGE:
        return False
    message = unpack_message(record.data)
    if message.protocol != device.protocol:
        return False
    names = {message.address} | {
        name for seen in preview(message, profile("standard")).seen for name in (seen.address, *seen.others)
    }
    return device.source in names


def context_of(record: Record, device: Device) -> dict[str, Any]:
    """What the page of a record shows: a frame in fields, or a message and what it becomes; of a push for many devices, only
    what it says of this one."""
    received_at = datetime.fromtimestamp(record.received_us / 1e6, UTC)
    if record.kind == FRAME:
        return {"shown": shown(record)}
    found = preview(unpack_message(record.data), profile(device.profile))
    own = tuple(seen for seen in found.seen if device.source in (seen.address, *seen.others))
    whole = len(found.seen) <= 1
    return {
        "preview": found if whole else replace(found, seen=own, text="", rows=()),
        "received_at": received_at,
        "whole": whole,
    }


def last_of(row: QuarantinedDevice, hint: str) -> dict[str, Any]:
    """The last that was heard of an unknown device, for its page; `hint`: the profile it probably needs."""
    if not row.last_frame:
        return {}
    raw = bytes.fromhex(row.last_frame)
    if row.protocol == GB26875:
        return {"shown": shown_bytes(raw)}
    try:
        return {"preview": preview(unpack_message(raw), profile(hint)), "whole": True}
    except NotPacked:
        return {}
