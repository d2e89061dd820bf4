"""The frame around every act on a paper: load and lock, ask the table and the right, write, and note it down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from wanghuo.base import Move
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.directory import holders
from wanghuo.kernel.audit import record
from wanghuo.kernel.loops import close_duties, write_move
from wanghuo.kernel.papers.models import Copy, OfficialPaper, PaperStep
from wanghuo.kernel.papers.selectors import SUBJECT_KIND, Named, get_paper
from wanghuo.kernel.papers.states import PAPER
from wanghuo.kernel.regions import codes


def begin(which: Named, name: str, *, actor: Actor) -> tuple[OfficialPaper, Move]:
    """The paper, locked, and the move, after right and table have been asked. Raises NotFound, NotPermitted, MoveRefused."""
    paper = get_paper(which, actor=actor, lock=True)
    move = next((m for m in PAPER.possible(paper.state) if m.name == name), None)
    actor.require(move.right if move else min(m.right for m in PAPER.moves if m.name == name), paper)
    return paper, PAPER.move(paper.state, name)


def finish(
    paper: OfficialPaper,
    move: Move,
    *,
    actor: Actor,
    changed: Mapping[str, Any] | None = None,
    note: str = "",
    after: Mapping[str, Any] | None = None,
) -> OfficialPaper:
    """Write a move of the whole paper: the row, its time line, the audit entry; and close the duties of the state left."""
    now = timezone.now()
    write_move(paper, move, "papers:paper", actor=actor, changed=changed, after=after)
    add_step(paper, move.name, actor=actor, at=now, note=note)
    close_duties(SUBJECT_KIND, paper.id, by=actor)
    return paper


def add_step(
    paper: OfficialPaper, move: str, *, actor: Actor, at: datetime, note: str = "", copy: Copy | None = None
) -> None:
    """A line on the time line."""
    PaperStep.objects.create(
        paper=paper, copy=copy, at=at, by_id=actor.id, by_name=actor.name[:64], move=move, note=note
    )


def audit(paper: OfficialPaper, act: str, actor: Actor, **facts: Any) -> None:
    """An entry in the audit log."""
    record(actor, f"papers:paper:{act}", paper.ref, region=paper.region_code, **facts)


def level_with(right: str, region: str) -> str | None:
    """The level of the region, when somebody there holds the right; else None, and the duty goes to whoever does above."""
    level = codes.level(region)
    return level if holders(right, region, level=level) else None


def about(paper: OfficialPaper) -> dict[str, Any]:
    """What every event of a paper tells."""
    return {
        "paper_id": paper.id,
        "ref": paper.ref,
        "paper_kind": paper.kind,
        "about_kind": paper.about_kind,
        "about_id": paper.about_id,
    }
