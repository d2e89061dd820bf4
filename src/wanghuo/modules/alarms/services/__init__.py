"""What happens to an alarm: raising it from a signal, handling it, and the shifts of those who do."""

from wanghuo.modules.alarms.services.handling import (
    add_note,
    confirm_fire,
    dispatch,
    end,
    escalate,
    judge_false,
    judge_fault,
    judge_test,
    raise_hazard,
    restore,
    take,
    withdraw,
)
from wanghuo.modules.alarms.services.raising import (
    device_offline,
    device_online,
    duty_unanswered,
    raise_from_signal,
    signal_cleared,
)
from wanghuo.modules.alarms.services.shifts import end_shift, last_note, start_shift

__all__ = [
    "add_note",
    "confirm_fire",
    "device_offline",
    "device_online",
    "dispatch",
    "duty_unanswered",
    "end",
    "end_shift",
    "escalate",
    "judge_false",
    "judge_fault",
    "judge_test",
    "last_note",
    "raise_from_signal",
    "raise_hazard",
    "restore",
    "signal_cleared",
    "start_shift",
    "take",
    "withdraw",
]
