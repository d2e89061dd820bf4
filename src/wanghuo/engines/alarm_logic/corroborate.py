"""Whether independent evidence agrees that there is a fire: two devices, a device and a person, or a pressed call point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from wanghuo.base import Reason, Text, Verdict

MANUAL_CALL_POINT = 23  # component type of GB/T 26875.3-2011, table 5
FLOW_TYPES = (96, 99)  # water flow indicator, pressure switch: a sprinkler runs; same table

TWO_DEVICES = Text("{window_s:g} 秒内 {count} 个独立触发装置报警", "{count} independent devices within {window_s:g} s")
FLOW = Text("喷淋水流动作与另一触发装置互证", "sprinkler flow and another device agree")
PRESSED = Text("手动报警按钮 {device} 被按下", "manual call point {device} was pressed")
PERSON = Text("{who}看到火情，与装置互证", "{who} saw a fire, which the device supports")
ONE_DEVICE = Text(
    "{device} 报警，{window_s:g} 秒内无第二个装置", "{device} triggered, no second device within {window_s:g} s"
)
UNTRUSTED = Text(
    "来源可信度低（{trust}），自动转报须有两个装置或人工确认",
    "the source proves little ({trust}): automatic forwarding needs two devices or a person",
)


class AlarmLevel(IntEnum):
    """How much evidence there is."""

    NONE = 0
    SINGLE = 1
    PRESUMED = 2


@dataclass(frozen=True, slots=True)
class Trigger:
    """One device (or person) that reported fire. `at_s`: seconds since 1970, UTC; `trusted`: the way in proves the sender; `name`:
    what people call the device, where it is not what tells it apart; `person`: who saw it, where it is no device."""

    device: str
    at_s: float
    component_type: int | None = None
    trusted: bool = True
    trust: str = ""
    name: str = ""
    person: Text | None = None

    @property
    def called(self) -> str:
        """What people call it."""
        return self.name or self.device


@dataclass(frozen=True, slots=True)
class CorroborationParams:
    """`window_s`: how far apart two triggers may lie and still support each other. `source`: where that stands."""

    window_s: float
    source: str = ""


def corroborate(triggers: Iterable[Trigger], params: CorroborationParams) -> Verdict[AlarmLevel]:
    """Grade a fire by the most devices that triggered within one window.

    A device counts once; the order of `triggers` makes no difference; more evidence never lowers the level. A manual call point that a
    trusted link brings counts by itself: a person pressed it. A person who saw the fire supports a device however long the device
    reported before: who looks comes later.
    Source: GB 50116-2013, 4.1.6 (two independent triggers); regulations.md 9.3; the window is ours (params/rules).
    """
    events = sorted(triggers, key=lambda t: (t.at_s, t.device))
    if not events:
        return Verdict(AlarmLevel.NONE)
    people = [e for e in events if e.person is not None]
    machines = [e for e in events if e.person is None]
    if people and machines:
        who = {"who": people[0].person}
        return Verdict(AlarmLevel.PRESUMED, (Reason("alarm.person", PERSON, who, params.source),))
    devices = max(_windows(events, params.window_s), key=len)
    known = {"count": len(devices), "window_s": params.window_s}
    if len(devices) > 1:
        reasons = [Reason("alarm.two_devices", TWO_DEVICES, known, params.source)]
        if any(e.component_type in FLOW_TYPES for e in events if e.device in devices):
            reasons.append(Reason("alarm.flow", FLOW, {}, params.source))
        return Verdict(AlarmLevel.PRESUMED, tuple(reasons))
    pressed = [e for e in events if e.component_type == MANUAL_CALL_POINT]
    if any(e.trusted for e in pressed):
        device = min(e.called for e in pressed if e.trusted)
        return Verdict(AlarmLevel.PRESUMED, (Reason("alarm.pressed", PRESSED, {"device": device}, params.source),))
    reasons = [Reason("alarm.one_device", ONE_DEVICE, {"device": events[0].called, **known}, params.source)]
    if pressed:
        reasons.append(Reason("alarm.untrusted", UNTRUSTED, {"trust": pressed[0].trust}, "security.md 1.3"))
    return Verdict(AlarmLevel.SINGLE, tuple(reasons))


def _windows(events: list[Trigger], window_s: float) -> Iterable[set[str]]:
    """The devices within one window from each trigger on; `events` are in order of time."""
    for start, first in enumerate(events):
        found = set()
        for event in events[start:]:
            if event.at_s - first.at_s > window_s:
                break
            found.add(event.device)
        yield found
