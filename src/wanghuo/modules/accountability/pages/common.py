"""What the pages share: acts with their forms, time lines, choices of regions and bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_http_methods

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.accounts.bodies import bodies_of
from wanghuo.kernel.files import files_of
from wanghuo.kernel.files.models import StoredFile
from wanghuo.kernel.indicators import indicators
from wanghuo.kernel.regions import codes
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.ui.acts import Act, acts_for
from wanghuo.kernel.ui.components import region_name
from wanghuo.kernel.ui.forms import Form, answer
from wanghuo.modules.accountability.models import Record, Step
from wanghuo.modules.accountability.services import frame

VIEW = "accountability.view"
STEPS = {
    "make": Text("新建", "made"),
    "edit": Text("修改", "edited"),
    "recompute": Text("重新计算", "computed anew"),
    "done": Text("履职", "duty done"),
    "circulate": Text("以通报印发", "issued as a circular"),
    "served": Text("文书已送达", "its paper was served"),
    "replied": Text("文书已回复", "its paper was answered"),
    "reply_accepted": Text("回复已采纳", "the answer was accepted"),
}


@dataclass(frozen=True, slots=True)
class ActForm:
    """One act: its form (or what makes it from the record), the service behind it, and what is told beside the button.

    `template`: a page of its own for a form that needs one. `initial`: what stands in the form at first.
    """

    form: type[Form] | Callable[[Any, Actor], type[Form]]
    save: Callable[[str, dict[str, Any], Actor], Any]
    after: Text | None = None
    initial: Callable[[Any], dict[str, Any]] | None = None
    label: Text | None = None
    needs_move: str = ""


def actor_of(request: HttpRequest) -> Actor:
    """Who asks."""
    return request.actor  # type: ignore[attr-defined,no-any-return]


def act_view(model: type[Record], acts: Mapping[str, ActForm]) -> Callable[..., HttpResponseBase]:
    """The view of every act of one kind of record: GET its form, POST its doing."""

    def act(request: HttpRequest, ref: str, name: str) -> HttpResponse:
        actor = actor_of(request)
        row = frame.load(model, ref, actor=actor)
        found = acts.get(name)
        if found is None:
            raise Http404
        _check(model, row, found.needs_move or name, actor, sent=request.method == "POST")
        form = found.form if isinstance(found.form, type) else found.form(row, actor)
        label = found.label or model.MACHINE.label(name)
        return answer(
            request,
            form,
            save=lambda data: found.save(ref, data, actor),
            then=row.url,
            title=label,
            submit=label,
            after=found.after,
            initial=found.initial(row) if found.initial else None,
        )

    act.__doc__ = f"An act on a record of the kind {model.KIND}: its form, and its doing."
    return needs(VIEW)(require_http_methods(["GET", "POST"])(act))


def _check(model: type[Record], row: Record, name: str, actor: Actor, *, sent: bool) -> None:
    """Refuse whoever lacks the right before the form is looked at, and a form that could not be sent before it is shown."""
    moves = [m for m in model.MACHINE.moves if m.name == name]
    if moves:
        frame.require(actor, moves[0].right, row)
        if not sent:
            model.MACHINE.move(row.state, name)


def offered(row: Record, actor: Actor, extra: list[Act] | None = None, **known: Any) -> list[Act]:
    """The acts of a page: from the state table, then those beside it."""
    hidden = frozenset(move.name for move in row.MACHINE.moves if not frame.may(actor, move.right, row))
    found = acts_for(row.MACHINE, row.state, actor=actor, row=row, url=row.url, hidden=hidden, **known)
    possible = [a for a in found if a.allowed]
    return [*possible, *(extra or []), *(a for a in found if not a.allowed)]


def entries(row: Record) -> list[dict[str, Any]]:
    """The time line, newest first."""
    steps = Step.objects.filter(subject_kind=row.KIND, subject_id=row.id).order_by("-id")[:100]
    return [
        {
            "at": step.at,
            "who": step.by_name if step.by_kind == "person" else Text("望火", "Wanghuo"),
            "what": STEPS.get(step.move) or row.MACHINE.label(step.move),
            "by": step.by_kind,
            "note": step.note,
        }
        for step in steps
    ]


def files(row: Record, actor: Actor) -> dict[str, list[StoredFile]]:
    """The files of a record by label."""
    found: dict[str, list[StoredFile]] = {}
    for file in files_of(row.KIND, row.id, actor):
        found.setdefault(file.label, []).append(file)
    return found


def home(actor: Actor, right: str, wanted: str = "") -> str:
    """The region a page begins with: the one asked for where the actor holds the right over it, else the widest of theirs."""
    held = sorted((g.region for g in actor.with_right(right) if g.unit is None), key=len)
    try:
        code = codes.normalise(wanted) if wanted else ""
    except ValueError:
        code = ""
    if code and any(codes.contains(h, code) for h in held):
        return code
    return held[0] if held else actor.home


def places(region: str) -> list[tuple[str, str]]:
    """A region and those just below, as choices."""
    return [(region, region_name(region)), *below(region)]


def below(region: str) -> list[tuple[str, str]]:
    """The regions just below, as choices."""
    return [(child.code, region_name(child.code)) for child in regions.children(region)]


def bodies(region: str, actor: Actor) -> list[tuple[str, str]]:
    """Whom one writes to and meets with, as choices: the bodies of the region itself, and the governments below it."""
    rows = bodies_of(region, actor).filter(Q(region_code=region) | Q(kind__in=("government", "township")))
    return [(str(body.pk), body.name) for body in rows]


def departments(region: str, actor: Actor) -> list[tuple[str, str]]:
    """The departments of a region, as choices."""
    return [
        (str(body.pk), body.name) for body in bodies_of(region, actor).filter(region_code=region, kind="department")
    ]


def measures() -> list[tuple[str, Text]]:
    """The indicators, as choices."""
    return [(of.code, of.name) for of in indicators()]


def base(row: Record, actor: Actor, **known: Any) -> dict[str, Any]:
    """What every detail page needs."""
    return {
        "row": row,
        "title": Text(row.title, row.title),
        "machine": row.MACHINE,
        "entries": entries(row),
        "files": files(row, actor),
        **known,
    }
