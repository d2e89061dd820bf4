"""Reads. The one way to load a plan or a task: out of scope and absent look the same."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.roles import rights_of
from wanghuo.kernel.access.scope import ScopedQuerySet
from wanghuo.kernel.accounts.models import Body, RoleGrant
from wanghuo.kernel.loops import Subject
from wanghuo.modules.workplans.models import PlanLine, PlanTarget, PlanTask, WorkPlan
from wanghuo.modules.workplans.rules import BODIES_OF_ROLE
from wanghuo.modules.workplans.states import PLAN, TASK

PLAN_KIND, TASK_KIND = "workplan", "plan_task"
LINE, TARGET = Text("条目", "line"), Text("指标", "target")


def plans(actor: Actor) -> ScopedQuerySet:
    """The plans the actor may see."""
    return WorkPlan.objects.visible_to(actor)


def tasks(actor: Actor) -> ScopedQuerySet:
    """The tasks the actor may see."""
    return PlanTask.objects.visible_to(actor)


def get_plan(ref: str | UUID, *, actor: Actor, lock: bool = False) -> WorkPlan:
    """The plan with this reference or key. Raises NotFound, also when it lies outside the actor's scope."""
    rows = plans(actor)
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(Q(pk=ref) if isinstance(ref, UUID) else Q(ref=ref)).first()
    if found is None:
        raise NotFound(what=PLAN.what, ref=ref)
    return found


def get_line(plan: WorkPlan, position: int, *, lock: bool = False) -> PlanLine:
    """One line of a plan the caller has loaded. Raises NotFound."""
    rows = plan.lines.all()
    found = (rows.select_for_update(of=("self",)) if lock else rows).filter(position=position).first()
    if found is None:
        raise NotFound(what=LINE, ref=position)
    return found


def get_task(ref: str | UUID, *, actor: Actor, lock: bool = False) -> PlanTask:
    """The task with this reference or key. Raises NotFound."""
    rows = tasks(actor).select_related("owner", "plan")
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(Q(pk=ref) if isinstance(ref, UUID) else Q(ref=ref)).first()
    if found is None:
        raise NotFound(what=TASK.what, ref=ref)
    return found


def get_target(plan: WorkPlan, target_id: UUID, *, lock: bool = False) -> PlanTarget:
    """One target of a plan the caller has loaded. Raises NotFound."""
    rows = plan.targets.all()
    found = (rows.select_for_update(of=("self",)) if lock else rows).filter(pk=target_id).first()
    if found is None:
        raise NotFound(what=TARGET, ref=target_id)
    return found


def plan_subject(plan: WorkPlan) -> Subject:
    """The plan as duties, clocks and files know it."""
    return Subject.of(plan, PLAN_KIND, PLAN.what)


def task_subject(task: PlanTask) -> Subject:
    """The task as duties, clocks and files know it."""
    return Subject.of(task, TASK_KIND, TASK.what)


def people_of(body: Body, right: str) -> list[int]:
    """The active people who hold `right` and work in the body, by their role and place; empty when it has no account."""
    roles = [role for role, kinds in BODIES_OF_ROLE.items() if body.kind in kinds and right in rights_of(role)]
    rows = RoleGrant.objects.in_force().filter(
        user__is_active=True, role__in=roles, region_code=body.region_code, sector=body.sector, unit=None
    )
    return list(dict.fromkeys(rows.order_by("id").values_list("user_id", flat=True)))


def bodies_of_actor(actor: Actor) -> list[Body]:
    """The bodies the actor works in (牵头是我)."""
    found = []
    for grant in actor.grants:
        kinds = BODIES_OF_ROLE.get(grant.role, ())
        rows = Body.objects.filter(region_code=grant.region, sector=grant.sector, kind__in=kinds, active=True)
        found += list(rows.order_by("name"))
    return found
