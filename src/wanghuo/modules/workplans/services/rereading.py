"""Reading a paper again, by a newer version of the engine or after the register of bodies changed: what people decided about
lines that did not change stays decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F

from wanghuo.engines.workplan import Paper, compile_paper
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record
from wanghuo.modules.workplans.compiled import Drawn, draw_lines
from wanghuo.modules.workplans.models import Judgement, PlanLine, WorkPlan
from wanghuo.modules.workplans.services.compiling import line_of, looker, places_near
from wanghuo.modules.workplans.services.judging import open_plan
from wanghuo.modules.workplans.states import Verdict

ASIDE = 1_000_000  # where lines stand while they change places; no paper has so many
_NUMBERING = frozenset({"no", "item", "path", "confidence"})
_REGISTER = frozenset({"body", "body_name", "several"})


@dataclass(frozen=True, slots=True)
class Reread:
    """What a second reading makes of a plan's lines. `same`: read as before; `changed`: the same words read otherwise;
    `new`: not seen before; `gone`: no longer there."""

    paper: Paper
    same: Sequence[tuple[PlanLine, int, Drawn]]
    changed: Sequence[tuple[PlanLine, int, Drawn]]
    new: Sequence[tuple[int, Drawn]]
    gone: Sequence[PlanLine]
    kept: int = field(default=0)

    @property
    def differs(self) -> bool:
        """Whether anything at all is read otherwise."""
        return bool(self.changed or self.new or self.gone)

    @property
    def lost(self) -> int:
        """Lines that somebody had judged and that are no longer there."""
        return sum(line.verdict != Verdict.OPEN for line in self.gone)


def essence(machine: Mapping[str, Any]) -> Any:
    """What a line says, without its number and without what the register of bodies says of its names."""
    owners = [{k: v for k, v in owner.items() if k not in _REGISTER} for owner in machine.get("owners") or ()]
    return {**{k: v for k, v in machine.items() if k not in _NUMBERING}, "owners": owners}


def read_again(plan: WorkPlan) -> Reread:
    """Compile the plan's text again and hold the lines against those it has; writes nothing."""
    paper = compile_paper(plan.text, places=places_near(plan.region_code))
    by_span: dict[tuple[str, int, int], list[PlanLine]] = defaultdict(list)
    for line in plan.lines.order_by("position"):
        by_span[line.kind, line.start, line.end].append(line)
    same: list[tuple[PlanLine, int, Drawn]] = []
    changed: list[tuple[PlanLine, int, Drawn]] = []
    new: list[tuple[int, Drawn]] = []
    for position, drawn in enumerate(draw_lines(paper, plan.text, looker(plan.region_code)), 1):
        there = by_span[str(drawn.kind), drawn.start, drawn.end]
        alike = next((line for line in there if essence(line.machine) == essence(drawn.machine)), None)
        found = alike or next(iter(there), None)
        if found is None:
            new.append((position, drawn))
            continue
        there.remove(found)
        (same if alike else changed).append((found, position, drawn))
    gone = [line for lines in by_span.values() for line in lines]
    kept = sum(line.verdict != Verdict.OPEN for line, _, _ in same)
    return Reread(paper, same, changed, new, gone, kept)


@transaction.atomic
def reread(ref: str, *, actor: Actor) -> Reread:
    """Take the second reading: verdicts on unchanged lines stay, what was judged and reads otherwise now is in doubt, with
    what the person had written; the rest waits to be judged.

    Raises NotFound, NotPermitted, MoveRefused (only while lines are judged).
    """
    plan = open_plan(ref, actor=actor)
    list(plan.lines.select_for_update().values_list("pk", flat=True))
    found = read_again(plan)
    Judgement.objects.filter(line__in=[line.pk for line in found.gone]).delete()
    plan.lines.filter(pk__in=[line.pk for line in found.gone]).delete()
    plan.lines.update(position=F("position") + ASIDE)
    Judgement.objects.filter(line__in=[line.pk for line, _, _ in found.changed]).update(undone=True)
    for line, _, _ in found.changed:
        line.version += 1
        if line.verdict != Verdict.OPEN:
            line.verdict = Verdict.DOUBTED
    kept = [*found.same, *found.changed]
    for line, position, drawn in kept:
        line.position, line.item_no, line.path, line.machine = position, drawn.item_no, drawn.path[:120], drawn.machine
    columns = ["position", "item_no", "path", "machine", "verdict", "version"]
    PlanLine.objects.bulk_update([line for line, _, _ in kept], columns, batch_size=200)
    PlanLine.objects.bulk_create([line_of(plan, position, drawn) for position, drawn in found.new], batch_size=500)
    plan.paper, plan.noise = found.paper.as_json(), [list(span) for span in found.paper.noise]
    plan.save(update_fields=["paper", "noise"])
    record(
        actor,
        "workplans:plan:reread",
        plan.ref,
        region=plan.region_code,
        before={"gone": [{"words": plan.text[g.start : g.end][:80], "verdict": g.verdict} for g in found.gone][:200]},
        after={name: len(getattr(found, name)) for name in ("same", "changed", "new", "gone")},
    )
    return found
