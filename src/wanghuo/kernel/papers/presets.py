"""The kinds of papers every fire-safety committee office uses. Fields and answer periods: regulations.md 1.8 and 14.3 (ours, D, where
no rule was found)."""

from __future__ import annotations

from wanghuo.base import Text
from wanghuo.kernel.papers.kinds import Field, PaperKind, register_paper

ONE_A_LINE = Text("每行一条", "one a line")
CELLS = Text("第一行为表头；单元格之间用制表符或 | 分隔", "the first row is the head; tabs or | between cells")
DEMANDS = Field("demands", Text("工作要求", "Demands"), "items", help=ONE_A_LINE)

CIRCULAR = PaperKind(
    code="circular",
    title=Text("通报", "Circular"),
    template="papers/kinds/circular.html",
    fields=(
        Field("situation", Text("基本情况", "Situation")),
        Field("table", Text("排名或数据表", "Ranking or figures"), "table", required=False, help=CELLS, limit=20_000),
        Field("problems", Text("存在问题", "Problems"), required=False),
        DEMANDS,
    ),
    serial="{body}〔{year}〕{n}号",
    public=True,
    title_hint="关于……情况的通报",
    help=Text("向各地各部门通报情况、排名与问题", "tells places and departments the situation, ranks and problems"),
)
TRANSFER = PaperKind(
    code="transfer",
    title=Text("抄告函", "Referral letter"),
    template="papers/kinds/transfer.html",
    fields=(
        Field("facts", Text("抄告事项", "What is referred")),
        Field("basis", Text("依据", "Basis"), "line", required=False, limit=300),
        Field("requests", Text("请予办理的事项", "What is asked"), "items", help=ONE_A_LINE),
        Field("contact", Text("联系人及电话", "Contact"), "line", required=False, limit=100),
    ),
    serial="{body}函〔{year}〕{n}号",
    reply=True,
    reply_rule="papers.reply_transfer",
    mark="{issuer}",
    layout="letter",
    title_hint="关于抄告……的函",
    help=Text(
        "把隐患、处罚或产品问题抄告主管部门", "refers a hazard, a penalty or a product to the department in charge"
    ),
)
ORDER = PaperKind(
    code="order",
    title=Text("督办单", "Supervision order"),
    template="papers/kinds/order.html",
    fields=(
        Field("reason", Text("督办缘由", "Why")),
        Field("matters", Text("督办事项", "Matters"), "items", help=ONE_A_LINE),
        DEMANDS,
    ),
    serial="{body}督〔{year}〕{n}号",
    reply=True,
    reply_rule="papers.reply_order",
    title_hint="关于……的督办单",
    help=Text("任务滞后或两次逾期时发出，限期回复", "sent when a task lags or was late twice; to be answered in time"),
)
INTERVIEW = PaperKind(
    code="interview",
    title=Text("约谈通知书", "Notice of interview"),
    template="papers/kinds/interview.html",
    fields=(
        Field("reason", Text("约谈缘由", "Why")),
        Field("at", Text("约谈时间", "When"), "moment"),
        Field("place", Text("约谈地点", "Where"), "line", limit=200),
        Field("host", Text("约谈人", "Who holds it"), "line", limit=200),
        Field("invitees", Text("被约谈人", "Who is called in"), "line", limit=300),
        Field("questions", Text("约谈内容", "Questions"), "items", help=ONE_A_LINE),
        Field("materials", Text("请携带的材料", "Papers to bring"), "items", required=False, help=ONE_A_LINE),
    ),
    serial="{body}约〔{year}〕{n}号",
    reply=True,
    reply_rule="papers.reply_interview",
    reply_from="at",
    title_hint="约谈通知书",
    help=Text("提前 3 个工作日通知；约谈后书面报告整改", "3 working days ahead; a written report afterwards"),
)
MINUTES = PaperKind(
    code="minutes",
    title=Text("会议纪要", "Minutes"),
    template="papers/kinds/minutes.html",
    fields=(
        Field("held_at", Text("会议时间", "When"), "moment"),
        Field("place", Text("会议地点", "Where"), "line", limit=200),
        Field("chair", Text("主持人", "Chair"), "line", limit=100),
        Field("attendees", Text("出席人员", "Present"), limit=2000),
        Field("absent", Text("请假人员", "Excused"), "line", required=False, limit=500),
        Field("topics", Text("会议研究情况", "What was discussed")),
        Field("decisions", Text("会议议定事项", "Decisions"), "items", help=ONE_A_LINE),
    ),
    serial="{body}纪〔{year}〕{n}号",
    mark="{issuer}会议纪要",
    layout="minutes",
    title_hint="……会议纪要",
    help=Text("不加盖印章；议定事项可转为任务", "bears no seal; decisions can become tasks"),
)
DISPATCH = PaperKind(
    code="dispatch",
    title=Text("派单", "Task order"),
    template="papers/kinds/dispatch.html",
    fields=(
        Field("month", Text("月份", "Month"), "line", limit=40, help=Text("如 2026年11月", "such as 2026年11月")),
        Field("tasks", Text("任务清单", "Tasks"), "table", help=CELLS, limit=20_000),
        Field("evidence", Text("佐证要求", "Evidence"), "items", help=ONE_A_LINE),
        Field("notes", Text("其他要求", "Other"), required=False),
    ),
    serial="{body}派〔{year}〕{n}号",
    reply=True,
    reply_rule="papers.reply_dispatch",
    title_hint="……月度消防工作任务单",
    help=Text("月度任务单，附佐证要求，到期上报", "the tasks of a month with the evidence asked; to be reported"),
)
REPORT = PaperKind(
    code="report",
    title=Text("情况报告", "Situation report"),
    template="papers/kinds/report.html",
    fields=(
        Field("period", Text("报告期", "Period"), "line", limit=60),
        Field("situation", Text("总体情况", "Situation")),
        Field("progress", Text("工作进展", "Progress")),
        Field("table", Text("数据表", "Figures"), "table", required=False, help=CELLS, limit=20_000),
        Field("problems", Text("存在问题", "Problems"), required=False),
        Field("plan", Text("下步打算", "Next steps")),
    ),
    serial="{body}报〔{year}〕{n}号",
    upward=True,
    title_hint="关于……情况的报告",
    help=Text("半月报、月报，报送上级", "half-monthly and monthly, to the higher body"),
)
PRESETS = (CIRCULAR, TRANSFER, ORDER, INTERVIEW, MINUTES, DISPATCH, REPORT)


def register() -> None:
    """Make the presets known."""
    for kind in PRESETS:
        register_paper(kind)
