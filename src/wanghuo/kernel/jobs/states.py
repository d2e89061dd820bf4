"""The life of a job."""

from __future__ import annotations

from enum import StrEnum

from wanghuo.base import Machine, Move, Text


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


S = JobState
JOB = Machine(
    what=Text("后台任务", "Job"),
    initial=S.WAITING,
    names={
        S.WAITING: Text("排队中", "waiting"),
        S.RUNNING: Text("进行中", "running"),
        S.DONE: Text("已完成", "done"),
        S.FAILED: Text("未完成", "failed"),
        S.CANCELLED: Text("已停止", "stopped"),
    },
    moves=(
        Move("start", S.WAITING, S.RUNNING, "", Text("开始", "start")),
        Move("cancel", S.WAITING, S.CANCELLED, "", Text("停止", "stop")),
        Move("finish", S.RUNNING, S.DONE, "", Text("完成", "finish")),
        Move("fail", S.RUNNING, S.FAILED, "", Text("失败", "fail")),
        Move("cancel", S.RUNNING, S.CANCELLED, "", Text("停止", "stop")),
    ),
)
MARKS = {S.WAITING: "waiting", S.RUNNING: "doing", S.DONE: "done", S.FAILED: "late", S.CANCELLED: "void"}
