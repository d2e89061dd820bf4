"""A person's messages, and what an open page missed."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_POST

from wanghuo.base import Invalid, Text
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.notify import live, telling
from wanghuo.kernel.notify.models import Notification
from wanghuo.kernel.ui.lists import Choice, Column, Empty, Flag, ListPage
from wanghuo.kernel.ui.pages import go

CLASSES = {"A": Text("生命安全", "life"), "B": Text("办理", "duty"), "C": Text("知悉", "news")}

NOTICES = ListPage(
    title=Text("消息", "Notifications"),
    what=Text("消息", "notification"),
    columns=(
        Column("at", Text("时间", "Time"), kind="when", sort="at"),
        Column("level", Text("类别", "Class"), value=lambda row: CLASSES[row.level]),
        Column("title", Text("内容", "Message"), kind="template", template="notify/_title.html", export=False),
        Column("about", Text("编号", "Reference"), wide=True),
    ),
    filters=(
        Flag("unread", Text("未读", "Unread"), lambda: Q(opened_at=None)),
        Choice("level", Text("类别", "Class"), CLASSES),
    ),
    row_url="/notifications/{0.id}",
    sort="-at",
    regional=False,
    template="notify/list.html",
    empty=Empty(Text("还没有消息。有事要办、期限临近或发生火情时会出现在这里。",
                     "No messages yet. Duties, deadlines and fires will show here.")),
)  # fmt: skip


@needs()
@require_GET
def notifications(request: HttpRequest) -> HttpResponseBase:
    """The person's own messages, newest first."""
    return NOTICES.respond(request, Notification.objects.visible_to(request.actor))  # type: ignore[attr-defined]


@needs()
@require_GET
def open_one(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    """Follow a message to its page; that it was opened is noted."""
    url = telling.open_one(notification_id=notification_id, actor=request.actor)  # type: ignore[attr-defined]
    return go(request, url or "/notifications")


@needs()
@require_POST
def open_all(request: HttpRequest) -> HttpResponse:
    """Mark all as seen, except those of life."""
    telling.open_all(actor=request.actor)  # type: ignore[attr-defined]
    return go(request, "/notifications")


@needs()
@require_GET
def since(request: HttpRequest) -> HttpResponse:
    """What came on `?channel=` after `?after=`, for pages whose stream is cut. Without `after`: only the number to
    start from.
    """
    channel, wanted = request.GET.get("channel", ""), request.GET.get("after", "")
    if not channel or not (wanted == "" or (wanted.isascii() and wanted.isdigit() and len(wanted) < 19)):
        raise Invalid(
            Text("缺少 channel，或 after 不是序号。", "channel is missing, or after is not a number."), field="after"
        )
    if wanted == "":
        return JsonResponse({"events": [], "seq": live.last_seq()})
    events, seq = live.since(request.actor, channel, int(wanted))  # type: ignore[attr-defined]
    answer = JsonResponse({"events": [e.as_json() for e in events], "seq": seq})
    answer["Cache-Control"] = "no-store"
    return answer
