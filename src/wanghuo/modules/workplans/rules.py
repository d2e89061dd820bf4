"""Pure decisions: whose body a person acts for, what may be issued, when a recurring task comes next, how shares add
up."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from wanghuo.base import AppError, Conflict, Invalid, Text
from wanghuo.kernel.access.actor import Actor, Grant

TAKE_RULE, TASK_RULE = "workplans.take", "workplans.task"
ACCEPT_RULE, REASSIGN_RULE = "workplans.accept", "workplans.reassign"
LONGEST_TEXT = 400_000


class OwnerMayNotAccept(AppError):
    """Evidence is accepted by somebody outside the body that reports it (regulations.md 14.3)."""

    code = "workplans.owner_may_not_accept"
    status = 403
    text = Text(
        "上报单位的人不能验收本单位的任务，请由其他单位验收。",
        "Nobody of the reporting body may accept its task; somebody outside it must.",
    )


class OwnerMust(AppError):
    """A task is taken and reported by the people of its body, once it has any."""

    code = "workplans.owner_must"
    status = 403
    text = Text("由承办单位“{owner}”的人员办理。", "This is for the people of “{owner}”, who own the task.")


class EvidenceMissing(Invalid):
    """A task is not reported as done without evidence."""

    code = "workplans.evidence_missing"
    text = Text(
        "报完成须附佐证：请上传文件或照片。", "Reporting a task as done needs evidence: upload a file or photograph."
    )


class DueInPast(Invalid):
    """A deadline must lie ahead."""

    code = "workplans.due_in_past"
    text = Text("期限 {due_on} 已过，请选择以后的日期。", "The deadline {due_on} has passed; choose a later one.")


class NotYetJudged(Conflict):
    """Nothing is issued while a line is unjudged or an ambiguity unresolved."""

    code = "workplans.not_yet_judged"
    text = Text(
        "还有 {open} 条未判定、{doubted} 条存疑，全部判定后才能下发。",
        "{open} lines are not judged and {doubted} are in doubt; judge all of them first.",
    )


class ReadingMissing(Invalid):
    """What is ambiguous is decided by a person, never by the machine."""

    code = "workplans.reading_missing"
    text = Text("这一处有 {n} 种读法，请选定一种。", "This can be read in {n} ways; choose one.")


class JudgedMeanwhile(Conflict):
    """Two people judged the same line."""

    code = "workplans.judged_meanwhile"
    text = Text(
        "第 {position} 条刚由 {name} 判为“{theirs}”，你的“{yours}”没有写入；请看过再定。",
        "{name} has just judged line {position} as “{theirs}”; your “{yours}” was not written. Look at it, then decide.",
    )


class NothingToUndo(Conflict):
    """There is no judgement of this person left to take back."""

    code = "workplans.nothing_to_undo"
    text = Text("没有可以撤销的判定。", "There is no judgement of yours to take back.")


class UndoneMeanwhile(Conflict):
    """Somebody judged the line again after this person."""

    code = "workplans.undone_meanwhile"
    text = Text(
        "第 {position} 条后来又由 {name} 判定，不能撤销。",
        "Line {position} was judged again by {name}, so it cannot be taken back.",
    )


class OwnerMissing(Invalid):
    """A task has an owner."""

    code = "workplans.owner_missing"
    text = Text("还有 {n} 项任务没有承办单位，请逐项选定。", "{n} tasks have no owner; choose one for each.")


class SharesDoNotAddUp(Invalid):
    """The parts of a task make up the whole, or more."""

    code = "workplans.shares_do_not_add_up"
    text = Text("各部分合计 {total:g} {unit}，少于本任务的 {share:g} {unit}。",
                "The parts add up to {total:g} {unit}, less than the {share:g} {unit} of this task.")  # fmt: skip


class PaperTooLong(Invalid):
    """A text that is no paper."""

    code = "workplans.paper_too_long"
    text = Text("文本有 {length} 字，超过 {longest} 字上限。", "The text has {length} characters, more than {longest}.")


class BodyLike(Protocol):
    """What is asked of a body."""

    kind: str
    region_code: str
    sector: str


# Which kind of body a role works in; a role not named here acts for none and so is outside of all.
BODIES_OF_ROLE = {
    "committee_clerk": ("committee_office", "government", "township", "village"),
    "government_leader": ("government",),
    "brigade_leader": ("fire_rescue",),
    "inspector": ("fire_rescue",),
    "planner": ("fire_rescue",),
    "sector_officer": ("department",),
}


def acts_for(grant: Grant, body: BodyLike) -> bool:
    """Whether somebody with this grant works in this body: the same place, the same sector, and a role of its kind."""
    if grant.region != body.region_code or grant.sector != body.sector:
        return False
    return body.kind in BODIES_OF_ROLE.get(grant.role, ())


def is_of_body(actor: Actor, body: BodyLike | None) -> bool:
    """Whether the actor works in the body; nobody does where there is none."""
    return body is not None and any(acts_for(grant, body) for grant in actor.grants)


def check_acceptor(actor: Actor, *, owner: BodyLike | None, reported_by: int | None) -> None:
    """Refuse whoever reported it, and everybody of the reporting body. Raises OwnerMayNotAccept."""
    if actor.is_system:
        return
    if actor.id == reported_by or is_of_body(actor, owner):
        raise OwnerMayNotAccept


@dataclass(frozen=True, slots=True)
class Span:
    """One round of a recurring task: its first and last day, both inclusive."""

    first: date
    last: date


def span_at(day: date, frequency: str) -> Span | None:
    """The calendar round of `frequency` in which `day` lies; None for a task that comes once."""
    if frequency in ("year", "half_year", "quarter", "month"):
        months = {"year": 12, "half_year": 6, "quarter": 3, "month": 1}[frequency]
        first_month = (day.month - 1) // months * months + 1
        return Span(date(day.year, first_month, 1), month_end(day.year, first_month + months - 1))
    if frequency == "half_month":
        if day.day <= 15:
            return Span(day.replace(day=1), day.replace(day=15))
        return Span(day.replace(day=16), month_end(day.year, day.month))
    if frequency == "week":
        monday = day - timedelta(days=day.weekday())
        return Span(monday, monday + timedelta(days=6))
    return Span(day, day) if frequency == "day" else None


def next_span(after: date, frequency: str) -> Span | None:
    """The round after the one that ends on or contains `after`."""
    now = span_at(after, frequency)
    return span_at(now.last + timedelta(days=1), frequency) if now else None


def month_end(year: int, month: int) -> date:
    """The last day of a month."""
    return date(year, month, calendar.monthrange(year, month)[1])


def check_shares(whole: float | None, parts: Iterable[float], unit: str) -> None:
    """The parts make up the whole at least. Raises SharesDoNotAddUp."""
    total = sum(parts)
    if whole is not None and total + 1e-9 < whole:
        raise SharesDoNotAddUp(field="shares", total=total, share=whole, unit=unit)
