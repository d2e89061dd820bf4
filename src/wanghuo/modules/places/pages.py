"""Pages of units, the people in charge of them, and buildings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.geo.coordinates import to_wgs84
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.ui.acts import Act, acts_for
from wanghuo.kernel.ui.components import region_name
from wanghuo.kernel.ui.forms import Form, answer
from wanghuo.kernel.ui.pages import go, render
from wanghuo.modules.places import contracts, facts, forms, panels, selectors, services, taxonomy
from wanghuo.modules.places.models import Building, Unit
from wanghuo.modules.places.states import UNIT
from wanghuo.modules.places.tables import BUILDINGS, UNITS, kind_name

CLASSIFY = Text("认定类别", "Decide a class")
NAME_PERSON = Text("登记负责人", "Name somebody in charge")
EDIT_UNIT = Text("修改档案", "Edit the file")
EDIT_BUILDING = Text("修改", "Edit")
LET = Text("登记使用单位", "Add a unit that uses it")


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined, no-any-return]


def _region(written: str) -> str:
    code = regions.resolve(written)
    if code is None or code == "0":
        raise Invalid(Text("没有区划“{place}”。", "There is no region “{place}”."), field="region", place=written)
    return code


def _pointed(data: dict[str, Any]) -> dict[str, Any]:
    """The form's data with its point as we keep it."""
    system = data.pop("coordinates", "")
    if system and data.get("lng") is not None and data.get("lat") is not None:
        data["lng"], data["lat"] = to_wgs84(data["lng"], data["lat"], system)
    return data


# --- units ---------------------------------------------------------------------------------------------------------


@needs("places.view")
@require_GET
def units(request: HttpRequest) -> HttpResponse:
    """The ledger of units."""
    return UNITS.respond(request, Unit.objects.visible_to(_actor(request)))  # type: ignore[return-value]


@needs("places.edit")
@require_http_methods(["GET", "POST"])
def new_unit(request: HttpRequest) -> HttpResponse:
    """Register a unit."""

    def save(data: dict[str, Any]) -> contracts.Unit:
        data.pop("version")
        region = _region(data.pop("region"))
        return services.register_unit(region_code=region, actor=_actor(request), **_pointed(data))

    return answer(
        request, forms.UnitForm, save=save, then=lambda unit: unit.url, title=Text("登记单位", "Register a unit"),
        submit=Text("登记", "Register"), initial={"region": region_name(_actor(request).home)},
    )  # fmt: skip


@needs("places.view")
@require_GET
def unit(request: HttpRequest, ref: str) -> HttpResponse:
    """One unit: what it is, who answers for it, and what upper modules know of it."""
    actor = _actor(request)
    row = selectors.get_unit(ref, actor=actor)
    proposals = facts.proposals(row)
    context = {
        "unit": row,
        "title": row.name,
        "machine": UNIT,
        "acts": _acts(row, actor),
        "kind": kind_name(row),
        "classes": [(taxonomy.classes().get(code), taxonomy.class_name(code)) for code in row.classes],
        "sector": taxonomy.sectors().get(row.sector),
        "numbers": [(rules_name, getattr(row, name), _unit_of(name)) for name, rules_name in _numbers()],
        "answers": [(label, getattr(row, name)) for name, label in ANSWERS.items()],
        "contacts": selectors.people_of([row.id], actor).get(row.id, ()),
        "may_edit": actor.can("places.edit", row),
        "may_reveal": actor.can("people.reveal", row),
        "proposed": [
            (taxonomy.class_name(p.code), p.reasons) for p in proposals if p.holds and p.code not in row.classes
        ],
        "unsure": [(taxonomy.class_name(p.code), p.reasons) for p in proposals if p.holds is None],
        "buildings": Building.objects.visible_to(actor).filter(tenancies__unit=row).order_by("ref"),
        "decisions": [(d, taxonomy.class_name(d.code)) for d in row.decisions.order_by("-decided_at")[:20]],
        "panels": panels.panels_for("unit", row.ref, row, actor),
    }
    return render(request, "places/unit.html", context)


ANSWERS = {
    "has_control_room": Text("消防控制室", "Fire control room"),
    "mixed_use": Text("住宿与生产经营合用", "People live where they work"),
    "self_built": Text("自建房", "Self-built"),
    "let_out": Text("出租居住", "Let for living in"),
}


