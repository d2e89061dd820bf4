"""Situation reports (周报、半月报、月报): drafted from the records, every number linked to its page; the clerk edits the words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record
from wanghuo.kernel.indicators import Period, compute, indicators
from wanghuo.kernel.indicators.boards import url_of
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.kernel.papers import Document
from wanghuo.kernel.papers import Run as Piece
from wanghuo.kernel.regions import codes
from wanghuo.kernel.regions import service as regions
from wanghuo.modules.accountability.models import Meeting, MonthlyOrder, Proposal, RankingTable, Report, Tour
from wanghuo.modules.accountability.services import facts, frame, letters
from wanghuo.modules.accountability.services.tables import overdue_tasks
from wanghuo.modules.accountability.states import LETTER_RIGHT, OrderState, ProposalState, ReportState, TableState
from wanghuo.modules.accountability.words import LIGHTS, REPORT_KINDS
from wanghuo.modules.hazards import public as hazards

WEEK = re.compile(r"(\d{4})-?W(\d{1,2})", re.IGNORECASE)
MARK = re.compile(r"\[\[(n\d+)\]\]")
LOOSE = re.compile(r"(?<![\w\[])\d[\d,.]*%?")
DATE_LIKE = re.compile(r"\d{4}\s*年|\d{1,2}\s*月|\d{1,2}\s*日|[“”\"][^“”\"]*[“”\"]|第\s*\d+\s*季度")
MOST_WORDS = 20_000
CHINESE = "一二三四五六七八九十"
HEADS = {
    "situation": Text("总体情况", "situation"),
    "progress": Text("工作进展", "progress"),
    "ranking": Text("排名情况", "ranking"),
    "problems": Text("存在问题", "problems"),
    "plan": Text("下步打算", "next steps"),
}


class UnknownMark(Invalid):
    """A mark that stands for no number of this report."""

    code = "accountability.unknown_mark"
    text = Text("没有数字 [[{mark}]]；可用的见右侧。", "There is no number [[{mark}]]; see the list beside.")


class ReportStands(Conflict):
    """The report for that time is being written already."""

    code = "accountability.report_stands"
    text = Text("这一时段的报告已有：{ref}。", "There is a report for this time already: {ref}.")


class _Numbers:
    """Numbers of a report as they are drawn: each gets a mark and keeps its page."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, str]] = {}

    def mark(self, value: float | int | None, unit: str, label: str, url: str, digits: int = 0) -> str:
        """The mark of a number, to stand in a sentence."""
        name = f"n{len(self.kept) + 1}"
        shown = "（无数据）" if value is None else f"{value:,.{digits}f}{unit}"
        self.kept[name] = {"shown": shown, "label": label, "url": url}
        return f"[[{name}]]"


def period_of(kind: str, text: str) -> Period:
    """The span of a report: 2026-11 for a month, 2026-11-a (to the 15th) or 2026-11-b (from the 16th) for half of one,
    2026-W48 for a week from Monday to Sunday. Raises Invalid."""
    wrong = Text(
        "月份写成 2026-11；半月写成 2026-11-a（上）或 2026-11-b（下）；周写成 2026-W48。",
        "Write 2026-11, 2026-11-a and 2026-11-b for its halves, or 2026-W48 for a week.",
    )
    today = local_day(timezone.now())
    try:
        if kind == "month":
            found = Period.parse(text, today)
            if found.kind == "month":
                return found
        elif kind == "half" and text[-2:] in ("-a", "-b"):
            month = Period.parse(text[:-2], today)
            middle = month.first.replace(day=15)
            if text.endswith("-a"):
                return Period.between(month.first, middle)
            return Period.between(middle.replace(day=16), month.last)
        elif kind == "week" and (week := WEEK.fullmatch(text)):
            monday = date.fromisocalendar(int(week[1]), int(week[2]), 1)
            return Period.between(monday, monday + timedelta(days=6))
    except ValueError:
        pass
    raise Invalid(wrong, field="period")


