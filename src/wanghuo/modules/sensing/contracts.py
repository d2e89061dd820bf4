"""What sensing tells others: the facts it emits and the cards it hands out. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from wanghuo.base import Text
from wanghuo.kernel.outbox import Event
from wanghuo.modules.places.contracts import Contact

CONDITIONS: dict[str, Text] = {
    "fire": Text("火警", "fire alarm"),
    "fault": Text("故障", "fault"),
    "disablement": Text("屏蔽", "disablement"),
    "supervisory": Text("监管", "supervisory signal"),
    "activation": Text("启动", "activation"),
    "feedback": Text("反馈", "feedback"),
    "delay": Text("延时", "delay running"),
    "power_fault": Text("电源故障", "power fault"),
    "mains_fault": Text("主电故障", "mains fault"),
    "standby_fault": Text("备电故障", "standby supply fault"),
    "bus_fault": Text("总线故障", "bus fault"),
    "link_fault": Text("与监控中心通信故障", "link to the centre faulty"),
    "line_fault": Text("监测连接线路故障", "monitored line faulty"),
    "manual_mode": Text("手动状态", "manual mode"),
    "duplicate_source": Text("设备地址重复", "device address in use twice"),
    "gas": Text("可燃气体报警", "combustible gas"),
    "overheat": Text("温度过高", "too hot"),
    "residual_current": Text("剩余电流超限", "residual current too high"),
    "arc": Text("故障电弧", "arc fault"),
    "overload": Text("过载", "overload"),
    "overvoltage": Text("过压", "voltage too high"),
    "undervoltage": Text("欠压", "voltage too low"),
    "pressure_low": Text("水压过低", "water pressure too low"),
    "pressure_high": Text("水压过高", "water pressure too high"),
    "level_low": Text("水位过低", "water level too low"),
    "level_high": Text("水位过高", "water level too high"),
    "discharge": Text("异常出水", "water drawn"),
    "tilt": Text("倾斜或撞倒", "tilted or knocked down"),
    "door_open": Text("防火门未关", "fire door not closed"),
    "process": Text("工艺报警", "process alarm"),
    "lane_blocked": Text("消防通道占用", "fire lane blocked"),
    "post_left": Text("值班离岗", "duty post left"),
    "ebike_indoors": Text("电动自行车入楼", "e-bike taken indoors"),
    "charge_full": Text("充满未断电", "not cut off when full"),
    "tamper": Text("被拆除或破坏", "removed or tampered with"),
    "battery_low": Text("电池电量低", "battery low"),
}
"""Every value `SignalRaised.condition` can have, with its name. Source: GB/T 26875.3-2011, tables 3 and the state
figures."""

COUNTERS: dict[str, Text] = {
    "frames": Text("收妥报文", "frames stored and confirmed"),
    "duplicates": Text("重发报文", "retransmissions among them"),
    "garbage_bytes": Text("无法识别的字节", "bytes that are no frame"),
    "no_marker": Text("没有起始符的片段", "stretches without a start marker"),
    "too_long": Text("长度超限的帧", "frames that claim too great a length"),
    "bad_end": Text("结束符错误的帧", "frames with a wrong end"),
    "bad_checksum": Text("校验和错误的帧", "frames with a wrong checksum"),
    "overrun": Text("长度越过后续帧的帧", "frames that run over a later one"),
    "incomplete": Text("残缺的帧", "frames cut off"),
    "partial_timeout": Text("半帧超时", "half frames given up"),
    "cut_idle": Text("因静默断开的连接", "links cut for silence"),
    "cut_stuck": Text("因不收应答断开的连接", "links cut for not reading answers"),
    "shed_analog": Text("洪泛时未收的模拟量报文", "analog values not taken in a flood"),
    "shed_state": Text("洪泛时未收的状态报文", "states not taken in a flood"),
    "shed_full": Text("磁盘将满时未收的报文", "frames not taken while the disk was nearly full"),
    "refused_full": Text("因连接数已满拒绝的连接", "links refused: too many"),
    "dropped_datagram": Text("来不及接收的 UDP 数据报", "datagrams dropped while the disk was behind"),
    "refused_unknown": Text("未收的陌生地址报文", "frames of too many unknown addresses"),
    "duplicate_source": Text("地址重复", "addresses in use twice"),
    "held": Text("因磁盘暂停读取", "pauses in reading for the disk"),
    "disk_error": Text("磁盘写入失败", "commits that failed"),
    "answer_failed": Text("应答未能发出", "answers that could not be sent"),
    "command_refused": Text("因网段不符未下发的命令", "commands kept from a foreign network"),
    "command_unanswered": Text("无应答的命令", "commands not answered"),
    "register_unreachable": Text("登记库无法读取", "times the register could not be read"),
    "messages": Text("收妥消息", "messages of other protocols stored and confirmed"),
    "undecoded": Text("无法解析的消息", "messages that could not be read"),
    "refused_signature": Text("因签名或口令错误拒绝的推送", "pushes refused for a wrong signature or credential"),
    "refused_network": Text("因来源地址不符拒绝的推送", "pushes refused from a foreign network"),
    "refused_replay": Text("因重放拒绝的推送", "pushes refused as replayed"),
    "refused_rate": Text("因频率过高拒绝的请求", "requests refused: too many"),
    "refused_bad": Text("因格式错误拒绝的请求", "requests refused as malformed"),
    "dead": Text("无法处理的记录", "records that could not be taken in"),
}
"""What gateways and ingest count (`GatewayHealth.counters`), in the order to show it."""

TRUSTS = ("none", "network", "token", "tls", "signed")
"""How far a frame proves where it came from, weakest first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device or component stands, as far as the register knows."""

    region_code: str
    sector: str = ""
    unit_id: UUID | None = None
    building_id: UUID | None = None
    floor: str = ""
    location: str = ""
    lng: float | None = None
    lat: float | None = None


@dataclass(frozen=True)
class SignalRaised(Event):
    """A condition that was not there appeared: at a component, a facility system, or the device itself.

    `at`: when it happened, by the device's clock corrected by its learned offset, or `received_at` where the device
    names no
    usable time. `stale`: the frame's label lies more than 10 min off the device's learned offset (a recording, or a
    clock that
    jumped): shown and marked, never forwarded without a person. `test`: the device is under maintenance. `trust`: one
    of TRUSTS.
    `frame_ref` finds the frame in the journal. `component_key`: "uitd" for the device itself, "1.1" for a whole
    system (type.address),
    "1.1.23.458754" for a component; "" where the gateway itself noticed (duplicate_source).
    """

    kind: ClassVar[str] = "sensing.signal_raised"
    signal_id: UUID
    device_id: UUID
    device_ref: str
    condition: str
    at: datetime
    received_at: datetime
    frame_ref: str
    trust: str
    stale: bool
    test: bool
    region_code: str
    sector: str
    unit_id: UUID | None
    building_id: UUID | None
    floor: str
    location: str
    component_id: UUID | None
    component_key: str
    system_type: int | None
    system_address: int | None
    component_type: int | None
    component_address: int | None
    value: float | None

    @property
    def stream(self) -> str:
        """One condition at one component: raised, cleared and raised again are heard in this order."""
        return f"{self.component_id or self.device_id}.{self.condition}"

    @property
    def urgent(self) -> bool:
        """Fires do not wait for anything else, however many faults come in."""
        return self.condition == "fire"


@dataclass(frozen=True)
class SignalCleared(Event):
    """A condition raised before is gone: by a new state word (`why` = "state"), or by a reset of the system
    ("reset")."""

    kind: ClassVar[str] = "sensing.signal_cleared"
    signal_id: UUID
    device_id: UUID
    device_ref: str
    condition: str
    at: datetime
    received_at: datetime
    frame_ref: str
    why: str
    region_code: str
    unit_id: UUID | None
    component_id: UUID | None
    component_key: str

    @property
    def stream(self) -> str:
        """One condition at one component: raised, cleared and raised again are heard in this order."""
        return f"{self.component_id or self.device_id}.{self.condition}"

    @property
    def urgent(self) -> bool:
        """Fires do not wait for anything else, however many faults come in."""
        return self.condition == "fire"


@dataclass(frozen=True)
class DutyReply(Event):
    """The person on duty answered a duty check (查岗应答). `command_id` is None when no open check matches."""

    kind: ClassVar[str] = "sensing.duty_reply"
    device_id: UUID
    device_ref: str
    region_code: str
    unit_id: UUID | None
    operator: int
    at: datetime
    received_at: datetime
    frame_ref: str
    command_id: UUID | None


@dataclass(frozen=True)
class DutyUnanswered(Event):
    """A duty check ran out of its minutes without an answer: the post is unattended, or the device can't say."""

    kind: ClassVar[str] = "sensing.duty_unanswered"
    device_id: UUID
    device_ref: str
    region_code: str
    unit_id: UUID | None
    command_id: UUID
    asked_at: datetime


