"""Pages of devices: the ledger, one device with its panel lamps, unknown devices, one frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.accounts.pages import needs_recent_factor
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.ui.acts import Act, acts_for
from wanghuo.kernel.ui.components import region_name
from wanghuo.kernel.ui.forms import Form, answer
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.places import public as places
from wanghuo.modules.sensing import commands, forms, frames, lifetimes, selectors, services, ways
from wanghuo.modules.sensing.contracts import CONDITIONS
from wanghuo.modules.sensing.credentials import WITH_TOKENS
from wanghuo.modules.sensing.journals import open_reader
from wanghuo.modules.sensing.models import Device, DeviceCredential, QuarantinedDevice, Reading
from wanghuo.modules.sensing.outages import KINDS as OUTAGES
from wanghuo.modules.sensing.panel import gone, lamps_of, told
from wanghuo.modules.sensing.profiles import profile
from wanghuo.modules.sensing.quantities import quantity_name
from wanghuo.modules.sensing.states import DEAD, DEVICE, MARKS, DeviceState
from wanghuo.modules.sensing.tables import DEVICES, QUARANTINE
from wanghuo.modules.sensing.upkeep_tables import owner_of, step_of
from wanghuo.modules.sensing.way_kinds import PROTOCOLS

CHANGE, MUTE, COMMAND = Text("修改登记", "Change"), Text("静默", "Mute"), Text("下发指令", "Send a command")
REGISTER, IGNORE = Text("登记设备", "Register a device"), Text("搁置", "Put aside")
MOST_COMPONENTS, MOST_EVENTS = 200, 50


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _url(row: Device) -> str:
    return f"/devices/{row.ref}"


@needs("sensing.view")
@require_GET
def devices(request: HttpRequest) -> HttpResponse:
    """The ledger of devices."""
    rows = Device.objects.visible_to(_actor(request)).select_related("unit")
    return DEVICES.respond(request, rows)  # type: ignore[return-value]


@needs("sensing.view")
@require_GET
def devices_of_unit(request: HttpRequest, ref: str) -> HttpResponse:
    """The devices of one unit, as a panel of its page."""
    unit = places.unit_by_code(ref)
    rows = Device.objects.visible_to(_actor(request)).filter(unit_id__in=[unit.id] if unit else [])
    return render(
        request,
        "sensing/of_unit.html",
        {"rows": [(d, MARKS[d.state]) for d in rows.order_by("ref")[:50]], "machine": DEVICE, "ref": ref},
    )


@needs("sensing.view")
@require_GET
def device(request: HttpRequest, ref: str) -> HttpResponse:
    """One device: its lamps, components, readings, events, commands and last frames."""
    actor = _actor(request)
    row = selectors.get_device(ref, actor=actor)
    views = selectors.components_of([row.id]).get(row.id, [])
    events = list(row.events.select_related("component").order_by("-id")[:MOST_EVENTS])
    ended = row.outages.filter(ended_at__isnull=False).order_by("-found_at")[:MOST_EVENTS]
    timeline: list[tuple[Any, Text]] = [
        *((e, told(e)) for e in events),
        *((g, g.words) for g in gone([*row.outages.filter(ended_at=None), *ended])),
    ]
    readings = Reading.objects.filter(component__device=row).select_related("component").order_by("component__key")
    context = {
        "device": row,
        "title": row.ref,
        "machine": DEVICE,
        "mark": MARKS[row.state],
        "acts": _acts(row, actor),
        "kind": profile(row.profile),
        "unit": places.units_by_ids([row.unit_id]).get(row.unit_id) if row.unit_id else None,
        "building": places.buildings_by_ids([row.building_id]).get(row.building_id) if row.building_id else None,
        "protocol": PROTOCOLS.get(row.protocol),
        "lamps": lamps_of(row, views),
        "components": [(v, [CONDITIONS[c] for c in v.conditions]) for v in views if v.key != "uitd"][:MOST_COMPONENTS],
        "readings": [(r, quantity_name(r.quantity)) for r in readings[:MOST_COMPONENTS]],
        "events": sorted(timeline, key=lambda each: each[0].received_at, reverse=True)[:MOST_EVENTS],
        "frames": list(dict.fromkeys(filter(None, [row.last_frame_ref, *(e.frame_ref for e in events)])))[:12],
        "commands": [
            (c, commands.ACTS.get(c.act), commands.STATES.get(c.state)) for c in row.commands.order_by("-asked_at")[:10]
        ],
        "may_edit": actor.can(services.EDIT, row),
        "down": [(o, OUTAGES[o.kind], owner_of(o), step_of(o)) for o in selectors.lasting(row.outages.all())],
        "contacts": places.contacts(row.unit_id, actor)[:2] if row.unit_id and row.state in DEAD else (),
        "expiries": lifetimes.of(row, local_day(timezone.now())),
        "tokens": _tokens(row, actor),
    }
    return render(request, "sensing/device.html", context)


def _tokens(row: Device, actor: Actor) -> list[DeviceCredential] | None:
    """The tokens of a device that uses some, for whoever may make one."""
    if row.protocol not in WITH_TOKENS or not actor.can(services.EDIT, row):
        return None
    return list(row.credentials.filter(revoked_at=None).order_by("-made_at"))


def _acts(row: Device, actor: Actor) -> list[Act]:
    own = []
    if actor.can("sensing.command", row) and row.state != DeviceState.RETIRED and row.protocol in commands.COMMANDED:
        own.append(Act("command", COMMAND, f"{_url(row)}/acts/command"))
    if actor.can(services.EDIT, row):
        own += [Act(name, word, f"{_url(row)}/acts/{name}") for name, word in (("change", CHANGE), ("mute", MUTE))]
    moves = acts_for(DEVICE, row.state, actor=actor, row=row, url=_url(row))
    return own + [Act(a.name, a.label, a.url, a.reason) for a in moves if a.allowed]


@needs("sensing.edit")
@require_http_methods(["GET", "POST"])
def new_device(request: HttpRequest) -> HttpResponse:
    """Register a device."""
    actor = _actor(request)

    def save(data: dict[str, Any]) -> str:
        found = services.register_device(actor=actor, **_placed(data, actor))
        return f"/devices/{found.ref}"

    initial = {"profile": "standard", "protocol": "gb26875"}
    initial |= {name: request.GET[name] for name in ("protocol", "profile", "source", "unit") if request.GET.get(name)}
    return answer(
        request, forms.DeviceForm, save=save, then=lambda url: url, title=REGISTER, submit=Text("登记", "Register"),
        initial={**initial, "region": region_name(actor.home)},
    )  # fmt: skip


def _placed(data: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """The form's data with unit, building and region found."""
    found = {name: value for name, value in data.items() if name not in ("unit", "building", "region", "networks")}
    if not found.get("protocol"):
        found.pop("protocol", None)
    found["networks"] = [block for block in data["networks"].replace("，", ",").split(",") if block.strip()]
    if data["unit"]:
        unit = places.unit_by_code(data["unit"].strip())
        if unit is None:
            raise Invalid(Text("没有这个单位。", "There is no such unit."), field="unit")
        found["unit_id"] = unit.id
    if data["building"]:
        ref = data["building"].strip()
        building = next((f for f in places.search(actor, ref) if f.kind == "building" and f.ref == ref), None)
        if building is None:
            raise Invalid(Text("没有这个建筑。", "There is no such building."), field="building")
        found["building_id"] = building.id
    if data["region"] and "unit_id" not in found:
        code = regions.resolve(data["region"])
        if code is None or code == "0":
            raise Invalid(Text("没有这个区划。", "There is no such region."), field="region")
        found["region_code"] = code
    return found


