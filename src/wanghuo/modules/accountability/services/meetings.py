"""Meetings (会商、例会): convened, held, minuted; decisions become tasks; who must meet how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, NotFound, Text
from wanghuo.base.time import end_of_day, local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.audit import record
from wanghuo.kernel.loops import Subject, close_duties, open_duty, start_clock, stop_clock, void_clock
from wanghuo.kernel.outbox import emit
from wanghuo.kernel.regions import service as regions
from wanghuo.modules.accountability.contracts import MeetingHeld
from wanghuo.modules.accountability.models import Attendance, Decision, Meeting, MeetingDuty
from wanghuo.modules.accountability.services import frame, letters
from wanghuo.modules.accountability.states import MEET_RIGHT
from wanghuo.modules.accountability.words import ATTENDANCE, MEETING_KINDS
from wanghuo.modules.workplans import public as workplans

MEETING_RULE = "accountability.meeting"
DUTY = Text("定期会议", "regular meeting")


class NobodyPresent(Invalid):
    """A meeting to which nobody came was not held."""

    code = "accountability.nobody_present"
    text = Text("没有一个单位到会，不能登记为已召开。", "No body was present, so the meeting was not held.")


class DutyStands(Conflict):
    """The region must hold this kind of meeting already."""

    code = "accountability.meeting_duty_stands"
    text = Text("{region}已设定这类会议。", "{region} already has to hold this kind of meeting.")


@transaction.atomic
def convene(
    *,
    region: str,
    kind: str,
    title: str,
    starts_at: datetime,
    place: str,
    chair: str,
    agenda: str,
    bodies: Sequence[UUID],
    actor: Actor,
) -> Meeting:
    """Convene a meeting: each invited body is told in its inbox. Raises NotFound, OutOfReach, Invalid."""
    code = frame.region_within(region, MEET_RIGHT, actor=actor)
    if kind not in MEETING_KINDS:
        raise Invalid(Text("请选择会议类型。", "Choose the kind of meeting."), field="kind")
    invited = [body for key in dict.fromkeys(bodies) if (body := frame.body_of(key, actor=actor)) is not None]
    if not invited:
        raise Invalid(Text("请至少通知一个单位。", "Invite at least one body."), field="bodies")
    meeting = frame.make(
        Meeting,
        "HY",
        code,
        actor=actor,
        title=title,
        kind=kind,
        starts_at=starts_at,
        place_text=place,
        chair=chair,
        agenda=agenda,
    )
    Attendance.objects.bulk_create(Attendance(meeting=meeting, body=body) for body in invited)
    for body in invited:
        open_duty(
            Subject(
                "meeting_notice", meeting.id, meeting.ref, meeting.url, Text("会议通知", "Notice of meeting"),
                body.region_code, body.sector,
            ),
            move=f"attend:{str(body.id)[:8]}{str(body.id)[-8:]}",
            title=Text(f"参加会议 · {title}", f"Attend the meeting · {title}"),
            right="accountability.view",
            asked_by=actor,
            due_at=starts_at,
            at_level=frame.level_of(body.region_code),
            kind="read",
        )  # fmt: skip
    return meeting


@transaction.atomic
def hold(
    ref: str,
    *,
    attendance: Mapping[str, tuple[str, str]],
    discussion: str,
    decisions: Sequence[Mapping[str, object]],
    actor: Actor,
) -> Meeting:
    """Record a meeting as held: who came (status and person by body), what was discussed and decided.

    A decision with an owner and a day becomes a task of that body. Raises NotFound, NotPermitted, MoveRefused, NobodyPresent, Invalid.
    """
    meeting, move = frame.begin(Meeting, ref, "hold", actor=actor)
    present = 0
    for line in meeting.attendances.select_for_update():
        status, person = attendance.get(str(line.body_id), ("absent", ""))
        if status not in ATTENDANCE:
            raise Invalid(Text("请选择到会情况。", "Say who was present."), field=f"status_{line.body_id}")
        line.status, line.person = status, person[:80]
        line.save(update_fields=["status", "person"])
        present += status == "present"
    if not present:
        raise NobodyPresent
    now = timezone.now()
    held_at = min(now, meeting.starts_at)
    frame.finish(
        meeting,
        move,
        actor=actor,
        changed={"held_at": held_at, "discussion": discussion[:4000]},
        after={"present": present},
    )
    for no, decided in enumerate(decisions, 1):
        _decide(meeting, no, decided, actor)
    close_duties("meeting_notice", meeting.id, by=actor)
    emit(
        MeetingHeld(
            meeting_id=meeting.id,
            ref=meeting.ref,
            region_code=meeting.region_code,
            meeting_kind=meeting.kind,
            at=held_at,
        )
    )
    _met(meeting, held_at, actor)
    return meeting


def _decide(meeting: Meeting, no: int, decided: Mapping[str, object], actor: Actor) -> Decision:
    text, due_on = str(decided["text"]).strip()[:500], decided.get("due_on")
    body = frame.body_of(decided.get("body"), actor=actor)  # type: ignore[arg-type]
    row = Decision(meeting=meeting, no=no, text=text, body=body, due_on=due_on if isinstance(due_on, date) else None)
    if body is not None:
        if not isinstance(due_on, date):
            raise Invalid(
                Text("第 {no} 项议定事项有责任单位，须填期限。", "Decision {no} has an owner and needs a day."),
                field="decisions",
                no=no,
            )
        task = workplans.create_task(
            title=text,
            body=body,
            region=body.region_code,
            due_on=due_on,
            source=meeting.subject,
            actor=actor,
            evidence="落实情况说明及佐证",
            right=MEET_RIGHT,
        )
        row.task_ref, row.task_url = task.ref, task.url
    row.save()
    return row


@transaction.atomic
def minute(ref: str, *, actor: Actor) -> Meeting:
    """Draft the minutes as a paper, from what was recorded. Raises NotFound, NotPermitted, MoveRefused."""
    meeting, move = frame.begin(Meeting, ref, "minute", actor=actor)
    lines = list(meeting.attendances.select_related("body").order_by("id"))
    decided = list(meeting.decisions.select_related("body").order_by("no"))
    fields = {
        "held_at": meeting.held_at,
        "place": meeting.place_text,
        "chair": meeting.chair,
        "attendees": "、".join(
            f"{a.body.name}{f'（{a.person}）' if a.person else ''}" for a in lines if a.status == "present"
        ),
        "absent": "、".join(f"{a.body.short}" for a in lines if a.status == "excused"),
        "topics": meeting.discussion or meeting.agenda,
        "decisions": [_decision_line(d) for d in decided] or ["无"],
    }
    paper = letters.write(
        letters.MINUTES,
        region=meeting.by_region,
        title=f"{meeting.title}纪要",
        fields=fields,
        to=[a.body for a in lines],
        about=meeting.subject,
        actor=actor,
    )
    return frame.finish(meeting, move, actor=actor, changed={"paper_ref": paper.ref}, note=paper.ref)


def _decision_line(decision: Decision) -> str:
    owner = f"（责任单位：{decision.body.name}" if decision.body else ""
    due = f"，{decision.due_on:%Y年%m月%d日}前）" if decision.body and decision.due_on else "）" if owner else ""
    return f"{decision.text}{owner}{due}"


@transaction.atomic
def cancel(ref: str, *, reason: str, actor: Actor) -> Meeting:
    """Cancel a meeting. Raises NotFound, NotPermitted, MoveRefused."""
    meeting, move = frame.begin(Meeting, ref, "cancel", actor=actor)
    close_duties("meeting_notice", meeting.id, by=actor)
    return frame.finish(meeting, move, actor=actor, note=reason)


# ------------------------------------------------------------------------------------------ who must meet how often


def _duty_subject(duty: MeetingDuty) -> Subject:
    return Subject(
        MeetingDuty.KIND, duty.id, duty.region_code, f"/meetings/duties?region={duty.region_code}",
        Text("定期会议", "Regular meeting"), duty.region_code,
    )  # fmt: skip


def month_later(day: date, months: int) -> date:
    """The same day so many months later; the last of the month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise ValueError(f"no day {day.day} in {year}-{month + 1}")


