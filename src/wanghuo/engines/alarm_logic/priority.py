"""The four classes of the alarm console. Source: ux.md 4.13 (ours), after ISA-18.2: few classes, each with its own answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wanghuo.base import Reason, Text, Verdict
from wanghuo.engines.alarm_logic.corroborate import AlarmLevel

PRIORITIES = {
    1: Text("确认或推定火警", "presumed or confirmed fire"),
    2: Text("单个火警待确认", "single fire alarm awaiting confirmation"),
    3: Text("保护能力丧失", "protection taken away"),
    4: Text("一般故障与离线", "other faults, offline"),
}


class Kind(StrEnum):
    """What an alarm is about."""

    FIRE = "fire"
    FAULT = "fault"
    DISABLEMENT = "disablement"
    SUPERVISORY = "supervisory"
    POWER = "power"
    OFFLINE = "offline"
    DUPLICATE_SOURCE = "duplicate_source"
    UNATTENDED = "unattended"


# What takes the protection of a building away, as against what only needs mending
PROTECTION = (Kind.DISABLEMENT, Kind.UNATTENDED, Kind.SUPERVISORY, Kind.DUPLICATE_SOURCE)
WIDE_FAULTS = ("bus_fault", "mains_fault", "line_fault")

REASONS = {
    1: Text("有两个以上证据或人工确认", "more than one piece of evidence, or a person confirmed it"),
    2: Text("单个装置报火警", "one device reports fire"),
    3: Text("{condition}使部分保护能力丧失", "{condition} takes protection away"),
    4: Text("{condition}不直接影响报警能力", "{condition} does not take protection away"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known when an alarm is put into a class."""

    kind: Kind
    condition: str
    condition_name: Text
    level: AlarmLevel = AlarmLevel.NONE
    confirmed: bool = False


def priority(seen: Seen) -> Verdict[int]:
    """The class of an alarm, 1 (most urgent) to 4, with the reason."""
    if seen.kind == Kind.FIRE:
        found = 1 if seen.confirmed or seen.level >= AlarmLevel.PRESUMED else 2
    elif seen.kind in PROTECTION or seen.condition in WIDE_FAULTS:
        found = 3
    else:
        found = 4
    return Verdict(
        found, (Reason(f"alarm.priority_{found}", REASONS[found], {"condition": seen.condition_name}, "ux 4.13"),)
    )
