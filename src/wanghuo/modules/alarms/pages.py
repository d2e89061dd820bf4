"""Pages of alarms: the console with its rows and pane, the list, one alarm, its acts, and the hand-over."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import AppError, Reason, Text
from wanghuo.engines.alarm_logic import PRIORITIES, ROUTE_NAMES, Route
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.files import files_of
from wanghuo.kernel.notify import live
from wanghuo.kernel.ui.acts import Act, acts_for
from wanghuo.kernel.ui.forms import answer, write_once
from wanghuo.kernel.ui.pages import render, target
from wanghuo.modules.alarms import forms, selectors, services
from wanghuo.modules.alarms.acts import ACTS, LABELS
from wanghuo.modules.alarms.models import Alarm, AlarmNote, MaintenanceWindow, Shelf
from wanghuo.modules.alarms.policy import policy_at
from wanghuo.modules.alarms.states import (
    ALARM,
    CAUSES,
    CHANNELS,
    OPEN,
    SAID,
    WAITING,
    AlarmState,
    Channel,
    FalseCause,
    Said,
)
from wanghuo.modules.alarms.tables import ALARMS, MARKS
from wanghuo.modules.alarms.words import NAMES
from wanghuo.modules.sensing import public as sensing

OUR_WORDS = {words.zh: words for words in (*NAMES.values(), *CAUSES.values(), *CHANNELS.values())}
"""What services write into a note by themselves is kept in Chinese and shown in the reader's language."""

PANE, ACT = "console-pane", "console-act"
ROWS_SHOWN = 200
FOLD_FROM = 4  # so many of one kind and unit, of class 3 or 4, stand as one line


@needs("alarms.handle")
@require_GET
def console(request: HttpRequest) -> HttpResponse:
    """The operator's console."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    context = {
        "title": Text("值班台", "Alarm console"),
        "seq": live.last_seq(),
        "shift": selectors.shift_of(actor.id),
        **_rows(actor),
        "counts": _counts(actor),
    }
    return render(request, "alarms/console.html", context)


@needs("alarms.handle")
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The rows of the console, in their order."""
    return render(request, "alarms/_rows.html", _rows(request.actor))  # type: ignore[attr-defined]


def _rows(actor: Actor) -> dict[str, Any]:
    """What the console shows: the alarms before the operator, those the spot verifies first, and how loaded the seat is."""
    counts = selectors.kept_counts(actor, region=actor.home)
    now = timezone.now()
    policy, seats = policy_at(actor.home, now), selectors.seats_in(actor.home)
    lately = selectors.shown_lately(actor, region=actor.home)
    return {
        "lines": _lines(actor),
        "asked": [(a, NAMES[a.condition]) for a in selectors.asked(actor, region=actor.home)],
        "kept": sum(counts.values()),
        "lately": round(lately / seats),
        "flood": lately > policy.flood_starts * seats,
    }


def _lines(actor: Actor) -> list[dict[str, Any]]:
    """What stands, with classes 3 and 4 folded by unit and condition where there are many; 1 and 2 never are."""
    lines: list[dict[str, Any]] = []
    folded: dict[tuple[Any, ...], dict[str, Any]] = {}
    alarms = selectors.queue(actor, region=actor.home, limit=ROWS_SHOWN)
    crowded, below = _crowded(alarms), selectors.below(alarms)
    for alarm in alarms:
        key = (alarm.priority, alarm.unit_id, alarm.condition)
        if key in crowded and (first := folded.get(key)):
            first["more"] += 1 + below.get(alarm.pk, 0)
            continue
        line = {"alarm": alarm, "name": NAMES[alarm.condition], "more": below.get(alarm.pk, 0)}
        lines.append(line)
        folded[key] = line
    return lines


def _crowded(alarms: list[Alarm]) -> set[tuple[Any, ...]]:
    counts: dict[tuple[Any, ...], int] = {}
    for alarm in alarms:
        if alarm.priority > 2:
            key = (alarm.priority, alarm.unit_id, alarm.condition)
            counts[key] = counts.get(key, 0) + 1
    return {key for key, n in counts.items() if n >= FOLD_FROM}


def _counts(actor: Actor) -> list[tuple[int, Text, int]]:
    found = dict.fromkeys(PRIORITIES, 0)
    for alarm in selectors.queue(actor, region=actor.home, limit=10_000):
        found[alarm.priority] += 1
    return [(n, PRIORITIES[n], found[n]) for n in PRIORITIES]


@needs("alarms.view")
@require_GET
def pane(request: HttpRequest, ref: str) -> HttpResponse:
    """One alarm beside the rows: evidence, whom to call, what can be done."""
    return _pane(request, selectors.get_alarm(ref, actor=request.actor))  # type: ignore[attr-defined]


