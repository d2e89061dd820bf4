"""Reads: the one way to load a unit, a building or a person in charge. Masks are put on here, not in templates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q

from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.modules.places import contracts
from wanghuo.modules.places.models import Building, PersonInCharge, Unit
from wanghuo.modules.places.states import UNIT, UnitState

BUILDING = Text("建筑", "building")
PERSON = Text("人员", "person")
ROLES: dict[str, Text] = {
    "responsible_person": Text("消防安全责任人", "responsible person"),
    "safety_manager": Text("消防安全管理人", "safety manager"),
    "duty_phone": Text("值班电话", "duty phone"),
    "control_room_operator": Text("消防控制室值班员", "control-room operator"),
}
POSTS = frozenset({"duty_phone"})  # numbers of a post, not of a person: shown whole


def get_unit(ref: str, *, actor: Actor, lock: bool = False) -> Unit:
    """The one way to load a unit. Out of the actor's region and absent look the same: not found."""
    return _one(Unit, UNIT.what, {"ref": ref}, actor, lock)


def get_unit_by_id(unit_id: UUID, *, actor: Actor, lock: bool = False) -> Unit:
    """The same by key, for other modules that keep it."""
    return _one(Unit, UNIT.what, {"pk": unit_id}, actor, lock)


def get_building(ref: str, *, actor: Actor, lock: bool = False) -> Building:
    """The one way to load a building."""
    return _one(Building, BUILDING, {"ref": ref}, actor, lock)


def get_building_by_id(building_id: UUID, *, actor: Actor) -> Building:
    """The same by key."""
    return _one(Building, BUILDING, {"pk": building_id}, actor, lock=False)


def get_person(person_id: UUID, *, actor: Actor, lock: bool = False) -> PersonInCharge:
    """The one way to load a person in charge."""
    return _one(PersonInCharge, PERSON, {"pk": person_id, "ended_on": None}, actor, lock)


def _one(model: type[Any], what: Text, wanted: dict[str, Any], actor: Actor, lock: bool) -> Any:
    rows = model.objects.visible_to(actor)
    try:
        return (rows.select_for_update() if lock else rows).get(**wanted)
    except model.DoesNotExist:
        raise NotFound(what=what, ref=next(iter(wanted.values()))) from None


def people_of(unit_ids: Iterable[UUID], actor: Actor) -> dict[UUID, tuple[contracts.Contact, ...]]:
    """The people in charge of some units, in the order of ROLES, numbers masked."""
    order = list(ROLES)
    found: dict[UUID, list[contracts.Contact]] = defaultdict(list)
    rows = PersonInCharge.objects.visible_to(actor).filter(unit__in=list(unit_ids), ended_on=None)
    for row in sorted(rows, key=lambda p: (order.index(p.role) if p.role in order else 99, p.id)):
        found[row.unit_id].append(contact(row))
    return {unit: tuple(people) for unit, people in found.items()}


def without_people() -> Q:
    """Active units that lack a responsible person or a safety manager: their file is not complete (regulations 6.5)."""
    return Q(people_named=False, state=UnitState.ACTIVE)


def complete_file() -> Q:
    """Units whose file has what an alarm and a letter need: credit code, point, both persons in charge."""
    return ~without_people() & ~Q(uscc="") & Q(lng__isnull=False)


def contact(row: PersonInCharge) -> contracts.Contact:
    """A person in charge as others may see them."""
    masked = row.role not in POSTS and bool(row.phone_sealed)
    return contracts.Contact(
        id=row.id,
        role=row.role,
        role_name=ROLES.get(row.role, Text(row.role, row.role)),
        name=row.name,
        phone=row.phone_shown,
        masked=masked,
        reveal=f"/people/{row.id}/acts/reveal" if masked else "",
    )


def as_contract(row: Unit, contacts: tuple[contracts.Contact, ...] = ()) -> contracts.Unit:
    """A unit as other modules hold it."""
    return contracts.Unit(
        id=row.id,
        ref=row.ref,
        name=row.name,
        region_code=row.region_code,
        sector=row.sector,
        uscc=row.uscc,
        address=row.address,
        lng=row.lng,
        lat=row.lat,
        kind=row.kind,
        classes=tuple(row.classes),
        has_control_room=row.has_control_room,
        state=row.state,
        contacts=contacts,
    )


def units_by_codes(codes: Iterable[str]) -> dict[str, contracts.Unit]:
    """The same for many codes in a few queries, for imports; what is not found is left out."""
    wanted = sorted({c for c in codes if c})
    found: dict[str, contracts.Unit] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        rows = Unit.objects.filter(Q(ref__in=part) | Q(uscc__in=part) | (~Q(local_code="") & Q(local_code__in=part)))
        for row in rows:
            unit = as_contract(row)
            found.update({code: unit for code in (row.local_code, row.uscc, row.ref) if code})
    return {code: found[code] for code in wanted if code in found}


def building_contract(row: Building) -> contracts.Building:
    """A building as other modules hold it."""
    return contracts.Building(
        id=row.id,
        ref=row.ref,
        name=row.name,
        region_code=row.region_code,
        sector=row.sector,
        manager=row.manager_id,
        address=row.address,
        lng=row.lng,
        lat=row.lat,
        floors_above=row.floors_above,
        floors_below=row.floors_below,
    )
