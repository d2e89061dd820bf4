"""What the addressees do: sign, answer; and what the issuer does with the answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, Move, MoveRefused, NotFound, Text
from wanghuo.base.text import listing
from wanghuo.kernel import files as stored
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.loops import close_duties, open_duty, start_clock, stop_clock
from wanghuo.kernel.outbox import emit
from wanghuo.kernel.papers.errors import AcceptorIsAnswerer, NothingToReply, NotTheAddressee, ReceiverIsSender
from wanghuo.kernel.papers.events import PaperReceived, PaperReplied, ReplyAccepted
from wanghuo.kernel.papers.models import Copy, OfficialPaper
from wanghuo.kernel.papers.selectors import COPY_KIND, Named, get_copy, get_paper, subject_of_copy
from wanghuo.kernel.papers.services.drafting import _require_reason, stop_waiting
from wanghuo.kernel.papers.services.moves import about, add_step, audit, begin, finish, level_with
from wanghuo.kernel.papers.services.sealing import RECEIPT_RULE
from wanghuo.kernel.papers.states import AS_PAPER, COPY, PAPER, CopyState, PaperState

LOOK_RULE = "papers.look_at_reply"
REPLY_FILE = "reply"
ORDER = list(AS_PAPER)
LIVE = (PaperState.SERVED, PaperState.RECEIVED, PaperState.REPLIED)
Which = UUID | Body | Copy


@transaction.atomic
def receive(paper: Named, body: Which, actor: Actor) -> OfficialPaper:
    """Sign the receipt for an addressee. `body`: the body (or the unit's or copy's key).

    Raises NotFound, NotPermitted, NotTheAddressee, ReceiverIsSender, MoveRefused.
    """
    row, copy, move = _begin_copy(paper, body, "receive", actor)
    _require_addressee(row, copy, actor)
    now = timezone.now()
    copy.received_at, copy.received_by, copy.received_by_name = now, actor.id, actor.name[:64]
    _move_copy(row, copy, move, actor, now)
    stop_clock(COPY_KIND, copy.id, rule=RECEIPT_RULE, at=now)
    if row.asks_reply:
        _expect_reply(row, copy, actor, now)
    last = _follow(row, actor, now)
    emit(PaperReceived(**about(row), body_id=copy.body_id, last=last, at=now))
    if row.state == PaperState.RECEIVED and not row.asks_reply:
        finish(row, PAPER.move(row.state, "close"), actor=actor, changed={"closed_at": now})
    return row


@transaction.atomic
def reply(paper: Named, body: Which, text: str, files: Sequence[Any], actor: Actor) -> OfficialPaper:
    """Answer for an addressee, with files. Raises as `receive`, and NothingToReply, Invalid, files.Refused."""
    row, copy, move = _begin_copy(paper, body, "reply", actor)
    _require_addressee(row, copy, actor)
    if not row.asks_reply:
        raise NothingToReply
    if not text.strip():
        raise Invalid(Text("请填写回复内容。", "Write the answer."), field="text")
    now = timezone.now()
    for upload in files:
        subject = subject_of_copy(copy, row)
        stored.store(upload, actor=actor, subject=subject, view_right="papers.view", label=REPLY_FILE)
    copy.reply, copy.replied_at, copy.replied_by = text.strip(), now, actor.id
    copy.replied_by_name = actor.name[:64]
    _move_copy(row, copy, move, actor, now, note=copy.reply)
    stop_clock(COPY_KIND, copy.id, rule=row.reply_rule, at=now)
    _ask_to_look(row, copy, actor)
    in_time = copy.reply_by is None or now <= copy.reply_by
    _follow(row, actor, now)
    emit(PaperReplied(**about(row), body_id=copy.body_id, in_time=in_time, at=now))
    return row


@transaction.atomic
def accept_reply(paper: Named, body: Which, actor: Actor, note: str = "") -> OfficialPaper:
    """Accept an answer; with the last one the paper is closed. Raises NotFound, NotPermitted, AcceptorIsAnswerer, MoveRefused."""
    row, copy, move = _begin_copy(paper, body, "accept_reply", actor)
    actor.require(move.right, row)
    if actor.id is not None and actor.id == copy.replied_by:
        raise AcceptorIsAnswerer
    now = timezone.now()
    copy.accepted_at = now
    _move_copy(row, copy, move, actor, now, note=note.strip())
    _follow(row, actor, now)
    closed = row.state == PaperState.CLOSED
    emit(ReplyAccepted(**about(row), body_id=copy.body_id, closed=closed, at=now))
    return row


@transaction.atomic
def return_reply(
    paper: Named, body: Which, reason: str, actor: Actor, reply_by: datetime | None = None
) -> OfficialPaper:
    """Send an answer back with the reason; the clock starts anew, until `reply_by` or by the rule.

    Raises NotFound, NotPermitted, MoveRefused, Invalid.
    """
    row, copy, move = _begin_copy(paper, body, "return_reply", actor)
    actor.require(move.right, row)
    _require_reason(reason)
    now = timezone.now()
    copy.reply_by = start_clock(
        subject_of_copy(copy, row), rule=row.reply_rule, start=now, due_at=reply_by, move="reply"
    ).due_at
    _move_copy(row, copy, move, actor, now, note=reason.strip())
    _expect_reply(row, copy, actor, now)
    _follow(row, actor, now)
    return row


@transaction.atomic
def close(paper: Named, *, actor: Actor, note: str = "") -> OfficialPaper:
    """Close a paper that everybody signed, answered or not. Raises NotFound, NotPermitted, MoveRefused."""
    row, move = begin(paper, "close", actor=actor)
    now = timezone.now()
    finish(row, move, actor=actor, changed={"closed_at": now}, note=note.strip())
    for copy in row.copies.exclude(state=CopyState.ACCEPTED):
        stop_waiting(copy, row, actor=actor, at=now)
    return row


# ------------------------------------------------------------------------------------------------- the frame of a copy's acts


def _begin_copy(paper: Named, body: Which, name: str, actor: Actor) -> tuple[OfficialPaper, Copy, Move]:
    row = get_paper(paper, actor=actor, lock=True)
    copy = get_copy(row, body if isinstance(body, UUID) else body.pk, lock=True)
    if row.state not in LIVE:
        possible = listing([m.label for m in PAPER.possible(row.state)])
        raise MoveRefused(what=PAPER.what, state=PAPER.name(row.state), move=COPY.label(name), possible=possible)
    return row, copy, COPY.move(copy.state, name)


def _require_addressee(paper: OfficialPaper, copy: Copy, actor: Actor) -> None:
    """Only the addressee's own people act for it, and nobody who had a part in sending the paper."""
    actor.require("papers.receive", copy)
    if had_a_part(paper, actor):
        raise ReceiverIsSender
    if not belongs_to(copy, actor):
        raise NotTheAddressee(name=copy.name)


