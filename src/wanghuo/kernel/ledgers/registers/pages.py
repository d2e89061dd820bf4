"""Pages of registers: the gallery, one register's list, its lines with their acts, its map, what the public reads."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.base.text import listing
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs, public_page
from wanghuo.kernel.files import files_of
from wanghuo.kernel.ledgers.models import Register, RegisterRow
from wanghuo.kernel.ledgers.registers import (
    counting,
    defining,
    forms,
    gallery,
    publishing,
    rows,
    schema,
    selecting,
    tables,
)
from wanghuo.kernel.ledgers.registers import indicators as measured
from wanghuo.kernel.ledgers.registers import values as cells
from wanghuo.kernel.ledgers.registers.presets import TOPICS, presets
from wanghuo.kernel.ledgers.registers.schema import Definition
from wanghuo.kernel.ledgers.states import REGISTER, ROW, RegisterState
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.ui.acts import acts_for
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.language import say
from wanghuo.kernel.ui.pages import go, render

VIEW, EDIT, CONFIRM, DEFINE = selecting.VIEW, selecting.EDIT, selecting.CONFIRM, selecting.DEFINE
MOST_POINTS = 2000
MOVES = {
    "add": Text("登记", "entered"),
    "import": Text("导入", "imported"),
    "change": Text("修改", "changed"),
    "evidence": Text("补充附件", "files added"),
    "confirm": Text("核对", "confirmed"),
    "retire": Text("注销", "retired"),
    "restore": Text("恢复", "restored"),
}


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _book(request: HttpRequest, code: str) -> tuple[Register, Definition]:
    book = selecting.get_register(code, _actor(request))
    return book, selecting.definition_of(book)


@needs(VIEW)
@require_GET
def front(request: HttpRequest) -> HttpResponse:
    """Registers in use with what is overdue and unconfirmed, and the presets by topic."""
    actor = _actor(request)
    found = gallery.cards(actor)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:60]
    context = {
        "title": Text("台账", "Registers"),
        "words": words,
        "cards": [card for card in found if gallery.is_about(card.definition, words)],
        "shelves": gallery.offered(found, words),
        "may_define": actor.can(DEFINE),
        "states": REGISTER,
    }
    return render(request, "ledgers/gallery.html", context)


@needs(VIEW)
@require_GET
def about(request: HttpRequest, code: str) -> HttpResponse:
    """What a register or preset consists of: its fields, deadline, measures, and where it comes from."""
    actor = _actor(request)
    book = Register.objects.visible_to(actor).filter(code=code).first()
    preset = presets().get(code)
    if book is None and preset is None:
        raise NotFound(what=REGISTER.what, ref=code)
    definition = selecting.definition_of(book) if book else preset.definition  # type: ignore[union-attr]
    measures = [(m, counting.code_of(code, m.key), measured.formula_words(m, definition)) for m in definition.measures]
    context = {
        "title": definition.title,
        "definition": definition,
        "elsewhere": preset.page if preset else None,
        "book": book,
        "code": code,
        "version": book.version if book else preset.version,  # type: ignore[union-attr]
        "fields": [
            (f, schema.KINDS[f.kind], schema.LEVELS[f.fill], listing(list(f.choices.values())) if f.choices else None)
            for f in definition.fields
        ],
        "measures": measures,
        "topic": TOPICS.get(definition.topic, TOPICS["other"]),
        "confirm": schema.CONFIRM[definition.confirm],
        "fill": schema.LEVELS[definition.fill],
        "checker": schema.LEVELS[definition.checker],
        "may_define": actor.can(DEFINE),
        "may_change": book is not None and actor.can(DEFINE, book),
        "is_used": book is not None and book.uses.filter(region_code=actor.home).exists(),
        "home": actor.home,
        "state": book.state if book else "",
        "states": REGISTER,
    }
    return render(request, "ledgers/about.html", context)


@needs(DEFINE)
@require_POST
def use(request: HttpRequest, code: str) -> HttpResponse:
    """Keep a register in one's region from now on."""
    actor = _actor(request)
    return go(request, defining.use_register(code=code, region=actor.home, actor=actor).url)


@needs(VIEW)
@require_GET
def register(request: HttpRequest, code: str) -> HttpResponse:
    """The list of one register."""
    book = Register.objects.visible_to(_actor(request)).filter(code=code).first()
    if book is None and code in presets():  # nobody uses it yet: what it would be
        return go(request, f"/ledgers/{code}/about")
    book, definition = _book(request, code)
    if book.state == RegisterState.SETUP:
        return go(request, f"{book.url}/setup")
    listed = selecting.rows_of(book, _actor(request))
    whole = "export" in request.GET
    return tables.list_page(book, definition, whole=whole).respond(
        request, listed, {"book": book, "definition": definition}
    )  # type: ignore[return-value]