@transaction.atomic
def draft(*, region: str, kind: str, period: str, actor: Actor) -> Report:
    """Draft a report from the records. Raises NotFound, NotPermitted, OutOfReach, ReportStands, Invalid."""
    code = frame.region_within(region, LETTER_RIGHT, actor=actor)
    if kind not in REPORT_KINDS:
        raise Invalid(Text("请选择报告种类。", "Choose a kind of report."), field="kind")
    span = period_of(kind, period.strip())
    standing = Report.objects.filter(region_code=code, period=span.key).exclude(state=ReportState.DISCARDED).first()
    if standing is not None:
        raise ReportStands(ref=standing.ref)
    numbers = _Numbers()
    sections = _drawn(code, span, numbers, actor)
    return frame.make(
        Report,
        "BD",
        code,
        actor=actor,
        title=f"{regions.name(code)}{_label(span)}消防工作情况",
        kind=kind,
        period=span.key,
        sections=sections,
        numbers=numbers.kept,
        drawn_at=timezone.now(),
    )


def _label(span: Period) -> str:
    if span.kind == "month":
        return span.label.zh
    if span.days == 7:
        year, week, _ = span.first.isocalendar()
        return f"{year} 年第 {week} 周（{span.first.month} 月 {span.first.day} 日至 {span.last.month} 月 {span.last.day} 日）"
    half = "上半月" if span.first.day == 1 else "下半月"
    return f"{span.first.year} 年 {span.first.month} 月{half}"


def _drawn(region: str, span: Period, numbers: _Numbers, actor: Actor) -> list[dict[str, Any]]:
    written = {
        "situation": _situation(region, span, numbers, actor),
        "progress": _progress(region, span, numbers, actor),
        "ranking": _ranking(region, numbers, actor),
        "problems": _problems(region, numbers, actor),
        "plan": ["对进度落后的地区和任务逐一督办，按期核验佐证，未落实的按规定约谈。"],
    }
    return [{"code": code, "head": head.zh, "paragraphs": written[code]} for code, head in HEADS.items()]


def _situation(region: str, span: Period, numbers: _Numbers, actor: Actor) -> list[str]:
    name = regions.name(region)
    still = numbers.mark(
        hazards.count_open(region=region, actor=actor), "处", "未结隐患", f"/hazards?region={region}&open=1"
    )
    late = numbers.mark(
        hazards.count_overdue(region=region, actor=actor), "处", "逾期隐患", f"/hazards?region={region}&overdue=1"
    )
    closed = hazards.closed_in(region=region, start=span.start, end=span.end, actor=actor).count()
    done = numbers.mark(
        closed, "处", "期内销案隐患", f"/hazards?region={region}&closed={span.first}..{span.last + timedelta(days=1)}"
    )
    lines = [f"{name}期内销案火灾隐患{done}，目前未结{still}，其中逾期{late}。"]
    said = []
    for of in indicators():
        if of.owner in ("hazards", "alarms", "sensing") and of.kind == "rate":
            found = compute(of.code, region, span)
            if found.value is not None:
                mark = numbers.mark(found.value, of.unit, of.name.zh, url_of(of.code, region, span), of.shown_digits)
                said.append(f"{of.name.zh}{mark}")
    if said:
        lines.append(f"主要指标：{'，'.join(said)}。")
    return lines


