"""What other parts may ask of accountability: the cycle of a month, by the same acts as its pages."""

from __future__ import annotations

from wanghuo.modules.accountability.catalogue import scheme as assessment_scheme
from wanghuo.modules.accountability.services.assessments import begin_run
from wanghuo.modules.accountability.services.duty_lists import done as record_duty_done
from wanghuo.modules.accountability.services.duty_lists import issue as issue_duty_list
from wanghuo.modules.accountability.services.duty_lists import make as make_duty_list
from wanghuo.modules.accountability.services.duty_lists import parse_lines as parse_duties
from wanghuo.modules.accountability.services.duty_lists import sign as sign_duty_list
from wanghuo.modules.accountability.services.letters import write_letter
from wanghuo.modules.accountability.services.meetings import ask_for as ask_for_meetings
from wanghuo.modules.accountability.services.meetings import convene, hold
from wanghuo.modules.accountability.services.orders import Asked, accept, draw_up, issue_many, targets_for
from wanghuo.modules.accountability.services.orders import report as report_order
from wanghuo.modules.accountability.services.reports import draft as draft_report
from wanghuo.modules.accountability.services.tables import approve as approve_table
from wanghuo.modules.accountability.services.tables import draw_up as draw_up_table
from wanghuo.modules.accountability.services.tours import begin as begin_tour
from wanghuo.modules.accountability.services.tours import finish as finish_tour
from wanghuo.modules.accountability.services.tours import plan as plan_tour
from wanghuo.modules.accountability.services.tours import score as score_tour

__all__ = [
    "Asked",
    "accept",
    "approve_table",
    "ask_for_meetings",
    "assessment_scheme",
    "begin_run",
    "begin_tour",
    "convene",
    "draft_report",
    "draw_up",
    "draw_up_table",
    "finish_tour",
    "hold",
    "issue_duty_list",
    "issue_many",
    "make_duty_list",
    "parse_duties",
    "plan_tour",
    "record_duty_done",
    "report_order",
    "score_tour",
    "sign_duty_list",
    "targets_for",
    "write_letter",
]
