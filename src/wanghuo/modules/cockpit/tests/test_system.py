"""System health: problems first, dead letters can be delivered again, and only by whom it concerns."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.jobs.beats import beat
from wanghuo.kernel.jobs.models import PeriodicRun, ProcessBeat
from wanghuo.kernel.notify.models import Endpoint, Sending
from wanghuo.kernel.outbox.models import Delivery, OutboxEvent
from wanghuo.kernel.ui.testing import assert_nothing_inline, words
from wanghuo.modules.cockpit.system import health

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("regions")]


@pytest.fixture
def client():
    return client_for(make_user("admin", "system_admin", "445281"))


@pytest.fixture
def dead():
    event = OutboxEvent.objects.create(kind="hazards.hazard_closed", payload={}, at=timezone.now())
    return Delivery.objects.create(
        event=event, listener="x.y", next_at=timezone.now(), dead=True, attempts=9, error="ValueError: no"
    )


def problems() -> str:
    return "\n".join(text.zh for text in health().problems)


def test_a_worker_that_beats_is_no_problem_and_a_silent_one_is():
    assert "后台进程没有运行" in problems()
    beat("worker", delivered=3)
    assert "后台进程" not in problems()
    ProcessBeat.objects.update(at=timezone.now() - timedelta(minutes=2))
    assert "后台进程没有运行" in problems()
    assert "没有正常结束" in problems()


def test_each_thing_that_goes_wrong_is_named(dead):
    old = OutboxEvent.objects.create(kind="x.y", payload={}, at=timezone.now() - timedelta(minutes=5))
    Delivery.objects.create(event=old, listener="x.y", next_at=timezone.now())
    PeriodicRun.objects.create(name="cockpit.map_cells", every_s=60, next_at=timezone.now(), failures_in_row=2)
    told = problems()
    for part in ("1 条事件多次投递失败", "投递滞后", "cockpit.map_cells 连续失败 2 次"):
        assert part in told


def test_the_page_shows_problems_before_the_rest(client, dead):
    beat("worker", delivered=3)
    answer = client.get("/admin/system")
    assert_nothing_inline(answer)
    told = words(answer)
    assert told.index("需要处理") < told.index("进程") < told.index("定时任务")
    for part in ("worker@", "后台任务", "已投递 3", "hazards.hazard_closed", "ValueError: no", "再投一次", "Django"):
        assert part in told
    client.cookies["lang"] = "en"
    assert "Dead letters" in words(client.get("/admin/system"))


def test_a_dead_letter_is_delivered_again_and_that_is_on_record(client, dead):
    answer = client.post(f"/admin/system/outbox/{dead.pk}/retry")
    assert answer.status_code == 303
    dead.refresh_from_db()
    assert (dead.dead, dead.attempts) == (False, 0)
    assert AuditEntry.objects.get(action="cockpit:outbox:retry").object == str(dead.pk)
    assert client.post(f"/admin/system/outbox/{dead.pk}/retry").status_code == 404


def test_what_was_told_in_vain_is_named_and_sent_again(client):
    endpoint = Endpoint.objects.create(name="省平台", url="https://hooks.example.org/")
    common = {"way": "webhook", "address": endpoint.url, "endpoint": endpoint, "payload": {}}
    Sending.objects.create(**common, attempts=1, error="没有正常应答")
    given_up = Sending.objects.create(**common, attempts=8, state="failed", error="没有正常应答")
    Sending.objects.create(way="sms", address="user:1", payload={}, attempts=2, error="TimeoutError")
    told = problems()
    for part in ("推送 省平台 没有成功，1 条在重试：没有正常应答", "推送 省平台 有 1 条已放弃", "推送 短信 没有成功"):
        assert part in told
    assert "再发一次" in words(client.get("/admin/system"))
    assert client.post("/admin/system/sending/retry", {"name": "省平台"}).status_code == 303
    given_up.refresh_from_db()
    assert (given_up.state, given_up.attempts) == ("waiting", 0)
    assert AuditEntry.objects.get(action="cockpit:sending:retry").object == "省平台"
    assert client.post("/admin/system/sending/retry", {"name": "省平台"}).status_code == 404


@pytest.mark.parametrize("role", ["government_leader", "auditor", "security_admin", "unit_manager"])
def test_it_takes_the_right(role, dead):
    client = client_for(make_user("other", role, "445281"))
    assert client.get("/admin/system").status_code == 403
    assert client.post(f"/admin/system/outbox/{dead.pk}/retry").status_code == 403
    dead.refresh_from_db()
    assert dead.dead
