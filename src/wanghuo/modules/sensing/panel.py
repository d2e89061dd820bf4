"""The lamps of a fire panel, as its front shows them, and events in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from wanghuo.base import Text
from wanghuo.base.text import listing
from wanghuo.engines.codecs.gb26875.tables import DEVICE_OPERATION_BITS, OPERATION_BITS
from wanghuo.modules.sensing import commands
from wanghuo.modules.sensing.contracts import CONDITIONS, ComponentView
from wanghuo.modules.sensing.models import Device, Outage, SensorEvent
from wanghuo.modules.sensing.states import HEARD

LAMPS: tuple[tuple[str, Text, str, frozenset[str]], ...] = (
    ("fire", CONDITIONS["fire"], "red", frozenset({"fire"})),
    ("supervisory", Text("监管", "supervisory"), "red", frozenset({"supervisory"})),
    ("activation", Text("启动", "activated"), "red", frozenset({"activation"})),
    ("feedback", Text("反馈", "feedback"), "red", frozenset({"feedback"})),
    ("disablement", Text("屏蔽", "disabled"), "yellow", frozenset({"disablement"})),
    (
        "fault",
        Text("故障", "fault"),
        "yellow",
        frozenset({"fault", "power_fault", "bus_fault", "link_fault", "line_fault"}),
    ),
    ("mains", Text("主电故障", "mains fault"), "yellow", frozenset({"mains_fault"})),
    ("standby", Text("备电故障", "standby fault"), "yellow", frozenset({"standby_fault"})),
)
"""Lamps with their colours: red for alarms, yellow for faults and disablements. Source: GB 4717, colours of
indicators."""


GLASS = {"red": ("#d92d20", "#fda29b"), "yellow": ("#f5b400", "#fde68a"), "green": ("#17a34a", "#a7f3c0")}


@dataclass(frozen=True, slots=True)
class Lamp:
    """One lamp: how many reporters light it. `state`: on, off, or unknown while nothing is heard."""

    code: str
    label: Text
    colour: str
    count: int
    state: str

    @property
    def fill(self) -> str:
        """The colour of the lit glass."""
        return GLASS[self.colour][0]

    @property
    def glow(self) -> str:
        """The colour around it."""
        return GLASS[self.colour][1]


def lamps_of(device: Device, views: Sequence[ComponentView]) -> list[Lamp]:
    """The panel of a device. Off line, an unlit lamp proves nothing, and is shown as unknown."""
    heard = device.state in HEARD
    lamps = [Lamp("power", Text("通信正常", "in contact"), "green", 0, "on" if heard else "off")]
    for code, label, colour, lit_by in LAMPS:
        count = sum(bool(lit_by & set(view.conditions)) for view in views)
        state = "on" if count else ("off" if heard else "unknown")
        lamps.append(Lamp(code, label, colour, count, state))
    return lamps


WORDS = {
    "raised": Text("{condition}", "{condition}"),
    "cleared": Text("{condition} 消除", "{condition} cleared"),
    "duty_reply": Text("查岗应答（操作员 {operator}）", "duty check answered (operator {operator})"),
    "session_up": Text("会话上线", "session up"),
    "session_down": Text("会话断开", "session down"),
    "duplicate_source": Text("地址重复：{peers}", "address in use twice: {peers}"),
    "command_expired": Text("“{act}”超时无应答", "“{act}” was not answered in time"),
    "reply": Text("设备对指令的答复：{outcome}", "answer to a command: {outcome}"),
}


ON_LINE, OFF_LINE = Text("恢复上线", "on line again"), Text("离线", "off line")


class Gone(NamedTuple):
    """That a device went off line or came back, as an event of it is shown."""

    received_at: datetime
    words: Text


def gone(outages: Iterable[Outage]) -> list[Gone]:
    """What these outages say of when a device was off line."""
    silences = [row for row in outages if row.kind == "offline"]
    begun = [Gone(row.found_at, OFF_LINE) for row in silences]
    return begun + [Gone(row.ended_at, ON_LINE) for row in silences if row.ended_at is not None]


def told(event: SensorEvent) -> Text:
    """One event in words."""
    detail = event.detail
    if event.what == "operation":
        names = DEVICE_OPERATION_BITS if event.component and event.component.key == "uitd" else OPERATION_BITS
        pressed = [name for bit, name in names.items() if detail.get("bits", 0) >> bit & 1]
        return Text("操作：{what}", "operation: {what}").filled({"what": listing(pressed)})
    known = {
        "condition": CONDITIONS.get(event.condition, Text(event.condition, event.condition)),
        "operator": detail.get("operator", ""),
        "peers": " · ".join(detail.get("peers", [])),
        "act": commands.ACTS.get(detail.get("act", ""), Text("指令", "command")),
        "outcome": commands.STATES.get(detail.get("outcome", ""), Text("", "")),
    }
    return WORDS.get(event.what, Text(event.what, event.what)).filled(known)
