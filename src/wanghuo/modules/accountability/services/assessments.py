"""Yearly assessments (年度考核): prefilled from the records, self-assessed with evidence, reviewed by others, appealed, final."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, NotFound, NotPermitted, Text, Verdict
from wanghuo.base.time import end_of_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.roles import right_name
from wanghuo.kernel.accounts.models import Body, RoleGrant, User
from wanghuo.kernel.audit import record
from wanghuo.kernel.files import store
from wanghuo.kernel.indicators import Period, compute, indicators
from wanghuo.kernel.outbox import emit
from wanghuo.kernel.regions import codes
from wanghuo.kernel.regions import service as regions
from wanghuo.modules.accountability import catalogue, scoring
from wanghuo.modules.accountability.catalogue import Item, Scheme
from wanghuo.modules.accountability.contracts import AssessmentFinal
from wanghuo.modules.accountability.models import Assessment, AssessmentItem, Reviewer, period_of
from wanghuo.modules.accountability.services import facts, frame, letters, sheets
from wanghuo.modules.accountability.services.orders import recipient
from wanghuo.modules.accountability.sheets import PERIODS
from wanghuo.modules.accountability.states import ANSWER_RIGHT, ASSESS_RIGHT, AssessmentState

SELF_RULE, REVIEW_RULE = "accountability.self_assessment", "accountability.review"
APPEAL_RULE, ANSWER_RULE = "accountability.appeal", "accountability.appeal_answer"
SCHEME = Text("考核", "assessment")
PARTS, HALVES = {"half": 2, "quarter": 4}, {1: "上半年", 2: "下半年"}


class RunStands(Conflict):
    """Everybody to be assessed is already, for that year and scheme."""

    code = "accountability.run_stands"
    text = Text("{period}这一方案的考核已经开始。", "The assessment of {period} by this scheme has begun already.")


class WrongPart(Invalid):
    """A scheme for quarters needs to know which."""

    code = "accountability.wrong_part"
    text = Text("这一方案按{period}考核，请选对应的时段。", "This scheme is for {period}; choose which.")


class ReviewerOfTheAssessed(NotPermitted):
    """The assessed do not review themselves."""

    code = "accountability.reviewer_of_the_assessed"
    text = Text("{name} 属于被考核单位，不能担任评审。", "{name} belongs to the assessed, so may not review.")

    def __init__(self, name: str) -> None:
        super().__init__(right=right_name(ASSESS_RIGHT))
        self.known["name"] = name


class NotAReviewer(NotPermitted):
    """Only the named reviewers judge."""

    code = "accountability.not_a_reviewer"
    text = Text("你不是这次考核指定的评审人。", "You are not one of the named reviewers of this assessment.")

    def __init__(self) -> None:
        super().__init__(right=right_name(ASSESS_RIGHT))


class NoReviewer(Invalid):
    """A review needs somebody who reviews."""

    code = "accountability.no_reviewer"
    text = Text("请至少指定一名评审人。", "Name at least one reviewer.")


def scheme_in(row: Assessment) -> Scheme:
    """The scheme an assessment was begun by, as it stood then."""
    return catalogue.scheme_of(row.scheme_data)


@transaction.atomic
def begin_run(
    *,
    region: str,
    scheme: str,
    year: int,
    reviewers: Sequence[int],
    self_due: date,
    bodies: Sequence[UUID] = (),
    part: int = 0,
    actor: Actor,
) -> list[Assessment]:
    """Begin the assessment of a year, or of its half or quarter number `part` where the scheme is for those: of every region just below, or of the named bodies when the scheme assesses bodies.

    What the records say is filled in. Raises NotFound, NotPermitted, OutOfReach, NoReviewer, WrongPart,
    ReviewerOfTheAssessed, RunStands.
    """
    code = frame.region_within(region, ASSESS_RIGHT, actor=actor)
    found = sheets.scheme_for(scheme, code)
    if part if found.period == "year" else not 1 <= part <= PARTS[found.period]:
        raise WrongPart(field="part", period=PERIODS[found.period])
    period = period_of(found.period, year, part)
    if not reviewers:
        raise NoReviewer(field="reviewers")
    if found.subject == "body":
        owners: list[tuple[str, Body | None]] = [
            (b.region_code, b) for key in bodies if (b := frame.body_of(key, actor=actor)) is not None
        ]
    else:
        owners = [(child.code, recipient(child.code)) for child in regions.children(code)]
    standing: set[tuple[str, UUID | None]] = set(
        Assessment.objects.filter(by_region=code, scheme=scheme, year=year, part=part).values_list(
            "region_code", "body"
        )
    )
    owners = [(place, body) for place, body in owners if (place, body.pk if body else None) not in standing]
    if not owners:
        raise RunStands(period=period.label)
    assessed = [(place, body.sector if body and found.subject == "body" else "") for place, body in owners]
    people = [_reviewer(user_id, assessed, code) for user_id in dict.fromkeys(reviewers)]
    made = []
    for place, body in owners:
        name = body.name if body and found.subject == "body" else regions.name(place)
        row = frame.make(
            Assessment,
            "KH",
            place,
            sector=body.sector if body and found.subject == "body" else "",
            actor=actor,
            title=f"{name} {_when(found.period, year, part)}{found.title.zh}",
            scheme=found.code,
            scheme_data=dict(found.raw),
            scheme_sha256=found.sha256,
            year=year,
            part=part,
            body=body,
        )
        Reviewer.objects.bulk_create(Reviewer(assessment=row, user_id=u.pk, name=u.display_name[:64]) for u in people)
        made.append(row)
    _prefill(made, found, period, code, actor)
    for row in made:
        _ask_self(row, actor, self_due)
    return made


def _reviewer(user_id: int, assessed: Sequence[tuple[str, str]], office: str) -> User:
    """A person who may review: active, and nobody of an assessed region below `office`, or of an assessed sector."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise NotFound(what=Text("人员", "person"), ref=user_id)
    held = list(RoleGrant.objects.in_force().filter(user=user).values_list("region_code", "sector"))
    for place, sector in assessed:
        inside = [own for region, own in held if codes.contains(place, region)]
        if inside and (place != office or (sector and sector in inside)):
            raise ReviewerOfTheAssessed(user.display_name)
    return user


