"""The lists of upkeep: devices that are down, what runs out, units that must be connected, weak households."""

from __future__ import annotations

from datetime import date

from django.db.models import Q
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel.loops.steps import steps_for
from wanghuo.kernel.ui.lists import Choice, Column, Empty, Flag, Link, ListPage, Words
from wanghuo.modules.sensing import lifetimes, selectors
from wanghuo.modules.sensing.coverage import COVERS
from wanghuo.modules.sensing.models import Device, Outage
from wanghuo.modules.sensing.outages import KINDS, MEND_RULE
from wanghuo.modules.sensing.states import DEVICE, IN_SERVICE, MARKS, NAMES
from wanghuo.modules.sensing.tables import found_by, unit_name

NO_STEP, WAITING = Text("", ""), Text("观察中", "being watched")
BY_UNIT = Text("单位消防安全管理人", "the unit's safety manager")
BY_TOWN = Text("乡镇（街道）消防办", "the fire office of the township")
BY_US = Text("监控中心", "the monitoring centre")


def place_of(row: Device) -> str:
    """Floor and place in one."""
    return " ".join(filter(None, (row.floor, row.location)))


def owner_of(row: Outage) -> Text:
    """Who must mend it."""
    if row.scope_unit:
        return BY_UNIT
    return BY_TOWN if row.town_code else BY_US


def step_of(row: Outage) -> Text:
    """How far the clock has climbed: being watched, not yet out, or the rung that was reached."""
    if row.due_at is None:
        return WAITING
    rung = getattr(row, "rung", 0) or 0
    if not rung:
        return NO_STEP
    rungs = steps_for(MEND_RULE, region=row.region_code, at=timezone.now()).rungs
    return rungs[min(rung, len(rungs)) - 1].name


def _down_by(words: str) -> Q:
    return Q(device__in=selectors.keys_where(found_by(words))) if words else Q()


DOWN = ListPage(
    title=Text("失联与故障设备", "Devices that are down"),
    what=Text("失联或故障设备", "device that is down"),
    columns=(
        Column("ref", Text("设备", "Device"), value="device__ref", kind="ref"),
        Column("kind", Text("情况", "What"), value=lambda o: KINDS[o.kind]),
        Column("since", Text("自", "Since"), kind="when", sort="since"),
        Column("unit", Text("单位", "Unit"), value=lambda o: unit_name(o.device)),
        Column("place", Text("位置", "Place"), value=lambda o: place_of(o.device)),
        Column("owner", Text("由谁修复", "Who must mend it"), value=owner_of),
        Column("due_at", Text("修复期限", "To be mended by"), kind="due"),
        Column("step", Text("督办", "Reached"), value=step_of),
        Column(
            "state", Text("现状", "State"), value="device__state", kind="state", machine=DEVICE, marks=MARKS, wide=True
        ),
        Column("installer", Text("安装单位", "Installer"), value="device__installer", wide=True),
        Column("region", Text("区划", "Region"), value="region_code", kind="region", wide=True),
    ),
    filters=(  # type: ignore[arg-type]
        Words(where=_down_by),
        Choice("kind", Text("情况", "What"), KINDS),
        Choice(
            "state",
            Text("现状", "State"),
            {str(s): n for s, n in NAMES.items() if s in IN_SERVICE},
            field="device__state",
        ),
        Flag("overdue", Text("已超期", "overdue"), lambda: Q(due_at__lt=timezone.now())),
        Flag("asked", Text("已报修", "to be mended by somebody"), lambda: Q(due_at__isnull=False)),
        Flag("never", Text("从未上线", "never heard"), lambda: Q(device__last_seen_at=None)),
        Flag("no_unit", Text("未关联单位", "without a unit"), lambda: Q(scope_unit=None)),
    ),
    sort="since",
    row_url="/devices/{0.device.ref}",
    period="since",
    links=(
        Link(Text("即将到期", "Running out"), "/devices/expiring", right="sensing.view"),
        Link(Text("厂家与安装单位排名", "League"), "/devices/league", right="indicators.view"),
        Link(Text("全部设备", "All devices"), "/devices", right="sensing.view"),
    ),
    code="sensing:outage",
    export_right="sensing.import",
    empty=Empty(Text("没有失联或故障的设备。", "No device is down.")),
)


def days_left(row: Device) -> int:
    """Days until it runs out; negative after that."""
    last: date = row.runs_out  # type: ignore[attr-defined]
    return (last - local_day(timezone.now())).days


def runs_out_within(value: str) -> Q:
    """What a choice of the list means."""
    today = local_day(timezone.now())
    past = Q(sim_until__lt=today) | Q(battery_until__lt=today) | Q(life_until__lt=today)
    return past if value == "past" else ~past


