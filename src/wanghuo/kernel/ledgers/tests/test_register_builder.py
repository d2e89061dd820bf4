"""The builder: every button keeps a draft, mistakes are told where they are, and a table's headings become fields."""

from __future__ import annotations

import io

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base import Invalid
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.files.models import StoredFile
from wanghuo.kernel.files.testing import photo
from wanghuo.kernel.ledgers.models import Register, RegisterRow
from wanghuo.kernel.ledgers.registers import builder, defining
from wanghuo.kernel.regions.testing import COUNTY, make_regions


@pytest.fixture
def client(db):
    make_regions()
    return client_for(make_user("clerk", "committee_clerk", COUNTY))


def begin(client, **more):
    answer = client.post(
        "/ledgers/new", {"title_zh": "取水点", "title_en": "Water points", "code": "points", "like": "", **more}
    )
    assert answer.status_code == 303, answer.content.decode()
    return Register.objects.get(code="points")


def press(client, button: str, **edits):
    """Press a button of the builder with the form as it stands, some values replaced."""
    book = Register.objects.get(code="points")
    definition = defining.draft_of(book)
    data = {name: definition.get(name, "") for name in builder.HEAD}
    data |= {
        "title_zh": definition["title"][0],
        "title_en": definition["title"][1],
        "unique": ",".join(definition["unique"]),
    }
    for i, field in enumerate(definition["field"]):
        data |= {f"field.{i}.zh": field["label"][0], f"field.{i}.en": field["label"][1]}
        data |= {f"field.{i}.{n}": field.get(n, "") for n in ("key", "kind", "unit", "mark", "fill", "formula")}
        data |= {f"field.{i}.{n}": "on" for n in ("required", "public", "personal") if field.get(n)}
        data[f"field.{i}.choices"] = builder.choices_text(field.get("choices", ()))
        data[f"field.{i}.was_key"] = field["key"] if book.version else ""
    for i, measure in enumerate(definition["measure"]):
        data |= {f"measure.{i}.zh": measure["name"][0], f"measure.{i}.en": measure["name"][1]}
        data |= {
            f"measure.{i}.{n}": measure.get(n, "") for n in ("key", "kind", "unit", "field", "over", "period", "better")
        }
        data[f"measure.{i}.where"] = builder.conditions_text(measure.get("where", ()))
    return client.post("/ledgers/points/setup", {**data, "op": button, **edits})


def keys() -> list[str]:
    return [f["key"] for f in Register.objects.get(code="points").draft["field"]]


def test_fields_are_added_moved_removed_and_published(client) -> None:
    begin(client)
    for _ in range(2):
        press(client, "add.field")
    assert keys() == ["name", "f1", "f2"]
    moved = press(client, "up.field.2")
    assert moved["Location"].endswith("?at=field-1-up#field-1-up")
    assert keys() == ["name", "f2", "f1"]
    page = client.get(moved["Location"]).content.decode()
    assert 'id="field-1-up" autofocus' in page
    press(client, "down.field.0")
    press(client, "drop.field.2")
    assert keys() == ["f2", "name"]
    edits = {
        "field.0.key": "state",
        "field.0.kind": "choice",
        "field.0.zh": "状态",
        "field.0.choices": "good=完好|in order\n损坏\n停用|off",
    }
    assert press(client, "save", **edits).status_code == 303
    assert Register.objects.get(code="points").draft["field"][0]["choices"] == [
        ["good", "完好", "in order"],
        ["c2", "损坏", "损坏"],
        ["c3", "停用", "off"],
    ]
    press(client, "add.measure")
    measure = {"measure.0.kind": "rate", "measure.0.where": "state=good", "measure.0.names": "取水点 完好率、完好率"}
    assert press(client, "publish", **measure)["Location"] == "/ledgers/points"
    book = Register.objects.get(code="points")
    assert (book.version, book.state, book.draft) == (1, "in_use", None)
    assert client.get("/indicators/ledgers.points.m1").status_code == 200


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ({"field.0.kind": "choice"}, "没有选项"),
        ({"field.0.key": "Name"}, "不能作字段名"),
        ({"field.0.zh": "", "field.0.en": ""}, "没有名称"),
        ({"field.0.zh": "联系电话", "field.0.public": "on"}, "涉及个人信息"),
        ({"field.0.kind": "formula", "field.0.formula": "1 +"}, "至少要有一个要填的字段"),
        ({"title_zh": ""}, "没有名称"),
        ({"due": "name"}, "不是日期字段"),
    ],
)
def test_a_mistake_is_told_and_what_was_typed_stays(client, edits, words) -> None:
    begin(client)
    answer = press(client, "save", **edits)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert keys() == ["name"]


