"""The lives of what accountability keeps, as data: order, tour, table, proposal, meeting, duty list, assessment, report."""

from __future__ import annotations

from enum import StrEnum

from wanghuo.base import Machine, Move, Text

ORDER_RIGHT, TOUR_RIGHT, PUBLISH_RIGHT = "accountability.order", "accountability.tour", "accountability.publish"
LETTER_RIGHT, MEET_RIGHT = "accountability.letter", "accountability.meet"
ANSWER_RIGHT, ASSESS_RIGHT = "accountability.answer", "accountability.assess"


class OrderState(StrEnum):
    """Where a monthly order (派单) stands."""

    DRAFT = "draft"
    ISSUED = "issued"
    REPORTED = "reported"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


O = OrderState  # noqa: E741
_WITHDRAW = Text("撤回", "withdraw")
ORDER = Machine(
    what=Text("派单", "Monthly order"),
    initial=O.DRAFT,
    names={
        O.DRAFT: Text("待下发", "draft"),
        O.ISSUED: Text("办理中", "being worked on"),
        O.REPORTED: Text("待验收", "awaiting acceptance"),
        O.ACCEPTED: Text("已验收", "accepted"),
        O.WITHDRAWN: Text("已撤回", "withdrawn"),
    },
    moves=(
        Move("issue", O.DRAFT, O.ISSUED, ORDER_RIGHT, Text("下发", "issue")),
        Move("withdraw", O.DRAFT, O.WITHDRAWN, ORDER_RIGHT, _WITHDRAW),
        Move("report", O.ISSUED, O.REPORTED, ANSWER_RIGHT, Text("上报完成情况", "report what was done")),
        Move("withdraw", O.ISSUED, O.WITHDRAWN, ORDER_RIGHT, _WITHDRAW),
        Move("accept", O.REPORTED, O.ACCEPTED, ORDER_RIGHT, Text("验收", "accept")),
        Move("return", O.REPORTED, O.ISSUED, ORDER_RIGHT, Text("退回补正", "return")),
    ),
)


class TourState(StrEnum):
    """Where a tour (巡查) stands."""

    PLANNED = "planned"
    BEGUN = "begun"
    SCORED = "scored"
    ANSWERED = "answered"
    CANCELLED = "cancelled"


T = TourState
TOUR = Machine(
    what=Text("巡查", "Tour"),
    initial=T.PLANNED,
    names={
        T.PLANNED: Text("已计划", "planned"),
        T.BEGUN: Text("现场打分中", "being scored on site"),
        T.SCORED: Text("待确认", "awaiting the answer"),
        T.ANSWERED: Text("已确认", "confirmed"),
        T.CANCELLED: Text("已取消", "cancelled"),
    },
    moves=(
        Move("begin", T.PLANNED, T.BEGUN, TOUR_RIGHT, Text("开始巡查并抽样", "begin and draw the sample")),
        Move("cancel", T.PLANNED, T.CANCELLED, TOUR_RIGHT, Text("取消", "cancel")),
        Move("finish", T.BEGUN, T.SCORED, TOUR_RIGHT, Text("完成打分", "finish scoring")),
        Move("answer", T.SCORED, T.ANSWERED, ANSWER_RIGHT, Text("确认结果", "confirm the result")),
    ),
)


class TableState(StrEnum):
    """Where a ranking table (表格) stands."""

    DRAFT = "draft"
    APPROVED = "approved"
    PUBLISHED = "published"
    DISCARDED = "discarded"


B = TableState
TABLE = Machine(
    what=Text("排名表", "Ranking table"),
    initial=B.DRAFT,
    names={
        B.DRAFT: Text("预览", "preview"),
        B.APPROVED: Text("待公布", "awaiting its day"),
        B.PUBLISHED: Text("已公布", "published"),
        B.DISCARDED: Text("已作废", "discarded"),
    },
    moves=(
        Move("approve", B.DRAFT, B.APPROVED, PUBLISH_RIGHT, Text("定稿，定期公布", "freeze for publication")),
        Move("discard", B.DRAFT, B.DISCARDED, PUBLISH_RIGHT, Text("作废", "discard")),
        Move("publish", B.APPROVED, B.PUBLISHED, PUBLISH_RIGHT, Text("现在公布", "publish now")),
        Move("discard", B.APPROVED, B.DISCARDED, PUBLISH_RIGHT, Text("作废", "discard")),
    ),
)


class ProposalState(StrEnum):
    """Where a proposed rung of the ladder stands."""

    PROPOSED = "proposed"
    ADOPTED = "adopted"
    DECLINED = "declined"


P = ProposalState
PROPOSAL = Machine(
    what=Text("督办建议", "Proposed measure"),
    initial=P.PROPOSED,
    names={
        P.PROPOSED: Text("待决定", "awaiting a decision"),
        P.ADOPTED: Text("已采纳", "adopted"),
        P.DECLINED: Text("未采纳", "declined"),
    },
    moves=(
        Move("adopt", P.PROPOSED, P.ADOPTED, LETTER_RIGHT, Text("采纳并起草文书", "adopt and draft the letter")),
        Move("decline", P.PROPOSED, P.DECLINED, LETTER_RIGHT, Text("不采纳", "decline")),
    ),
)


