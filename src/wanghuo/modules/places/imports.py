"""Units from a table: judged and written in batches, through the same checks as the form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import ProtectedError, Q
from django.utils import timezone

from wanghuo.base import AppError, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.geo.coordinates import to_wgs84
from wanghuo.kernel.ledgers.importing import (
    CellError,
    Column,
    Context,
    ImportKind,
    Judged,
    Row,
    Written,
    register_import,
)
from wanghuo.kernel.outbox import emit
from wanghuo.modules.places import contracts, facts, search, services, taxonomy
from wanghuo.modules.places.models import PersonInCharge, Unit, UnitClass

YES_NO = Text("是 或 否", "是 (yes) or 否 (no)")
WHOLE = 10_000_000.0
PEOPLE = {
    "responsible_person": ("responsible_person", "responsible_phone"),
    "safety_manager": ("safety_manager", "manager_phone"),
    "duty_phone": ("", "duty_phone"),
}


def _number(name: str, zh: str, en: str, kind: str = "int", *synonyms: str, most: float = WHOLE) -> Column:
    return Column(name, Text(zh, en), kind, synonyms=synonyms, least=0, most=most)  # type: ignore[arg-type]


def columns() -> tuple[Column, ...]:
    """The columns of the ledger of units."""
    return (
        Column("name", Text("单位名称", "Name"), required=True, longest=120, example="滨江商贸城",
               synonyms=("名称", "单位", "场所名称", "企业名称", "商户名称", "unit name")),
        Column("region_code", Text("行政区划", "Region"), "region", example="普宁市赤岗镇",
               help=Text("代码或全称；不填则为导入时所选区划", "code or full name; empty: the region of the import"),
               synonyms=("区划代码", "所属区划", "乡镇", "镇街", "所属乡镇", "所属镇街", "街道", "region code")),
        Column("uscc", Text("统一社会信用代码", "Unified social credit code"), longest=24, example="91445281MA56000016",
               synonyms=("信用代码", "社会信用代码", "统一信用代码", "营业执照号", "uscc")),
        Column("local_code", Text("原系统编号", "Code in the former system"), longest=40,
               synonyms=("编号", "单位编号", "场所编号", "序列号", "id")),
        Column("kind", Text("场所种类", "Kind of place"), "choice", choices=taxonomy.kinds(), example="商店、市场",
               synonyms=("种类", "类别", "场所类型", "单位类型", "使用性质", "type")),
        Column("sector", Text("主管行业", "Department in charge"), "choice", choices=taxonomy.sectors(),
               synonyms=("行业", "行业部门", "主管部门", "行业主管部门")),
        Column("address", Text("地址", "Address"), longest=200, example="青龙路 8 号",
               synonyms=("详细地址", "单位地址", "住所", "经营地址", "场所地址")),
        Column("lng", Text("经度", "Longitude"), "float", least=73, most=136, example="116.165900",
               synonyms=("lon", "x")),
        Column("lat", Text("纬度", "Latitude"), "float", least=3, most=54, example="23.297700", synonyms=("y",)),
        _number("area_m2", "面积 (m²)", "Area (m²)", "float", "建筑面积", "面积", "经营面积", "使用面积", "area"),
        _number("storeys", "层数", "Storeys", "int", "楼层数", "建筑层数", most=200),
        _number("height_m", "建筑高度 (m)", "Height (m)", "float", "高度", "建筑高度", "height", most=1000),
        _number("employees", "从业人数", "Workers", "int", "员工人数", "职工人数", "人数", "employees"),
        _number("beds", "床位数", "Beds", "int", "床位"),
        _number("rooms", "客房/房间数", "Rooms", "int", "客房数", "房间数", "房间"),
        _number("seats", "座位数", "Seats", "int", "座位", "餐位数"),
        _number("pupils", "学生数", "Pupils", "int", "学生人数", "在校生数", "幼儿数"),
        Column("mixed_use", Text("住宿与经营合用", "People live where they work"), "bool", help=YES_NO,
               synonyms=("是否合用场所", "合用场所", "多合一", "三合一", "是否多合一")),
        Column("self_built", Text("自建房", "Self-built"), "bool", help=YES_NO,
               synonyms=("是否自建房", "经营性自建房")),
        Column("let_out", Text("出租", "Let"), "bool", help=YES_NO, synonyms=("是否出租", "出租房", "是否出租房")),
        Column("has_control_room", Text("消防控制室", "Fire control room"), "bool", help=YES_NO,
               synonyms=("是否有消防控制室", "有无消防控制室", "消控室")),
        Column("opening_hours", Text("营业时间", "Opening hours"), longest=80),
        Column("classes", Text("已认定类别", "Classes decided"), "choices", choices=taxonomy.class_names(),
               help=Text("多个用顿号隔开", "several are separated by commas"),
               synonyms=("单位类别", "类别标签", "分类")),
        Column("key_unit_since", Text("列为重点单位日期", "Key unit since"), "date", example="2024-05-01"),
        Column("responsible_person", Text("消防安全责任人", "Responsible person"), longest=60,
               synonyms=("责任人", "法定代表人", "负责人", "法人")),
        Column("responsible_phone", Text("责任人电话", "Phone of the responsible person"), longest=24,
               synonyms=("负责人电话", "法人电话", "责任人手机")),
        Column("safety_manager", Text("消防安全管理人", "Safety manager"), longest=60,
               synonyms=("管理人", "安全管理人", "安全员", "联系人")),
        Column("manager_phone", Text("管理人电话", "Phone of the safety manager"), longest=24,
               synonyms=("联系电话", "联系人电话", "安全员电话", "电话", "手机")),
        Column("duty_phone", Text("值班电话", "Duty phone"), longest=24, synonyms=("消控室电话", "值班室电话")),
    )  # fmt: skip


# --- judging -------------------------------------------------------------------------------------------------------


def check(rows: Sequence[Row], context: Context) -> list[Judged]:
    """What becomes of each row: new, an update of the unit with its code, a likely duplicate, or an error."""
    cleaned = [_cleaned(row, context) for row in rows]
    standing = _standing([found for found, _ in cleaned])
    visible = set(
        Unit.objects.visible_to(context.actor)
        .filter(pk__in=[u.pk for u in standing.values()])
        .values_list("pk", flat=True)
    )
    return [
        _judged(row, found, errors, standing, visible, context)
        for row, (found, errors) in zip(rows, cleaned, strict=True)
    ]


def _cleaned(row: Row, context: Context) -> tuple[dict[str, Any], list[CellError]]:
    errors: list[CellError] = []
    found = dict(row.values)
    if found.get("lng") is not None and found.get("lat") is not None and context.coordinates is not None:
        found["lng"], found["lat"] = to_wgs84(found["lng"], found["lat"], context.coordinates)
    try:
        found.update(facts.clean(found))
    except AppError as error:
        column = getattr(error, "field", "")
        errors.append(CellError(column, error.message, value=str(row.get(column, ""))))
    for _, phone in PEOPLE.values():
        try:
            found[phone] = facts.clean_phone(row.get(phone, ""))
        except AppError as error:
            errors.append(CellError(phone, error.message, value=str(row.get(phone))))
    row.values.update(found)
    return found, errors


def _identity(found: dict[str, Any]) -> tuple[str, str, str]:
    return (found.get("region_code", ""), search.normal(found.get("name", "")), search.normal(found.get("address", "")))


def _standing(found: Sequence[dict[str, Any]]) -> dict[Any, Unit]:
    """The units that rows of this batch may mean: by credit code, by former code, by name and address in one region."""
    by_name = Q(name__in={f["name"] for f in found if f.get("name")}) & Q(
        region_code__in={f["region_code"] for f in found if f.get("region_code")}
    )
    usccs = {f["uscc"] for f in found if f.get("uscc")}
    locals_ = {f["local_code"] for f in found if f.get("local_code")}
    known: dict[Any, Unit] = {}
    for condition in (by_name, ~Q(local_code="") & Q(local_code__in=locals_), ~Q(uscc="") & Q(uscc__in=usccs)):
        for unit in Unit.objects.filter(condition):
            key = _identity({"region_code": unit.region_code, "name": unit.name, "address": unit.address})
            known[key] = known["local", unit.local_code] = known["uscc", unit.uscc] = unit
    for empty in (("local", ""), ("uscc", "")):
        known.pop(empty, None)
    return known


def _judged(
    row: Row,
    found: dict[str, Any],
    errors: list[CellError],
    standing: dict[Any, Unit],
    visible: set[Any],
    context: Context,
) -> Judged:
    if errors:
        return Judged(row, "error", errors=errors)
    codes = [("uscc", found.get("uscc")), ("local", found.get("local_code"))]
    unit = next((standing[key] for key in codes if key[1] and key in standing), None)
    if unit is not None and unit.pk not in visible:
        text = Text("这一户需要由你的上级机构核对", "this unit needs checking by your office")
        return Judged(row, "error", errors=[CellError("uscc" if found.get("uscc") else "local_code", text)])
    earlier = _seen_before(row, found, codes, context)
    if earlier:
        note = Text("与第 {n} 行重复", "the same as row {n}").filled({"n": earlier})
        return Judged(row, "duplicate", note=note)
    if unit is not None:
        return Judged(row, "update", target=unit)
    same = standing.get(_identity(found))
    if same is not None and same.pk in visible:
        note = Text("与 {ref} 同名同址", "same name and address as {ref}").filled({"ref": same.ref})
        return Judged(row, "duplicate", target=same, note=note)
    return Judged(row, "new")


def _seen_before(row: Row, found: dict[str, Any], codes: list[tuple[str, Any]], context: Context) -> int:
    """The number of an earlier row of this file that means the same unit, 0 when there is none."""
    seen: dict[Any, int] = context.memory.setdefault("seen", {})
    keys = [key for key in codes if key[1]] or [_identity(found)]  # type: ignore[list-item]
    earlier = next((seen[key] for key in keys if key in seen), 0)
    for key in keys:
        seen.setdefault(key, row.number)
    return earlier if earlier != row.number else 0


# --- writing -------------------------------------------------------------------------------------------------------


def write(judged: Sequence[Judged], context: Context) -> list[Written]:
    """Write new and updated units with their people, classes and search keys."""
    now = timezone.now()
    created = _new_units([j.row for j in judged if j.outcome == "new"], context)
    changed = [(j.row, _changed(j.target, j.row, now)) for j in judged if j.outcome == "update"]
    Unit.objects.bulk_create([unit for _, unit in created])
    fields = [*facts.FIELDS, "pinyin", "initials", "classes", "changed_at", "version"]
    Unit.objects.bulk_update([unit for _, unit in changed], fields, batch_size=100)
    everyone = [*created, *changed]
    _classes(everyone, context, now)
    _people(everyone, now)
    search.index([unit for _, unit in everyone])
    emit(contracts.UnitsImported(import_id=context.mark, new=len(created), updated=len(changed)))
    new = {unit.pk for _, unit in created}
    return [
        Written(row.number, "new" if unit.pk in new else "update", unit.ref, str(unit.pk)) for row, unit in everyone
    ]


def _new_units(rows: Sequence[Row], context: Context) -> list[tuple[Row, Unit]]:
    made = []
    for row in rows:
        unit = services.new_unit(
            row.values["region_code"], row.get("sector", ""), facts.clean(row.values), context.actor
        )
        unit.classes = [c for c in taxonomy.classes() if c in row.get("classes", [])]
        made.append((row, unit))
    by_county: dict[str, list[Unit]] = {}
    for _, unit in made:
        by_county.setdefault(unit.region_code[:6], []).append(unit)
    for county, units in by_county.items():
        for unit, ref in zip(units, services.next_refs("DW", county, len(units)), strict=True):
            unit.ref = ref
    return made


def _changed(unit: Unit, row: Row, now: Any) -> Unit:
    """An update changes what the file says; an empty cell says nothing."""
    facts.put(unit, facts.clean({n: v for n, v in row.values.items() if v not in (None, "")}), now)
    wanted = {*unit.classes, *row.get("classes", [])}
    services.set_classes(unit, list(wanted))
    unit.version += 1
    return unit


def _classes(everyone: Sequence[tuple[Row, Unit]], context: Context, now: Any) -> None:
    """The file brings decisions that were made before: they are kept as the importer's, with what the rules say now."""
    told = [(unit, code) for row, unit in everyone for code in dict.fromkeys(row.get("classes", []))]
    if not told:
        return
    have = set(UnitClass.objects.filter(unit__in={u.pk for u, _ in told}, ended_at=None).values_list("unit_id", "code"))
    proposals = {unit.pk: {p.code: p for p in facts.proposals(unit)} for unit, _ in told}
    UnitClass.objects.bulk_create(
        UnitClass(
            unit=unit,
            code=code,
            proposed=proposals[unit.pk][code].holds if code in proposals[unit.pk] else None,
            note=context.source[:200],
            decided_by=context.actor.id,
            decided_at=now,
        )
        for unit, code in told
        if (unit.pk, code) not in have
    )