def test_a_renamed_key_of_a_published_register_moves_its_values(client) -> None:
    begin(client)
    press(client, "publish")
    client.post("/ledgers/points/new", {"v-name": "一号", "v-_region": ""})
    press(client, "publish", **{"field.0.key": "title"})
    assert RegisterRow.objects.get().values == {"title": "一号"}
    press(client, "save", **{"field.0.zh": "点位"})
    assert press(client, "drop_draft").status_code == 303
    assert Register.objects.get(code="points").draft is None


def test_headings_become_fields(client) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["消防取水点登记表"])
        sheet.write_row(1, 0, ["名称", "乡镇", "水深（m）", "投资金额（元）", "建成日期", "可用", "类型", "备注"])
        for i in range(8):
            row = [
                f"{i}号",
                "赤岗镇",
                2.5,
                10000,
                "2026-03-05",
                "是" if i % 2 else "否",
                "天然" if i % 2 else "人工",
                "无" * i,
            ]
            sheet.write_row(2 + i, 0, row)
    begin(client, table=SimpleUploadedFile("points.xlsx", out.getvalue()))
    found = {f["label"][0]: f for f in Register.objects.get(code="points").draft["field"]}
    kinds = {label: f["kind"] for label, f in found.items()}
    assert kinds == {
        "名称": "text",
        "乡镇": "region",
        "水深": "float",
        "投资金额": "money",
        "建成日期": "date",
        "可用": "bool",
        "类型": "choice",
        "备注": "long",
    }
    assert found["水深"]["unit"] == "m"
    refused = client.post(
        "/ledgers/new", {"title_zh": "x", "code": "other", "table": SimpleUploadedFile("x.xlsx", b"\x00\x01")}
    )
    assert refused.status_code == 422


def test_files_of_a_line(client) -> None:
    begin(client)
    press(client, "add.field")
    edits = {"field.1.key": "photo", "field.1.kind": "file", "field.1.required": "on"}
    assert press(client, "publish", **edits).status_code == 303
    assert client.post("/ledgers/points/new", {"v-name": "一号"}).status_code == 422
    assert not RegisterRow.objects.exists()
    picture = photo(name="a.jpg")
    made = client.post("/ledgers/points/new", {"v-name": "一号", "v-photo": picture})
    row = RegisterRow.objects.get()
    assert row.values["photo"] == [str(StoredFile.objects.get().id)]
    more = photo(name="b.jpg")
    assert client.post(f"{row.url}/acts/evidence", {"proofs": more}).status_code == 303
    page = client.get(made["Location"]).content.decode()
    assert page.count("/thumb") == 2
    assert "新字段" in page


@given(st.text(alphabet="ab=|，!？?>\n 中1", max_size=60))
def test_what_is_typed_as_choices_or_conditions_never_crashes(text: str) -> None:
    for read in (builder.choices, builder.conditions):
        try:
            read(text)
        except Invalid:
            continue


words = st.text(alphabet="ab中文1 ", min_size=1, max_size=8).map(str.strip).filter(bool)


@given(
    st.lists(
        st.tuples(st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True), words, words),
        unique_by=lambda c: c[0],
        max_size=5,
    )
)
def test_choices_read_back_as_they_were(rows) -> None:
    assert builder.choices(builder.choices_text(rows)) == [list(row) for row in rows]
