"""Alarm logic: how much evidence there is for a fire, how urgent an alarm is, and whether an operator is called. Pure.

`corroborate(triggers, params)` grades fire triggers by how much independent evidence agrees; `priority(alarm)` puts an alarm into one of
the four classes of the console; `decide(facts)` routes it, with reasons; `Desk` does so for a stream of events; `load` and its like in
`health` measure what an operator has to bear. Sources stand with each rule.
"""

from wanghuo.engines.alarm_logic.corroborate import (
    FLOW_TYPES,
    MANUAL_CALL_POINT,
    AlarmLevel,
    CorroborationParams,
    Trigger,
    corroborate,
)
from wanghuo.engines.alarm_logic.desk import Desk, Point
from wanghuo.engines.alarm_logic.policy import Policy
from wanghuo.engines.alarm_logic.priority import BRIEF, PRIORITIES, Kind, Seen, priority
from wanghuo.engines.alarm_logic.routes import ROUTE_NAMES, ROUTE_OF, WHY, Back, Fact, Route, Why, back, decide

__all__ = [
    "BRIEF",
    "FLOW_TYPES",
    "MANUAL_CALL_POINT",
    "PRIORITIES",
    "ROUTE_NAMES",
    "ROUTE_OF",
    "WHY",
    "AlarmLevel",
    "Back",
    "CorroborationParams",
    "Desk",
    "Fact",
    "Kind",
    "Point",
    "Policy",
    "Route",
    "Seen",
    "Trigger",
    "Why",
    "back",
    "corroborate",
    "decide",
    "priority",
]
