"""Pages of hazards: the list, one hazard, its acts, listings, and what the public reads."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import AppError, Invalid, Text
from wanghuo.base.time import local_day
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs, public_page
from wanghuo.kernel.files import files_of
from wanghuo.kernel.loops.clocks import clocks_of
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.rulebook import rule
from wanghuo.kernel.ui.acts import Act, acts_for
from wanghuo.kernel.ui.components import region_name
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.hazards import forms, rules, selectors, services
from wanghuo.modules.hazards.acts import ACTS, LABELS
from wanghuo.modules.hazards.models import Hazard, Listing, Step
from wanghuo.modules.hazards.services.evidence import LABELS as PHOTO_LABELS
from wanghuo.modules.hazards.services.evidence import Label
from wanghuo.modules.hazards.states import HAZARD, LISTING, ListingState
from wanghuo.modules.hazards.tables import HAZARDS, LISTINGS, MARKS
from wanghuo.modules.hazards.words import BASES, CHANNELS, GRADES, LEVELS, NOTICES, SERVICES, Channel, Urgency
from wanghuo.modules.places import public as places

CHANNEL_OF = {
    "grid_worker": Channel.GRID,
    "unit_manager": Channel.UNIT,
    "inspector": Channel.FIRE,
    "brigade_leader": Channel.FIRE,
}
OUTCOMES = {
    "running": Text("在走", "running"),
    "met": Text("按时", "met"),
    "late": Text("逾期", "late"),
    "void": Text("作废", "void"),
}


@needs("hazards.view")
@require_GET
def hazards(request: HttpRequest) -> HttpResponse:
    """The one book of hazards."""
    return HAZARDS.respond(request, selectors.visible(request.actor).select_related("unit"))  # type: ignore[attr-defined,return-value]


@needs("hazards.report")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Report a hazard, also from a phone."""
    actor: Actor = request.actor  # type: ignore[attr-defined]

    def save(data: dict[str, Any]) -> Hazard:
        photos = forms.as_photos(data.pop("photos"), Label.BEFORE)
        unit, region = data.pop("unit"), data.pop("region")
        data |= {"channel": Channel(data["channel"]), "urgency": Urgency(data["urgency"])}
        return services.report_hazard(**data, **_whereabouts(unit, region, actor), photos=photos, actor=actor)

    initial = {"unit": request.GET.get("unit", ""), "place": request.GET.get("place", ""), **_known_of(actor)}
    return answer(
        request,
        forms.ReportForm,
        save=save,
        then=lambda hazard: hazard.url,
        title=Text("上报隐患", "Report a hazard"),
        submit=Text("保存并提交", "Submit"),
        after=Text("提交后通知核实单位并起算时限", "whoever verifies is told and the clock starts"),
        initial=initial,
    )


def _known_of(actor: Actor) -> dict[str, str]:
    """What a reporter's role tells without being asked: the township or grid, and by which channel."""
    roles = {grant.role for grant in actor.with_right("hazards.report")}
    found = next((str(channel) for role, channel in CHANNEL_OF.items() if role in roles), "") if len(roles) == 1 else ""
    return {"region": region_name(actor.home) if len(actor.home) >= len("445281102") else "", "channel": found}


def _whereabouts(unit: str, region: str, actor: Actor) -> dict[str, Any]:
    """The unit or region that was typed, as keys. Raises Invalid when it is not one of the actor's or not clear."""
    if unit.strip():
        found = places.find(actor, unit.strip(), limit=2)
        exact = [u for u in found if unit.strip() in (u.ref, u.name, u.uscc)]
        if len(exact or found) != 1:
            words = Text("没有找到唯一的单位“{unit}”，请填编号。", "No single unit “{unit}”; give its reference.")
            raise Invalid(words, field="unit", unit=unit)
        return {"unit_id": (exact or found)[0].id}
    if region.strip():
        code = regions.resolve(region.strip())
        if code is None:
            raise Invalid(Text("没有区划“{region}”。", "No region “{region}”."), field="region", region=region)
        return {"region_code": code}
    return {"region_code": actor.home if len(actor.home) >= 9 else ""}


