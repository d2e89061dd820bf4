"""Alarm logic: how much evidence there is for a fire, and how urgent an alarm is. Pure: values in, verdicts out.

`corroborate(triggers, params)` grades fire triggers by how many independent devices agree; `priority(alarm, params)` puts an alarm
into one of the four classes of the console. Sources stand with each rule.
"""

from wanghuo.engines.alarm_logic.corroborate import AlarmLevel, CorroborationParams, Trigger, corroborate
from wanghuo.engines.alarm_logic.priority import PRIORITIES, Kind, Seen, priority

__all__ = [
    "PRIORITIES",
    "AlarmLevel",
    "CorroborationParams",
    "Kind",
    "Seen",
    "Trigger",
    "corroborate",
    "priority",
]
