"""Lists of the ways in and of the roll-calls."""

from __future__ import annotations

from django.db.models import Q

from wanghuo.base import Text
from wanghuo.kernel.ui.lists import Choice, Column, Empty, Flag, Link, ListPage
from wanghuo.modules.sensing.models import Way
from wanghuo.modules.sensing.way_kinds import KINDS

RIGHT = "sensing.ways"


def _kind(way: Way) -> Text:
    return KINDS[way.kind].name if way.kind in KINDS else Text(way.kind, way.kind)


WAYS = ListPage(
    title=Text("接入", "Ways in"),
    what=Text("接入", "way in"),
    columns=(
        Column("code", Text("代码", "Code"), kind="ref", sort="code"),
        Column("kind", Text("方式", "Kind"), value=_kind),
        Column("name", Text("名称", "Name")),
        Column("messages", Text("消息", "Messages"), kind="number"),
        Column("refused", Text("拒绝", "Refused"), kind="number"),
        Column("last_at", Text("最近消息", "Last message"), kind="when"),
        Column("last_error", Text("最近错误", "Last error"), wide=True),
        Column("enabled", Text("启用", "In use"), value=lambda w: Text("是", "yes") if w.enabled else Text("否", "no")),
        Column("region", Text("区划", "Region"), value="region_code", kind="region"),
    ),
    filters=(
        Choice("kind", Text("方式", "Kind"), {code: kind.name for code, kind in KINDS.items()}),
        Flag("off", Text("已停用", "not in use"), lambda: Q(enabled=False)),
    ),
    sort="code",
    row_url="/ways/{0.code}",
    links=(
        *(Link(kind.name, f"/ways/new/{code}", right=RIGHT, icon="plus") for code, kind in KINDS.items()),
        Link(Text("设备配置", "Profiles"), "/ways/profiles", right=RIGHT),
    ),
    code="sensing:way",
    empty=Empty(
        Text(
            "还没有接入。国标装置、CoAP、A5 5A 终端和自带令牌的 HTTP 设备不需要设置，登记设备即可。",
            "None yet. GB/T 26875.3, CoAP, A5 5A and HTTP devices with a token need none: register the device.",
        )
    ),
)

ROLL_CALLS = ListPage(
    title=Text("点名查岗", "Roll-calls"),
    what=Text("查岗", "roll-call"),
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref"),
        Column("asked_at", Text("时间", "Asked"), kind="when", sort="asked_at"),
        Column("region", Text("区划", "Region"), value="region_code", kind="region"),
        Column("asked", Text("岗位", "Posts"), kind="number"),
        Column("answered", Text("已应答", "Answered"), kind="number"),
        Column("skipped", Text("离线未查", "Off line, not asked"), kind="number"),
        Column("minutes", Text("时限（分钟）", "Minutes"), kind="number"),
        Column("reason", Text("原因", "Reason"), wide=True),
    ),
    sort="-asked_at",
    period="asked_at",
    row_url="/roll-calls/{0.ref}",
    links=(
        Link(
            Text("发起查岗", "Call the roll"),
            "/roll-calls/new",
            right="sensing.command",
            icon="plus",
            key="n",
            main=True,
        ),
        Link(Text("应答排名", "League"), "/roll-calls/league", right="sensing.view"),
    ),
    code="sensing:roll_call",
    empty=Empty(
        Text("还没有点过名。", "No roll was called yet."),
        Link(Text("发起查岗", "Call the roll"), "/roll-calls/new", right="sensing.command"),
    ),
)
