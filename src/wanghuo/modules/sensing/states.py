"""The states of a device, and the one function that decides which it is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wanghuo.base import Machine, Move, Text


class DeviceState(StrEnum):
    """How a device is doing. Retired and under maintenance are said by people; the rest is judged from what it
    sends."""

    OK = "ok"
    LATE = "late"
    OFFLINE = "offline"
    LOW_BATTERY = "low_battery"
    FAULT = "fault"
    MUTED = "muted"
    MAINTENANCE = "maintenance"
    RETIRED = "retired"


S = DeviceState
IN_SERVICE = tuple(str(s) for s in S if s != S.RETIRED)
HEARD = (str(S.OK), str(S.LOW_BATTERY), str(S.FAULT), str(S.MUTED), str(S.LATE))
DEAD = (str(S.OFFLINE), str(S.FAULT))
LATE_AFTER, OFFLINE_AFTER = 2, 3  # heartbeat periods; protocols.md 1.14 asks three for offline

NAMES: Mapping[StrEnum, Text] = {
    S.OK: Text("正常", "in order"),
    S.LATE: Text("迟到", "late"),
    S.OFFLINE: Text("离线", "offline"),
    S.LOW_BATTERY: Text("备电不足", "standby supply low"),
    S.FAULT: Text("故障", "fault"),
    S.MUTED: Text("已静默", "muted"),
    S.MAINTENANCE: Text("维护中", "under maintenance"),
    S.RETIRED: Text("已停用", "retired"),
}

MARKS: Mapping[str, str] = {
    S.OK: "done",
    S.LATE: "waiting",
    S.OFFLINE: "late",
    S.LOW_BATTERY: "waiting",
    S.FAULT: "late",
    S.MUTED: "paused",
    S.MAINTENANCE: "paused",
    S.RETIRED: "void",
}
"""The mark and colour of each state on a page."""

_EDIT = "sensing.edit"
_START, _END = Text("开始维护", "start maintenance"), Text("结束维护", "end maintenance")
_RETIRE, _RETURN = Text("停用", "retire"), Text("恢复使用", "return to service")
_LIVE = (S.OK, S.LATE, S.OFFLINE, S.LOW_BATTERY, S.FAULT, S.MUTED)

DEVICE = Machine(
    what=Text("设备", "Device"),
    initial=S.OFFLINE,
    names=NAMES,
    moves=(
        *(Move("maintain", s, S.MAINTENANCE, _EDIT, _START) for s in _LIVE),
        Move("resume", S.MAINTENANCE, S.OFFLINE, _EDIT, _END),
        *(Move("retire", s, S.RETIRED, _EDIT, _RETIRE) for s in (*_LIVE, S.MAINTENANCE)),
        Move("return", S.RETIRED, S.OFFLINE, _EDIT, _RETURN),
    ),
)
"""What people do to a device; between the live states it moves by what it sends and keeps silent about (`decide`)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a device when its state is decided. `silent_s`: seconds since it was heard, None for
    never. `window_s`: off line after this many, 0 for three heartbeats. `was`: the state it had, where it was not heard since."""

    retired: bool
    maintenance: bool
    silent_s: float | None
    heartbeat_s: float
    faulty: bool = False
    standby_low: bool = False
    muted: bool = False
    window_s: float = 0.0
    was: str = ""


def decide(facts: Facts) -> DeviceState:
    """The state of a device, from the facts; the first that holds, in this order.

    Retired and maintenance are what people said. Silence comes next, since nothing newer is known then. Off line: silent for
    longer than its window, three times the heartbeat period where it has none of its own; late: two thirds of that. Who was
    silent stays so until heard. `engines.supervision.decide` says the same of many at once.
    """
    if facts.retired:
        return S.RETIRED
    if facts.maintenance:
        return S.MAINTENANCE
    offline_s = facts.window_s or OFFLINE_AFTER * facts.heartbeat_s
    if facts.silent_s is None or facts.silent_s > offline_s or facts.was == S.OFFLINE:
        return S.OFFLINE
    if facts.silent_s > offline_s * LATE_AFTER / OFFLINE_AFTER or facts.was == S.LATE:
        return S.LATE
    if facts.faulty:
        return S.FAULT
    if facts.standby_low:
        return S.LOW_BATTERY
    return S.MUTED if facts.muted else S.OK


def silence_s(last_seen_at: datetime | None, through: datetime, listening_since: datetime | None) -> float | None:
    """Seconds a device kept silent while we listened, None when it was never heard.

    `through`: the receive time up to which the journal has been read; `listening_since`: when the gateway last began
    to listen.
    Our own outage is not the device's silence.
    """
    if last_seen_at is None:
        return None
    heard = max(last_seen_at, listening_since) if listening_since else last_seen_at
    return max(timedelta(0), through - heard).total_seconds()
