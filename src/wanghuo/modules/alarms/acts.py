"""The acts on an alarm, each with its form, its service and its key on the console."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.ui.forms import Form
from wanghuo.modules.alarms import forms, services
from wanghuo.modules.alarms.states import Channel, FalseCause, Said

Save = Callable[[str, dict[str, Any], Actor], object]


@dataclass(frozen=True, slots=True)
class ActForm:
    """One act. `key`: the console's key. `at_once`: it takes no words, one press does it. `after`: said beside the button."""

    form: type[Form]
    save: Save
    key: str = ""
    at_once: bool = False
    after: Text | None = None


def _plain(service: Callable[..., object]) -> Save:
    return lambda ref, data, actor: service(ref, actor=actor, **data)


def _false(ref: str, data: dict[str, Any], actor: Actor) -> object:
    return services.judge_false(ref, cause=FalseCause(data["cause"]), note=data["note"], actor=actor)


def _hear(ref: str, data: dict[str, Any], actor: Actor) -> object:
    known = {"channel": Channel(data["channel"]), "said": Said(data["said"])}
    return services.hear(ref, **{**data, **known}, actor=actor)


def _call(ref: str, data: dict[str, Any], actor: Actor) -> object:
    return services.add_note(ref, text=data["text"], act="call", actor=actor)


ACTS: dict[str, ActForm] = {
    "take": ActForm(forms.NothingForm, _plain(services.take), "a", at_once=True),
    "call": ActForm(forms.LineForm, _call, "c"),
    "dispatch": ActForm(forms.DispatchForm, _plain(services.dispatch), "d"),
    "confirm": ActForm(
        forms.NothingForm,
        _plain(services.confirm_fire),
        "f",
        after=Text("随即转报，并通知单位与主管", "it is handed on, and the unit and supervisors are told"),
    ),
    "withdraw": ActForm(forms.ReasonForm, _plain(services.withdraw), "z"),
    "false": ActForm(forms.FalseForm, _false, "x"),
    "test": ActForm(forms.ReasonForm, _plain(services.judge_test), "t"),
    "fault": ActForm(forms.NoteForm, _plain(services.judge_fault), "g"),
    "restore": ActForm(forms.NoteForm, _plain(services.restore)),
    "close": ActForm(forms.EndForm, _plain(services.end)),
    "escalate": ActForm(
        forms.NothingForm, _plain(services.escalate), "e", after=Text("通知主管", "the supervisor is called")
    ),
    "hear": ActForm(
        forms.HearForm,
        _hear,
        "o",
        after=Text("见到火情即升为推定火警", "whoever saw a fire makes it a presumed fire"),
    ),
    "shelve": ActForm(forms.ShelveForm, _plain(services.shelve), "l", after=Text("到期自动解除", "it ends by itself")),
    "release": ActForm(forms.NothingForm, _plain(services.release), "i", at_once=True),
    "note": ActForm(forms.LineForm, _plain(services.add_note), "r"),
    "hazard": ActForm(
        forms.NoteForm, _plain(services.raise_hazard), "h", after=Text("生成隐患并起算核实时限", "a hazard is raised")
    ),
}
LABELS = {
    "call": Text("记呼叫", "log a call"),
    "escalate": Text("升级", "escalate"),
    "note": Text("记一条", "note"),
    "hazard": Text("转为隐患", "raise a hazard"),
    "raise": Text("报警", "raised"),
    "ask": Text("已请现场核实", "people on the spot were asked"),
    "silent": Text("无人答复", "nobody answered"),
    "said_fire": Text("现场反馈：确有火情", "seen on the spot: there is a fire"),
    "said_false": Text("现场反馈：误报", "seen on the spot: a false alarm"),
    "said_unsure": Text("现场反馈：尚不能确定", "seen on the spot: cannot tell yet"),
    "shown": Text("提示值班员", "the operator is called"),
    "shelve": Text("搁置", "shelve"),
    "release": Text("立即提示", "show now"),
    "hear": Text("记现场反馈", "log what somebody saw"),
    "again": Text("再次报警", "reported again"),
    "lift": Text("升为推定火警", "lifted to presumed fire"),
    "cleared": Text("信号消除", "signal gone"),
    "import": Text("历史数据导入", "imported as past data"),
}
"""The words for what stands beside the state table."""
