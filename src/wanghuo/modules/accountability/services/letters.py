"""Letters (提醒, 通报, 抄告, 督办, 约谈) and the other papers of accountability: one thin call to the kernel's papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, Text
from wanghuo.base.time import CHINA, local
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.loops import Subject, due
from wanghuo.kernel.papers import draft
from wanghuo.kernel.regions import service as regions
from wanghuo.modules.accountability.models import Letter, MonthlyOrder, OrderLine, Proposal, RankingTable
from wanghuo.modules.accountability.services import facts as gather
from wanghuo.modules.accountability.services import frame
from wanghuo.modules.accountability.services.facts import About, Fact
from wanghuo.modules.accountability.states import LETTER_RIGHT

REMINDER, CIRCULAR, TRANSFER, URGE, INTERVIEW = "accountability.reminder", "circular", "transfer", "order", "interview"
MINUTES, DISPATCH, REPORT = "minutes", "dispatch", "report"
LETTERS = {
    REMINDER: Text("提醒函", "reminder"),
    CIRCULAR: Text("通报", "circular"),
    TRANSFER: Text("抄告函", "referral letter"),
    URGE: Text("督办单", "supervision order"),
    INTERVIEW: Text("约谈通知书", "notice of interview"),
}
TITLES = {
    REMINDER: "关于{what}的提醒函",
    CIRCULAR: "关于{what}的通报",
    TRANSFER: "关于抄告{what}的函",
    URGE: "关于{what}的督办单",
    INTERVIEW: "关于{what}的约谈通知书",
}
REPLY_RULES = {URGE: "accountability.urge_reply", INTERVIEW: "accountability.interview_reply"}
REPLY_RULE = "accountability.letter_reply"
DEMANDS = ["认真核查上述情况，逐项制定整改措施，明确责任人和时限", "按期书面反馈办理结果，并附佐证材料"]


class NoAddressee(Invalid):
    """A letter without anybody to go to."""

    code = "accountability.no_addressee"
    text = Text(
        "“{region}”没有登记收文机构，请先在机构名录登记。",
        "“{region}” has no registered body to receive it; register one first.",
    )


@dataclass(frozen=True, slots=True)
class Paper:
    """A drafted paper: its key, its reference and its page."""

    id: UUID
    ref: str
    url: str


def write(
    kind: str,
    *,
    region: str,
    title: str,
    fields: Mapping[str, Any],
    to: Sequence[Body],
    about: Subject,
    actor: Actor,
    reply_by: datetime | None = None,
) -> Paper:
    """Draft a paper in the kernel. Where whoever decides may not draft papers, the platform drafts it by that decision."""
    drafter = actor if actor.can("papers.draft") else system_actor("web")
    made = draft(
        kind=kind,
        region=region,
        title=title[:160],
        fields=dict(fields),
        to=[body.id for body in to],
        about=about,
        actor=drafter,
        reply_by=reply_by,
    )
    return Paper(made.id, made.ref, f"/papers/{made.ref}")


def prefilled(kind: str, about: About, *, region: str) -> dict[str, Any]:
    """The blanks of a letter filled from the facts; a person goes over them before it leaves."""
    lines = [fact.text for fact in about.facts]
    if kind == CIRCULAR:
        return {"situation": about.words, "table": "", "problems": "", "demands": list(DEMANDS)}
    if kind == TRANSFER:
        return {"facts": about.words, "basis": "", "requests": list(DEMANDS), "contact": ""}
    if kind == URGE:
        return {"reason": about.words, "matters": lines[:20], "demands": list(DEMANDS)}
    if kind == INTERVIEW:
        name = regions.name(region)
        return {
            "reason": about.words,
            "at": _interview_at(region),
            "place": f"{name}消防安全委员会办公室",
            "host": f"{name}消防安全委员会办公室负责人",
            "invitees": "、".join(f"{body.short}主要负责人" for body in about.to) or "主要负责人",
            "questions": ["上述问题的原因", "整改措施、责任人和完成时限"],
            "materials": ["书面情况说明"],
        }
    return {"situation": about.words, "requests": list(DEMANDS)}


def _interview_at(region: str) -> datetime:
    """The earliest day the notice allows, at half past nine."""
    day = local(
        due("accountability.interview_notice", region=region, start=timezone.now()).at - timedelta(seconds=1)
    ).date()
    return datetime.combine(day + timedelta(days=1), time(9, 30), tzinfo=CHINA)


def title_of(kind: str, about: About) -> str:
    """What a letter is called."""
    return TITLES[kind].format(what=about.title)


def _reply_by(kind: str, region: str) -> datetime:
    return due(REPLY_RULES.get(kind, REPLY_RULE), region=region, start=timezone.now()).at


@transaction.atomic
def write_letter(
    kind: str,
    *,
    about_kind: str,
    about_ref: str,
    actor: Actor,
    to: Sequence[UUID] = (),
    title: str = "",
    reply_by: datetime | None = None,
    note: str = "",
) -> Paper:
    """Draft a letter about a record with the facts known of it. `to`: other addressees than the ones it would go to.

    Raises NotFound, NotPermitted, Invalid (unknown kind), NoAddressee.
    """
    if kind not in LETTERS:
        raise Invalid(Text("请选择文书种类。", "Choose a kind of letter."), field="kind")
    about = gather.about(about_kind, about_ref, actor=actor)
    place = scope_columns(about.subject.region_code, sector=about.subject.sector, unit=about.subject.unit)
    actor.require(LETTER_RIGHT, Letter(**place))
    bodies = [body for key in to if (body := frame.body_of(key, actor=actor)) is not None] or list(about.to)
    return _write_about(kind, about, bodies, actor=actor, title=title, reply_by=reply_by, note=note)


def _write_about(
    kind: str,
    about: About,
    to: Sequence[Body],
    *,
    actor: Actor,
    title: str = "",
    reply_by: datetime | None = None,
    note: str = "",
) -> Paper:
    subject = about.subject
    region = frame.office(actor, subject.region_code)
    if not to:
        raise NoAddressee(field="to", region=regions.text(subject.region_code))
    fields = prefilled(kind, about, region=region)
    if note.strip():
        first = next(iter(fields))
        fields[first] = f"{fields[first]}\n{note.strip()}"
    by = reply_by or (_reply_by(kind, region) if kind != CIRCULAR else None)
    paper = write(
        kind,
        region=region,
        title=title.strip() or title_of(kind, about),
        fields=fields,
        to=to,
        about=subject,
        actor=actor,
        reply_by=by,
    )
    keep_facts(paper, subject, about.facts)
    return paper


def keep_facts(paper: Paper, subject: Subject, facts: Sequence[Fact]) -> Letter:
    """Keep what a paper states, each fact with its page."""
    return Letter.objects.create(
        paper_id=paper.id,
        about_kind=subject.kind,
        about_ref=subject.ref,
        about_url=subject.url,
        facts=[fact.as_json() for fact in facts],
        made_at=timezone.now(),
        **scope_columns(subject.region_code, sector=subject.sector, unit=subject.unit),
    )


BY_MEASURE = {"remind": (REMINDER,), "urge": (URGE,), "interview": (INTERVIEW, CIRCULAR), "list": (URGE, REPORT)}


def measure_papers(proposal: Proposal, measure: str, *, actor: Actor) -> list[Paper]:
    """The papers a measure asks for, drafted with the facts of the table: the first one is the one to be answered."""
    about = gather.about("proposal", proposal.ref, actor=actor)
    found = []
    for kind in BY_MEASURE[measure]:
        if kind == REPORT:
            found += _upward(proposal, about, actor)
            continue
        title = f"关于对{regions.name(proposal.about)}挂牌督办的督办单" if measure == "list" else ""
        found.append(_write_about(kind, about, about.to, actor=actor, title=title))
    return found


def _upward(proposal: Proposal, about: About, actor: Actor) -> list[Paper]:
    """The report to the higher body, where one is registered."""
    from wanghuo.kernel.regions import codes

    upper = codes.parent(proposal.region_code)
    to = gather.bodies_at(upper) if upper else ()
    if not to:
        return []
    fields = {
        "period": f"{proposal.month[:4]}年{int(proposal.month[5:])}月",
        "situation": about.words,
        "progress": "已挂牌督办，责令限期整改。",
        "table": "",
        "problems": "",
        "plan": "跟踪督办，整改到位后申请摘牌。",
    }
    title = f"关于{about.title}挂牌督办情况的报告"
    paper = write(
        REPORT, region=proposal.region_code, title=title, fields=fields, to=to, about=proposal.subject, actor=actor
    )
    keep_facts(paper, proposal.subject, about.facts)
    return [paper]


def table_paper(table: RankingTable, *, actor: Actor) -> Paper:
    """Draft the circular (通报) of a published table, to the governments of everybody ranked. Raises NoAddressee."""
    rows = list(table.rows.order_by("place"))
    to = [body for row in rows for body in gather.bodies_at(row.region)]
    if not to:
        raise NoAddressee(field="to", region=regions.text(table.region_code))
    heads = ["名次", "镇（街道）" if len(table.region_code) == 6 else "区划", *(c["zh"] for c in table.columns), "得分"]
    lines = [heads[:11]]
    for row in rows:
        values = [_cell(row.cells.get(c["code"], {}), c["digits"], c["unit"]) for c in table.columns]
        score = "" if row.score is None else f"{row.score:.1f}"
        lines.append([str(row.rank or "未排"), regions.name(row.region), *values, score][:11])
    lit = [regions.name(row.region) for row in rows if row.light in ("orange", "red")]
    fields = {
        "situation": f"现将{table.title}予以通报（编号 {table.ref}）。",
        "table": lines,
        "problems": f"{'、'.join(lit)}进度明显滞后。" if lit else "",
        "demands": ["排名靠后的要逐项分析原因，制定赶进度措施", "各项数据须真实可核，佐证按期上传"],
    }
    paper = write(
        CIRCULAR,
        region=table.region_code,
        title=f"关于{table.title}的通报",
        fields=fields,
        to=to,
        about=table.subject,
        actor=actor,
    )
    keep_facts(paper, table.subject, [Fact(f"{table.title}（SHA-256 {table.sha256}）", table.url)])
    return paper


def _cell(cell: Mapping[str, Any], digits: int, unit: str) -> str:
    value = cell.get("value")
    return "未报" if value is None else f"{value:.{digits}f}{unit}"


def order_paper(order: MonthlyOrder, lines: Sequence[OrderLine], *, actor: Actor) -> str:
    """Draft the paper of a monthly order; its reference."""
    assert order.body is not None
    head = ["序号", "任务", "本月要求", "依据"]
    rows = [
        [str(n), line.title, f"{line.target:g}{line.unit}" if line.target is not None else "按要求完成", line.source]
        for n, line in enumerate(lines, 1)
    ]
    evidence = list(dict.fromkeys(line.evidence for line in lines if line.evidence)) or ["完成情况说明"]
    fields = {
        "month": f"{order.month[:4]}年{int(order.month[5:])}月",
        "tasks": [head, *rows],
        "evidence": evidence,
        "notes": order.note,
    }
    paper = write(
        DISPATCH,
        region=order.by_region,
        title=f"{order.title}单",
        fields=fields,
        to=[order.body],
        about=order.subject,
        actor=actor,
        reply_by=order.due_at,
    )
    keep_facts(paper, order.subject, [Fact(f"{line.title}：{line.source}", order.url) for line in lines])
    return paper.ref


__all__ = ["LETTERS", "Paper", "keep_facts", "measure_papers", "order_paper", "prefilled", "write", "write_letter"]
