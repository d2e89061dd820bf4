"""Pages of the roll-calls: those that were asked, one with its clocks, the league of answers."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import Invalid, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.accounts.pages import needs_recent_factor
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.ui.components import region_name
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.places import public as places
from wanghuo.modules.sensing import commands, roll_calls
from wanghuo.modules.sensing.models import RollCall
from wanghuo.modules.sensing.way_forms import RollCallForm
from wanghuo.modules.sensing.way_tables import ROLL_CALLS

CALL, LEAGUE = Text("发起查岗", "Call the roll"), Text("查岗应答排名", "League of answers")
SPANS = (7, 30, 90, 365)
WAYS_TO_GROUP = {"unit": Text("按单位", "by unit"), "region": Text("按区划", "by division")}


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@needs("sensing.view")
@require_GET
def roll_list(request: HttpRequest) -> HttpResponse:
    """The roll-calls."""
    rows = RollCall.objects.visible_to(_actor(request))
    rows = rows.annotate(answered=Count("commands", filter=Q(commands__state="answered")))
    return ROLL_CALLS.respond(request, rows)  # type: ignore[return-value]


@needs("sensing.command")
@needs_recent_factor
@require_http_methods(["GET", "POST"])
def new_roll(request: HttpRequest) -> HttpResponse:
    """Ask many posts at once; whoever does has just shown the second factor."""
    actor = _actor(request)

    def save(data: dict[str, Any]) -> RollCall:
        region = regions.resolve(data["region"])
        if region is None:
            raise Invalid(Text("没有这个区划。", "There is no such region."), field="region")
        return roll_calls.call_roll(
            region_code=region,
            minutes=data["minutes"],
            reason=data["reason"],
            unit_ids=_units(data["only"]),
            actor=actor,
        )

    return answer(
        request, RollCallForm, save=save, then=lambda call: f"/roll-calls/{call.ref}", title=CALL, submit=CALL,
        initial={"region": region_name(actor.home), "minutes": commands.DEFAULT_MINUTES},
    )  # fmt: skip


def _units(text: str) -> list[Any]:
    found = []
    for code in filter(None, re.split(r"[\s,，;；、]+", text)):
        unit = places.unit_by_code(code)
        if unit is None:
            raise Invalid(
                Text("没有单位 {code}。", "There is no unit {code}.").filled({"code": code[:40]}), field="only"
            )
        found.append(unit.id)
    return found


@needs("sensing.view")
@require_GET
def roll(request: HttpRequest, ref: str) -> HttpResponse:
    """One roll-call, with the clock of every post."""
    call = roll_calls.get_roll_call(ref, actor=_actor(request))
    posts = roll_calls.posts_of(call, timezone.now())
    waiting = sum(p.waiting for p in posts)
    context = {
        "call": call,
        "title": Text("查岗 {ref}", "Roll-call {ref}").filled({"ref": call.ref}),
        "posts": posts,
        "waiting": waiting,
        "answered": sum(p.answered for p in posts),
        "states": commands.STATES,
        "words": [(p, commands.STATES.get(p.command.state)) for p in posts],
    }
    return render(request, "sensing/roll.html", context)


@needs("sensing.view")
@require_GET
def league(request: HttpRequest) -> HttpResponse:
    """Who answers, how fast: by unit or by division."""
    actor = _actor(request)
    days = request.GET.get("days", "30")
    span = int(days) if days.isdecimal() and int(days) in SPANS else 30
    by = request.GET.get("by", "unit")
    by = by if by in WAYS_TO_GROUP else "unit"
    region = regions.resolve(request.GET.get("region", "")) or actor.home
    lines = roll_calls.league(actor, days=span, by=by, region=region)[:500]
    units = places.units_by_ids([UUID(line.key) for line in lines]) if by == "unit" else {}
    names = {str(key): unit for key, unit in units.items()}
    context = {
        "title": LEAGUE, "by": by, "days": span, "spans": SPANS, "groups": WAYS_TO_GROUP.items(),
        "lines": [(n, line, names.get(line.key)) for n, line in enumerate(lines, 1)],
    }  # fmt: skip
    return render(request, "sensing/roll_league.html", context)
