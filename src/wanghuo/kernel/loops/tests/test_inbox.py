from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wanghuo.base import Text
from wanghuo.base.ids import new_id
from wanghuo.base.time import CHINA
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.indicators import Period, compute
from wanghuo.kernel.loops import clocks, duties, inboxing, ladder
from wanghuo.kernel.loops.models import Duty, LadderStep
from wanghuo.kernel.loops.testing import PUNING, subject
from wanghuo.kernel.regions.models import Region

pytestmark = pytest.mark.django_db
NOW = "2026-09-29 10:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def duty(due: str | None, ref: str = "YH-445281-2026-00001", **fields) -> Duty:
    known = {
        "move": "pass",
        "title": Text(f"复查 {ref}", f"Re-inspect {ref}"),
        "right": "hazards.reinspect",
        "asked_by": actor("inspector", PUNING),
    }
    return duties.open_duty(subject(ref=ref), due_at=at(due) if due else None, **{**known, **fields})


@pytest.mark.parametrize(
    ("due", "group"),
    [
        ("2026-09-29 09:59", "overdue"),
        ("2026-09-29 18:00", "today"),
        ("2026-09-30 00:00", "today"),  # the end of today
        ("2026-10-01 00:00", "soon"),
        ("2026-10-10 00:00", "soon"),  # three working days over the holiday: 30 September, 8 and 9 October
        ("2026-10-10 00:01", "later"),
        (None, "later"),
    ],
)
def test_lines_are_grouped_by_time_left(due: str | None, group: str) -> None:
    duty(due)
    shown = inboxing.groups(inboxing.rows_of("act", actor("inspector", PUNING)), at(NOW))
    assert [g.code for g in shown if g.lines] == [group]


@time_machine.travel(at(NOW), tick=False)
def test_every_open_line_is_in_exactly_one_group_also_when_put_off() -> None:
    for n, due in enumerate(["2026-09-29 09:00", "2026-09-29 18:00", "2026-10-01 00:00", "2026-12-01 00:00", None]):
        duty(due, ref=f"YH-445281-2026-{n:05d}")
    for row in Duty.objects.filter(due_at__gte=at(NOW)):
        duties.snooze(duty_id=row.id, until=at("2026-09-29 12:00"), reason="等材料", actor=actor("inspector", PUNING))
    shown = inboxing.groups(inboxing.rows_of("act", actor("inspector", PUNING)), at(NOW))
    assert {g.code: len(g.lines) for g in shown} == {"overdue": 1, "today": 0, "soon": 0, "later": 4}
    later = inboxing.groups(inboxing.rows_of("act", actor("inspector", PUNING)), at("2026-09-29 13:00"))
    assert {g.code: len(g.lines) for g in later} == {"overdue": 1, "today": 1, "soon": 1, "later": 2}


@time_machine.travel(at(NOW), tick=False)
def test_the_page_shows_three_tabs_with_clock_rule_and_light() -> None:
    user = make_user("li", "inspector", PUNING)
    me = actor("inspector", PUNING, id=user.id)
    thing = subject()
    clocks.start_clock(thing, rule="hazards.recheck", start=at("2026-09-21 10:00"), move="pass")
    duties.open_duty(
        thing,
        move="pass",
        title=Text("复查隐患", "Re-inspect"),
        right="hazards.reinspect",
        asked_by=me,
        rule="hazards.recheck",
    )
    ladder.run_clocks(at("2026-09-25 10:00"))
    client = client_for(user)
    page = client.get("/todo").content.decode()
    for words in ("复查隐患", "YH-445281-2026-00017", "逾期", 'data-key="p"', "/why", "hazards/YH-445281-2026-00017"):
        assert words in page, words
    to_read = client.get("/todo?tab=read").content.decode()
    assert "提醒：复查隐患（已逾期）" in to_read
    assert 'data-key="m"' in to_read
    others = client.get("/todo?tab=others").content.decode()
    assert "复查隐患" in others
    assert 'data-key="p"' not in others
    row = Duty.objects.get(move="pass")
    why = client.get(f"/todo/{row.id}/why").content.decode()
    for words in ("公安部令第120号", "消防监督检查规定 第二十条", "national", "DB-445281-2026-00001"):
        assert words in why, words
    note = Duty.objects.get(kind="read")
    assert client.post(f"/todo/{note.id}/read").status_code == 303
    assert client.post(f"/todo/{note.id}/read").status_code == 409
    assert client.get("/todo?source=x&rung=9&region=zz&tab=%00&group=q").status_code == 200
    assert client.get("/todo", headers={"Accept-Language": "en"}, query_params={"rung": "1"}).status_code == 200
    filtered = client.get("/todo?source=x").content.decode()
    assert "没有符合筛选的事项" in filtered
    assert 'href="/todo?tab=act"' in filtered