# --- lines ---------------------------------------------------------------------------------------------------------


@needs(EDIT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, code: str) -> HttpResponse:
    """Enter a line."""
    actor = _actor(request)
    book, definition = _book(request, code)
    rows.usable(book)

    def save(data: dict[str, Any]) -> RegisterRow:
        given, files = forms.given_values(definition, data)
        region = _region(data, actor)
        return rows.add_row(
            register=code, values=given, region=region, lng=data.get(forms.LNG), lat=data.get(forms.LAT), files=files,
            actor=actor,
        )  # fmt: skip

    return answer(
        request,
        forms.row_form(definition, actor, region=actor.home),
        save=save,
        then=lambda row: row.url,
        title=Text("登记：{title}", "Enter a line: {title}").filled({"title": definition.title}),
        template="ledgers/row_form.html",
        context={"book": book, "definition": definition},
        form_kwargs={"prefix": forms.PREFIX},
    )


def _region(data: dict[str, Any], actor: Actor) -> str:
    """The region typed, as its code. Raises Invalid when there is none of that name."""
    typed = (data.get(forms.REGION) or "").strip()
    if not typed:
        return ""
    code = regions.resolve(typed, within=actor.home) or regions.resolve(typed)
    if code is None:
        raise Invalid(Text("没有区划“{region}”。", "There is no region “{region}”."), field="region", region=typed)
    return code


@needs(VIEW)
@require_GET
def row(request: HttpRequest, code: str, ref: str) -> HttpResponse:
    """One line: its values, files, deadline, confirmation, and everything that was done to it."""
    actor = _actor(request)
    found = selecting.get_row(code, ref, actor)
    definition = selecting.definition_of(found.register)
    lapsed = selecting.is_unconfirmed(found, definition)
    hidden = frozenset() if definition.confirm else frozenset({"confirm"})
    context = {
        "title": Text(found.name or found.ref, found.name or found.ref),
        "row": found,
        "book": found.register,
        "definition": definition,
        "facts": _facts(found, definition),
        "earlier": _earlier(found, definition),
        "machine": ROW,
        "acts": acts_for(ROW, found.state, actor=actor, row=found, url=found.url, hidden=hidden),
        "lapsed": lapsed,
        "files": list(files_of(selecting.SUBJECT_KIND, found.id, actor)),
        "labels": {f.key: f.label for f in definition.stored} | {"evidence": Text("佐证", "evidence")},
        "entries": _entries(found, definition),
    }
    return render(request, "ledgers/row.html", context)


def _facts(found: RegisterRow, definition: Definition) -> list[dict[str, Any]]:
    facts = []
    for field in definition.fields:
        if field.kind == "file":
            continue
        value = cells.value_of(field, definition, found.values)
        url = value.get("url", "") if isinstance(value, dict) else ""
        facts.append({"field": field, "words": cells.words(field, value), "url": url, "long": field.kind == "long"})
    return facts


def _earlier(found: RegisterRow, definition: Definition) -> list[tuple[Text, Text]]:
    """Values of fields that the register no longer has, under their names of then."""
    known = {k for f in definition.fields for k in (f.key, *f.was)}
    gone = [k for k in found.values if k not in known]
    if not gone:
        return []
    names: dict[str, Any] = {}
    for version in found.register.versions.order_by("number"):
        names |= {f.key: f for f in schema.read(version.definition).stored}
    return [(names[k].label, cells.words(names[k], found.values[k])) for k in gone if k in names]


def _entries(found: RegisterRow, definition: Definition) -> list[dict[str, Any]]:
    known = {f.key: f for f in definition.stored}
    entries = []
    for change in found.changes.order_by("-id")[:100]:
        told = [_change(known[key], pair) for key, pair in change.changes.items() if key in known]
        shown = told if change.move == "change" else []
        note = Text("；".join(t.zh for t in shown), "; ".join(t.en for t in shown))
        if change.note:
            note = Text(*(f"{n} {change.note}".strip() for n in (note.zh, note.en)))
        entries.append(
            {
                "at": change.at,
                "who": change.by_name if change.by else Text("望火", "Wanghuo"),
                "what": MOVES[change.move],
                "by": "person" if change.by else "machine",
                "note": note,
            }
        )
    return entries


def _change(field: schema.Field, pair: list[Any]) -> Text:
    before, after = (cells.words(field, v) for v in pair)
    dash = Text("—", "—")
    known = {"label": field.label, "old": before if before.zh else dash, "new": after if after.zh else dash}
    return Text("{label}：{old} → {new}", "{label}: {old} → {new}").filled(known)


