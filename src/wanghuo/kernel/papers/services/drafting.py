"""From the first words to the leader's approval, and withdrawing a paper."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.base.time import local_day
from wanghuo.kernel import files as stored
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts import bodies, units
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.files.models import StoredFile
from wanghuo.kernel.loops import Subject, next_ref, open_duty, void_clock
from wanghuo.kernel.papers import kinds
from wanghuo.kernel.papers.errors import ApproverIsDrafter, NoAddressee, NoIssuer, ReplyInPast
from wanghuo.kernel.papers.kinds import PaperKind
from wanghuo.kernel.papers.models import Copy, OfficialPaper
from wanghuo.kernel.papers.selectors import COPY_KIND, Named, subject_of
from wanghuo.kernel.papers.services.moves import add_step, audit, begin, finish, level_with
from wanghuo.kernel.regions import service as regions

PREFIX = "WS"
# 20 characters of 32: 100 bits, so that trying codes leads nowhere; none of I, L, O, U, which people misread
CODE_LETTERS, CODE_LENGTH = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 20
ATTACHMENT = "attachment"
REASON_MISSING = Text("请写明理由。", "Give the reason.")


@transaction.atomic
def draft(
    *,
    kind: str,
    region: str,
    title: str,
    fields: Mapping[str, Any],
    to: Sequence[UUID],
    about: Subject | None = None,
    actor: Actor,
    reply_by: datetime | None = None,
    issuer: UUID | None = None,
    units_to: Sequence[UUID] = (),
    to_text: str = "",
    cc: str = "",
) -> OfficialPaper:
    """Write the first version of a paper for the bodies `to` and the units `units_to`.

    region: where the issuer lies. issuer: the body that issues it; else the kind's own at that region. reply_by: when an answer
    is due, instead of the rule's period. about: the record the paper is about. to_text: the addressees as printed (各镇街), else
    their names. Raises UnknownKind, NotPermitted, NoIssuer, NoAddressee, BadField, ReplyInPast, NotFound.
    """
    known = kinds.paper_kind(kind)
    actor.require("papers.draft", SimpleNamespace(region_code=region, sector="", scope_unit=None))  # type: ignore[arg-type]
    sender = _issuer(known, region, issuer, actor)
    now = timezone.now()
    paper = OfficialPaper(
        ref=next_ref(PREFIX, region, local_day(now).year),
        kind=kind,
        issuer=sender,
        asks_reply=known.reply or reply_by is not None,
        reply_rule=known.reply_rule,
        code="".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)),
        drafted_by=actor.id,
        drafted_by_name=actor.name[:64],
        drafted_at=now,
        **scope_columns(region),
    )
    if about is not None:
        paper.about_kind, paper.about_id = about.kind, about.id
        paper.about_ref, paper.about_url = about.ref, about.url
    _write(paper, known, title=title, fields=fields, reply_by=reply_by, to_text=to_text, cc=cc)
    paper.save(force_insert=True)
    _address(paper, to, units_to, actor)
    add_step(paper, "draft", actor=actor, at=now)
    audit(paper, "draft", actor, after={"kind": kind, "to": len(to) + len(units_to), "about": paper.about_ref})
    return paper


@transaction.atomic
def change(
    paper: Named,
    *,
    title: str,
    fields: Mapping[str, Any],
    to: Sequence[UUID],
    actor: Actor,
    reply_by: datetime | None = None,
    units_to: Sequence[UUID] = (),
    to_text: str = "",
    cc: str = "",
) -> OfficialPaper:
    """Write a draft anew. Raises as `draft`, and MoveRefused once it has been submitted."""
    row, _ = begin(paper, "submit", actor=actor)
    _write(row, kinds.paper_kind(row.kind), title=title, fields=fields, reply_by=reply_by, to_text=to_text, cc=cc)
    row.asks_reply = kinds.paper_kind(row.kind).reply or reply_by is not None
    row.save()
    _address(row, to, units_to, actor)
    add_step(row, "change", actor=actor, at=timezone.now())
    audit(row, "change", actor, after={"to": len(to) + len(units_to)})
    return row


def _write(
    paper: OfficialPaper,
    kind: PaperKind,
    *,
    title: str,
    fields: Mapping[str, Any],
    reply_by: datetime | None,
    to_text: str,
    cc: str,
) -> None:
    paper.title = " ".join(title.replace("\x00", "").split())
    if not 2 <= len(paper.title) <= 160:
        raise Invalid(Text("标题须为 2 至 160 个字。", "The title has 2 to 160 characters."), field="title")
    if reply_by is not None and reply_by <= timezone.now():
        raise ReplyInPast(field="reply_by")
    paper.fields = kinds.clean(kind, fields)
    paper.reply_by = reply_by
    paper.to_text, paper.cc = " ".join(to_text.split())[:400], " ".join(cc.split())[:400]


def _issuer(kind: PaperKind, region: str, issuer: UUID | None, actor: Actor) -> Body:
    if issuer is not None:
        body = bodies.get_body(issuer, actor=actor)
        if body.region_code != region:
            raise NoIssuer(region=regions.text(region), issuer=body.name, field="issuer")
        return body
    for name in (kind.issuer, "政府"):
        found = bodies.resolve(name, region)
        if found is not None and found.region_code == region:
            return found
    raise NoIssuer(region=regions.text(region), issuer=kind.issuer, field="issuer")


def _address(paper: OfficialPaper, to: Sequence[UUID], units_to: Sequence[UUID], actor: Actor) -> None:
    """Write the copies of the addressees anew, each once, in the order given; the issuer itself is none."""
    chosen = [bodies.get_body(body_id, actor=actor) for body_id in dict.fromkeys(to)]
    copies = [
        Copy(paper=paper, body=body, name=body.name, **scope_columns(body.region_code, sector=body.sector))
        for body in chosen
        if body.active and body.pk != paper.issuer_id
    ]
    for unit_id in dict.fromkeys(units_to):
        unit = units.find(unit_id)
        if unit is None or not actor.can("places.view", _placed(unit.region_code, unit.id)):
            raise NotFound(what=Text("单位", "unit"), ref=unit_id)
        copies.append(Copy(paper=paper, name=unit.name[:120], **scope_columns(unit.region_code, unit=unit.id)))
    if not copies:
        raise NoAddressee(field="to")
    paper.copies.all().delete()
    for position, copy in enumerate(copies):
        copy.position = position
    Copy.objects.bulk_create(copies)


def _placed(region: str, unit: UUID) -> Any:
    return SimpleNamespace(region_code=region, sector="", scope_unit=unit)


@transaction.atomic
def attach(paper: Named, *, upload: Any, actor: Actor) -> StoredFile:
    """Add a file to a draft; its name is printed as an attachment. Raises NotFound, NotPermitted, MoveRefused, files.Refused."""
    row, _ = begin(paper, "submit", actor=actor)
    file = stored.store(upload, actor=actor, subject=subject_of(row), view_right="papers.view", label=ATTACHMENT)
    add_step(row, "attach", actor=actor, at=timezone.now(), note=file.name)
    return file


@transaction.atomic
def submit(paper: Named, *, actor: Actor) -> OfficialPaper:
    """Ask for approval. Raises NotFound, NotPermitted, MoveRefused."""
    row, move = begin(paper, "submit", actor=actor)
    finish(row, move, actor=actor)
    _ask(row, "approve", "papers.approve", Text("签发文书 · {title}", "Approve the paper · {title}"), actor)
    return row


@transaction.atomic
def approve(paper: Named, *, actor: Actor, note: str = "") -> OfficialPaper:
    """Approve a paper (签发); whoever drafted it may not. Raises NotFound, NotPermitted, MoveRefused, ApproverIsDrafter."""
    row, move = begin(paper, "approve", actor=actor)
    if actor.id is not None and actor.id == row.drafted_by:
        raise ApproverIsDrafter
    changed = {
        "approved_by": actor.id,
        "approved_by_name": actor.name[:64],
        "dated_on": local_day(timezone.now()),
    }
    finish(row, move, actor=actor, changed=changed, note=note.strip())
    _ask(row, "seal", "papers.seal", Text("编号用印 · {title}", "Number and seal · {title}"), actor)
    return row


@transaction.atomic
def return_(paper: Named, *, reason: str, actor: Actor) -> OfficialPaper:
    """Send a paper back to its drafter with the reason. Raises NotFound, NotPermitted, MoveRefused, Invalid."""
    row, move = begin(paper, "return", actor=actor)
    _require_reason(reason)
    changed = {"approved_by": None, "approved_by_name": "", "dated_on": None}
    finish(row, move, actor=actor, changed=changed, note=reason.strip())
    title = Text("修改被退回的文书 · {title}", "Rework the paper sent back · {title}")
    _ask(row, "submit", "papers.draft", title, actor, assignee=row.drafted_by, rule="")
    return row


@transaction.atomic
def void(paper: Named, *, reason: str, actor: Actor) -> OfficialPaper:
    """Make a paper void; its number stays used, and verifying it says so. Raises NotFound, NotPermitted, MoveRefused, Invalid."""
    row, move = begin(paper, "void", actor=actor)
    _require_reason(reason)
    now = timezone.now()
    finish(row, move, actor=actor, changed={"voided_at": now}, note=reason.strip())
    for copy in row.copies.all():
        stop_waiting(copy, row, actor=actor, at=now)
    return row


def stop_waiting(copy: Copy, paper: OfficialPaper, *, actor: Actor, at: datetime) -> None:
    """End what runs for an addressee whose act no longer matters: clocks as void, duties closed."""
    from wanghuo.kernel.loops import close_duties

    for rule in ("papers.receipt", paper.reply_rule):
        if rule:
            void_clock(COPY_KIND, copy.id, rule=rule, at=at)
    close_duties(COPY_KIND, copy.id, by=actor)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid(REASON_MISSING, field="reason")


def _ask(
    paper: OfficialPaper,
    move: str,
    right: str,
    title: Text,
    actor: Actor,
    *,
    assignee: int | None = None,
    rule: str = "papers.approval",
) -> None:
    open_duty(
        subject_of(paper),
        move=move,
        title=title.filled({"title": paper.title}),
        right=right,
        asked_by=actor,
        rule=rule,
        assignee=assignee,
        at_level=None if assignee else level_with(right, paper.region_code),
    )
