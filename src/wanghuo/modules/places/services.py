"""Writes: one function, one act of the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, NotFound, NotPermitted, Text
from wanghuo.base.time import local_day
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.roles import right_name
from wanghuo.kernel.access.scope import Scoped, scope_columns
from wanghuo.kernel.outbox import emit
from wanghuo.modules.places import contracts, facts, sealing, search, selectors, taxonomy
from wanghuo.modules.places.errors import NeedsChecking, PurposeNeeded, UsccTaken
from wanghuo.modules.places.models import Building, PersonInCharge, PlaceNumber, Tenancy, Unit, UnitClass
from wanghuo.modules.places.states import UNIT

EDIT = "places.edit"
BUILDING_FIELDS = (
    *("name", "address", "lng", "lat", "height_m", "floors_above", "floors_below", "area_m2", "use"),
    *("fire_resistance", "built_year"),
)


# --- numbers -------------------------------------------------------------------------------------------------------


def next_refs(prefix: str, region_code: str, count: int = 1) -> list[str]:
    """`count` references in a row, such as DW-445281-000017; inside the transaction that uses them."""
    series = f"{prefix}-{region_code[:6].ljust(6, '0')}"
    PlaceNumber.objects.get_or_create(series=series)
    row = PlaceNumber.objects.select_for_update().get(series=series)
    first, row.last = row.last + 1, row.last + count
    row.save(update_fields=["last"])
    return [f"{series}-{n:06d}" for n in range(first, first + count)]


# --- units ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def register_unit(*, region_code: str, sector: str = "", actor: Actor, **given: Any) -> contracts.Unit:
    """Register a unit. Raises NotPermitted, UsccWrong, UsccTaken, NeedsChecking, Invalid, and then writes nothing."""
    unit = new_unit(region_code, sector, facts.clean({"kind": "other", "name": "", **given}), actor)
    refuse_clash(unit.uscc, actor)
    unit.ref = next_refs("DW", region_code)[0]
    unit.save(force_insert=True)
    search.index([unit])
    audit.record(actor, "places:unit:register", unit.ref, region=region_code, after=_shown(unit))
    emit(contracts.UnitRegistered(unit_id=unit.id, ref=unit.ref, region_code=region_code))
    return selectors.as_contract(unit)


def new_unit(region_code: str, sector: str, found: Mapping[str, Any], actor: Actor) -> Unit:
    """A unit that is not saved yet, in a region where the actor may register it."""
    if sector and sector not in taxonomy.sectors():
        raise Invalid(Text("请选择主管行业。", "Choose the department in charge."), field="sector")
    unit = Unit(registered_at=timezone.now())
    unit.place(region_code, sector=sector, unit=unit.id)
    _require(actor, unit)
    facts.put(unit, found, unit.registered_at)
    return unit


@transaction.atomic
def change_unit(*, ref: str, version: int, actor: Actor, **given: Any) -> contracts.Unit:
    """Change fields of a unit that still is at `version`. Raises NotFound, NotPermitted, Conflict, Invalid."""
    unit = selectors.get_unit(ref, actor=actor, lock=True)
    _require(actor, unit)
    if unit.version != version:
        raise Conflict(what=UNIT.what)
    found = facts.clean(given)
    if found.get("uscc") and found["uscc"] != unit.uscc:
        refuse_clash(found["uscc"], actor, apart_from=unit.id)
    before = _shown(unit)
    facts.put(unit, found, timezone.now())
    _move(unit, given.get("region_code") or unit.region_code, given.get("sector", unit.sector), actor)
    unit.version += 1
    unit.save()
    search.index([unit])
    before, after = _difference(before, _shown(unit))
    audit.record(actor, "places:unit:change", unit.ref, region=unit.region_code, before=before, after=after)
    _changed(unit, sorted(after))
    return selectors.as_contract(unit)


@transaction.atomic
def move_unit(*, ref: str, move: str, reason: str, actor: Actor) -> contracts.Unit:
    """Close a unit or open it again. Raises NotFound, NotPermitted, MoveRefused."""
    unit = selectors.get_unit(ref, actor=actor, lock=True)
    arrow = UNIT.move(unit.state, move)
    actor.require(arrow.right, unit)
    before, unit.state, unit.changed_at = unit.state, arrow.target, timezone.now()
    unit.version += 1
    unit.save(update_fields=["state", "changed_at", "version"])
    search.index([unit])
    after = {"state": unit.state, "reason": reason[:200]}
    audit.record(actor, f"places:unit:{move}", unit.ref, region=unit.region_code, before={"state": before}, after=after)
    _changed(unit, ["state"])
    return selectors.as_contract(unit)


def _changed(unit: Unit, fields: list[str]) -> None:
    emit(
        contracts.UnitChanged(
            unit_id=unit.id, ref=unit.ref, region_code=unit.region_code, sector=unit.sector, fields=fields
        )
    )


def _move(unit: Unit, region_code: str, sector: str, actor: Actor) -> None:
    """Put a unit and its people into another region or sector; the actor must hold the right there too."""
    if (region_code, sector) == (unit.region_code, unit.sector):
        return
    unit.place(region_code, sector=sector or "", unit=unit.id)
    _require(actor, unit)
    PersonInCharge.objects.filter(unit=unit).update(**scope_columns(region_code, sector=sector or "", unit=unit.id))


def refuse_clash(uscc: str, actor: Actor, apart_from: UUID | None = None) -> None:
    """Raise UsccTaken or NeedsChecking when another unit has the code already."""
    other = Unit.objects.filter(uscc=uscc).exclude(pk=apart_from).first() if uscc else None  # type: ignore[misc]
    if other is None:
        return
    if Unit.objects.visible_to(actor).filter(pk=other.pk).exists():
        raise UsccTaken(field="uscc", ref=other.ref, name=other.name)
    raise NeedsChecking(field="uscc")


# --- classes -------------------------------------------------------------------------------------------------------


@transaction.atomic
def decide_class(
    *, ref: str, code: str, holds: bool, actor: Actor, note: str = "", since: date | None = None
) -> contracts.Unit:
    """Decide that a unit is, or is not any more, of a class. What the rules proposed at that moment is kept beside the
    decision, and where the two differ a note is asked for. `since`: the day it counts from, for key units.

    Raises NotFound, NotPermitted, Invalid. Source: 消防法 (2021) art. 17; the software proposes, a person decides.
    """
    unit = selectors.get_unit(ref, actor=actor, lock=True)
    _require(actor, unit)
    if code not in taxonomy.classes():
        raise NotFound(what=Text("类别", "class"), ref=code)
    proposal = next((p for p in facts.proposals(unit) if p.code == code), None)
    proposed = proposal.holds if proposal else None
    if proposed is not None and proposed != holds and not note.strip():
        raise Invalid(
            Text("与规则建议不同，请写明理由。", "This differs from what the rules propose; say why."), field="note"
        )
    reasons = [[r.message.zh, r.message.en, r.source] for r in (proposal.reasons if proposal else ())]
    standing = UnitClass.objects.filter(unit=unit, code=code, ended_at=None).first()
    now = timezone.now()
    if holds and standing is None:
        UnitClass.objects.create(
            unit=unit,
            code=code,
            proposed=proposed,
            reasons=reasons,
            note=note[:200],
            decided_by=actor.id,
            decided_at=now,
        )
    elif not holds and standing is not None:
        standing.ended_by, standing.ended_at = actor.id, now
        standing.save(update_fields=["ended_by", "ended_at"])
    set_classes(unit, [c for c in unit.classes if c != code] + ([code] if holds else []))
    if code == "key_unit":
        unit.key_unit_since = (since or local_day(now)) if holds else None
    unit.changed_at, unit.version = now, unit.version + 1
    unit.save(update_fields=["classes", "key_unit_since", "changed_at", "version"])
    after = {"class": code, "holds": holds, "proposed": proposed, "note": note[:200]}
    audit.record(actor, "places:unit:classify", unit.ref, region=unit.region_code, after=after)
    _changed(unit, ["classes"])
    return selectors.as_contract(unit)


def set_classes(unit: Unit, codes: list[str]) -> None:
    """Keep the codes in the order of the table, each once."""
    unit.classes = [code for code in taxonomy.classes() if code in codes]


# --- people in charge ----------------------------------------------------------------------------------------------


@transaction.atomic
def name_person(
    *, unit_ref: str, role: str, name: str, phone: str, actor: Actor, since: date | None = None, certificate: str = ""
) -> contracts.Contact:
    """Name somebody in charge of a unit; who held a single post before is ended. Raises NotFound, NotPermitted,
    Invalid."""
    unit = selectors.get_unit(unit_ref, actor=actor, lock=True)
    _require(actor, unit)
    if role not in selectors.ROLES:
        raise Invalid(Text("请选择职务。", "Choose the post."), field="role")
    if not name.strip() and role not in selectors.POSTS:
        raise Invalid(Text("请填写姓名。", "Give the name."), field="name")
    person = new_person(unit, role, name, phone, since)
    person.certificate = certificate[:60]
    if role in ("responsible_person", "safety_manager", "duty_phone"):
        standing = PersonInCharge.objects.filter(unit=unit, role=role, ended_on=None)
        standing.update(ended_on=local_day(timezone.now()))
    person.save(force_insert=True)
    note_people([unit.id])
    after = {"role": role, "phone": person.phone_shown}
    audit.record(actor, "places:person:name", unit.ref, region=unit.region_code, after=after, private={"name": name})
    return selectors.contact(person)


def note_people(unit_ids: Sequence[UUID]) -> None:
    """Keep `Unit.people_named` true to the people of some units, in the transaction that changed them."""
    standing = PersonInCharge.objects.filter(unit=OuterRef("pk"), ended_on=None)
    both = Q(Exists(standing.filter(role="responsible_person")), Exists(standing.filter(role="safety_manager")))
    named = Case(When(both, then=Value(True)), default=Value(False))
    for start in range(0, len(unit_ids), 500):
        Unit.objects.filter(pk__in=unit_ids[start : start + 500]).update(people_named=named)


def new_person(unit: Unit, role: str, name: str, phone: str, since: date | None = None) -> PersonInCharge:
    """A person in charge that is not saved yet, number sealed and masked."""
    phone = facts.clean_phone(phone)
    person = PersonInCharge(unit=unit, role=role, name=" ".join(name.split())[:60], since=since)
    person.place(unit.region_code, sector=unit.sector, unit=unit.id)
    person.phone_sealed = sealing.seal(phone, str(person.id))
    person.phone_shown = phone if role in selectors.POSTS else sealing.mask_phone(phone)
    return person


@transaction.atomic
def end_person(*, person_id: UUID, actor: Actor) -> str:
    """Somebody is not in charge any more; the reference of the unit. Raises NotFound, NotPermitted."""
    person = selectors.get_person(person_id, actor=actor, lock=True)
    _require(actor, person)
    person.ended_on = local_day(timezone.now())
    person.save(update_fields=["ended_on"])
    note_people([person.unit_id])
    ref = str(person.unit.ref)
    audit.record(actor, "places:person:end", ref, region=person.region_code, before={"role": person.role})
    return ref


@transaction.atomic
def reveal_phone(*, person_id: UUID, purpose: str, actor: Actor) -> str:
    """The whole number of one person in charge, for a purpose that is written down. Raises NotFound, NotPermitted,
    PurposeNeeded. Source: 个人信息保护法 art. 6; security 2.2."""
    person = selectors.get_person(person_id, actor=actor)
    actor.require("people.reveal", person)
    if len(purpose.strip()) < 4:
        raise PurposeNeeded(field="purpose")
    audit.record(
        actor, "places:person:reveal", str(person.unit.ref), region=person.region_code,
        after={"role": person.role, "person": str(person.id), "purpose": purpose.strip()[:200]},
    )  # fmt: skip
    return sealing.unseal(person.phone_sealed, str(person.id))


# --- buildings -----------------------------------------------------------------------------------------------------


@transaction.atomic
def register_building(
    *, name: str, region_code: str, actor: Actor, manager_ref: str = "", **given: Any
) -> contracts.Building:
    """Register a building, with the unit that manages it where there is one. Raises NotFound, NotPermitted, Invalid."""
    manager = selectors.get_unit(manager_ref, actor=actor) if manager_ref else None
    now = timezone.now()
    building = Building(manager=manager, registered_at=now, changed_at=now)
    _put_building(building, {"name": name, **given})
    building.place(region_code, sector=manager.sector if manager else "", unit=manager.id if manager else None)
    _require(actor, building)
    building.ref = next_refs("JZ", region_code)[0]
    building.save(force_insert=True)
    if manager is not None:
        Tenancy.objects.create(unit=manager, building=building)
    search.index([building])
    audit.record(actor, "places:building:register", building.ref, region=region_code, after={"name": building.name})
    return selectors.building_contract(building)


@transaction.atomic
def change_building(*, ref: str, actor: Actor, **given: Any) -> contracts.Building:
    """Change fields of a building. Raises NotFound, NotPermitted, Invalid."""
    building = selectors.get_building(ref, actor=actor, lock=True)
    _require(actor, building)
    before = {name: getattr(building, name) for name in BUILDING_FIELDS}
    _put_building(building, given)
    building.changed_at = timezone.now()
    building.save()
    search.index([building])
    before, after = _difference(before, {name: getattr(building, name) for name in BUILDING_FIELDS})
    audit.record(actor, "places:building:change", ref, region=building.region_code, before=before, after=after)
    return selectors.building_contract(building)


@transaction.atomic
def let_to(*, building_ref: str, unit_ref: str, floors: str, actor: Actor) -> None:
    """A unit uses floors of a building. Raises NotFound, NotPermitted."""
    building = selectors.get_building(building_ref, actor=actor, lock=True)
    _require(actor, building)
    unit = selectors.get_unit(unit_ref, actor=actor)
    Tenancy.objects.update_or_create(building=building, unit=unit, defaults={"floors": floors.strip()[:40]})
    after = {"unit": unit.ref, "floors": floors}
    audit.record(actor, "places:building:let", building.ref, region=building.region_code, after=after)


def _put_building(building: Building, given: Mapping[str, Any]) -> None:
    for name in BUILDING_FIELDS:
        if name in given:
            setattr(building, name, given[name])
    if not search.normal(building.name):
        raise Invalid(Text("请填写建筑名称。", "Give the building's name."), field="name")
    if building.lng is not None or building.lat is not None:
        facts.check_point(building.lng, building.lat)


# --- shared --------------------------------------------------------------------------------------------------------


def _require(actor: Actor, row: Scoped) -> None:
    if not actor.can(EDIT, row) and not (actor.via == "import" and actor.can("places.import", row)):
        raise NotPermitted(right=right_name(EDIT))


def _shown(unit: Unit) -> dict[str, Any]:
    """The fields of a unit as the audit log keeps them."""
    fields = (*facts.FIELDS, "region_code", "sector")
    return {name: value for name in fields if (value := getattr(unit, name)) not in (None, "")}


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only what differs, on both sides."""
    names = sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))
    return {n: before.get(n) for n in names}, {n: after.get(n) for n in names}
