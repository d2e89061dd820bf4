"""Tables of accountability: the monthly cycle, meetings and duty lists, assessments, reports, and the time line of all of them."""

from wanghuo.modules.accountability.models.assessing import (
    Assessment,
    AssessmentItem,
    Reviewer,
    ScoreSheet,
    SheetVersion,
    period_of,
)
from wanghuo.modules.accountability.models.base import Record, Step
from wanghuo.modules.accountability.models.cycle import MonthlyOrder, OrderLine, Tour, TourItem, TourSample
from wanghuo.modules.accountability.models.meeting import (
    Attendance,
    Decision,
    DutyEntry,
    DutyList,
    Meeting,
    MeetingDuty,
)
from wanghuo.modules.accountability.models.tables import Letter, Proposal, RankingTable, Report, TableRow

__all__ = [
    "Assessment",
    "AssessmentItem",
    "Attendance",
    "Decision",
    "DutyEntry",
    "DutyList",
    "Letter",
    "Meeting",
    "MeetingDuty",
    "MonthlyOrder",
    "OrderLine",
    "Proposal",
    "RankingTable",
    "Record",
    "Report",
    "Reviewer",
    "ScoreSheet",
    "SheetVersion",
    "Step",
    "TableRow",
    "Tour",
    "TourItem",
    "TourSample",
    "period_of",
]
