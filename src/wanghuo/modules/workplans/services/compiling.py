"""Taking a paper in: its text is understood, each line waits for a person, the file stays with the plan."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, Text
from wanghuo.base.ids import new_id
from wanghuo.base.time import local_day
from wanghuo.engines.workplan import Paper, compile_paper
from wanghuo.engines.workplan.reading import read_document
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts import bodies
from wanghuo.kernel.audit import record
from wanghuo.kernel.files import store
from wanghuo.kernel.files.kinds import KINDS
from wanghuo.kernel.files.models import StoredFile
from wanghuo.kernel.loops import next_ref
from wanghuo.kernel.regions import codes
from wanghuo.kernel.regions import service as regions
from wanghuo.modules.workplans import rules
from wanghuo.modules.workplans.compiled import Drawn, Known, Look, draw_lines
from wanghuo.modules.workplans.models import PlanLine, WorkPlan
from wanghuo.modules.workplans.selectors import get_plan, plan_subject
from wanghuo.modules.workplans.states import PLAN, PlanState

QUICK_BYTES, QUICK_TEXT = 400_000, 60_000
"""What is compiled while the page waits; more than that becomes a job."""


@transaction.atomic
def compile_plan(
    *,
    text: str,
    actor: Actor,
    region: str = "",
    upload: Any = None,
    file_name: str = "",
    upper: WorkPlan | None = None,
    earlier: WorkPlan | None = None,
    made_up: bool = False,
    plan_id: UUID | None = None,
) -> WorkPlan:
    """Compile a paper into a plan whose lines wait to be judged.

    `region`: where the plan lies; guessed from the paper when left out. `upload`: the file it came in, kept with the
    plan. Raises Invalid (no text, too long, region unknown), NotPermitted, and what kernel.files refuses.
    """
    if not text.strip():
        raise Invalid(Text("没有文字可以编译。", "There is no text to compile."), field="text")
    if len(text) > rules.LONGEST_TEXT:
        raise rules.PaperTooLong(field="text", length=len(text), longest=rules.LONGEST_TEXT)
    paper = compile_paper(text, places=places_near(region or actor.home))
    plan = _plan(paper, text, plan_id or new_id(), actor)
    plan.place(region or guess_region(paper.region, actor))
    plan.upper, plan.earlier, plan.made_up, plan.file_name = upper, earlier, made_up, file_name[:120]
    actor.require("workplans.compile", plan)
    plan.ref = next_ref("JH", plan.region_code, local_day(plan.created_at).year)
    plan.save(force_insert=True)
    drawn = draw_lines(paper, text, looker(plan.region_code))
    PlanLine.objects.bulk_create([line_of(plan, n, d) for n, d in enumerate(drawn, 1)], batch_size=500)
    if upload is not None:
        keep_source(plan, upload, text, actor=actor)
    after = {"sha256": plan.sha256, "lines": len(drawn), "length": len(text), "file": file_name}
    record(actor, "workplans:plan:compile", plan.ref, region=plan.region_code, after=after)
    return plan


def _plan(paper: Paper, text: str, plan_id: UUID, actor: Actor) -> WorkPlan:
    return WorkPlan(
        id=plan_id,
        title=(paper.title or text.strip().splitlines()[0])[:300],
        issuer=paper.issuer[:200],
        number=paper.number[:80],
        issued_on=paper.issued_on,
        starts_on=paper.period[0],
        ends_on=paper.period[1],
        named_region=paper.region[:80],
        text=text,
        noise=[list(span) for span in paper.noise],
        paper=paper.as_json(),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        created_at=timezone.now(),
        created_by=actor.id,
        created_by_name=actor.name[:64],
    )


def line_of(plan: WorkPlan, position: int, drawn: Drawn) -> PlanLine:
    """A line as it is kept, waiting to be judged."""
    return PlanLine(
        plan=plan,
        position=position,
        kind=drawn.kind,
        item_no=drawn.item_no,
        path=drawn.path[:120],
        start=drawn.start,
        end=drawn.end,
        machine=drawn.machine,
    )


def keep_source(plan: WorkPlan, upload: Any, text: str, *, actor: Actor) -> None:
    """Keep the file the paper came in. Of a web page only its words are kept, since a page is not a document."""
    kept = as_kept(upload, text)
    kept.seek(0)
    store(kept, actor=actor, subject=plan_subject(plan), view_right=WorkPlan.VIEW_RIGHT, label="source")


def as_kept(upload: Any, text: str = "") -> Any:
    """The upload itself where its kind is kept; else its words as plain text. Raises engines.workplan NotReadable."""
    stem, _, extension = str(upload.name or "").rpartition(".")
    if extension.lower() in KINDS:
        return upload
    return ContentFile((text or read_upload(upload)).encode(), name=f"{stem or 'paper'}.txt")


def read_upload(upload: Any) -> str:
    """The text of an uploaded file. Raises engines.workplan NotReadable, in words for the person who sent it."""
    data = b"".join(upload.chunks())
    return read_document(data, name=str(upload.name or ""))


def guess_region(named: str, actor: Actor) -> str:
    """The region a paper names, where the actor may compile there; else the actor's own."""
    own = [grant.region for grant in actor.with_right("workplans.compile")] or [actor.home]
    for within in own:
        found = regions.resolve(named, within=within) if named else None
        if found is not None:
            return found
    return own[0]


