"""Judging the lines: accept, change, doubt, reject; take back; nobody overwrites what somebody else has just decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from wanghuo.base.ids import new_id
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record
from wanghuo.modules.workplans import rules
from wanghuo.modules.workplans.models import Judgement, PlanLine, WorkPlan
from wanghuo.modules.workplans.selectors import get_line, get_plan
from wanghuo.modules.workplans.states import JUDGED, PLAN, PlanState, Verdict
from wanghuo.modules.workplans.words import VERDICTS, Line


@dataclass(frozen=True, slots=True)
class Counts:
    """How far the judging is. `total` counts every line; nothing is issued before `left` is 0."""

    total: int
    by_verdict: dict[str, int]

    @property
    def left(self) -> int:
        """Lines not judged, or in doubt."""
        return self.total - sum(self.by_verdict.get(v, 0) for v in JUDGED)

    @property
    def percent(self) -> float:
        """The share judged; it only says 100 once everything is."""
        if not self.total:
            return 100.0
        return 100.0 if not self.left else min(99.9, round((self.total - self.left) / self.total * 100, 1))


def counts_of(plan: WorkPlan) -> Counts:
    """How many lines of a plan stand how."""
    rows = plan.lines.values("verdict").annotate(n=Count("pk")).order_by()
    found = {row["verdict"]: row["n"] for row in rows}
    return Counts(sum(found.values()), found)


@transaction.atomic
def judge(
    ref: str,
    position: int,
    *,
    verdict: Verdict,
    version: int,
    actor: Actor,
    person: dict[str, Any] | None = None,
) -> PlanLine:
    """Judge one line. `version`: the one the person saw. `person`: what they changed; the machine's version stays.

    An ambiguity is only accepted with a reading (`person["reading"]`, or words of one's own in `person["words"]`).
    Raises NotFound, NotPermitted, MoveRefused, JudgedMeanwhile, ReadingMissing.
    """
    plan = open_plan(ref, actor=actor)
    line = get_line(plan, position, lock=True)
    if line.version != version:
        if (line.verdict, line.person) == (verdict, person) or line.judged_by == actor.id:
            version = line.version  # the same press twice, or from another window of the same person
        else:
            raise rules.JudgedMeanwhile(
                position=position,
                name=line.judged_by_name,
                theirs=VERDICTS[Verdict(line.verdict)],
                yours=VERDICTS[verdict],
            )
    person = check_reading(line, verdict, person)
    if line.version and (line.verdict, line.person) == (verdict, person):
        return line  # the same press twice leaves one step to take back
    _write(plan, [line], verdict, actor=actor, person=person)
    return line


def check_reading(line: PlanLine, verdict: Verdict, person: dict[str, Any] | None) -> dict[str, Any] | None:
    """An ambiguity is decided by naming a reading. Raises ReadingMissing."""
    if line.kind != Line.FLAG or verdict not in (Verdict.ACCEPTED, Verdict.EDITED):
        return person
    readings = line.machine.get("readings") or []
    chosen = (person or {}).get("reading")
    words = str((person or {}).get("words", "")).strip()
    if readings and not words and not (isinstance(chosen, int) and 0 <= chosen < len(readings)):
        raise rules.ReadingMissing(n=len(readings), field="reading")
    return person


@transaction.atomic
def judge_section(ref: str, *, item_no: int, actor: Actor) -> int:
    """Accept every line still open of an item and of the items inside it, but for ambiguities: those need a reading.

    Returns how many were accepted. Raises NotFound, NotPermitted, MoveRefused.
    """
    plan = open_plan(ref, actor=actor)
    rows = list(plan.lines.select_for_update().filter(verdict=Verdict.OPEN).order_by("position"))
    head = plan.lines.filter(kind=Line.ITEM, item_no=item_no).first()
    if head is None:
        return 0
    section = numbers_inside(plan, head)
    lines = [row for row in rows if row.item_no in section and not is_ambiguous(row)]
    if lines:
        _write(plan, lines, Verdict.ACCEPTED, actor=actor)
    return len(lines)


def numbers_inside(plan: WorkPlan, head: PlanLine) -> set[int]:
    """The numbers of an item and of the items inside it: those that follow and whose path goes on from its own."""
    found = {head.item_no}
    rows = plan.lines.filter(kind=Line.ITEM, item_no__gt=head.item_no).order_by("item_no")
    for number, path in rows.values_list("item_no", "path"):
        if not path.startswith(f"{head.path}/"):
            break
        found.add(number)
    return found


def is_ambiguous(line: PlanLine) -> bool:
    """Whether the line can be read in several ways."""
    return line.kind == Line.FLAG and bool(line.machine.get("readings"))


@transaction.atomic
def undo(ref: str, *, actor: Actor) -> list[PlanLine]:
    """Take back the person's last judging of this plan, all lines of one press together.

    Raises NothingToUndo, UndoneMeanwhile (somebody judged one of them again).
    """
    plan = open_plan(ref, actor=actor)
    last = Judgement.objects.filter(line__plan=plan, by_id=actor.id, undone=False).order_by("-id").first()
    if last is None:
        raise rules.NothingToUndo
    steps = list(Judgement.objects.filter(batch=last.batch, undone=False).select_related("line").order_by("id"))
    locked = plan.lines.select_for_update().filter(pk__in=[step.line_id for step in steps])
    lines = {line.pk: line for line in locked}
    for step in steps:
        line = lines[step.line_id]
        if line.version != step.version:
            raise rules.UndoneMeanwhile(position=line.position, name=line.judged_by_name)
    for step in steps:
        line = lines[step.line_id]
        line.verdict, line.person = step.before["verdict"], step.before["person"]
        line.judged_by, line.judged_by_name = actor.id, actor.name[:64]
        line.judged_at, line.version = timezone.now(), line.version + 1
    changed = ["verdict", "person", "judged_by", "judged_by_name", "judged_at", "version"]
    PlanLine.objects.bulk_update(lines.values(), changed, batch_size=200)
    Judgement.objects.filter(batch=last.batch).update(undone=True)
    _forget_newer(lines.values())
    after = {"lines": sorted(line.position for line in lines.values())}
    record(actor, "workplans:line:undo", plan.ref, region=plan.region_code, after=after)
    return sorted(lines.values(), key=lambda line: line.position)


def _forget_newer(lines: Any) -> None:
    """An earlier judgement of the same person can be taken back next: it must find the version it left behind."""
    for line in lines:
        earlier = Judgement.objects.filter(line=line, undone=False).order_by("-id").first()
        if earlier is not None:
            earlier.version = line.version
            earlier.save(update_fields=["version"])


def open_plan(ref: str, *, actor: Actor) -> WorkPlan:
    """The plan, locked, while its lines may be judged. Raises NotFound, NotPermitted, MoveRefused."""
    plan = get_plan(ref, actor=actor, lock=True)
    actor.require("workplans.compile", plan)
    if plan.state != PlanState.DRAFTING:
        PLAN.move(plan.state, "confirm")
    return plan


def _write(
    plan: WorkPlan,
    lines: Sequence[PlanLine],
    verdict: Verdict,
    *,
    actor: Actor,
    person: dict[str, Any] | None = None,
) -> UUID:
    batch, now = new_id(), timezone.now()
    steps = []
    for line in lines:
        before = {"verdict": line.verdict, "person": line.person}
        line.verdict = verdict
        line.person = person if person is not None else (line.person if verdict == Verdict.DOUBTED else None)
        line.version += 1
        line.judged_at, line.judged_by, line.judged_by_name = now, actor.id, actor.name[:64]
        after = {"verdict": str(verdict), "person": line.person}
        steps.append(
            Judgement(
                line=line,
                batch=batch,
                at=now,
                by_id=actor.id,
                by_name=actor.name[:64],
                before=before,
                after=after,
                version=line.version,
            )
        )
    changed = ["verdict", "person", "version", "judged_at", "judged_by", "judged_by_name"]
    PlanLine.objects.bulk_update(lines, changed, batch_size=200)
    Judgement.objects.bulk_create(steps, batch_size=500)
    record(
        actor,
        f"workplans:line:{verdict}",
        plan.ref,
        region=plan.region_code,
        before={str(s.line.position): s.before for s in steps} if len(steps) == 1 else None,
        after={"lines": [line.position for line in lines], "person": person},
    )
    return batch
