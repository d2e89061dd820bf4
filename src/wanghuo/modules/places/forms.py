"""The forms of units, people and buildings."""

from __future__ import annotations

from typing import Any

from django import forms as fields

from wanghuo.base import Text
from wanghuo.kernel.ledgers.importing import COORDINATE_NAMES
from wanghuo.kernel.ui.forms import Form
from wanghuo.modules.places import selectors, taxonomy

YES_NO = (("", "—"), ("1", Text("是", "yes")), ("0", Text("否", "no")))
DAY = {"type": "date"}


def _words(label: Text, most: int, *, required: bool = False, help_text: Text | str = "") -> fields.CharField:
    return fields.CharField(label=label, max_length=most, required=required, help_text=help_text)  # type: ignore[arg-type]


def _whole(label: Text, most: int = 10_000_000) -> fields.IntegerField:
    return fields.IntegerField(label=label, required=False, min_value=0, max_value=most)  # type: ignore[arg-type]


def _real(label: Text, least: float = 0, most: float = 10_000_000) -> fields.FloatField:
    return fields.FloatField(label=label, required=False, min_value=least, max_value=most)  # type: ignore[arg-type]


def _yes_no(label: Text) -> fields.TypedChoiceField:
    return fields.TypedChoiceField(
        label=label,
        required=False,
        choices=YES_NO,
        coerce=lambda value: value == "1",
        empty_value=None,  # type: ignore[arg-type]
    )


def _pick(label: Text, choices: dict[str, Text], *, required: bool = True) -> fields.ChoiceField:
    blank = [] if required else [("", "—")]
    return fields.ChoiceField(label=label, required=required, choices=[*blank, *choices.items()])  # type: ignore[arg-type, list-item]


class PointForm(Form):
    """A point, in a system that is said and never guessed."""

    lng = _real(Text("经度", "Longitude"), 73, 136)
    lat = _real(Text("纬度", "Latitude"), 3, 54)
    coordinates = fields.ChoiceField(
        label=Text("坐标系", "Coordinate system"),  # type: ignore[arg-type]
        required=False,
        choices=[("", "—"), *((str(c), name) for c, name in COORDINATE_NAMES.items())],  # type: ignore[list-item]
        help_text=Text("填了经纬度就必须选", "needed when coordinates are given"),  # type: ignore[arg-type]
    )

    def clean(self) -> dict[str, Any]:
        """A point needs its system."""
        found = super().clean() or {}
        if (found.get("lng") is not None or found.get("lat") is not None) and not found.get("coordinates"):
            from wanghuo.kernel.ui.language import say

            self.add_error("coordinates", say(Text("请选择坐标系", "choose the coordinate system")))
        return found


class UnitForm(PointForm):
    """The file of a unit."""

    units = {"area_m2": "m²", "height_m": "m"}
    sections = (
        (Text("是谁、在哪", "Who and where"),
         ("name", "kind", "region", "sector", "uscc", "local_code", "address", "lng", "lat", "coordinates")),
        (Text("规模（不知道就空着）", "Size (leave empty what is not known)"),
         ("area_m2", "storeys", "height_m", "employees", "beds", "rooms", "seats", "pupils")),
        (Text("情形", "Circumstances"), ("has_control_room", "mixed_use", "self_built", "let_out", "opening_hours")),
    )  # fmt: skip
    name = _words(Text("单位名称", "Name"), 120, required=True)
    kind = _pick(Text("场所种类", "Kind of place"), taxonomy.kinds())
    region = _words(
        Text("行政区划", "Region"),
        60,
        required=True,
        help_text=Text("到乡镇或更细；代码或名称", "town or below; code or name"),
    )
    sector = _pick(Text("主管行业", "Department in charge"), taxonomy.sectors(), required=False)
    uscc = _words(Text("统一社会信用代码", "Unified social credit code"), 24)
    local_code = _words(Text("原系统编号", "Code in the former system"), 40)
    address = _words(Text("地址", "Address"), 200)
    area_m2 = _real(Text("面积", "Area"))
    storeys = _whole(Text("层数", "Storeys"), 200)
    height_m = _real(Text("建筑高度", "Height"), 0, 1000)
    employees = _whole(Text("从业人数", "Workers"))
    beds = _whole(Text("床位数", "Beds"))
    rooms = _whole(Text("客房/房间数", "Rooms"))
    seats = _whole(Text("座位数", "Seats"))
    pupils = _whole(Text("学生数", "Pupils"))
    has_control_room = _yes_no(Text("有消防控制室（须联网）", "Fire control room (must be connected)"))
    mixed_use = _yes_no(Text("住宿与生产经营合用", "People live where they work"))
    self_built = _yes_no(Text("自建房", "Self-built"))
    let_out = _yes_no(Text("出租居住", "Let for living in"))
    opening_hours = _words(Text("营业时间", "Opening hours"), 80)
    version = fields.IntegerField(required=False, widget=fields.HiddenInput)


