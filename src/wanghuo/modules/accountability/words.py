"""The lists of the field: what is held, drawn, met over and asked for."""

from __future__ import annotations

from wanghuo.base import Text

SHARES = {
    "population": Text("按常住人口", "by population"),
    "equal": Text("平均分配", "in equal parts"),
    "own": Text("各自目标", "each by its own target"),
}
"""How the target of a region is divided among those below it."""

LIGHTS = {
    "green": Text("绿", "green"),
    "blue": Text("蓝", "blue"),
    "yellow": Text("黄", "yellow"),
    "orange": Text("橙", "orange"),
    "red": Text("红", "red"),
    "": Text("未亮灯", "no light"),
}
LEVELS = {"green": 0, "blue": 1, "yellow": 2, "orange": 3, "red": 4}

MEETING_KINDS = {
    "committee": Text("消安委全体会议", "full committee meeting"),
    "consult": Text("形势会商", "consultation on the situation"),
    "regular": Text("工作例会", "regular meeting"),
    "campaign": Text("专项行动调度会", "campaign meeting"),
    "onsite": Text("现场会", "on-site meeting"),
}
ATTENDANCE = {
    "invited": Text("已通知", "invited"),
    "present": Text("到会", "present"),
    "excused": Text("请假", "excused"),
    "absent": Text("缺席", "absent"),
}
LIST_KINDS = {"duty": Text("责任清单", "duty list"), "task": Text("任务清单", "task list")}
PERIODS = {
    "once": Text("一次", "once"),
    "month": Text("每月", "each month"),
    "quarter": Text("每季度", "each quarter"),
    "half": Text("每半年", "each half-year"),
    "year": Text("每年", "each year"),
}
SAMPLE_RESULTS = {
    "": Text("待核验", "to be checked"),
    "true": Text("属实", "as reported"),
    "differs": Text("不一致", "differs"),
    "absent": Text("查无实据", "no evidence found"),
}
REPORT_KINDS = {
    "week": Text("周报", "weekly report"),
    "half": Text("半月报", "half-monthly report"),
    "month": Text("月报", "monthly report"),
}
MEASURES = {
    "remind": Text("提醒函", "reminder"),
    "urge": Text("督办单", "supervision order"),
    "interview": Text("通报并约谈", "circular and interview"),
    "list": Text("挂牌督办、上报", "listing, report upwards"),
}
"""What each light asks for (regulations 14.3)."""
