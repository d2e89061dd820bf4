"""What stands on the front page of registers: those in use with their counts, and the presets that could be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.ledgers.models import Register, RegisterRow, RegisterUse
from wanghuo.kernel.ledgers.registers import selecting
from wanghuo.kernel.ledgers.registers.presets import TOPICS, Preset, shelves
from wanghuo.kernel.ledgers.registers.schema import CONFIRM, Definition
from wanghuo.kernel.ledgers.states import RegisterState
from wanghuo.kernel.regions import codes


@dataclass(frozen=True, slots=True)
class Card:
    """One register in use, with what of it the person sees."""

    book: Register
    definition: Definition
    rows: int = 0
    overdue: int = 0
    unconfirmed: int = 0

    @property
    def topic(self) -> Text:
        """Its shelf."""
        return TOPICS.get(self.book.topic, TOPICS["other"])

    @property
    def every(self) -> Text:
        """How often its lines are confirmed."""
        return CONFIRM[self.definition.confirm]


def cards(actor: Actor, region: str = "") -> list[Card]:
    """The registers kept somewhere on the actor's path, or with rows they see; one's own that are being set up first."""
    rows = RegisterRow.objects.visible_to(actor)
    if region:
        rows = rows.in_region(region)
    counted: Mapping[Any, Any] = {
        r["register_id"]: r
        for r in rows.filter(selecting.standing())
        .values("register_id")
        .annotate(n=Count("pk"), late=Count("pk", filter=selecting.overdue()), open=_lapsed())
        .order_by()
    }
    kept = set(_uses(actor).values_list("register_id", flat=True)) | set(counted)
    books = Register.objects.visible_to(actor).filter(Q(pk__in=kept) | Q(preset=False))
    found = []
    for book in books.order_by("topic", "code"):
        definition = selecting.definition_of(book)
        told = counted.get(book.id, {})
        lapsed = told.get("open", 0) if definition.confirm else 0
        found.append(Card(book, definition, told.get("n", 0), told.get("late", 0) if definition.met else 0, lapsed))
    order = list(TOPICS)
    return sorted(
        found,
        key=lambda c: (c.book.state != RegisterState.SETUP, order.index(c.book.topic) if c.book.topic in order else 99),
    )


def is_about(definition: Definition, words: str) -> bool:
    """Whether every one of some words stands in the title or purpose of a register."""
    said = " ".join((definition.title.zh, definition.title.en, definition.about.zh, definition.about.en)).lower()
    return all(word in said for word in words.lower().split())


def _lapsed() -> Count:
    return Count("pk", filter=selecting.unconfirmed())


def _uses(actor: Actor) -> Any:
    """Where registers are kept, as far as it concerns the actor: within their regions and above them."""
    if actor.is_system:
        return RegisterUse.objects.all()
    above = {code for g in actor.grants for code in (g.region, *codes.ancestors(g.region))}
    own = RegisterUse.objects.visible_to(actor)
    return RegisterUse.objects.filter(Q(pk__in=own.values("pk")) | Q(region_code__in=above))


def offered(cards_in_use: list[Card], words: str = "") -> list[tuple[str, Text, list[Preset]]]:
    """The presets that are not in use, by topic; with words those whose title or purpose has them, in either language."""
    used = {c.book.code for c in cards_in_use}
    shelf = [
        (topic, name, [p for p in found if p.code not in used and is_about(p.definition, words)])
        for topic, name, found in shelves()
    ]
    return [(topic, name, found) for topic, name, found in shelf if found]
