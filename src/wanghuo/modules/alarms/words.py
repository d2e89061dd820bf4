"""Which conditions become alarms, and what alarms are called."""

from __future__ import annotations

from wanghuo.base import Text
from wanghuo.engines.alarm_logic import FLOW_TYPES, Kind
from wanghuo.modules.sensing.contracts import CONDITIONS

KINDS: dict[str, Kind] = {
    "fire": Kind.FIRE,
    "water_flow": Kind.FIRE,
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
    "battery_low": Kind.FAULT,
    "tamper": Kind.FAULT,
    "post_left": Kind.UNATTENDED,
    **dict.fromkeys(
        (
            *("gas", "overheat", "residual_current", "arc", "overload", "overvoltage", "undervoltage", "process"),
            *("pressure_low", "pressure_high", "level_low", "level_high", "discharge", "tilt"),
            *("door_open", "lane_blocked", "ebike_indoors", "charge_full"),
        ),
        Kind.LIMIT,
    ),
}
"""Which conditions ask for a person. The others (activation, feedback, delay, manual mode) are kept as the device's history."""

WATER_FLOW = "water_flow"
"""A flow indicator or pressure switch of a sprinkler that starts or answers back: a trigger of fire."""

NAMES = {
    **CONDITIONS,
    WATER_FLOW: Text("喷淋水流动作", "sprinkler flow"),
    "limit": Text("越限", "beyond a limit"),
    "offline": Text("离线", "offline"),
    "unattended": Text("查岗无应答", "duty check unanswered"),
}

KIND_NAMES = {
    Kind.FIRE: Text("火警", "fire"),
    Kind.FAULT: Text("故障", "fault"),
    Kind.DISABLEMENT: Text("屏蔽", "disablement"),
    Kind.SUPERVISORY: Text("监管", "supervisory"),
    Kind.POWER: Text("电源", "power"),
    Kind.OFFLINE: Text("离线", "offline"),
    Kind.DUPLICATE_SOURCE: Text("地址重复", "duplicate address"),
    Kind.UNATTENDED: Text("查岗无应答", "unattended"),
    Kind.LIMIT: Text("越限与违规", "beyond a limit"),
}


FAMILIES = {Kind.FAULT: "panel", Kind.POWER: "panel", Kind.OFFLINE: "offline"}
"""Kinds that follow from one another at one unit: the first stands, the others go below it. Other kinds stand for themselves."""
AREA_CONDITIONS = ("offline", "link_fault", "mains_fault")
"""What a mast, a carrier or a power cut does to many units at once."""


def alarm_condition(condition: str, component_type: int | None) -> str:
    """The condition an alarm is raised under: a sprinkler's flow is told from other parts that start or answer back."""
    if condition in ("activation", "feedback") and component_type in FLOW_TYPES:
        return WATER_FLOW
    return condition