def _when(kind: str, year: int, part: int) -> str:
    """The period as the title of an assessment writes it."""
    return f"{year} 年度" if not part else f"{year} 年{HALVES[part]}" if kind == "half" else f"{year} 年第{part}季度"


def _prefill(rows: Sequence[Assessment], scheme: Scheme, period: Period, region: str, actor: Actor) -> None:
    known = {of.code: of for of in indicators()}
    values: dict[str, dict[str, float | None]] = {}
    for item in scheme.items:
        if item.indicator in known:
            values[item.indicator] = {m.region: m.value for m in compute(item.indicator, region, period).by_region}
    items = []
    for row in rows:
        for place, item in enumerate(scheme.items):
            of = known.get(item.indicator)
            measured = values.get(item.indicator, {}).get(row.region_code) if of else None
            url = ""
            if of is not None:
                url = (
                    of.records(actor, row.region_code, period, "num")
                    if of.records
                    else f"/indicators/{of.code}?region={row.region_code}&period={period.key}"
                )
            items.append(
                AssessmentItem(
                    assessment=row, place=place, code=item.code, records_url=url[:500],
                    measured=None if measured is None else round(measured, 2),
                )
            )  # fmt: skip
    AssessmentItem.objects.bulk_create(items)


def _ask_self(row: Assessment, actor: Actor, due_on: date | None = None) -> None:
    frame.expect(
        row,
        move="submit",
        right=ANSWER_RIGHT,
        title=Text(f"自评并上传佐证 · {row.title}", f"Self-assessment with evidence · {row.title}"),
        rule=SELF_RULE,
        due_at=end_of_day(due_on) if due_on else None,
        at_level=frame.level_of(row.region_code),
        url=f"{row.url}/self",
        actor=actor,
    )


