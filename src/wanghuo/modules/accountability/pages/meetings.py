"""Pages of meetings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.accountability import forms
from wanghuo.modules.accountability.models import Meeting
from wanghuo.modules.accountability.pages import common
from wanghuo.modules.accountability.pages.common import VIEW, ActForm, actor_of
from wanghuo.modules.accountability.services import frame, meetings
from wanghuo.modules.accountability.states import MEET_RIGHT
from wanghuo.modules.accountability.tables import MEETINGS
from wanghuo.modules.accountability.words import ATTENDANCE, MEETING_KINDS


@needs(VIEW)
@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    """Every meeting."""
    return MEETINGS.respond(request, Meeting.objects.visible_to(actor_of(request)))


@needs(MEET_RIGHT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Convene a meeting."""
    actor = actor_of(request)
    region = common.home(actor, MEET_RIGHT, request.GET.get("region", ""))
    return answer(
        request,
        forms.convene_form(common.places(region), common.bodies(region, actor)),
        save=lambda data: meetings.convene(actor=actor, **data),
        then=lambda meeting: meeting.url,
        title=Text("召集会议", "Convene a meeting"),
        submit=Text("通知参会单位", "Tell those invited"),
        initial={"region": region, "kind": request.GET.get("kind", "")},
    )


@needs(VIEW)
@require_GET
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    """One meeting: agenda, attendance, decisions with their tasks, minutes."""
    actor = actor_of(request)
    row = frame.load(Meeting, ref, actor=actor)
    context = common.base(
        row,
        actor,
        acts=common.offered(row, actor),
        kind=MEETING_KINDS[row.kind],
        attendances=[(a, ATTENDANCE[a.status]) for a in row.attendances.select_related("body").order_by("id")],
        decisions=row.decisions.select_related("body").order_by("no"),
        agenda=[line for line in row.agenda.splitlines() if line.strip()],
    )
    return render(request, "accountability/meeting.html", context)


@needs(VIEW)
@require_GET
def duties(request: HttpRequest) -> HttpResponse:
    """Who must meet how often, who did and who did not."""
    actor = actor_of(request)
    region = common.home(actor, VIEW, request.GET.get("region", ""))
    rows = [(s, MEETING_KINDS[s.duty.kind]) for s in meetings.overview(region, actor=actor)]
    context = {
        "title": Text("谁按期开了会", "Who met in time"),
        "rows": rows,
        "late": sum(s.late for s, _ in rows),
        "region": region,
        "may_set": actor.can(MEET_RIGHT),
    }
    return render(request, "accountability/meeting_duties.html", context)


@needs(MEET_RIGHT)
@require_http_methods(["GET", "POST"])
def new_duty(request: HttpRequest) -> HttpResponse:
    """Set how often somebody must meet."""
    actor = actor_of(request)
    region = common.home(actor, MEET_RIGHT, request.GET.get("region", ""))
    return answer(
        request,
        forms.MeetingDutyForm,
        save=lambda data: meetings.ask_for(region=region, actor=actor, **data),
        then="/meetings/duties",
        title=Text("设定定期会议", "Set a regular meeting"),
        submit=Text("设定", "Set"),
        after=Text("从今天起算，每次召开后重新起算", "runs from today, and anew after each meeting"),
    )


@needs(MEET_RIGHT)
@require_http_methods(["GET", "POST"])
def stop_duty(request: HttpRequest, key: UUID) -> HttpResponse:
    """End a meeting duty."""
    actor = actor_of(request)
    meetings.get_duty(key, actor=actor)
    return answer(
        request,
        forms.ReasonForm,
        save=lambda data: meetings.stop_asking(key, reason=data["reason"], actor=actor),
        then="/meetings/duties",
        title=Text("停止定期会议", "End a regular meeting"),
        submit=Text("停止", "End"),
    )


def _hold(ref: str, data: dict[str, Any], actor: Actor) -> Meeting:
    attendance = {
        name.removeprefix("status_"): (value, data[f"person_{name.removeprefix('status_')}"])
        for name, value in data.items()
        if name.startswith("status_")
    }
    decisions = [
        {"text": data[f"decision_{no}"], "body": data[f"owner_{no}"] or None, "due_on": data[f"due_{no}"]}
        for no in range(1, forms.DECISIONS + 1)
        if data[f"decision_{no}"].strip()
    ]
    return meetings.hold(ref, attendance=attendance, discussion=data["discussion"], decisions=decisions, actor=actor)


ACTS = {
    "hold": ActForm(
        lambda row, actor: forms.hold_form(row, common.bodies(row.by_region, actor)), _hold,
        Text("有责任单位的议定事项会变成任务", "decisions with an owner become tasks"),
    ),
    "minute": ActForm(
        forms.EmptyForm, lambda ref, data, actor: meetings.minute(ref, actor=actor),
        Text("按登记内容起草会议纪要，送签后印发", "minutes are drafted from what was recorded"),
    ),
    "cancel": ActForm(forms.ReasonForm, lambda ref, data, actor: meetings.cancel(ref, reason=data["reason"], actor=actor)),
}  # fmt: skip
act = common.act_view(Meeting, ACTS)
