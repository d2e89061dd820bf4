"""Pages of the ways in: what is set up, how each goes, its address and last message; and the tokens of devices."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.accounts.pages import needs_recent_factor
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.ui.acts import Act
from wanghuo.kernel.ui.components import region_name
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.pages import go, render
from wanghuo.modules.sensing import credentials, selectors, ways
from wanghuo.modules.sensing.models import Way
from wanghuo.modules.sensing.way_forms import ChangeWayForm, NewWayForm, ReasonlessForm
from wanghuo.modules.sensing.way_kinds import KINDS
from wanghuo.modules.sensing.way_tables import WAYS

CHANGE, ROTATE, REMOVE = Text("修改", "Change"), Text("更换地址", "New address"), Text("删除", "Remove")
ADD = Text("新增接入", "Set up a way in")


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@needs("sensing.ways")
@require_GET
def way_list(request: HttpRequest) -> HttpResponse:
    """What is set up."""
    return WAYS.respond(request, Way.objects.visible_to(_actor(request)), {"kinds": KINDS.values()})  # type: ignore[return-value]


@needs("sensing.ways")
@require_http_methods(["GET", "POST"])
def new_way(request: HttpRequest, kind: str) -> HttpResponse:
    """Set up a way in of one kind."""
    actor, about = _actor(request), ways.kind_of(kind)

    def save(data: dict[str, Any]) -> Way:
        region = regions.resolve(data["region"]) if data["region"] else actor.home
        if region is None:
            raise Invalid(Text("没有这个区划。", "There is no such region."), field="region")
        own = {name: data[name] for name in ("code", "name", "networks")}
        return ways.add_way(kind=kind, given=data, region_code=region, actor=actor, **own)

    return answer(
        request, NewWayForm, save=save, then=lambda way: f"/ways/{way.code}", submit=Text("新增", "Add"),
        title=Text("新增接入：{kind}", "Set up: {kind}").filled({"kind": about.name}),
        initial={"region": region_name(actor.home)}, form_kwargs={"about": about},
    )  # fmt: skip


@needs("sensing.ways")
@never_cache
@require_GET
def way(request: HttpRequest, code: str) -> HttpResponse:
    """One way in: its address, how it goes, its last message and what that became."""
    actor = _actor(request)
    row = ways.get_way(code, actor=actor)
    acts = [Act("change", CHANGE, f"/ways/{row.code}/acts/change", main=True)]
    if KINDS[row.kind].pushed:
        acts.append(Act("rotate", ROTATE, f"/ways/{row.code}/acts/rotate"))
    acts.append(Act("remove", REMOVE, f"/ways/{row.code}/acts/remove"))
    about = KINDS[row.kind]
    shown = [
        (f.label, ways.map_text(row.settings.get(f.name)) or row.settings.get(f.name, ""))
        for f in about.fields
        if not f.secret
    ]
    context = {
        "way": row,
        "title": Text(row.name, row.name),
        "kind": about,
        "acts": acts,
        "address": ways.address_of(row),
        "settings_shown": [(label, value) for label, value in shown if value],
        "secrets_kept": [f.label for f in about.fields if f.secret and f.name in row.secrets],
        "preview": ways.sample_of(row),
        "whole": True,
    }
    return render(request, "sensing/way.html", context)


def _change(request: HttpRequest, row: Way, actor: Actor) -> HttpResponse:
    known = {
        f.name: ways.map_text(row.settings.get(f.name)) or row.settings.get(f.name, "")
        for f in KINDS[row.kind].fields
        if not f.secret
    }
    known |= {"name": row.name, "networks": ", ".join(row.networks), "enabled": row.enabled}

    def save(data: dict[str, Any]) -> Way:
        own = {name: data[name] for name in ("name", "networks", "enabled")}
        return ways.change_way(code=row.code, given=data, actor=actor, **own)

    return answer(
        request, ChangeWayForm, save=save, then=f"/ways/{row.code}", title=CHANGE, initial=known,
        form_kwargs={"about": KINDS[row.kind]},
    )  # fmt: skip


@needs("sensing.ways")
@require_http_methods(["GET", "POST"])
def way_act(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """The form of one act on a way in, and the act."""
    actor = _actor(request)
    row = ways.get_way(code, actor=actor)
    actor.require(ways.RIGHT, row)
    if name == "change":
        return _change(request, row, actor)
    if name == "rotate":
        after = Text("旧地址立即失效，请到对方平台更换。", "The old address ends at once; change it at the other side.")
        rotate = lambda _: ways.rotate_path(code=code, actor=actor)
        return answer(
            request, ReasonlessForm, save=rotate, then=f"/ways/{code}", title=ROTATE, submit=ROTATE, after=after
        )
    if name == "remove":
        after = Text("已收到的消息不受影响。", "What was received stays.")
        remove = lambda _: ways.remove_way(code=code, actor=actor)
        return answer(request, ReasonlessForm, save=remove, then="/ways", title=REMOVE, submit=REMOVE, after=after)
    raise NotFound(what=Text("操作", "act"), ref=name)


@needs("sensing.edit")
@needs_recent_factor
@never_cache
@require_POST
def make_token(request: HttpRequest, ref: str) -> HttpResponse:
    """A new token for a device, shown this once."""
    actor = _actor(request)
    device = selectors.get_device(ref, actor=actor)
    token = credentials.make_credential(ref=ref, actor=actor)
    title = Text("设备令牌", "Device token")
    return render(request, "sensing/token.html", {"device": device, "token": token, "title": title})


@needs("sensing.edit")
@require_POST
def revoke_tokens(request: HttpRequest, ref: str) -> HttpResponse:
    """End every token of a device."""
    credentials.revoke_credentials(ref=ref, actor=_actor(request))
    return go(request, f"/devices/{ref}")