@transaction.atomic
def refresh(ref: str, *, actor: Actor) -> Assessment:
    """Read the records again while the result is open. Raises NotFound, NotPermitted, Conflict."""
    row = frame.load(Assessment, ref, actor=actor, lock=True)
    frame.require(actor, ASSESS_RIGHT, row)
    if row.state not in (AssessmentState.SELF, AssessmentState.REVIEW):
        raise Conflict(what=SCHEME)
    period = row.period
    known = {of.code for of in indicators()}
    by_code = {item.code: item for item in scheme_in(row).items}
    for line in row.items.select_for_update():
        item = by_code[line.code]
        if item.indicator in known:
            value = compute(item.indicator, row.region_code, period).value
            line.measured = None if value is None else round(value, 2)
            line.save(update_fields=["measured"])
    record(actor, "accountability:assessment:refresh", row.ref, region=row.region_code)
    return row


@transaction.atomic
def assess_self(
    ref: str, code: str, *, value: float | None, note: str, files: Sequence[Any] = (), actor: Actor
) -> AssessmentItem:
    """Say what was reached on one item, with evidence. Raises NotFound, NotPermitted, MoveRefused."""
    row, _ = frame.begin(Assessment, ref, "submit", actor=actor)
    line = _line(row, code)
    line.self_value, line.self_note = value, note[:1000]
    line.save(update_fields=["self_value", "self_note"])
    kept = [
        store(f, actor=actor, subject=row.subject, view_right=row.VIEW_RIGHT, label=f"item:{code}").sha256
        for f in files
    ]
    after = {"item": code, "value": value, "sha256": kept}
    record(actor, "accountability:assessment:self", row.ref, region=row.region_code, after=after)
    return line


def _line(row: Assessment, code: str) -> AssessmentItem:
    line = row.items.select_for_update().filter(code=code).first()
    if line is None:
        raise NotFound(what=Text("考核项目", "item"), ref=code)
    return line


@transaction.atomic
def submit(ref: str, *, note: str, actor: Actor) -> Assessment:
    """Hand in the self-assessment; the reviewers are asked. Raises NotFound, NotPermitted, MoveRefused."""
    row, move = frame.begin(Assessment, ref, "submit", actor=actor)
    frame.met(row, SELF_RULE)
    frame.finish(row, move, actor=actor, changed={"submitted_at": timezone.now(), "submitted_by": actor.id}, note=note)
    for reviewer in row.reviewers.all():
        frame.expect(
            row,
            move="announce",
            right=ASSESS_RIGHT,
            title=Text(f"评审 · {row.title}", f"Review · {row.title}"),
            rule=REVIEW_RULE,
            assignee=reviewer.user_id,
            url=f"{row.url}/review",
            actor=actor,
        )
    return row


def _as_reviewer(row: Assessment, actor: Actor) -> None:
    if not actor.is_system and not row.reviewers.filter(user_id=actor.id or 0).exists():
        raise NotAReviewer
    if row.submitted_by is not None and row.submitted_by == actor.id:
        raise ReviewerOfTheAssessed(actor.name)


@transaction.atomic
def review(ref: str, code: str, *, found: float | None, note: str, actor: Actor) -> AssessmentItem:
    """Say what the review found on one item; it counts before record and self-assessment, so it needs words.

    Raises NotFound, NotPermitted, NotAReviewer, MoveRefused, Invalid.
    """
    row = frame.load(Assessment, ref, actor=actor, lock=True)
    frame.require(actor, ASSESS_RIGHT, row)
    _as_reviewer(row, actor)
    if row.state not in (AssessmentState.REVIEW, AssessmentState.APPEALED):
        Assessment.MACHINE.move(row.state, "announce")
    line = _line(row, code)
    if found is not None and not note.strip():
        raise Invalid(Text("改动数值须写明理由。", "Say why the value is changed."), field="note")
    line.found, line.found_note = found, note[:1000]
    line.reviewed_by, line.reviewed_by_name, line.reviewed_at = actor.id, actor.name[:64], timezone.now()
    line.save()
    record(
        actor, "accountability:assessment:review", row.ref, region=row.region_code, after={"item": code, "found": found}
    )
    return line


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """An item with its points and why."""

    item: Item
    line: AssessmentItem
    verdict: Verdict[float]

    @property
    def vetoed(self) -> bool:
        """Whether this item is a veto that struck."""
        return self.item.rule.method == "veto" and bool(self.line.value)