def places_near(region: str) -> list[str]:
    """The names of a region, of those above it and of those just below: what a paper may name."""
    above = [code for code in codes.ancestors(region) if code != codes.COUNTRY]
    names = [regions.name(code) for code in (region, *above) if code != codes.COUNTRY]
    return [name for name in (*names, *(child.name for child in regions.children(region))) if name]


def looker(region: str) -> Look:
    """Looks a name up in the register of bodies, each name once."""

    @cache
    def look(name: str) -> Known:
        found = bodies.candidates(name, region)
        if len(found) == 1:
            return Known(str(found[0].id), found[0].short)
        return Known(several=len(found))

    return look


@transaction.atomic
def discard(ref: str, *, reason: str = "", actor: Actor) -> WorkPlan:
    """Put a plan aside that will not be issued (作废)."""
    plan = get_plan(ref, actor=actor, lock=True)
    move = PLAN.move(plan.state, "discard")
    actor.require(move.right, plan)
    before, plan.state = plan.state, PlanState.DISCARDED
    plan.save(update_fields=["state"])
    after = {"state": str(plan.state), "reason": reason}
    record(actor, "workplans:plan:discard", plan.ref, region=plan.region_code, before={"state": before}, after=after)
    return plan


@transaction.atomic
def change_facts(ref: str, *, actor: Actor, **facts: Any) -> WorkPlan:
    """Correct what the paper says of itself: title, issuer, number, issued_on, starts_on, ends_on, upper, earlier.

    Allowed until the plan is issued; the upper and the earlier plan afterwards too, since they only point.
    """
    plan = get_plan(ref, actor=actor, lock=True)
    actor.require("workplans.compile", plan)
    if plan.state not in (PlanState.DRAFTING, PlanState.JUDGED):
        facts = {name: value for name, value in facts.items() if name in ("upper", "earlier")}
    for name in ("upper", "earlier"):
        if facts.get(name) is not None and facts[name].pk == plan.pk:
            raise Invalid(Text("不能指向计划自己。", "It cannot point at the plan itself."), field=name)
    before = {name: _plain(getattr(plan, name)) for name in facts}
    for name, value in facts.items():
        setattr(plan, name, value)
    plan.save(update_fields=list(facts))
    after = {name: _plain(value) for name, value in facts.items()}
    record(actor, "workplans:plan:change", plan.ref, region=plan.region_code, before=before, after=after)
    return plan


def _plain(value: Any) -> str:
    return getattr(value, "ref", None) or str(value or "")


def keep_for_later(plan_id: UUID, upload: Any, region: str, *, actor: Actor) -> StoredFile:
    """Keep a large file for the plan that a job will make of it. Raises NotPermitted, and what kernel.files refuses."""
    plan = WorkPlan(id=plan_id, ref="")
    plan.place(region)
    actor.require("workplans.compile", plan)
    return store(upload, actor=actor, subject=plan_subject(plan), view_right=WorkPlan.VIEW_RIGHT, label="source")
