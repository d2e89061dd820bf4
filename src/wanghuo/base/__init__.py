"""The lowest floor: words, errors, verdicts, state tables, ids, units and time. Plain Python, no Django."""

from wanghuo.base.errors import AppError, Conflict, Invalid, MoveRefused, NotFound, NotPermitted
from wanghuo.base.machine import Machine, Move
from wanghuo.base.text import Text
from wanghuo.base.verdict import Reason, Verdict

__all__ = [
    "AppError",
    "Conflict",
    "Invalid",
    "Machine",
    "Move",
    "MoveRefused",
    "NotFound",
    "NotPermitted",
    "Reason",
    "Text",
    "Verdict",
]