@dataclass(frozen=True)
class DeviceOffline(Event):
    """Nothing came from the device for three of its heartbeat periods."""

    kind: ClassVar[str] = "sensing.device_offline"
    device_id: UUID
    device_ref: str
    region_code: str
    unit_id: UUID | None
    last_seen_at: datetime
    at: datetime


@dataclass(frozen=True)
class DevicesOffline(Event):
    """Many devices went off line at the same moment: told together, `TOGETHER` at most in one.

    It is of no device's stream: who hears it asks which of them are off line still (`public.still_off_line`).
    """

    kind: ClassVar[str] = "sensing.devices_offline"
    device_ids: list[str]
    at: datetime


@dataclass(frozen=True)
class DeviceOnline(Event):
    """A device that was offline, or had never been heard, is heard (again)."""

    kind: ClassVar[str] = "sensing.device_online"
    device_id: UUID
    device_ref: str
    region_code: str
    unit_id: UUID | None
    at: datetime


@dataclass(frozen=True)
class DeviceChanged(Event):
    """The register changed: a device was registered, moved, edited or retired."""

    kind: ClassVar[str] = "sensing.device_changed"
    device_id: UUID
    device_ref: str
    region_code: str
    unit_id: UUID | None
    act: str


@dataclass(frozen=True, slots=True)
class Device:
    """A transmission device or terminal of the register."""

    id: UUID
    ref: str
    source: str
    protocol: str
    profile: str
    state: str
    place: Place
    last_seen_at: datetime | None
    maker: str = ""


