"""The auditor's pages, and the checkpoint that anyone may fetch and keep."""

from __future__ import annotations

from uuid import UUID

from django.db.models import BigIntegerField, Case, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from wanghuo.base import NotFound, Text
from wanghuo.engines.auditlog import read_checkpoint, verifier_key
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs, public_page
from wanghuo.kernel.accounts.models import User
from wanghuo.kernel.audit.identity import identity, public_key
from wanghuo.kernel.audit.models import AuditCheckpoint, AuditEntry, AuditPrivate, AuditSeal
from wanghuo.kernel.audit.sealing import seal_state
from wanghuo.kernel.ui.filters import Choice, Words
from wanghuo.kernel.ui.lists import Column, Empty, ListPage
from wanghuo.kernel.ui.pages import render

ENTRY = Text("审计条目", "audit entry")
RESULTS = {"ok": Text("完成", "done"), "refused": Text("被拒绝", "refused"), "error": Text("出错", "failed")}
PARTS = {
    "accounts": Text("人员", "people"),
    "alarms": Text("报警", "alarms"),
    "files": Text("文件", "files"),
    "hazards": Text("隐患", "hazards"),
    "loops": Text("待办与督办", "duties and supervision"),
    "places": Text("单位", "units"),
    "regions": Text("区划", "regions"),
    "sensing": Text("设备", "devices"),
}


def _words(words: str) -> Q:
    """What was typed: the reference of an object, the name or number of a person, or the beginning of an action."""
    people = User.objects.filter(username=words).values_list("id", flat=True)
    who = [words, *(str(person) for person in people)]
    return Q(object__startswith=words) | Q(actor__in=who) | Q(action__startswith=words)


LOG = ListPage(
    title=Text("审计日志", "Audit log"),
    what=ENTRY,
    columns=(
        Column("at", Text("时间", "Time"), kind="when", sort="at"),
        Column("who", Text("人员", "Who"), value=lambda row: row.username or row.actor),
        Column("action", Text("动作", "Action"), kind="ref"),
        Column("object", Text("对象", "Object")),
        Column("region", Text("区划", "Region"), value="region_code", kind="region", wide=True),
        Column("result", Text("结果", "Result"), value=lambda row: RESULTS.get(row.result, row.result)),
        Column("code", Text("代码", "Code"), wide=True),
        Column("seq", Text("序号", "No."), value="seq", wide=True),
    ),
    row_url="/admin/audit/{0.id}",
    filters=(
        Words(label=Text("对象、人员或动作", "object, person or action"), where=_words),
        Choice("part", Text("部分", "Part"), PARTS, where=lambda value: Q(action__startswith=f"{value}:")),
        Choice("result", Text("结果", "Result"), RESULTS),
    ),
    sort="-at",
    period="at",
    code="audit:entry",
    export_right="audit.view",
    empty=Empty(Text("还没有审计条目；每次操作都会在这里留下一条。", "No entries yet; every act leaves one here.")),
    template="audit/log.html",
)


@needs("audit.view")
def log(request: HttpRequest) -> HttpResponseBase:
    """The log, newest first, with the state of its sealing."""
    return LOG.respond(request, _rows(request.actor), {"state": seal_state()})  # type: ignore[attr-defined]


@needs("audit.view")
def entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """One entry, as it is sealed."""
    row = _rows(request.actor).filter(pk=entry_id).first()  # type: ignore[attr-defined]
    if row is None:
        raise NotFound(what=ENTRY, ref=entry_id)
    known = row.entry
    before, after = known.get("before", {}), known.get("after", {})
    context = {
        "row": row,
        "entry": known,
        "title": ENTRY,
        "result": RESULTS.get(row.result, row.result),
        "changes": [(name, before.get(name, ""), after.get(name, "")) for name in sorted({*before, *after})],
        "seal": AuditSeal.objects.filter(entry_id=row.id).first(),
        "beside": AuditPrivate.objects.filter(entry_id=row.id).exists(),
    }
    return render(request, "audit/entry.html", context)


@public_page
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The last checkpoint, for anyone to keep: whoever has an old one can tell that the log was only added to."""
    last = AuditCheckpoint.objects.order_by("-size").first()
    if last is None:
        raise NotFound(what=Text("检查点", "checkpoint"))
    response = HttpResponse(last.note, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "public, max-age=60"
    return response


@public_page
def about(request: HttpRequest) -> HttpResponse:
    """What the log promises, the key that checks its checkpoints, and how to check."""
    last = AuditCheckpoint.objects.order_by("-size").first()
    context = {
        "title": Text("日志公示", "Transparency of the log"),
        "origin": identity().origin,
        "key": verifier_key(identity().origin, public_key()),
        "last": last,
        "root": read_checkpoint(last.note).root.hex() if last else "",
    }
    return render(request, "audit/transparency.html", context)


def _rows(actor: Actor) -> QuerySet[AuditEntry]:
    """The entries the auditor may see, each with the person's user name and its number in the log."""
    number = Case(When(actor__regex=r"^\d+$", then=Cast("actor", BigIntegerField())))
    rows = AuditEntry.objects.visible_to(actor).annotate(actor_number=number)
    return rows.annotate(
        username=Subquery(User.objects.filter(pk=OuterRef("actor_number")).values("username")[:1]),
        seq=Subquery(AuditSeal.objects.filter(entry_id=OuterRef("pk")).values("seq")[:1]),
    )