@dataclass(frozen=True, slots=True)
class Result:
    """The whole: every item with its reasons, the total with its reasons, and the grade."""

    scheme: Scheme
    items: tuple[ScoredItem, ...]
    total: Verdict[float]
    grade: str


def result(row: Assessment) -> Result:
    """Work the score out from the scheme and the items as they stand: nothing is kept that cannot be worked out again."""
    scheme = scheme_in(row)
    lines: Mapping[str, AssessmentItem] = {line.code: line for line in row.items.all()}
    scored = tuple(
        ScoredItem(item, lines[item.code], scoring.score(item.rule, lines[item.code].value)) for item in scheme.items
    )
    points = []
    for each in scored:
        rule = each.item.rule
        if rule.method == "deduct":
            # an item of nothing but deductions takes from the whole, never adds to its full score
            off = rule.each * (each.line.value or 0.0)
            points.append(scoring.Points(each.verdict.value if rule.full else -off, rule.full))
        else:
            points.append(scoring.Points(each.verdict.value, rule.full, each.vetoed))
    total = scoring.total(points)
    limits = [(g.floor, g.code) for g in scheme.grades]
    return Result(scheme, scored, total, scoring.grade(total.value, limits))


@transaction.atomic
def announce(ref: str, *, note: str, actor: Actor) -> Assessment:
    """Tell the assessed the result; the time to appeal begins. Raises NotFound, NotPermitted, NotAReviewer, MoveRefused."""
    row, move = frame.begin(Assessment, ref, "announce", actor=actor)
    _as_reviewer(row, actor)
    frame.met(row, REVIEW_RULE)
    _write_result(row)
    changed = {"announced_at": timezone.now(), "score": row.score, "grade": row.grade}
    frame.finish(row, move, actor=actor, changed=changed, note=note, after={"score": row.score, "grade": row.grade})
    _ask_appeal(row, actor)
    return row


def _write_result(row: Assessment) -> None:
    found = result(row)
    for each in found.items:
        each.line.points = each.verdict.value
        each.line.save(update_fields=["points"])
    row.score, row.grade = found.total.value, found.grade


def _ask_appeal(row: Assessment, actor: Actor) -> None:
    frame.expect(
        row,
        move="appeal",
        right=ANSWER_RIGHT,
        title=Text(
            f"核对考核结果，有异议可申诉 · {row.title}", f"Check the result; an appeal is possible · {row.title}"
        ),
        rule=APPEAL_RULE,
        at_level=frame.level_of(row.region_code),
        url=row.url,
        actor=actor,
    )


@transaction.atomic
def back(ref: str, *, reason: str, actor: Actor) -> Assessment:
    """Return a self-assessment for more evidence. Raises NotFound, NotPermitted, NotAReviewer, MoveRefused."""
    row, move = frame.begin(Assessment, ref, "back", actor=actor)
    _as_reviewer(row, actor)
    frame.dropped(row, REVIEW_RULE)
    frame.finish(row, move, actor=actor, note=reason)
    _ask_self(row, actor)
    return row


@transaction.atomic
def appeal(ref: str, *, text: str, files: Sequence[Any] = (), actor: Actor) -> Assessment:
    """Appeal against the result, with grounds and evidence. Raises NotFound, NotPermitted, MoveRefused."""
    row, move = frame.begin(Assessment, ref, "appeal", actor=actor)
    for upload in files:
        store(upload, actor=actor, subject=row.subject, view_right=row.VIEW_RIGHT, label="appeal")
    frame.met(row, APPEAL_RULE)
    frame.finish(row, move, actor=actor, changed={"appeal": text[:2000], "appealed_at": timezone.now()}, note=text)
    for reviewer in row.reviewers.all():
        frame.expect(
            row,
            move="settle",
            right=ASSESS_RIGHT,
            title=Text(f"答复考核申诉 · {row.title}", f"Settle the appeal · {row.title}"),
            rule=ANSWER_RULE,
            assignee=reviewer.user_id,
            actor=actor,
        )
    return row