@needs(VIEW)
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, code: str, ref: str, name: str) -> HttpResponse:
    """The form of one act on a line, and its doing."""
    actor = _actor(request)
    found = selecting.get_row(code, ref, actor)
    if not any(move.name == name for move in ROW.moves):
        raise Http404
    actor.require(next(m.right for m in ROW.moves if m.name == name), found)
    if request.method == "GET":
        ROW.move(found.state, name)
    if name == "change":
        return _change_page(request, found, actor)
    known: dict[str, Any] = {"register": code, "ref": ref, "actor": actor}
    service: dict[str, tuple[Any, Any]] = {
        "confirm": (forms.NoteForm, partial(rows.confirm_row, **known)),
        "retire": (forms.ReasonForm, partial(rows.retire_row, **known)),
        "restore": (forms.ReasonForm, partial(rows.restore_row, **known)),
        "evidence": (forms.EvidenceForm, partial(rows.add_evidence, **known)),
    }
    form, do = service[name]
    label = ROW.label(name)
    return answer(request, form, save=lambda data: do(**data), then=found.url, title=label, submit=label)


def _change_page(request: HttpRequest, found: RegisterRow, actor: Actor) -> HttpResponse:
    definition = rows.usable(found.register)

    def save(data: dict[str, Any]) -> RegisterRow:
        given, files = forms.given_values(definition, data, found)
        return rows.change_row(
            register=found.register.code, ref=found.ref, values=given, region=_region(data, actor), files=files,
            lng=data.get(forms.LNG), lat=data.get(forms.LAT), note=data.get(forms.NOTE, ""), actor=actor,
            seen_at=_seen(data.get(forms.SEEN, "")),
        )  # fmt: skip

    return answer(
        request,
        forms.row_form(definition, actor, region=found.region_code, row=found),
        save=save,
        then=found.url,
        title=Text("修改：{name}", "Edit: {name}").filled({"name": found.name or found.ref}),
        initial=forms.initial_of(definition, found),
        after=Text("修改后须重新核对", "it must then be confirmed again") if definition.confirm else None,
        template="ledgers/row_form.html",
        context={"book": found.register, "definition": definition},
        form_kwargs={"prefix": forms.PREFIX},
    )


def _seen(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@needs(CONFIRM)
@require_POST
def confirm(request: HttpRequest, code: str) -> HttpResponse:
    """Confirm the selected lines."""
    actor = _actor(request)
    book, definition = _book(request, code)
    done, refused = rows.confirm_rows(register=code, refs=request.POST.getlist("ref"), actor=actor)
    context = {
        "title": Text("核对结果", "Confirmed"),
        "book": book,
        "definition": definition,
        "done": done,
        "refused": refused.items(),
    }
    return render(request, "ledgers/confirmed.html", context)


# --- map -----------------------------------------------------------------------------------------------------------


@needs(VIEW)
@require_GET
def chart(request: HttpRequest, code: str) -> HttpResponse:
    """The lines that have a place, on a map."""
    book, definition = _book(request, code)
    actor = _actor(request)
    context = {
        "title": definition.title,
        "book": book,
        "region": actor.home,
        "outline": actor.home[:6],
        "layers": [{"kind": "unit", "label": say(definition.title), "on": True}],
    }
    return render(request, "ledgers/map.html", context)


@needs(VIEW)
@require_GET
def points(request: HttpRequest, code: str) -> HttpResponse:
    """GeoJSON of the lines in view; those overdue stand out. At most MOST_POINTS."""
    book, definition = _book(request, code)
    found = selecting.rows_of(book, _actor(request)).filter(selecting.standing(), lng__isnull=False, lat__isnull=False)
    box = _box(request.GET.get("bbox", ""))
    if box:
        found = found.filter(lng__range=(box[0], box[2]), lat__range=(box[1], box[3]))
    late = set(found.filter(selecting.overdue()).values_list("pk", flat=True)) if definition.met else set()
    shown = found.order_by("-id").values_list("pk", "ref", "name", "lng", "lat")[:MOST_POINTS]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lng, lat]},
            "properties": {
                "kind": "unit",
                "count": 1,
                "level": 3 if key in late else 0,
                "label": name or ref,
                "url": f"{book.url}/rows/{ref}",
            },
        }
        for key, ref, name, lng, lat in shown
    ]
    response = JsonResponse(
        {"type": "FeatureCollection", "features": features}, json_dumps_params={"ensure_ascii": False}
    )
    response["Cache-Control"] = "private, no-store"
    return response


def _box(text: str) -> tuple[float, float, float, float] | None:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        return None
    return west, south, east, north


# --- the public ----------------------------------------------------------------------------------------------------


@public_page
@require_GET
def public(request: HttpRequest, code: str) -> HttpResponse:
    """What a register shows to everyone: its public fields, of lines that stand and, where they are confirmed, are."""
    definition, listed = publishing.published(code)
    return publishing.public_list(definition).respond(request, listed)  # type: ignore[return-value]
