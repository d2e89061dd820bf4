"""Code tables of GB/T 26875.3-2011 as data, in both languages.

Everything here restates tables 1 to 6 and the state figures of the standard. Reserved and user-defined codes are not
errors: the `*_name` functions name them with their number, so an unknown code passes through and can still be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from types import MappingProxyType
from typing import Literal

from wanghuo.base import Text

EDITION = "GB/T 26875.3-2011"
"""The edition these tables restate; store it with every kept frame, so that a later edition can be told apart."""

USER_DEFINED_FROM = 128
"""Codes 128 to 255 of every table belong to the project or the maker."""

MAX_UNIT_SIZE = 1024
"""Most bytes an application unit may have."""


class Command(IntEnum):
    """The command byte (table 2). Other values are reserved (7-127) or user-defined (128-255)."""

    RESERVED = 0
    CONTROL = 1
    SEND = 2
    CONFIRM = 3
    REQUEST = 4
    ANSWER = 5
    DENY = 6


COMMAND_NAMES: Mapping[int, Text] = MappingProxyType(
    {
        Command.CONTROL: Text("控制命令", "control"),
        Command.SEND: Text("发送数据", "send data"),
        Command.CONFIRM: Text("确认", "confirm"),
        Command.REQUEST: Text("请求", "request"),
        Command.ANSWER: Text("应答", "answer"),
        Command.DENY: Text("否认", "deny"),
    }
)

SYSTEM_TYPES: Mapping[int, Text] = MappingProxyType(
    {
        0: Text("通用", "generic"),
        1: Text("火灾报警系统", "fire alarm system"),
        10: Text("消防联动控制器", "fire linkage controller"),
        11: Text("消火栓系统", "hydrant system"),
        12: Text("自动喷水灭火系统", "automatic sprinkler system"),
        13: Text("气体灭火系统", "gas extinguishing system"),
        14: Text("水喷雾灭火系统（泵启动方式）", "water spray system, pump-started"),
        15: Text("水喷雾灭火系统（压力容器启动方式）", "water spray system, pressure-vessel-started"),
        16: Text("泡沫灭火系统", "foam extinguishing system"),
        17: Text("干粉灭火系统", "dry powder extinguishing system"),
        18: Text("防烟排烟系统", "smoke control and exhaust system"),
        19: Text("防火门及卷帘系统", "fire doors and shutters"),
        20: Text("消防电梯", "fire lift"),
        21: Text("消防应急广播", "emergency broadcast"),
        22: Text("消防应急照明和疏散指示系统", "emergency lighting and evacuation signs"),
        23: Text("消防电源", "fire power supply"),
        24: Text("消防电话", "fire telephone"),
    }
)

COMPONENT_TYPES: Mapping[int, Text] = MappingProxyType(
    {
        0: Text("通用", "generic"),
        1: Text("火灾报警控制器", "fire alarm control unit"),
        10: Text("可燃气体探测器", "combustible gas detector"),
        11: Text("点型可燃气体探测器", "point combustible gas detector"),
        12: Text("独立式可燃气体探测器", "stand-alone combustible gas detector"),
        13: Text("线型可燃气体探测器", "line combustible gas detector"),
        16: Text("电气火灾监控报警器", "electrical fire monitoring unit"),
        17: Text("剩余电流式电气火灾监控探测器", "residual-current electrical fire detector"),
        18: Text("测温式电气火灾监控探测器", "temperature electrical fire detector"),
        21: Text("探测回路", "detection loop"),
        22: Text("火灾显示盘", "fire display panel"),
        23: Text("手动火灾报警按钮", "manual call point"),
        24: Text("消火栓按钮", "hydrant button"),
        25: Text("火灾探测器", "fire detector"),
        30: Text("感温火灾探测器", "heat detector"),
        31: Text("点型感温火灾探测器", "point heat detector"),
        32: Text("点型感温火灾探测器（S型）", "point heat detector, type S"),
        33: Text("点型感温火灾探测器（R型）", "point heat detector, type R"),
        34: Text("线型感温火灾探测器", "line heat detector"),
        35: Text("线型感温火灾探测器（S型）", "line heat detector, type S"),
        36: Text("线型感温火灾探测器（R型）", "line heat detector, type R"),
        37: Text("光纤感温火灾探测器", "fibre-optic heat detector"),
        40: Text("感烟火灾探测器", "smoke detector"),
        41: Text("点型离子感烟火灾探测器", "point ionisation smoke detector"),
        42: Text("点型光电感烟火灾探测器", "point photoelectric smoke detector"),
        43: Text("线型光束感烟火灾探测器", "beam smoke detector"),
        44: Text("吸气式感烟火灾探测器", "aspirating smoke detector"),
        50: Text("复合式火灾探测器", "combined fire detector"),
        51: Text("复合式感烟感温火灾探测器", "combined smoke and heat detector"),
        52: Text("复合式感光感温火灾探测器", "combined light and heat detector"),
        53: Text("复合式感光感烟火灾探测器", "combined light and smoke detector"),
        61: Text("紫外火焰探测器", "ultraviolet flame detector"),
        62: Text("红外火焰探测器", "infrared flame detector"),
        69: Text("感光火灾探测器", "light-sensing fire detector"),
        74: Text("气体探测器", "gas detector"),
        78: Text("图像摄像方式火灾探测器", "video fire detector"),
        79: Text("感声火灾探测器", "acoustic fire detector"),
        81: Text("气体灭火控制器", "gas extinguishing controller"),
        82: Text("消防电气控制装置", "fire electrical control device"),
        83: Text("消防控制室图形显示装置", "control-room graphic display"),
        84: Text("模块", "module"),
        85: Text("输入模块", "input module"),
        86: Text("输出模块", "output module"),
        87: Text("输入/输出模块", "input/output module"),
        88: Text("中继模块", "relay module"),
        91: Text("消防水泵", "fire pump"),
        92: Text("消防水箱", "fire water tank"),
        95: Text("喷淋泵", "sprinkler pump"),
        96: Text("水流指示器", "water flow indicator"),
        97: Text("信号阀", "signal valve"),
        98: Text("报警阀", "alarm valve"),
        99: Text("压力开关", "pressure switch"),
        101: Text("阀驱动装置", "valve drive"),
        102: Text("防火门", "fire door"),
        103: Text("防火阀", "fire damper"),
        104: Text("通风空调", "ventilation and air conditioning"),
        105: Text("泡沫液泵", "foam liquid pump"),
        106: Text("管网电磁阀", "pipe-network solenoid valve"),
        111: Text("防烟排烟风机", "smoke control and exhaust fan"),
        113: Text("排烟防火阀", "smoke exhaust fire damper"),
        114: Text("常闭送风口", "normally closed air supply outlet"),
        115: Text("排烟口", "smoke exhaust outlet"),
        116: Text("电控挡烟垂壁", "electric smoke curtain"),
        117: Text("防火卷帘控制器", "fire shutter controller"),
        118: Text("防火门监控器", "fire door monitor"),
        121: Text("警报装置", "alarm sounder"),
    }
)


@dataclass(frozen=True, slots=True)
class AnalogType:
    """One row of table 6: the physical value is raw × `step` in `unit`, and should lie in `low` … `high`.

    A device model that scales otherwise gets its own `AnalogType` as an override (see `interpret.analog_value`).
    """

    name: Text
    unit: Text
    low: Decimal
    high: Decimal
    step: Decimal

    @property
    def raw_range(self) -> tuple[int, int]:
        """The raw values whose physical value lies in the range."""
        return int(self.low / self.step), int(self.high / self.step)


def _analog(zh: str, en: str, unit: str, low: int, high: int, step: str, unit_en: str = "") -> AnalogType:
    return AnalogType(Text(zh, en), Text(unit, unit_en or unit), Decimal(low), Decimal(high), Decimal(step))


ANALOG_TYPES: Mapping[int, AnalogType] = MappingProxyType(
    {
        1: _analog("事件计数", "event count", "件", 0, 32000, "1", "items"),
        2: _analog("高度", "height", "m", 0, 320, "0.01"),
        3: _analog("温度", "temperature", "℃", -273, 3200, "0.1", "°C"),
        4: _analog("压力", "pressure", "MPa", 0, 3200, "0.1"),
        5: _analog("压力", "pressure", "kPa", 0, 3200, "0.1"),
        6: _analog("气体浓度", "gas concentration", "%LEL", 0, 100, "0.1"),
        7: _analog("时间", "time", "s", 0, 32000, "1"),
        8: _analog("电压", "voltage", "V", 0, 3200, "0.1"),
        9: _analog("电流", "current", "A", 0, 3200, "0.1"),
        10: _analog("流量", "flow", "L/s", 0, 3200, "0.1"),
        11: _analog("风量", "air volume", "m³/min", 0, 3200, "0.1"),
        12: _analog("风速", "air speed", "m/s", 0, 20, "1"),
    }
)


@dataclass(frozen=True, slots=True)
class Bit:
    """One bit of a state or operation byte: what 1 means and what 0 means."""

    on: Text
    off: Text


def _bit(on_zh: str, on_en: str, off_zh: str, off_en: str) -> Bit:
    return Bit(Text(on_zh, on_en), Text(off_zh, off_en))


_COMMON_BITS = {
    0: _bit("正常运行", "normal running", "测试", "test"),
    1: _bit("火警", "fire alarm", "无火警", "no fire alarm"),
    2: _bit("故障", "fault", "无故障", "no fault"),
    3: _bit("屏蔽", "disabled", "无屏蔽", "not disabled"),
    4: _bit("监管", "supervisory", "无监管", "no supervisory signal"),
    5: _bit("启动（开启）", "activated (open)", "停止（关闭）", "stopped (closed)"),
    6: _bit("反馈", "feedback", "无反馈", "no feedback"),
    7: _bit("延时状态", "delay running", "未延时", "no delay"),
}

SYSTEM_STATE_BITS: Mapping[int, Bit] = MappingProxyType(
    _COMMON_BITS
    | {
        8: _bit("主电故障", "mains supply fault", "主电正常", "mains supply normal"),
        9: _bit("备电故障", "standby supply fault", "备电正常", "standby supply normal"),
        10: _bit("总线故障", "bus fault", "总线正常", "bus normal"),
        11: _bit("手动", "manual", "自动", "automatic"),
        12: _bit("配置改变", "configuration changed", "配置无改变", "configuration unchanged"),
        13: _bit("复位", "reset", "正常", "normal"),
    }
)
COMPONENT_STATE_BITS: Mapping[int, Bit] = MappingProxyType(
    _COMMON_BITS | {8: _bit("电源故障", "power fault", "电源正常", "power normal")}
)
DEVICE_STATE_BITS: Mapping[int, Bit] = MappingProxyType(
    {
        0: _bit("正常监视", "normal monitoring", "测试", "test"),
        1: _bit("火警", "fire alarm", "无火警", "no fire alarm"),
        2: _bit("故障", "fault", "无故障", "no fault"),
        3: _bit("主电故障", "mains supply fault", "主电正常", "mains supply normal"),
        4: _bit("备电故障", "standby supply fault", "备电正常", "standby supply normal"),
        5: _bit("与监控中心通信信道故障", "link to the centre faulty", "通信信道正常", "link to the centre normal"),
        6: _bit("监测连接线路故障", "monitored line faulty", "监测连接线路正常", "monitored line normal"),
    }
)
OPERATION_BITS: Mapping[int, Text] = MappingProxyType(
    {
        0: Text("复位", "reset"),
        1: Text("消音", "silence"),
        2: Text("手动报警", "manual alarm"),
        3: Text("警情消除", "alarm cleared"),
        4: Text("自检", "self-test"),
        5: Text("确认", "confirm"),
        6: Text("测试", "test"),
    }
)
DEVICE_OPERATION_BITS: Mapping[int, Text] = MappingProxyType(
    dict(OPERATION_BITS) | {5: Text("查岗应答", "duty-check reply")}
)

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class TypeFlag:
    """One row of the type table: `size` is the fixed bytes of one object with its time; with `variable` a text follows
    the fixed part, its length in the fixed part's last byte."""

    name: Text
    direction: Direction
    max_count: int
    size: int
    variable: bool = False


