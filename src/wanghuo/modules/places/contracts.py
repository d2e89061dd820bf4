"""What others may hold of places."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from wanghuo.base import Text
from wanghuo.kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody, or a duty post, to call. `phone` is whole for a duty post and masked for a person; `reveal` is the act
    that shows a masked one to whoever may see it."""

    id: UUID
    role: str
    role_name: Text
    name: str
    phone: str
    masked: bool
    reveal: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as others see it. `lng` and `lat` are WGS-84, None when not known; `scope_unit` is the unit itself."""

    id: UUID
    ref: str
    name: str
    region_code: str
    sector: str
    uscc: str
    address: str
    lng: float | None
    lat: float | None
    kind: str
    classes: tuple[str, ...]
    has_control_room: bool | None
    state: str
    contacts: tuple[Contact, ...] = ()

    @property
    def scope_unit(self) -> UUID:
        """The unit, for access decisions."""
        return self.id

    @property
    def url(self) -> str:
        """Its page."""
        return f"/units/{self.ref}"


@dataclass(frozen=True, slots=True)
class Building:
    """A building as others see it."""

    id: UUID
    ref: str
    name: str
    region_code: str
    sector: str
    manager: UUID | None
    address: str
    lng: float | None
    lat: float | None
    floors_above: int | None
    floors_below: int | None

    @property
    def scope_unit(self) -> UUID | None:
        """The unit that manages it, for access decisions."""
        return self.manager

    @property
    def url(self) -> str:
        """Its page."""
        return f"/buildings/{self.ref}"


@dataclass(frozen=True, slots=True)
class Found:
    """One line of a search: what it is, its name, its reference, where it lies, its page."""

    kind: str
    id: UUID
    ref: str
    name: str
    region_code: str
    url: str
    closed: bool = False


@dataclass(frozen=True)
class UnitRegistered(Event):
    """A unit was registered through a form."""

    kind = "places.unit_registered"
    unit_id: UUID
    ref: str
    region_code: str


@dataclass(frozen=True)
class UnitChanged(Event):
    """A unit changed; `fields` names what. Where region_code or sector is among them, rows that carry them must
    follow."""

    kind = "places.unit_changed"
    unit_id: UUID
    ref: str
    region_code: str
    sector: str
    fields: list[str]


@dataclass(frozen=True)
class UnitsImported(Event):
    """A batch of an import was written."""

    kind = "places.units_imported"
    import_id: str
    new: int
    updated: int