class ReasonForm(Form):
    """Why an act is done."""

    reason = fields.CharField(label=Text("原因", "Reason"), max_length=200)  # type: ignore[arg-type]


class ClassForm(Form):
    """A decision about one class."""

    code = _pick(Text("类别", "Class"), taxonomy.class_names())
    holds = fields.ChoiceField(
        label=Text("认定", "Decision"),  # type: ignore[arg-type]
        choices=[("1", Text("属于", "it is")), ("0", Text("不属于", "it is not"))],  # type: ignore[list-item]
    )
    since = fields.DateField(label=Text("起算日期", "Since"), required=False, widget=fields.DateInput(attrs=DAY))  # type: ignore[arg-type]
    note = _words(
        Text("说明", "Note"),
        200,
        help_text=Text("与规则建议不同时必填", "needed where it differs from what the rules propose"),
    )


class PersonForm(Form):
    """Somebody in charge."""

    role = _pick(Text("职务", "Post"), selectors.ROLES)
    name = _words(Text("姓名", "Name"), 60, help_text=Text("值班电话不必填", "not needed for a duty phone"))
    phone = _words(Text("电话", "Phone"), 24)
    certificate = _words(Text("证书编号", "Certificate"), 60)
    since = fields.DateField(label=Text("任职日期", "Since"), required=False, widget=fields.DateInput(attrs=DAY))  # type: ignore[arg-type]


class PurposeForm(Form):
    """What a personal number is needed for."""

    purpose = fields.CharField(
        label=Text("用途", "Purpose"),  # type: ignore[arg-type]
        min_length=4,
        max_length=200,
        help_text=Text("将与你的姓名、时间一并记入审计", "goes into the audit log with your name and the time"),  # type: ignore[arg-type]
    )


class BuildingForm(PointForm):
    """A building."""

    units = {"height_m": "m", "area_m2": "m²"}
    name = _words(Text("建筑名称", "Name"), 120, required=True)
    region = _words(Text("行政区划", "Region"), 60, required=True)
    manager = _words(
        Text("管理单位", "Managed by"),
        24,
        help_text=Text("单位编号 DW-…；没有就空着", "reference DW-…; leave empty if none"),
    )
    address = _words(Text("地址", "Address"), 200)
    use = _pick(Text("用途", "Use"), taxonomy.building_uses())
    height_m = _real(Text("建筑高度", "Height"), 0, 1000)
    floors_above = _whole(Text("地上层数", "Floors above ground"), 200)
    floors_below = _whole(Text("地下层数", "Floors below ground"), 30)
    area_m2 = _real(Text("建筑面积", "Area"))
    fire_resistance = _pick(Text("耐火等级", "Fire resistance"), taxonomy.fire_resistance(), required=False)
    built_year = fields.IntegerField(label=Text("建成年份", "Built in"), required=False, min_value=1000, max_value=2100)  # type: ignore[arg-type]


class TenancyForm(Form):
    """A unit uses floors of a building."""

    unit = fields.CharField(label=Text("单位编号", "Unit (DW-…)"), max_length=24)  # type: ignore[arg-type]
    floors = _words(Text("楼层", "Floors"), 40)
