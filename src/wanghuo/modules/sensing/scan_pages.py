"""Registering a device where it hangs: scan or type its code, say where it is, see its first signal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms as fields
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import AppError, Invalid, NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.ui.components import region_name
from wanghuo.kernel.ui.fields import day
from wanghuo.kernel.ui.forms import Form, answer
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.places import public as places
from wanghuo.modules.sensing import labels, selectors, services
from wanghuo.modules.sensing.contracts import CONDITIONS
from wanghuo.modules.sensing.messages import GB26875
from wanghuo.modules.sensing.models import Device
from wanghuo.modules.sensing.panel import told
from wanghuo.modules.sensing.profiles import profiles
from wanghuo.modules.sensing.states import DEVICE, MARKS
from wanghuo.modules.sensing.way_kinds import PROTOCOLS

TITLE = Text("扫码登记设备", "Register a device by scan")
SIGNAL = Text("测试信号", "Test the signal")
LATEST = 6


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _words(label: Text, most: int, *, help_text: Text | str = "", **attrs: str) -> fields.CharField:
    widget = fields.TextInput(attrs=attrs)
    return fields.CharField(label=label, max_length=most, required=False, widget=widget, help_text=help_text)  # type: ignore[arg-type]


class PlaceForm(Form):
    """Where the device hangs, and what it is. The map and the search fill in unit, building and point."""

    protocol = fields.ChoiceField(
        label=Text("接入协议", "Protocol"),  # type: ignore[arg-type]
        choices=list(PROTOCOLS.items()),  # type: ignore[arg-type]
    )
    profile = fields.ChoiceField(
        label=Text("设备配置", "Profile"),  # type: ignore[arg-type]
        choices=lambda: [(code, each.name) for code, each in profiles().items()],
    )
    unit = _words(
        Text("单位", "Unit"),
        40,
        help_text=Text(
            "在地图上点选，或输入 DW 编号、信用代码", "tap it on the map, or type its DW reference or credit code"
        ),
    )
    building = _words(Text("建筑", "Building"), 40, help_text=Text("可不填", "optional"))
    household = _words(
        Text("特殊群体家庭", "Weak household"),
        32,
        help_text=Text("台账编号 TZ-…；装在独居老人等家庭时填写", "register line TZ-…; for an alarm in such a home"),
    )
    floor = _words(Text("楼层", "Floor"), 20, list="floors")
    location = _words(Text("安装位置", "Location"), 120)
    maker = _words(Text("厂家", "Maker"), 60)
    model = _words(Text("型号", "Model"), 60)
    installer = _words(Text("安装单位", "Installer"), 60)
    installed_on = day(Text("安装日期", "Installed on"), required=False)
    iccid = _words(Text("SIM 卡 ICCID", "ICCID of its SIM"), 24, inputmode="numeric")
    sim_until = day(Text("SIM 到期", "SIM paid until"), required=False)
    lng = fields.FloatField(required=False, widget=fields.HiddenInput())
    lat = fields.FloatField(required=False, widget=fields.HiddenInput())

    sections = (
        (Text("位置", "Where"), ("unit", "building", "floor", "location", "household")),
        (Text("设备", "Device"), ("profile", "protocol", "maker", "model")),
        (Text("安装与通信", "Installation and SIM"), ("installer", "installed_on", "iccid", "sim_until")),
    )


@needs("sensing.edit")
@require_http_methods(["GET", "POST"])
def scan(request: HttpRequest) -> HttpResponse:
    """The first step asks for the code; with a code that is new, the second asks where it hangs. A known one leads to its
    test."""
    written = request.GET.get("code", "").strip()
    if not written:
        return render(request, "sensing/scan.html", {"title": TITLE})
    actor = _actor(request)
    try:
        code = labels.read_code(written)
        services.refuse_clash(code.protocol, code.source, actor)
    except services.SourceTaken as error:
        return _see_other(f"/devices/scan/{error.known['ref']}")
    except AppError as error:
        return render(request, "sensing/scan.html", {"title": TITLE, "written": written, "error": error.message}, 422)
    return _place(request, code, actor)


def _place(request: HttpRequest, code: labels.Code, actor: Actor) -> HttpResponse:
    def save(data: dict[str, Any]) -> str:
        given = _placed(data, actor)
        protocol = given.pop("protocol")
        device = services.register_device(source=code.source, protocol=protocol, actor=actor, **given)
        return f"/devices/scan/{device.ref}?{urlencode({'since': int(timezone.now().timestamp())})}"

    initial = {
        "protocol": code.protocol,
        "profile": "standard" if code.protocol == GB26875 else "smoke",
        "unit": request.GET.get("unit", ""),
        "installed_on": timezone.localdate(),
        "installer": request.session.get("installer", ""),
    }
    return answer(
        request,
        PlaceForm,
        save=save,
        then=lambda url: url,
        title=TITLE,
        submit=Text("登记并测试信号", "Register and test"),
        initial=initial,
        template="sensing/scan_place.html",
        context={"code": code, "protocol_name": PROTOCOLS[code.protocol], "region": region_name(actor.home)},
    )


def _placed(data: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """The form's data with unit and building found."""
    given = {name: value for name, value in data.items() if name not in ("unit", "building")}
    if words := data["unit"].strip():
        unit = places.unit_by_code(words)
        if unit is None:
            raise Invalid(Text("没有这个单位。", "There is no such unit."), field="unit")
        given["unit_id"] = unit.id
    if words := data["building"].strip():
        found = (each for each in places.search(actor, words, kind="building") if each.ref == words)
        building = next(found, None)
        if building is None:
            raise Invalid(Text("没有这个建筑。", "There is no such building."), field="building")
        given["building_id"] = building.id
    return given