def _people(everyone: Sequence[tuple[Row, Unit]], now: Any) -> None:
    named = [
        services.new_person(unit, role, row.get(name, "") if name else "", row.get(phone, ""))
        for row, unit in everyone
        for role, (name, phone) in PEOPLE.items()
        if row.get(phone) or (name and row.get(name))
    ]
    updated = {unit.pk for row, unit in everyone if unit.version > 1}
    again = [p for p in named if p.unit_id in updated]
    for person in again:
        standing = PersonInCharge.objects.filter(unit=person.unit_id, role=person.role, ended_on=None)
        standing.update(ended_on=local_day(now))
    PersonInCharge.objects.bulk_create(named)
    services.note_people(list({person.unit_id for person in named}))


def undo(object_ids: Sequence[str], context: Context) -> list[str]:
    """Remove created units that nobody changed and nothing was built on; the references of the others."""
    blocked: list[str] = []
    for start in range(0, len(object_ids), 500):
        units = Unit.objects.visible_to(context.actor).filter(pk__in=object_ids[start : start + 500])
        untouched = [u for u in units if u.version == 1]
        blocked += [u.ref for u in units if u.version > 1]
        ids = [u.pk for u in untouched]
        try:
            Unit.objects.filter(pk__in=ids).delete()
        except ProtectedError as error:
            held = {getattr(o, "unit_id", None) or getattr(o, "manager_id", None) for o in error.protected_objects}
            blocked += [u.ref for u in untouched if u.pk in held] or [u.ref for u in untouched]
            continue
        search.forget(ids)
    return blocked


def register() -> None:
    """Declare the kind; called when the app is ready."""
    register_import(
        ImportKind(
            code="units",
            title=Text("单位", "Units"),
            right="places.import",
            columns=columns(),
            check=check,
            write=write,
            undo=undo,
            has_coordinates=True,
            help=Text(
                "有信用代码或原系统编号的，与已登记的同一户对上即为更新；同名同址的列为重复，不写入。",
                "A row whose credit code or former code is registered updates that unit; "
                "the same name and address count as a duplicate and are not written.",
            ),
        )
    )


__all__ = ["check", "columns", "register", "undo", "write"]