def test_an_empty_inbox_leads_on() -> None:
    page = client_for(make_user("worker", "grid_worker", "445281102")).get("/todo").content.decode()
    empty = page[page.index('class="empty"') :]
    assert "没有待办。" in empty
    assert 'href="/hazards"' in empty


def test_a_neighbour_finds_nothing() -> None:
    row = duty("2026-09-29 09:00")
    client = client_for(make_user("zhao", "inspector", "445222"))
    assert "YH-445281-2026-00001" not in client.get("/todo").content.decode()
    for path in (f"/todo/{row.id}/why", f"/todo/{row.id}/snooze", f"/todo/{new_id()}/why"):
        assert client.get(path).status_code == 404
    assert client.post(f"/todo/{row.id}/read").status_code == 404
    assert client.get("/ladder").status_code == 403


def test_a_supervision_paper_is_read_and_answered_on_its_page() -> None:
    clocks.start_clock(subject(), rule="hazards.recheck", start=at("2026-09-21 10:00"))
    for day in ("2026-09-25 09:00", "2026-10-09 09:00"):
        ladder.run_clocks(at(day))
    step = LadderStep.objects.get(rung="urge")
    client = client_for(make_user("wang", "brigade_leader", PUNING))
    assert step.ref in client.get("/ladder?open=1&rung=2&region=445281").content.decode()
    assert "督办" in client.get("/todo").content.decode()
    page = client.get(f"/ladder/{step.ref}").content.decode()
    assert f"/ladder/{step.ref}/acts/answer" in page
    assert "消防监督检查规定" in page
    assert client.post(f"/ladder/{step.ref}/acts/answer", {"answer": ""}).status_code == 422
    assert client.post(f"/ladder/{step.ref}/acts/answer", {"answer": "已派员现场督促"}).status_code == 303
    assert "已派员现场督促" in client.get(f"/ladder/{step.ref}").content.decode()
    assert client.get("/ladder/DB-445281-2026-99999").status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_lines() -> None:
    client = client_for(make_user("li", "inspector", PUNING))
    Region.objects.create(code="445281102", name="流沙东街道", level="town")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/todo").status_code == 200
        return len(seen)

    duty("2026-09-29 09:00")
    queries()
    few = queries()
    for n in range(40):
        duty("2026-09-29 09:00", ref=f"YH-445281-2026-1{n:04d}")
    assert queries() == few


def test_the_on_time_rate_counts_what_came_due(django_assert_num_queries) -> None:
    things = [subject(ref=f"YH-445281-2026-{n:05d}") for n in range(5)]
    for thing in things:
        clocks.start_clock(thing, rule="hazards.recheck", start=at("2026-03-02 10:00"))  # due at the end of 5 March
    stop = lambda thing, day: clocks.stop_clock(thing.kind, thing.id, rule="hazards.recheck", at=at(day))
    stop(things[0], "2026-03-03 10:00")
    stop(things[1], "2026-03-05 10:00")
    stop(things[2], "2026-03-09 10:00")
    clocks.void_clock("hazard", things[3].id, rule="hazards.recheck", at=at("2026-03-03 10:00"))
    with time_machine.travel(at("2026-03-20 10:00"), tick=False):
        found = compute("loops.on_time_rate", PUNING, Period.month(2026, 3))
        assert (found.part.num, found.part.den) == (2, 4)
        assert compute("loops.on_time_rate", PUNING, Period.month(2026, 4)).value is None
        assert compute("loops.overdue", PUNING, Period.month(2026, 3)).value == 1


def bulk(count: int) -> None:
    """Open duties of hazards all over one city."""
    now = at(NOW)
    place = [scope_columns(f"4452{81 + n % 2}10{n % 9}") for n in range(18)]
    Duty.objects.bulk_create(
        [
            Duty(
                subject_kind="hazard",
                subject_id=UUID(int=n),
                subject_ref=f"YH-{n:06d}",
                subject_url="/hazards/x",
                what_zh="隐患",
                what_en="hazard",
                move="pass",
                title_zh="复查",
                title_en="Re-inspect",
                url="/hazards/x",
                right="hazards.reinspect",
                opened_at=now,
                due_at=datetime.fromtimestamp(now.timestamp() + (n % 2000 - 600) * 3600, CHINA),
                **place[n % 18],
            )
            for n in range(count)
        ],
        batch_size=2000,
    )


def test_the_plan_of_the_inbox_goes_by_an_index() -> None:
    bulk(300)
    rows = duties.inbox(actor("inspector", PUNING))[:50]
    plan = rows.explain()
    assert "SCAN loops_duty\n" not in plan + "\n" or "USING INDEX" in plan or connection.vendor != "sqlite"
