"""A yearly assessment from begin to final, and reports whose numbers lead somewhere."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.base import Invalid, MoveRefused, NotFound, NotPermitted
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor, Grant
from wanghuo.kernel.accounts.testing import make_user
from wanghuo.kernel.files.testing import photo
from wanghuo.kernel.loops.models import Clock, Duty
from wanghuo.kernel.papers import OfficialPaper
from wanghuo.kernel.papers.testing import body
from wanghuo.modules.accountability.models import Assessment, Letter, Report
from wanghuo.modules.accountability.services import assessments, reports
from wanghuo.modules.accountability.testing import (
    CLERK,
    COUNTY,
    SISTER_CLERK,
    TOWN,
    TOWN_CLERK,
    draw_up,
    scored,
    standard,
    target,
    this_month,
    tour,
)
from wanghuo.modules.hazards.testing import HazardFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def county() -> None:
    standard()


@pytest.fixture
def reviewer() -> Actor:
    user = make_user("reviewer", "brigade_leader", COUNTY)
    return Actor(id=user.pk, name="reviewer", grants=(Grant("brigade_leader", COUNTY),))


def begun(reviewer: Actor, **more) -> Assessment:
    today = local_day(timezone.now())
    known = {
        "region": COUNTY,
        "scheme": "government",
        "year": today.year,
        "reviewers": [reviewer.id],
        "self_due": today + timedelta(days=20),
    }
    rows = assessments.begin_run(actor=CLERK, **{**known, **more})
    return next(row for row in rows if row.region_code == TOWN)


def submitted(reviewer: Actor) -> Assessment:
    row = begun(reviewer)
    for code, value in (("hydrants", 80), ("brigades", 100), ("meetings", 1)):
        assessments.assess_self(row.ref, code, value=value, note="见附件", files=[photo()], actor=TOWN_CLERK)
    return assessments.submit(row.ref, note="", actor=TOWN_CLERK)


def test_a_run_is_prefilled_from_the_records() -> None:
    user = make_user("reviewer", "brigade_leader", COUNTY)
    scored(tour(TOWN), part=0.8)
    HazardFactory(state="closed", found_at=timezone.now(), closed_at=timezone.now())
    row = begun(Actor(id=user.pk, name="r", grants=(Grant("brigade_leader", COUNTY),)))
    items = {item.code: item for item in row.items.all()}
    assert items["tours"].measured == 80
    assert items["closing"].measured == 100
    assert items["hydrants"].measured is None
    assert items["closing"].records_url.startswith("/hazards?region=445281102")
    assert Assessment.objects.count() == 3
    assert Duty.objects.visible_to(TOWN_CLERK).filter(subject_kind="assessment", move="submit").count() == 1


@pytest.mark.parametrize(("grant", "error"), [(TOWN, assessments.ReviewerOfTheAssessed), (COUNTY, None)])
def test_nobody_of_the_assessed_reviews(grant, error) -> None:
    user = make_user("somebody", "committee_clerk", grant)
    with pytest.raises(error) if error else nullcontext():
        begun(Actor(id=user.pk, name="x"))
    assert Assessment.objects.exists() == (error is None)


def test_a_run_begins_once_and_needs_a_reviewer(reviewer) -> None:
    begun(reviewer)
    with pytest.raises(assessments.RunStands):
        begun(reviewer)
    with pytest.raises(assessments.NoReviewer):
        begun(reviewer, reviewers=[], scheme="brigade")


def test_every_point_can_be_worked_out_again(reviewer) -> None:
    row = submitted(reviewer)
    found = assessments.result(row)
    points = {each.item.code: each.verdict.value for each in found.items}
    assert points["hydrants"] == 12  # 15 × 80 / 100
    assert points["brigades"] == 10
    assert points["meetings"] == 5
    assert found.total.value == 27
    assert found.grade == "failed"
    assert all(each.verdict.reasons for each in found.items)


def test_what_the_review_finds_counts_first_and_needs_words(reviewer) -> None:
    row = submitted(reviewer)
    with pytest.raises(assessments.NotAReviewer):
        assessments.review(row.ref, "hydrants", found=10, note="x", actor=CLERK)
    with pytest.raises(NotPermitted):
        assessments.announce(row.ref, note="", actor=CLERK)
    with pytest.raises(Invalid):
        assessments.review(row.ref, "hydrants", found=40, note=" ", actor=reviewer)
    assessments.review(row.ref, "hydrants", found=40, note="现场仅见 40%", actor=reviewer)
    assert {e.item.code: e.verdict.value for e in assessments.result(row).items}["hydrants"] == 6


def test_a_veto_makes_it_zero(reviewer) -> None:
    row = submitted(reviewer)
    assessments.review(row.ref, "serious_fire", found=1, note="调查报告", actor=reviewer)
    found = assessments.result(row)
    assert (found.total.value, found.grade) == (0, "failed")
    assert found.total.reasons[0].code == "accountability.struck"


def test_deductions_take_from_the_whole(reviewer) -> None:
    row = submitted(reviewer)
    assessments.review(row.ref, "false_reports", found=2, note="核查报告", actor=reviewer)
    assert assessments.result(row).total.value == 17


def test_from_self_assessment_to_the_final_paper(reviewer) -> None:
    row = submitted(reviewer)
    assert Duty.objects.filter(subject_kind="assessment", closed_at=None, assignee=reviewer.id).count() == 1
    row = assessments.announce(row.ref, note="", actor=reviewer)
    assert (row.state, row.score) == ("announced", 27)
    with pytest.raises(Invalid):
        assessments.finalise(row.ref, note="", actor=CLERK)  # the time to appeal runs
    row = assessments.appeal(row.ref, text="第 5 项数据有误", files=[photo()], actor=TOWN_CLERK)
    assessments.review(row.ref, "hydrants", found=100, note="核实已建成", actor=reviewer)
    row = assessments.settle(row.ref, answer="予以采纳", actor=reviewer)
    assert row.score == 30
    row = assessments.finalise(row.ref, note="", actor=CLERK)
    assert (row.state, row.grade, row.grade_name.zh) == ("final", "failed", "不合格")
    paper = OfficialPaper.objects.get(ref=row.paper_ref)
    assert "30" in paper.fields["situation"]
    assert Letter.objects.filter(paper_id=paper.id).exists()
    assert not Clock.objects.filter(subject_kind="assessment", subject_id=row.id, ended_at=None).exists()
    with pytest.raises(MoveRefused):
        assessments.assess_self(row.ref, "hydrants", value=1, note="", actor=TOWN_CLERK)
    with pytest.raises(MoveRefused):
        assessments.review(row.ref, "hydrants", found=1, note="x", actor=reviewer)


def test_the_assessed_do_not_see_each_other(reviewer) -> None:
    row = begun(reviewer)
    assert [r.region_code for r in assessments.ranking(row, actor=TOWN_CLERK)] == [TOWN]
    assert len(assessments.ranking(row, actor=CLERK)) == 3
    with pytest.raises(NotFound):
        assessments.submit(row.ref, note="", actor=SISTER_CLERK)


def test_bodies_are_assessed_by_their_own_scheme(reviewer) -> None:
    today = local_day(timezone.now())
    rows = assessments.begin_run(
        region=COUNTY, scheme="brigade", year=today.year, reviewers=[reviewer.id], self_due=today, bodies=[body("消防救援大队").pk], actor=CLERK
    )  # fmt: skip
    assert [row.body.name for row in rows] == ["普宁市消防救援大队"]


# -------------------------------------------------------------------------------------------------------- reports


def drafted(**more) -> Report:
    target("hazards.closing_rate", 95)
    draw_up()
    HazardFactory(state="rectifying", due_at=timezone.now() - timedelta(days=1))
    return reports.draft(actor=CLERK, **{"region": COUNTY, "kind": "month", "period": this_month(), **more})


def test_every_number_of_a_report_leads_to_its_page() -> None:
    report = drafted()
    document = reports.document(report)
    assert "目前未结1处，其中逾期1处" in document.text
    assert document.links()
    assert all(run.url.startswith("/") for run in document.links())
    assert reports.loose_numbers(report) == []
    assert f'href="/hazards?region={COUNTY}&amp;open=1"' in document.html()
    assert document.docx(base="https://example.test")[:2] == b"PK"


def test_the_clerk_changes_words_and_the_numbers_stay() -> None:
    report = drafted()
    situation = report.sections[0]["paragraphs"][0]
    words = {"situation": f"形势总体平稳。{situation}", "plan": "12月底前完成 30 处整改。"}
    edited = reports.edit(report.ref, title="普宁市消防工作情况", words=words, actor=CLERK)
    assert reports.document(edited).text.count("未结1处") == 1
    assert reports.loose_numbers(edited) == ["30"]
    with pytest.raises(reports.UnknownMark):
        reports.edit(report.ref, title="x", words={"plan": "[[n999]]"}, actor=CLERK)
    HazardFactory(state="rectifying")
    assert "未结1处" in reports.document(Report.objects.get()).text


def test_a_report_is_issued_as_a_paper_with_its_sources() -> None:
    report = reports.issue(drafted().ref, actor=CLERK)
    paper = OfficialPaper.objects.get(ref=report.paper_ref)
    assert paper.kind == "report"
    assert "[[" not in str(paper.fields)
    assert [copy.body.name for copy in paper.copies.all()] == ["揭阳市人民政府"]
    assert {"未结隐患：1处"} <= {fact["text"] for fact in Letter.objects.get(paper_id=paper.id).facts}
    with pytest.raises(MoveRefused):
        reports.edit(report.ref, title="x", words={}, actor=CLERK)


@pytest.mark.parametrize(
    ("kind", "period", "key"),
    [("month", "2026-11", "2026-11"), ("half", "2026-11-a", "2026-11-01..2026-11-15"), ("half", "2026-02-b", "2026-02-16..2026-02-28"),
     ("half", "2026-11", None), ("month", "2026", None), ("month", "2026-11-a", None), ("half", "x-a", None),
     ("week", "2026-W48", "2026-11-23..2026-11-29"), ("week", "2026-W60", None), ("week", "2026-11", None)],
)  # fmt: skip
def test_the_time_of_a_report(kind, period, key) -> None:
    with nullcontext() if key else pytest.raises(Invalid):
        assert reports.period_of(kind, period).key == key


def test_one_report_for_each_time() -> None:
    report = drafted()
    with pytest.raises(reports.ReportStands):
        reports.draft(region=COUNTY, kind="month", period=this_month(), actor=CLERK)
    reports.discard(report.ref, reason="重写", actor=CLERK)
    assert reports.draft(region=COUNTY, kind="month", period=this_month(), actor=CLERK).ref != report.ref
