"""One month as the field runs it: order, report, acceptance, tour, table, light, letter; who may, and what is refused."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, MoveRefused, NotFound, NotPermitted
from wanghuo.base.time import local_day
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.files.testing import photo
from wanghuo.kernel.loops.models import Clock, Duty
from wanghuo.kernel.outbox import drain
from wanghuo.kernel.papers import OfficialPaper
from wanghuo.kernel.papers import services as papers
from wanghuo.modules.accountability import cycle
from wanghuo.modules.accountability.models import Letter, MonthlyOrder, Proposal, RankingTable, Step, Tour
from wanghuo.modules.accountability.services import frame, orders, tables, tours
from wanghuo.modules.accountability.testing import (
    BRIGADE,
    CLERK,
    COUNTY,
    LEADER,
    SISTER_CLERK,
    SISTER_TOWN,
    TOWN,
    TOWN_CLERK,
    draw_up,
    order_of,
    scored,
    standard,
    target,
    this_month,
    tomorrow,
    tour,
)
from wanghuo.modules.hazards.testing import HazardFactory

pytestmark = pytest.mark.django_db
CLOSED = "hazards.closed"


@pytest.fixture(autouse=True)
def county() -> None:
    standard()


def issued(**more) -> MonthlyOrder:
    row = order_of(draw_up(**more))
    return orders.issue(row.ref, actor=CLERK)


def reported(value: float = 3, **more) -> MonthlyOrder:
    row = issued(**more)
    values = {line.no: value for line in row.lines.all() if line.target is not None}
    notes = {line.no: "已办" for line in row.lines.all()}
    return orders.report(row.ref, values=values, notes=notes, actor=TOWN_CLERK)


def test_a_growing_target_is_divided_by_share_and_by_the_months_left() -> None:
    target(CLOSED, 120)
    target("hazards.closing_rate", 95)
    HazardFactory(state="closed", found_at=timezone.now(), closed_at=timezone.now())
    row = order_of(draw_up(codes=(CLOSED, "hazards.closing_rate"), share="equal", evidence="复查记录"))
    grown, rate, task = row.lines.order_by("no")
    left = 13 - local_day(timezone.now()).month
    assert (grown.total, grown.done, grown.left) == (120, 1, left)
    assert grown.share == pytest.approx(1 / 3)
    assert grown.target == cycle.month_target(120, 1, left, 1 / 3, whole=True)
    assert (rate.target, rate.share) == (95, None)
    assert (task.title, task.target, task.evidence) == ("沿街商铺夜查一次", None, "复查记录")
    assert MonthlyOrder.objects.count() == 3  # one for each town of the county
    with pytest.raises(orders.OrderStands):
        draw_up(codes=(CLOSED,))


def test_a_town_with_a_target_of_its_own_is_asked_for_that() -> None:
    target(CLOSED, 120)
    target(CLOSED, 60, TOWN)
    line = order_of(draw_up(codes=(CLOSED,), tasks=())).lines.get()
    assert (line.total, line.share) == (60, 1.0)


@pytest.mark.parametrize(
    ("who", "known", "error"),
    [
        (TOWN_CLERK, {}, frame.OutOfReach),
        (CLERK, {"codes": (), "tasks": ()}, orders.NothingOrdered),
        (CLERK, {"codes": ("hazards.closed",)}, Invalid),  # no target is set for it
        (CLERK, {}, None),
    ],
)
def test_orders_are_drawn_up_by_the_office_above(who, known, error) -> None:
    with pytest.raises(error) if error else nullcontext():
        draw_up(who=who, **known)
    assert MonthlyOrder.objects.exists() == (error is None)


def test_a_draft_is_edited_and_an_empty_one_refused() -> None:
    target(CLOSED, 120)
    row = order_of(draw_up(codes=(CLOSED,)))
    due = timezone.now() + timedelta(days=3)
    edited = orders.edit(
        row.ref,
        lines={1: {"target": 7.0, "evidence": "照片"}, 2: {"drop": True}},
        added="夜查",
        note="",
        due_at=due,
        actor=CLERK,
    )
    kept = [(line.no, line.target, line.evidence, line.indicator) for line in edited.lines.order_by("no")]
    assert kept == [(1, 7, "照片", CLOSED), (2, None, "", "")]
    with pytest.raises(orders.NothingOrdered):
        orders.edit(
            row.ref,
            lines={line.no: {"drop": True} for line in edited.lines.all()},
            added="",
            note="",
            due_at=due,
            actor=CLERK,
        )
    assert MonthlyOrder.objects.get(pk=row.pk).lines.count() == 2


def test_an_issued_order_is_a_paper_a_duty_and_a_clock() -> None:
    row = issued()
    paper = OfficialPaper.objects.get(ref=row.paper_ref)
    assert (paper.kind, paper.about_ref) == ("dispatch", row.ref)
    assert Letter.objects.get(paper_id=paper.id).about_ref == row.ref
    duty = Duty.objects.get(subject_kind="order", closed_at=None)
    assert (duty.move, duty.region_code, duty.due_at) == ("report", TOWN, row.due_at)
    assert Duty.objects.visible_to(TOWN_CLERK).filter(pk=duty.pk).exists()
    assert not Duty.objects.visible_to(SISTER_CLERK).filter(pk=duty.pk).exists()
    with pytest.raises(MoveRefused):
        orders.issue(row.ref, actor=CLERK)


def test_a_report_answers_every_line_with_a_number() -> None:
    target(CLOSED, 120)
    row = issued(codes=(CLOSED,))
    with pytest.raises(orders.NotReported):
        orders.report(row.ref, values={}, notes={}, actor=TOWN_CLERK)
    done = orders.report(row.ref, values={1: 4.0}, notes={2: "已夜查"}, files=[photo()], actor=TOWN_CLERK)
    assert done.state == "reported"
    assert Clock.objects.get(rule=orders.REPORT_RULE).outcome == "met"
    assert Duty.objects.get(subject_kind="order", closed_at=None).right == "accountability.order"


def test_whoever_reported_does_not_accept_and_neighbours_see_nothing() -> None:
    both = actor("committee_clerk", COUNTY)
    row = issued()
    orders.report(row.ref, values={}, notes={1: "办了"}, actor=both)
    with pytest.raises(orders.ReporterMayNotAccept):
        orders.accept(row.ref, values={}, note="", actor=both)
    with pytest.raises(NotFound):
        orders.accept(row.ref, values={}, note="", actor=SISTER_CLERK)
    colleague = actor("committee_clerk", TOWN)  # of the same town: not outside the reporting body
    for act in (
        lambda: orders.accept(row.ref, values={}, note="", actor=colleague),
        lambda: orders.send_back(row.ref, reason="x", actor=colleague),
        lambda: orders.withdraw(row.ref, reason="x", actor=colleague),
    ):
        with pytest.raises(NotPermitted):
            act()
    assert orders.accept(row.ref, values={}, note="属实", actor=CLERK).state == "accepted"


def test_what_is_returned_is_reported_again() -> None:
    row = reported()
    back = orders.send_back(row.ref, reason="缺照片", actor=CLERK)
    assert back.state == "issued"
    assert Clock.objects.filter(rule=orders.REPORT_RULE, ended_at=None).count() == 1
    orders.report(row.ref, values={}, notes={1: "补交"}, actor=TOWN_CLERK)


def test_withdrawn_orders_make_room_for_new_ones() -> None:
    row = issued()
    orders.withdraw(row.ref, reason="任务调整", actor=CLERK)
    assert not Duty.objects.filter(subject_kind="order", closed_at=None).exists()
    assert Clock.objects.get(rule=orders.REPORT_RULE).outcome == "void"
    assert order_of(draw_up()).ref != row.ref


# ---------------------------------------------------------------------------------------------------------- tours


def test_an_unannounced_tour_is_not_seen_until_it_begins() -> None:
    row = tour(unannounced=True)
    with pytest.raises(NotFound):
        frame.load(Tour, row.ref, actor=TOWN_CLERK)
    assert all(v.planned is None for v in tours.coverage(COUNTY, row.planned_on, row.planned_on, actor=TOWN_CLERK))
    tours.begin(row.ref, actor=CLERK)
    assert frame.load(Tour, row.ref, actor=TOWN_CLERK).state == "begun"


def test_the_sample_is_drawn_from_what_was_reported_and_can_be_drawn_again() -> None:
    target(CLOSED, 120)
    reported(codes=(CLOSED,))
    for _ in range(8):
        HazardFactory(state="closed", found_at=timezone.now(), closed_at=timezone.now())
    HazardFactory(state="closed", closed_at=timezone.now(), unit__region_code=SISTER_TOWN)
    row = tours.begin(tour().ref, seed="a" * 32, actor=CLERK)
    refs = {d.ref for d in tours.SOURCES["hazard"][1](TOWN, orders.month_of(this_month()), CLERK)}
    assert len(refs) == 8
    drawn = [s.ref for s in row.samples.filter(source="hazard").order_by("place")]
    assert drawn == cycle.draw("a" * 32, refs, 5)
    assert row.samples.filter(source="order").count() == 1
    assert row.drawn_from == 9
    entry = AuditEntry.objects.get(action="accountability:tour:begin")
    assert entry.entry["after"]["seed"] == "a" * 32


def test_a_difference_lowers_the_score_and_the_number_decides_by_itself() -> None:
    target(CLOSED, 120)
    reported(value=10, codes=(CLOSED,))
    row = tour()
    tours.begin(row.ref, actor=CLERK)
    items = {item.no: (item.full, "") for item in row.items.all()}
    sample = row.samples.get()
    with pytest.raises(tours.NothingScored):
        tours.finish(row.ref, summary="", actor=CLERK)
    tours.score(row.ref, items=items, samples={}, actor=CLERK)
    with pytest.raises(tours.SampleOpen):
        tours.finish(row.ref, summary="", actor=CLERK)
    tours.score(row.ref, items={}, samples={str(sample.place): ("", "6")}, files={"1": [photo()]}, actor=CLERK)
    sample.refresh_from_db()
    assert sample.result == "differs"
    done = tours.finish(row.ref, summary="上报数偏高", actor=CLERK)
    assert done.score == 70  # all points, less the 30 that a sample of nothing but differences costs
    assert [r["code"] for r in done.reasons] == ["accountability.items", "accountability.difference"]
    assert Duty.objects.get(subject_kind="tour", closed_at=None).right == "accountability.answer"
    assert tours.answer(row.ref, text="认可，立即核减", actor=TOWN_CLERK).state == "answered"


@pytest.mark.parametrize("points", [-1, 11])
def test_points_outside_the_item_are_refused(points) -> None:
    row = tour()
    tours.begin(row.ref, actor=CLERK)
    with pytest.raises((tours.BadScore, Invalid)):
        tours.score(row.ref, items={"1": (points, "")}, samples={}, actor=CLERK)


def test_coverage_names_who_was_not_visited_first() -> None:
    scored(tour(TOWN))
    today = local_day(timezone.now())
    found = tours.coverage(COUNTY, today, today, actor=CLERK)
    assert [(v.region, v.times) for v in found] == [("445281001", 0), (SISTER_TOWN, 0), (TOWN, 1)]


def test_coverage_names_the_last_tour_and_the_next_one_of_each_region() -> None:
    first, last, ahead, later, cancelled = scored(tour(TOWN)), scored(tour(TOWN)), tour(TOWN), tour(TOWN), tour(TOWN)
    tours.cancel(cancelled.ref, reason="不去了", actor=CLERK)
    today = local_day(timezone.now())
    for row, days in ((first, 2), (last, 1), (ahead, -1), (later, -2), (cancelled, 0)):
        Tour.objects.filter(pk=row.pk).update(planned_on=today - timedelta(days=days))
    found = {v.region: v for v in tours.coverage(COUNTY, today - timedelta(9), today + timedelta(9), actor=CLERK)}
    assert (found[TOWN].times, found[TOWN].last, found[TOWN].planned) == (2, last, ahead)
    assert (found[SISTER_TOWN].times, found[SISTER_TOWN].last, found[SISTER_TOWN].planned) == (0, None, None)
    only_first = tours.coverage(COUNTY, today - timedelta(9), today - timedelta(2), actor=CLERK)
    assert [(v.times, v.last, v.planned) for v in only_first if v.region == TOWN] == [(1, first, None)]


# ---------------------------------------------------------------------------------------------------------- tables


def ranked(publish_on=None, **more) -> RankingTable:
    known = {"codes": (), "orders": 1, "tours": 1, "publish_on": publish_on or local_day(timezone.now())}
    return tables.draw_up(region=COUNTY, month=this_month(), actor=CLERK, **{**known, **more})


def test_a_table_ranks_by_orders_and_tours_and_leaves_the_unknown_unranked() -> None:
    scored(tour(TOWN), part=0.9)
    scored(tour(SISTER_TOWN), part=0.4)
    table = ranked(orders=0)
    rows = {row.region: row for row in table.rows.all()}
    assert [rows[r].rank for r in (TOWN, SISTER_TOWN, "445281001")] == [1, 2, None]
    assert rows[SISTER_TOWN].light == "red"
    assert rows["445281001"].light == ""


def test_a_published_table_is_frozen_seen_below_and_proposes() -> None:
    scored(tour(TOWN), part=0.86)
    scored(tour(SISTER_TOWN), part=0.8)
    table = ranked(orders=0)
    with pytest.raises(NotFound):
        frame.load(RankingTable, table.ref, actor=TOWN_CLERK)
    published = tables.approve(table.ref, actor=CLERK)
    assert published.state == "published"
    assert published.sha256 == tables.digest(published)
    assert frame.load(RankingTable, table.ref, actor=TOWN_CLERK).pk == table.pk
    assert {(p.about, p.light, p.measure) for p in Proposal.objects.all()} == {
        (SISTER_TOWN, "yellow", "urge"),
        (TOWN, "blue", "remind"),
    }
    with pytest.raises(NotFound):
        frame.load(Proposal, Proposal.objects.first().ref, actor=TOWN_CLERK)
    with pytest.raises(MoveRefused):
        tables.recompute(table.ref, publish_on=tomorrow(), notes="", actor=CLERK)
    row = table.rows.get(region=TOWN)
    row.rank = 1 if row.rank != 1 else 2
    row.save()
    assert tables.digest(published) != published.sha256  # a change behind the back shows


def test_a_table_waits_for_its_day() -> None:
    scored(tour(TOWN))
    table = tables.approve(ranked(publish_on=tomorrow()).ref, actor=CLERK)
    assert table.state == "approved"
    assert tables.publish_due() == 0
    RankingTable.objects.update(publish_on=local_day(timezone.now()))
    assert tables.publish_due() == 1
    assert RankingTable.objects.get().state == "published"


def test_two_yellow_months_become_orange() -> None:
    scored(tour(TOWN), part=0.8)
    first = tables.approve(ranked(orders=0).ref, actor=CLERK)
    before = orders.month_of(this_month()).previous().key
    RankingTable.objects.filter(pk=first.pk).update(month=before)
    row = ranked(orders=0).rows.get(region=TOWN)
    assert (row.light, row.rank_before) == ("orange", 1)


@pytest.mark.parametrize(("who", "error"), [(TOWN_CLERK, frame.OutOfReach), (BRIGADE, frame.OutOfReach), (CLERK, None)])
def test_who_may_compute_a_table(who, error) -> None:
    with pytest.raises(error) if error else nullcontext():
        tables.draw_up(region=COUNTY, month=this_month(), codes=(), orders=1, tours=1, publish_on=tomorrow(), actor=who)


@pytest.mark.parametrize(
    ("measure", "kinds"),
    [
        ("remind", {"accountability.reminder"}),
        ("urge", {"order"}),
        ("interview", {"interview", "circular"}),
        ("list", {"order", "report"}),
    ],
)
def test_a_named_person_decides_and_one_press_drafts_the_letter(measure, kinds) -> None:
    scored(tour(SISTER_TOWN), part=0.6)
    tables.approve(ranked(orders=0).ref, actor=CLERK)
    proposal = Proposal.objects.get()
    assert Duty.objects.visible_to(LEADER).filter(subject_kind="proposal", closed_at=None).exists()
    done = tables.adopt(proposal.ref, measure=measure, reason="同意", actor=LEADER)
    assert (done.state, done.decided_by, done.measure) == ("adopted", LEADER.id, measure)
    papers = OfficialPaper.objects.filter(about_ref=proposal.ref)
    assert {p.kind for p in papers} == kinds
    paper = OfficialPaper.objects.get(ref=done.paper_ref)
    assert [c.body.region_code for c in paper.copies.all()] == [SISTER_TOWN]
    facts = Letter.objects.get(paper_id=paper.id).facts
    assert any("巡查得分 60.0分，应达 90.0分" in fact["text"] for fact in facts)
    assert all(fact["url"].startswith("/") for fact in facts)


def test_a_measure_can_be_declined_with_a_reason() -> None:
    scored(tour(SISTER_TOWN), part=0.6)
    tables.approve(ranked(orders=0).ref, actor=CLERK)
    ref = Proposal.objects.get().ref
    with pytest.raises(NotPermitted):
        tables.decline(ref, reason="已约谈", actor=actor("inspector", COUNTY))
    assert tables.decline(ref, reason="已约谈", actor=LEADER).state == "declined"
    assert not OfficialPaper.objects.filter(kind="order").exists()


def test_a_published_table_goes_out_as_a_circular_once() -> None:
    scored(tour(TOWN), part=0.9)
    table = tables.approve(ranked(orders=0).ref, actor=CLERK)
    done = tables.circulate(table.ref, actor=CLERK)
    paper = OfficialPaper.objects.get(ref=done.paper_ref)
    assert [row[:2] for row in paper.fields["table"][1:]] == [
        ["1", "赤岗镇"],
        ["未排", "流沙东街道"],
        ["未排", "大坝镇"],
    ]
    assert paper.copies.count() == 3
    with pytest.raises(Conflict):
        tables.circulate(table.ref, actor=CLERK)


def test_what_became_of_a_paper_stands_on_the_time_line_of_its_record() -> None:
    scored(tour(SISTER_TOWN), part=0.6)
    tables.approve(ranked(orders=0).ref, actor=CLERK)
    proposal = tables.adopt(Proposal.objects.get().ref, measure="urge", reason="", actor=LEADER)
    for step, who in ((papers.submit, CLERK), (papers.approve, LEADER), (papers.seal, LEADER), (papers.serve, CLERK)):
        step(proposal.paper_ref, actor=who)
    to = OfficialPaper.objects.get(ref=proposal.paper_ref).copies.get().body
    papers.receive(proposal.paper_ref, to, SISTER_CLERK)
    papers.reply(proposal.paper_ref, to, "已整改", [], SISTER_CLERK)
    papers.accept_reply(proposal.paper_ref, to, CLERK)
    while drain():
        pass
    moves = (
        Step.objects.filter(subject_kind="proposal", subject_id=proposal.id)
        .order_by("id")
        .values_list("move", flat=True)
    )
    assert list(moves) == ["make", "adopt", "served", "replied", "reply_accepted"]


def test_a_rate_of_too_few_records_is_shown_and_not_held_against_anybody() -> None:
    target("hazards.closing_rate", 95)
    HazardFactory(state="reported", found_at=timezone.now())
    few = ranked(codes=("hazards.closing_rate",), orders=0, tours=0).rows.get(region=TOWN)
    assert (few.cells["hazards.closing_rate"]["small"], few.score, few.light) == (True, None, "")
    for _ in range(40):
        HazardFactory(state="reported", found_at=timezone.now())
    many = ranked(codes=("hazards.closing_rate",), orders=0, tours=0).rows.get(region=TOWN)
    assert (many.cells["hazards.closing_rate"]["small"], many.score, many.light) == (False, 0, "red")
