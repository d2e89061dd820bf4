"""What other modules may ask of places. Functions without an actor are for the inside of a process (ingest, clocks,
indicators): what they return must go through `visible_to` of the caller's own rows before a person sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, SmallIntegerField, Value
from django.utils import timezone

from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import region_q
from wanghuo.kernel.accounts.units import UnitRef
from wanghuo.kernel.ledgers.registers.referring import Referred
from wanghuo.kernel.regions import codes
from wanghuo.kernel.rulebook import rules_across
from wanghuo.modules.places import contracts, selectors
from wanghuo.modules.places import search as _search
from wanghuo.modules.places.models import Building, Unit, UnitClass
from wanghuo.modules.places.panels import Panel
from wanghuo.modules.places.panels import register as register_panel
from wanghuo.modules.places.past import judge_past
from wanghuo.modules.places.selectors import units_by_codes
from wanghuo.modules.places.services import name_person, register_unit
from wanghuo.modules.places.states import UnitState

__all__ = [
    "Panel",
    "account_unit",
    "buildings_by_ids",
    "contacts",
    "count_by_town",
    "find",
    "get_building",
    "get_unit",
    "judge_past",
    "map_rows",
    "must_connect",
    "name_person",
    "near",
    "referred_unit",
    "register_panel",
    "register_unit",
    "search",
    "unit_by_code",
    "units_by_codes",
    "units_by_ids",
]


def get_unit(unit_id: UUID, actor: Actor) -> contracts.Unit:
    """A unit with its contacts. Raises NotFound, also when it lies out of the actor's scope."""
    row = selectors.get_unit_by_id(unit_id, actor=actor)
    return selectors.as_contract(row, contacts(unit_id, actor))


def unit_by_code(code: str) -> contracts.Unit | None:
    """The unit with this reference (DW-…), social credit code or code of an older system; None when there is none."""
    row = Unit.objects.filter(Q(ref=code) | Q(uscc=code) if code else Q(pk__in=[])).first()
    if row is None and code:
        row = Unit.objects.filter(~Q(local_code=""), local_code=code).first()
    return selectors.as_contract(row) if row else None


def referred_unit(words: str | UUID, actor: Actor) -> Referred | None:
    """The one unit that a register's line means, by key, reference, credit code or full name, among those the actor may
    see; None when there is none or several are called so."""
    rows = Unit.objects.visible_to(actor)
    if isinstance(words, UUID):
        found = list(rows.filter(pk=words)[:1])
    else:
        text = words.strip()
        found = list(rows.filter(Q(ref=text.upper()) | Q(uscc=text) | Q(name=text))[:2]) if text else []
    if len(found) != 1:
        return None
    unit = found[0]
    return Referred(unit.pk, unit.ref, unit.name, unit.region_code, unit.sector, f"/units/{unit.ref}")


def account_unit(key: str | UUID) -> UnitRef | None:
    """A unit as the accounts need it, by its reference or its key: a grant can be narrowed to one unit."""
    row = Unit.objects.filter(**({"pk": key} if isinstance(key, UUID) else {"ref": key.strip().upper()})).first()
    return UnitRef(row.pk, row.ref, row.name, row.region_code) if row else None


def units_by_ids(ids: Iterable[UUID]) -> dict[UUID, contracts.Unit]:
    """Units by key, without contacts and without an access check."""
    return {row.id: selectors.as_contract(row) for row in Unit.objects.filter(pk__in=set(ids))}


def buildings_by_ids(ids: Iterable[UUID]) -> dict[UUID, contracts.Building]:
    """Buildings by key, without an access check."""
    return {row.id: selectors.building_contract(row) for row in Building.objects.filter(pk__in=set(ids))}


def get_building(building_id: UUID, actor: Actor) -> contracts.Building:
    """A building. Raises NotFound, also when it lies out of the actor's scope."""
    row = selectors.get_building_by_id(building_id, actor=actor)
    return selectors.building_contract(row)


def contacts(unit_id: UUID, actor: Actor) -> tuple[contracts.Contact, ...]:
    """The people in charge of a unit, numbers masked."""
    return selectors.people_of([unit_id], actor).get(unit_id, ())


def search(actor: Actor, q: str, limit: int = 8, *, kind: str = "") -> list[contracts.Found]:
    """Units and buildings (`kind`: one of them) by name, full pinyin, initials, code or the last six characters of a
    code."""
    return [
        contracts.Found(
            kind=entry.kind,
            id=entry.object_id,
            ref=entry.ref,
            name=entry.name,
            region_code=entry.region_code,
            url=f"/units/{entry.ref}" if entry.kind == "unit" else f"/buildings/{entry.ref}",
            closed=entry.closed,
        )
        for entry in _search.find(actor, q, limit, kind=kind)
    ]


def find(actor: Actor, text: str, limit: int = 20) -> list[contracts.Unit]:
    """Units for a picker, best first."""
    ids = [entry.object_id for entry in _search.find(actor, text, limit, kind="unit")]
    units = units_by_ids(ids)
    return [units[unit_id] for unit_id in ids if unit_id in units]


def must_connect() -> QuerySet[Unit]:
    """Active units that must be connected to the remote monitoring centre, by the rule `places.must_connect` of their region (GB 50440;
    the denominator of the networking rate). For subqueries and counts; a page narrows them to what the actor may see."""
    rules = rules_across("places.must_connect", on=local_day(timezone.now()))
    which = Q(pk__in=[])
    for region, each in rules.items():
        here = region_q(region) & _connected_by(each.value)
        for other in rules:
            if other != region and codes.contains(region, other):
                here &= ~region_q(other)
        which |= here
    return Unit.objects.filter(which, state=UnitState.ACTIVE)


def _connected_by(known: Mapping[str, Any]) -> Q:
    which = Q(has_control_room=True) if known.get("control_room") else Q(pk__in=[])
    if classes := list(known.get("classes", ())):
        which |= Q(pk__in=UnitClass.objects.filter(code__in=classes, ended_at=None).values("unit_id"))
    return which


def near(actor: Actor, lng: float, lat: float, *, limit: int = 40) -> tuple[list[Unit], list[Building]]:
    """Units and buildings within about a kilometre that the actor may see, as rows, nearest first (read only)."""
    half = 0.01
    box = Q(lng__range=(lng - half, lng + half), lat__range=(lat - half, lat + half))

    def nearest(rows: QuerySet[Any]) -> list[Any]:
        found = list(rows.filter(box)[: limit * 5])
        return sorted(found, key=lambda row: (row.lng - lng) ** 2 + (row.lat - lat) ** 2)[:limit]

    return (
        nearest(Unit.objects.visible_to(actor).filter(state=UnitState.ACTIVE)),
        nearest(Building.objects.visible_to(actor)),
    )


def map_rows(actor: Actor) -> QuerySet[Unit]:
    """The active units with a place that the actor may see, `level` 0: for the map (read only)."""
    rows = Unit.objects.visible_to(actor).filter(state=UnitState.ACTIVE, lng__isnull=False, lat__isnull=False)
    return rows.annotate(level=Value(0, SmallIntegerField()))


def count_by_town(rows: QuerySet[Unit]) -> dict[str, int]:
    """How many units of a query lie in each town, or county where no town is known."""
    counts: dict[str, int] = {}
    for town, county, n in rows.values_list("town_code", "county_code").annotate(n=Count("pk")).order_by():
        counts[town or county] = counts.get(town or county, 0) + n
    return counts
