"""Registers end to end: set up, fill in, change, confirm, retire, version, and who sees what."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from django.utils import timezone

from wanghuo.base import Conflict, MoveRefused, NotFound, NotPermitted
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.indicators import Period, indicator, indicators
from wanghuo.kernel.indicators.registry import offered
from wanghuo.kernel.ledgers.models import Register, RegisterRow
from wanghuo.kernel.ledgers.registers import counting, defining, rows, selecting
from wanghuo.kernel.ledgers.registers.presets import presets
from wanghuo.kernel.ledgers.registers.reminders import remind
from wanghuo.kernel.ledgers.registers.schema import BadDefinition
from wanghuo.kernel.ledgers.registers.values import WrongValue
from wanghuo.kernel.loops import inbox
from wanghuo.kernel.loops.models import Clock, Duty
from wanghuo.kernel.regions.testing import COUNTY, NEIGHBOUR, SISTER_TOWN, TOWN, make_regions

pytestmark = pytest.mark.django_db

WORKS = {
    "title": ["消防工程台账", "Fire works"],
    "about": ["每项工程的期限与完成", "deadline and completion of each work"],
    "topic": "water",
    "confirm": "month",
    "checker": "county",
    "due": "due_on",
    "met": "done_on",
    "has_place": True,
    "field": [
        {"key": "name", "label": ["名称", "Name"], "kind": "text", "required": True, "public": True},
        {"key": "kind", "label": ["类别", "Kind"], "kind": "choice", "choices": [["a", "新建", "new"], ["b", "改造", "rebuilt"]]},
        {"key": "cost", "label": ["投资", "Cost"], "kind": "money"},
        {"key": "spent", "label": ["已用", "Spent"], "kind": "money"},
        {"key": "due_on", "label": ["期限", "Due"], "kind": "date"},
        {"key": "done_on", "label": ["完成日期", "Done"], "kind": "date"},
        {"key": "ok", "label": ["验收", "Accepted"], "kind": "bool", "fill": "county"},
        {"key": "share", "label": ["进度", "Share"], "kind": "formula", "formula": "spent / cost * 100", "unit": "%"},
        {"key": "phone", "label": ["联系电话", "Telephone"], "kind": "text"},
    ],
    "measure": [
        {"key": "built", "name": ["新建数", "Built"], "kind": "count", "unit": "个", "period": "done_on",
         "where": [{"field": "kind", "op": "is", "values": ["a"]}], "names": ["新建 工程"]},
        {"key": "money", "name": ["投资额", "Money"], "kind": "sum", "field": "cost", "unit": "元"},
        {"key": "accepted", "name": ["验收率", "Accepted"], "kind": "rate", "where": [{"field": "ok", "op": "is", "values": ["1"]}]},
        {"key": "use", "name": ["资金使用率", "Use"], "kind": "ratio", "field": "spent", "over": "cost"},
        {"key": "complete", "name": ["完整率", "Complete"], "kind": "complete"},
        {"key": "on_time", "name": ["按期率", "On time"], "kind": "on_time"},
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _regions() -> None:
    make_regions()


@pytest.fixture
def clerk():
    """A clerk of the county, as the register's author and checker."""
    return actor("committee_clerk", COUNTY)


@pytest.fixture
def town():
    """A clerk of a township, who fills it in."""
    return actor("committee_clerk", TOWN)


@pytest.fixture
def works(clerk) -> Register:
    defining.create_register(code="works", definition=WORKS, region=COUNTY, actor=clerk)
    return defining.publish(code="works", actor=clerk)


def add(who, **values) -> RegisterRow:
    return rows.add_row(register="works", values={"name": "一号", **values}, region=TOWN, actor=who)


def test_a_line_is_written_whole_with_its_name_history_and_audit(works, town) -> None:
    row = add(town, kind="a", cost="1200.5", due_on=date(2026, 3, 5))
    assert row.ref.startswith("TZ-445281-")
    assert row.name == "一号"
    assert row.town_code == TOWN
    assert row.values == {"name": "一号", "kind": "a", "cost": 1200.5, "due_on": "2026-03-05"}
    assert row.changes.get().move == "add"
    assert AuditEntry.objects.filter(action="ledgers:row:add").count() == 1


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"kind": "z"}, WrongValue),
        ({"cost": "viel"}, WrongValue),
        ({"due_on": "2026-02-30"}, WrongValue),
        ({"name": ""}, WrongValue),
        ({"unknown": 1}, WrongValue),
        ({"cost": float("nan")}, WrongValue),
        ({"ok": True}, rows.FilledByOthers),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_written(works, town, values, error) -> None:
    with pytest.raises(error):
        add(town, **values)
    assert not RegisterRow.objects.exists()


