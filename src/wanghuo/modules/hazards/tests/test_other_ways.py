"""The ways beside the order: a unit that finds and mends by itself, and a hazard another body is in charge of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.base import MoveRefused, NotFound
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.loops.models import Clock, Duty
from wanghuo.modules.hazards import rules, services
from wanghuo.modules.hazards.models import Hazard, Transfer
from wanghuo.modules.hazards.services.evidence import Label
from wanghuo.modules.hazards.states import HazardState
from wanghuo.modules.hazards.testing import HazardFactory, photo
from wanghuo.modules.hazards.words import Channel
from wanghuo.modules.places.testing import NEXT_TOWN, UnitFactory

pytestmark = pytest.mark.django_db

INSPECTOR = actor("inspector", "445281")
NEIGHBOUR = actor("inspector", NEXT_TOWN[:6])


def test_a_unit_finds_mends_and_reports_and_another_person_checks() -> None:
    unit = UnitFactory()
    manager = actor("unit_manager", unit.region_code, unit=unit.id)
    ref = services.report_hazard(
        unit_id=unit.id, place="配电间", description="线路老化", channel=Channel.UNIT, actor=manager
    ).ref
    mending = services.self_fix(ref, interim_measures="停用该回路", actor=manager)
    assert mending.state == HazardState.SELF_FIXING
    assert mending.due_at - timezone.now() > timedelta(days=29)  # hazards.self_fix_days: 30
    with pytest.raises(rules.EvidenceMissing):
        services.submit(ref, note="已更换", actor=manager)
    services.submit(ref, note="已更换", photos=[photo(Label.AFTER)], actor=manager)
    services.judge_recheck(ref, conclusion="pass", second_officer="刘洋", actor=INSPECTOR)
    assert Hazard.objects.get().state == HazardState.CLOSED
    assert not Duty.objects.filter(closed_at=None).exists()


def test_a_transferred_hazard_waits_for_the_reply_and_is_then_checked() -> None:
    ref = HazardFactory(state=HazardState.VERIFIED).ref
    with pytest.raises(NotFound):
        services.transfer(ref, to_body="县民政局", reason="养老机构", actor=NEIGHBOUR)
    services.transfer(ref, to_body="县民政局", reason="养老机构", actor=INSPECTOR)
    assert Transfer.objects.get().to_body == "县民政局"
    assert Clock.objects.get(ended_at=None).rule == rules.REPLY_RULE
    with pytest.raises(MoveRefused):
        services.judge_recheck(ref, conclusion="pass", second_officer="刘洋", actor=INSPECTOR)
    services.record_reply(ref, reply="已责令停业整顿", actor=INSPECTOR)
    assert Clock.objects.get(rule=rules.REPLY_RULE).outcome == "met"
    assert Transfer.objects.get().reply == "已责令停业整顿"
    services.judge_recheck(ref, conclusion="pass", second_officer="刘洋", actor=INSPECTOR)
    assert Hazard.objects.get().state == HazardState.CLOSED
