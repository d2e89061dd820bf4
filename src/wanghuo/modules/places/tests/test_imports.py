"""The whole way of a file: checked without writing, written whole or not at all, resumed, undone."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from stdnum.cn import uscc

from wanghuo.base import NotFound, NotPermitted
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.ledgers import passes, service
from wanghuo.kernel.ledgers.models import ImportedRow, ImportRun
from wanghuo.kernel.ledgers.reading import Unreadable
from wanghuo.modules.places import imports, public
from wanghuo.modules.places.models import PersonInCharge, SearchEntry, Unit, UnitClass
from wanghuo.modules.places.testing import NEXT_TOWN, BuildingFactory, UnitFactory

STEWARD = actor("data_steward", "445281")
NEIGHBOUR = actor("data_steward", "445222")
GRID_WORKER = actor("grid_worker", "445281")
HEADS = ["单位名称", "统一社会信用代码", "所属乡镇", "场所种类", "地址", "床位数", "责任人", "责任人电话", "已认定类别"]


def code(n: int) -> str:
    body = f"91445281MA{n:07d}"
    return body + uscc.calc_check_digit(body)


def row(n: int, **changed: str) -> dict[str, str]:
    cells = {"单位名称": f"青龙路{n}号旅馆", "统一社会信用代码": code(n), "所属乡镇": "赤岗镇", "场所种类": "宾馆、旅馆",
             "地址": f"青龙路{n}号", "床位数": str(n), "责任人": "李强", "责任人电话": f"138{n:08d}", "已认定类别": ""}  # fmt: skip
    return cells | changed


def table(*rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def checked(data: bytes, who: Actor = STEWARD, region: str = "445281") -> ImportRun:
    run = service.start(kind_code="units", chunks=[data], file_name="台账.csv", region=region, actor=who)
    service.set_mapping(run_id=run.id, data=dict(run.mapping), actor=who)
    return service.check(run_id=run.id, actor=who)


def written(run: ImportRun, who: Actor = STEWARD, **kw: Any) -> ImportRun:
    service.begin_write(run_id=run.id, actor=who, **kw)
    return service.write(run_id=run.id, actor=who)


def test_the_check_writes_nothing_and_the_write_writes_all() -> None:
    run = checked(table(*(row(n) for n in range(1, 8))))
    assert run.counts | {"new": 7, "error": 0, "total": 7} == run.counts
    assert not Unit.objects.exists()
    assert not PersonInCharge.objects.exists()
    run = written(run)
    assert (run.state, run.written_new) == ("written", 7)
    unit = Unit.objects.get(uscc=code(3))
    assert (unit.region_code, unit.town_code, unit.scope_unit, unit.kind, unit.beds) == (
        "445281102",
        "445281102",
        unit.id,
        "hotel",
        3,
    )
    assert unit.ref.startswith("DW-445281-")
    assert len({u.ref for u in Unit.objects.all()}) == 7
    contact = public.get_unit(unit.id, STEWARD).contacts[0]
    assert (contact.name, contact.phone, contact.masked) == ("李强", "138****0003", True)
    assert [f.name for f in public.search(STEWARD, "qll3hlg")] == [unit.name]
    assert AuditEntry.objects.filter(action="units:import:written").count() == 1


def test_a_faulty_row_stops_the_whole_file_unless_the_good_rows_are_agreed_to() -> None:
    wrong = code(2)[:-1] + ("0" if code(2)[-1] != "0" else "1")
    run = checked(table(row(1), row(2, 统一社会信用代码=wrong), row(3, 所属乡镇="火星")))
    assert run.counts["error"] == 2
    assert [(p["row"], p["column"]) for p in run.problems] == [(3, "统一社会信用代码"), (4, "所属乡镇")]
    with pytest.raises(service.RowsInError):
        service.begin_write(run_id=run.id, actor=STEWARD)
    assert not Unit.objects.exists()
    assert written(run, good_rows_only=True).written_new == 1
    assert Unit.objects.get().uscc == code(1)


def test_a_thousand_faulty_rows_are_all_reported() -> None:
    run = checked(table(*(row(n, 床位数="很多") for n in range(1, 1001))))
    assert (run.counts["error"], run.counts["problems"], len(run.problems)) == (1000, 1000, 200)
    assert not Unit.objects.exists()


def test_the_same_file_twice_adds_nothing() -> None:
    data = table(row(1), row(2))
    written(checked(data))
    again = checked(data)
    assert again.counts["duplicate"] == 2
    with pytest.raises(service.NothingToWrite):
        service.begin_write(run_id=again.id, actor=STEWARD)


def test_a_known_code_is_an_update_and_empty_cells_say_nothing() -> None:
    written(checked(table(row(1))))
    run = checked(table(row(1, 单位名称="青龙路1号大酒店", 床位数="", 责任人电话="13900000009")))
    assert run.counts["update"] == 1
    written(run)
    unit = Unit.objects.get()
    assert (unit.name, unit.beds, unit.version) == ("青龙路1号大酒店", 1, 2)
    assert [p.phone_shown for p in PersonInCharge.objects.filter(ended_on=None)] == ["139****0009"]
    assert PersonInCharge.objects.count() == 2
    assert [f.name for f in public.search(STEWARD, "大酒店")] == ["青龙路1号大酒店"]


def test_duplicates_in_the_file_and_by_name_and_address_are_not_written() -> None:
    UnitFactory(name="青龙路5号旅馆", address="青龙路5号")
    run = checked(table(row(1), row(1, 单位名称="又一次"), row(5, 统一社会信用代码="")))
    assert (run.counts["new"], run.counts["duplicate"]) == (1, 2)
    assert written(run).written_new == 1


def test_a_code_of_an_invisible_unit_is_not_told() -> None:
    UnitFactory(region_code=NEXT_TOWN, uscc=code(9), name="河婆大酒店")
    run = checked(table(row(9)))
    assert run.counts["error"] == 1
    assert "河婆" not in str(run.problems)
    assert "上级机构核对" in run.problems[0]["zh"]


def test_rows_of_another_region_are_refused() -> None:
    run = checked(table(row(1, 所属乡镇="龙潭镇")))
    assert run.counts["error"] == 1
    assert "不在你的范围" in run.problems[0]["zh"]


def test_who_may_import_and_who_sees_an_import() -> None:
    with pytest.raises(NotPermitted):
        checked(table(row(1)), who=GRID_WORKER)
    with pytest.raises(NotPermitted):
        checked(table(row(1)), who=NEIGHBOUR)
    run = checked(table(row(1)))
    for other in (NEIGHBOUR, GRID_WORKER):
        with pytest.raises(NotFound):
            service.get_run(run.id, actor=other)


def test_classes_come_in_as_decisions_beside_what_the_rules_say() -> None:
    written(checked(table(row(60, 已认定类别="消防安全重点单位、九小场所"))))
    assert Unit.objects.get().classes == ["key_unit", "nine_small"]
    assert {c.code: c.proposed for c in UnitClass.objects.all()} == {"key_unit": None, "nine_small": False}


def test_a_write_that_dies_is_taken_up_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes.batches, "__defaults__", (3,))
    run = checked(table(*(row(n) for n in range(1, 11))))
    service.begin_write(run_id=run.id, actor=STEWARD)
    real, calls = imports.services.next_refs, []

    def dying(*args: Any) -> list[str]:
        calls.append(args)
        if len(calls) == 3:
            raise RuntimeError("killed")
        return real(*args)

    monkeypatch.setattr(imports.services, "next_refs", dying)
    with pytest.raises(RuntimeError):
        service.write(run_id=run.id, actor=STEWARD)
    run = ImportRun.objects.get()
    assert (run.state, run.done_through, run.written_new) == ("stopped", 7, 6)
    assert Unit.objects.count() == ImportedRow.objects.count() == SearchEntry.objects.count() == 6
    run = written(run)
    assert (run.state, run.written_new) == ("written", 10)
    assert Unit.objects.count() == len(set(Unit.objects.values_list("uscc", flat=True))) == 10


def test_a_row_that_went_wrong_after_the_check_stops_the_write() -> None:
    run = checked(table(row(1), row(2)))
    UnitFactory(region_code=NEXT_TOWN, uscc=code(2))
    run = written(run)
    assert run.state == "stopped"
    assert run.failure["problems"][0]["row"] == 3
    assert not Unit.objects.filter(uscc=code(1)).exists()


def test_undo_takes_back_what_nothing_stands_on() -> None:
    run = written(checked(table(row(1), row(2))))
    BuildingFactory(manager=Unit.objects.get(uscc=code(2)))
    _, blocked = service.undo(run_id=run.id, actor=STEWARD)
    assert blocked == [Unit.objects.get(uscc=code(2)).ref]
    assert Unit.objects.count() == 2
    Unit.objects.get(uscc=code(2)).buildings.all().delete()
    run, blocked = service.undo(run_id=run.id, actor=STEWARD)
    assert (run.state, blocked) == ("undone", [])
    assert not Unit.objects.exists()
    assert not SearchEntry.objects.filter(kind="unit").exists()
    assert written(checked(table(row(1), row(2)))).written_new == 2


def test_a_file_that_is_none_leaves_nothing_behind() -> None:
    with pytest.raises(Unreadable):
        service.start(kind_code="units", chunks=[b"%PDF-1.7"], file_name="x.xlsx", region="445281", actor=STEWARD)
    big = (b"x" * (1 << 20) for _ in range(200))
    with pytest.raises(Unreadable):
        service.start(kind_code="units", chunks=big, file_name="x.csv", region="445281", actor=STEWARD)
    assert not ImportRun.objects.exists()


def test_coordinates_need_their_system_and_are_turned() -> None:
    data = "名称,经度,纬度,地址\n甲店,116.17,23.30,某路\n乙店,23.30,116.17,某路\n".encode()
    run = service.start(kind_code="units", chunks=[data], file_name="x.csv", region="445281102", actor=STEWARD)
    with pytest.raises(service.NoCoordinateSystem):
        service.set_mapping(run_id=run.id, data=dict(run.mapping), actor=STEWARD)
    service.set_mapping(run_id=run.id, data=run.mapping | {"coordinates": "gcj02"}, actor=STEWARD)
    run = service.check(run_id=run.id, actor=STEWARD)
    assert (run.counts["new"], run.counts["error"]) == (1, 1)
    written(run, good_rows_only=True)
    unit = Unit.objects.get()
    assert unit.lng != 116.17
    assert abs(unit.lng - 116.17) < 0.01
