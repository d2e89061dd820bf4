"""The life of an alarm, as data. Fits regulations.md 9.3: received, confirmed or found false, always with a cause."""

from __future__ import annotations

from enum import StrEnum

from wanghuo.base import Machine, Move, Text


class AlarmState(StrEnum):
    """Where an alarm stands."""

    NEW = "new"
    TAKEN = "taken"
    DISPATCHED = "dispatched"
    FIRE = "fire"
    FALSE = "false"
    TEST = "test"
    FAULT = "fault"
    RESTORED = "restored"
    CLOSED = "closed"


S = AlarmState
_HANDLE = "alarms.handle"
_WAITING = (S.NEW, S.TAKEN, S.DISPATCHED)

ALARM = Machine(
    what=Text("报警", "Alarm"),
    initial=S.NEW,
    names={
        S.NEW: Text("待接警", "not taken yet"),
        S.TAKEN: Text("核实中", "being verified"),
        S.DISPATCHED: Text("已派人核实", "somebody sent"),
        S.FIRE: Text("确认火警", "confirmed fire"),
        S.FALSE: Text("误报", "false alarm"),
        S.TEST: Text("测试", "test"),
        S.FAULT: Text("故障属实", "real fault"),
        S.RESTORED: Text("已恢复", "restored"),
        S.CLOSED: Text("处置完毕", "dealt with"),
    },
    moves=(
        Move("take", S.NEW, S.TAKEN, _HANDLE, Text("接警", "take")),
        Move("dispatch", S.NEW, S.DISPATCHED, _HANDLE, Text("就近派出", "send nearest")),
        Move("dispatch", S.TAKEN, S.DISPATCHED, _HANDLE, Text("就近派出", "send nearest")),
        *(Move("confirm", s, S.FIRE, _HANDLE, Text("确认火警", "confirm fire")) for s in _WAITING),
        *(Move("false", s, S.FALSE, _HANDLE, Text("判为误报", "false alarm")) for s in _WAITING),
        *(Move("test", s, S.TEST, _HANDLE, Text("判为测试", "test")) for s in _WAITING),
        *(Move("fault", s, S.FAULT, _HANDLE, Text("判为故障", "fault")) for s in _WAITING),
        *(Move("restore", s, S.RESTORED, _HANDLE, Text("已恢复正常", "restored")) for s in _WAITING),
        *(Move("deny", s, S.FALSE, "alarms.answer", Text("现场核实为误报", "denied on the spot")) for s in _WAITING),
        Move("withdraw", S.FIRE, S.TAKEN, _HANDLE, Text("撤回确认", "withdraw")),
        Move("close", S.FIRE, S.CLOSED, _HANDLE, Text("处置完毕", "dealt with")),
        Move("close", S.FAULT, S.CLOSED, _HANDLE, Text("故障排除", "fault mended")),
    ),
)

WAITING = _WAITING  # nobody has judged it yet
OPEN = (*_WAITING, S.FIRE)  # stands on the console
KEPT_ROUTES = ("group", "wait", "ask", "hold")  # stands, but no operator was called
JUDGED = (S.FIRE, S.FALSE, S.TEST, S.FAULT, S.CLOSED, S.RESTORED)


class FalseCause(StrEnum):
    """Why a detector told of a fire that was none (regulations.md 9.3)."""

    COOKING = "cooking"
    DUST = "dust"
    STEAM = "steam"
    INSECT = "insect"
    DEVICE = "device"
    SMOKING = "smoking"
    MALICIOUS = "malicious"
    OTHER = "other"


CAUSES = {
    FalseCause.COOKING: Text("烹饪油烟", "cooking fumes"),
    FalseCause.DUST: Text("灰尘", "dust"),
    FalseCause.STEAM: Text("水汽", "steam"),
    FalseCause.INSECT: Text("昆虫", "insects"),
    FalseCause.DEVICE: Text("设备故障", "faulty device"),
    FalseCause.SMOKING: Text("吸烟", "smoking"),
    FalseCause.MALICIOUS: Text("人为误触或恶意", "pressed by mistake or mischief"),
    FalseCause.OTHER: Text("其他", "other"),
}
"""In the order of the console's keys 1 to 8."""


class Said(StrEnum):
    """What somebody on the spot says."""

    FIRE = "fire"
    FALSE = "false"
    UNSURE = "unsure"


SAID = {
    Said.FIRE: Text("确有火情", "there is a fire"),
    Said.FALSE: Text("误报", "false alarm"),
    Said.UNSURE: Text("尚不能确定", "cannot tell yet"),
}


class Channel(StrEnum):
    """Who says so."""

    UNIT = "unit"
    GRID = "grid"
    CALL = "call"
    CITIZEN = "citizen"


CHANNELS = {
    Channel.UNIT: Text("单位", "the unit"),
    Channel.GRID: Text("网格员", "the grid worker"),
    Channel.CALL: Text("电话回访", "by telephone"),
    Channel.CITIZEN: Text("群众", "a citizen"),
}
