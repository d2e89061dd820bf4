"""Duties in one inbox, clocks that run by the rulebook, the ladder when one runs out, and the writing of a move.

Names are loaded on first use, because the tables can only be imported once Django's app registry is ready.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wanghuo.kernel.loops.clocks import due, pause_clock, resume_clock, start_clock, stop_clock, void_clock
    from wanghuo.kernel.loops.contracts import Due, Subject
    from wanghuo.kernel.loops.duties import close_duties, inbox, open_duty
    from wanghuo.kernel.loops.events import ClockMissed
    from wanghuo.kernel.loops.ladder import run_clocks
    from wanghuo.kernel.loops.moves import write_move
    from wanghuo.kernel.loops.refs import next_ref, next_refs

_HOME = {
    "Subject": "contracts",
    "Due": "contracts",
    "ClockMissed": "events",
    "open_duty": "duties",
    "close_duties": "duties",
    "inbox": "duties",
    "due": "clocks",
    "start_clock": "clocks",
    "stop_clock": "clocks",
    "void_clock": "clocks",
    "pause_clock": "clocks",
    "resume_clock": "clocks",
    "run_clocks": "ladder",
    "write_move": "moves",
    "next_ref": "refs",
    "next_refs": "refs",
}
__all__ = [
    "ClockMissed",
    "Due",
    "Subject",
    "close_duties",
    "due",
    "inbox",
    "next_ref",
    "next_refs",
    "open_duty",
    "pause_clock",
    "resume_clock",
    "run_clocks",
    "start_clock",
    "stop_clock",
    "void_clock",
    "write_move",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