@needs("hazards.view")
@require_GET
def of_unit(request: HttpRequest, ref: str) -> HttpResponse:
    """The newest hazards of a unit, as a panel of its page."""
    rows = selectors.visible(request.actor).filter(unit__ref=ref).order_by("-id")[:8]  # type: ignore[attr-defined]
    return render(request, "hazards/of_unit.html", {"rows": rows, "ref": ref, "title": Text("隐患", "Hazards")})


@needs("hazards.view")
@require_GET
def hazard(request: HttpRequest, ref: str) -> HttpResponse:
    """One hazard: where it stands, what comes next, and everything that happened."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = selectors.get_hazard(ref, actor=actor)
    context = {
        "hazard": row,
        "title": Text(row.place, row.place),
        "machine": HAZARD,
        "mark": MARKS.get(row.state, ""),  # type: ignore[call-overload]
        "acts": offered(row, actor),
        "entries": _entries(row),
        "files": [(f, PHOTO_LABELS.get(f.label, Text(f.label, f.label))) for f in files_of("hazard", row.id, actor)],  # type: ignore[call-overload]
        "notices": [(n, NOTICES[n.kind], SERVICES[n.service]) for n in row.notices.order_by("-issued_at")],  # type: ignore[index]
        "findings": [(f, CHANNELS[f.channel]) for f in row.findings.order_by("found_at")],  # type: ignore[index]
        "alike": selectors.alike(row, actor=actor) if row.is_open else [],
        "listings": [(listing, LEVELS[listing.level]) for listing in row.listings.all()],  # type: ignore[index]
        "basis": BASES[row.basis],
        "grade": GRADES[row.grade],  # type: ignore[index]
        "channel": CHANNELS[row.channel],  # type: ignore[index]
        "why_url": f"{row.url}/why",
        "may_write": actor.can("accountability.letter", row),
    }
    return render(request, "hazards/hazard.html", context)


def offered(row: Hazard, actor: Actor) -> list[Act]:
    """The acts for this person: from the state table, with the guards that speak, and those beside the table."""
    refusals = {}
    if row.submitted_by is not None and row.submitted_by == actor.id:
        refusals = dict.fromkeys(("pass", "part", "fail"), rules.FixerMayNotClose.text)
    found = acts_for(HAZARD, row.state, actor=actor, row=row, url=row.url, refusals=refusals)
    beside = (
        ("list", "hazards.list", row.is_open and not row.listed),
        ("publish", "hazards.publish", not row.published),
        ("withdraw", "hazards.publish", row.published),
        ("evidence", "hazards.report", row.is_open),
    )
    extra = [
        Act(name, LABELS[name], f"{row.url}/acts/{name}")
        for name, right, now in beside
        if now and actor.can(right, row)
    ]
    possible = [act for act in found if act.allowed]
    return [*possible, *extra, *(act for act in found if not act.allowed)]


def _entries(row: Hazard) -> list[dict[str, Any]]:
    return [
        {
            "at": step.at,
            "who": step.by_name if step.by_kind == "person" else Text("望火", "Wanghuo"),
            "what": LABELS.get(step.move) or _clock_words(step.move) or HAZARD.label(step.move),
            "by": step.by_kind,
            "note": _note(step),
        }
        for step in row.steps.order_by("-id")[:100]
    ]


def _note(step: Step) -> Text | str:
    """What was written; of a clock that ran out, which rule it was."""
    if not step.move.startswith("clock_"):
        return str(step.note)
    try:
        return rule(step.note, region=step.hazard.region_code, on=local_day(step.at)).title
    except AppError:
        return str(step.note)


def _clock_words(move: str) -> Text | None:
    if not move.startswith("clock_"):
        return None
    return Text("时限已到，级灯升级", "the deadline passed; the ladder moved up")


@needs("hazards.view")
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, ref: str, name: str) -> HttpResponse:
    """The form of one act, and its doing."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = selectors.get_hazard(ref, actor=actor)
    form = ACTS.get(name)
    if form is None:
        raise Http404
    if request.method == "GET":
        _check_possible(row, name, actor)
    label = LABELS.get(name) or HAZARD.label(name)
    return answer(
        request,
        form.form,
        save=lambda data: form.save(ref, data, actor),
        then=row.url,
        title=label,
        submit=label,
        after=form.after,
        initial=form.initial(row) if form.initial else None,
    )


