"""What can be done to plans, lines, tasks and targets: one function, one act of the field."""

from wanghuo.modules.workplans.services.compiling import as_kept, change_facts, compile_plan, discard, read_upload
from wanghuo.modules.workplans.services.issuing import close_plan, confirm, issue, reopen
from wanghuo.modules.workplans.services.judging import judge, judge_section, undo
from wanghuo.modules.workplans.services.measuring import bind_target, define_and_bind
from wanghuo.modules.workplans.services.parts import break_down
from wanghuo.modules.workplans.services.rereading import Reread, read_again, reread
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
    "Reread",
    "accept",
    "as_kept",
    "bind_target",
    "break_down",
    "change_facts",
    "close_plan",
    "compile_plan",
    "confirm",
    "create_task",
    "define_and_bind",
    "discard",
    "extend",
    "issue",
    "judge",
    "judge_section",
    "lapse",
    "progress",
    "read_again",
    "read_upload",
    "reassign",
    "reopen",
    "report",
    "reread",
    "return_",
    "send_back",
    "take",
    "undo",
    "withdraw",
]
