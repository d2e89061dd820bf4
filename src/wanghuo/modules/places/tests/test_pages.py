"""The pages as their users open them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from wanghuo.base import Text
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.ledgers.models import ImportRun
from wanghuo.kernel.ledgers.reading import MEBIBYTE, read_rows
from wanghuo.modules.places import panels
from wanghuo.modules.places.models import Building, PersonInCharge, Unit
from wanghuo.modules.places.testing import NEXT_TOWN, BuildingFactory, PersonFactory, UnitFactory
from wanghuo.modules.places.tests.test_imports import row, table


@pytest.fixture
def steward() -> Client:
    return client_for(make_user("steward", "data_steward", "445281"))


@pytest.fixture
def inspector() -> Client:
    return client_for(make_user("inspector", "inspector", "445281"))


def page(client: Client, url: str, status: int = 200, **headers: str) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == status, response.content.decode()[:2000]
    return b"".join(response).decode() if response.streaming else response.content.decode()


def sent(client: Client, url: str, data: dict[str, Any], status: int = 303) -> Any:
    response = client.post(url, data)
    assert response.status_code == status, response.content.decode()[:3000]
    return response


def test_the_list_searches_filters_and_keeps_to_the_scope(inspector: Client) -> None:
    UnitFactory(name="滨江商贸城")
    UnitFactory(name="云栖公寓", kind="residential", state="closed")
    UnitFactory(name="滨江河婆店", region_code=NEXT_TOWN)
    html = page(inspector, "/units")
    assert "滨江商贸城" in html
    assert "云栖公寓" in html
    assert "滨江河婆店" not in html
    assert "云栖公寓" not in page(inspector, "/units?q=bjsmc")
    assert "滨江商贸城" not in page(inspector, "/units?state=closed&class=key_unit")
    assert "滨江商贸城" in page(inspector, "/units?q=滨江&kind=shop&no_people=1")


def test_list_and_detail_ask_few_questions(inspector: Client, django_assert_max_num_queries: Any) -> None:
    units = [UnitFactory() for _ in range(30)]
    page(inspector, "/units")
    with django_assert_max_num_queries(16):
        page(inspector, "/units")
    with django_assert_max_num_queries(22):
        page(inspector, f"/units/{units[0].ref}")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_unit_shows_itself_and_the_panels_of_upper_modules(inspector: Client, language: str) -> None:
    person = PersonFactory(unit=UnitFactory(kind="hotel", rooms=80))
    BuildingFactory(manager=person.unit)
    panels.register(panels.Panel("test", Text("设备", "Devices"), "sensing.view", lambda ref: f"/devices/of/{ref}"))
    inspector.cookies["lang"] = language
    html = page(inspector, f"/units/{person.unit.ref}")
    assert "138****5678" in html
    assert "13812345678" not in html
    assert f"/devices/of/{person.unit.ref}" in html
    assert ("宾馆 ≥ 50 间" if language == "zh" else "hotel of 50 rooms or more") in html


def test_another_regions_unit_is_absent(inspector: Client) -> None:
    foreign = PersonFactory(unit=UnitFactory(region_code=NEXT_TOWN))
    building = BuildingFactory(manager=foreign.unit)
    for url in (f"/units/{foreign.unit.ref}", f"/units/{foreign.unit.ref}/acts/edit", f"/buildings/{building.ref}",
                f"/people/{foreign.id}/acts/reveal", "/units/DW-000000-000000"):  # fmt: skip
        page(inspector, url, 404)


def test_a_unit_is_registered_edited_and_classified(inspector: Client) -> None:
    page(inspector, "/units/new")
    form = {"name": "滨江商贸城", "kind": "shop", "region": "赤岗镇", "area_m2": "1200"}
    refused = sent(inspector, "/units/new", form | {"lng": "116.2", "lat": "23.3"}, 422)
    assert "请选择坐标系" in refused.content.decode()
    sent(inspector, "/units/new", form | {"uscc": "123"}, 422)
    answer = sent(inspector, "/units/new", form)
    unit = Unit.objects.get()
    assert answer["Location"] == f"/units/{unit.ref}"
    assert 'value="1"' in page(inspector, f"/units/{unit.ref}/acts/edit")
    sent(inspector, f"/units/{unit.ref}/acts/edit", form | {"version": "1", "employees": "30"})
    sent(inspector, f"/units/{unit.ref}/acts/edit", form | {"version": "1", "employees": "40"}, 409)
    sent(inspector, f"/units/{unit.ref}/acts/classify", {"code": "key_unit", "holds": "1"})
    sent(
        inspector, f"/units/{unit.ref}/acts/person", {"role": "safety_manager", "name": "李强", "phone": "13812345678"}
    )
    sent(inspector, f"/units/{unit.ref}/acts/close", {"reason": "停业"})
    unit.refresh_from_db()
    assert (unit.employees, unit.classes, unit.state) == (30, ["key_unit"], "closed")
    page(inspector, f"/units/{unit.ref}/acts/burn", 404)


def test_a_number_is_shown_for_a_purpose(inspector: Client) -> None:
    person = PersonFactory()
    url = f"/people/{person.id}/acts/reveal"
    assert "13812345678" not in page(inspector, url)
    sent(inspector, url, {"purpose": ""}, 422)
    answer = sent(inspector, url, {"purpose": "核实火警"}, 200)
    assert "13812345678" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert AuditEntry.objects.filter(action="places:person:reveal").count() == 1
    sent(inspector, f"/people/{person.id}/acts/end", {})
    assert PersonInCharge.objects.get().ended_on is not None


def test_a_building_is_registered_and_let(inspector: Client) -> None:
    unit = UnitFactory()
    sent(inspector, "/buildings/new", {"name": "1 号楼", "region": "赤岗镇", "manager": unit.ref, "use": "commercial"})
    building = Building.objects.get()
    assert building.name in page(inspector, "/buildings?q=1hl")
    sent(inspector, f"/buildings/{building.ref}/acts/let", {"unit": UnitFactory(name="三楼网吧").ref, "floors": "3F"})
    assert "三楼网吧" in page(inspector, f"/buildings/{building.ref}")
    edit = {"name": "一号楼", "region": "赤岗镇", "use": "mixed", "height_m": "27"}
    sent(inspector, f"/buildings/{building.ref}/acts/edit", edit)
    building.refresh_from_db()
    assert (building.name, building.height_m, building.manager) == ("一号楼", 27.0, unit)


def upload(client: Client, data: bytes, name: str = "台账.csv", status: int = 303) -> Any:
    file = SimpleUploadedFile(name, data)
    form = {"kind": "units", "region": "普宁市", "source": "县台账", "file": file}
    return sent(client, "/data/imports/new", form, status)


def test_a_file_goes_all_the_way(steward: Client) -> None:
    page(steward, "/data/imports")
    page(steward, "/data/imports/new")
    where = upload(steward, table(row(1), row(2), row(3, 床位数="很多")))["Location"]
    html = page(steward, where)
    assert "单位名称" in html
    run = ImportRun.objects.get()
    chosen = {f"column.{name}": source["column"] for name, source in run.mapping["columns"].items()}
    sent(steward, where, chosen | {"header_row": "1", "column.name": ""}, 422)
    sent(steward, where, chosen | {"header_row": "1"})
    html = page(steward, f"/data/imports/{run.id}")
    assert "很多" in html
    assert "只写入无误的 2 行" in html
    sent(steward, f"/data/imports/{run.id}/acts/write", {}, 422)
    assert not Unit.objects.exists()
    sent(steward, f"/data/imports/{run.id}/acts/write", {"good_rows_only": "1"})
    assert Unit.objects.count() == 2
    assert "已写入" in page(steward, f"/data/imports/{run.id}")
    sent(steward, f"/data/imports/{run.id}/acts/undo", {})
    assert not Unit.objects.exists()


def test_the_mended_file_goes_in_with_what_was_learned(steward: Client, tmp_path: Path) -> None:
    where = upload(steward, table(row(1), row(2, 床位数="很多")))["Location"]
    run = ImportRun.objects.get()
    chosen = {f"column.{name}": source["column"] for name, source in run.mapping["columns"].items()}
    sent(steward, where, chosen | {"header_row": "1"})
    sent(steward, f"/data/imports/{run.id}/acts/write", {"good_rows_only": "1"})
    answer = steward.get(f"/data/imports/{run.id}/problems.xlsx")
    path = tmp_path / "mend.xlsx"
    path.write_bytes(answer.content)
    rows = list(read_rows(path))
    assert len(rows) == 2
    assert "很多" in rows[1]
    upload(steward, answer.content, "mended.xlsx")
    again = ImportRun.objects.order_by("-id")[0]
    assert again.mapping["columns"] == run.mapping["columns"]


def test_a_table_that_is_none_and_a_huge_one_are_refused_in_words(steward: Client) -> None:
    assert "PDF" in upload(steward, b"%PDF-1.7", "x.xlsx", 422).content.decode()
    answer = upload(steward, b"x" * (51 * MEBIBYTE), status=422)
    assert "50 MB" in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_imports_are_for_those_who_may(inspector: Client, steward: Client) -> None:
    upload(steward, table(row(1)))
    run = ImportRun.objects.get()
    page(client_for(make_user("reader", "government_leader", "445281")), "/data/imports", 403)
    page(inspector, f"/data/imports/{run.id}", 404)  # registers only, no units
    other = client_for(make_user("neighbour", "data_steward", "445222"))
    page(other, f"/data/imports/{run.id}", 404)
    page(other, f"/data/imports/{run.id}/problems.xlsx", 404)
    sent(other, f"/data/imports/{run.id}/acts/write", {}, 404)
    assert run.file_name not in page(other, "/data/imports")


def test_the_template_downloads(steward: Client, tmp_path: Path) -> None:
    answer = steward.get("/data/imports/template/units.xlsx")
    path = tmp_path / "t.xlsx"
    path.write_bytes(answer.content)
    assert next(iter(read_rows(path)))[0] == "单位名称"
    page(steward, "/data/imports/template/castles.xlsx", 404)


def test_the_list_leaves_as_a_workbook_with_masks_and_without_formulas(steward: Client) -> None:
    PersonFactory(unit=UnitFactory(name="=cmd|' /C calc'!A0"))
    UnitFactory(region_code=NEXT_TOWN, name="滨江河婆店")
    answer = steward.get("/units?export=xlsx&kind=shop")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer))) as archive:
        text = "".join(archive.read(n).decode("utf-8", "replace") for n in archive.namelist() if n.endswith(".xml"))
    assert "<f>" not in text
    assert "cmd|" in text
    assert "种类" in text
    assert "滨江河婆店" not in text
    assert "13812345678" not in text
    lines = page(steward, "/units?export=csv")
    assert "'=cmd|" in lines
    assert AuditEntry.objects.filter(action="places:unit:export").count() == 2
