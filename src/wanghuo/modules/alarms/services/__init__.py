"""What happens to an alarm: raising it from a signal, handling it, and the shifts of those who do."""

from wanghuo.modules.alarms.services.asking import answer, ask, hear
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
    send_mender,
    take,
    withdraw,
)
from wanghuo.modules.alarms.services.keeping import release, settle
from wanghuo.modules.alarms.services.raising import (
    device_offline,
    device_online,
    duty_unanswered,
    raise_from_signal,
    signal_cleared,
    take_mass_silence,
    take_signals,
    take_silences,
)
from wanghuo.modules.alarms.services.shelving import announce, end_window, expire, shelve, unshelve
from wanghuo.modules.alarms.services.shifts import end_shift, last_note, start_shift

__all__ = [
    "add_note",
    "announce",
    "answer",
    "ask",
    "confirm_fire",
    "device_offline",
    "device_online",
    "dispatch",
    "duty_unanswered",
    "end",
    "end_shift",
    "end_window",
    "escalate",
    "expire",
    "hear",
    "judge_false",
    "judge_fault",
    "judge_test",
    "last_note",
    "raise_from_signal",
    "raise_hazard",
    "release",
    "restore",
    "send_mender",
    "settle",
    "shelve",
    "signal_cleared",
    "start_shift",
    "take",
    "take_mass_silence",
    "take_signals",
    "take_silences",
    "unshelve",
    "withdraw",
]
