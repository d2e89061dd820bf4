"""What state words and analog values mean, as pure functions of the word and a per-device profile.

State words are levels: an event is a difference between two words of the same component, which is the caller's to find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from wanghuo.base import Text
from wanghuo.engines.codecs.gb26875.tables import ANALOG_TYPES, AnalogType


class Condition(StrEnum):
    """What a set bit says of a component, a system or a transmission device."""

    FIRE = "fire"
    FAULT = "fault"
    DISABLED = "disabled"
    SUPERVISORY = "supervisory"
    ACTIVATED = "activated"
    FEEDBACK = "feedback"
    DELAYED = "delayed"
    POWER_FAULT = "power_fault"
    MAINS_FAULT = "mains_fault"
    STANDBY_FAULT = "standby_fault"
    BUS_FAULT = "bus_fault"
    LINK_FAULT = "link_fault"
    LINE_FAULT = "line_fault"
    MANUAL = "manual"
    CONFIG_CHANGED = "config_changed"
    RESET = "reset"
    TEST = "test"
    OFFLINE = "offline"
    OPEN_CIRCUIT = "open_circuit"
    SHORT_CIRCUIT = "short_circuit"
    REMOVED = "removed"
    SENSOR_FAULT = "sensor_fault"
    UPGRADE_FAULT = "upgrade_fault"


C = Condition
CONDITION_TEXTS: Mapping[Condition, Text] = MappingProxyType(
    {
        C.FIRE: Text("火警", "fire alarm"),
        C.FAULT: Text("故障", "fault"),
        C.DISABLED: Text("屏蔽", "disabled"),
        C.SUPERVISORY: Text("监管", "supervisory"),
        C.ACTIVATED: Text("启动", "activated"),
        C.FEEDBACK: Text("反馈", "feedback"),
        C.DELAYED: Text("延时", "delay running"),
        C.POWER_FAULT: Text("电源故障", "power fault"),
        C.MAINS_FAULT: Text("主电故障", "mains supply fault"),
        C.STANDBY_FAULT: Text("备电故障", "standby supply fault"),
        C.BUS_FAULT: Text("总线故障", "bus fault"),
        C.LINK_FAULT: Text("与监控中心通信故障", "link to the centre faulty"),
        C.LINE_FAULT: Text("监测连接线路故障", "monitored line faulty"),
        C.MANUAL: Text("手动", "manual mode"),
        C.CONFIG_CHANGED: Text("配置改变", "configuration changed"),
        C.RESET: Text("复位", "reset"),
        C.TEST: Text("测试", "test"),
        C.OFFLINE: Text("离线", "offline"),
        C.OPEN_CIRCUIT: Text("断路", "open circuit"),
        C.SHORT_CIRCUIT: Text("短路", "short circuit"),
        C.REMOVED: Text("拆除", "removed"),
        C.SENSOR_FAULT: Text("传感器故障", "sensor fault"),
        C.UPGRADE_FAULT: Text("升级失败", "upgrade failed"),
    }
)

_COMMON = {1: C.FIRE, 2: C.FAULT, 3: C.DISABLED, 4: C.SUPERVISORY, 5: C.ACTIVATED, 6: C.FEEDBACK, 7: C.DELAYED}
COMPONENT_CONDITIONS: Mapping[int, Condition] = MappingProxyType(_COMMON | {8: C.POWER_FAULT})
SYSTEM_CONDITIONS: Mapping[int, Condition] = MappingProxyType(
    _COMMON | {8: C.MAINS_FAULT, 9: C.STANDBY_FAULT, 10: C.BUS_FAULT, 11: C.MANUAL, 12: C.CONFIG_CHANGED, 13: C.RESET}
)
DEVICE_CONDITIONS: Mapping[int, Condition] = MappingProxyType(
    {1: C.FIRE, 2: C.FAULT, 3: C.MAINS_FAULT, 4: C.STANDBY_FAULT, 5: C.LINK_FAULT, 6: C.LINE_FAULT}
)

NormalBit = Literal["auto", "standard", "inverted", "ignored"]


@dataclass(frozen=True, slots=True)
class Profile:
    """How one device model fills the protocol.

    `normal_bit`, the polarity of bit 0 (1 = normal by the standard, yet many panels send 0x0002 for a fire):
    "auto" reads 0 as test only while bits 1-8 are all clear; "standard" always; "inverted" reads 1 as test; "ignored"
    never reads it. `component_bits` adds meanings to the reserved bits of type 2. `analog` replaces rows of table 6.
    `bcd_time`: time labels are decimal digits.
    """

    normal_bit: NormalBit = "auto"
    component_bits: Mapping[int, Condition] = field(default_factory=dict)
    analog: Mapping[int, AnalogType] = field(default_factory=dict)
    bcd_time: bool = False


STANDARD: Final = Profile()
DAHUA: Final = Profile(
    normal_bit="inverted",
    component_bits=MappingProxyType(
        {
            9: C.OFFLINE,
            10: C.OPEN_CIRCUIT,
            11: C.SHORT_CIRCUIT,
            12: C.REMOVED,
            14: C.SENSOR_FAULT,
            15: C.UPGRADE_FAULT,
        }
    ),
)
"""The Dahua dialect, as its devices were seen to send."""
PROFILES: Final[Mapping[str, Profile]] = MappingProxyType({"standard": STANDARD, "dahua": DAHUA})

_ALARM_BITS = 0x01FE  # bits 1-8


def _is_test(word: int, rule: NormalBit) -> bool:
    if rule == "ignored":
        return False
    if rule == "inverted":
        return bool(word & 1)
    return not word & 1 and (rule == "standard" or not word & _ALARM_BITS)


def _conditions(word: int, bits: Mapping[int, Condition], rule: NormalBit) -> frozenset[Condition]:
    found = {condition for bit, condition in bits.items() if word >> bit & 1}
    if _is_test(word, rule):
        found.add(C.TEST)
    return frozenset(found)


def interpret_component_state(word: int, profile: Profile = STANDARD) -> frozenset[Condition]:
    """The conditions of a component state word (type 2); empty is normal. Bits without a meaning are ignored."""
    bits = {**COMPONENT_CONDITIONS, **profile.component_bits} if profile.component_bits else COMPONENT_CONDITIONS
    return _conditions(word, bits, profile.normal_bit)


def interpret_system_state(word: int, profile: Profile = STANDARD) -> frozenset[Condition]:
    """The conditions of a system state word (type 1); empty is normal."""
    return _conditions(word, SYSTEM_CONDITIONS, profile.normal_bit)


def interpret_device_state(bits: int, profile: Profile = STANDARD) -> frozenset[Condition]:
    """The conditions of a transmission device's state byte (type 21); empty is normal."""
    return _conditions(bits, DEVICE_CONDITIONS, profile.normal_bit)


@dataclass(frozen=True, slots=True)
class Measurement:
    """An analog value in its unit. `in_range` None: the type has no known scale, and `value` is the raw number."""

    value: float
    unit: Text
    in_range: bool | None


_NO_UNIT = Text("", "")


def analog_value(analog_type: int, raw: int, overrides: Mapping[int, AnalogType] | None = None) -> Measurement:
    """Scale a type 3 value by table 6, or by the device's own row in `overrides`.

    A value outside the range is flagged, not dropped. `value` is the decimal product, correctly rounded to a float.
    """
    scale = (overrides or {}).get(analog_type) or ANALOG_TYPES.get(analog_type)
    if scale is None:
        return Measurement(float(raw), _NO_UNIT, None)
    value = Decimal(raw) * scale.step
    return Measurement(float(value), scale.unit, scale.low <= value <= scale.high)
