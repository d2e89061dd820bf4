"""The region picker, outlines for maps, and the page on which divisions are kept."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase, HttpResponseNotModified
from django.utils.http import parse_etags
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import NotFound, Text
from wanghuo.base.text import listing
from wanghuo.kernel.access.actor import Actor, regions_with
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.regions import codes, outlines, service
from wanghuo.kernel.regions.models import Region
from wanghuo.kernel.ui.forms import Form, answer
from wanghuo.kernel.ui.language import say
from wanghuo.kernel.ui.lists import Choice, Column, Empty, Flag, Link, ListPage, Words
from wanghuo.kernel.ui.pages import render, wants_json

EDIT = "regions.edit"
SHOWN = 40
A_DAY_S = 86_400
LEVELS = {
    "country": Text("全国", "country"),
    "province": Text("省级", "province"),
    "city": Text("地级", "city"),
    "county": Text("县级", "county"),
    "town": Text("乡级", "township"),
    "village": Text("村级", "village"),
    "grid": Text("网格", "grid"),
}


@needs()
@require_GET
def options(request: HttpRequest) -> HttpResponse:
    """What the picker offers: without words the divisions below `under`, with words those found by name, pinyin or code.

    Only the actor's own tree is offered. JSON `{"options": [{"code", "name", "path", "level"}]}`, else a fragment of list items.
    """
    own = regions_with(request.actor.grants)  # type: ignore[attr-defined]
    words = request.GET.get("q", "").replace("\x00", "").strip()[:60]
    found = service.find(words, within=own, limit=SHOWN) if words and own else _below(request, own)
    offered = [_option(region) for region in found]
    if wants_json(request):
        return JsonResponse({"options": offered}, json_dumps_params={"ensure_ascii": False})
    return render(request, "regions/_options.html", {"options": offered})


def _below(request: HttpRequest, own: tuple[str, ...]) -> list[Region]:
    """The divisions below `under` that lie in the own tree; from above it, the tops of the own tree."""
    under = _code(request.GET.get("under", "")) or (own[0] if own else "")
    if not any(codes.contains(top, under) for top in own):
        return list(Region.objects.in_force().filter(code__in=own))
    found: list[Region] = []
    for region in service.children(under):
        found += service.children(region.code) if region.placeholder else [region]
    return found


def _option(region: Region) -> dict[str, str]:
    name = say(Text(region.name, region.name_en or region.name))
    upper = codes.parent(region.code)
    path = say(service.full_text(upper)) if upper and upper != codes.COUNTRY else ""
    return {"code": region.code, "name": name, "path": path or codes.written(region.code), "level": region.level}


@needs()
@require_GET
def boundaries(request: HttpRequest, code: str) -> HttpResponseBase:
    """The outlines below a division as GeoJSON. They are public knowledge, but the browser keeps them to itself for a day."""
    kept = _code(code)
    if not kept or not Region.objects.filter(code=kept).exists():
        raise NotFound(what=service.WHAT, ref=code)
    body, etag = outlines.encoded(kept)
    headers = {"ETag": etag, "Cache-Control": f"private, max-age={A_DAY_S}"}
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(body, content_type="application/geo+json", headers=headers)


def _code(text: str) -> str:
    try:
        return codes.normalise(text) if text else ""
    except ValueError:
        return text if text.isdigit() and len(text) in codes.WIDTHS else ""


def _found(words: str) -> Q:
    return (
        Q(name__icontains=words)
        | Q(pinyin__startswith=words.lower())
        | Q(initials=words.lower())
        | Q(code__startswith=words)
    )


def _notes(region: Region) -> Text | None:
    """What is particular about a row: made-up point, only a level filler, ended."""
    notes = []
    if region.valid_to:
        notes.append(
            Text(
                f"止于 {region.valid_to}，现为 {region.replaced_by}",
                f"ended {region.valid_to}, now {region.replaced_by}",
            )
        )
    if region.placeholder:
        notes.append(Text("仅占位", "fills a level only"))
    if region.made_up:
        notes.append(Text("位置为示意", "location made up"))
    return listing(notes) if notes else None


REGIONS = ListPage(
    title=Text("行政区划", "Divisions"),
    what=Text("区划", "divisions"),
    columns=(
        Column("code", Text("代码", "Code"), value=lambda r: codes.written(r.code), kind="ref", sort="code"),
        Column("name", Text("名称", "Name")),
        Column("name_en", Text("英文名", "English name"), wide=True),
        Column("level", Text("级别", "Level"), value=lambda r: LEVELS[r.level]),
        Column("population", Text("人口", "Population"), kind="number", wide=True),
        Column("source", Text("来源", "Source"), wide=True),
        Column("notes", Text("说明", "Notes"), value=_notes),
    ),
    row_url="/admin/regions?under={0.code}",
    filters=(
        Words("q", Text("查找", "Find"), where=_found),
        Choice("level", Text("级别", "Level"), choices=LEVELS),
        Flag("made_up", Text("位置为示意", "Location made up"), where=lambda: Q(made_up=True)),
        Flag("ended", Text("已撤并", "Ended"), where=lambda: Q(valid_to__isnull=False)),
    ),
    sort="code",
    regional=False,
    code="regions:region",
    links=(
        Link(Text("变更代码", "Renumber"), "/admin/regions/renumber", right=EDIT),
        Link(Text("导入村与网格", "Import villages and grids"), "/data/imports", right=EDIT),
    ),
    empty=Empty(
        Text(
            "还没有区划。请运行 wanghuo regions load 载入全国区划。",
            "No divisions yet. Run `wanghuo regions load` to load those of the whole country.",
        )
    ),
    template="regions/regions.html",
)


@needs(EDIT)
@require_GET
def regions(request: HttpRequest) -> HttpResponseBase:
    """Every division of the own tree; `?under=` shows what lies one level below one."""
    rows = Region.objects.filter(within_q(request.actor))  # type: ignore[attr-defined]
    under = _code(request.GET.get("under", ""))
    if under:
        rows = rows.filter(parent_id=under)
    context = {"under": under, "steps": [*codes.ancestors(under), under] if under else []}
    return REGIONS.respond(request, rows, {**context, "approval": settings.MAP_APPROVAL})


def within_q(actor: Actor) -> Q:
    """The condition "lies in a region where the actor keeps divisions"."""
    condition = Q(pk__in=[])
    for top in regions_with(actor.with_right(EDIT)):
        condition |= Q() if top == codes.COUNTRY else Q(code__startswith=top)
        if top == codes.COUNTRY:
            return Q()
    return condition


class RenumberForm(Form):
    """A division ends, and another takes its place."""

    code = forms.CharField(label=Text("原代码", "Old code"), max_length=15)  # type: ignore[arg-type]
    replaced_by = forms.CharField(
        label=Text("新代码", "New code"),  # type: ignore[arg-type]
        max_length=15,
        help_text=Text("须已在区划表中。", "It must be in the table already."),  # type: ignore[arg-type]
    )
    on = forms.DateField(
        label=Text("生效日", "From"),  # type: ignore[arg-type]
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=Text(  # type: ignore[arg-type]
            "自这一天起用新代码；以前的记录保留原代码。",
            "New records use the new code from that day; old records keep theirs.",
        ),
    )


@needs(EDIT)
@require_http_methods(["GET", "POST"])
def renumber(request: HttpRequest) -> HttpResponseBase:
    """End a division and name its successor."""

    def save(data: dict[str, Any]) -> date:
        service.renumber(
            code=_code(data["code"]),
            replaced_by=_code(data["replaced_by"]),
            on=data["on"],
            actor=request.actor,  # type: ignore[attr-defined]
        )
        day: date = data["on"]
        return day

    return answer(
        request,
        RenumberForm,
        save=save,
        then="/admin/regions?ended=1",
        title=Text("变更区划代码", "Renumber a division"),
        submit=Text("变更", "Renumber"),
    )