def _numbers() -> list[tuple[str, Text]]:
    from wanghuo.modules.places.rules import FIELD_NAMES

    return [(name, FIELD_NAMES[name]) for name in facts.NUMBERS]


def _unit_of(name: str) -> str:
    return {"area_m2": "m²", "height_m": "m"}.get(name, "")


def _acts(row: Unit, actor: Actor) -> list[Act]:
    found = acts_for(UNIT, row.state, actor=actor, row=row, url=row_url(row))
    found = [Act(a.name, a.label, a.url, a.reason) for a in found]  # closing is nobody's expected next step
    if not actor.can("places.edit", row):
        return found
    own = [("edit", EDIT_UNIT), ("classify", CLASSIFY), ("person", NAME_PERSON)]
    return [*(Act(name, label, f"{row_url(row)}/acts/{name}") for name, label in own), *found]


def row_url(row: Unit) -> str:
    """The page of a unit."""
    return f"/units/{row.ref}"


@needs("places.edit")
@require_http_methods(["GET", "POST"])
def unit_act(request: HttpRequest, ref: str, name: str) -> HttpResponse:
    """The form of one act on a unit, and the act."""
    actor = _actor(request)
    row = selectors.get_unit(ref, actor=actor)
    actor.require("places.edit", row)
    found = _UNIT_ACTS.get(name)
    if found is None:
        raise NotFound(what=Text("操作", "act"), ref=name)
    form, title, save = found
    initial = _initial(row, request) if name == "edit" else {"code": request.GET.get("code", ""), "holds": "1"}
    return answer(
        request, form, save=lambda data: save(row, data, actor), then=row_url(row), title=title, initial=initial
    )


def _initial(row: Unit, request: HttpRequest) -> dict[str, Any]:
    known = {name: getattr(row, name) for name in facts.FIELDS if name != "key_unit_since"}
    for name in facts.ANSWERS:
        known[name] = {True: "1", False: "0", None: ""}[known[name]]
    coordinates = "wgs84" if row.lng is not None else ""
    return {
        **known,
        "region": row.region_code,
        "sector": row.sector,
        "version": row.version,
        "coordinates": coordinates,
    }


def _edit(row: Unit, data: dict[str, Any], actor: Actor) -> Any:
    region, version = _region(data.pop("region")), data.pop("version") or 0
    return services.change_unit(ref=row.ref, version=version, region_code=region, actor=actor, **_pointed(data))


def _classify(row: Unit, data: dict[str, Any], actor: Actor) -> Any:
    return services.decide_class(
        ref=row.ref, code=data["code"], holds=data["holds"] == "1", note=data["note"], since=data["since"], actor=actor
    )


def _name(row: Unit, data: dict[str, Any], actor: Actor) -> Any:
    return services.name_person(unit_ref=row.ref, actor=actor, **data)


def _moved(move: str) -> Callable[[Unit, dict[str, Any], Actor], Any]:
    return lambda row, data, actor: services.move_unit(ref=row.ref, move=move, reason=data["reason"], actor=actor)


_UNIT_ACTS: dict[str, tuple[type[Form], Text, Callable[[Unit, dict[str, Any], Actor], Any]]] = {
    "edit": (forms.UnitForm, EDIT_UNIT, _edit),
    "classify": (forms.ClassForm, CLASSIFY, _classify),
    "person": (forms.PersonForm, NAME_PERSON, _name),
    "close": (forms.ReasonForm, UNIT.label("close"), _moved("close")),
    "reopen": (forms.ReasonForm, UNIT.label("reopen"), _moved("reopen")),
}


# --- people --------------------------------------------------------------------------------------------------------