def _check_possible(row: Hazard, name: str, actor: Actor) -> None:
    """Refuse to show a form that could not be sent: the state table and the right say so first."""
    moves = [m for m in HAZARD.moves if m.name == name]
    for move in moves[:1]:
        actor.require(move.right, row)
        HAZARD.move(row.state, name)


@needs("hazards.view")
@require_GET
def why(request: HttpRequest, ref: str) -> HttpResponse:
    """Why this clock: the rule, its source and its mark."""
    row = selectors.get_hazard(ref, actor=request.actor)  # type: ignore[attr-defined]
    clocks = [
        (clock, rule(clock.rule, region=row.region_code, on=local_day(clock.start_at)), OUTCOMES[clock.outcome])
        for clock in clocks_of("hazard", row.id)
    ]
    context = {"hazard": row, "verdict": rules.verify_rule(row.channel, row.urgency), "clocks": clocks}
    return render(request, "hazards/why.html", {**context, "title": Text("为什么", "Why")})


@needs("hazards.view")
@require_GET
def listings(request: HttpRequest) -> HttpResponse:
    """Hazards on a government's list."""
    rows = Listing.objects.visible_to(request.actor).select_related("hazard")  # type: ignore[attr-defined]
    return LISTINGS.respond(request, rows)  # type: ignore[return-value]


@needs("hazards.view")
@require_GET
def listing(request: HttpRequest, ref: str) -> HttpResponse:
    """One listing."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = selectors.get_listing(ref, actor=actor)
    context = {
        "listing": row,
        "title": Text(row.hazard.place, row.hazard.place),
        "machine": LISTING,
        "level": LEVELS[row.level],  # type: ignore[index]
        "acts": acts_for(LISTING, row.state, actor=actor, row=row, url=f"/listings/{row.ref}"),
        "shown": row.state == ListingState.LISTED,
    }
    return render(request, "hazards/listing.html", context)


@needs("hazards.list")
@require_http_methods(["GET", "POST"])
def delist(request: HttpRequest, ref: str) -> HttpResponse:
    """Take a hazard off the list."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = selectors.get_listing(ref, actor=actor)
    return answer(
        request,
        forms.NoteForm,
        save=lambda data: services.delist(ref, actor=actor, **data),
        then=f"/listings/{row.ref}",
        title=LISTING.label("delist"),
        submit=LISTING.label("delist"),
    )


@public_page
@require_GET
def disclosed(request: HttpRequest) -> HttpResponse:
    """What the public may read: unit, place, what is wrong, grade and progress, until a day; no person's name."""
    region = request.GET.get("region", "")
    code = regions.resolve(region) if region else None
    rows = selectors.disclosed()
    if code:
        rows = rows.filter(region_code__startswith=code) if code != "0" else rows
    shown = [(row, GRADES[row.grade], HAZARD.name(row.hazard.state)) for row in rows.select_related("hazard")[:100]]  # type: ignore[index]
    context = {
        "title": Text("火灾隐患公示", "Published fire hazards"),
        "rows": shown,
        "region": region,
        "unknown": bool(region) and code is None,
        "today": timezone.localdate(),
    }
    return render(request, "hazards/public.html", context)
