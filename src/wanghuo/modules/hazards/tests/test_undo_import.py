"""Taking back an import of hazards: whole, with clocks and duties, unless somebody has acted on one of them."""

from __future__ import annotations

import pytest

from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.ledgers import service
from wanghuo.kernel.loops.models import Clock, Duty
from wanghuo.kernel.regions.testing import make_regions
from wanghuo.modules.hazards import public as hazards
from wanghuo.modules.hazards.models import Finding, Hazard, Step

pytestmark = pytest.mark.django_db
STEWARD = actor("data_steward", "445281")
FILE = """编号,区划,位置,问题,发现时间,整改期限,销案时间
A-1,赤岗镇,1 层,占用疏散通道,2026-03-01 09:00,2026-03-20 09:00,2026-03-10 09:00
A-2,赤岗镇,2 层,安全出口锁闭,2026-03-02 09:00,2026-04-02 09:00,
A-3,赤岗镇,3 层,应急照明损坏,2026-03-03 09:00,,
"""


@pytest.fixture
def run():
    make_regions()
    begun = service.start(
        kind_code="hazards", chunks=[FILE.encode()], file_name="隐患.csv", region="445281", actor=STEWARD
    )
    service.set_mapping(run_id=begun.id, data=dict(begun.mapping), actor=STEWARD)
    service.check(run_id=begun.id, actor=STEWARD)
    service.begin_write(run_id=begun.id, actor=STEWARD)
    return service.write(run_id=begun.id, actor=STEWARD)


def test_nothing_is_left_of_an_import_taken_back(run):
    of_these = {"subject_id__in": list(Hazard.objects.values_list("pk", flat=True))}
    assert Hazard.objects.count() == 3
    assert Duty.objects.still_open().filter(**of_these).count() == 2
    undone, blocked = service.undo(run_id=run.id, actor=STEWARD)
    assert (undone.state, blocked) == ("undone", [])
    assert [model.objects.count() for model in (Hazard, Finding, Step)] == [0, 0, 0]
    assert not Duty.objects.still_open().filter(**of_these).exists()
    assert set(Clock.objects.filter(**of_these).values_list("outcome", flat=True)) == {"void"}


def test_a_hazard_on_which_somebody_acted_stays_and_keeps_the_rest(run):
    hazard = Hazard.objects.get(place="3 层")
    hazards.verify(hazard.ref, actor=actor("committee_clerk", "445281"))
    _, blocked = service.undo(run_id=run.id, actor=STEWARD)
    assert blocked == [hazard.ref]
    assert Hazard.objects.count() == 3
