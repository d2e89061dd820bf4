"""The life of a paper: every walk stays in the tables, the right people act, duties and clocks follow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wanghuo.base import AppError, Invalid, MoveRefused, NotFound, NotPermitted
from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts import units
from wanghuo.kernel.accounts.testing import actor, make_user
from wanghuo.kernel.accounts.units import UnitRef
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.loops import inbox, run_clocks
from wanghuo.kernel.loops.models import Clock, Duty, LadderStep
from wanghuo.kernel.outbox.models import OutboxEvent
from wanghuo.kernel.papers import rendering, services
from wanghuo.kernel.papers.errors import (
    AcceptorIsAnswerer,
    ApproverIsDrafter,
    BadField,
    NoAddressee,
    NoIssuer,
    NothingToReply,
    NotTheAddressee,
    ReceiverIsSender,
    ReplyInPast,
    UnknownKind,
)
from wanghuo.kernel.papers.kinds import paper_kind
from wanghuo.kernel.papers.models import Copy, OfficialPaper
from wanghuo.kernel.papers.states import AS_PAPER, COPY, PAPER, CopyState, PaperState
from wanghuo.kernel.papers.testing import DRAFTER, LEADER, TOWN_CLERK, body, make_paper, standard
from wanghuo.kernel.regions.testing import COUNTY, NEIGHBOUR, TOWN

pytestmark = pytest.mark.django_db
SISTER = actor("committee_clerk", "445281103")
OTHER_CLERK = actor("committee_clerk", TOWN)

ACTS = {
    "submit": lambda p: services.submit(p, actor=DRAFTER),
    "approve": lambda p: services.approve(p, actor=LEADER),
    "return": lambda p: services.return_(p, reason="改", actor=LEADER),
    "seal": lambda p: services.seal(p, actor=LEADER),
    "serve": lambda p: services.serve(p, actor=DRAFTER),
    "file": lambda p: services.file_away(p, actor=DRAFTER),
    "close": lambda p: services.close(p, actor=DRAFTER),
    "void": lambda p: services.void(p, reason="错", actor=DRAFTER),
}
OF_COPY = {
    "receive": lambda p, b, who: services.receive(p, b, who),
    "reply": lambda p, b, who: services.reply(p, b, "已办", [], who),
    "accept_reply": lambda p, b, who: services.accept_reply(p, b, DRAFTER),
    "return_reply": lambda p, b, who: services.return_reply(p, b, "不实", DRAFTER),
}
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(ACTS)), st.none()),
        st.tuples(st.sampled_from(sorted(OF_COPY)), st.sampled_from([0, 1])),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from(["draft", "served", "served"]), steps=STEPS)
def test_every_walk_stays_in_the_tables(start: str, steps: list[tuple[str, int | None]], monkeypatch) -> None:
    monkeypatch.setattr("wanghuo.kernel.papers.rendering.print_html", lambda html: b"%PDF-1.7 test")
    monkeypatch.setattr("wanghuo.kernel.papers.signing.sign", lambda pdf, **_: pdf)
    towns = [body("赤岗镇"), body("大坝镇")] if OfficialPaper.objects.exists() else None
    paper = make_paper("order", to=towns or _towns(), state=start)
    for name, which in steps:
        paper.refresh_from_db()
        before = paper.state
        copies = list(paper.copies.order_by("position"))
        copy_before = copies[which].state if which is not None else ""
        try:
            if which is None:
                ACTS[name](paper)
            else:
                OF_COPY[name](paper, copies[which].body_id, (TOWN_CLERK, SISTER)[which])
        except AppError:
            paper.refresh_from_db()
            assert paper.state == before
            continue
        paper.refresh_from_db()
        if which is None:
            assert paper.state == PAPER.move(before, name).target
        else:
            assert paper.copies.get(pk=copies[which].pk).state == COPY.move(copy_before, name).target
            assert before == paper.state or paper.state in {m.target for m in PAPER.possible(before)}
            _agrees(paper)
    if PAPER.is_final(paper.state) or paper.state == PaperState.CLOSED:
        assert not Duty.objects.filter(closed_at=None, subject_ref=paper.ref).exists()
        assert not Clock.objects.filter(ended_at=None, subject_ref=paper.ref).exists()


def _towns():
    standard()
    return [body("赤岗镇"), body("大坝镇")]


def _agrees(paper: OfficialPaper) -> None:
    slowest = min(paper.copies.values_list("state", flat=True), key=lambda s: list(AS_PAPER).index(CopyState(s)))
    assert paper.state == AS_PAPER[CopyState(slowest)]


def events() -> list[str]:
    return list(OutboxEvent.objects.filter(kind__startswith="papers.").order_by("pk").values_list("kind", flat=True))


def test_from_draft_to_accepted_answer_everything_follows() -> None:
    standard()
    for name, role, region in (("c", "brigade_leader", COUNTY), ("l", "government_leader", COUNTY)):
        make_user(name, role, region)
    make_user("t", "committee_clerk", TOWN)
    paper = make_paper("order", state="submitted")
    assert [duty.move for duty in inbox(LEADER)] == ["approve"]
    services.approve(paper, actor=LEADER)
    sealed = services.seal(paper, actor=LEADER)
    assert sealed.serial == f"普宁消安委办督〔{timezone.localdate().year}〕1号"
    assert not inbox(TOWN_CLERK).exists(), "nothing reaches the addressee before it is served"
    with pytest.raises(NotFound):
        services.receive(paper, body("赤岗镇"), TOWN_CLERK)
    services.serve(paper, actor=DRAFTER)
    assert [duty.move for duty in inbox(TOWN_CLERK)] == ["receive"]
    assert {clock.rule for clock in Clock.objects.filter(ended_at=None)} == {"papers.receipt", "papers.reply_order"}
    services.receive(paper, body("赤岗镇"), TOWN_CLERK)
    assert [duty.move for duty in inbox(TOWN_CLERK)] == ["reply"]
    services.reply(paper, body("赤岗镇"), "已完成整改", [], TOWN_CLERK)
    assert [duty.move for duty in inbox(DRAFTER)] == ["accept_reply"]
    services.return_reply(paper, body("赤岗镇"), "请附照片", DRAFTER)
    assert OfficialPaper.objects.get().state == "received"
    services.reply(paper, body("赤岗镇"), "已补充照片", [], TOWN_CLERK)
    done = services.accept_reply(paper, body("赤岗镇"), DRAFTER)
    assert done.state == "closed"
    assert done.closed_at is not None
    assert not Duty.objects.filter(closed_at=None).exists()
    assert set(Clock.objects.values_list("outcome", flat=True)) == {"met"}
    assert events() == [
        "papers.paper_served", "papers.paper_received", "papers.paper_replied", "papers.paper_replied", "papers.reply_accepted"
    ]  # fmt: skip
    acts = list(AuditEntry.objects.filter(action__startswith="papers:").order_by("id").values_list("action", flat=True))
    assert "papers:paper:seal" in acts
    assert acts.count("papers:paper:reply") == 2


def test_a_paper_that_asks_no_answer_closes_with_the_last_receipt() -> None:
    paper = make_paper("circular", to=_towns(), state="served", title="关于情况的通报")
    services.receive(paper, body("赤岗镇"), TOWN_CLERK)
    assert OfficialPaper.objects.get().state == "served"
    services.receive(paper, body("大坝镇"), SISTER)
    assert OfficialPaper.objects.get().state == "closed"
    with pytest.raises(MoveRefused):
        services.reply(paper, body("大坝镇"), "收到", [], SISTER)


def test_a_late_answer_climbs_the_ladder() -> None:
    paper = make_paper("order", state="served", reply_by=timezone.now() + timedelta(days=2))
    services.receive(paper, body("赤岗镇"), TOWN_CLERK)
    run_clocks(timezone.now() + timedelta(days=3))
    step = LadderStep.objects.get()
    assert step.clock.rule == "papers.reply_order"
    assert step.region_code == TOWN


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda p: services.approve(p, actor=actor("brigade_leader", COUNTY, id=DRAFTER.id)), ApproverIsDrafter),
        (lambda p: services.approve(p, actor=TOWN_CLERK), NotFound),
        (lambda p: services.approve(p, actor=actor("inspector", COUNTY)), NotPermitted),
        (lambda p: services.approve(p, actor=actor("government_leader", NEIGHBOUR)), NotFound),
        (lambda p: services.seal(p, actor=LEADER), MoveRefused),
        (lambda p: services.return_(p, reason=" ", actor=LEADER), Invalid),
    ],
)
def test_a_refused_approval_writes_nothing(act, error) -> None:
    paper = make_paper("order", state="submitted")
    before = AuditEntry.objects.count(), Duty.objects.filter(closed_at=None).count()
    with pytest.raises(error):
        act(paper)
    assert OfficialPaper.objects.get().state == "submitted"
    assert (AuditEntry.objects.count(), Duty.objects.filter(closed_at=None).count()) == before


def test_only_the_addressee_signs_and_nobody_who_sent_it() -> None:
    paper = make_paper("order", state="served")
    town = body("赤岗镇")
    for who, error in (
        (DRAFTER, ReceiverIsSender),
        (LEADER, ReceiverIsSender),
        (actor("inspector", COUNTY), NotTheAddressee),
        (actor("government_leader", "4452"), NotTheAddressee),
        (SISTER, NotFound),
        (actor("grid_worker", TOWN), NotFound),
    ):
        with pytest.raises(error):
            services.receive(paper, town, who)
    services.receive(paper, town, TOWN_CLERK)
    with pytest.raises(MoveRefused):
        services.receive(paper, town, OTHER_CLERK)
    services.reply(paper, town, "已办", [], TOWN_CLERK)
    both = Actor(TOWN_CLERK.id, "both", (*TOWN_CLERK.grants, *DRAFTER.grants))
    with pytest.raises(AcceptorIsAnswerer):
        services.accept_reply(paper, town, both)


def test_a_department_signs_by_its_sector() -> None:
    standard()
    paper = make_paper("transfer", to=[body("教育局")], state="served", title="关于抄告隐患的函")
    with pytest.raises(NotFound):
        services.receive(paper, body("教育局"), actor("sector_officer", COUNTY, "health"))
    done = services.receive(paper, body("教育局"), actor("sector_officer", COUNTY, "education"))
    assert done.state == "received"


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"kind": "poem"}, UnknownKind, "kind"),
        ({"to": []}, NoAddressee, "to"),
        ({"fields": {"matters": ["甲"], "demands": ["乙"]}}, BadField, "reason"),
        ({"fields": {"reason": "x", "matters": [], "demands": ["乙"]}}, BadField, "matters"),
        ({"fields": {"reason": "x", "matters": ["甲"], "demands": ["乙"], "more": 1}}, BadField, "more"),
        ({"reply_by": timezone.now() - timedelta(hours=1)}, ReplyInPast, "reply_by"),
        ({"title": "x"}, Invalid, "title"),
        ({"region": NEIGHBOUR}, NotPermitted, ""),
    ],
)
def test_a_bad_draft_says_where_and_writes_nothing(change, error, field) -> None:
    standard()
    given = {
        "kind": "order",
        "region": COUNTY,
        "title": "关于测试的督办单",
        "fields": {"reason": "缘由", "matters": ["甲"], "demands": ["乙"]},
        "to": [body("赤岗镇").pk],
    }
    with pytest.raises(error) as refused:
        services.draft(**{**given, **change}, actor=DRAFTER)
    assert getattr(refused.value, "field", "") == field
    assert OfficialPaper.objects.count() == Copy.objects.count() == 0


def test_a_place_without_an_issuer_is_told_to_register_one() -> None:
    standard()
    given = {
        "kind": "order",
        "title": "关于测试的督办单",
        "fields": {"reason": "缘由", "matters": ["甲"], "demands": ["乙"]},
    }
    with pytest.raises(NoIssuer):
        services.draft(region=NEIGHBOUR, to=[body("赤岗镇").pk], actor=actor("brigade_leader", "4452"), **given)


def test_a_void_paper_stops_every_clock_and_keeps_its_number() -> None:
    paper = make_paper("order", to=_towns(), state="served")
    services.void(paper, reason="印错", actor=LEADER)
    assert not Duty.objects.filter(closed_at=None).exists()
    assert set(Clock.objects.values_list("outcome", flat=True)) == {"void"}
    assert OfficialPaper.objects.get().sequence == 1
    assert make_paper("order", to=_towns(), state="sealed").sequence == 2
    with pytest.raises(MoveRefused):
        services.receive(paper, body("赤岗镇"), TOWN_CLERK)


def test_nothing_to_reply_is_said() -> None:
    paper = make_paper("circular", to=_towns(), state="served", title="关于情况的通报")
    services.receive(paper, body("赤岗镇"), TOWN_CLERK)
    with pytest.raises(NothingToReply):
        services.reply(paper, body("赤岗镇"), "收到", [], TOWN_CLERK)


def test_a_unit_signs_and_answers_for_itself(monkeypatch) -> None:
    standard()
    unit = UnitRef(new_id(), "DW-445281-00017", "赤岗镇滨江商贸城", TOWN)
    monkeypatch.setattr(units, "find", lambda key: unit if key in (unit.id, unit.ref) else None)
    given = {"units_to": [unit.id], "to": [], "title": "约谈通知书", "state": "served"}
    paper = make_paper("interview", **given)
    manager, other = (actor("unit_manager", TOWN, unit=key) for key in (unit.id, new_id()))
    assert [duty.move for duty in inbox(manager)] == ["receive"]
    for who, error in ((other, NotFound), (TOWN_CLERK, NotTheAddressee)):
        with pytest.raises(error):
            services.receive(paper, unit.id, who)
    services.receive(paper, unit.id, manager)
    services.reply(paper, unit.id, "整改报告", [], manager)
    assert OfficialPaper.objects.get().state == "replied"
    stranger = actor("brigade_leader", NEIGHBOUR)
    with pytest.raises(NotPermitted):
        make_paper("interview", **given | {"state": "draft"}, drafter=stranger)


def test_the_report_after_an_interview_is_due_from_the_interview() -> None:
    at = timezone.now() + timedelta(days=20)
    paper = make_paper("interview", title="约谈通知书", fields={"at": at}, state="served")
    copy = paper.copies.get()
    assert copy.reply_by is not None
    assert timedelta(days=10) < copy.reply_by - at < timedelta(days=25)
    assert "自约谈之日起10个工作日内" in rendering.body_html(paper, paper_kind("interview"))


def test_an_interview_without_notice_ahead_is_pointed_out_not_refused() -> None:
    soon, later = (timezone.now() + timedelta(days=days) for days in (1, 40))
    for at, count in ((soon, 1), (later, 0)):
        paper = make_paper("interview", title="约谈通知书", fields={"at": at}, state="submitted")
        assert len(rendering.warnings(paper)) == count
