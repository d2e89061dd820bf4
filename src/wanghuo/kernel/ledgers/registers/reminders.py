"""Reminders: lines whose confirmation has lapsed are asked for in the inbox of whoever checks them, one duty for each register
and region."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid5

from django.db.models import Count

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.ledgers.models import Register, RegisterRow
from wanghuo.kernel.ledgers.registers import selecting
from wanghuo.kernel.ledgers.registers.deadlines import confirmed_until
from wanghuo.kernel.ledgers.registers.schema import Definition
from wanghuo.kernel.loops import Subject, close_duties, open_duty
from wanghuo.kernel.loops.models import Duty

SUBJECT_KIND, MOVE = "register_confirm", "confirm"
COLUMNS: Mapping[str, str] = {
    "province": "province_code",
    "city": "city_code",
    "county": "county_code",
    "town": "town_code",
}
TITLE = Text("核对台账“{title}”：{count} 行待核", "confirm the register “{title}”: lines unconfirmed: {count}")


def remind(now: datetime) -> int:
    """Ask for what is unconfirmed at `now`, and close what has been dealt with. Returns how many duties are open."""
    process, asked = system_actor("worker"), 0
    for book in Register.objects.in_use():
        definition = selecting.definition_of(book)
        if definition.confirm:
            asked += _remind_of(book, definition, now, process)
    return asked


def _remind_of(book: Register, definition: Definition, now: datetime, process: Actor) -> int:
    level = definition.checker if definition.checker in COLUMNS else ""
    column = COLUMNS[level or "county"]
    lapsed = RegisterRow.objects.filter(selecting.unconfirmed(), register=book).exclude(**{column: ""})
    counts = dict(lapsed.values_list(column).annotate(n=Count("pk")).order_by())
    for region, count in counts.items():
        open_duty(
            _subject(book, region),
            move=MOVE,
            title=TITLE.filled({"title": book.title, "count": count}),
            right=selecting.CONFIRM,
            asked_by=process,
            due_at=confirmed_until(definition.confirm, now),
            at_level=level or None,
        )
    standing = Duty.objects.filter(subject_kind=SUBJECT_KIND, subject_ref=book.code, closed_at=None)
    for subject_id in standing.exclude(region_code__in=counts).values_list("subject_id", flat=True):
        close_duties(SUBJECT_KIND, subject_id, by=process)
    return len(counts)


def _subject(book: Register, region: str) -> Subject:
    """What is to be confirmed, as duties know it: the unconfirmed lines of a register in a region."""
    return Subject(
        kind=SUBJECT_KIND,
        id=uuid5(book.id, region),
        ref=book.code,
        url=f"{book.url}?unconfirmed=1&region={region}",
        what=Text("台账", "Register"),
        region_code=region,
    )
