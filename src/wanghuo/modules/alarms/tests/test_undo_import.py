"""Taking back an import of past alarms: whole, unless something was said of one of them since."""

from __future__ import annotations

import pytest

from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.ledgers import service
from wanghuo.kernel.regions.testing import make_regions
from wanghuo.modules.alarms.models import Alarm, AlarmNote

pytestmark = pytest.mark.django_db
STEWARD = actor("data_steward", "445281")
FILE = """编号,区划,位置,收到时间,判定时间,结论
B-1,赤岗镇,1 层烟感,2026-03-01 09:00:00,2026-03-01 09:02:00,误报
B-2,赤岗镇,2 层烟感,2026-03-02 09:00:00,2026-03-02 09:01:00,误报
"""


def test_an_import_is_taken_back_whole_or_not_at_all():
    make_regions()
    run = service.start(
        kind_code="alarms", chunks=[FILE.encode()], file_name="报警.csv", region="445281", actor=STEWARD
    )
    service.set_mapping(run_id=run.id, data=dict(run.mapping), actor=STEWARD)
    checked = service.check(run_id=run.id, actor=STEWARD)
    assert checked.counts["error"] == 0, checked.problems
    service.begin_write(run_id=run.id, actor=STEWARD)
    service.write(run_id=run.id, actor=STEWARD)
    alarm = Alarm.objects.get(place="2 层烟感")
    line = AlarmNote.objects.create(alarm=alarm, at=alarm.received_at, act="note", text="核对")
    _, blocked = service.undo(run_id=run.id, actor=STEWARD)
    assert (blocked, Alarm.objects.count()) == ([alarm.ref], 2)
    line.delete()
    undone, blocked = service.undo(run_id=run.id, actor=STEWARD)
    assert (undone.state, blocked, Alarm.objects.count(), AlarmNote.objects.count()) == ("undone", [], 0, 0)