def _progress(region: str, span: Period, numbers: _Numbers, actor: Actor) -> list[str]:
    lines = []
    year = span.last.year
    targets = (
        IndicatorTarget.objects.visible_to(actor)
        .filter(region_code=region, deadline__year=year, basis="")
        .order_by("code")
    )
    known = {of.code for of in indicators()}
    for code in dict.fromkeys(targets.values_list("code", flat=True)):
        if code not in known:
            continue
        found = compute(code, region, Period.year(year))
        of, url = found.indicator, url_of(code, region, Period.year(year))
        value = numbers.mark(found.value, of.unit, of.name.zh, url, of.shown_digits)
        due = numbers.mark(found.expected, of.unit, f"{of.name.zh}应达值", url, of.shown_digits)
        light = f"，亮{LIGHTS[found.light].zh}灯" if found.light else ""
        lines.append(f"{of.name.zh}：已完成{value}，按进度应达{due}{light}。")
    rows = MonthlyOrder.objects.visible_to(actor).in_region(region).filter(month=f"{span.last:%Y-%m}")
    issued = rows.exclude(state__in=(OrderState.DRAFT, OrderState.WITHDRAWN))
    if count := issued.count():
        url = f"/programmes/orders?region={region}&month={span.last:%Y-%m}"
        all_, done = (
            numbers.mark(count, "份", "派单", url),
            numbers.mark(issued.filter(state=OrderState.ACCEPTED).count(), "份", "已验收派单", f"{url}&state=accepted"),
        )
        lines.append(f"本月派单{all_}，已验收{done}。")
    tours = Tour.objects.visible_to(actor).in_region(region).filter(scored_at__gte=span.start, scored_at__lt=span.end)
    if count := tours.count():
        mark = numbers.mark(count, "次", "巡查", f"/tours?region={region}&month={span.last:%Y-%m}")
        lines.append(f"开展巡查{mark}。")
    meetings = Meeting.objects.visible_to(actor).in_region(region).filter(held_at__gte=span.start, held_at__lt=span.end)
    if count := meetings.count():
        lines.append(f"召开会议{numbers.mark(count, '次', '会议', f'/meetings?region={region}')}。")
    return lines or ["本期没有可统计的进展。"]


def _ranking(region: str, numbers: _Numbers, actor: Actor) -> list[str]:
    table = (
        RankingTable.objects.visible_to(actor)
        .filter(region_code=region, state=TableState.PUBLISHED)
        .order_by("-published_at")
        .first()
    )
    if table is None:
        return ["本期尚未公布排名。"]
    rows = [row for row in table.rows.order_by("place") if row.rank]
    if not rows:
        return [f"“{table.title}”各地数据不全，未排名。"]

    def said(row: Any) -> str:
        mark = numbers.mark(row.score, "分", f"{regions.name(row.region)}得分", table.url, 1)
        return f"{regions.name(row.region)}（{mark}）"

    lines = [f"“{table.title}”排名靠前的是{'、'.join(said(row) for row in rows[:3])}。"]
    if len(rows) > 3:
        lines.append(f"排名靠后的是{'、'.join(said(row) for row in rows[-min(3, len(rows) - 3) :])}。")
    return lines


def _problems(region: str, numbers: _Numbers, actor: Actor) -> list[str]:
    lines = []
    places = [child.code for child in regions.children(region)] or [region]
    if late := sum(overdue_tasks(places, actor).values()):
        mark = numbers.mark(late, "项", "超期任务", f"/programmes/tasks?region={region}&overdue=1")
        lines.append(f"工作计划任务超期{mark}。")
    orders = (
        MonthlyOrder.objects.visible_to(actor)
        .in_region(region)
        .filter(state=OrderState.ISSUED, due_at__lt=timezone.now())
    )
    if count := orders.count():
        mark = numbers.mark(count, "份", "逾期未报派单", f"/programmes/orders?region={region}&late=1")
        lines.append(f"派单逾期未报{mark}。")
    asked = Proposal.objects.visible_to(actor).in_region(region).filter(state=ProposalState.PROPOSED)
    if count := asked.count():
        mark = numbers.mark(count, "项", "待决定的督办建议", f"/tables/measures?region={region}&state=proposed")
        lines.append(f"排名亮灯尚待决定的督办建议{mark}。")
    wrong = (
        Tour.objects.visible_to(actor).in_region(region).filter(samples__result__in=("differs", "absent")).distinct()
    )
    if count := wrong.count():
        mark = numbers.mark(count, "次", "抽查与上报不符的巡查", f"/tours?region={region}&differs=1")
        lines.append(f"巡查抽样核验与上报不符{mark}。")
    return lines or ["本期未发现突出问题。"]


