"""The forms of devices."""

from __future__ import annotations

from django import forms as fields

from wanghuo.base import Text
from wanghuo.kernel.ui.fields import day, moment
from wanghuo.kernel.ui.forms import Form
from wanghuo.modules.sensing import commands
from wanghuo.modules.sensing.profiles import profiles
from wanghuo.modules.sensing.way_kinds import PROTOCOLS


def _words(label: Text, most: int, *, required: bool = False, help_text: Text | str = "") -> fields.CharField:
    return fields.CharField(label=label, max_length=most, required=required, help_text=help_text)  # type: ignore[arg-type]


class DeviceForm(Form):
    """Register or change a device."""

    protocol = fields.ChoiceField(
        label=Text("接入协议", "Protocol"),  # type: ignore[arg-type]
        choices=list(PROTOCOLS.items()),  # type: ignore[arg-type]
        required=False,
    )
    source = _words(
        Text("设备地址", "Address"),
        64,
        required=True,
        help_text=Text(
            "国标：12 位十六进制（按线上顺序）或十进制编号；其他协议：IMEI、平台设备号或 MQTT 用户名",
            "GB/T 26875.3: twelve hex digits in wire order, or the decimal number; else IMEI, platform id or MQTT user",
        ),
    )
    unit = _words(
        Text("单位编号", "Unit"),
        40,
        help_text=Text("DW 编号、信用代码或原系统编号", "DW reference, credit code or former code"),
    )
    building = _words(Text("建筑编号", "Building"), 40, help_text=Text("JZ 编号，可不填", "JZ reference, optional"))
    region = _words(Text("行政区划", "Region"), 60, help_text=Text("没有单位时填写", "where there is no unit"))
    profile = fields.ChoiceField(
        label=Text("设备配置", "Profile"),  # type: ignore[arg-type]
        choices=lambda: [(code, each.name) for code, each in profiles().items()],
    )
    maker = _words(Text("厂家", "Maker"), 60)
    model = _words(Text("型号", "Model"), 60)
    floor = _words(Text("楼层", "Floor"), 20)
    location = _words(Text("安装位置", "Location"), 120)
    networks = _words(
        Text("可信网络", "Networks"),
        200,
        help_text=Text("如 10.1.0.0/16，逗号分隔；不填为不限", "like 10.1.0.0/16, by commas; empty: any"),
    )
    installed_on = fields.DateField(
        label=Text("安装日期", "Installed on"),  # type: ignore[arg-type]
        required=False,
        widget=fields.DateInput(attrs={"type": "date"}),
    )
    installer = _words(Text("安装单位", "Installer"), 60)
    iccid = _words(Text("SIM 卡 ICCID", "ICCID of its SIM"), 24)
    sim_until = day(Text("SIM 到期", "SIM paid until"), required=False)
    battery_on = day(Text("电池安装日期", "Battery put in on"), required=False)
    battery_until = day(
        Text("电池到期", "Battery until"),
        required=False,
        help_text=Text("不填按设备配置的电池年限推算", "empty: by the profile's battery life"),
    )
    life_until = day(
        Text("寿命到期", "Service life until"),
        required=False,
        help_text=Text("不填按设备配置的使用年限推算", "empty: by the profile's service life"),
    )
    household = _words(
        Text("特殊群体家庭", "Weak household"),
        32,
        help_text=Text("台账编号 TZ-…，可不填", "register line TZ-…, optional"),
    )


class ChangeForm(DeviceForm):
    """Change a device: its address stays."""

    source = protocol = None  # type: ignore[assignment]


class ReasonForm(Form):
    """An act that asks why."""

    reason = _words(Text("原因", "Reason"), 200, required=True)


class MaintenanceForm(ReasonForm):
    """Start maintenance, now or later, for as long as said."""

    start = moment(Text("开始", "From"), required=False, help_text=Text("不填为现在", "empty: now"))
    until = moment(
        Text("结束", "Until"),
        required=False,
        help_text=Text("到时自动恢复监测；不填须人工结束", "watched again from then on; empty: until ended by hand"),
    )
    field_order = ["start", "until", "reason"]


class MuteForm(ReasonForm):
    """Mute a device for some hours."""

    hours = fields.FloatField(
        label=Text("静默小时数", "Hours"),  # type: ignore[arg-type]
        min_value=0,
        max_value=168,
        help_text=Text("0 为解除；火警从不静默", "0 ends it; fire is never muted"),  # type: ignore[arg-type]
    )


class CommandForm(ReasonForm):
    """Send a command down."""

    act = fields.ChoiceField(label=Text("指令", "Command"), choices=list(commands.ACTS.items()))  # type: ignore[arg-type]
    minutes = fields.IntegerField(
        label=Text("查岗应答时限（分钟）", "Minutes to answer a duty check"),  # type: ignore[arg-type]
        min_value=1,
        max_value=commands.MOST_MINUTES,
        initial=commands.DEFAULT_MINUTES,
    )
    field_order = ["act", "minutes", "reason"]


class LocationForm(Form):
    """Where a component is."""

    location = _words(Text("部件位置", "Where it is"), 120)
