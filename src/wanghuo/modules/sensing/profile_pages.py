"""Pages of the device profiles: what each kind of device tells, a profile of one's own, a message tried on it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Text
from wanghuo.engines.codecs.gb26875.tables import component_type_name
from wanghuo.engines.codecs.payloads import unhex
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.ui.acts import Act
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.sensing import profile_files, ways
from wanghuo.modules.sensing.contracts import CONDITIONS
from wanghuo.modules.sensing.messages import Message
from wanghuo.modules.sensing.models import Device
from wanghuo.modules.sensing.points import Point
from wanghuo.modules.sensing.preview import UNUSED, Preview, preview
from wanghuo.modules.sensing.profiles import Profile, profile, profiles
from wanghuo.modules.sensing.quantities import codes, quantity, quantity_name
from wanghuo.modules.sensing.way_forms import ProfileForm, ReasonlessForm, SampleForm

NEW, EDIT = Text("新建设备配置", "New profile"), Text("修改配置", "Change")
COPY, REMOVE = Text("以此为底另存", "Make one of our own from it"), Text("删除自有配置", "Remove our own")
BLANK = """name = ["某厂独立感烟", "smoke detector of some maker"]
heartbeat_s = 86400
system_type = 1
component_type = 40
points.state = { names = ["alarmStatus"], states = { 1 = "fire", 2 = "fault" } }
points.battery = { names = ["bat"], quantity = "battery", limits = [{ below = 20, clear = 25, condition = "battery_low" }] }
"""


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@needs("sensing.view")
@require_GET
def profile_list(request: HttpRequest) -> HttpResponse:
    """Every profile, and how many devices use it."""
    actor = _actor(request)
    used: dict[str, int] = {}
    for code in Device.objects.visible_to(actor).order_by().values_list("profile", flat=True).distinct():
        used[code] = Device.objects.visible_to(actor).filter(profile=code).count()
    rows = [(each, used.get(code, 0), _raises(each)) for code, each in sorted(profiles().items())]
    context = {"title": Text("设备配置", "Profiles"), "rows": rows, "may_edit": actor.can(ways.RIGHT)}
    return render(request, "sensing/profiles.html", context)


def _raises(each: Profile) -> list[Text]:
    found = {condition for point in each.points for condition in point.governs}
    return [name for condition, name in CONDITIONS.items() if condition in found]


@needs("sensing.view")
@require_http_methods(["GET", "POST"])
def profile_page(request: HttpRequest, code: str) -> HttpResponse:
    """One profile: its points; a message pasted here is tried on it, and nothing is stored."""
    actor, text = _actor(request), profile_files.text_of(code)
    form = SampleForm(request.POST if request.method == "POST" else None)
    found = _tried(form, profile(code)) if form.is_bound and form.is_valid() else None
    context = {
        "title": profile(code).name,
        "profile": profile(code),
        "points": [_shown(point) for point in profile(code).points[:400]],
        "text": text,
        "acts": _acts(code, actor),
        "form": form,
        "preview": found,
        "whole": True,
        "unused": _unused(found),
        "submit": Text("试一试", "Try it"),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "sensing/profile.html", context, status=status)


def _acts(code: str, actor: Actor) -> list[Act]:
    if not actor.can(ways.RIGHT):
        return []
    if profile(code).own:
        return [
            Act("edit", EDIT, f"/ways/profiles/{code}/edit", main=True),
            Act("remove", REMOVE, f"/ways/profiles/{code}/remove"),
        ]
    return [Act("copy", COPY, f"/ways/profiles/{code}/edit", main=True)]


def _tried(form: SampleForm, each: Profile) -> Preview:
    protocol, text = form.cleaned_data["protocol"], form.cleaned_data["payload"]
    topic = "fire/v1/site/device/telemetry" if protocol == "mqtt" else ""
    payload = text.encode()
    if protocol == "a55a":
        payload = unhex(payload)
    return preview(Message(protocol, "device" if protocol in ("http", "mqtt", "modbus") else "", topic, payload), each)


def _unused(found: Preview | None) -> list[str]:
    """Names of a message that the profile does not know, each as a line to begin with."""
    if found is None:
        return []
    names = {line.point: line.value for seen in found.seen for line in seen.lines if line.becomes == (UNUSED,)}
    return [f'points.{_plain(name)} = {{ names = ["{name}"], {_guess(value)} }}' for name, value in names.items()][:40]


def _plain(name: str) -> str:
    return (
        "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.lower()).strip("_") or "x"
    )


def _guess(value: str) -> str:
    return 'states = { 1 = "fault" }' if value in ("0", "1", "True", "False") else 'quantity = "temperature"'


def _shown(point: Point) -> dict[str, Any]:
    unit = quantity(point.quantity) if point.quantity is not None else None
    states = [(value, CONDITIONS[c]) for value, c in (point.states or {}).items() if c]
    states += [(f"bit {bit}", CONDITIONS[c]) for bit, c in (point.bits or {}).items()]
    return {
        "point": point,
        "names": ", ".join(point.names[:8]),
        "quantity": quantity_name(point.quantity) if point.quantity is not None else None,
        "unit": unit.unit if unit else None,
        "states": states,
        "limits": [(limit, CONDITIONS[limit.condition]) for limit in point.limits],
        "type": component_type_name(point.component_type) if point.component_type else None,
    }


@needs("sensing.ways")
@require_http_methods(["GET", "POST"])
def new_profile(request: HttpRequest) -> HttpResponse:
    """Write a profile of our own."""
    return _edit(request, NEW, {"text": BLANK})


@needs("sensing.ways")
@require_http_methods(["GET", "POST"])
def edit_profile(request: HttpRequest, code: str) -> HttpResponse:
    """Change a profile of our own, or begin one from the platform's."""
    own = profile(code).own
    initial = {"text": profile_files.text_of(code), "code": code if own else f"own_{code}"[:32]}
    return _edit(request, EDIT if own else COPY, initial)


def _edit(request: HttpRequest, title: Text, initial: dict[str, str]) -> HttpResponse:
    actor = _actor(request)

    def save(data: dict[str, Any]) -> str:
        return profile_files.save_profile(code=data["code"], text=data["text"], actor=actor).code

    context = {
        "conditions": CONDITIONS.items(),
        "quantities": [(name, quantity_name(c)) for name, c in codes().items()],
    }
    return answer(
        request, ProfileForm, save=save, then=lambda code: f"/ways/profiles/{code}", title=title, initial=initial,
        template="sensing/profile_edit.html", context=context,
    )  # fmt: skip


@needs("sensing.ways")
@require_http_methods(["GET", "POST"])
def remove_profile(request: HttpRequest, code: str) -> HttpResponse:
    """Take a profile of our own away."""
    actor = _actor(request)
    profile_files.text_of(code)
    remove = lambda _: profile_files.remove_profile(code=code, actor=actor)
    after = Text("仍用它的设备改按国标解释。", "Devices that use it are read by the standard.")
    return answer(request, ReasonlessForm, save=remove, then="/ways/profiles", title=REMOVE, submit=REMOVE, after=after)