@needs("sensing.edit")
@require_GET
def near(request: HttpRequest) -> JsonResponse:
    """Units and buildings near a point, or units by words, for the little map of the second step."""
    actor, words = _actor(request), request.GET.get("q", "").strip()
    if words:
        units: list[Any] = [unit for unit in places.find(actor, words, 12) if unit.lng is not None]
        buildings: list[Any] = []
    else:
        lng, lat = _number(request, "lng"), _number(request, "lat")
        units, buildings = places.near(actor, lng, lat)
    return JsonResponse(
        {
            "units": [{"ref": u.ref, "name": u.name, "address": u.address, "lng": u.lng, "lat": u.lat} for u in units],
            "buildings": [
                {"ref": b.ref, "name": b.name, "lng": b.lng, "lat": b.lat, "up": b.floors_above, "down": b.floors_below}
                for b in buildings
            ],
        }
    )


def _number(request: HttpRequest, name: str) -> float:
    try:
        return float(request.GET[name])
    except (KeyError, ValueError):
        raise NotFound(what=Text("位置", "place"), ref=name) from None


@needs("sensing.edit")
@require_GET
def tested(request: HttpRequest, ref: str) -> HttpResponse:
    """The third step: press the device's test button, and see here that it came."""
    row = selectors.get_device(ref, actor=_actor(request))
    return render(request, "sensing/scan_signal.html", {"title": SIGNAL, "device": row, **_signal(row, request)})


@needs("sensing.edit")
@require_GET
def signal(request: HttpRequest, ref: str) -> HttpResponse:
    """What came from the device, as the third step asks for it again and again."""
    row = selectors.get_device(ref, actor=_actor(request))
    return render(request, "sensing/_signal.html", {"device": row, **_signal(row, request)})


def _signal(row: Device, request: HttpRequest) -> dict[str, Any]:
    raw = request.GET.get("since", "")
    since = datetime.fromtimestamp(int(raw), UTC) if raw.isdecimal() and len(raw) < 12 else timezone.now()
    events = list(row.events.select_related("component").order_by("-id")[:LATEST])
    return {
        "machine": DEVICE,
        "mark": MARKS[row.state],
        "since": int(since.timestamp()),
        "heard": row.last_seen_at is not None and row.last_seen_at >= since,
        "events": [(event, told(event)) for event in events if event.received_at >= since],
        "conditions": CONDITIONS,
    }


@needs("sensing.view")
@require_http_methods(["GET", "POST"])
def print_labels(request: HttpRequest) -> HttpResponse:
    """Labels with the code of each device: of a unit's devices, or of those picked in the list."""
    rows = Device.objects.visible_to(_actor(request)).select_related("unit").order_by("ref")
    refs = request.POST.getlist("ref") or request.GET.getlist("ref")
    unit = places.unit_by_code(request.GET.get("unit", "")) if request.GET.get("unit") else None
    wanted = rows.filter(ref__in=refs) if refs else rows.filter(unit_id=unit.id) if unit else rows.none()
    found = list(wanted[: labels.MOST_LABELS])
    if not found:
        raise NotFound(what=DEVICE.what, ref=", ".join(refs[:3]) or request.GET.get("unit", ""))
    response = HttpResponse(labels.printed(found), content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="labels.pdf"'
    return response


def _see_other(url: str) -> HttpResponse:
    response = HttpResponse(status=303)
    response["Location"] = url
    return response
