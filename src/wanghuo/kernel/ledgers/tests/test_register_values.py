"""Any register, any rows: what is kept comes back the same from the form, from an export and from an import of it."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wanghuo.base import Invalid, NotFound, NotPermitted
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.indicators import Period, indicator
from wanghuo.kernel.ledgers import mapping as maps
from wanghuo.kernel.ledgers import service, workbooks
from wanghuo.kernel.ledgers.importing import import_kind
from wanghuo.kernel.ledgers.models import (
    ImportedRow,
    ImportRun,
    Register,
    RegisterRow,
    RegisterUse,
    RegisterVersion,
    RowChange,
)
from wanghuo.kernel.ledgers.registers import counting, forms, rows, schema, selecting
from wanghuo.kernel.ledgers.registers import values as cells
from wanghuo.kernel.ledgers.registers.defining import ensure_presets, use_register
from wanghuo.kernel.ledgers.registers.presets import TOPICS, presets
from wanghuo.kernel.ledgers.registers.testing import make_register
from wanghuo.kernel.regions.testing import COUNTY, SISTER_TOWN, TOWN, make_regions

KINDS = ("text", "long", "int", "float", "money", "percent", "bool", "date", "choice", "choices")
WORDS = st.text(alphabet=st.characters(categories=("L", "N"), include_characters=" ，。-()"), min_size=1, max_size=30)
CHOICES = [["a", "甲", "first"], ["b", "乙", "second"], ["c3", "丙", "third"]]
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
NUMBERS = st.integers(-(10**9), 10**9).map(lambda n: n / 100)
VALUES = {
    "text": WORDS,
    "long": WORDS,
    "int": st.integers(-(10**12), 10**12),
    "float": NUMBERS,
    "money": NUMBERS,
    "percent": NUMBERS,
    "bool": st.booleans(),
    "date": DAYS,
    "choice": st.sampled_from("ab").map(str),
    "choices": st.lists(st.sampled_from(["a", "b", "c3"]), unique=True),
}
MAKER = system_actor("test")
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@st.composite
def registers(draw):
    """A definition with a name and up to eight fields, and some rows of it."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=8))
    fields = [{"key": "name", "label": ["名称", "Name"], "kind": "text", "required": True}]
    for i, kind in enumerate(kinds):
        field = {"key": f"f{i}", "label": [f"字段{i}", f"Field {i}"], "kind": kind}
        if kind in ("choice", "choices"):
            field["choices"] = CHOICES
        fields.append(field)
    row = st.fixed_dictionaries({"name": WORDS}, optional={f"f{i}": VALUES[kind] for i, kind in enumerate(kinds)})
    return {"title": ["任意", "Any"], "field": fields}, draw(st.lists(row, min_size=1, max_size=4))


def kept_rows(definition, given_rows):
    """What the service would keep, of the rows it takes."""
    found = []
    for row in given_rows:
        try:
            found.append(cells.accept_all(definition, row, MAKER))
        except Invalid:
            continue
    return found


@settings(max_examples=50, deadline=None, suppress_health_check=CHECKS)
@given(registers())
def test_what_is_kept_is_taken_again_unchanged(made) -> None:
    data, given_rows = made
    definition = schema.read(data)
    assert schema.read(definition.as_json()) == definition
    for kept in kept_rows(definition, given_rows):
        assert cells.accept_all(definition, kept, MAKER) == kept
        assert cells.likeness(definition, kept, TOWN) == cells.likeness(definition, dict(reversed(kept.items())), TOWN)


@settings(max_examples=50, deadline=None, suppress_health_check=CHECKS)
@given(registers())
def test_a_row_through_its_form_comes_back_the_same(made) -> None:
    data, given_rows = made
    definition = schema.read(data)
    for kept in kept_rows(definition, given_rows):
        row = RegisterRow(values=kept, region_code=TOWN, changed_at=timezone.now())
        form_class = forms.row_form(definition, MAKER, region=TOWN, row=row)
        initial = forms.initial_of(definition, row)
        posted = {f"v-{k}": v for k, v in initial.items() if v is not None}
        form = form_class(posted, prefix=forms.PREFIX)
        assert form.is_valid(), form.errors
        values, files = forms.given_values(definition, form.cleaned_data, row)
        assert cells.accept_all(definition, values, MAKER) == kept
        assert files == {}