@transaction.atomic
def ask_for(*, region: str, kind: str, months: int, source: str, below: bool = False, actor: Actor) -> int:
    """Set how often a region (and, with `below`, each one just below) must hold a kind of meeting; its clock starts now.

    Returns how many duties began. Raises NotFound, OutOfReach, Invalid, DutyStands.
    """
    code = frame.region_within(region, MEET_RIGHT, actor=actor)
    if kind not in MEETING_KINDS or not 1 <= months <= 12 or not source.strip():
        raise Invalid(
            Text("请选择会议类型，写明几个月一次和依据。", "Choose the kind, how often, and its source."), field="kind"
        )
    places = [child.code for child in regions.children(code)] if below else [code]
    standing = set(
        MeetingDuty.objects.filter(region_code__in=places, kind=kind, active=True).values_list("region_code", flat=True)
    )
    wanted = [place for place in places if place not in standing]
    if not wanted:
        raise DutyStands(region=regions.text(code))
    today = local_day(timezone.now())
    for place in wanted:
        duty = MeetingDuty.objects.create(
            kind=kind,
            months=months,
            source=source.strip()[:300],
            by_region=code,
            next_due_on=month_later(today, months),
            **scope_columns(place),
        )
        _start(duty, actor)
        record(actor, "accountability:meeting_duty:set", place, region=place, after={"kind": kind, "months": months})
    return len(wanted)