def _pane(request: HttpRequest, alarm: Alarm) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    card = sensing.device_card(alarm.device_id) if alarm.device_id else None
    context = {
        "alarm": alarm,
        "name": NAMES[alarm.condition],
        "priority": PRIORITIES[alarm.priority],
        "reasons": _reasons(alarm),
        "machine": ALARM,
        "mark": MARKS[AlarmState(alarm.state)],
        "card": card,
        "may_reveal": actor.can("people.reveal", alarm),
        "acts": [(act, ACTS[act.name]) for act in offered(alarm, actor)],
        "entries": _entries(alarm),
        "false_before": selectors.false_alarms(alarm, hours=24 * 30) if alarm.is_fire else None,
        **route_of(alarm),
    }
    response = render(request, "alarms/_pane.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = f"#{PANE}", "innerHTML"
    return response


def said_of(alarm: Alarm) -> list[dict[str, Any]]:
    """Who was asked about an alarm and what was said, oldest first."""
    return [
        {
            "channel": CHANNELS[Channel(row.channel)],
            "said": SAID[Said(row.said)] if row.said else None,
            "row": row,
            "cause": CAUSES[FalseCause(row.cause)] if row.cause else None,
            "late": row.passed_on_at is not None and row.said_at is None,
        }
        for row in alarm.testimonies.order_by("id")
    ]


def route_of(alarm: Alarm) -> dict[str, Any]:
    """Where the alarm logic put it, and why."""
    return {
        "route": ROUTE_NAMES[Route[alarm.route.upper()]],
        "route_reasons": [Reason(code, Text(zh, en), {}, source) for code, zh, en, source in alarm.route_reasons],
        "said": said_of(alarm),
        "below": selectors.below([alarm]).get(alarm.pk, 0),
    }


def _reasons(alarm: Alarm) -> list[Reason]:
    return [Reason(code, Text(zh, en), {}, source) for code, zh, en, source in alarm.reasons]


def offered(alarm: Alarm, actor: Actor) -> list[Act]:
    """The acts possible now: from the state table without what does not fit the kind, and those beside the table."""
    hidden = {"deny"} | ({"restore"} if alarm.is_fire else {"confirm", "false"})
    found = acts_for(ALARM, alarm.state, actor=actor, row=alarm, url=alarm.url, hidden=frozenset(hidden))
    possible = [act for act in found if act.allowed]
    if not actor.can("alarms.handle", alarm):
        return possible
    beside = [name for name in ("call", "note", "escalate") if alarm.state in OPEN]
    if alarm.state in WAITING:
        beside += ["release"] if alarm.is_kept else []
        beside += ["hear"] if alarm.is_fire else []
        beside += ["shelve"] if alarm.priority > 2 and alarm.device_id and alarm.route != "hold" else []
    if alarm.state in (AlarmState.FALSE, AlarmState.FAULT) and not alarm.hazard_ref:
        beside.append("hazard")
    return [*possible, *(Act(name, LABELS[name], f"{alarm.url}/acts/{name}") for name in beside)]


def _entries(alarm: Alarm) -> list[dict[str, Any]]:
    return [_entry(note) for note in alarm.notes.order_by("-id")[:100]]


def _entry(note: AlarmNote) -> dict[str, Any]:
    return {
        "at": note.at,
        "who": note.by_name if note.by_kind == "person" else Text("望火", "Wanghuo"),
        "what": LABELS.get(note.act) or ALARM.label(note.act),
        "by": note.by_kind,
        "note": OUR_WORDS.get(note.text, note.text),
    }


@needs("alarms.view")
@require_GET
def alarms(request: HttpRequest) -> HttpResponse:
    """Every alarm, past ones too."""
    return ALARMS.respond(request, selectors.visible(request.actor))  # type: ignore[attr-defined,return-value]


@needs("alarms.view")
@require_GET
def of_unit(request: HttpRequest, ref: str) -> HttpResponse:
    """The newest alarms of a unit, as a panel of its page."""
    rows = selectors.visible(request.actor).filter(unit__ref=ref).order_by("-id")[:8]  # type: ignore[attr-defined]
    return render(request, "alarms/of_unit.html", {"rows": rows, "ref": ref, "title": Text("报警", "Alarms")})


@needs("alarms.view")
@require_GET
def alarm(request: HttpRequest, ref: str) -> HttpResponse:
    """One alarm as a page of its own."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = selectors.get_alarm(ref, actor=actor)
    context = {
        "alarm": row,
        "title": Text(row.place, row.place),
        "name": NAMES[row.condition],
        "priority": PRIORITIES[row.priority],
        "machine": ALARM,
        "mark": MARKS[AlarmState(row.state)],
        "cause": CAUSES[FalseCause(row.cause)] if row.cause else None,
        "reasons": _reasons(row),
        "card": sensing.device_card(row.device_id) if row.device_id else None,
        "acts": offered(row, actor),
        "entries": _entries(row),
        "photos": files_of("alarm", row.id, actor),
        "may_answer": row.state in WAITING and actor.can("alarms.answer", row),
        "may_announce": actor.can("alarms.handle", row),
        **route_of(row),
    }
    return render(request, "alarms/alarm.html", context)


@needs("alarms.handle")
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, ref: str, name: str) -> HttpResponse:
    """One act: its form, and its doing; on the console the pane comes back, elsewhere the alarm's page."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = selectors.get_alarm(ref, actor=actor)
    known = ACTS.get(name)
    if known is None:
        raise Http404
    if target(request) in (PANE, ACT):
        return _on_console(request, row, name)
    label = LABELS.get(name) or ALARM.label(name)
    return answer(
        request,
        known.form,
        save=lambda data: known.save(ref, data, actor),
        then=row.url,
        title=label,
        submit=label,
        after=known.after,
    )


def _on_console(request: HttpRequest, row: Alarm, name: str) -> HttpResponse:
    """The same on the console: the form opens inside the pane, and the pane is drawn anew once it is done."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    known = ACTS[name]
    form = known.form(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                write_once(request, form, lambda data: known.save(row.ref, data, actor), row.url)
                return _pane(request, selectors.get_alarm(row.ref, actor=actor))
            except AppError as error:
                if error.status not in (409, 422):
                    raise
                form.refuse(error)
                status = error.status
    label = LABELS.get(name) or ALARM.label(name)
    context = {"form": form, "alarm": row, "label": label, "after": known.after, "action": f"{row.url}/acts/{name}"}
    return render(request, "alarms/_act.html", {**context, "numbered": "cause" in form.fields}, status=status)


@needs("alarms.answer")
@require_http_methods(["GET", "POST"])
def answer_alarm(request: HttpRequest, ref: str) -> HttpResponse:
    """What the unit or the grid worker found on the spot: a page for a phone in one hand."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = selectors.get_alarm(ref, actor=actor)
    actor.require("alarms.answer", row)

    def save(data: dict[str, Any]) -> object:
        return services.answer(ref, **{**data, "said": Said(data["said"])}, actor=actor)

    return answer(
        request,
        forms.AnswerForm,
        save=save,
        then=row.url,
        title=Text("现场核实", "What you found on the spot"),
        submit=Text("提交核实结果", "Send what I found"),
        after=Text("见到明火或浓烟先拨 119", "call 119 first where you see flames or dense smoke"),
        template="alarms/answer.html",
        context={"alarm": row, "name": NAMES[row.condition], "said": said_of(row), "open": row.state in WAITING},
    )


@needs("alarms.handle")
@require_http_methods(["GET", "POST"])
def seat(request: HttpRequest) -> HttpResponse:
    """Take a seat: what is urgent is opened first, the tone is heard, the notes of the last shift are read."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    urgent = [a for a in selectors.queue(actor, region=actor.home) if a.priority <= 2]
    wanted = request.GET.get("seat") or request.POST.get("seat", "")
    context = {
        "urgent": [(a, NAMES[a.condition]) for a in urgent],
        "last": services.last_note(actor.home, wanted) if wanted else None,
    }

    def save(data: dict[str, Any]) -> object:
        refs = [ref for ref in str(data.pop("read", "")).split(",") if ref]
        return services.start_shift(read_refs=refs, actor=actor, **data)

    return answer(
        request,
        forms.TakeSeatForm,
        save=save,
        then="/alarms/console",
        title=Text("接班", "Take a seat"),
        submit=Text("接班", "Take the seat"),
        initial={"seat": wanted},
        template="alarms/seat.html",
        context=context,
    )


@needs("alarms.handle")
@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest) -> HttpResponse:
    """Hand the seat over, with what stands open and a note for the next shift."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return answer(
        request,
        forms.HandOverForm,
        save=lambda data: services.end_shift(actor=actor, **data),
        then="/alarms/console",
        title=Text("交班", "Hand over"),
        submit=Text("交班", "Hand over"),
        template="alarms/hand_over.html",
        context={
            "shift": selectors.shift_of(actor.id),
            "lines": _lines(actor),
            "shelves": Shelf.objects.visible_to(actor).in_region(actor.home).filter(ended_at=None).order_by("until"),
            "windows": MaintenanceWindow.objects.visible_to(actor).in_region(actor.home).filter(ended_at=None),
        },
    )