def test_a_line_goes_only_where_its_writer_may(works, town) -> None:
    with pytest.raises(rows.OutOfReach):
        rows.add_row(register="works", values={"name": "x"}, region=SISTER_TOWN, actor=town)
    with pytest.raises(NotFound):
        rows.add_row(
            register="works", values={"name": "x"}, region=NEIGHBOUR, actor=actor("committee_clerk", NEIGHBOUR)
        )


def test_the_other_county_sees_neither_register_nor_line_and_a_sector_only_its_own(works, town, clerk) -> None:
    row = add(town)
    schools = actor("sector_officer", COUNTY, sector="education")
    own = rows.add_row(register="works", values={"name": "学校"}, region=TOWN, actor=schools)
    assert own.sector == "education"
    other = actor("committee_clerk", NEIGHBOUR)
    assert not Register.objects.visible_to(other).exists()
    assert not RegisterRow.objects.visible_to(other).exists()
    with pytest.raises(NotFound):
        selecting.get_row("works", row.ref, other)
    assert list(selecting.rows_of(works, schools)) == [own]
    assert selecting.rows_of(works, clerk).count() == 2
    assert not selecting.rows_of(works, actor("committee_clerk", SISTER_TOWN)).exists()


def test_a_deadline_is_a_duty_with_a_clock_until_it_is_met(works, town) -> None:
    row = add(town, due_on=timezone.localdate() + timedelta(days=3))
    clock = Clock.objects.get(subject_id=row.id)
    duty = Duty.objects.get(subject_id=row.id)
    assert clock.due_at == row.due_at == duty.due_at
    assert duty.closed_at is None
    rows.change_row(
        register="works", ref=row.ref, values={"due_on": timezone.localdate() + timedelta(days=9)}, actor=town
    )
    assert Clock.objects.filter(subject_id=row.id, ended_at=None).count() == 1
    rows.change_row(register="works", ref=row.ref, values={"done_on": timezone.localdate()}, actor=town)
    assert not Clock.objects.filter(subject_id=row.id, ended_at=None).exists()
    assert not Duty.objects.filter(subject_id=row.id, closed_at=None).exists()


def test_a_change_keeps_the_rest_ends_the_confirmation_and_is_refused_when_stale(works, town, clerk) -> None:
    row = add(town, kind="a", cost=10)
    rows.confirm_row(register="works", ref=row.ref, actor=clerk)
    row.refresh_from_db()
    assert not selecting.is_unconfirmed(row, selecting.definition_of(works))
    seen = row.changed_at
    row = rows.change_row(register="works", ref=row.ref, values={"cost": None}, actor=town, seen_at=seen)
    assert row.values == {"name": "一号", "kind": "a"}
    assert row.confirmed_until is None
    with pytest.raises(Conflict):
        rows.change_row(register="works", ref=row.ref, values={"cost": 5}, actor=town, seen_at=seen)
    assert row.changes.order_by("-id").first().changes == {"cost": [10.0, None]}


def test_who_wrote_a_line_or_stands_below_does_not_confirm_it(works, town) -> None:
    county = actor("committee_clerk", COUNTY)
    row = add(town)
    with pytest.raises(rows.CheckedAbove):
        rows.confirm_row(register="works", ref=row.ref, actor=town)
    user = make_user("writer", "committee_clerk", COUNTY)
    client = client_for(user)
    mine = rows.add_row(register="works", values={"name": "二号"}, region=TOWN, actor=county)
    RegisterRow.objects.filter(pk=mine.pk).update(changed_by=user.pk)
    answer = client.post("/ledgers/works/confirm", {"ref": [row.ref, mine.ref]})
    assert answer.status_code == 200
    assert "已核对 1 行" in answer.content.decode()
    row.refresh_from_db()
    assert row.confirmed_until is not None


