"""Judging the lines: everything is judged before anything is issued, nothing is overwritten, everything can be undone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base import MoveRefused, NotFound, NotPermitted
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.testing import make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.regions.testing import COUNTY, NEIGHBOUR
from wanghuo.modules.workplans import rules, services
from wanghuo.modules.workplans.cards import cards
from wanghuo.modules.workplans.resolved import reading_day
from wanghuo.modules.workplans.services.issuing import assignments
from wanghuo.modules.workplans.services.judging import counts_of
from wanghuo.modules.workplans.states import PLAN, Verdict
from wanghuo.modules.workplans.testing import judge_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague():
    return actor_of(make_user("second", "committee_clerk", COUNTY, display_name="王敏"))


def verdicts(plan) -> list[tuple[str, object]]:
    return list(plan.lines.order_by("position").values_list("verdict", "person"))


def test_what_the_paper_says_is_there_to_be_judged(plan) -> None:
    assert plan.region_code == COUNTY
    assert (str(plan.starts_on), str(plan.ends_on)) == ("2026-01-01", "2026-12-31")
    kinds = [line.kind for line in plan.lines.order_by("position")]
    assert kinds.count("target") == 5
    owners = {o["name"]: o["body_name"] for line in plan.lines.filter(kind="item") for o in line.machine["owners"]}
    assert all(owners[name] for name in ("市教育局", "市消防救援大队", "市住房和城乡建设局"))


def test_every_word_of_the_paper_belongs_to_a_line_or_is_noise(plan) -> None:
    spans = [(line.start, line.end) for line in plan.lines.all()] + [tuple(span) for span in plan.noise]
    first = min(line.start for line in plan.lines.filter(kind="item"))
    loose = [
        c for at, c in enumerate(plan.text) if at >= first and c.isalnum() and not any(s <= at < e for s, e in spans)
    ]
    assert loose == []


def test_nothing_is_issued_while_a_line_is_open_or_in_doubt(plan, clerk) -> None:
    with pytest.raises(rules.NotYetJudged):
        services.confirm(plan.ref, actor=clerk)
    judge_all(plan, clerk)
    last = plan.lines.order_by("position").last()
    services.judge(plan.ref, last.position, verdict=Verdict.DOUBTED, version=last.version, actor=clerk)
    assert counts_of(plan).percent < 100
    with pytest.raises(rules.NotYetJudged):
        services.confirm(plan.ref, actor=clerk)
    with pytest.raises(MoveRefused):
        services.issue(plan.ref, actor=clerk)
    last.refresh_from_db()
    services.judge(plan.ref, last.position, verdict=Verdict.REJECTED, version=last.version, actor=clerk)
    assert counts_of(plan).percent == 100
    services.confirm(plan.ref, actor=clerk)
    with pytest.raises(MoveRefused):
        services.judge(plan.ref, 1, verdict=Verdict.REJECTED, version=9, actor=clerk)


def test_a_section_is_accepted_at_once_but_for_its_ambiguities(plan, clerk) -> None:
    head = plan.lines.get(kind="item", path="二")
    inside = plan.lines.filter(path__startswith="二")
    ambiguous = [line for line in inside if line.machine.get("readings")]
    count = services.judge_section(plan.ref, item_no=head.item_no, actor=clerk)
    assert count == inside.count() - len(ambiguous)
    assert {line.verdict for line in plan.lines.filter(path__startswith="一")} == {"open"}
    assert ambiguous
    assert {plan.lines.get(pk=line.pk).verdict for line in ambiguous} == {"open"}
    undone = services.undo(plan.ref, actor=clerk)
    assert len(undone) == count
    assert {line.verdict for line in plan.lines.all()} == {"open"}
    with pytest.raises(rules.NothingToUndo):
        services.undo(plan.ref, actor=clerk)


def test_undo_goes_back_step_by_step_to_the_beginning(plan, clerk) -> None:
    seen = [verdicts(plan)]
    target = plan.lines.filter(kind="target").first()
    for verdict, person in (
        (Verdict.ACCEPTED, None),
        (Verdict.EDITED, {"value": 9.0}),
        (Verdict.DOUBTED, None),
        (Verdict.REJECTED, None),
    ):
        target.refresh_from_db()
        services.judge(plan.ref, target.position, verdict=verdict, version=target.version, person=person, actor=clerk)
        seen.append(verdicts(plan))
    for before in reversed(seen[:-1]):
        services.undo(plan.ref, actor=clerk)
        assert verdicts(plan) == before


def test_the_same_press_twice_is_one_step(plan, clerk) -> None:
    for version in (0, 0):
        services.judge(plan.ref, 1, verdict=Verdict.ACCEPTED, version=version, actor=clerk)
    services.undo(plan.ref, actor=clerk)
    assert plan.lines.get(position=1).verdict == "open"


def test_two_people_do_not_overwrite_each_other(plan, clerk, colleague) -> None:
    services.judge(plan.ref, 1, verdict=Verdict.REJECTED, version=0, actor=colleague)
    with pytest.raises(rules.JudgedMeanwhile) as refused:
        services.judge(plan.ref, 1, verdict=Verdict.ACCEPTED, version=0, actor=clerk)
    assert "王敏" in refused.value.message.zh
    assert plan.lines.get(position=1).verdict == "rejected"
    services.judge(plan.ref, 1, verdict=Verdict.ACCEPTED, version=1, actor=clerk)
    with pytest.raises(rules.UndoneMeanwhile):
        services.undo(plan.ref, actor=colleague)
    services.undo(plan.ref, actor=clerk)
    assert plan.lines.get(position=1).verdict == "rejected"


def test_the_machine_s_version_stays_beside_the_person_s(plan, clerk) -> None:
    line = plan.lines.filter(kind="item", path="二/(一)").get()
    person = {
        "heading": "新增消火栓",
        "as_task": True,
        "owners": [{"name": "市水务局", "role": "lead"}],
        "due_on": "2026-11-30",
    }
    services.judge(plan.ref, line.position, verdict=Verdict.EDITED, version=0, person=person, actor=clerk)
    line.refresh_from_db()
    assert line.version_now["owners"] == person["owners"]
    assert line.machine["owners"][0]["name"] == "市住房和城乡建设局"
    shown = next(card for card in cards(plan, list(plan.lines.order_by("position"))) if card.line.pk == line.pk)
    assert "市住房和城乡建设局" in " ".join(str(fact.words) for fact in shown.was)


def test_a_reading_gives_the_day_that_was_missing(plan, clerk) -> None:
    flag = next(line for line in plan.lines.filter(kind="flag") if line.machine["readings"])
    for reading, day in ((0, "2026-12-31"), (1, "2027-12-31")):
        flag.person = {"reading": reading}
        assert str(reading_day(flag)) == day
    judge_all(plan, clerk)
    row = next(row for row in assignments(plan) if row.line.item_no == flag.item_no)
    assert (str(row.due.last), row.due.by_reading) == ("2027-12-31", True)


def test_every_judgement_is_in_the_audit_log(plan, clerk) -> None:
    services.judge(plan.ref, 1, verdict=Verdict.ACCEPTED, version=0, actor=clerk)
    services.judge_section(plan.ref, item_no=plan.lines.get(path="二", kind="item").item_no, actor=clerk)
    services.undo(plan.ref, actor=clerk)
    acts = AuditEntry.objects.filter(object=plan.ref).order_by("id").values_list("action", flat=True)
    assert list(acts) == [
        "workplans:plan:compile",
        "workplans:line:accepted",
        "workplans:line:accepted",
        "workplans:line:undo",
    ]


@pytest.mark.parametrize(
    ("role", "region", "error"),
    [
        ("committee_clerk", NEIGHBOUR, NotFound),
        ("government_leader", COUNTY, NotPermitted),
        ("sector_officer", COUNTY, NotPermitted),
        ("committee_clerk", COUNTY, None),
    ],
)
def test_who_may_judge(plan, role, region, error) -> None:
    somebody = actor_of(make_user("somebody", role, region))
    if error:
        with pytest.raises(error):
            services.judge(plan.ref, 1, verdict=Verdict.ACCEPTED, version=0, actor=somebody)
    else:
        services.judge(plan.ref, 1, verdict=Verdict.ACCEPTED, version=0, actor=somebody)
    assert plan.lines.get(position=1).verdict == ("open" if error else "accepted")


@given(st.lists(st.sampled_from([move.name for move in PLAN.moves]), max_size=12))
def test_every_walk_of_a_plan_stays_in_its_table(names) -> None:
    state = str(PLAN.initial)
    for name in names:
        possible = {move.name: str(move.target) for move in PLAN.possible(state)}
        if name in possible:
            state = possible[name]
        else:
            with pytest.raises(MoveRefused):
                PLAN.move(state, name)
    assert state in {str(each) for each in PLAN.names}
