"""The loop of a hazard, act by act: what is written, who may, and that a refusal writes nothing."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.base import MoveRefused, NotFound, NotPermitted
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.loops.models import Clock, Duty
from wanghuo.kernel.outbox.models import OutboxEvent
from wanghuo.modules.hazards import rules, services
from wanghuo.modules.hazards.models import Hazard, Notice, Publication
from wanghuo.modules.hazards.services.evidence import Label
from wanghuo.modules.hazards.services.supervision import PersonalDataInText
from wanghuo.modules.hazards.states import HAZARD, HazardState
from wanghuo.modules.hazards.testing import HazardFactory, photo
from wanghuo.modules.hazards.words import Channel, Level, Service, Urgency
from wanghuo.modules.places.testing import NEXT_TOWN, TOWN, UnitFactory

pytestmark = pytest.mark.django_db

COUNTY = "445281"
INSPECTOR = actor("inspector", COUNTY)
SECOND = actor("inspector", COUNTY)
CLERK = actor("committee_clerk", TOWN)
LEADER = actor("brigade_leader", COUNTY)
MAYOR = actor("government_leader", COUNTY)
GRID = actor("grid_worker", TOWN)
NEXT = actor("inspector", NEXT_TOWN[:6])


def manager_of(hazard: Hazard):
    return actor("unit_manager", hazard.region_code, unit=hazard.scope_unit)


def order(ref: str, who=INSPECTOR, days: float = 10) -> Hazard:
    return services.order_rectification(
        ref,
        due_at=timezone.now() + timedelta(days=days),
        demands="清理安全出口",
        second_officer="李强",
        service=Service.SIGNED,
        actor=who,
    )


def test_from_a_report_to_a_closed_hazard() -> None:
    unit = UnitFactory()
    hazard = services.report_hazard(
        unit_id=unit.id,
        place="3 层东侧",
        description="安全出口被堵",
        channel=Channel.GRID,
        basis=1,
        photos=[photo(Label.BEFORE)],
        actor=GRID,
    )
    assert hazard.ref == f"YH-445281-{timezone.localdate().year}-00001"
    assert Duty.objects.get(closed_at=None).right == "hazards.verify"
    services.verify(hazard.ref, actor=CLERK)
    order(hazard.ref)
    assert Notice.objects.get().number.startswith("XG-445281-")
    owner = manager_of(hazard)
    assert Duty.objects.visible_to(owner).get(closed_at=None).move == "submit"
    services.submit(hazard.ref, note="已清理", photos=[photo(Label.AFTER, 200)], actor=owner)
    closed = services.judge_recheck(hazard.ref, conclusion="pass", second_officer="刘洋", actor=SECOND)
    assert closed.state == HazardState.CLOSED
    assert closed.closed_at is not None
    assert not Duty.objects.filter(closed_at=None).exists()
    assert not Clock.objects.filter(ended_at=None).exists()
    assert set(Clock.objects.values_list("outcome", flat=True)) == {"met"}
    assert [step.move for step in closed.steps.order_by("id")] == ["report", "verify", "order", "submit", "pass"]


@pytest.mark.parametrize(
    ("state", "who", "days", "error"),
    [
        ("reported", INSPECTOR, 10, MoveRefused),
        ("verified", NEXT, 10, NotFound),
        ("verified", GRID, 10, NotPermitted),
        ("verified", INSPECTOR, -1, rules.DueDateInPast),
        ("verified", INSPECTOR, 10, None),
    ],
)
def test_an_order_is_whole_or_not_at_all(state, who, days, error) -> None:
    hazard = HazardFactory(state=state)
    with pytest.raises(error) if error else nullcontext():
        order(hazard.ref, who, days)
    assert Hazard.objects.get().state == (state if error else "rectifying")
    assert AuditEntry.objects.count() == OutboxEvent.objects.count() == (0 if error else 1)
    assert Notice.objects.count() == Duty.objects.count() == Clock.objects.count() == (0 if error else 1)


@pytest.mark.parametrize(
    ("channel", "urgency", "rule"),
    [
        (Channel.COMPLAINT, Urgency.EXITS, "hazards.verify_exits"),
        (Channel.COMPLAINT, Urgency.ORDINARY, "hazards.verify_complaint"),
        (Channel.GRID, Urgency.EXITS, "hazards.verify"),
    ],
)
def test_the_verification_clock_follows_the_channel(channel, urgency, rule) -> None:
    unit = UnitFactory()
    services.report_hazard(
        unit_id=unit.id, place="一层", description="堵塞", channel=channel, urgency=urgency, actor=CLERK
    )
    assert Clock.objects.get().rule == rule


def test_rectification_must_be_shown() -> None:
    hazard = HazardFactory(state=HazardState.RECTIFYING, due_at=timezone.now() + timedelta(days=3))
    with pytest.raises(rules.EvidenceMissing):
        services.submit(hazard.ref, note="已改", actor=manager_of(hazard))
    assert Hazard.objects.get().state == HazardState.RECTIFYING


def test_who_asked_for_the_check_may_not_judge_it() -> None:
    hazard = HazardFactory(state=HazardState.SUBMITTED, submitted_by=INSPECTOR.id)
    with pytest.raises(rules.FixerMayNotClose):
        services.judge_recheck(hazard.ref, conclusion="pass", second_officer="李强", actor=INSPECTOR)
    assert Hazard.objects.get().state == HazardState.SUBMITTED


@pytest.mark.parametrize(
    ("conclusion", "state"),
    [("pass", HazardState.CLOSED), ("part", HazardState.RECTIFYING), ("fail", HazardState.OVERDUE)],
)
def test_a_re_inspection_has_three_ends(conclusion, state) -> None:
    hazard = HazardFactory(state=HazardState.SUBMITTED, due_at=timezone.now())
    later = timezone.now() + timedelta(days=5)
    services.judge_recheck(
        hazard.ref, conclusion=conclusion, second_officer="李强", note="复查", new_due_at=later, actor=INSPECTOR
    )
    assert Hazard.objects.get().state == state


def test_an_extension_is_later_counted_and_explained() -> None:
    due = timezone.now() + timedelta(days=3)
    hazard = HazardFactory(state=HazardState.RECTIFYING, due_at=due)
    with pytest.raises(rules.NotLater):
        services.extend(hazard.ref, new_due_at=due - timedelta(hours=1), reason="材料未到", actor=LEADER)
    extended = services.extend(hazard.ref, new_due_at=due + timedelta(days=7), reason="材料未到", actor=LEADER)
    assert (extended.extensions, extended.due_at) == (1, due + timedelta(days=7))
    assert not Clock.objects.filter(outcome="met").exists()


def test_merging_keeps_both_findings() -> None:
    kept, other = HazardFactory(), HazardFactory()
    services.merge(other.ref, into=kept.ref, actor=CLERK)
    assert kept.findings.count() == 1
    assert Hazard.objects.get(pk=other.pk).merged_into == kept


def test_a_major_hazard_is_determined_by_a_meeting() -> None:
    hazard = HazardFactory(state=HazardState.VERIFIED)
    services.propose_major(hazard.ref, reason="疏散楼梯封堵", actor=INSPECTOR)
    with pytest.raises(Exception, match="3"):
        services.determine_major(hazard.ref, is_major=True, people=["甲", "乙"], minutes="…", actor=LEADER)
    services.determine_major(hazard.ref, is_major=True, people=["甲", "乙", "丙"], minutes="一致", actor=LEADER)
    order(hazard.ref)
    assert Notice.objects.get().kind == "major"


def test_listing_goes_with_the_level_and_ends_after_closing() -> None:
    hazard = HazardFactory(state=HazardState.RECTIFYING, due_at=timezone.now() + timedelta(days=3))
    due = timezone.now() + timedelta(days=90)
    words = {"supervisor": "市政府", "demands": "限期整改", "due_at": due, "actor": MAYOR}
    with pytest.raises(rules.AboveOwnLevel):
        services.list_hazard(hazard.ref, level=Level.CITY, **words)
    listing = services.list_hazard(hazard.ref, level=Level.COUNTY, **words)
    with pytest.raises(Exception, match="未结|尚未销案"):
        services.delist(listing.ref, note="", actor=MAYOR)
    Hazard.objects.update(state=HazardState.CLOSED, closed_at=timezone.now())
    assert services.delist(listing.ref, note="已销案", actor=MAYOR).state == "delisted"
    assert not Hazard.objects.get().listed


@pytest.mark.parametrize("summary", ["联系人 13812345678", "证件 440102199001011234"])
def test_nothing_personal_is_published(summary: str) -> None:
    hazard = HazardFactory(state=HazardState.RECTIFYING)
    words = {"unit_name": "滨江商贸城", "place": "3 层", "until": None, "actor": LEADER}
    with pytest.raises(PersonalDataInText):
        services.publish(hazard.ref, summary=summary, **words)
    assert not Publication.objects.exists()
    shown = services.publish(hazard.ref, summary="安全出口堵塞", **words)
    assert shown.until == timezone.localdate() + timedelta(days=30)
    services.withdraw(hazard.ref, reason="已整改", actor=LEADER)
    assert not Hazard.objects.get().published


def test_every_move_has_a_form() -> None:
    from wanghuo.modules.hazards.acts import ACTS

    assert {move.name for move in HAZARD.moves} <= set(ACTS)
