"""The ledgers of units and buildings."""

from __future__ import annotations

from django.db.models import Q

from wanghuo.base.text import Text, listing
from wanghuo.kernel.ledgers import exporting
from wanghuo.kernel.ui.lists import Choice, Column, Empty, Flag, Link, ListPage, Words
from wanghuo.modules.places import search, selectors, taxonomy
from wanghuo.modules.places.models import Building, Unit, UnitClass
from wanghuo.modules.places.states import UNIT, UnitState


def has_class(code: str) -> Q:
    """Units that are of a class."""
    return Q(pk__in=UnitClass.objects.filter(code=code, ended_at=None).values("unit"))


def kind_name(unit: Unit) -> Text:
    """The word for the kind of place."""
    return taxonomy.kinds().get(unit.kind, Text(unit.kind, unit.kind))


def class_names(unit: Unit) -> Text | str:
    """The classes decided, in words."""
    return listing([taxonomy.class_name(code) for code in unit.classes]) if unit.classes else ""


UNITS = ListPage(
    title=Text("单位", "Units"),
    what=Text("单位", "unit"),
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref", sort="ref"),
        Column("name", Text("名称", "Name"), sort="pinyin"),
        Column("kind", Text("种类", "Kind"), value=kind_name),
        Column("classes", Text("类别", "Classes"), value=class_names),
        Column("region", Text("区划", "Region"), value="region_code", kind="region"),
        Column("address", Text("地址", "Address"), wide=True),
        Column("area_m2", Text("面积", "Area"), kind="number", unit="m²", wide=True),
        Column("uscc", Text("信用代码", "Credit code"), wide=True),
        Column("state", Text("状态", "State"), kind="state", machine=UNIT),
    ),
    filters=(
        Words(where=search.found_by("unit")),
        Choice("class", Text("类别", "Class"), lambda _: taxonomy.class_names(), where=has_class),
        Choice("kind", Text("种类", "Kind"), lambda _: taxonomy.kinds()),
        Choice("sector", Text("行业", "Department"), lambda _: taxonomy.sectors()),
        Choice("state", Text("状态", "State"), UNIT.names),  # type: ignore[arg-type]
        Flag("control_room", Text("有消防控制室", "with a control room"), lambda: Q(has_control_room=True)),
        Flag("no_point", Text("缺坐标", "without a point"), lambda: Q(lng=None, state=UnitState.ACTIVE)),
        Flag("no_people", Text("缺责任人或管理人", "nobody in charge"), selectors.without_people),
        Flag("incomplete", Text("档案不完整", "file not complete"), lambda: ~selectors.complete_file()),
    ),
    row_url="/units/{0.ref}",
    links=(
        Link(Text("新建", "New"), "/units/new", right="places.edit", icon="plus", key="n", main=True),
        Link(Text("导入", "Import"), "/data/imports/new?kind=units", right="places.import", icon="table"),
    ),
    code="places:unit",
    export_right="places.export",
    exporter=exporting.export("units", page=lambda: UNITS, rows=lambda actor: Unit.objects.visible_to(actor)),  # type: ignore[has-type]
    empty=Empty(
        Text("还没有单位。可逐户新建，或把台账表格成批导入。", "No units yet. Register one, or import a ledger."),
        Link(Text("导入台账", "Import a ledger"), "/data/imports/new?kind=units", right="places.import"),
    ),
)  # fmt: skip

BUILDINGS = ListPage(
    title=Text("建筑", "Buildings"),
    what=Text("建筑", "building"),
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref", sort="ref"),
        Column("name", Text("名称", "Name")),
        Column("use", Text("用途", "Use"), value=lambda b: taxonomy.building_uses().get(b.use, Text(b.use, b.use))),
        Column("manager", Text("管理单位", "Managed by"), value="manager__name"),
        Column("region", Text("区划", "Region"), value="region_code", kind="region"),
        Column("height_m", Text("高度", "Height"), kind="number", unit="m", digits=1),
        Column("floors", Text("地上层数", "Floors above ground"), value="floors_above", kind="number"),
        Column("address", Text("地址", "Address"), wide=True),
    ),
    filters=(
        Words(where=search.found_by("building")),
        Choice("use", Text("用途", "Use"), lambda _: taxonomy.building_uses()),
        Flag("high", Text("高于 24 m", "higher than 24 m"), lambda: Q(height_m__gt=24)),
    ),
    row_url="/buildings/{0.ref}",
    links=(Link(Text("新建", "New"), "/buildings/new", right="places.edit", icon="plus", key="n", main=True),),
    code="places:building",
    export_right="places.export",
    exporter=exporting.export(
        "buildings",
        page=lambda: BUILDINGS,  # type: ignore[has-type]
        rows=lambda actor: Building.objects.visible_to(actor).select_related("manager"),
    ),
    empty=Empty(Text("还没有建筑。", "No buildings yet.")),
)
