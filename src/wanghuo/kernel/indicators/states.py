"""The life of a reported value, as data: whoever reports does not accept."""

from __future__ import annotations

from enum import StrEnum

from wanghuo.base import Machine, Move, Text

REPORT_RIGHT, REVIEW_RIGHT = "indicators.report", "indicators.review"


class ReportState(StrEnum):
    """Where a reported value stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    APPEALED = "appealed"


S = ReportState

REPORT = Machine(
    what=Text("填报", "Report"),
    initial=S.DRAFT,
    names={
        S.DRAFT: Text("待填报", "to be reported"),
        S.SUBMITTED: Text("待审核", "awaiting review"),
        S.ACCEPTED: Text("已采信", "accepted"),
        S.RETURNED: Text("已退回", "returned"),
        S.APPEALED: Text("申诉中", "under appeal"),
    },
    moves=(
        Move("submit", S.DRAFT, S.SUBMITTED, REPORT_RIGHT, Text("填报", "report")),
        Move("accept", S.SUBMITTED, S.ACCEPTED, REVIEW_RIGHT, Text("采信", "accept")),
        Move("return", S.SUBMITTED, S.RETURNED, REVIEW_RIGHT, Text("退回", "return")),
        Move("submit", S.RETURNED, S.SUBMITTED, REPORT_RIGHT, Text("填报", "report")),
        Move("appeal", S.RETURNED, S.APPEALED, REPORT_RIGHT, Text("申诉", "appeal")),
        Move("uphold", S.APPEALED, S.ACCEPTED, REVIEW_RIGHT, Text("申诉成立，采信", "uphold and accept")),
        Move("dismiss", S.APPEALED, S.RETURNED, REVIEW_RIGHT, Text("申诉不成立", "dismiss the appeal")),
        Move("return", S.ACCEPTED, S.RETURNED, REVIEW_RIGHT, Text("退回", "return")),
    ),
)

MARKS = {S.DRAFT: "new", S.SUBMITTED: "waiting", S.ACCEPTED: "done", S.RETURNED: "overdue", S.APPEALED: "waiting"}
TO_REPORT = (S.DRAFT, S.RETURNED)
TO_REVIEW = (S.SUBMITTED, S.APPEALED)
