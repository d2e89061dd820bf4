"""What a compiled paper consists of. All places are character offsets into the text that was given, end exclusive."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

Op = Literal[">=", "<=", "==", ">", "<", "between"]
OPS: tuple[Op, ...] = (">=", "<=", "==", ">", "<", "between")


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: a clause with its verb, as the paper words it."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Owner:
    """A body or person named as answering for an item. `role`: lead (牵头, 负责, the only one named) or support (配合)."""

    name: str
    role: Literal["lead", "support"]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Deadline:
    """When something is due. `kind`: by (a last day), within (a length of time that was worked out), phase (from to),
    recurring (`frequency` tells how often) or vague (no day follows from the words).

    `first`, `last`: ISO days both inclusive; None where the paper gives none.
    """

    text: str
    kind: Literal["by", "within", "phase", "recurring", "vague"]
    first: date | None
    last: date | None
    frequency: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the body, in reading order: a mark with its words, or a paragraph that stands beside the marks.

    `no`: its running number in the compilation, from 1. `path`: the marks from the outside in, joined by "/", e.g.
    "三/(一)/1/一是" or "第一章/第二节"; a paragraph without a mark adds "¶n", n counting within what is around it. `heading`:
    the words after the mark up to the first full stop or the end of the line when they head the item, else "". `text`:
    the item's own words (not those of items inside it), just as they stand from `start` to `end`, mark included.

    Plain paragraphs below a heading belong to the heading's item ("一、指导思想" and what it says are one item). They are items
    of their own before the first mark, after the last of several one-paragraph marks, and where each opens with a heading.
    """

    no: int
    path: str
    heading: str
    text: str
    start: int
    end: int
    actions: tuple[Action, ...] = ()
    owners: tuple[Owner, ...] = ()
    deadlines: tuple[Deadline, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """A measurable aim. `value`: in the unit as written after 万 and 亿 are multiplied out; two numbers for `between`.

    `scope`: what or whom it counts over, as worded; `region`: the place named with it, else the paper's. `deadline`: the
    last day; None when the paper gives none. `frequency`: "" or one of year, half_year, quarter, month, half_month, week,
    day. `soft`: 力争, 基本, 逐步 and the like. `implied`: no number is written (全部, 逐一, 杜绝). `confidence`: 0 to 1.
    """

    item: int
    metric: str
    op: Op
    value: float | tuple[float, float]
    unit: str
    scope: str
    region: str
    deadline: date | None
    frequency: str
    quote: str
    start: int
    end: int
    confidence: float
    soft: bool = False
    implied: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a person must decide or know. `item`: 0 for the paper as a whole.

    `kind`, ambiguous: before_year (X年前), growth_basis, owner_unknown, scope_open, date_unknown, value_unclear; about the
    text: truncated, site_noise, repeated_number, skipped_number, flattened_table. `readings`: the ways it can be read, each
    in words of its own; empty for those about the text.
    """

    item: int
    kind: str
    readings: tuple[str, ...]
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Paper:
    """A compiled paper. `period`: first and last day it covers, None where it does not say. `region`: as named."""

    title: str
    issuer: str
    number: str
    issued_on: date | None
    period: tuple[date | None, date | None]
    region: str
    items: tuple[Item, ...] = ()
    targets: tuple[Target, ...] = ()
    flags: tuple[Flag, ...] = ()
    noise: tuple[tuple[int, int], ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The paper as the command prints it: dates are ISO, `from` and `to` for the days of a deadline."""
        from wanghuo.engines.workplan.printing import paper_json

        return paper_json(self)