def _start(duty: MeetingDuty, actor: Actor) -> None:
    subject, due_at = _duty_subject(duty), end_of_day(duty.next_due_on)
    clock = start_clock(subject, rule=MEETING_RULE, start=timezone.now(), due_at=due_at, move="hold")
    what = MEETING_KINDS[duty.kind]
    open_duty(
        subject,
        move="hold",
        title=Text(f"按期召开{what.zh}", f"Hold the {what.en} in time"),
        right=MEET_RIGHT,
        asked_by=actor,
        due_at=due_at,
        rule=MEETING_RULE,
        at_level=frame.level_of(duty.region_code),
        url=f"/meetings/new?kind={duty.kind}&region={duty.region_code}",
        clock=clock,
    )


def _met(meeting: Meeting, at: datetime, actor: Actor) -> None:
    """A meeting held ends the clock that waited for it and starts the next one."""
    rows = MeetingDuty.objects.select_for_update().filter(
        region_code=meeting.region_code, kind=meeting.kind, active=True
    )
    for duty in rows:
        stop_clock(MeetingDuty.KIND, duty.id, rule=MEETING_RULE, at=at)
        close_duties(MeetingDuty.KIND, duty.id, by=actor)
        duty.last_held_at, duty.last_ref = at, meeting.ref
        duty.next_due_on = month_later(local_day(at), duty.months)
        duty.save(update_fields=["last_held_at", "last_ref", "next_due_on"])
        _start(duty, actor)


def get_duty(duty_id: UUID, *, actor: Actor, lock: bool = False) -> MeetingDuty:
    """A meeting duty that is in force. Raises NotFound, NotPermitted."""
    rows = MeetingDuty.objects.visible_to(actor)
    found = (rows.select_for_update() if lock else rows).filter(pk=duty_id, active=True).first()
    if found is None:
        raise NotFound(what=DUTY, ref=duty_id)
    actor.require(MEET_RIGHT, found)
    actor.require(MEET_RIGHT, frame.Office(found.by_region))  # whoever must meet does not end the duty
    return found


@transaction.atomic
def stop_asking(duty_id: UUID, *, reason: str, actor: Actor) -> MeetingDuty:
    """End a meeting duty. Raises NotFound, NotPermitted."""
    duty = get_duty(duty_id, actor=actor, lock=True)
    duty.active = False
    duty.save(update_fields=["active"])
    void_clock(MeetingDuty.KIND, duty.id, rule=MEETING_RULE, at=timezone.now())
    close_duties(MeetingDuty.KIND, duty.id, by=actor)
    record(
        actor, "accountability:meeting_duty:stop", duty.region_code, region=duty.region_code, after={"reason": reason}
    )
    return duty


@dataclass(frozen=True, slots=True)
class Standing:
    """A meeting duty as it stands: met so far, or late."""

    duty: MeetingDuty
    late: bool
    may_end: bool = False


def overview(region: str, *, actor: Actor) -> list[Standing]:
    """Who must meet, and who did not: the late ones first."""
    today = local_day(timezone.now())
    rows = (
        MeetingDuty.objects.visible_to(actor)
        .in_region(region)
        .filter(active=True)
        .order_by("next_due_on", "region_code")
    )
    found = [
        Standing(duty, duty.next_due_on < today, actor.can(MEET_RIGHT, frame.Office(duty.by_region))) for duty in rows
    ]
    return sorted(found, key=lambda s: (not s.late, s.duty.next_due_on))
