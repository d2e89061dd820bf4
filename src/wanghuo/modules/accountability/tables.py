"""The lists of accountability."""

from __future__ import annotations

from django.db.models import F, Q
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.kernel.papers import PAPER
from wanghuo.kernel.ui.filters import Choice, Flag, Words
from wanghuo.kernel.ui.lists import Bulk, Column, Empty, Link, ListPage
from wanghuo.kernel.ui.spans import Span
from wanghuo.modules.accountability.services.letters import LETTERS
from wanghuo.modules.accountability.states import (
    ASSESSMENT,
    DUTY_LIST,
    MEETING,
    ORDER,
    PROPOSAL,
    REPORT,
    TABLE,
    TOUR,
    ListState,
    OrderState,
    TableState,
)
from wanghuo.modules.accountability.words import LEVELS, LIGHTS, LIST_KINDS, MEASURES, MEETING_KINDS, REPORT_KINDS

VIEW = "accountability.view"
REF = Column("ref", Text("编号", "Reference"), kind="ref")
TITLE = Column("title", Text("名称", "Title"))
REGION = Column("region_code", Text("区划", "Region"), kind="region")
MONTH = Words("month", Text("月份", "month"), where=lambda words: Q(month=words))
LIGHT = Column("light", Text("级灯", "Light"), kind="level", scale="light", value=lambda row: LEVELS.get(row.light))


def by_ref(words: str) -> Q:
    """A reference, or words of the title."""
    return Q(ref=words.upper()) | Q(title__icontains=words)


Q_FILTER = Words(label=Text("编号或名称", "Reference or title"), where=by_ref)


def state(machine: object, marks: dict[str, str] | None = None) -> Column:
    """The state column."""
    return Column("state", Text("状态", "State"), kind="state", machine=machine, marks=marks or {})  # type: ignore[arg-type]


def states(machine: object) -> Choice:
    """The state filter."""
    return Choice("state", Text("状态", "State"), {str(k): v for k, v in machine.names.items()})  # type: ignore[attr-defined]


