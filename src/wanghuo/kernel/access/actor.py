"""Who acts: a person or a process, the roles it holds, and where each of them holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from wanghuo.base import NotPermitted
from wanghuo.kernel.access.roles import right_name, rights_of
from wanghuo.kernel.regions import codes


class Placed(Protocol):
    """What a row must tell for access to be judged: `Scoped` rows and contracts of them do."""

    @property
    def region_code(self) -> str:
        """The kept code of its region."""

    @property
    def sector(self) -> str:
        """Its industry sector; "" for none."""

    @property
    def scope_unit(self) -> UUID | None:
        """The unit it belongs to."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One role in one region subtree, narrowed to a sector or to one unit where those are given."""

    role: str
    region: str
    sector: str = ""
    unit: UUID | None = None

    def covers(self, row: Placed) -> bool:
        """Whether the row lies within this grant."""
        return (
            codes.contains(self.region, row.region_code)
            and (not self.sector or self.sector == row.sector)
            and (self.unit is None or self.unit == row.scope_unit)
        )


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, or one of our processes, at the moment of acting.

    `via` is the way in: web, cli, gateway, worker or import. `id` is None for processes. A process holds every right everywhere.
    """

    id: int | None
    name: str
    grants: tuple[Grant, ...] = ()
    via: str = "web"
    is_system: bool = False
    address: str = ""
    request_id: str = ""
    rights: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rights", frozenset().union(*(rights_of(g.role) for g in self.grants)))

    def with_right(self, right: str) -> tuple[Grant, ...]:
        """The grants that hold `right`."""
        return tuple(g for g in self.grants if right in rights_of(g.role))

    def can(self, right: str, row: Placed | None = None) -> bool:
        """Whether the actor holds `right`, over `row` where one is given (right and scope from the same grant)."""
        if self.is_system:
            return True
        if row is None:
            return right in self.rights
        return any(grant.covers(row) for grant in self.with_right(right))

    def require(self, right: str, row: Placed | None = None) -> None:
        """Raise NotPermitted unless `can(right, row)`."""
        if not self.can(right, row):
            raise NotPermitted(right=right_name(right))

    @property
    def home(self) -> str:
        """The region the actor works in: that of the first grant; the country for processes."""
        return self.grants[0].region if self.grants else codes.COUNTRY

    def as_json(self) -> dict[str, Any]:
        """The actor as the audit log keeps it: no name, since names are personal data."""
        return {"id": str(self.id or "system"), "role": self.role, "region": self.home, "via": self.via}

    @property
    def role(self) -> str:
        """The roles held, for logs."""
        return "system" if self.is_system else ",".join(sorted({g.role for g in self.grants}))


def system_actor(via: str) -> Actor:
    """One of our processes acting by itself (clocks, the gateway, a job without a person)."""
    return Actor(id=None, name="望火", via=via, is_system=True)


def anonymous(address: str = "", request_id: str = "") -> Actor:
    """A visitor who has not signed in."""
    return Actor(id=None, name="", address=address, request_id=request_id)


def regions_with(grants: Iterable[Grant]) -> tuple[str, ...]:
    """The regions of some grants, each once, uppermost first; those inside another one are left out."""
    found: list[str] = []
    for code in sorted({g.region for g in grants}, key=len):
        if not any(codes.contains(upper, code) for upper in found):
            found.append(code)
    return tuple(found)
