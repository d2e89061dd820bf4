"""Lists: filters as a sentence, pages that lose and repeat nothing, counts that stop, exports that are files."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db.models import Q
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from wanghuo.base import NotPermitted, Text
from wanghuo.kernel.access.actor import Actor, Grant
from wanghuo.kernel.regions.models import Region
from wanghuo.kernel.ui import exports, language
from wanghuo.kernel.ui.cells import show
from wanghuo.kernel.ui.lists import Choice, Column, Flag, Link, ListPage, Words
from wanghuo.kernel.ui.models import FormKey
from wanghuo.kernel.ui.paging import Order, capped_count, slice_of

LEADER = Actor(id=7, name="张伟", grants=(Grant("brigade_leader", "445281"),))
CLERK = Actor(id=8, name="李", grants=(Grant("inspector", "445281"),))
START = datetime(2026, 3, 1, tzinfo=UTC)
SHEET = ListPage(
    title=Text("表单", "Forms"),
    what=Text("表单", "form"),
    columns=(
        Column("url", Text("地址", "Address"), kind="ref", sort="url"),
        Column("user", Text("人", "Person"), value="user_id", kind="number", sort="user_id"),
        Column("at", Text("时间", "Time"), kind="when", sort="at", wide=True),
    ),
    filters=(
        Words(fields=("url",)),
        Choice("who", Text("人", "Person"), {"1": Text("甲", "A"), "2": Text("乙", "B")}, field="user_id"),
        Flag("nobody", Text("无人", "nobody"), lambda: Q(user_id=None)),
    ),
    row_url="/forms/{0.key}",
    sort="-at",
    regional=False,
    code="ui:form",
    export_right="hazards.export",
    links=(Link(Text("新建", "New"), "/new", "hazards.report"), Link(Text("管", "Manage"), "/m", "accounts.manage")),
    page_size=4,
)


def ask(path: str, actor: Actor = LEADER, **headers: str):
    request = RequestFactory().get(path, headers=headers)
    request.actor = actor
    return request


def make(*people: int | None) -> list[FormKey]:
    rows = [FormKey(key=UUID(int=i + 1), user_id=who, url=f"/u/{i:03d}") for i, who in enumerate(people)]
    FormKey.objects.bulk_create(rows)
    for i, row in enumerate(rows):
        FormKey.objects.filter(pk=row.pk).update(at=START + timedelta(minutes=i // 3))
    return rows


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(st.one_of(st.none(), st.integers(1, 3)), max_size=17),
    order=st.sampled_from([Order(f, d) for f in ("pk", "user_id", "at", "url") for d in (False, True)]),
    size=st.integers(1, 5),
)
def test_pages_forwards_and_backwards_are_the_whole_list_once(people, order, size):
    FormKey.objects.all().delete()
    make(*people)
    rows = FormKey.objects.all()
    forward, marks, page = [], [], slice_of(rows, order, size=size)
    assert page.before is None
    while True:
        forward.append([row.pk for row in page.rows])
        marks.append(page)
        if page.after is None:
            break
        page = slice_of(rows, order, after=page.after, size=size)
    flat = [pk for part in forward for pk in part]
    assert len(flat) == len(set(flat)) == len(people)
    values = [getattr(FormKey.objects.get(pk=pk), order.field) for pk in flat]
    known = [v for v in values if v is not None]
    assert known == sorted(known, reverse=order.descending)
    assert values[len(known) :] == [None] * (len(values) - len(known)), "the unknown stand last"
    backward = [forward[-1]]
    while page.before is not None:
        page = slice_of(rows, order, before=page.before, size=size)
        backward.insert(0, [row.pk for row in page.rows])
    assert [pk for part in backward for pk in part] == flat


@pytest.mark.django_db
def test_rows_that_come_and_go_neither_repeat_nor_hide_others():
    rows = make(*([1] * 9))
    first = slice_of(FormKey.objects.all(), Order("url"), size=3)
    FormKey.objects.create(key=uuid4(), user_id=1, url="/u/000a")
    first.rows[2].delete()
    second = slice_of(FormKey.objects.all(), Order("url"), after=first.after, size=3)
    assert [row.url for row in second.rows] == [row.url for row in rows[3:6]]


@pytest.mark.django_db
@pytest.mark.parametrize("cursor", ["x", "eyJhIjoxfQ", "W10", "bm90IGpzb24", "WyJ1cmwiLG51bGwsMV0"])
def test_a_cursor_that_is_none_shows_the_first_page(cursor):
    rows = make(1, 1, 1)
    assert [r.pk for r in slice_of(FormKey.objects.all(), Order("url"), after=cursor).rows] == [r.pk for r in rows]


@pytest.mark.django_db
def test_counting_stops_at_the_limit():
    make(*([1] * 12))
    assert capped_count(FormKey.objects.all(), 12) == (12, False)
    assert capped_count(FormKey.objects.all(), 11) == (11, True)


@pytest.mark.django_db
def test_filters_read_as_a_sentence_and_leave_one_by_one():
    make(1, 2, None, 1)
    shown = SHEET.of(ask("/forms?who=1&who=2&q=/u&after=abc&who=9&nobody=1"), FormKey.objects.all())
    assert shown.sentence == "含=“/u”、人=甲、乙、人=“9”不是选项、无人"
    assert [chip.valid for chip in shown.chips] == [True, True, False, True]
    with language.using("en"):
        assert shown.sentence == "contains=“/u”, Person=A, B, Person=“9” is no option, nobody"
    assert "after" not in shown.clear_url
    assert SHEET.of(ask("/forms?who=1"), FormKey.objects.all()).count == "2"
    assert SHEET.of(ask("/forms?who=9"), FormKey.objects.all()).count == "4"
    assert SHEET.of(ask("/forms?nobody=1"), FormKey.objects.all()).count == "1"
    assert SHEET.of(ask("/forms"), FormKey.objects.all()).sentence == "全部"


@pytest.mark.django_db
def test_only_sortable_columns_sort_and_the_head_says_so():
    make(2, 1, 3)
    shown = SHEET.of(ask("/forms?sort=user"), FormKey.objects.all())
    assert [row.object.user_id for row in shown.rows] == [1, 2, 3]
    assert [head.sorted for head in shown.heads] == ["", "ascending", ""]
    assert SHEET.of(ask("/forms?sort=key"), FormKey.objects.all()).order == Order("at", True)


@pytest.mark.django_db
def test_buttons_follow_rights():
    shown = SHEET.of(ask("/forms"), FormKey.objects.none())
    assert [link.url for link in shown.links] == ["/new"]
    assert shown.may_export
    assert not SHEET.of(ask("/forms", Actor(id=9, name="x")), FormKey.objects.none()).may_export


@pytest.mark.django_db
def test_an_export_without_the_right_is_refused():
    with pytest.raises(NotPermitted):
        SHEET.of(ask("/forms", Actor(id=9, name="x")), FormKey.objects.none()).export("csv")


def table(*rows):
    return exports.Table(Text("隐患", "Hazards"), ["编号", "说明"], rows, "状态=整改中", "张伟", START)


def test_a_csv_opens_in_a_spreadsheet_and_runs_no_formula():
    response = exports.as_file(table(["YH-1", "=1+1"], ["YH-2", "a,b"]), "csv")
    text = b"".join(response.streaming_content).decode()
    assert text == '\ufeff编号,说明\r\nYH-1,\'=1+1\r\nYH-2,"a,b"\r\n'
    assert "filename*=UTF-8''%E9%9A%90%E6%82%A3-20260301-0000.csv" in response["Content-Disposition"]


def test_a_workbook_keeps_codes_as_text_and_says_what_it_is():
    response = exports.as_file(table(["445281", "=1+1"], ["0017", 3.5]), "xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(response.content))
    assert book.get_sheet_by_index(0).to_python() == [["编号", "说明"], ["445281", "=1+1"], ["0017", 3.5]]
    about = dict(row[:2] for row in book.get_sheet_by_index(1).to_python())
    assert (about["筛选"], about["条数"], about["导出人"]) == ("状态=整改中", 2.0, "张伟")


@pytest.mark.django_db
def test_a_list_over_regions_shows_names_and_dashes():
    Region.objects.create(code="445281", name="普宁市", name_en="Puning", level="county")
    page = ListPage(
        title=Text("区划", "Regions"),
        what=Text("区划", "region"),
        columns=(
            Column("code", Text("名称", "Name"), kind="region", sort="code"),
            Column("population", Text("人口", "Population"), kind="number"),
        ),
        sort="code",
        regional=False,
    )
    (row,) = page.of(ask("/r"), Region.objects.all()).rows
    assert [str(cell) for _, cell in row.cells] == ["普宁市", "—"]
    with language.using("en"):
        (row,) = page.of(ask("/r"), Region.objects.all()).rows
        assert [str(cell) for _, cell in row.cells] == ["Puning", "—"]


@pytest.mark.django_db
def test_chinese_words_on_an_english_page_are_marked_as_such():
    region = Region(code="445281", name="普宁市<b>", name_en="Puning", level="county")
    column = Column("name", Text("名称", "Name"))
    assert show(column, region) == "普宁市<b>"
    with language.using("en"):
        assert show(column, region) == '<span lang="zh-CN">普宁市&lt;b&gt;</span>'
        assert show(Column("name_en", Text("英文名", "English name")), region) == "Puning"
