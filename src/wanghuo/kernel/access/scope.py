"""Rows that belong somewhere: the columns by which access is decided, and the one way to ask for them."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from wanghuo.kernel.access.actor import Actor, Grant
from wanghuo.kernel.regions import codes


def region_q(region: str) -> Q:
    """The condition "lies in `region`", on the ancestor column that has the index."""
    found = codes.column(region)
    if found is None:
        return Q()
    name, value = found
    condition = Q(**{name: value})
    if len(region) > 9:
        condition &= Q(region_code__startswith=region)
    return condition


def grant_q(grant: Grant) -> Q:
    """The condition "lies within this grant"."""
    condition = region_q(grant.region)
    if grant.sector:
        condition &= Q(sector=grant.sector)
    if grant.unit is not None:
        condition &= Q(scope_unit=grant.unit)
    return condition


def grants_q(actor: Actor, right: str) -> Q:
    """The condition "the actor holds `right` over the row"; one that no row meets when no grant holds it."""
    if actor.is_system:
        return Q()
    conditions = [grant_q(grant) for grant in actor.with_right(right)]
    if not conditions:
        return Q(pk__in=[])
    if any(not condition for condition in conditions):
        return Q()
    return reduce(or_, conditions)


class ScopedQuerySet(models.QuerySet[Any]):
    """Rows with a place."""

    def visible_to(self, actor: Actor) -> Self:
        """The rows the actor may see. Everything that reaches a person goes through here."""
        return self.filter(grants_q(actor, self.model.VIEW_RIGHT))

    def in_region(self, region: str) -> Self:
        """The rows that lie in `region`."""
        return self.filter(region_q(region))


class Scoped(models.Model):
    """A row that belongs to a region and, where it applies, to a sector and a unit.

    The ancestor codes are kept beside the region code because a list filters on them by index; `place` sets them together.
    A subclass names the right that seeing it takes in `VIEW_RIGHT`.
    """

    VIEW_RIGHT: ClassVar[str]

    region_code = models.CharField(max_length=15)
    province_code = models.CharField(max_length=2, default="")
    city_code = models.CharField(max_length=4, default="")
    county_code = models.CharField(max_length=6, default="")
    town_code = models.CharField(max_length=9, default="")
    sector = models.CharField(max_length=24, default="", blank=True)
    scope_unit = models.UUIDField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True

    def place(self, region_code: str, *, sector: str = "", unit: Any = None) -> None:
        """Put the row into a region (and a sector, and a unit): the region code and its ancestors move together."""
        for name, value in scope_columns(region_code, sector=sector, unit=unit).items():
            setattr(self, name, value)


SCOPE_FIELDS = ("region_code", "province_code", "city_code", "county_code", "town_code", "sector", "scope_unit")


def scope_columns(region_code: str, *, sector: str = "", unit: Any = None) -> dict[str, Any]:
    """The columns of `Scoped` for a place, for constructors and bulk inserts."""
    code = "" if region_code == codes.COUNTRY else region_code
    return {
        "region_code": region_code,
        "province_code": code[:2],
        "city_code": code[:4] if len(code) >= 4 else "",
        "county_code": code[:6] if len(code) >= 6 else "",
        "town_code": code[:9] if len(code) >= 9 else "",
        "sector": sector,
        "scope_unit": unit,
    }
