"""Pages of duty lists."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Text
from wanghuo.base.time import local, local_day
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.audit import record
from wanghuo.kernel.ui import exports
from wanghuo.kernel.ui.acts import Act
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.language import say
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.accountability import forms
from wanghuo.modules.accountability.models import DutyList
from wanghuo.modules.accountability.pages import common
from wanghuo.modules.accountability.pages.common import VIEW, ActForm, actor_of
from wanghuo.modules.accountability.services import duty_lists, frame
from wanghuo.modules.accountability.states import ANSWER_RIGHT, ORDER_RIGHT, ListState
from wanghuo.modules.accountability.tables import DUTY_LISTS
from wanghuo.modules.accountability.words import LIST_KINDS, PERIODS


@needs(VIEW)
@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    """Every duty list and task list."""
    return DUTY_LISTS.respond(request, DutyList.objects.visible_to(actor_of(request)).select_related("body"))


@needs(ORDER_RIGHT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a list."""
    actor = actor_of(request)
    region = common.home(actor, ORDER_RIGHT)

    def save(data: dict[str, Any]) -> DutyList:
        entries = duty_lists.parse_lines(data.pop("entries"))
        return duty_lists.make(region=region, entries=entries, actor=actor, **{**data, "body": data["body"] or None})

    return answer(
        request,
        forms.duty_list_form(common.bodies(region, actor)),
        save=save,
        then=lambda found: found.url,
        title=Text("新建清单", "New list"),
        submit=Text("保存草稿", "Save the draft"),
        initial={"year": local_day(timezone.now()).year},
    )


@needs(VIEW)
@require_GET
def detail(request: HttpRequest, ref: str) -> HttpResponseBase:
    """One list with its entries."""
    actor = actor_of(request)
    row = frame.load(DutyList, ref, actor=actor)
    if request.GET.get("export") in exports.TYPES:
        record(
            actor,
            "accountability:duty_list:export",
            row.ref,
            region=row.region_code,
            after={"kind": request.GET["export"]},
        )
        return exports.as_file(_file(row, actor.name), request.GET["export"])
    files = common.files(row, actor)
    extra = []
    if row.state == ListState.DRAFT and frame.may(actor, ORDER_RIGHT, row):
        extra.append(Act("add", Text("添加条目", "add entries"), f"{row.url}/acts/add"))
    today = local_day(timezone.now())
    context = common.base(
        row,
        actor,
        acts=common.offered(row, actor, extra),
        kind=LIST_KINDS[row.kind],
        lines=[
            {
                "entry": entry,
                "period": PERIODS[entry.period],
                "late": entry.due_on is not None and entry.due_on < today,
                "files": files.get(f"entry:{entry.no}", []),
            }
            for entry in row.entries.order_by("no")
        ],
        may_do=row.state == ListState.SIGNED and frame.may(actor, ANSWER_RIGHT, row),
        export_url=f"{row.url}?export=xlsx",
        about=f"duty_list:{row.ref}",
    )
    return render(request, "accountability/duty_list.html", context)


def _file(row: DutyList, who: str) -> exports.Table:
    heads = [Text("序号", "No."), Text("职责", "Duty"), Text("依据", "Source"), Text("周期", "Period"), Text("佐证", "Evidence"),
             Text("期限", "Due"), Text("最近履职", "Last done"), Text("次数", "Times"), Text("履职情况", "What was done")]  # fmt: skip
    rows = [
        [
            e.no, e.text, e.source, say(PERIODS[e.period]), e.evidence, e.due_on or "",
            local(e.done_at).replace(tzinfo=None) if e.done_at else "", e.done_times, e.done_note,
        ]
        for e in row.entries.order_by("no")
    ]  # fmt: skip
    title = Text(row.title, row.title)
    return exports.Table(title, [say(head) for head in heads], rows, row.ref, who, local(timezone.now()))


@needs(ANSWER_RIGHT)
@require_http_methods(["GET", "POST"])
def entry(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Show that a duty was done."""
    actor = actor_of(request)
    row = frame.load(DutyList, ref, actor=actor)
    label = Text("登记履职", "Record a duty done")
    return answer(
        request,
        forms.DoneForm,
        save=lambda data: duty_lists.done(ref, number, note=data["note"], files=data["files"], actor=actor),
        then=row.url,
        title=label,
        submit=Text("登记", "Record"),
    )


ACTS = {
    "issue": ActForm(forms.EmptyForm, lambda ref, data, actor: duty_lists.issue(ref, actor=actor), Text("随后由责任人签认", "whoever it binds then signs")),
    "add": ActForm(
        forms.EntriesForm,
        lambda ref, data, actor: duty_lists.add_entries(ref, entries=duty_lists.parse_lines(data["entries"]), actor=actor),
        label=Text("添加条目", "add entries"), needs_move="issue",
    ),
    "sign": ActForm(forms.SignForm, lambda ref, data, actor: duty_lists.sign(ref, name=data["name"], actor=actor)),
    "close": ActForm(forms.NoteForm, lambda ref, data, actor: duty_lists.close(ref, note=data["note"], actor=actor)),
}  # fmt: skip
act = common.act_view(DutyList, ACTS)