class MeetingState(StrEnum):
    """Where a meeting stands."""

    PLANNED = "planned"
    HELD = "held"
    MINUTED = "minuted"
    CANCELLED = "cancelled"


M = MeetingState
MEETING = Machine(
    what=Text("会议", "Meeting"),
    initial=M.PLANNED,
    names={
        M.PLANNED: Text("已通知", "convened"),
        M.HELD: Text("已召开", "held"),
        M.MINUTED: Text("纪要已出", "minuted"),
        M.CANCELLED: Text("已取消", "cancelled"),
    },
    moves=(
        Move("hold", M.PLANNED, M.HELD, MEET_RIGHT, Text("登记到会情况", "record attendance")),
        Move("cancel", M.PLANNED, M.CANCELLED, MEET_RIGHT, Text("取消", "cancel")),
        Move("minute", M.HELD, M.MINUTED, MEET_RIGHT, Text("出纪要", "draft the minutes")),
    ),
)


class ListState(StrEnum):
    """Where a duty list stands."""

    DRAFT = "draft"
    ISSUED = "issued"
    SIGNED = "signed"
    CLOSED = "closed"


D = ListState
DUTY_LIST = Machine(
    what=Text("责任清单", "Duty list"),
    initial=D.DRAFT,
    names={
        D.DRAFT: Text("起草中", "draft"),
        D.ISSUED: Text("待签认", "awaiting signature"),
        D.SIGNED: Text("已签认", "signed"),
        D.CLOSED: Text("已归档", "closed"),
    },
    moves=(
        Move("issue", D.DRAFT, D.ISSUED, ORDER_RIGHT, Text("下发签认", "issue for signature")),
        Move("sign", D.ISSUED, D.SIGNED, ANSWER_RIGHT, Text("签认", "sign")),
        Move("close", D.SIGNED, D.CLOSED, ORDER_RIGHT, Text("归档", "close")),
    ),
)


class AssessmentState(StrEnum):
    """Where a yearly assessment stands."""

    SELF = "self"
    REVIEW = "review"
    ANNOUNCED = "announced"
    APPEALED = "appealed"
    FINAL = "final"


A = AssessmentState
ASSESSMENT = Machine(
    what=Text("年度考核", "Assessment"),
    initial=A.SELF,
    names={
        A.SELF: Text("自评中", "self-assessment"),
        A.REVIEW: Text("评审中", "under review"),
        A.ANNOUNCED: Text("结果告知中", "result announced"),
        A.APPEALED: Text("申诉复核中", "under appeal"),
        A.FINAL: Text("已定等次", "final"),
    },
    moves=(
        Move("submit", A.SELF, A.REVIEW, ANSWER_RIGHT, Text("提交自评", "submit the self-assessment")),
        Move("announce", A.REVIEW, A.ANNOUNCED, ASSESS_RIGHT, Text("告知初评结果", "announce the result")),
        Move("back", A.REVIEW, A.SELF, ASSESS_RIGHT, Text("退回补充", "return for more evidence")),
        Move("appeal", A.ANNOUNCED, A.APPEALED, ANSWER_RIGHT, Text("申诉", "appeal")),
        Move("finalise", A.ANNOUNCED, A.FINAL, ASSESS_RIGHT, Text("确定等次", "make it final")),
        Move("settle", A.APPEALED, A.ANNOUNCED, ASSESS_RIGHT, Text("答复申诉", "settle the appeal")),
    ),
)


class ReportState(StrEnum):
    """Where a situation report stands."""

    DRAFT = "draft"
    ISSUED = "issued"
    DISCARDED = "discarded"


R = ReportState
REPORT = Machine(
    what=Text("情况报告", "Situation report"),
    initial=R.DRAFT,
    names={
        R.DRAFT: Text("起草中", "draft"),
        R.ISSUED: Text("已成文", "issued"),
        R.DISCARDED: Text("已作废", "discarded"),
    },
    moves=(
        Move("issue", R.DRAFT, R.ISSUED, LETTER_RIGHT, Text("成文送签", "issue as a paper")),
        Move("discard", R.DRAFT, R.DISCARDED, LETTER_RIGHT, Text("作废", "discard")),
    ),
)


class SheetState(StrEnum):
    """Where a score sheet (评分表) stands. A published one may have a draft of its next version beside it."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


H = SheetState
_PUBLISH = Text("发布", "publish")
SHEET = Machine(
    what=Text("评分表", "Score sheet"),
    initial=H.DRAFT,
    names={
        H.DRAFT: Text("起草中", "draft"),
        H.PUBLISHED: Text("已发布", "published"),
        H.ARCHIVED: Text("已停用", "archived"),
    },
    moves=(
        Move("publish", H.DRAFT, H.PUBLISHED, ASSESS_RIGHT, _PUBLISH),
        Move("publish", H.PUBLISHED, H.PUBLISHED, ASSESS_RIGHT, _PUBLISH),
        Move("archive", H.PUBLISHED, H.ARCHIVED, ASSESS_RIGHT, Text("停用", "archive")),
        Move("archive", H.DRAFT, H.ARCHIVED, ASSESS_RIGHT, Text("停用", "archive")),
    ),
)

MACHINES = (ORDER, TOUR, TABLE, PROPOSAL, MEETING, DUTY_LIST, ASSESSMENT, REPORT, SHEET)
