"""The acts a task offers, each with its form and its service: one table for the page, the inbox and the tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wanghuo.base import Invalid, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts import bodies
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.ui.forms import Form
from wanghuo.modules.workplans import forms, services
from wanghuo.modules.workplans.models import PlanTask

Save = Callable[[PlanTask, dict[str, Any], Actor], object]


@dataclass(frozen=True, slots=True)
class ActForm:
    """One act: its form, the service it calls, and what is said beside the button."""

    form: type[Form]
    save: Save
    after: Text | None = None


def _plain(service: Callable[..., object]) -> Save:
    return lambda task, data, actor: service(task.ref, actor=actor, **data)


def _reassign(task: PlanTask, data: dict[str, Any], actor: Actor) -> object:
    owner = body_named(data.pop("owner"), task.region_code, actor)
    return services.reassign(task.ref, owner=owner, actor=actor, **data)


def body_named(name: str, region: str, actor: Actor, field: str = "owner") -> Body:
    """The one body that a person typed, among those they may see. Raises Invalid."""
    county = region[:6] or region
    seen = bodies.bodies_of(county, actor)
    exact = list(seen.filter(name=name.strip())[:2]) or list(seen.filter(short=name.strip())[:2])
    found = exact or bodies.candidates(name, county)
    if len(found) != 1:
        words = Text(
            "没有唯一的机构“{name}”，请从列表中选。", "No single body is called “{name}”; choose one of the list."
        )
        raise Invalid(words, field=field, name=name)
    return bodies.get_body(found[0].id, actor=actor)


ACTS: dict[str, ActForm] = {
    "take": ActForm(forms.NoteForm, _plain(services.take)),
    "return": ActForm(
        forms.ReasonForm, _plain(services.return_), Text("随后由下发单位改派", "whoever issued it reassigns it")
    ),
    "progress": ActForm(forms.ProgressForm, _plain(services.progress)),
    "report": ActForm(
        forms.ReportForm, _plain(services.report), Text("随后由外单位验收", "somebody outside then accepts it")
    ),
    "accept": ActForm(forms.NoteForm, _plain(services.accept), Text("随后办结", "the task is then done")),
    "send_back": ActForm(forms.ReasonForm, _plain(services.send_back)),
    "extend": ActForm(forms.ExtendForm, _plain(services.extend)),
    "withdraw": ActForm(forms.ReasonForm, _plain(services.withdraw)),
    "reassign": ActForm(forms.ReassignForm, _reassign),
}

LABELS = {
    "assign": Text("下达", "given"),
    "break_down": Text("层层分解", "break down"),
    "import": Text("导入", "imported"),
}
"""The words for what stands beside the state table."""
