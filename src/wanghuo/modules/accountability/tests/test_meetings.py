"""Letters, meetings and duty lists: facts with sources, decisions that become tasks, clocks from one meeting to the next."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from wanghuo.base import Invalid, MoveRefused, NotFound, NotPermitted
from wanghuo.base.time import local_day
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.files.testing import photo
from wanghuo.kernel.ledgers.importing import Context, Row
from wanghuo.kernel.loops.models import Clock, Duty
from wanghuo.kernel.papers import OfficialPaper
from wanghuo.kernel.papers.testing import body
from wanghuo.modules.accountability import imports
from wanghuo.modules.accountability.models import DutyList, Letter, Meeting, MeetingDuty
from wanghuo.modules.accountability.services import duty_lists, facts, letters, meetings
from wanghuo.modules.accountability.testing import (
    CLERK,
    COUNTY,
    SISTER_CLERK,
    SISTER_TOWN,
    TOWN,
    TOWN_CLERK,
    draw_up,
    order_of,
    scored,
    standard,
    target,
    tour,
)
from wanghuo.modules.hazards.testing import HazardFactory
from wanghuo.modules.workplans import public as workplans

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def county() -> None:
    standard()


# --------------------------------------------------------------------------------------------------------- letters


def test_a_letter_from_a_hazard_states_its_facts_and_goes_to_its_department() -> None:
    hazard = HazardFactory(state="rectifying", due_at=timezone.now() - timedelta(days=1), unit__sector="education")
    paper = letters.write_letter("transfer", about_kind="hazard", about_ref=hazard.ref, actor=CLERK)
    made = OfficialPaper.objects.get(pk=paper.id)
    assert [copy.body.name for copy in made.copies.all()] == ["普宁市教育局"]
    assert hazard.ref in made.fields["facts"]
    assert "已逾期" in made.fields["facts"]
    letter = Letter.objects.get(paper_id=paper.id)
    assert {fact["url"] for fact in letter.facts} == {hazard.url}
    assert made.asks_reply
    assert made.reply_by is not None


@pytest.mark.parametrize("kind", list(letters.LETTERS))
@pytest.mark.parametrize("about", ["region", "order", "tour", "duty_list", "indicator"])
def test_every_letter_can_be_written_about_everything(kind, about) -> None:
    target("hazards.closing_rate", 95)
    refs = {
        "region": TOWN,
        "order": order_of(draw_up()).ref if about == "order" else "",
        "tour": scored(tour(), part=0.5).ref if about == "tour" else "",
        "duty_list": a_list().ref if about == "duty_list" else "",
        "indicator": f"hazards.closing_rate:{TOWN}:2026",
    }
    paper = letters.write_letter(kind, about_kind=about, about_ref=refs[about], actor=CLERK, note="请重视")
    made = OfficialPaper.objects.get(pk=paper.id)
    assert made.kind == kind
    assert Letter.objects.get(paper_id=paper.id).facts
    assert "请重视" in str(made.fields)


def test_what_one_may_not_see_cannot_be_quoted() -> None:
    hazard = HazardFactory()
    for kind, ref in (
        ("hazard", hazard.ref),
        ("region", COUNTY),
        ("nonsense", "x"),
        ("region", "zz"),
        ("task", "RW-1"),
    ):
        with pytest.raises(NotFound):
            facts.about(kind, ref, actor=SISTER_CLERK)
    assert not OfficialPaper.objects.exists()


def test_a_letter_without_addressee_says_whom_to_register() -> None:
    Body.objects.filter(region_code=TOWN).update(active=False)
    with pytest.raises(letters.NoAddressee):
        letters.write_letter("order", about_kind="region", about_ref=TOWN, actor=CLERK)


# -------------------------------------------------------------------------------------------------------- meetings


def convened(**more) -> Meeting:
    known = {
        "region": COUNTY,
        "kind": "consult",
        "title": "四季度消防安全形势会商",
        "starts_at": timezone.now() + timedelta(hours=2),
        "place": "市政府三号会议室",
        "chair": "周平",
        "agenda": "分析形势\n研究消火栓建设",
        "bodies": [body("教育局").pk, body("镇政府", TOWN).pk],
    }
    return meetings.convene(actor=CLERK, **{**known, **more})


def held(meeting: Meeting, decisions=(), status: str = "present") -> Meeting:
    attendance = {str(a.body_id): (status, "王芳") for a in meeting.attendances.all()}
    return meetings.hold(
        meeting.ref, attendance=attendance, discussion="听取汇报，分析形势。", decisions=decisions, actor=CLERK
    )


def test_a_decision_with_an_owner_becomes_a_task() -> None:
    meeting = convened()
    assert Duty.objects.visible_to(TOWN_CLERK).filter(subject_kind="meeting_notice", closed_at=None).count() == 1
    owner = body("教育局")
    done = held(
        meeting,
        [
            {"text": "开展校园隐患排查", "body": owner.pk, "due_on": date(2099, 12, 31)},
            {"text": "加强值守", "body": None, "due_on": None},
        ],
    )
    first, second = done.decisions.order_by("no")
    task = workplans.task(first.task_ref, CLERK)
    assert (task.title, task.owner_id, task.due_on, task.source_ref) == (
        "开展校园隐患排查",
        owner.pk,
        date(2099, 12, 31),
        meeting.ref,
    )
    assert second.task_ref == ""
    assert not Duty.objects.filter(subject_kind="meeting_notice", closed_at=None).exists()
    minuted = meetings.minute(meeting.ref, actor=CLERK)
    paper = OfficialPaper.objects.get(ref=minuted.paper_ref)
    assert paper.fields["decisions"] == ["开展校园隐患排查（责任单位：普宁市教育局，2099年12月31日前）", "加强值守"]


@pytest.mark.parametrize(
    ("decisions", "status", "error"),
    [
        ((), "absent", meetings.NobodyPresent),
        ((), "vanished", Invalid),
        ("without day", "present", Invalid),
    ],
)
def test_a_meeting_is_recorded_whole_or_not_at_all(decisions, status, error) -> None:
    meeting = convened()
    wanted = [{"text": "排查", "body": body("教育局").pk, "due_on": None}] if decisions else []
    with pytest.raises(error):
        held(meeting, wanted, status)
    meeting.refresh_from_db()
    assert meeting.state == "planned"
    assert not meeting.decisions.exists()


def test_the_clock_runs_from_one_meeting_to_the_next() -> None:
    assert meetings.ask_for(region=COUNTY, kind="consult", months=3, source="实施办法第八条", actor=CLERK) == 1
    with pytest.raises(meetings.DutyStands):
        meetings.ask_for(region=COUNTY, kind="consult", months=6, source="另一文件", actor=CLERK)
    duty = MeetingDuty.objects.get()
    assert duty.next_due_on == meetings.month_later(local_day(timezone.now()), 3)
    meeting = held(convened())
    duty.refresh_from_db()
    assert duty.last_ref == meeting.ref
    assert list(Clock.objects.filter(subject_kind="meeting_duty").order_by("id").values_list("outcome", flat=True)) == [
        "met",
        "running",
    ]
    with pytest.raises(NotPermitted):
        meetings.stop_asking(duty.id, reason="不开了", actor=actor("inspector", COUNTY))
    meetings.stop_asking(duty.id, reason="合并到例会", actor=CLERK)
    assert not Duty.objects.filter(subject_kind="meeting_duty", closed_at=None).exists()


def test_who_did_not_meet_stands_first() -> None:
    meetings.ask_for(region=COUNTY, kind="regular", months=1, source="工作制度", below=True, actor=CLERK)
    MeetingDuty.objects.filter(region_code=SISTER_TOWN).update(
        next_due_on=local_day(timezone.now()) - timedelta(days=3)
    )
    found = meetings.overview(COUNTY, actor=CLERK)
    assert [(s.duty.region_code, s.late) for s in found][0] == (SISTER_TOWN, True)
    assert sum(s.late for s in found) == 1
    own = meetings.overview(COUNTY, actor=TOWN_CLERK)
    assert [(s.duty.region_code, s.may_end) for s in own] == [(TOWN, False)]
    with pytest.raises(NotPermitted):
        meetings.stop_asking(own[0].duty.id, reason="不开了", actor=TOWN_CLERK)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 8, 31), 1, date(2026, 9, 30)),
    ],
)
def test_months_later(day, months, later) -> None:
    assert meetings.month_later(day, months) == later


# ------------------------------------------------------------------------------------------------------ duty lists

LINES = (
    "研究部署消防工作 | 消防安全责任制实施办法第六条 | 每半年 | 会议纪要\n督办重大隐患\t消防法第五十五条\t一次\t督办单"
)


def a_list(**more) -> DutyList:
    known = {
        "region": COUNTY,
        "kind": "duty",
        "year": local_day(timezone.now()).year,
        "title": "赤岗镇人民政府消防安全责任清单",
        "entries": duty_lists.parse_lines(LINES),
        "body": body("镇政府", TOWN).pk,
    }
    return duty_lists.make(actor=CLERK, **{**known, **more})


def test_lines_from_a_sheet_or_by_hand() -> None:
    assert [(e["period"], e["evidence"]) for e in duty_lists.parse_lines(LINES)] == [
        ("half", "会议纪要"),
        ("once", "督办单"),
    ]
    with pytest.raises(duty_lists.EntryIncomplete, match="2"):
        duty_lists.parse_lines("a | b | 每月\n c | d | 偶尔")


def test_a_list_is_signed_and_its_duties_recur() -> None:
    found = a_list()
    assert found.region_code == TOWN
    with pytest.raises(MoveRefused):
        duty_lists.sign(found.ref, name="李明", actor=TOWN_CLERK)
    duty_lists.issue(found.ref, actor=CLERK)
    signed = duty_lists.sign(found.ref, name="李明", actor=TOWN_CLERK)
    assert (signed.state, signed.signed_name) == ("signed", "李明")
    assert Duty.objects.get(subject_kind="duty_list", closed_at=None).url.startswith(f"{found.url}/entries/")
    first = found.entries.get(no=1)
    entry = duty_lists.done(found.ref, 1, note="召开常务会", files=[photo()], actor=TOWN_CLERK)
    assert (entry.done_times, entry.done_by) == (1, TOWN_CLERK.id)
    assert entry.due_on is None or entry.due_on > first.due_on
    duty_lists.done(found.ref, 2, note="已督办", actor=TOWN_CLERK)
    assert found.entries.get(no=2).due_on is None
    with pytest.raises(NotFound):
        duty_lists.done(found.ref, 99, note="", actor=TOWN_CLERK)
    duty_lists.close(found.ref, note="年终归档", actor=CLERK)
    assert not Clock.objects.filter(subject_kind="duty_list", ended_at=None).exists()


@pytest.mark.parametrize(
    ("period", "today", "due"),
    [
        ("month", date(2026, 3, 5), date(2026, 3, 31)),
        ("quarter", date(2026, 5, 1), date(2026, 6, 30)),
        ("half", date(2026, 7, 1), date(2026, 12, 31)),
        ("once", date(2026, 7, 1), date(2026, 12, 31)),
        ("month", date(2027, 2, 1), date(2026, 12, 31)),
    ],
)
def test_when_a_duty_is_first_due(period, today, due) -> None:
    assert duty_lists._first_due(period, 2026, today) == due


def test_lists_from_a_table() -> None:
    context = Context(actor=CLERK, region=COUNTY, coordinates=None, source="清单.xlsx")
    base = {"title": "教育局责任清单", "kind": "duty", "year": 2026, "source": "实施办法", "period": "year"}
    rows = [
        Row(2, {**base, "body": "教育局", "text": "指导学校消防工作"}),
        Row(3, {**base, "body": "教育局", "text": "开展检查"}),
        Row(4, {**base, "body": "不存在的局", "text": "x"}),
        Row(5, {**base, "text": "y"}),
    ]
    judged = imports.check(rows, context)
    assert [j.outcome for j in judged] == ["new", "new", "error", "error"]
    written = imports.write(judged[:2], context)
    assert len({w.ref for w in written}) == 1
    assert DutyList.objects.get().entries.count() == 2
    duty_lists.issue(written[0].ref, actor=CLERK)
    assert imports.check(rows[:1], context)[0].outcome == "error"


def test_a_stranger_sees_no_list() -> None:
    found = a_list()
    with pytest.raises(NotFound):
        duty_lists.sign(found.ref, name="x", actor=actor("committee_clerk", SISTER_TOWN))