def test_unconfirmed_lines_are_asked_for_once_until_they_are_confirmed(works, town) -> None:
    row = add(town)
    checker = actor("committee_clerk", COUNTY)
    for _ in range(2):
        assert remind(timezone.now()) == 1
    duty = Duty.objects.get(subject_kind="register_confirm", closed_at=None)
    assert duty.region_code == COUNTY
    assert "1" in duty.title_zh
    assert duty in inbox(checker)
    assert duty not in inbox(town)
    rows.confirm_row(register="works", ref=row.ref, actor=checker)
    assert remind(timezone.now()) == 0
    assert not Duty.objects.filter(subject_kind="register_confirm", closed_at=None).exists()


def test_a_retired_line_stands_aside_and_can_come_back(works, town) -> None:
    row = add(town, due_on=timezone.localdate())
    with pytest.raises(MoveRefused):
        rows.restore_row(register="works", ref=row.ref, reason="x", actor=town)
    rows.retire_row(register="works", ref=row.ref, reason="登记错误", actor=town)
    with pytest.raises(MoveRefused):
        rows.change_row(register="works", ref=row.ref, values={"cost": 1}, actor=town)
    assert not Duty.objects.filter(subject_id=row.id, closed_at=None).exists()
    rows.restore_row(register="works", ref=row.ref, reason="恢复", actor=town)
    assert Duty.objects.filter(subject_id=row.id, closed_at=None).exists()


# --- versions ------------------------------------------------------------------------------------------------------


def changed(**edits):
    """The definition with some fields replaced by key, or left out (None)."""
    fields = [edits.get(f["key"], f) for f in WORKS["field"]]
    return {**WORKS, "field": [f for f in fields if f is not None]}


def test_a_new_version_keeps_old_lines_readable(works, town, clerk) -> None:
    row = add(town, cost=10, phone="0663-2255119")
    renamed = {"key": "budget", "label": ["预算", "Budget"], "kind": "money", "was": ["cost"]}
    share = {"key": "share", "label": ["进度", "Share"], "kind": "formula", "formula": "spent / budget * 100"}
    new = changed(cost=renamed, phone=None, share=share)
    new["measure"] = []
    defining.save_draft(code="works", definition=new, actor=clerk)
    assert selecting.definition_of(Register.objects.get(code="works")).field("cost")
    defining.publish(code="works", actor=clerk)
    book = Register.objects.get(code="works")
    row.refresh_from_db()
    assert book.version == 2
    assert row.version == 1
    assert row.values["budget"] == 10.0
    assert row.values["phone"] == "0663-2255119"
    page = client_for(make_user("reader", "committee_clerk", COUNTY)).get(row.url).content.decode()
    assert "联系电话" in page
    assert "0663-2255119" in page
    assert "旧版字段" in page
    rows.change_row(register="works", ref=row.ref, values={"budget": 20}, actor=town)
    row.refresh_from_db()
    assert row.version == 2
    assert row.values["phone"] == "0663-2255119"


def test_a_kind_with_values_does_not_change(works, town, clerk) -> None:
    add(town, cost=10)
    turned = {"key": "cost", "label": ["投资", "Cost"], "kind": "date"}
    plain = {**changed(cost=turned, share=None), "measure": []}
    defining.save_draft(code="works", definition=plain, actor=clerk)
    with pytest.raises(defining.KindChanged):
        defining.publish(code="works", actor=clerk)
    assert Register.objects.get(code="works").version == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"field": []},
        {"field": [{"key": "9", "label": "x"}]},
        {"field": [{"key": "a", "label": "x"}, {"key": "a", "label": "y"}]},
        {"field": [{"key": "a", "label": "x", "kind": "choice"}]},
        {"field": [{"key": "a", "label": "x"}, {"key": "b", "label": "y", "kind": "formula", "formula": "c + 1"}]},
        {"field": [{"key": "a", "label": "联系电话", "public": True}]},
        {"field": [{"key": "a", "label": "x"}], "due": "a"},
        {"field": [{"key": "a", "label": "x"}], "unique": ["b"]},
        {"field": [{"key": "a", "label": "x"}], "measure": [{"key": "m", "name": "n", "kind": "sum", "field": "a"}]},
        {"field": [{"key": "a", "label": "x"}], "measure": [{"key": "m", "name": "n", "where": [{"field": "b"}]}]},
    ],
)
def test_a_broken_definition_is_refused(clerk, broken) -> None:
    from wanghuo.base import Invalid

    with pytest.raises(Invalid):
        defining.create_register(code="broken", definition={"title": ["x", "x"], **broken}, region=COUNTY, actor=clerk)
    assert not Register.objects.exists()


