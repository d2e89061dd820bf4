"""Which conditions become alarms, and what alarms are called."""

from __future__ import annotations

from wanghuo.base import Text
from wanghuo.engines.alarm_logic import Kind
from wanghuo.modules.sensing.contracts import CONDITIONS

KINDS: dict[str, Kind] = {
    "fire": Kind.FIRE,
    "disablement": Kind.DISABLEMENT,
    "supervisory": Kind.SUPERVISORY,
    "power_fault": Kind.POWER,
    "mains_fault": Kind.POWER,
    "standby_fault": Kind.POWER,
    "fault": Kind.FAULT,
    "bus_fault": Kind.FAULT,
    "link_fault": Kind.FAULT,
    "line_fault": Kind.FAULT,
    "duplicate_source": Kind.DUPLICATE_SOURCE,
}
"""Which conditions ask for a person. The others (activation, feedback, delay, manual mode) are kept as the device's history."""

NAMES = {**CONDITIONS, "offline": Text("离线", "offline"), "unattended": Text("查岗无应答", "duty check unanswered")}

KIND_NAMES = {
    Kind.FIRE: Text("火警", "fire"),
    Kind.FAULT: Text("故障", "fault"),
    Kind.DISABLEMENT: Text("屏蔽", "disablement"),
    Kind.SUPERVISORY: Text("监管", "supervisory"),
    Kind.POWER: Text("电源", "power"),
    Kind.OFFLINE: Text("离线", "offline"),
    Kind.DUPLICATE_SOURCE: Text("地址重复", "duplicate address"),
    Kind.UNATTENDED: Text("查岗无应答", "unattended"),
}
