"""What can be imported: a module declares a kind, its columns, how rows are judged and how they are written.

A kind's `check` and `write` get rows in batches, already converted to the columns' kinds, and must use the same
services as the module's forms. `check` writes nothing. An example stands in docs/modules/ledgers.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.actor import Actor

CellKind = Literal["text", "int", "float", "bool", "date", "datetime", "choice", "choices", "region"]
CELL_KINDS: tuple[CellKind, ...] = ("text", "int", "float", "bool", "date", "datetime", "choice", "choices", "region")


NOTHING_SAID = Text("", "")
LONGEST_KEY = 64


class CoordinateSystem(StrEnum):
    """In what the coordinates of a file are given; never guessed (ux 4.4)."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


COORDINATE_NAMES = {
    CoordinateSystem.WGS84: Text("CGCS2000 / WGS-84（测绘、GPS）", "CGCS2000 / WGS-84 (surveying, GPS)"),
    CoordinateSystem.GCJ02: Text("GCJ-02（高德、腾讯等）", "GCJ-02 (Amap, Tencent and others)"),
    CoordinateSystem.BD09: Text("BD-09（百度）", "BD-09 (Baidu)"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A target column. `choices` maps a kept code to its word; both are accepted in a cell. `synonyms` are other
    headings.

    `least` and `most` bound a number, `longest` a text. `example` stands in the template.
    """

    name: str
    label: Text
    kind: CellKind = "text"
    required: bool = False
    help: Text = NOTHING_SAID
    choices: Mapping[str, Text] | None = None
    synonyms: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    longest: int = 400
    example: str = ""


@dataclass(frozen=True, slots=True)
class CellError:
    """What is wrong in one row: the target column ("" for the row as a whole), why, and what to do about it."""

    column: str
    text: Text
    fix: Text = NOTHING_SAID
    value: str = ""


@dataclass(slots=True)
class Row:
    """One row of the file: `number` as the spreadsheet shows it, `values` only of the columns that have one."""

    number: int
    values: dict[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a column, or `default` where the cell was empty."""
        return self.values.get(name, default)


Outcome = Literal["new", "update", "duplicate", "error"]


@dataclass(slots=True)
class Judged:
    """What `check` says of one row. `target` is for the kind's own use in `write` (the row to update). `note` says
    why it is a duplicate. Only new and update rows are written."""

    row: Row
    outcome: Outcome
    target: Any = None
    errors: list[CellError] = field(default_factory=list)
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What `write` made of one row."""

    row: int
    outcome: Literal["new", "update"]
    ref: str
    object_id: str = ""


@dataclass(slots=True)
class Context:
    """The import that rows belong to. `region` stands in for rows that name none; `memory` lasts over all batches
    of one pass, for duplicates inside the file. `mark` goes into records that keep where they came from."""

    actor: Actor
    region: str
    coordinates: CoordinateSystem | None
    source: str
    mark: str = ""
    memory: dict[str, Any] = field(default_factory=dict)

    def key(self, old_ref: str) -> str:
        """The reference a record had elsewhere, with its source, so that the numbers of two systems do not meet; at
        most 64 characters: what is longer stands as its SHA-256."""
        whole = f"{self.source}:{old_ref}"
        return whole if len(whole) <= LONGEST_KEY else hashlib.sha256(whole.encode()).hexdigest()


Check = Callable[[Sequence[Row], Context], list[Judged]]
Write = Callable[[Sequence[Judged], Context], list[Written]]
Undo = Callable[[Sequence[str], Context], list[str]]


@dataclass(frozen=True, slots=True)
class ImportKind:
    """Something that can be imported. `undo` takes the object ids of created rows, removes those that nothing was
    built on and returns the references of the others."""

    code: str
    title: Text
    right: str
    columns: tuple[Column, ...]
    check: Check
    write: Write
    undo: Undo | None = None
    has_coordinates: bool = False
    help: Text = NOTHING_SAID

    def __post_init__(self) -> None:
        names = [c.name for c in self.columns]
        assert len(names) == len(set(names)), f"{self.code}: a column stands twice"
        assert all(c.kind in CELL_KINDS for c in self.columns), f"{self.code}: unknown cell kind"
        assert all(c.choices for c in self.columns if c.kind in ("choice", "choices")), f"{self.code}: empty choice"

    def column(self, name: str) -> Column:
        """The column called `name`. Raises KeyError."""
        return next(c for c in self.columns if c.name == name)


_kinds: dict[str, ImportKind] = {}


@dataclass(frozen=True, slots=True)
class Source:
    """Kinds that are kept as rows, such as one for each register. `find(code, actor)`: the kind of one code, or with ""
    all of them; only those the actor may see, where one is given."""

    right: str
    find: Callable[[str, Actor | None], list[ImportKind]]


_sources: dict[str, Source] = {}


def register_import(kind: ImportKind) -> None:
    """Make a kind known; called from `AppConfig.ready()`."""
    _kinds[kind.code] = kind


def register_source(prefix: str, source: Source) -> None:
    """Make the kinds known whose codes begin with `prefix`; called from `AppConfig.ready()`."""
    _sources[prefix] = source


def import_kind(code: str, actor: Actor | None = None) -> ImportKind:
    """The kind with this code. Raises NotFound, also for one of a source that the actor may not see."""
    if code in _kinds:
        return _kinds[code]
    found = [k for prefix, s in _sources.items() if code.startswith(prefix) for k in s.find(code, actor)]
    if not found:
        raise NotFound(what=Text("导入类型", "kind of import"), ref=code)
    return found[0]


def import_kinds(actor: Actor | None = None) -> list[ImportKind]:
    """Every kind, or those the actor may import."""
    declared = [k for _, k in sorted(_kinds.items())]
    kept = [k for _, s in sorted(_sources.items()) for k in s.find("", actor)]
    return [k for k in (*declared, *kept) if actor is None or actor.can(k.right)]


def import_rights(actor: Actor) -> list[str]:
    """The rights to import something that the actor holds."""
    known = {k.right for k in _kinds.values()} | {s.right for s in _sources.values()}
    return sorted(right for right in known if actor.can(right))
