"""Reporting values and judging them: one function, one act. Whoever reports, and whoever is of the same body, does not
accept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, NotFound, Text
from wanghuo.base.time import start_of_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record
from wanghuo.kernel.files import files_of, store
from wanghuo.kernel.indicators.defining import (
    REPORT_RULE,
    REVIEW_RULE,
    SUBJECT_KIND,
    ask_to_report,
    define_reported,
    subject_of,
)
from wanghuo.kernel.indicators.models import ReportedIndicator, ReportedValue
from wanghuo.kernel.indicators.states import REPORT, REPORT_RIGHT, REVIEW_RIGHT
from wanghuo.kernel.indicators.stored import mark_dirty
from wanghuo.kernel.loops import close_duties, open_duty, start_clock, stop_clock

__all__ = ["appeal", "define_reported", "fill_value", "get_report", "report_value", "review_value", "visible_reports"]

LARGEST = 1e12
DECISIONS = ("accept", "return", "uphold", "dismiss")


class NumberWrong(Invalid):
    """A value that cannot be: not a number, negative, or a share above one hundred per cent."""

    code = "indicators.number_wrong"
    text = Text("数值不对：{why}。", "The number is not right: {why}.")


class EvidenceMissing(Invalid):
    """The indicator asks for evidence and none is attached."""

    code = "indicators.evidence_missing"
    text = Text("请附佐证材料：{what}。", "Attach the evidence: {what}.")


class NoteMissing(Invalid):
    """A return, an appeal and a dismissal say why."""

    code = "indicators.note_missing"
    text = Text("请写明理由。", "Say why.")


class PeriodNotBegun(Conflict):
    """A value is reported when its period has begun."""

    code = "indicators.period_not_begun"
    text = Text("统计期自 {first} 起，尚未开始。", "The period begins on {first}.")


class ReviewerReported(Conflict):
    """Nobody accepts what was reported by themselves or in the name of their own body."""

    code = "indicators.reviewer_reported"
    text = Text(
        "填报人本人或其所在机构不能审核这份填报，请由其他机构审核。",
        "Neither the reporter nor anybody of the same body may judge this report; somebody outside it must.",
    )


class AppealJudgedTwice(Conflict):
    """An appeal is decided by somebody other than whoever returned the report."""

    code = "indicators.appeal_judged_twice"
    text = Text("退回人不能裁定对自己的申诉。", "Whoever returned the report may not decide the appeal against it.")


def visible_reports(actor: Actor) -> Any:
    """The reports the actor may see."""
    return ReportedValue.objects.visible_to(actor).select_related("definition")


def get_report(ref: str, *, actor: Actor, lock: bool = False) -> ReportedValue:
    """The one way to load a report. Raises NotFound, also out of the actor's scope."""
    rows = ReportedValue.objects.visible_to(actor).filter(ref=ref)
    found: ReportedValue | None = (rows.select_for_update() if lock else rows).first()
    if found is None:
        raise NotFound(what=REPORT.what, ref=ref)
    return found


@transaction.atomic
def report_value(
    *,
    ref: str,
    num: float,
    den: float | None = None,
    note: str = "",
    files: Sequence[UploadedFile] = (),
    actor: Actor,
    imported: bool = False,
) -> ReportedValue:
    """Report the value of a region and period: `num`, of a share or mean out of `den`. `files`: the evidence.

    Raises NotFound, NotPermitted, MoveRefused, NumberWrong, EvidenceMissing, PeriodNotBegun, and then writes nothing.
    """
    row = get_report(ref, actor=actor, lock=True)
    actor.require(REPORT_RIGHT, row)
    move = REPORT.move(row.state, "submit")
    now = timezone.now()
    if now < start_of_day(row.period_first):
        raise PeriodNotBegun(first=row.period_first)
    definition = row.definition
    check_number(definition, num, den)
    for upload in files:
        store(upload, actor=actor, subject=subject_of(row), view_right=ReportedValue.VIEW_RIGHT, label="evidence")
    if definition.evidence_zh and not files_of(SUBJECT_KIND, row.id, actor).exists():
        raise EvidenceMissing(field="evidence", what=Text(definition.evidence_zh, definition.evidence_en))
    before = _told(row)
    row.num, row.den = num, None if definition.kind == "count" else den
    row.note, row.state, row.submitted_at = note.strip()[:1000], move.target, now
    row.reported_by, row.reported_name = actor.id, actor.name[:64]
    row.reporting_body, row.imported = _body(row, actor, REPORT_RIGHT), imported
    row.save()
    stop_clock(SUBJECT_KIND, row.id, rule=REPORT_RULE, at=now)
    close_duties(SUBJECT_KIND, row.id, by=actor)
    _ask_to_review(row, now, actor)
    return _finish(row, "submit", actor, before)