def had_a_part(paper: OfficialPaper, actor: Actor) -> bool:
    """Whether the actor drafted, approved, sealed or served the paper."""
    return actor.id is not None and actor.id in (
        paper.drafted_by,
        paper.approved_by,
        paper.sealed_by,
        paper.served_by,
    )


def belongs_to(copy: Copy, actor: Actor) -> bool:
    """Whether the actor receives papers at the addressee itself: at its region's own level, or for its unit."""
    return actor.is_system or any(
        grant.covers(copy) and (grant.unit is not None if copy.scope_unit else grant.region == copy.region_code)
        for grant in actor.with_right("papers.receive")
    )


def _move_copy(paper: OfficialPaper, copy: Copy, move: Move, actor: Actor, now: datetime, *, note: str = "") -> None:
    source, copy.state = copy.state, str(move.target)
    copy.save()
    close_duties(COPY_KIND, copy.id, by=actor)
    add_step(paper, move.name, actor=actor, at=now, note=note, copy=copy)
    after = {"state": copy.state, "copy": copy.position}
    audit(paper, move.name, actor, before={"state": source}, after=after)


def _follow(paper: OfficialPaper, actor: Actor, now: datetime) -> bool:
    """Let the paper stand where the slowest of its copies does. Whether it moved."""
    slowest = min(paper.copies.values_list("state", flat=True), key=lambda state: ORDER.index(CopyState(state)))
    target = AS_PAPER[CopyState(slowest)]
    if target == paper.state:
        return False
    move = next((m for m in PAPER.possible(paper.state) if m.target == target and m.name != "void"), None)
    if move is None:
        raise NotFound(what=PAPER.what, ref=paper.ref)  # unreachable: a copy moves one step at a time
    source, paper.state = paper.state, target
    paper.closed_at = now if target == PaperState.CLOSED else None
    paper.save(update_fields=["state", "closed_at"])
    audit(paper, f"all_{move.name}", actor, before={"state": source}, after={"state": str(target)})
    return True


def _expect_reply(paper: OfficialPaper, copy: Copy, actor: Actor, now: datetime) -> None:
    title = Text("回复 · {number} {title}", "Answer · {number} {title}")
    open_duty(
        subject_of_copy(copy, paper),
        move="reply",
        title=title.filled({"number": paper.serial, "title": paper.title}),
        right="papers.receive",
        asked_by=actor,
        due_at=copy.reply_by,
        rule=paper.reply_rule,
        at_level="unit" if copy.scope_unit else level_with("papers.receive", copy.region_code),
    )


def _ask_to_look(paper: OfficialPaper, copy: Copy, actor: Actor) -> None:
    """The issuer's side owes a look at the answer; the duty lies at the issuer, about the copy."""
    from dataclasses import replace

    subject = replace(
        subject_of_copy(copy, paper), region_code=paper.region_code, sector=paper.sector, unit=paper.scope_unit
    )
    title = Text("审核回复 · {name}：{title}", "Look at the answer · {name}: {title}")
    open_duty(
        subject,
        move="accept_reply",
        title=title.filled({"name": copy.name, "title": paper.title}),
        right="papers.draft",
        asked_by=actor,
        rule=LOOK_RULE,
        at_level=level_with("papers.draft", paper.region_code),
    )
