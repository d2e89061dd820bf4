"""The acts a page offers, each with its form and its service: one table for the detail page, the inbox and the tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.ui.forms import Form
from wanghuo.modules.hazards import forms, services
from wanghuo.modules.hazards.models import Hazard
from wanghuo.modules.hazards.services.evidence import Label
from wanghuo.modules.hazards.words import Level, Service

Save = Callable[[str, dict[str, Any], Actor], object]


@dataclass(frozen=True, slots=True)
class ActForm:
    """One act: its form, the service it calls, and what is said beside the button."""

    form: type[Form]
    save: Save
    after: Text | None = None
    initial: Callable[[Hazard], dict[str, Any]] | None = None


def _after(data: dict[str, Any]) -> list[Any]:
    return forms.as_photos(data.pop("photos"), Label.AFTER)


def _judge(conclusion: Any) -> Save:
    return lambda ref, data, actor: services.judge_recheck(
        ref, conclusion=conclusion, photos=_after(data), actor=actor, **data
    )


def _order(ref: str, data: dict[str, Any], actor: Actor) -> object:
    return services.order_rectification(ref, actor=actor, **{**data, "service": Service(data["service"])})


def _list(ref: str, data: dict[str, Any], actor: Actor) -> object:
    return services.list_hazard(ref, actor=actor, **{**data, "level": Level(data["level"])})


def _evidence(ref: str, data: dict[str, Any], actor: Actor) -> object:
    return services.add_evidence(ref, photos=forms.as_photos(data["photos"], Label(data["label"])), actor=actor)


def _plain(service: Callable[..., object]) -> Save:
    return lambda ref, data, actor: service(ref, actor=actor, **data)


def _with_photos(service: Callable[..., object]) -> Save:
    return lambda ref, data, actor: service(ref, photos=_after(data), actor=actor, **data)


def _publication(hazard: Hazard) -> dict[str, Any]:
    return {"unit_name": hazard.unit.name if hazard.unit else "", "place": hazard.place, "summary": hazard.description}


ACTS: dict[str, ActForm] = {
    "verify": ActForm(
        forms.NoteForm, _plain(services.verify), Text("随后起算制发文书时限", "the clock for the notice starts")
    ),
    "dismiss": ActForm(forms.ReasonForm, _plain(services.dismiss)),
    "fix_on_spot": ActForm(forms.PhotoForm, _with_photos(services.fix_on_spot)),
    "self_fix": ActForm(forms.SelfFixForm, _plain(services.self_fix)),
    "merge": ActForm(forms.MergeForm, _plain(services.merge)),
    "transfer": ActForm(forms.TransferForm, _plain(services.transfer)),
    "reply": ActForm(forms.ReplyForm, _plain(services.record_reply)),
    "take_back": ActForm(forms.ReasonForm, _plain(services.take_back)),
    "order": ActForm(
        forms.OrderForm, _order, Text("随后通知单位，起算整改期限", "the unit is told and its clock starts")
    ),
    "submit": ActForm(
        forms.PhotoForm,
        _with_photos(services.submit),
        Text("随后起算复查时限", "the clock for the re-inspection starts"),
    ),
    "recheck": ActForm(forms.NoteForm, _plain(services.start_recheck)),
    "extend": ActForm(forms.ExtendForm, _plain(services.extend)),
    "pass": ActForm(forms.JudgeForm, _judge("pass"), Text("随后销案", "the hazard is closed")),
    "part": ActForm(forms.PartForm, _judge("part")),
    "fail": ActForm(forms.JudgeForm, _judge("fail"), Text("随后转逾期处置", "it then counts as overdue")),
    "enforce": ActForm(forms.EnforceForm, _plain(services.enforce)),
    "propose_major": ActForm(forms.ReasonForm, _plain(services.propose_major)),
    "determine": ActForm(
        forms.DetermineForm, lambda ref, data, actor: services.determine_major(ref, is_major=True, actor=actor, **data)
    ),
    "not_major": ActForm(
        forms.DetermineForm, lambda ref, data, actor: services.determine_major(ref, is_major=False, actor=actor, **data)
    ),
    "reopen": ActForm(forms.ReasonForm, _plain(services.reopen)),
    "list": ActForm(forms.ListForm, _list),
    "publish": ActForm(
        forms.PublishForm,
        _plain(services.publish),
        Text("公众可见，期满自动撤下", "the public sees it until that day"),
        initial=_publication,
    ),
    "withdraw": ActForm(forms.ReasonForm, _plain(services.withdraw)),
    "evidence": ActForm(forms.EvidenceForm, _evidence),
}

LABELS = {
    "list": Text("挂牌督办", "list for supervision"),
    "publish": Text("公示", "publish"),
    "withdraw": Text("撤下公示", "withdraw"),
    "evidence": Text("补充照片", "add photographs"),
    "report": Text("上报", "reported"),
    "merged_in": Text("并入", "merged in"),
    "delist": Text("摘牌", "delist"),
    "import": Text("历史数据导入", "imported as past data"),
}
"""The words for what stands beside the state table."""