def test_only_whoever_may_define_defines_and_codes_are_taken_once(works, clerk) -> None:
    with pytest.raises(NotPermitted):
        defining.create_register(code="mine", definition=WORKS, region=COUNTY, actor=actor("inspector", COUNTY))
    with pytest.raises(NotPermitted):
        defining.create_register(code="mine", definition=WORKS, region=NEIGHBOUR, actor=clerk)
    with pytest.raises(defining.CodeTaken):
        defining.create_register(code="works", definition=WORKS, region=COUNTY, actor=clerk)
    with pytest.raises(BadDefinition):
        defining.create_register(code="new", definition=WORKS, region=COUNTY, actor=clerk)


# --- measures ------------------------------------------------------------------------------------------------------


def test_measures_are_in_the_catalogue_and_count_what_the_list_shows(works, town, clerk) -> None:
    today = timezone.localdate()
    year = Period.year(today.year)
    add(town, name="a", kind="a", cost=100, spent=50, done_on=today)
    add(town, name="b", kind="b", cost=300, done_on=today, due_on=today - timedelta(days=1))
    rows.add_row(register="works", values={"name": "c", "kind": "a", "ok": True}, region=SISTER_TOWN, actor=clerk)
    codes = {each.code for each in indicators()}
    assert {f"ledgers.works.{m['key']}" for m in WORKS["measure"]} <= codes

    def parts(key, period=year):
        return {
            region: (p.num, p.den, p.missing) for region, p in indicator(f"ledgers.works.{key}").counts(period).items()
        }

    assert parts("built") == {TOWN: (1, 1, 0), SISTER_TOWN: (0, 1, 0), COUNTY: (0, 1, 0)}
    assert parts("money")[TOWN] == (400.0, 1, 0)
    assert parts("money")[SISTER_TOWN] == (0, 1, 1)
    assert parts("accepted") == {TOWN: (0, 2, 0), SISTER_TOWN: (1, 1, 0)}
    assert parts("use")[TOWN] == (50.0, 400.0, 1)
    assert parts("complete") == {TOWN: (0, 2, 0), SISTER_TOWN: (0, 1, 0)}
    assert parts("on_time") == {TOWN: (0, 1, 0)}
    before = Period.year(today.year - 1)
    assert parts("built", before)[TOWN] == (0, 1, 0)
    assert parts("accepted", before) == {}
    client = client_for(make_user("reader", "committee_clerk", COUNTY))
    url = indicator("ledgers.works.built").records(clerk, COUNTY, year, "num")
    page = client.get(url).content.decode()
    assert page.count("data-row") == 1
    assert "新建数" in page
    gap = indicator("ledgers.works.accepted").records(clerk, COUNTY, year, "gap")
    assert client.get(gap).content.decode().count("data-row") == 2


def test_a_published_measure_is_seen_at_once_and_a_preset_before_anybody_uses_it(clerk) -> None:
    assert "ledgers.hydrants.total" in {each.code for each in offered()}
    assert indicator("ledgers.hydrants.total").value(None) is None
    assert "ledgers.works.money" not in {each.code for each in indicators()}
    defining.create_register(code="works", definition=WORKS, region=COUNTY, actor=clerk)
    assert "ledgers.works.money" not in {each.code for each in indicators()}
    defining.publish(code="works", actor=clerk)
    assert indicator("ledgers.works.money").words == ()
    assert indicator("ledgers.works.built").words == ("新建 工程",)


# --- pages ---------------------------------------------------------------------------------------------------------


def in_english(client):
    client.cookies["lang"] = "en"
    return client