@pytest.mark.django_db
@settings(max_examples=15, deadline=None, suppress_health_check=CHECKS)
@given(registers())
def test_an_export_imported_elsewhere_gives_the_same_rows(made) -> None:
    make_regions()
    data, given_rows = made
    for model in (ImportedRow, ImportRun, RowChange, RegisterRow, RegisterUse, RegisterVersion, Register):
        model.objects.all().delete()
    make_register("one", data)
    make_register("two", data)
    definition = schema.read(data)
    empty = set(map(str, maps.values.EMPTY))
    for kept in kept_rows(definition, given_rows):
        if any(str(v).strip().lower() in empty for v in kept.values() if isinstance(v, str)):
            continue  # 无 and its like are how files say nothing
        rows.add_row(register="one", values=kept, region=TOWN, actor=MAKER)
    before = [r.values for r in RegisterRow.objects.filter(register__code="one").order_by("id")]
    lines = csv_of("one")
    run = service.start(kind_code="ledger.two", chunks=[lines], file_name="one.csv", region=TOWN, actor=MAKER)
    run = service.check(run_id=run.id, actor=MAKER)
    unlike = len({str(sorted(v.items())) for v in before})
    assert run.counts["new"] == unlike, run.problems
    if unlike:
        service.begin_write(run_id=run.id, actor=MAKER)
        run = service.write(run_id=run.id, actor=MAKER)
        assert run.state == "written", run.failure
    after = [r.values for r in RegisterRow.objects.filter(register__code="two").order_by("id")]
    assert sorted(map(str, map(sorted_items, after))) == sorted({str(sorted_items(v)) for v in before})


def sorted_items(values):
    return sorted(values.items())


def csv_of(code: str) -> bytes:
    """The list of a register as its export writes it, without the byte that keeps spreadsheets from running texts."""
    book = Register.objects.get(code=code)
    page = list(import_kind(f"ledger.{code}").columns)
    definition = selecting.definition_of(book)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([c.label.zh for c in page])
    for row in selecting.rows_of(book, MAKER):
        line = [row.region_code]
        for field in definition.stored:
            plain = cells.plain(field, cells.kept(field, row.values))
            line.append("" if plain is None else getattr(plain, "zh", plain))
        writer.writerow(line)
    return out.getvalue().encode()


# --- measures ------------------------------------------------------------------------------------------------------

PLAN = {
    "title": ["设施", "Facilities"],
    "due": "due_on",
    "met": "done_on",
    "field": [
        {"key": "name", "label": ["名称", "Name"], "required": True},
        {"key": "kind", "label": ["类别", "Kind"], "kind": "choice", "choices": CHOICES},
        {"key": "tags", "label": ["标签", "Tags"], "kind": "choices", "choices": CHOICES},
        {"key": "ok", "label": ["合格", "Passed"], "kind": "bool"},
        {"key": "n", "label": ["数量", "Count"], "kind": "int"},
        {"key": "of", "label": ["总数", "Of"], "kind": "int"},
        {"key": "due_on", "label": ["期限", "Due"], "kind": "date"},
        {"key": "done_on", "label": ["完成", "Done"], "kind": "date"},
    ],
    "measure": [
        {"key": "done", "name": "完成数", "kind": "count", "period": "done_on", "where": [{"field": "kind", "values": ["a", "b"]}]},
        {"key": "sum", "name": "数量", "kind": "sum", "field": "n", "where": [{"field": "tags", "values": ["c3"]}]},
        {"key": "rate", "name": "合格率", "kind": "rate", "where": [{"field": "ok", "values": [True]}], "base": [{"field": "kind", "op": "not", "values": ["b"]}]},
        {"key": "ratio", "name": "比", "kind": "ratio", "field": "n", "over": "of", "base": [{"field": "n", "op": "least", "values": [5]}]},
        {"key": "filled", "name": "已填", "kind": "rate", "where": [{"field": "done_on", "op": "filled"}], "base": [{"field": "tags", "op": "empty"}]},
        {"key": "on_time", "name": "按期率", "kind": "on_time"},
    ],
}  # fmt: skip
facility = st.fixed_dictionaries(
    {"name": st.just("x"), "town": st.sampled_from([TOWN, SISTER_TOWN])},
    optional={
        "kind": st.sampled_from(["a", "b", "c3"]),
        "tags": st.lists(st.sampled_from(["a", "b", "c3"]), min_size=1, unique=True),
        "ok": st.booleans(),
        "n": st.integers(0, 20),
        "of": st.integers(1, 20),
        "due_on": st.dates(date(2025, 1, 1), date(2026, 6, 30)),
        "done_on": st.dates(date(2025, 1, 1), date(2026, 6, 30)),
    },
)


