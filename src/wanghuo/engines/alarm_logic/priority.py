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
    LIMIT = "limit"


# What takes the protection of a building away, as against what only needs mending
PROTECTION = (Kind.DISABLEMENT, Kind.UNATTENDED, Kind.SUPERVISORY, Kind.DUPLICATE_SOURCE)
WIDE_FAULTS = ("bus_fault", "mains_fault", "line_fault")
# Measured values beyond their limit: what may kill comes before what may become a fire, and that before what is only untidy
LIFE = ("gas",)
UNTIDY = ("level_high", "pressure_high", "charge_full", "door_open", "ebike_indoors", "lane_blocked")
# What may be gone by itself within seconds, so that it is worth waiting for
BRIEF = (Kind.FAULT, Kind.POWER, Kind.OFFLINE)

REASONS = {
    1: Text("有两个以上证据或人工确认", "more than one piece of evidence, or a person confirmed it"),
    2: Text("{condition}可能危及生命，由人核实", "{condition} may endanger life: a person looks"),
    3: Text("{condition}使部分保护能力丧失", "{condition} takes protection away"),
    4: Text("{condition}不直接影响报警能力", "{condition} does not take protection away"),
}
SINGLE = Text("单个装置报火警", "one device reports fire")
BEYOND = Text("{condition}，可能引发火灾", "{condition}: it may lead to a fire")


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
    words = REASONS
    if seen.kind == Kind.FIRE:
        found = 1 if seen.confirmed or seen.level >= AlarmLevel.PRESUMED else 2
        words = {**REASONS, 2: SINGLE}
    elif seen.kind == Kind.LIMIT:
        found = 2 if seen.condition in LIFE else 4 if seen.condition in UNTIDY else 3
        words = {**REASONS, 3: BEYOND}
    elif seen.kind in PROTECTION or seen.condition in WIDE_FAULTS:
        found = 3
    else:
        found = 4
    return Verdict(
        found, (Reason(f"alarm.priority_{found}", words[found], {"condition": seen.condition_name}, "Wanghuo [D]"),)
    )