def _change(row: Device, data: dict[str, Any], actor: Actor) -> Any:
    found = _placed(data, actor)
    found.pop("region_code", None)
    return services.change_device(ref=row.ref, actor=actor, **found)


def _mute(row: Device, data: dict[str, Any], actor: Actor) -> Any:
    return services.mute_device(ref=row.ref, actor=actor, **data)


def _moved(move: str) -> Callable[[Device, dict[str, Any], Actor], Any]:
    return lambda row, data, actor: services.move_device(ref=row.ref, move=move, actor=actor, **data)


_ACTS: dict[str, tuple[type[Form], Text, Callable[[Device, dict[str, Any], Actor], Any]]] = {
    "change": (forms.ChangeForm, CHANGE, _change),
    "mute": (forms.MuteForm, MUTE, _mute),
    **{
        name: (forms.MaintenanceForm if name == "maintain" else forms.ReasonForm, DEVICE.label(name), _moved(name))
        for name in ("maintain", "resume", "retire", "return")
    },
}


@needs("sensing.view")
@require_http_methods(["GET", "POST"])
def device_act(request: HttpRequest, ref: str, name: str) -> HttpResponse:
    """The form of one act on a device, and the act."""
    actor = _actor(request)
    row = selectors.get_device(ref, actor=actor)
    if name not in _ACTS:
        raise NotFound(what=Text("操作", "act"), ref=name)
    form, title, save = _ACTS[name]
    actor.require("sensing.edit", row)
    initial = _initial(row) if name == "change" else {}
    return answer(request, form, save=lambda data: save(row, data, actor), then=_url(row), title=title, initial=initial)