@dataclass(frozen=True, slots=True)
class ComponentView:
    """A component (部件) under a device, with the conditions it reports now."""

    id: UUID
    key: str
    type: int | None
    type_name: Text
    system_type: int
    address: int | None
    location: str
    conditions: tuple[str, ...]
    word: int | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class DeviceCard:
    """Everything an operator needs beside an alarm: the device, where it stands, whom to call, what else it reports."""

    device: Device
    unit_ref: str
    unit_name: str
    unit_address: str
    building_name: str
    floor: str
    location: str
    contacts: tuple[Contact, ...] = ()
    active: tuple[ComponentView, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class GatewayHealth:
    """How receiving goes: what an operator must see to trust silence.

    `reported_at`: the last report of a gateway (None: never); `lag`: journalled batches not yet read by ingest;
    `counters`: totals
    by kind since the journal began; `free_bytes`: room left where the journal lies; `problems`: what is wrong now,
    worst first.
    """

    reported_at: datetime | None
    ingest_at: datetime | None
    links: int
    lag: int
    counters: dict[str, int]
    free_bytes: int
    journal_bytes: int
    problems: tuple[Text, ...]

    @property
    def counts(self) -> list[tuple[Text, int]]:
        """The counters with their names, in the order of `COUNTERS`."""
        order = {kind: place for place, kind in enumerate(COUNTERS)}
        kinds = sorted(self.counters, key=lambda kind: (order.get(kind, len(order)), kind))
        return [(COUNTERS.get(kind, Text(kind, kind)), self.counters[kind]) for kind in kinds]
