"""The lists of hazards and listings."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.kernel.ui.filters import Choice, Flag, Words
from wanghuo.kernel.ui.lists import Column, Empty, Link, ListPage
from wanghuo.kernel.ui.spans import Span
from wanghuo.modules.hazards import counting
from wanghuo.modules.hazards.states import DONE, HAZARD, LISTING, OPEN, HazardState
from wanghuo.modules.hazards.words import CHANNELS, GRADES, LEVELS

MARKS = {
    HazardState.REPORTED: "new",
    HazardState.SELF_FIXING: "doing",
    HazardState.VERIFIED: "doing",
    HazardState.TRANSFERRED: "waiting",
    HazardState.MAJOR_REVIEW: "doing",
    HazardState.MAJOR: "doing",
    HazardState.RECTIFYING: "doing",
    HazardState.SUBMITTED: "waiting",
    HazardState.OVERDUE: "overdue",
    HazardState.ENFORCING: "overdue",
    HazardState.CLOSED: "done",
    HazardState.FIXED_ON_SPOT: "done",
    HazardState.DISMISSED: "void",
    HazardState.MERGED: "void",
}

HAZARDS = ListPage(
    title=Text("隐患一本账", "Hazards"),
    what=Text("隐患", "hazards"),
    code="hazards:hazard",
    export_right="hazards.export",
    row_url="/hazards/{0.ref}",
    period="found_at",
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref"),
        Column(
            "place",
            Text("单位与位置", "Unit and place"),
            value=lambda h: f"{h.unit.name} {h.place}" if h.unit else h.place,
        ),
        Column("description", Text("问题", "What is wrong"), wide=True),
        Column(
            "state", Text("状态", "State"), kind="state", machine=HAZARD, marks={str(k): v for k, v in MARKS.items()}
        ),
        Column("due_at", Text("期限", "Due"), kind="due", sort="due_at", met="closed_at"),
        Column("grade", Text("等级", "Grade"), value=lambda h: GRADES[h.grade], wide=True),
        Column("channel", Text("来源", "Found by"), value=lambda h: CHANNELS[h.channel], wide=True),
        Column("found_at", Text("发现", "Found"), kind="when", wide=True),
    ),
    filters=(  # type: ignore[arg-type]
        Words(label=Text("编号", "Reference"), where=lambda words: Q(ref=words.upper()) | Q(source_ref=words.upper())),
        Choice("state", Text("状态", "State"), {str(k): v for k, v in HAZARD.names.items()}),
        Choice("grade", Text("等级", "Grade"), {str(k): v for k, v in GRADES.items()}),
        Choice("channel", Text("来源", "Found by"), {str(k): v for k, v in CHANNELS.items()}),
        Flag("open", Text("未结", "open"), lambda: Q(state__in=OPEN)),
        Flag("overdue", Text("已逾期", "overdue"), lambda: Q(state__in=OPEN, due_at__lt=timezone.now())),
        Flag("settled", Text("期限已见分晓", "deadline settled"), counting.settled),
        Flag("in_time", Text("按期整改", "put right in time"), counting.in_time),
        Flag("late", Text("未按期整改", "not put right in time"), counting.late),
        Flag("listed", Text("挂牌中", "listed"), lambda: Q(listed=True)),
        Flag("not_listed", Text("未挂牌", "not listed"), lambda: Q(listed=False)),
        Flag("counted", Text("属实", "a hazard of its own"), lambda: counting.COUNTED),
        Flag("done", Text("已销案", "closed"), lambda: Q(state__in=DONE)),
        Words("unit", Text("单位", "unit"), where=lambda words: Q(unit__ref=words.upper())),
        Span("found", Text("发现", "found"), "found_at"),
        Span("due", Text("期限", "due"), where=counting.due),
        Span("closed", Text("销案", "closed"), where=counting.closed),
        Span("standing", Text("期内在办", "open at some time of"), where=counting.standing),
        Span("backlog", Text("期初未结", "open at the start of"), where=counting.backlog),
        Span("left", Text("期末未结", "open at the end of"), where=counting.left),
        Span("rechecked", Text("复查", "re-inspected"), where=counting.rechecked),
        Span("passed", Text("复查合格", "passed"), where=counting.passed),
        Span("failed", Text("复查未合格", "not passed"), where=counting.failed),
    ),
    links=(
        Link(Text("上报隐患", "Report a hazard"), "/hazards/new", "hazards.report", icon="plus", key="n", main=True),
    ),
    empty=Empty(
        Text(
            "这里是所有渠道发现的隐患，一处发现、一本账管到销案。",
            "Every hazard found by anybody, followed until it is closed.",
        ),
        Link(Text("上报隐患", "Report a hazard"), "/hazards/new", "hazards.report"),
    ),
)

LISTINGS = ListPage(
    title=Text("挂牌督办", "Listings"),
    what=Text("挂牌", "listings"),
    code="hazards:listing",
    row_url="/listings/{0.ref}",
    period="listed_at",
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref"),
        Column("place", Text("位置", "Place"), value="hazard__place"),
        Column("level", Text("层级", "Level"), value=lambda row: LEVELS[row.level]),
        Column("supervisor", Text("督办单位", "Supervisor")),
        Column("state", Text("状态", "State"), kind="state", machine=LISTING),
        Column("due_at", Text("期限", "Due"), kind="due", met="delisted_at"),
    ),
    filters=(
        Choice("state", Text("状态", "State"), {str(k): v for k, v in LISTING.names.items()}),
        Choice("level", Text("层级", "Level"), {str(k): v for k, v in LEVELS.items()}),
    ),
    empty=Empty(Text("各级政府挂牌督办的隐患在这里，摘牌后仍可查。", "Hazards that a government put on its list.")),
)