def _up(zh: str, en: str, max_count: int, size: int, *, variable: bool = False) -> TypeFlag:
    return TypeFlag(Text(zh, en), "up", max_count, size, variable)


def _down(zh: str, en: str, max_count: int, size: int) -> TypeFlag:
    return TypeFlag(Text(zh, en), "down", max_count, size)


TYPE_FLAGS: Mapping[int, TypeFlag] = MappingProxyType(
    {
        1: _up("上传建筑消防设施系统状态", "system state of a fire facility", 102, 10),
        2: _up("上传建筑消防设施部件运行状态", "component running state", 22, 46),
        3: _up("上传建筑消防设施部件模拟量值", "component analog value", 63, 16),
        4: _up("上传建筑消防设施操作信息", "facility operation record", 102, 10),
        5: _up("上传建筑消防设施软件版本", "facility software version", 1, 4),
        6: _up("上传建筑消防设施系统配置情况", "facility system configuration", 3, 3, variable=True),
        7: _up("上传建筑消防设施部件配置情况", "component configuration", 26, 38),
        8: _up("上传建筑消防设施系统时间", "facility system time", 1, 8),
        21: _up("上传用户信息传输装置运行状态", "transmission device running state", 1, 7),
        24: _up("上传用户信息传输装置操作信息", "transmission device operation record", 127, 8),
        25: _up("上传用户信息传输装置软件版本", "transmission device software version", 1, 2),
        26: _up("上传用户信息传输装置配置情况", "transmission device configuration", 1, 1, variable=True),
        28: _up("上传用户信息传输装置系统时间", "transmission device system time", 1, 6),
        61: _down("读建筑消防设施系统状态", "read system state", 102, 2),
        62: _down("读建筑消防设施部件运行状态", "read component state", 22, 6),
        63: _down("读建筑消防设施部件模拟量值", "read component analog value", 63, 6),
        64: _down("读建筑消防设施操作信息", "read facility operation records", 1, 9),
        65: _down("读建筑消防设施软件版本", "read facility software version", 1, 2),
        66: _down("读建筑消防设施系统配置情况", "read facility system configuration", 3, 2),
        67: _down("读建筑消防设施部件配置情况", "read component configuration", 26, 6),
        68: _down("读建筑消防设施系统时间", "read facility system time", 1, 2),
        81: _down("读用户信息传输装置运行状态", "read transmission device running state", 1, 1),
        84: _down("读用户信息传输装置操作信息", "read transmission device operation records", 1, 7),
        85: _down("读用户信息传输装置软件版本", "read transmission device software version", 1, 1),
        86: _down("读用户信息传输装置配置情况", "read transmission device configuration", 1, 1),
        88: _down("读用户信息传输装置系统时间", "read transmission device system time", 1, 1),
        89: _down("初始化用户信息传输装置", "initialise transmission device", 1, 1),
        90: _down("同步用户信息传输装置时钟", "synchronise transmission device clock", 1, 6),
        91: _down("查岗命令", "duty check", 1, 1),
    }
)

_RESERVED = Text("预留（{code}）", "reserved ({code})")
_USER_DEFINED = Text("用户自定义（{code}）", "user-defined ({code})")


def _named(known: Text | None, code: int) -> Text:
    if known is not None:
        return known
    return (_USER_DEFINED if code >= USER_DEFINED_FROM else _RESERVED).filled({"code": code})


def command_name(code: int) -> Text:
    """The name of a command byte."""
    return _named(COMMAND_NAMES.get(code), code)


def system_type_name(code: int) -> Text:
    """The name of a system type (系统类型, table 4)."""
    return _named(SYSTEM_TYPES.get(code), code)


def component_type_name(code: int) -> Text:
    """The name of a component type (部件类型, table 5)."""
    return _named(COMPONENT_TYPES.get(code), code)


def type_flag_name(code: int) -> Text:
    """The name of a type flag (类型标志)."""
    flag = TYPE_FLAGS.get(code)
    return _named(flag.name if flag else None, code)


def analog_type_name(code: int) -> Text:
    """The name of an analog type (模拟量类型, table 6)."""
    known = ANALOG_TYPES.get(code)
    return Text("未用", "unused") if code == 0 else _named(known.name if known else None, code)
