"""The frame around every act: load and lock, ask the state table and the right, write, and set the next clock going."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from wanghuo.base import Move, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.loops import close_duties, due, open_duty, start_clock, stop_clock, void_clock, write_move
from wanghuo.kernel.outbox import emit
from wanghuo.modules.hazards import rules
from wanghuo.modules.hazards.contracts import HazardMoved
from wanghuo.modules.hazards.models import Hazard, Step
from wanghuo.modules.hazards.selectors import SUBJECT_KIND, get_hazard, subject_of
from wanghuo.modules.hazards.states import HAZARD, HazardState

S = HazardState


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come next from a state: the act, who owes it, by which clock, and how the inbox puts it."""

    move: str
    right: str
    rule: str
    title: Text


EXPECTED: dict[str, Expected] = {
    S.REPORTED: Expected("verify", "hazards.verify", "", Text("核实隐患 · {place}", "Verify the hazard · {place}")),
    S.VERIFIED: Expected(
        "order", "hazards.order", rules.NOTICE_RULE, Text("制发改正通知书 · {place}", "Issue the notice · {place}")
    ),
    S.MAJOR: Expected(
        "order",
        "hazards.order",
        rules.NOTICE_RULE,
        Text("送达重大隐患整改通知书 · {place}", "Serve the notice · {place}"),
    ),
    S.SELF_FIXING: Expected(
        "submit", "hazards.rectify", rules.RECTIFY_RULE, Text("自行整改 · {place}", "Put it right · {place}")
    ),
    S.RECTIFYING: Expected(
        "submit", "hazards.rectify", rules.RECTIFY_RULE, Text("按期整改 · {place}", "Rectify by the date · {place}")
    ),
    S.SUBMITTED: Expected(
        "pass", "hazards.reinspect", rules.RECHECK_RULE, Text("复查隐患 · {place}", "Re-inspect · {place}")
    ),
    S.OVERDUE: Expected(
        "enforce",
        "hazards.order",
        rules.NOTICE_RULE,
        Text("逾期未改，依法处置 · {place}", "Overdue, enforce · {place}"),
    ),
    S.ENFORCING: Expected(
        "recheck", "hazards.reinspect", rules.RECHECK_RULE, Text("处置后复查 · {place}", "Re-inspect · {place}")
    ),
    S.MAJOR_REVIEW: Expected(
        "determine",
        "hazards.determine",
        rules.MAJOR_RULE,
        Text("集体研判重大隐患 · {place}", "Review as major · {place}"),
    ),
    S.TRANSFERRED: Expected(
        "reply",
        "hazards.transfer",
        rules.REPLY_RULE,
        Text("催办移送结果 · {place}", "Follow up the transfer · {place}"),
    ),
}


def begin(ref: str | UUID, name: str, *, actor: Actor) -> tuple[Hazard, Move]:
    """The hazard, locked, and the move; after the state table and then the actor's right have been asked.

    Raises NotFound, NotPermitted, MoveRefused.
    """
    hazard = get_hazard(ref, actor=actor, lock=True)
    rights = {m.right for m in HAZARD.moves if m.name == name}
    for right in rights:
        actor.require(right, hazard)
    return hazard, HAZARD.move(hazard.state, name)


def finish(
    hazard: Hazard,
    move: Move,
    *,
    actor: Actor,
    changed: Mapping[str, Any] | None = None,
    note: str = "",
    after: Mapping[str, Any] | None = None,
) -> Hazard:
    """Write the move: the row, its time line, the audit entry, the event, and the clocks of the new state."""
    now = timezone.now()
    written = {"changed_at": now, **(changed or {})}
    source = write_move(hazard, move, "hazards:hazard", actor=actor, changed=written, after=after)
    add_step(hazard, move.name, actor=actor, at=now, source=source, note=note)
    emit(
        HazardMoved(
            hazard_id=hazard.id,
            ref=hazard.ref,
            region_code=hazard.region_code,
            move=move.name,
            source=source,
            target=str(move.target),
            at=now,
        )
    )
    stop_expecting(hazard, source, actor=actor, at=now)
    expect_next(hazard, actor=actor, start=now)
    return hazard


def add_step(hazard: Hazard, move: str, *, actor: Actor, at: datetime, source: str = "", note: str = "") -> None:
    """A line on the time line."""
    Step.objects.create(
        hazard=hazard,
        at=at,
        by_kind="machine" if actor.is_system else "person",
        by_id=actor.id,
        by_name=actor.name,
        move=move,
        source=source,
        target=hazard.state,
        note=note,
    )


def rule_of(hazard: Hazard, state: str) -> str:
    """The clock that runs in a state."""
    if state == S.REPORTED:
        return rules.verify_rule(hazard.channel, hazard.urgency).value
    return EXPECTED[state].rule


def stop_expecting(hazard: Hazard, state: str, *, actor: Actor, at: datetime) -> None:
    """End the clock and the duties of the state just left."""
    close_duties(SUBJECT_KIND, hazard.id, by=actor)
    if state in EXPECTED:
        # an extension replaces the clock: it was neither met nor missed
        end = void_clock if hazard.state == state else stop_clock
        end(SUBJECT_KIND, hazard.id, rule=rule_of(hazard, state), at=at)


def expect_next(hazard: Hazard, *, actor: Actor, start: datetime) -> None:
    """Start the clock of the present state and put the act into the inbox of whoever owes it."""
    expected = EXPECTED.get(hazard.state)
    if expected is None:
        return
    subject, rule_id = subject_of(hazard), rule_of(hazard, hazard.state)
    due_at = hazard.due_at if hazard.state in (S.RECTIFYING, S.SELF_FIXING) else None
    if due_at is None:
        due_at = due(rule_id, region=hazard.region_code, start=start).at
    start_clock(subject, rule=rule_id, start=start, due_at=due_at, move=expected.move)
    open_duty(
        subject,
        move=expected.move,
        title=expected.title.filled({"place": hazard.place}),
        right=expected.right,
        asked_by=actor,
        due_at=due_at,
        rule=rule_id,
        url=f"{hazard.url}/acts/{expected.move}",
    )
