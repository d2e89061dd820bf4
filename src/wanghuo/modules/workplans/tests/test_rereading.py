"""A paper read again by another version of the engine: decisions on unchanged lines stay, the rest is looked at again."""

from __future__ import annotations

import pytest

from wanghuo.base import MoveRefused, NotFound, NotPermitted
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.regions.testing import COUNTY, NEIGHBOUR
from wanghuo.modules.workplans import rules, services
from wanghuo.modules.workplans.models import Judgement, PlanLine
from wanghuo.modules.workplans.states import Verdict
from wanghuo.modules.workplans.testing import judge_all

pytestmark = pytest.mark.django_db


def state_of(plan) -> list[tuple[object, ...]]:
    columns = ("position", "kind", "start", "end", "verdict", "person", "machine")
    return list(plan.lines.order_by("position").values_list(*columns))


def as_an_older_engine_left_it(plan) -> tuple[PlanLine, PlanLine, PlanLine]:
    """One line read otherwise, one not found, and one that nobody finds any more."""
    otherwise, absent = plan.lines.filter(kind="target").order_by("position")[:2]
    otherwise.machine = {**otherwise.machine, "value": 1.0}
    otherwise.save(update_fields=["machine"])
    Judgement.objects.filter(line=absent).delete()
    PlanLine.objects.filter(pk=absent.pk).delete()
    phantom = PlanLine.objects.create(
        plan=plan, position=900, kind="flag", start=0, end=3, machine={"kind": "site_noise", "readings": [], "quote": "普"}
    )  # fmt: skip
    return otherwise, absent, phantom


def test_the_same_engine_changes_nothing(plan, clerk) -> None:
    judge_all(plan, clerk)
    before = state_of(plan)
    found = services.reread(plan.ref, actor=clerk)
    assert not found.differs
    assert found.kept == len(before)
    assert state_of(plan) == before


def test_verdicts_on_unchanged_lines_stay_and_what_changed_is_in_doubt(plan, clerk) -> None:
    whole = [row[:4] for row in state_of(plan)]
    judge_all(plan, clerk)
    otherwise, absent, phantom = as_an_older_engine_left_it(plan)
    found = services.reread(plan.ref, actor=clerk)
    assert [len(part) for part in (found.changed, found.new, found.gone)] == [1, 1, 1]
    assert [row[:4] for row in state_of(plan)] == whole
    verdicts = {(kind, start, end): verdict for _, kind, start, end, verdict, _, _ in state_of(plan)}
    assert verdicts.pop((otherwise.kind, otherwise.start, otherwise.end)) == Verdict.DOUBTED
    assert verdicts.pop((absent.kind, absent.start, absent.end)) == Verdict.OPEN
    assert set(verdicts.values()) == {Verdict.ACCEPTED}
    assert not PlanLine.objects.filter(pk=phantom.pk).exists()
    told = AuditEntry.objects.get(action="workplans:plan:reread")
    assert told.entry["after"] == {"same": len(whole) - 2, "changed": 1, "new": 1, "gone": 1}


def test_what_a_person_wrote_is_kept_beside_the_new_reading(plan, clerk) -> None:
    line = plan.lines.filter(kind="target").order_by("position").first()
    person = {"value": 95.0}
    services.judge(plan.ref, line.position, verdict=Verdict.EDITED, version=0, person=person, actor=clerk)
    line.refresh_from_db()
    line.machine = {**line.machine, "unit": "个"}
    line.save(update_fields=["machine"])
    services.reread(plan.ref, actor=clerk)
    line.refresh_from_db()
    assert (line.verdict, line.person, line.machine["unit"]) == (Verdict.DOUBTED, person, "次")
    with pytest.raises(rules.NothingToUndo):
        services.undo(plan.ref, actor=clerk)


def test_undo_still_works_on_lines_that_stayed(plan, clerk) -> None:
    line = plan.lines.order_by("position").first()
    services.judge(plan.ref, line.position, verdict=Verdict.REJECTED, version=0, actor=clerk)
    services.reread(plan.ref, actor=clerk)
    services.undo(plan.ref, actor=clerk)
    line.refresh_from_db()
    assert line.verdict == Verdict.OPEN


@pytest.mark.parametrize(
    ("role", "region", "error"),
    [
        ("inspector", COUNTY, NotPermitted),
        ("committee_clerk", NEIGHBOUR, NotFound),
        ("committee_clerk", COUNTY, MoveRefused),
    ],
)
def test_who_may_and_when(plan, clerk, role, region, error) -> None:
    if error is MoveRefused:
        judge_all(plan, clerk)
        services.confirm(plan.ref, actor=clerk)
    before = state_of(plan)
    with pytest.raises(error):
        services.reread(plan.ref, actor=actor_of(make_user("other", role, region)))
    assert state_of(plan) == before


def test_the_page_tells_what_would_change_before_it_does(plan, clerk, office) -> None:
    judge_all(plan, clerk)
    as_an_older_engine_left_it(plan)
    client = client_for(office)
    before = state_of(plan)
    page = client.get(f"{plan.url}/acts/reread").content.decode()
    assert "读法有变" in page
    assert state_of(plan) == before
    assert f"{plan.url}/acts/reread" in client.get(f"{plan.url}/judge").content.decode()
    assert client.post(f"{plan.url}/acts/reread", {}).status_code == 303
    assert plan.lines.filter(verdict=Verdict.DOUBTED).count() == 1