def recomputed(key: str, lines, first: date, last: date) -> tuple[float, float]:
    """Numerator and denominator worked out in Python."""
    inside = lambda day: day is not None and first <= day <= last
    if key == "done":
        return sum(inside(v.get("done_on")) and v.get("kind") in ("a", "b") for v in lines), 1
    if key == "sum":
        return sum(v.get("n", 0) for v in lines if "c3" in v.get("tags", ())), 1
    if key == "rate":
        base = [v for v in lines if v.get("kind") != "b"]
        return sum(v.get("ok") is True for v in base), len(base)
    if key == "ratio":
        base = [v for v in lines if v.get("n", 0) >= 5 and "of" in v]
        return sum(v["n"] for v in base), sum(v["of"] for v in base)
    if key == "filled":
        base = [v for v in lines if not v.get("tags")]
        return sum("done_on" in v for v in base), len(base)
    base = [v for v in lines if inside(v.get("due_on"))]
    return sum("done_on" in v and v["done_on"] <= v["due_on"] for v in base), len(base)


@pytest.mark.django_db
@settings(max_examples=20, deadline=None, suppress_health_check=CHECKS)
@given(st.lists(facility, max_size=8))
def test_a_measure_is_what_a_recount_gives_and_what_its_list_shows(lines) -> None:
    make_regions()
    RowChange.objects.all().delete()
    RegisterRow.objects.all().delete()
    book = Register.objects.filter(code="plan").first() or make_register("plan", PLAN)
    for line in lines:
        values = {k: v for k, v in line.items() if k != "town"}
        rows.add_row(register="plan", values=values, region=line["town"], actor=MAKER)
    period = Period.between(date(2025, 4, 1), date(2026, 3, 31))
    now = Period.year(timezone.localdate().year)
    definition = selecting.definition_of(book)
    for measure in definition.measures:
        when = period if measure.key in ("done", "on_time") else now
        total = [(p.num, p.den) for p in indicator(f"ledgers.plan.{measure.key}").counts(when).values()]
        num, den = recomputed(measure.key, lines, when.first, when.last)
        assert sum(n for n, _ in total) == num, measure.key
        if measure.kind not in ("count", "sum"):
            assert sum(d for _, d in total) == den, measure.key
        if measure.kind not in ("sum", "ratio"):
            found = {
                part: counting.rows_behind(
                    RegisterRow.objects.filter(register=book), measure, definition, when, part
                ).count()
                for part in counting.PARTS
            }
            assert found["num"] == num
            if measure.kind != "count":
                assert (found["den"], found["gap"]) == (den, den - num)


# --- imports -------------------------------------------------------------------------------------------------------

HYDRANTS = "编号,位置,状态,验收日期,已接入感知网络平台,经度,纬度,所在区划\n".encode()


def bring_in(lines: str, who, region: str = COUNTY):
    run = service.start(
        kind_code="ledger.hydrants", chunks=[HYDRANTS + lines.encode()], file_name="h.csv", region=region, actor=who
    )
    service.set_mapping(run_id=run.id, data={**run.mapping, "coordinates": "gcj02"}, actor=who)
    return service.check(run_id=run.id, actor=who)


@pytest.mark.django_db
def test_an_import_is_checked_written_repeated_and_undone() -> None:
    make_regions()
    clerk = actor("committee_clerk", COUNTY)
    use_register(code="hydrants", region=COUNTY, actor=clerk)
    good = "H1,流沙大道,完好,2026-03-01,是,116.2,23.3,赤岗镇\nH2,长春路,损坏,2026-04-01,否,,,大坝镇\n"
    run = bring_in(good + "H3,某处,不知道,2026-02-30,也许,,,赤岗镇\nH4,远处,完好,,,,,揭西县\n", clerk)
    assert (run.counts["new"], run.counts["error"]) == (2, 2)
    assert {(p["row"], p["column"]) for p in run.problems} >= {(4, "状态"), (4, "验收日期"), (5, "所在区划")}
    assert not RegisterRow.objects.exists()
    service.begin_write(run_id=run.id, actor=clerk, good_rows_only=True)
    service.write(run_id=run.id, actor=clerk)
    first = RegisterRow.objects.get(name="H1")
    assert first.region_code == TOWN
    assert first.values["connected"] is True
    assert first.lng == pytest.approx(116.195, abs=0.004)
    again = bring_in(good.replace("损坏", "完好"), clerk)
    assert (again.counts["update"], again.counts["duplicate"]) == (1, 1)
    service.begin_write(run_id=again.id, actor=clerk)
    service.write(run_id=again.id, actor=clerk)
    assert RegisterRow.objects.get(name="H2").values["state"] == "good"
    _, blocked = service.undo(run_id=run.id, actor=clerk)
    assert blocked == [RegisterRow.objects.get(name="H2").ref]
    assert RegisterRow.objects.count() == 2


