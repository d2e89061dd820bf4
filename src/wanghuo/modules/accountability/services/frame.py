"""The frame around every act: load and lock, ask the state table and the right, write, and leave the same traces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from wanghuo.base import Invalid, Move, NotFound, NotPermitted, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.roles import right_name
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.audit import record
from wanghuo.kernel.loops import (
    Subject,
    close_duties,
    next_ref,
    open_duty,
    start_clock,
    stop_clock,
    void_clock,
    write_move,
)
from wanghuo.kernel.regions import codes
from wanghuo.kernel.regions.service import get as get_region
from wanghuo.modules.accountability.models import Record, Step
from wanghuo.modules.accountability.states import ANSWER_RIGHT

R = TypeVar("R", bound=Record)
BODY = Text("机构", "organisation")
REGION = Text("区划", "division")


class OutOfReach(Invalid):
    """The region is not one the actor's office looks after."""

    code = "accountability.out_of_reach"
    text = Text("“{region}”不在你的管辖范围。", "“{region}” is outside the area you look after.")


def load(model: type[R], ref: str | UUID, *, actor: Actor, lock: bool = False) -> R:
    """The one way to load a record: out of scope and absent look the same. Raises NotFound."""
    rows = model.objects.visible_to(actor)
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(Q(pk=ref) if isinstance(ref, UUID) else Q(ref=ref)).first()
    if found is None:
        raise NotFound(what=model.MACHINE.what, ref=ref)
    return cast(R, found)


@dataclass(frozen=True, slots=True)
class Office:
    """The region whose office made a record, as access judges it."""

    region_code: str
    sector: str = ""
    scope_unit: UUID | None = None


def may(actor: Actor, right: str, row: Record) -> bool:
    """Whether the actor may do an act of this right on a record: whoever answers over the record itself, everybody else over
    the office that made it, so that nobody accepts, returns or withdraws what was asked of themselves."""
    if right == ANSWER_RIGHT:
        return actor.can(right, row)
    return actor.can(right, row) and actor.can(right, Office(row.by_region))


def require(actor: Actor, right: str, row: Record) -> None:
    """Raise NotPermitted unless `may`."""
    if not may(actor, right, row):
        raise NotPermitted(right=right_name(right))


def begin(model: type[R], ref: str | UUID, name: str, *, actor: Actor) -> tuple[R, Move]:
    """The record, locked, and the move, after right and state table were asked. Raises NotFound, NotPermitted, MoveRefused."""
    row = load(model, ref, actor=actor, lock=True)
    for right in {m.right for m in model.MACHINE.moves if m.name == name}:
        require(actor, right, row)
    return row, model.MACHINE.move(row.state, name)


def finish(
    row: R,
    move: Move,
    *,
    actor: Actor,
    changed: Mapping[str, Any] | None = None,
    note: str = "",
    after: Mapping[str, Any] | None = None,
) -> R:
    """Write a move: the row, its time line and the audit entry; the duties that waited for it are closed."""
    write_move(row, move, f"accountability:{row.KIND}", actor=actor, changed=changed, after=after)
    add_step(row, move.name, actor=actor, note=note)
    close_duties(row.KIND, row.id, by=actor)
    return row


def make(
    model: type[R],
    prefix: str,
    region: str,
    *,
    actor: Actor,
    title: str,
    sector: str = "",
    place: str = "",
    **fields: Any,
) -> R:
    """A new record about `region`, made by the actor's office; `place`: where it lies for access, when that differs."""
    now = timezone.now()
    home = office(actor, place or region)
    row = model(
        ref=next_ref(prefix, home if len(home) > 1 else region, local_day(now).year),
        state=model.MACHINE.initial,
        title=title[:200],
        by_region=home,
        made_by=actor.id,
        made_by_name=actor.name[:64],
        made_at=now,
        **scope_columns(place or region, sector=sector),
        **fields,
    )
    row.save(force_insert=True)
    add_step(row, "make", actor=actor)
    record(actor, f"accountability:{row.KIND}:make", row.ref, region=row.region_code, after={"title": row.title})
    return row


def office(actor: Actor, region: str) -> str:
    """The region whose office acts: that of the actor's widest grant over `region`; the region itself for a process."""
    held = sorted((g.region for g in actor.grants if codes.contains(g.region, region)), key=len)
    return held[0] if held else region


def add_step(row: Record, move: str, *, actor: Actor, note: str = "", at: datetime | None = None) -> None:
    """A line on the time line."""
    Step.objects.create(
        subject_kind=row.KIND,
        subject_id=row.id,
        at=at or timezone.now(),
        by_id=actor.id,
        by_name=actor.name[:64],
        by_kind="machine" if actor.is_system else "person",
        move=move,
        note=note[:1000],
    )


def expect(
    row: Record,
    *,
    move: str,
    right: str,
    title: Text,
    rule: str,
    actor: Actor,
    due_at: datetime | None = None,
    at_level: str | None = None,
    assignee: int | None = None,
    url: str = "",
) -> None:
    """Start the clock of the next act and put it into the inbox of whoever owes it."""
    clock = start_clock(row.subject, rule=rule, start=timezone.now(), due_at=due_at, move=move)
    open_duty(
        row.subject,
        move=move,
        title=title,
        right=right,
        asked_by=actor,
        due_at=clock.due_at,
        rule=rule,
        at_level=at_level,
        assignee=assignee,
        url=url or f"{row.url}/acts/{move}",
        clock=clock,
    )


def met(row: Record, rule: str) -> None:
    """The act a clock waited for was done."""
    stop_clock(row.KIND, row.id, rule=rule, at=timezone.now())


def dropped(row: Record, *rules: str) -> None:
    """What the clocks waited for is no longer asked."""
    for rule in rules:
        void_clock(row.KIND, row.id, rule=rule, at=timezone.now())


def body_of(body_id: UUID | str | None, *, actor: Actor) -> Body | None:
    """A body the actor may name. Raises NotFound for any other; None for none."""
    if not body_id:
        return None
    found = Body.objects.visible_to(actor).filter(pk=body_id, active=True).first()
    if found is None:
        raise NotFound(what=BODY, ref=body_id)
    return found


def region_within(region: str, right: str, *, actor: Actor) -> str:
    """A region over which the actor holds `right`. Raises NotFound (unknown), OutOfReach."""
    try:
        code = codes.normalise(region)
    except ValueError:
        raise NotFound(what=REGION, ref=region) from None
    found = get_region(code)
    held = [g.region for g in actor.with_right(right) if not g.sector and g.unit is None]
    if not actor.is_system and not any(codes.contains(h, code) for h in held):
        raise OutOfReach(field="region", region=found.name)
    return code


def level_of(region: str) -> str | None:
    """The level at which a duty about a region is answered; None for the country."""
    level = codes.level(region)
    return None if level == "country" else level


def reasons_json(reasons: Any) -> list[dict[str, Any]]:
    """Reasons of a verdict as they are kept: both languages filled, code and source."""
    return [{"code": r.code, "zh": r.message.zh, "en": r.message.en, "source": r.source} for r in reasons]


def reason_texts(kept: list[dict[str, Any]]) -> list[Text]:
    """Kept reasons as texts."""
    return [Text(r["zh"], r["en"]) for r in kept]


__all__ = [
    "OutOfReach",
    "Subject",
    "add_step",
    "begin",
    "body_of",
    "dropped",
    "expect",
    "finish",
    "level_of",
    "load",
    "make",
    "may",
    "met",
    "office",
    "reason_texts",
    "reasons_json",
    "region_within",
    "require",
]