@transaction.atomic
def settle(ref: str, *, answer: str, actor: Actor) -> Assessment:
    """Answer an appeal; the result is worked out again from what the review found. Raises as `announce`."""
    row, move = frame.begin(Assessment, ref, "settle", actor=actor)
    _as_reviewer(row, actor)
    frame.met(row, ANSWER_RULE)
    before = row.score
    _write_result(row)
    changed = {"appeal_answer": answer[:2000], "score": row.score, "grade": row.grade, "announced_at": timezone.now()}
    frame.finish(row, move, actor=actor, changed=changed, note=answer, after={"before": before, "score": row.score})
    return row


@transaction.atomic
def finalise(ref: str, *, note: str, actor: Actor) -> Assessment:
    """Make a result final, once the time to appeal is over or an appeal was settled; its paper is drafted.

    Raises NotFound, NotPermitted, MoveRefused, Invalid (the time to appeal runs).
    """
    row, move = frame.begin(Assessment, ref, "finalise", actor=actor)
    from wanghuo.kernel.loops.clocks import running

    clock = running(row.KIND, row.id, APPEAL_RULE)
    if clock is not None and clock.due_at > timezone.now():
        raise Invalid(
            Text("申诉期到 {at:%Y-%m-%d} 才结束。", "The time to appeal ends on {at:%Y-%m-%d}."),
            at=timezone.localtime(clock.due_at),
        )
    frame.dropped(row, APPEAL_RULE)
    _write_result(row)
    changed = {
        "finalised_at": timezone.now(),
        "finalised_by_name": actor.name[:64],
        "score": row.score,
        "grade": row.grade,
        "paper_ref": _result_paper(row, actor),
    }
    frame.finish(row, move, actor=actor, changed=changed, note=note, after={"score": row.score, "grade": row.grade})
    emit(
        AssessmentFinal(
            assessment_id=row.id, ref=row.ref, region_code=row.region_code, scheme=row.scheme, year=row.year,
            score=float(row.score or 0), grade=row.grade,
        )
    )  # fmt: skip
    return row


def _result_paper(row: Assessment, actor: Actor) -> str:
    to = (row.body,) if row.body else facts.bodies_at(row.region_code)
    if not to:
        return ""
    found = result(row)
    table = [["项目", "得分", "满分", "说明"]]
    for each in found.items:
        said = each.verdict.reasons[0].message.zh if each.verdict.reasons else ""
        table.append([each.item.title.zh, f"{each.verdict.value:g}", f"{each.item.rule.full:g}", said])
    name = found.scheme.grade_name(found.grade).zh
    fields = {
        "situation": f"{row.title}结果：得分 {found.total.value:g} 分，等次为{name}。",
        "table": table,
        "problems": "",
        "demands": [
            "针对失分项目制定整改措施，按要求报送整改报告" if found.grade == "failed" else "保持成绩，补齐短板"
        ],
    }
    paper = letters.write(
        letters.CIRCULAR,
        region=row.by_region,
        title=f"关于{row.title}结果的通报",
        fields=fields,
        to=to,
        about=row.subject,
        actor=actor,
    )
    letters.keep_facts(paper, row.subject, [facts.Fact(fields["situation"], row.url)])  # type: ignore[arg-type]
    return paper.ref


MOST_RANKED = 100
"""How many of a run a page shows; the list of assessments has all of them."""


def ranking(row: Assessment, *, actor: Actor) -> list[Assessment]:
    """Those assessed in the same run, as far as the actor sees, the best first; without a score last; at most MOST_RANKED."""
    rows = Assessment.objects.visible_to(actor).filter(
        by_region=row.by_region, scheme=row.scheme, year=row.year, part=row.part
    )
    best_first = rows.order_by(F("score").desc(nulls_last=True), "region_code", "id")
    return list(best_first.select_related("body").defer("scheme_data")[:MOST_RANKED])