@pytest.mark.django_db
def test_an_import_belongs_to_those_who_see_its_register() -> None:
    make_regions()
    make_register("ours", region=COUNTY)
    far = actor("committee_clerk", "445222")
    with pytest.raises(NotFound):
        service.start(kind_code="ledger.ours", chunks=[b"a\n"], file_name="a.csv", region="445222", actor=far)
    with pytest.raises(NotPermitted):
        service.start(
            kind_code="ledger.ours",
            chunks=[b"a\n"],
            file_name="a.csv",
            region="33",
            actor=actor("committee_clerk", COUNTY),
        )


# --- presets -------------------------------------------------------------------------------------------------------


def test_every_preset_is_whole() -> None:
    for code, preset in presets().items():
        definition = preset.definition
        assert definition.topic in TOPICS, code
        assert all((definition.about.zh, definition.about.en)), code
        assert definition.title.en != definition.title.zh, code
        for field in definition.fields:
            assert not any("一" <= c <= "鿿" for c in field.label.en), (code, field.key)
            assert all(not any("一" <= c <= "鿿" for c in word.en) for word in field.choices.values()), (
                code,
                field.key,
            )
        for measure in definition.measures:
            assert not any("一" <= c <= "鿿" for c in measure.name.en), (code, measure.key)
            for condition in (*measure.where, *measure.base):
                assert counting.condition_q(condition, definition)
        workbooks.template(import_kind_of(code), "zh", io.BytesIO())


def import_kind_of(code: str):
    from wanghuo.kernel.ledgers.registers.imports import _kind

    return _kind(code, presets()[code].definition)


@pytest.mark.django_db
def test_every_preset_counts_on_this_database() -> None:
    make_regions()
    assert ensure_presets(actor=MAKER) == len(presets())
    now = Period.year(timezone.localdate().year)
    for book in Register.objects.filter(preset=True):
        definition = selecting.definition_of(book)
        for measure in definition.measures:
            assert counting.parts(book, measure, definition, now) == {}
            found = counting.rows_behind(RegisterRow.objects.filter(register=book), measure, definition, now, "gap")
            assert not found.exists()


# --- size and the public -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_long_list_reads_by_key_in_few_queries(django_assert_max_num_queries) -> None:
    make_regions()
    book = make_register("long", {**PLAN, "confirm": "month"}, region=COUNTY)
    now = timezone.now()
    RegisterRow.objects.bulk_create(
        [
            RegisterRow(
                register=book, ref=f"TZ-445281-2026-{i:05d}", version=1, values={"name": f"n{i:05d}", "kind": "a"},
                name=f"n{i:05d}", likeness=str(i), region_code=TOWN, town_code=TOWN, county_code=COUNTY, city_code="4452",
                province_code="44", created_at=now, changed_at=now - timedelta(seconds=i),
            )
            for i in range(1, 10_001)
        ],
        batch_size=1000,
    )  # fmt: skip
    client = client_for(make_user("clerk", "committee_clerk", COUNTY))
    client.get("/ledgers/long")
    seen: list[str] = []
    url = "/ledgers/long?sort=name&f.kind=a"
    for _ in range(3):
        with django_assert_max_num_queries(30):
            page = client.get(url).content.decode()
        found = re.findall(r">n(\d{5})<", page)  # a form key may hold the same letters
        assert "10,000" in page
        assert found
        seen += found
        url = next(part.split('"')[0] for part in page.split('href="')[1:] if "after=" in part.split('"')[0]).replace(
            "&amp;", "&"
        )
    assert seen == sorted(seen)


@pytest.mark.django_db
def test_the_public_reads_public_fields_only_and_no_personal_data(client) -> None:
    make_regions()
    data = {
        "title": ["公开台账", "Open list"],
        "publishes": True,
        "field": [
            {"key": "name", "label": ["名称", "Name"], "public": True},
            {"key": "inner", "label": ["内部意见", "Internal"]},
        ],
    }
    make_register("open", data)
    rows.add_row(register="open", values={"name": "一号点位", "inner": "不可外传"}, region=TOWN, actor=MAKER)
    rows.add_row(register="open", values={"name": "张某 13800138000"}, region=TOWN, actor=MAKER)
    page = client.get("/p/ledgers/open").content.decode()
    assert "一号点位" in page
    assert "不可外传" not in page
    assert "13800138000" not in page
    make_register("closed", {**data, "publishes": False})
    assert client.get("/p/ledgers/closed").status_code == 404
    assert client.get("/p/ledgers/nothing").status_code == 404
