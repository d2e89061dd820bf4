"""Who holds a right over a place: for notifications, duties and "who can give this"."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from wanghuo.kernel.access.roles import roles
from wanghuo.kernel.accounts.models import RoleGrant
from wanghuo.kernel.regions import codes


def holders(
    right: str, region_code: str, *, sector: str = "", unit: UUID | None = None, level: str | None = None
) -> list[int]:
    """The active people who hold `right` over a place, those of the nearest level first, each once.

    A grant narrowed to a sector or a unit counts only for that `sector` or `unit`. `level` keeps the grants at one level:
    `unit` (a grant narrowed to the unit), or a region level of `codes.LEVELS`.
    """
    with_right = [role.code for role in roles().values() if right in role.rights]
    rows = RoleGrant.objects.in_force().filter(
        user__is_active=True,
        role__in=with_right,
        region_code__in=[*codes.ancestors(region_code), region_code],
        sector__in={"", sector},
    )
    reached = [row for row in rows.order_by("id") if row.unit is None or row.unit == unit]
    if level is not None:
        reached = [row for row in reached if _level(row) == level]
    reached.sort(key=lambda row: (row.unit is None, -len(row.region_code), row.region_code == codes.COUNTRY, row.pk))
    return list(dict.fromkeys(row.user_id for row in reached))


def _level(row: Any) -> str:
    return "unit" if row.unit is not None else codes.level(row.region_code)
