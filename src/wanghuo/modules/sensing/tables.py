"""The ledgers of devices and of unknown devices."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from django.db.models import Q
from django.http import HttpRequest

from wanghuo.base import Text
from wanghuo.kernel.ui.lists import Bulk, Choice, Column, Empty, Flag, Link, ListPage, Words
from wanghuo.kernel.ui.spans import Span
from wanghuo.modules.places import public as places
from wanghuo.modules.sensing.indicators import has_smoke, installed_in
from wanghuo.modules.sensing.models import Device
from wanghuo.modules.sensing.profiles import profile, profiles
from wanghuo.modules.sensing.states import DEVICE, HEARD, MARKS, NAMES, DeviceState
from wanghuo.modules.sensing.way_kinds import PROTOCOLS

REF, HEX = re.compile(r"SB-\d{6}-\d{4}-\d{5,9}"), frozenset("0123456789abcdef")
HEARD_NAME = Text("有报文", "heard")


def found_by(words: str) -> Q:
    """Devices by reference, address, or the unit's reference or code."""
    condition = Q()
    for term in words.split():
        unit = places.unit_by_code(term)
        one = begins(term)
        if term.isdecimal() and int(term) < 1 << 48:
            one |= Q(source=int(term).to_bytes(6, "little").hex())
        condition &= one | Q(unit_id=unit.id) if unit else one
    return condition


def begins(term: str) -> Q:
    """The reference or the wire address (hex) begins with the term; put so that databases find it by index: a whole
    reference is compared, an address is a range."""
    if REF.fullmatch(term.upper()):
        return Q(ref=term.upper())
    if term.upper().startswith("SB"):
        return Q(ref__startswith=term.upper())
    found = Q(source=term)
    if set(term.lower()) <= HEX:
        found |= Q(source__gte=term.lower(), source__lt=term.lower() + "g")
    return found


def in_state(value: str) -> Q:
    """One state, or "heard": every state in which frames come."""
    return Q(state__in=HEARD) if value == "heard" else Q(state=value)


def unit_name(row: Device) -> str:
    """The unit's name, "" without one."""
    return row.unit.name if row.unit else ""


def _given(name: str) -> Callable[[HttpRequest], Mapping[str, Text]]:
    """Whatever value stands in the address: there are too many to offer them."""
    return lambda request: {value: Text(value, value) for value in request.GET.getlist(name)}


DEVICES = ListPage(
    title=Text("设备", "Devices"),
    what=Text("设备", "device"),
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref", sort="ref"),
        Column("state", Text("状态", "State"), kind="state", machine=DEVICE, marks=MARKS),
        Column("unit", Text("单位", "Unit"), value=unit_name),
        Column("floor", Text("楼层", "Floor")),
        Column("location", Text("位置", "Location"), wide=True),
        Column("region", Text("区划", "Region"), value="region_code", kind="region"),
        Column("protocol", Text("协议", "Protocol"), value=lambda d: PROTOCOLS.get(d.protocol, d.protocol), wide=True),
        Column("source", Text("地址", "Address"), wide=True),
        Column("profile", Text("配置", "Profile"), value=lambda d: profile(d.profile).name, wide=True),
        Column("last_seen_at", Text("最近报文", "Last frame"), kind="when"),
    ),
    filters=(  # type: ignore[arg-type]
        Words(where=found_by),
        Choice(
            "state",
            Text("状态", "State"),
            {"heard": HEARD_NAME} | {str(s): n for s, n in NAMES.items()},
            where=in_state,
        ),
        Choice("protocol", Text("协议", "Protocol"), dict(PROTOCOLS)),
        Choice("profile", Text("配置", "Profile"), lambda _: {code: p.name for code, p in profiles().items()}),
        Choice("maker", Text("厂家", "Maker"), _given("maker"), kind="given"),
        Choice("installer", Text("安装单位", "Installer"), _given("installer"), kind="given"),
        Flag("never", Text("从未上线", "never heard"), lambda: Q(last_seen_at=None)),
        Flag("no_unit", Text("未关联单位", "without a unit"), lambda: Q(unit=None)),
        Flag("in_use", Text("未停用", "not retired"), lambda: ~Q(state=DeviceState.RETIRED)),
        Flag("smoke", Text("有感烟探测器", "with a smoke detector"), lambda: Q(has_smoke())),
        Span("installed", Text("安装", "installed"), where=installed_in),
    ),
    sort="ref",
    row_url="/devices/{0.ref}",
    links=(
        Link(Text("登记设备", "Register"), "/devices/new", right="sensing.edit", icon="plus", key="n", main=True),
        Link(Text("导入", "Import"), "/data/imports/new?kind=devices", right="sensing.import"),
        Link(Text("扫码登记", "Register by scan"), "/devices/scan", right="sensing.edit"),
        Link(Text("即将到期", "Running out"), "/devices/expiring", right="sensing.view"),
        Link(Text("应联网单位", "Must connect"), "/devices/connection", right="places.view"),
        Link(Text("家庭覆盖", "Households"), "/devices/households", right="ledgers.view"),
        Link(Text("排名", "League"), "/devices/league", right="indicators.view"),
        Link(Text("未登记设备", "Unknown devices"), "/devices/quarantine", right="sensing.edit"),
    ),
    bulk=(Bulk(Text("打印二维码标签", "Print labels"), "/devices/labels", right="sensing.view"),),
    code="sensing:device",
    export_right="sensing.import",
    empty=Empty(
        Text(
            "还没有设备。登记后，其报文才会产生报警。",
            "No devices yet. Frames cause alarms only once the device is registered.",
        ),
        Link(Text("登记设备", "Register a device"), "/devices/new", right="sensing.edit"),
    ),
)

QUARANTINE = ListPage(
    title=Text("未登记设备", "Unknown devices"),
    what=Text("未登记设备", "unknown device"),
    columns=(
        Column("source", Text("地址", "Address"), kind="ref"),
        Column("protocol", Text("协议", "Protocol"), value=lambda q: PROTOCOLS.get(q.protocol, q.protocol)),
        Column("number", Text("十进制", "Decimal"), value=lambda q: q.number),
        Column("frames", Text("报文数", "Frames"), kind="number"),
        Column("peer", Text("来自", "From")),
        Column("first_seen_at", Text("首次", "First"), kind="when"),
        Column("last_seen_at", Text("最近", "Last"), kind="when", sort="last_seen_at"),
        Column("ignored_why", Text("搁置原因", "Put aside because"), wide=True),
    ),
    filters=(Flag("ignored", Text("只看已搁置", "only those put aside"), lambda: Q(ignored=True)),),
    sort="-last_seen_at",
    regional=False,
    row_url="/devices/quarantine/{0.key}",
    code="sensing:quarantine",
    empty=Empty(Text("没有未登记的设备在发报文。", "No unknown device is sending.")),
)