@transaction.atomic
def fill_value(*, ref: str, num: float, den: float | None = None, note: str = "", actor: Actor) -> ReportedValue:
    """Write the numbers of a report without handing it in: the evidence is still to come.

    Raises NotFound, NotPermitted, MoveRefused (handed in already), NumberWrong.
    """
    row = get_report(ref, actor=actor, lock=True)
    actor.require(REPORT_RIGHT, row)
    REPORT.move(row.state, "submit")
    check_number(row.definition, num, den)
    before = _told(row)
    row.num, row.den, row.note = num, None if row.definition.kind == "count" else den, note.strip()[:1000]
    row.save(update_fields=["num", "den", "note"])
    return _finish(row, "fill", actor, before)


@transaction.atomic
def review_value(*, ref: str, decision: str, note: str = "", actor: Actor) -> ReportedValue:
    """Judge a report: accept, return (also one accepted before that was found wrong); or an appeal: uphold, dismiss.

    Raises NotFound, NotPermitted, MoveRefused, ReviewerReported, AppealJudgedTwice, NoteMissing.
    """
    row = get_report(ref, actor=actor, lock=True)
    actor.require(REVIEW_RIGHT, row)
    move = REPORT.move(row.state, decision if decision in DECISIONS else "")
    if not may_review(row, actor):
        raise ReviewerReported
    if decision in ("uphold", "dismiss") and actor.id is not None and actor.id == row.reviewed_by:
        raise AppealJudgedTwice
    if decision in ("return", "dismiss") and not note.strip():
        raise NoteMissing(field="note")
    before, now = _told(row), timezone.now()
    row.state, row.review_note, row.reviewed_at = move.target, note.strip()[:1000], now
    row.reviewed_by, row.reviewed_name = actor.id, actor.name[:64]
    row.save()
    stop_clock(SUBJECT_KIND, row.id, rule=REVIEW_RULE, at=now)
    close_duties(SUBJECT_KIND, row.id, by=actor)
    if decision in ("return", "dismiss"):
        ask_to_report(row, start=now, by=actor)
    return _finish(row, decision, actor, before)


@transaction.atomic
def appeal(*, ref: str, note: str, actor: Actor) -> ReportedValue:
    """Ask somebody else to judge a report that was returned. Raises NotFound, NotPermitted, MoveRefused, NoteMissing."""
    row = get_report(ref, actor=actor, lock=True)
    actor.require(REPORT_RIGHT, row)
    move = REPORT.move(row.state, "appeal")
    if not note.strip():
        raise NoteMissing(field="note")
    before, now = _told(row), timezone.now()
    row.state, row.note = move.target, note.strip()[:1000]
    row.save()
    stop_clock(SUBJECT_KIND, row.id, rule=REPORT_RULE, at=now)
    close_duties(SUBJECT_KIND, row.id, by=actor)
    _ask_to_review(row, now, actor)
    return _finish(row, "appeal", actor, before)


def may_review(row: ReportedValue, actor: Actor) -> bool:
    """Whether the actor stands outside: another person, acting for another body than the one that reported."""
    if actor.is_system:
        return True
    if actor.id is not None and actor.id == row.reported_by:
        return False
    return any(
        grant.covers(row) and f"{grant.role}|{grant.region}|{grant.sector}" != row.reporting_body
        for grant in actor.with_right(REVIEW_RIGHT)
    )


def check_number(definition: ReportedIndicator, num: float, den: float | None) -> None:
    """Raise NumberWrong unless the number can be one of this indicator."""
    if not math.isfinite(num) or not 0 <= num <= LARGEST:
        raise NumberWrong(field="num", why=Text("须为不小于 0 的数", "it must be 0 or more"))
    if definition.kind == "count":
        return
    if den is None or not math.isfinite(den) or not 0 < den <= LARGEST:
        raise NumberWrong(field="den", why=Text("请填写大于 0 的总数", "give a whole that is more than 0"))
    if definition.unit == "%" and definition.kind == "rate" and num > den:
        raise NumberWrong(field="num", why=Text("完成数不能大于总数", "the part cannot be more than the whole"))


def _body(row: ReportedValue, actor: Actor, right: str) -> str:
    """In whose name the actor acts on the row: role, region and sector of the grant that allows it."""
    grant = next((g for g in actor.with_right(right) if g.covers(row)), None)
    return f"{grant.role}|{grant.region}|{grant.sector}"[:80] if grant else ""


def _ask_to_review(row: ReportedValue, now: datetime, actor: Actor) -> None:
    subject = subject_of(row)
    name = row.definition
    title = Text(f"审核填报：{name.name_zh}", f"Review: {name.name_en}")
    clock = start_clock(subject, rule=REVIEW_RULE, start=now, move="accept")
    open_duty(
        subject,
        move="accept",
        title=title,
        right=REVIEW_RIGHT,
        asked_by=actor,
        due_at=clock.due_at,
        rule=REVIEW_RULE,
    )


def _told(row: ReportedValue) -> dict[str, Any]:
    return {"state": str(row.state), "num": row.num, "den": row.den}


def _finish(row: ReportedValue, act: str, actor: Actor, before: dict[str, Any]) -> ReportedValue:
    after = _told(row) | {"indicator": row.definition.code, "period": row.period}
    record(actor, f"indicators:report:{act}", row.ref, region=row.region_code, before=before, after=after)
    mark_dirty(row.definition.code)
    return row