def test_every_page_in_both_languages(works, town) -> None:
    row = add(town, kind="a", cost=1, spent=1, done_on=timezone.localdate())
    for client in (
        client_for(make_user("zh", "committee_clerk", COUNTY)),
        in_english(client_for(make_user("en", "committee_clerk", COUNTY))),
    ):
        for path in ("/ledgers", "/ledgers/new", "/ledgers/works", "/ledgers/works/about", "/ledgers/works/setup", "/ledgers/works/preview",
                     "/ledgers/works/new", "/ledgers/works/map", "/ledgers/works/points.json", row.url, f"{row.url}/acts/change",
                     f"{row.url}/acts/retire", f"{row.url}/acts/evidence", f"{row.url}/acts/confirm", "/ledgers/hydrants/about",
                     "/ledgers/works?export=csv", "/ledgers/works?export=xlsx", "/data/imports/template/ledger.works.xlsx",
                     "/data/imports/new?kind=ledger.works"):  # fmt: skip
            answer = client.get(path)
            assert answer.status_code == 200, path
            for close in answer._resource_closers:  # closing the answer would close the connection of the test, too
                close()


def test_a_line_through_the_form(works) -> None:
    client = client_for(make_user("clerk", "committee_clerk", COUNTY))
    answer = client.post(
        "/ledgers/works/new",
        {
            "v-name": "三号",
            "v-kind": "a",
            "v-cost": "12.5",
            "v-ok": "1",
            "v-_region": "赤岗镇",
            "v-_lng": "116.2",
            "v-_lat": "23.3",
        },
    )
    row = RegisterRow.objects.get()
    assert answer.status_code == 303
    assert answer["Location"] == row.url
    assert row.values == {"name": "三号", "kind": "a", "cost": 12.5, "ok": True}
    assert row.region_code == TOWN
    assert row.lng == 116.2
    assert json.loads(client.get("/ledgers/works/points.json").content)["features"][0]["properties"]["url"] == row.url
    wrong = client.post("/ledgers/works/new", {"v-name": "", "v-_region": "没有这里"})
    assert wrong.status_code == 422
    far = client.post("/ledgers/works/new", {"v-name": "x", "v-_region": "揭西县"})
    assert far.status_code == 422
    assert "不在你的范围" in far.content.decode()


def test_a_preset_is_taken_up_and_filled_in(clerk) -> None:
    client = client_for(make_user("clerk", "committee_clerk", COUNTY))
    assert client.get("/ledgers/hydrants")["Location"] == "/ledgers/hydrants/about"
    assert client.post("/ledgers/hydrants/use")["Location"] == "/ledgers/hydrants"
    book = Register.objects.get(code="hydrants")
    assert book.preset
    assert book.region_code == "0"
    assert book.version == 1
    assert client.get("/ledgers/hydrants/setup").status_code == 403
    assert "市政消火栓" in client.get("/ledgers").content.decode()
    assert counting.measures()
    defining.ensure_preset("hydrants", actor=system_actor("cli"))
    book.refresh_from_db()
    assert book.version == 1


@pytest.mark.parametrize("words", ["网格 考评", "scores GRID"])
def test_a_register_is_found_by_its_name_or_purpose_in_either_language(words: str) -> None:
    client = client_for(make_user("office", "committee_clerk", COUNTY))
    page = client.get("/ledgers", {"q": words}).content.decode()
    assert "/ledgers/grid_scores/about" in page
    assert "/ledgers/hydrants/about" not in page
    assert client.post("/ledgers/grid_scores/use").status_code == 303
    page = client.get("/ledgers", {"q": words}).content.decode()
    assert 'href="/ledgers/grid_scores"' in page
    none = client.get("/ledgers", {"q": "没有这样的\x00"}).content.decode()
    assert "没有这样的台账" in none
    assert "/about" not in none


def test_a_preset_that_a_page_of_the_platform_covers_leads_there(clerk) -> None:
    client = client_for(make_user("office", "committee_clerk", COUNTY))
    told = {code: preset.page[0] for code, preset in presets().items() if preset.page}
    assert told == {
        "campaign_tasks": "/programmes/tasks",
        "duty_lists": "/duty-lists",
        "inspection_tours": "/tours",
        "reports_sent": "/reports",
        "task_table": "/programmes/tasks",
    }
    gallery = client.get("/ledgers").content.decode()
    for code, page in told.items():
        assert f'<a href="{page}">' in gallery
        assert f'<a href="{page}">' in client.get(f"/ledgers/{code}/about").content.decode()
        assert client.get(page).status_code == 200
