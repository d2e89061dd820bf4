"""Units and organisations in a register: kept by key and name, found through whoever keeps them.

The kernel knows no module, so the module that keeps units provides the look-up when it starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wanghuo.kernel.access.actor import Actor


@dataclass(frozen=True, slots=True)
class Referred:
    """What a row refers to. `url`: its page."""

    KEYS: ClassVar[frozenset[str]] = frozenset({"id", "ref", "name", "region", "sector", "url"})

    id: UUID
    ref: str
    name: str
    region_code: str = ""
    sector: str = ""
    url: str = ""

    def as_json(self) -> dict[str, str]:
        """As a row keeps it: readable without the module it came from."""
        known = {"ref": self.ref, "name": self.name, "region": self.region_code, "sector": self.sector, "url": self.url}
        return {"id": str(self.id), **known}


Finder = Callable[[str | UUID, Actor], Referred | None]
"""By reference, written name or key: the one thing meant that the actor may see; None when none or several are."""
_finders: dict[str, Finder] = {}


def provide_referred(kind: str, finder: Finder) -> None:
    """Give the function that finds things of a kind ("unit", "body"); called from `AppConfig.ready()`."""
    _finders[kind] = finder


def find(kind: str, words: str | UUID, actor: Actor) -> Referred | None:
    """The unit or organisation meant; None when there is none, or nobody provides that kind."""
    finder = _finders.get(kind) or _NATIVE.get(kind)
    return finder(words, actor) if finder else None


def _body(words: str | UUID, actor: Actor) -> Referred | None:
    from wanghuo.kernel.accounts import bodies
    from wanghuo.kernel.accounts.models import Body

    if isinstance(words, UUID):
        found = Body.objects.filter(pk=words).first()
    else:
        found = bodies.resolve(words, actor.home)
    return Referred(found.id, "", found.name, found.region_code, found.sector) if found else None


_NATIVE: dict[str, Finder] = {"body": _body}
