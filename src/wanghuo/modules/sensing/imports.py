"""Devices from a table: the same checks as the form, written in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from wanghuo.base import AppError, Text
from wanghuo.base.time import local_day
from wanghuo.kernel import audit
from wanghuo.kernel.access.scope import scope_columns
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
from wanghuo.kernel.loops.refs import next_refs
from wanghuo.modules.places import public as places
from wanghuo.modules.sensing import coverage, lifetimes, services
from wanghuo.modules.sensing.messages import GB26875
from wanghuo.modules.sensing.models import LOOK_NOW, Device, QuarantinedDevice
from wanghuo.modules.sensing.profiles import profiles
from wanghuo.modules.sensing.way_kinds import PROTOCOLS


def columns() -> tuple[Column, ...]:
    """The columns of the ledger of devices."""
    kinds = {code: kind.name for code, kind in profiles().items()}
    return (
        Column(
            "source",
            Text("设备地址", "Address"),
            required=True,
            longest=20,
            example="e90300000000",
            help=Text(
                "12 位十六进制（按线上顺序）或十进制编号", "twelve hex digits in wire order, or the decimal number"
            ),
            synonyms=("设备编号", "传输装置编号", "装置地址", "设备号", "source address", "device id"),
        ),
        Column(
            "unit",
            Text("单位编号", "Unit"),
            longest=40,
            example="DW-445281-000017",
            help=Text(
                "DW 编号、统一社会信用代码或原系统编号", "DW reference, credit code or code of the former system"
            ),
            synonyms=("单位", "所属单位编号", "信用代码", "统一社会信用代码", "unit ref"),
        ),
        Column(
            "region_code",
            Text("行政区划", "Region"),
            "region",
            example="普宁市赤岗镇",
            help=Text("没有单位的设备才需要", "only for devices without a unit"),
            synonyms=("区划代码", "乡镇", "region code"),
        ),
        Column(
            "protocol",
            Text("接入协议", "Protocol"),
            "choice",
            choices=dict(PROTOCOLS),
            example="gb26875",
            help=Text("不填为 GB/T 26875.3", "empty: GB/T 26875.3"),
            synonyms=("协议", "接入方式"),
        ),
        Column(
            "profile",
            Text("设备配置", "Profile"),
            "choice",
            choices=kinds,
            example="standard",
            synonyms=("设备类型", "类型", "协议配置"),
        ),
        Column("maker", Text("厂家", "Maker"), longest=60, synonyms=("生产厂家", "厂商", "品牌")),
        Column("model", Text("型号", "Model"), longest=60, synonyms=("设备型号", "规格型号")),
        Column("floor", Text("楼层", "Floor"), longest=20, example="3F", synonyms=("所在楼层",)),
        Column(
            "location", Text("安装位置", "Location"), longest=120, example="消防控制室", synonyms=("位置", "安装地点")
        ),
        Column("lng", Text("经度", "Longitude"), "float", least=73, most=136, synonyms=("lon", "x")),
        Column("lat", Text("纬度", "Latitude"), "float", least=3, most=54, synonyms=("y",)),
        Column(
            "networks",
            Text("可信网络", "Networks"),
            longest=200,
            example="10.1.0.0/16",
            help=Text("多个用逗号隔开；不填为不限", "several are separated by commas; empty: any"),
        ),
        Column("installed_on", Text("安装日期", "Installed on"), "date", example="2026-03-05", synonyms=("投用日期",)),
        *_upkeep_columns(),
    )


def _upkeep_columns() -> tuple[Column, ...]:
    """Who put it in, and what of it runs out."""
    return (
        Column(
            "installer",
            Text("安装单位", "Installer"),
            longest=60,
            example="宏达消防工程有限公司",
            synonyms=("施工单位", "安装公司", "维保单位"),
        ),
        Column(
            "iccid",
            Text("SIM 卡 ICCID", "ICCID of its SIM"),
            longest=24,
            example="89860321047551234567",
            synonyms=("ICCID", "SIM卡号", "物联网卡号"),
        ),
        Column(
            "sim_until",
            Text("SIM 到期", "SIM paid until"),
            "date",
            synonyms=("SIM卡到期日期", "物联网卡到期", "流量到期"),
        ),
        Column(
            "battery_on", Text("电池安装日期", "Battery put in on"), "date", synonyms=("换电池日期", "电池更换日期")
        ),
        Column("battery_until", Text("电池到期", "Battery until"), "date", synonyms=("电池到期日期", "电池有效期")),
        Column(
            "life_until",
            Text("寿命到期", "Service life until"),
            "date",
            synonyms=("报废日期", "使用年限到期", "有效期至"),
        ),
        Column(
            "household",
            Text("特殊群体家庭", "Weak household"),
            longest=32,
            help=Text("台账“特殊群体‘一对一’帮扶”的编号 TZ-…", "line TZ-… of the register of weak people"),
            synonyms=("帮扶台账编号", "独居老人台账编号"),
        ),
    )


def check(rows: Sequence[Row], context: Context) -> list[Judged]:
    """New, an update of the device with that address, a duplicate inside the file, or an error."""
    units = places.units_by_codes(str(row.get("unit", "")).strip() for row in rows)
    cleaned = [_cleaned(row, context, units) for row in rows]
    sources = [row.values.get("source", "") for row in rows]
    standing = {(d.protocol, d.source): d for d in Device.objects.filter(source__in=sources)}
    ids = [device.pk for device in standing.values()]
    visible = set(Device.objects.visible_to(context.actor).filter(pk__in=ids).values_list("pk", flat=True))
    return [_judged(row, errors, standing, visible, context) for row, errors in zip(rows, cleaned, strict=True)]


def _cleaned(row: Row, context: Context, units: dict[str, Any]) -> list[CellError]:
    errors: list[CellError] = []
    found = row.values
    if found.get("lng") is not None and found.get("lat") is not None and context.coordinates is not None:
        found["lng"], found["lat"] = to_wgs84(found["lng"], found["lat"], context.coordinates)
    networks = found.get("networks", "")
    if isinstance(networks, str):
        found["networks"] = [
            block for block in networks.replace("，", ",").replace(";", ",").split(",") if block.strip()
        ]
    try:
        found["protocol"] = found.get("protocol") or GB26875
        found["source"] = services.clean_source(str(row.get("source", "")), found["protocol"])
        found.update(services.clean(found))
    except AppError as error:
        column = getattr(error, "field", "")
        errors.append(CellError(column, error.message, value=str(row.get(column, ""))))
    household = str(row.get("household", "") or "")
    try:
        coverage.check_household(household, context.actor)
    except AppError as error:
        errors.append(CellError("household", error.message, value=household))
    code = str(row.get("unit", "")).strip()
    unit = units.get(code)
    if code and (unit is None or not context.actor.can(services.EDIT, unit)):
        errors.append(
            CellError("unit", Text("没有这个单位，或不在你的范围", "no such unit, or outside your scope"), value=code)
        )
    elif unit is not None:
        found["unit_id"], found["region_code"], found["sector"] = unit.id, unit.region_code, unit.sector
        found["lng"], found["lat"] = found.get("lng") or unit.lng, found.get("lat") or unit.lat
    return errors


def _judged(
    row: Row, errors: list[CellError], standing: dict[tuple[str, str], Device], visible: set[UUID], context: Context
) -> Judged:
    if errors:
        return Judged(row, "error", errors=errors)
    source = row.values["source"]
    key = (row.values["protocol"], source)
    seen: dict[tuple[str, str], int] = context.memory.setdefault("sources", {})
    earlier = seen.setdefault(key, row.number)
    if earlier != row.number:
        return Judged(
            row, "duplicate", note=Text("与第 {n} 行地址相同", "the same address as row {n}").filled({"n": earlier})
        )
    device = standing.get(key)
    if device is None:
        return Judged(row, "new")
    if device.pk not in visible:
        return Judged(row, "error", errors=[CellError("source", services.SourceNeedsChecking.text, value=source)])
    return Judged(row, "update", target=device)


def write(judged: Sequence[Judged], context: Context) -> list[Written]:
    """Write new and updated devices; quarantined ones among them leave quarantine."""
    new = [(j.row, _new(j.row, context)) for j in judged if j.outcome == "new"]
    year = local_day(timezone.now()).year
    by_county: dict[str, list[Device]] = {}
    for _, device in new:
        by_county.setdefault(device.region_code[:6], []).append(device)
    for county, devices in by_county.items():
        for device, ref in zip(devices, next_refs("SB", county, year, count=len(devices)), strict=True):
            device.ref = ref
    Device.objects.bulk_create([device for _, device in new], batch_size=500)
    changed = [(j.row, _changed(j.target, j.row)) for j in judged if j.outcome == "update"]
    fields = [*services.FIELDS, "unit", *scope_columns("0"), "changed_at", "check_at"]
    Device.objects.bulk_update([device for _, device in changed], fields, batch_size=100)
    everyone = [*new, *changed]
    for protocol in {device.protocol for _, device in new}:
        sources = [device.source for _, device in new if device.protocol == protocol]
        QuarantinedDevice.objects.filter(protocol=protocol, source__in=sources).delete()
    for row, device in everyone:
        act = "sensing:device:register" if row.number in {r.number for r, _ in new} else "sensing:device:change"
        audit.record(context.actor, act, device.ref, region=device.region_code, after={"source": device.source})
    numbers = {row.number for row, _ in new}
    return [Written(r.number, "new" if r.number in numbers else "update", d.ref, str(d.pk)) for r, d in everyone]


def _new(row: Row, context: Context) -> Device:
    device = Device(protocol=row.get("protocol") or GB26875, source=row.values["source"], **services.clean(row.values))
    device.unit_id = row.get("unit_id")
    region = row.get("region_code") or context.region
    device.place(region, sector=row.get("sector", ""), unit=device.unit_id)
    context.actor.require(services.EDIT, device)
    lifetimes.fill_in(device)
    return device


def _changed(device: Device, row: Row) -> Device:
    """An update changes what the file says; an empty cell says nothing."""
    given = {name: value for name, value in row.values.items() if value not in (None, "", [])}
    for name, value in services.clean(given).items():
        setattr(device, name, value)
    if row.get("unit_id"):
        device.unit_id = row.values["unit_id"]
        device.place(row.values["region_code"], sector=row.get("sector", ""), unit=device.unit_id)
    lifetimes.fill_in(device)
    device.changed_at, device.check_at = timezone.now(), LOOK_NOW
    return device


def undo(object_ids: Sequence[str], context: Context) -> list[str]:
    """Remove created devices that were never heard; the references of the others."""
    blocked: list[str] = []
    for start in range(0, len(object_ids), 500):
        rows = Device.objects.visible_to(context.actor).filter(pk__in=object_ids[start : start + 500])
        blocked += rows.exclude(last_seen_at=None).values_list("ref", flat=True)
        rows.filter(last_seen_at=None).delete()
    return blocked


def register() -> None:
    """Declare the kind; called when the app is ready."""
    register_import(
        ImportKind(
            code="devices",
            title=Text("设备", "Devices"),
            right="sensing.import",
            columns=columns(),
            check=check,
            write=write,
            undo=undo,
            has_coordinates=True,
            help=Text(
                "地址已登记的为更新；填了单位编号的，随单位所在区划。隔离中的同地址设备随之解除隔离。",
                "A registered address is updated; with a unit given, the device stands where the unit stands. "
                "A quarantined device of that address leaves quarantine.",
            ),
        )
    )
