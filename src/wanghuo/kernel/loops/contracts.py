"""What others hold of loops: the subject of a duty and a computed deadline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from wanghuo.base import Text
from wanghuo.kernel.rulebook import Rule


@dataclass(frozen=True, slots=True)
class Subject:
    """What a duty or a clock is about: a record of some module, where it lies, and how people name it.

    `kind`: the module's word for the record (hazard, alarm). `ref`: its human reference; `url`: its page. `what`:
    the word for its kind.
    """

    kind: str
    id: UUID
    ref: str
    url: str
    what: Text
    region_code: str
    sector: str = ""
    unit: UUID | None = None

    @classmethod
    def of(cls, row: Any, kind: str, what: Text, *, ref: str = "", url: str = "") -> Subject:
        """A record that belongs somewhere (`access.scope.Scoped`), where it lies. `ref` and `url`: its own, unless given."""
        return cls(
            kind, row.id, ref or row.ref, url or row.url, what, row.region_code, sector=row.sector, unit=row.scope_unit
        )


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline (later is late), the rule it comes from, and whether a holiday table was missing."""

    at: datetime
    rule: Rule
    provisional: bool
