"""The life of a plan and of a task, as data. A task closes only with evidence accepted outside the reporting body
(regulations.md 14.3)."""

from __future__ import annotations

from enum import StrEnum

from wanghuo.base import Machine, Move, Text


class PlanState(StrEnum):
    """Where a plan stands."""

    DRAFTING = "drafting"
    JUDGED = "judged"
    ISSUED = "issued"
    CLOSED = "closed"
    DISCARDED = "discarded"


P = PlanState

PLAN = Machine(
    what=Text("工作计划", "Work plan"),
    initial=P.DRAFTING,
    names={
        P.DRAFTING: Text("逐条核定中", "being judged"),
        P.JUDGED: Text("已核定", "judged"),
        P.ISSUED: Text("已下发", "issued"),
        P.CLOSED: Text("已结束", "closed"),
        P.DISCARDED: Text("已作废", "discarded"),
    },
    moves=(
        Move("confirm", P.DRAFTING, P.JUDGED, "workplans.compile", Text("核定完毕", "finish judging")),
        Move("discard", P.DRAFTING, P.DISCARDED, "workplans.compile", Text("作废", "discard")),
        Move("issue", P.JUDGED, P.ISSUED, "workplans.issue", Text("下发", "issue")),
        Move("reopen", P.JUDGED, P.DRAFTING, "workplans.compile", Text("继续核定", "go on judging")),
        Move("close", P.ISSUED, P.CLOSED, "workplans.issue", Text("结束计划", "close the plan")),
    ),
)


class TaskState(StrEnum):
    """Where a task stands."""

    ASSIGNED = "assigned"
    RETURNED = "returned"
    TAKEN = "taken"
    DOING = "doing"
    OVERDUE = "overdue"
    REPORTED = "reported"
    DONE = "done"
    WITHDRAWN = "withdrawn"


T = TaskState

_REPORT = Text("报完成", "report as done")
_PROGRESS = Text("报进展", "report progress")
_EXTEND = Text("延期", "extend")
_WITHDRAW = Text("撤销", "withdraw")
_LAPSE = Text("逾期", "fall overdue")

TASK = Machine(
    what=Text("任务", "Task"),
    initial=T.ASSIGNED,
    names={
        T.ASSIGNED: Text("待签收", "to be taken"),
        T.RETURNED: Text("已退回", "returned"),
        T.TAKEN: Text("已签收", "taken"),
        T.DOING: Text("办理中", "in progress"),
        T.OVERDUE: Text("已逾期", "overdue"),
        T.REPORTED: Text("待验收", "awaiting acceptance"),
        T.DONE: Text("已完成", "done"),
        T.WITHDRAWN: Text("已撤销", "withdrawn"),
    },
    moves=(
        Move("take", T.ASSIGNED, T.TAKEN, "workplans.report", Text("签收", "take")),
        Move("return", T.ASSIGNED, T.RETURNED, "workplans.report", Text("退回", "return")),
        Move("lapse", T.ASSIGNED, T.OVERDUE, "workplans.issue", _LAPSE),
        Move("extend", T.ASSIGNED, T.ASSIGNED, "workplans.issue", _EXTEND),
        Move("withdraw", T.ASSIGNED, T.WITHDRAWN, "workplans.issue", _WITHDRAW),
        Move("reassign", T.RETURNED, T.ASSIGNED, "workplans.issue", Text("改派", "reassign")),
        Move("withdraw", T.RETURNED, T.WITHDRAWN, "workplans.issue", _WITHDRAW),
        Move("report", T.TAKEN, T.REPORTED, "workplans.report", _REPORT),
        Move("progress", T.TAKEN, T.DOING, "workplans.report", _PROGRESS),
        Move("lapse", T.TAKEN, T.OVERDUE, "workplans.issue", _LAPSE),
        Move("extend", T.TAKEN, T.TAKEN, "workplans.issue", _EXTEND),
        Move("withdraw", T.TAKEN, T.WITHDRAWN, "workplans.issue", _WITHDRAW),
        Move("report", T.DOING, T.REPORTED, "workplans.report", _REPORT),
        Move("progress", T.DOING, T.DOING, "workplans.report", _PROGRESS),
        Move("lapse", T.DOING, T.OVERDUE, "workplans.issue", _LAPSE),
        Move("extend", T.DOING, T.DOING, "workplans.issue", _EXTEND),
        Move("withdraw", T.DOING, T.WITHDRAWN, "workplans.issue", _WITHDRAW),
        Move("report", T.OVERDUE, T.REPORTED, "workplans.report", _REPORT),
        Move("progress", T.OVERDUE, T.OVERDUE, "workplans.report", _PROGRESS),
        Move("extend", T.OVERDUE, T.DOING, "workplans.issue", _EXTEND),
        Move("withdraw", T.OVERDUE, T.WITHDRAWN, "workplans.issue", _WITHDRAW),
        Move("accept", T.REPORTED, T.DONE, "workplans.accept", Text("验收通过", "accept")),
        Move("send_back", T.REPORTED, T.DOING, "workplans.accept", Text("退回补充", "send back")),
    ),
)

OPEN = tuple(T(state) for state in TASK.open_states())
OWED = (T.ASSIGNED, T.TAKEN, T.DOING, T.OVERDUE)
"""The states in which the owner still owes the work."""


class Verdict(StrEnum):
    """What a person made of a line of the compilation."""

    OPEN = "open"
    ACCEPTED = "accepted"
    EDITED = "edited"
    DOUBTED = "doubted"
    REJECTED = "rejected"


JUDGED = (Verdict.ACCEPTED, Verdict.EDITED, Verdict.REJECTED)
KEPT = (Verdict.ACCEPTED, Verdict.EDITED)
