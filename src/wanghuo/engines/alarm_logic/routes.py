"""Where a raised signal goes, and why: one decision for every combination of facts, worked out beforehand.

The facts are bits, so the whole decision is a table of 8,192 entries that a test walks from end to end, that a batch looks up as an
array, and that the live path and the replay share. Nothing is ever discarded: every route but SHOW keeps the alarm in a list, with
its reasons, from which it comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, IntFlag
from typing import Any

from wanghuo.base import Reason, Text, Verdict


class Route(IntEnum):
    """What is done with a raised signal. Only `SHOW` puts it before the operator; evidence for a presumed fire that the operator has
    before him joins it without a call of its own."""

    SHOW = 0  # on the console, with its sound
    FOLD = 1  # into the alarm of the same point that stands already
    GROUP = 2  # below the first of its unit and cause
    WAIT = 3  # a fault: shown unless it is gone within seconds
    ASK = 4  # the unit and the grid first, the operator when nobody answered in time
    HOLD = 5  # kept in a list: shelved, or under announced maintenance


ROUTE_NAMES = {
    Route.SHOW: Text("值班台处置", "on the console"),
    Route.FOLD: Text("归并", "folded in"),
    Route.GROUP: Text("归入首发报警", "grouped under the first"),
    Route.WAIT: Text("延时观察", "waiting whether it stays"),
    Route.ASK: Text("先由单位核实", "the unit is asked first"),
    Route.HOLD: Text("搁置", "held"),
}


class Fact(IntFlag):
    """What is known when a signal is raised."""

    FIRE = 1
    PROTECTED = 2  # corroborated, a call point, sprinkler flow, or a person says so: nothing keeps it from the operator
    SHOWN = 4  # an alarm of the same point stands on the console
    KEPT = 8  # an alarm of the same point stands, but was not shown
    BRIEF = 16  # a fault that may be gone by itself
    SHELVED = 32
    WINDOW = 64  # announced maintenance, or the device says it is being tested
    CHATTER = 128
    OFFENDER = 256  # often false (a fire), or often there and gone (a fault)
    HEADED = 512  # follows the first of its unit and cause within seconds
    ECHO = 2048  # a person judged an alarm of this point false minutes ago
    MATTER = 4096  # a presumed fire of the same unit stands before the operator
    CROWDED = 1024  # a flood or an area outage, and the first of its unit and cause (or area) stands


class Why(IntEnum):
    """The reason that decided."""

    PLAIN = 0
    PROTECTED = 1
    RELEASED = 2
    CHATTERING = 3
    AGAIN = 4
    KEPT_AGAIN = 5
    FIRST_OUT = 6
    FLOOD = 7
    DELAY = 8
    ASK_WINDOW = 9
    ASK_CHATTER = 10
    ASK_OFFENDER = 11
    SHELF = 12
    WINDOW = 13
    ASK_ECHO = 14
    INTERMITTENT = 15
    EVIDENCE = 16


ROUTE_OF = {
    Why.PLAIN: Route.SHOW,
    Why.PROTECTED: Route.SHOW,
    Why.RELEASED: Route.SHOW,
    Why.CHATTERING: Route.SHOW,
    Why.AGAIN: Route.FOLD,
    Why.KEPT_AGAIN: Route.FOLD,
    Why.FIRST_OUT: Route.GROUP,
    Why.FLOOD: Route.GROUP,
    Why.DELAY: Route.WAIT,
    Why.ASK_WINDOW: Route.ASK,
    Why.ASK_CHATTER: Route.ASK,
    Why.ASK_OFFENDER: Route.ASK,
    Why.ASK_ECHO: Route.ASK,
    Why.INTERMITTENT: Route.SHOW,
    Why.EVIDENCE: Route.SHOW,
    Why.SHELF: Route.HOLD,
    Why.WINDOW: Route.HOLD,
}


class Back(IntEnum):
    """Why what was kept back is shown after all."""

    UNANSWERED = 0
    STAYED = 1
    STILL_STANDS = 2
    ENDED = 3
    HEAD_ENDED = 4
    CORROBORATED = 5
    BY_HAND = 6


OURS = "Wanghuo [D]"
BACK_TEXTS: dict[Back, tuple[Text, str]] = {
    Back.UNANSWERED: (Text("{seconds:g} 秒内单位无人答复", "nobody of the unit answered within {seconds:g} s"), OURS),
    Back.STAYED: (Text("{seconds:g} 秒后仍未恢复", "still there after {seconds:g} s"), OURS),
    Back.STILL_STANDS: (
        Text("单位答复为误报，但 {seconds:g} 秒后信号仍在", "denied by the unit, yet it stands after {seconds:g} s"),
        OURS,
    ),
    Back.ENDED: (Text("搁置或维护时段已到期，信号仍在", "shelving or maintenance is over and it still stands"), OURS),
    Back.HEAD_ENDED: (Text("首发报警已结束，此条仍在", "the first alarm of its group ended, this one stands"), OURS),
    Back.CORROBORATED: (Text("出现互证，立即提示", "corroborated: shown at once"), "GB 50116-2013 4.1.6"),
    Back.BY_HAND: (Text("由 {who} 解除", "released by {who}"), OURS),
}
ISA = "ISA-18.2, EEMUA 191 [U]"
TEXTS: dict[Why, tuple[Text, str]] = {
    Why.PLAIN: (Text("没有理由压下，直接提示", "nothing speaks against showing it"), OURS),
    Why.PROTECTED: (
        Text("有互证或人工触发，任何抑制都不适用", "corroborated or pressed by a person: no suppression applies"),
        "GB 50116-2013 4.1.6",
    ),
    Why.RELEASED: (
        Text("此前被压下，现有互证，立即提示", "kept back before, corroborated now: shown at once"),
        "GB 50116-2013 4.1.6",
    ),
    Why.CHATTERING: (
        Text(
            "{seconds:g} 秒内 {count} 次反复，合为一条抖动报警", "{count} times in {seconds:g} s: one chattering alarm"
        ),
        ISA,
    ),
    Why.AGAIN: (Text("同一点位的报警仍在，计入次数", "an alarm of the same point stands; counted there"), ISA),
    Why.KEPT_AGAIN: (
        Text("同一点位已在核实或搁置，计入次数", "the same point is being asked or held; counted there"),
        ISA,
    ),
    Why.FIRST_OUT: (
        Text("{seconds:g} 秒内随首发报警 {head} 而来", "within {seconds:g} s of the first alarm {head}"),
        ISA,
    ),
    Why.FLOOD: (
        Text("报警洪泛中，归入同因的首发报警 {head}", "in a flood: grouped under {head} of the same cause"),
        ISA,
    ),
    Why.DELAY: (
        Text(
            "四级报警，{seconds:g} 秒内自行恢复则不打扰", "class 4: nobody is called if it is gone within {seconds:g} s"
        ),
        ISA,
    ),
    Why.ASK_WINDOW: (
        Text(
            "在维护时段“{window}”内，先由现场核实，{seconds:g} 秒无人答复即提示",
            "within the maintenance “{window}”: the site is asked first, the operator after {seconds:g} s",
        ),
        OURS,
    ),
    Why.ASK_CHATTER: (
        Text(
            "该点位反复抖动，先由单位核实，{seconds:g} 秒无人答复即提示",
            "the point chatters: the unit is asked first, the operator after {seconds:g} s",
        ),
        OURS,
    ),
    Why.ASK_OFFENDER: (
        Text(
            "该点位 {days:g} 天内误报 {count} 次，疑似故障，先由单位核实，{seconds:g} 秒无人答复即提示",
            "{count} false alarms of this point in {days:g} days: the unit is asked first, the operator after {seconds:g} s",
        ),
        "GB 50440-2007 N8; Wanghuo [D]",
    ),
    Why.ASK_ECHO: (
        Text(
            "刚由人判为误报，先由单位再核实，{seconds:g} 秒无人答复即提示",
            "judged false by a person minutes ago: the unit is asked again, the operator after {seconds:g} s",
        ),
        OURS,
    ),
    Why.INTERMITTENT: (
        Text("{seconds:g} 秒内 {count} 次时断时续，合为一条", "{count} times in {seconds:g} s: one intermittent alarm"),
        ISA,
    ),
    Why.EVIDENCE: (
        Text(
            "同一单位的推定火警正在处置，此条为其证据",
            "a presumed fire of the unit is being dealt with; this is evidence for it",
        ),
        "GB 50116-2013 4.1.6",
    ),
    Why.SHELF: (Text("该点位已搁置至 {until}", "the point is shelved until {until}"), ISA),
    Why.WINDOW: (Text("在维护时段“{window}”内，至 {until}", "within the maintenance “{window}”, until {until}"), ISA),
}
UNTOUCHED = {
    Fact.SHELVED: Text("点位虽已搁置，火警不受搁置影响", "the point is shelved; fire alarms never are"),
    Fact.WINDOW: Text("虽在维护时段，仍立即提示", "under maintenance, yet shown at once"),
    Fact.OFFENDER: Text("该点位近期多次误报", "the point gave several false alarms lately"),
    Fact.CHATTER: Text("该点位反复抖动", "the point chatters"),
}
_BITS = len(Fact)


def _fire(facts: int) -> Why:
    """Fire: shown, folded into what is shown, or asked with a deadline. Never held, grouped or made to wait."""
    if facts & Fact.PROTECTED:
        if facts & Fact.SHOWN:
            return Why.AGAIN
        if facts & Fact.MATTER:
            return Why.EVIDENCE
        return Why.RELEASED if facts & Fact.KEPT else Why.PROTECTED
    if facts & Fact.SHOWN:
        return Why.AGAIN
    if facts & Fact.KEPT:
        return Why.KEPT_AGAIN
    if facts & Fact.WINDOW:
        return Why.ASK_WINDOW
    if facts & Fact.CHATTER:
        return Why.ASK_CHATTER
    if facts & Fact.ECHO:
        return Why.ASK_ECHO
    return Why.ASK_OFFENDER if facts & Fact.OFFENDER else Why.PLAIN


def _other(facts: int) -> Why:
    """Everything else, from the strongest reason to keep it back to none."""
    if facts & Fact.SHOWN:
        return Why.AGAIN
    if facts & Fact.KEPT and not facts & (Fact.CHATTER | Fact.OFFENDER):
        return Why.KEPT_AGAIN
    if facts & Fact.SHELVED:
        return Why.SHELF
    if facts & Fact.WINDOW:
        return Why.WINDOW
    if facts & Fact.HEADED:
        return Why.FIRST_OUT
    if facts & Fact.CROWDED:
        return Why.FLOOD
    if facts & Fact.CHATTER:
        return Why.CHATTERING
    if facts & Fact.OFFENDER:
        return Why.INTERMITTENT
    return Why.DELAY if facts & Fact.BRIEF else Why.PLAIN


WHY: tuple[Why, ...] = tuple(_fire(f) if f & Fact.FIRE else _other(f) for f in range(1 << _BITS))
"""The decision for every combination of facts."""
ROUTE: tuple[Route, ...] = tuple(ROUTE_OF[why] for why in WHY)
"""The route for every combination of facts; as an array it routes a batch at once."""


def back(why: Back, known: Mapping[str, Any] | None = None) -> Reason:
    """The reason why an alarm that was kept back is shown now."""
    text, source = BACK_TEXTS[why]
    return Reason(f"alarm.back_{why.name.lower()}", text, dict(known or {}), source)


def decide(facts: Fact | int, known: Mapping[str, Any] | None = None) -> Verdict[Route]:
    """The route of a raised signal, with its reasons: the deciding one first, then what was set aside.

    `known`: the values that the texts of the reasons name (count, seconds, days, until, reason, window, head).
    """
    why = WHY[facts]
    text, source = TEXTS[why]
    values = dict(known or {})
    reasons = [Reason(f"alarm.route_{why.name.lower()}", text, values, source)]
    if facts & Fact.FIRE and ROUTE_OF[why] is Route.SHOW:
        noted = ((fact, words) for fact, words in UNTOUCHED.items() if facts & fact)
        reasons += [Reason(f"alarm.despite_{str(fact.name).lower()}", words, {}, OURS) for fact, words in noted]
    return Verdict(ROUTE_OF[why], tuple(reasons))