@needs("sensing.command")
@needs_recent_factor
@require_http_methods(["GET", "POST"])
def command(request: HttpRequest, ref: str) -> HttpResponse:
    """Send a command down to a device; whoever does has just shown the second factor (a stranger at an open desk must not
    silence a panel)."""
    actor = _actor(request)
    row = selectors.get_device(ref, actor=actor)
    actor.require("sensing.command", row)

    def send(data: dict[str, Any]) -> None:
        commands.send_command(ref=row.ref, actor=actor, **data)

    return answer(request, forms.CommandForm, save=send, then=_url(row), title=COMMAND)


def _initial(row: Device) -> dict[str, Any]:
    known = {name: getattr(row, name) for name in services.FIELDS if name not in ("lng", "lat", "networks")}
    unit = places.units_by_ids([row.unit_id]).get(row.unit_id) if row.unit_id else None
    building = places.buildings_by_ids([row.building_id]).get(row.building_id) if row.building_id else None
    known["unit"], known["building"] = unit.ref if unit else "", building.ref if building else ""
    return {**known, "networks": ", ".join(row.networks), "region": region_name(row.region_code)}


@needs("sensing.edit")
@require_http_methods(["GET", "POST"])
def component_act(request: HttpRequest, ref: str, key: str) -> HttpResponse:
    """Say where a component is."""
    actor = _actor(request)
    row = selectors.get_device(ref, actor=actor)

    def save(data: dict[str, Any]) -> None:
        services.name_component(ref=ref, key=key, location=data["location"], actor=actor)

    part = row.components.filter(key=key).first()
    initial = {"location": part.location if part else ""}
    return answer(
        request, forms.LocationForm, save=save, then=_url(row), title=Text("部件位置", "Location"), initial=initial
    )


@needs("sensing.view")
@require_GET
def frame(request: HttpRequest, ref: str, frame_ref: str) -> HttpResponse:
    """One frame of a device: its bytes and what they say. Frames of other devices are not found here."""
    row = selectors.get_device(ref, actor=_actor(request))
    reader = open_reader(settings.JOURNAL)
    record = reader.record(frame_ref.partition(".")[0])
    reader.close()
    if record is None or not frames.is_of(record, row):
        raise NotFound(what=Text("报文", "frame"), ref=frame_ref)
    context = {"device": row, "title": Text("报文", "Frame"), "record": record, **frames.context_of(record, row)}
    return render(request, "sensing/frame.html", context)


@needs("sensing.edit")
@require_GET
def quarantine(request: HttpRequest) -> HttpResponse:
    """Unknown devices that send."""
    rows = QuarantinedDevice.objects.visible_to(_actor(request))
    if not request.GET.get("ignored"):
        rows = rows.filter(Q(ignored=False))
    return QUARANTINE.respond(request, rows)  # type: ignore[return-value]


@needs("sensing.edit")
@require_GET
def quarantined(request: HttpRequest, source: str) -> HttpResponse:
    """One unknown device: its last frame, and what can be done."""
    row = selectors.get_quarantined(source, actor=_actor(request))
    hint = ways.profile_hint(row)
    ask = urlencode({"protocol": row.protocol, "source": row.source, "profile": hint})
    acts = [
        Act("register", REGISTER, f"/devices/new?{ask}", main=True),
        Act("ignore", IGNORE, f"/devices/quarantine/{row.key}/acts/ignore"),
    ]
    context = {"row": row, "title": row.source, "acts": acts, **frames.last_of(row, hint)}
    return render(request, "sensing/quarantined.html", context)


@needs("sensing.edit")
@require_http_methods(["GET", "POST"])
def ignore(request: HttpRequest, source: str) -> HttpResponse:
    """Put an unknown device aside."""
    actor = _actor(request)
    selectors.get_quarantined(source, actor=actor)

    def save(data: dict[str, Any]) -> None:
        services.ignore_quarantined(source=source, actor=actor, **data)

    return answer(request, forms.ReasonForm, save=save, then="/devices/quarantine", title=IGNORE)
