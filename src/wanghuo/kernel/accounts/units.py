"""Units as accounts need them. The kernel knows no module: the module that keeps units provides the look-up when it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class UnitRef:
    """A unit by its key, its written reference, its name and its place."""

    id: UUID
    ref: str
    name: str
    region_code: str


Lookup = Callable[[str | UUID], UnitRef | None]
_lookup: Lookup = lambda key: None


def provide(lookup: Lookup) -> None:
    """Give the function that finds a unit by its reference (text) or its key (UUID)."""
    global _lookup
    _lookup = lookup


def find(key: str | UUID) -> UnitRef | None:
    """The unit with this reference or key; None when there is none or nobody provides units."""
    return _lookup(key)
