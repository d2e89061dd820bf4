"""What can be done to plans, lines, tasks and targets: one function, one act of the field."""

from wanghuo.modules.workplans.services.tasks import (
    accept,
    create_task,
    extend,
    lapse,
    progress,
    reassign,
    report,
    return_,
    send_back,
    take,
    withdraw,
)

__all__ = [
    "accept",
    "create_task",
    "extend",
    "lapse",
    "progress",
    "reassign",
    "report",
    "return_",
    "send_back",
    "take",
    "withdraw",
]