EXPIRING = ListPage(
    title=Text("即将到期", "Running out"),
    what=Text("到期设备", "device with something that runs out"),
    columns=(
        Column("ref", Text("设备", "Device"), kind="ref"),
        Column("what", Text("到期项", "What"), value=lambda d: lifetimes.KINDS.get(d.what, NO_STEP)),
        Column("runs_out", Text("到期日", "Last day"), kind="day"),
        Column("left", Text("还有（天）", "Days left"), value=days_left, kind="number"),
        Column("unit", Text("单位", "Unit"), value=unit_name),
        Column("place", Text("位置", "Place"), value=place_of),
        Column("state", Text("状态", "State"), kind="state", machine=DEVICE, marks=MARKS),
        Column("sim_until", Text("SIM 到期", "SIM until"), kind="day", sort="sim_until", wide=True),
        Column("battery_until", Text("电池到期", "Battery until"), kind="day", sort="battery_until", wide=True),
        Column("life_until", Text("寿命到期", "Life until"), kind="day", sort="life_until", wide=True),
        Column("iccid", Text("ICCID", "ICCID"), wide=True),
        Column("installer", Text("安装单位", "Installer"), wide=True),
        Column("region", Text("区划", "Region"), value="region_code", kind="region", wide=True),
    ),
    filters=(  # type: ignore[arg-type]
        Words(where=found_by),
        Choice("what", Text("到期项", "What"), lifetimes.KINDS),
        Choice(
            "when",
            Text("时间", "When"),
            {"past": Text("已到期", "run out"), "soon": Text("将到期", "soon")},
            where=runs_out_within,
        ),
    ),
    sort="ref",
    row_url="/devices/{0.ref}",
    links=(Link(Text("失联与故障设备", "Devices that are down"), "/devices/down", right="sensing.view"),),
    code="sensing:expiring",
    export_right="sensing.import",
    empty=Empty(Text("近期没有到期的 SIM 卡、电池或设备。", "No SIM, battery or device runs out soon.")),
)


CONNECTIONS = {
    "missing": Text("未联网", "not connected"),
    "silent": Text("已联网，全部失联", "connected, nothing heard"),
    "heard": Text("已联网", "connected"),
}

CONNECTION = ListPage(
    title=Text("应联网单位", "Units that must connect"),
    what=Text("应联网单位", "unit that must connect"),
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref", sort="ref"),
        Column("name", Text("单位", "Unit")),
        Column("connection", Text("联网", "Connection"), value=lambda u: CONNECTIONS[u.connection]),
        Column("devices", Text("设备数", "Devices"), kind="number"),
        Column("address", Text("地址", "Address"), wide=True),
        Column("region", Text("区划", "Region"), value="region_code", kind="region"),
    ),
    filters=(  # type: ignore[arg-type]
        Words(fields=("name", "ref", "uscc")),
        Choice("connection", Text("联网", "Connection"), CONNECTIONS, where=selectors.connection_is),
    ),
    sort="ref",
    row_url="/units/{0.ref}",
    links=(
        Link(Text("联网率", "Networking rate"), "/indicators/sensing.networking_rate", right="indicators.view"),
        Link(Text("扫码登记设备", "Register by scan"), "/devices/scan", right="sensing.edit", icon="plus", main=True),
    ),
    code="sensing:connection",
    export_right="places.export",
    empty=Empty(Text("没有应联网的单位。", "No unit must connect.")),
)

HOUSEHOLDS = ListPage(
    title=Text("特殊群体家庭感烟覆盖", "Smoke alarms of weak households"),
    what=Text("特殊群体家庭", "weak household"),
    columns=(
        Column("ref", Text("台账编号", "Register line"), kind="ref", sort="ref"),
        Column("cover", Text("感烟报警器", "Smoke alarm"), value=lambda r: COVERS[r.cover]),
        Column(
            "device",
            Text("设备", "Device"),
            value="device_ref",
            kind="template",
            template="sensing/_household_devices.html",
        ),
        Column("region", Text("区划", "Region"), value="region_code", kind="region"),
    ),
    filters=(  # type: ignore[arg-type]
        Words(fields=("ref",)),
        Choice("cover", Text("感烟报警器", "Smoke alarm"), COVERS),
        Flag("missing", Text("未覆盖", "not covered"), lambda: ~Q(cover="working")),
    ),
    sort="ref",
    row_url="/ledgers/weak_people/rows/{0.ref}",
    links=(
        Link(Text("覆盖率", "Coverage"), "/indicators/sensing.household_coverage", right="indicators.view"),
        Link(Text("扫码登记设备", "Register by scan"), "/devices/scan", right="sensing.edit", icon="plus", main=True),
    ),
    code="sensing:household",
    export_right="sensing.import",
    empty=Empty(
        Text(
            "台账里还没有特殊群体家庭。在“特殊群体‘一对一’帮扶”台账登记后，这里显示每户是否有能用的感烟报警器。",
            "No weak household is listed yet. Once they stand in the register of weak people, this tells which of them has a "
            "smoke alarm that works.",
        ),
        Link(Text("打开台账", "Open the register"), "/ledgers/weak_people", right="ledgers.view"),
    ),
)