# -------------------------------------------------------------------------------------------------- words and numbers


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a paragraph: words, or a number with its page."""

    text: str
    url: str = ""
    label: str = ""


def runs(paragraph: str, numbers: Mapping[str, Mapping[str, str]]) -> list[Run]:
    """A paragraph as words and linked numbers."""
    found, at = [], 0
    for match in MARK.finditer(paragraph):
        if match.start() > at:
            found.append(Run(paragraph[at : match.start()]))
        number = numbers.get(match[1], {"shown": match[0], "url": "", "label": ""})
        found.append(Run(number["shown"], number["url"], number["label"]))
        at = match.end()
    if at < len(paragraph):
        found.append(Run(paragraph[at:]))
    return found


def plain(paragraph: str, numbers: Mapping[str, Mapping[str, str]]) -> str:
    """A paragraph as it reads."""
    return "".join(run.text for run in runs(paragraph, numbers))


def loose_numbers(report: Report) -> list[str]:
    """Numbers typed into the words without a source, days and names in quotation marks left aside."""
    found = []
    for section in report.sections:
        for paragraph in section["paragraphs"]:
            bare = DATE_LIKE.sub(" ", MARK.sub(" ", paragraph))
            found += [match[0].rstrip(".,") for match in LOOSE.finditer(bare)]
    return found


@transaction.atomic
def edit(ref: str, *, title: str, words: Mapping[str, str], actor: Actor) -> Report:
    """Change the words of a draft, section by section, a paragraph a line; marks keep their numbers.

    Raises NotFound, NotPermitted, MoveRefused, UnknownMark, Invalid.
    """
    report, _ = frame.begin(Report, ref, "issue", actor=actor)
    sections = []
    for section in report.sections:
        text = words.get(section["code"], "\n".join(section["paragraphs"]))
        if len(text) > MOST_WORDS:
            raise Invalid(Text("文字太长。", "The text is too long."), field=section["code"])
        paragraphs = [line.strip() for line in text.splitlines() if line.strip()]
        for paragraph in paragraphs:
            for match in MARK.finditer(paragraph):
                if match[1] not in report.numbers:
                    raise UnknownMark(mark=match[1], field=section["code"])
        sections.append({**section, "paragraphs": paragraphs})
    report.title, report.sections = title.strip()[:200] or report.title, sections
    report.save(update_fields=["title", "sections"])
    frame.add_step(report, "edit", actor=actor)
    record(actor, "accountability:report:edit", report.ref, region=report.region_code)
    return report


@transaction.atomic
def issue(ref: str, *, actor: Actor) -> Report:
    """Draft the report as an official paper to the higher body, from its words. Raises NotFound, NotPermitted, MoveRefused."""
    report, move = frame.begin(Report, ref, "issue", actor=actor)
    said = {s["code"]: "\n".join(plain(p, report.numbers) for p in s["paragraphs"]) for s in report.sections}
    upper = codes.parent(report.region_code)
    to = (facts.bodies_at(upper) if upper else ()) or facts.bodies_at(report.region_code)
    fields = {
        "period": report.title.removesuffix("消防工作情况"),
        "situation": said.get("situation") or "无。",
        "progress": "\n".join(filter(None, (said.get("progress"), said.get("ranking")))) or "无。",
        "table": "",
        "problems": said.get("problems", ""),
        "plan": said.get("plan") or "继续做好各项工作。",
    }
    paper = letters.write(
        letters.REPORT,
        region=report.region_code,
        title=f"关于{report.title}的报告",
        fields=fields,
        to=to,
        about=report.subject,
        actor=actor,
    )
    used = {m for s in report.sections for p in s["paragraphs"] for m in MARK.findall(p)}
    kept = [facts.Fact(f"{n['label']}：{n['shown']}", n["url"]) for key, n in report.numbers.items() if key in used]
    letters.keep_facts(paper, report.subject, kept)
    return frame.finish(report, move, actor=actor, changed={"paper_ref": paper.ref}, note=paper.ref)


@transaction.atomic
def discard(ref: str, *, reason: str, actor: Actor) -> Report:
    """Discard a draft. Raises NotFound, NotPermitted, MoveRefused."""
    report, move = frame.begin(Report, ref, "discard", actor=actor)
    return frame.finish(report, move, actor=actor, note=reason)


def document(report: Report) -> Document:
    """The report as a document: heads, and paragraphs whose numbers lead to their pages."""
    made = Document(report.title, subtitle=f"{regions.name(report.region_code)}消防安全委员会办公室")
    for no, section in enumerate(report.sections):
        made.heading(f"{CHINESE[no]}、{section['head']}")
        for paragraph in section["paragraphs"]:
            made.paragraph(*(Piece(run.text, url=run.url) for run in runs(paragraph, report.numbers)))
    return made