@needs("people.reveal")
@require_http_methods(["GET", "POST"])
def reveal(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Show one number, for a purpose that is written down."""
    actor = _actor(request)
    person = selectors.get_person(person_id, actor=actor)
    actor.require("people.reveal", person)
    form = forms.PurposeForm(request.POST if request.method == "POST" else None)
    title = Text("查看完整号码", "Show the whole number")
    context = {
        "title": title,
        "person": person,
        "role": selectors.ROLES.get(person.role),
        "form": form,
        "submit": title,
    }
    if request.method == "POST" and form.is_valid():
        phone = services.reveal_phone(person_id=person_id, purpose=form.cleaned_data["purpose"], actor=actor)
        context["phone"] = phone
        response = render(request, "places/revealed.html", context)
    else:
        response = render(request, "ui/form.html", context, status=422 if request.method == "POST" else 200)
    response["Cache-Control"] = "no-store"
    return response


@needs("places.edit")
@require_http_methods(["POST"])
def end_person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Somebody is not in charge any more."""
    return go(request, f"/units/{services.end_person(person_id=person_id, actor=_actor(request))}")


# --- buildings -----------------------------------------------------------------------------------------------------


@needs("places.view")
@require_GET
def buildings(request: HttpRequest) -> HttpResponse:
    """The ledger of buildings."""
    rows = Building.objects.visible_to(_actor(request)).select_related("manager")
    return BUILDINGS.respond(request, rows)  # type: ignore[return-value]


@needs("places.edit")
@require_http_methods(["GET", "POST"])
def new_building(request: HttpRequest) -> HttpResponse:
    """Register a building."""

    def save(data: dict[str, Any]) -> contracts.Building:
        region, manager = _region(data.pop("region")), data.pop("manager").strip()
        return services.register_building(
            region_code=region, manager_ref=manager, actor=_actor(request), **_pointed(data)
        )

    initial = {"region": region_name(_actor(request).home), "manager": request.GET.get("unit", "")}
    return answer(
        request, forms.BuildingForm, save=save, then=lambda b: b.url, title=Text("登记建筑", "Register a building"),
        submit=Text("登记", "Register"), initial=initial,
    )  # fmt: skip


@needs("places.view")
@require_GET
def building(request: HttpRequest, ref: str) -> HttpResponse:
    """One building and the units that use it."""
    actor = _actor(request)
    row = selectors.get_building(ref, actor=actor)
    context = {
        "building": row,
        "title": row.name,
        "use": taxonomy.building_uses().get(row.use),
        "resistance": taxonomy.fire_resistance().get(row.fire_resistance),
        "manager": Unit.objects.visible_to(actor).filter(pk=row.manager_id).first(),  # type: ignore[misc]
        "tenancies": _tenants(row, actor),
        "acts": [
            Act(name, label, f"/buildings/{ref}/acts/{name}")
            for name, label in (("edit", EDIT_BUILDING), ("let", LET)) if actor.can("places.edit", row)
        ],
        "panels": panels.panels_for("building", row.ref, row, actor),
    }  # fmt: skip
    return render(request, "places/building.html", context)


def _tenants(row: Building, actor: Actor) -> list[tuple[Unit, str]]:
    """The units that use a building, of those the actor may see, and where in it."""
    floors = dict(row.tenancies.order_by("id").values_list("unit_id", "floors")[:200])  # type: ignore[attr-defined]
    return [(unit, floors[unit.pk]) for unit in Unit.objects.visible_to(actor).filter(pk__in=floors).order_by("ref")]


@needs("places.edit")
@require_http_methods(["GET", "POST"])
def building_act(request: HttpRequest, ref: str, name: str) -> HttpResponse:
    """The form of one act on a building, and the act."""
    actor = _actor(request)
    row = selectors.get_building(ref, actor=actor)
    actor.require("places.edit", row)
    if name == "let":
        return answer(
            request, forms.TenancyForm, title=LET, then=f"/buildings/{ref}",
            save=lambda d: services.let_to(
                building_ref=ref, unit_ref=d["unit"].strip(), floors=d["floors"], actor=actor
            ),
        )  # fmt: skip
    if name != "edit":
        raise NotFound(what=Text("操作", "act"), ref=name)

    def save(data: dict[str, Any]) -> contracts.Building:
        for fixed in ("region", "manager"):
            data.pop(fixed)
        return services.change_building(ref=ref, actor=actor, **_pointed(data))

    initial = {name: getattr(row, name) for name in services.BUILDING_FIELDS}
    initial |= {"region": row.region_code, "manager": row.manager.ref if row.manager else ""}
    initial["coordinates"] = "wgs84" if row.lng is not None else ""
    return answer(
        request,
        forms.BuildingForm,
        save=save,
        then=f"/buildings/{ref}",
        title=Text("修改建筑", "Edit the building"),
        initial=initial,
    )