ORDERS = ListPage(
    title=Text("派单", "Monthly orders"),
    what=Text("派单", "orders"),
    code="accountability:order",
    export_right=VIEW,
    row_url="/programmes/orders/{0.ref}",
    columns=(
        REF,
        TITLE,
        state(ORDER, {"reported": "waiting", "issued": "doing"}),
        Column("due_at", Text("上报期限", "Due"), kind="due", met="reported_at"),
        Column("done", Text("完成", "Done"), value=lambda row: row.progress, wide=True),
        Column("region_code", Text("区划", "Region"), kind="region", wide=True),
    ),
    filters=(  # type: ignore[arg-type]
        Q_FILTER,
        states(ORDER),
        MONTH,
        Flag("late", Text("逾期未报", "late"), lambda: Q(state=OrderState.ISSUED, due_at__lt=timezone.now())),
        Flag("issued", Text("已下发过", "issued"), lambda: ~Q(state__in=(OrderState.DRAFT, OrderState.WITHDRAWN))),
        Flag(
            "in_time",
            Text("按期办结", "done in time"),
            lambda: Q(state=OrderState.ACCEPTED, reported_at__lte=F("due_at")),
        ),
        Span("due", Text("期限", "due"), where=lambda start, end: Q(due_at__gte=start, due_at__lt=end)),
    ),
    links=(
        Link(
            Text("按目标派单", "Draw up orders"),
            "/programmes/orders/new",
            "accountability.order",
            icon="plus",
            key="n",
            main=True,
        ),
    ),
    bulk=(Bulk(Text("下发所选", "Issue the selected"), "/programmes/orders/issue", "accountability.order"),),
    empty=Empty(
        Text(
            "每月把年度目标按剩余月份和份额分解成派单，下级按单上报、上级验收。先给本区划设定年度目标，再在这里派单。",
            "Each month the year's targets are divided into orders; those below report, those above accept. Set targets first, then draw up orders here.",
        ),
        Link(Text("按目标派单", "Draw up orders"), "/programmes/orders/new", "accountability.order"),
    ),
)
TOURS = ListPage(
    title=Text("巡查", "Tours"),
    what=Text("巡查", "tours"),
    code="accountability:tour",
    export_right=VIEW,
    row_url="/tours/{0.ref}",
    columns=(
        REF,
        TITLE,
        state(TOUR, {"scored": "waiting"}),
        Column("planned_on", Text("计划日期", "Planned"), kind="day"),
        Column("score", Text("得分", "Score"), kind="number", digits=1),
        Column("visited", Text("巡查区划", "Region"), kind="region", wide=True),
        Column("team", Text("成员", "Who"), wide=True),
    ),
    filters=(  # type: ignore[arg-type]
        Q_FILTER,
        states(TOUR),
        MONTH,
        Flag(
            "differs",
            Text("与上报不符", "differs from the report"),
            lambda: Q(samples__result__in=("differs", "absent")),
        ),
    ),
    links=(
        Link(Text("安排巡查", "Plan a tour"), "/tours/new", "accountability.tour", icon="plus", key="n", main=True),
        Link(Text("覆盖情况", "Coverage"), "/tours/coverage", VIEW),
        Link(Text("检查表", "Checklists"), "/tours/checklists", VIEW),
    ),
    empty=Empty(
        Text(
            "巡查按检查表现场打分，并随机抽查下级上报的记录是否属实。先看哪些区划还没去过。",
            "Tours score on site by a checklist and check a random sample of what was reported. See first who was not visited yet.",
        ),
        Link(Text("覆盖情况", "Coverage"), "/tours/coverage", VIEW),
    ),
)
RANKINGS = ListPage(
    title=Text("排名表", "Ranking tables"),
    what=Text("排名表", "tables"),
    code="accountability:table",
    row_url="/tables/{0.ref}",
    columns=(
        REF,
        TITLE,
        state(TABLE, {"approved": "waiting"}),
        Column("publish_on", Text("公布日期", "To be published"), kind="day"),
        Column("published_at", Text("公布", "Published"), kind="when", wide=True),
        Column("region_code", Text("区划", "Region"), kind="region", wide=True),
    ),
    filters=(
        Q_FILTER,
        states(TABLE),
        MONTH,
        Flag("published", Text("已公布", "published"), lambda: Q(state=TableState.PUBLISHED)),
    ),
    links=(
        Link(
            Text("生成排名表", "Compute a table"),
            "/tables/new",
            "accountability.publish",
            icon="plus",
            key="n",
            main=True,
        ),
        Link(Text("督办建议", "Proposed measures"), "/tables/measures", VIEW),
    ),
    empty=Empty(
        Text(
            "排名表由指标、派单完成率和巡查得分算出，预览定稿后按期公布，公布后不能再改。",
            "A table is computed from indicators, orders and tours; previewed, frozen, and published on its day.",
        ),
        Link(Text("生成排名表", "Compute a table"), "/tables/new", "accountability.publish"),
    ),
)
PROPOSALS = ListPage(
    title=Text("督办建议", "Proposed measures"),
    what=Text("督办建议", "measures"),
    code="accountability:proposal",
    row_url="/tables/measures/{0.ref}",
    columns=(
        REF,
        TITLE,
        LIGHT,
        state(PROPOSAL, {"proposed": "new", "adopted": "done", "declined": "void"}),
        Column("decided_by_name", Text("决定人", "Decided by"), wide=True),
        Column("paper_ref", Text("文书", "Paper"), wide=True),
    ),
    filters=(
        Q_FILTER,
        states(PROPOSAL),
        MONTH,
        Choice("light", Text("级灯", "Light"), {k: v for k, v in LIGHTS.items() if k}),
        Choice("measure", Text("措施", "Measure"), MEASURES),
    ),
    empty=Empty(
        Text(
            "排名表公布后，亮灯的区划在这里列出建议措施；是否发文由有权的人决定。",
            "Once a table is published, the measures its lights ask for stand here; a person decides.",
        )
    ),
)
LETTERS_PAGE = ListPage(
    title=Text("通报、抄告、督办、约谈", "Letters"),
    what=Text("文书", "letters"),
    code="accountability:letter",
    export_right=VIEW,
    row_url="/letters/{0.ref}",
    period="drafted_at",
    columns=(
        REF,
        TITLE,
        Column("kind", Text("种类", "Kind"), value=lambda row: LETTERS.get(row.kind, Text(row.kind, row.kind))),
        state(
            PAPER,
            {"submitted": "waiting", "approved": "waiting", "served": "waiting", "replied": "waiting", "void": "void"},
        ),
        Column("reply_by", Text("回复期限", "Answer by"), kind="due", met="closed_at"),
        Column("serial", Text("文号", "Number"), wide=True),
        Column("about_ref", Text("事由", "About"), wide=True),
    ),
    filters=(
        Words(
            label=Text("标题或文号", "Title or number"),
            where=lambda words: Q(title__icontains=words) | Q(serial__icontains=words) | Q(ref=words.upper()),
        ),
        Choice("kind", Text("种类", "Kind"), LETTERS),
        states(PAPER),
        Flag(
            "unanswered",
            Text("待回复", "awaiting an answer"),
            lambda: Q(asks_reply=True, state__in=("served", "received")),
        ),
    ),
    links=(
        Link(Text("写一份", "New letter"), "/letters/new", "accountability.letter", icon="plus", key="n", main=True),
    ),
    empty=Empty(
        Text(
            "提醒、通报、抄告、督办、约谈都在这里，签收和回复有时限。可从隐患、指标、区划、任务页面起草，事实自动带出。",
            "Reminders, circulars, referrals, orders and interviews, with clocks for receipt and answer. They can be begun from a hazard, an indicator, a region or a task.",
        ),
        Link(Text("写一份", "New letter"), "/letters/new", "accountability.letter"),
    ),
)
MEETINGS = ListPage(
    title=Text("会商与例会", "Meetings"),
    what=Text("会议", "meetings"),
    code="accountability:meeting",
    export_right=VIEW,
    row_url="/meetings/{0.ref}",
    period="starts_at",
    columns=(
        REF,
        TITLE,
        Column("kind", Text("类型", "Kind"), value=lambda row: MEETING_KINDS[row.kind]),
        state(MEETING, {"held": "waiting", "planned": "new"}),
        Column("starts_at", Text("时间", "When"), kind="moment"),
        REGION,
    ),
    filters=(Q_FILTER, states(MEETING), Choice("kind", Text("类型", "Kind"), MEETING_KINDS)),
    links=(
        Link(Text("召集会议", "Convene"), "/meetings/new", "accountability.meet", icon="plus", key="n", main=True),
        Link(Text("谁按期开了会", "Who met in time"), "/meetings/duties", VIEW),
    ),
    empty=Empty(
        Text(
            "会议的议题、到会、议定事项和纪要在这里；议定事项会变成有期限的任务。",
            "Agenda, attendance, decisions and minutes; decisions become tasks with a day.",
        ),
        Link(Text("召集会议", "Convene"), "/meetings/new", "accountability.meet"),
    ),
)
DUTY_LISTS = ListPage(
    title=Text("责任清单与任务清单", "Duty lists"),
    what=Text("清单", "lists"),
    code="accountability:duty_list",
    export_right=VIEW,
    row_url="/duty-lists/{0.ref}",
    columns=(
        REF,
        TITLE,
        Column("kind", Text("类型", "Kind"), value=lambda row: LIST_KINDS[row.kind]),
        Column(
            "owner", Text("责任主体", "Whose"), value=lambda row: row.leader or (row.body.short if row.body else "")
        ),
        state(DUTY_LIST, {"issued": "waiting"}),
        Column("year", Text("年度", "Year")),
        Column("signed_name", Text("签认人", "Signed by"), wide=True),
    ),
    filters=(
        Q_FILTER,
        states(DUTY_LIST),
        Choice("kind", Text("类型", "Kind"), LIST_KINDS),
        Words(
            "year",
            Text("年度", "year"),
            where=lambda words: Q(year=int(words)) if words.isdigit() and len(words) == 4 else Q(pk__in=[]),
        ),
        Flag("unsigned", Text("未签认", "unsigned"), lambda: Q(state=ListState.ISSUED)),
    ),
    links=(
        Link(Text("新建清单", "New list"), "/duty-lists/new", "accountability.order", icon="plus", key="n", main=True),
        Link(Text("从表格导入", "Import"), "/data/imports/new?kind=duty_lists", "accountability.order"),
    ),
    empty=Empty(
        Text(
            "把文件要求的责任落到单位和领导：每项写明依据、周期和佐证，由本人签认、按期履职。",
            "Each duty with its source, period and evidence, signed by whoever it binds and done in time.",
        ),
        Link(Text("新建清单", "New list"), "/duty-lists/new", "accountability.order"),
    ),
)
ASSESSMENTS = ListPage(
    title=Text("年度考核", "Assessments"),
    what=Text("考核", "assessments"),
    code="accountability:assessment",
    export_right=VIEW,
    row_url="/assessments/{0.ref}",
    columns=(
        REF,
        TITLE,
        state(ASSESSMENT, {"review": "waiting", "announced": "waiting", "appealed": "waiting"}),
        Column("score", Text("得分", "Score"), kind="number", digits=1),
        Column("grade", Text("等次", "Grade"), value=lambda row: row.grade_name),
        Column("region_code", Text("区划", "Region"), kind="region", wide=True),
        Column("year", Text("年度", "Year"), wide=True),
    ),
    filters=(
        Q_FILTER,
        states(ASSESSMENT),
        Words(
            "year",
            Text("年度", "year"),
            where=lambda words: Q(year=int(words)) if words.isdigit() and len(words) == 4 else Q(pk__in=[]),
        ),
        Words("scheme", Text("方案", "scheme"), where=lambda words: Q(scheme=words)),
    ),
    links=(
        Link(
            Text("开始考核", "Begin a run"),
            "/assessments/new",
            "accountability.assess",
            icon="plus",
            key="n",
            main=True,
        ),
        Link(Text("考核方案", "Schemes"), "/assessments/schemes", VIEW),
    ),
    empty=Empty(
        Text(
            "按方案给下级打分：系统数据先填好，被考核方自评，指定的评审人评审，可申诉，每一分都说得清。",
            "Those below are scored by a scheme: prefilled, self-assessed, reviewed, open to appeal, every point explained.",
        ),
        Link(Text("看考核方案", "See the schemes"), "/assessments/schemes", VIEW),
    ),
)
REPORTS = ListPage(
    title=Text("情况报告", "Situation reports"),
    what=Text("报告", "reports"),
    code="accountability:report",
    row_url="/reports/{0.ref}",
    columns=(
        REF,
        TITLE,
        Column("kind", Text("种类", "Kind"), value=lambda row: REPORT_KINDS[row.kind]),
        state(REPORT),
        Column("paper_ref", Text("文书", "Paper"), wide=True),
        Column("made_at", Text("起草", "Drafted"), kind="when"),
    ),
    filters=(Q_FILTER, states(REPORT), Choice("kind", Text("种类", "Kind"), REPORT_KINDS)),
    links=(
        Link(
            Text("起草报告", "Draft a report"), "/reports/new", "accountability.letter", icon="plus", key="n", main=True
        ),
    ),
    empty=Empty(
        Text(
            "周报、半月报和月报由系统按数据起草，每个数字都能点开来源；你改文字，数字不动。",
            "Drafted from data, every number leads to its source; you edit the words.",
        ),
        Link(Text("起草报告", "Draft a report"), "/reports/new", "accountability.letter"),
    ),
)
