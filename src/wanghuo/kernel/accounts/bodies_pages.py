"""The register of organisations on the page: the list, a new one, and correcting one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.access.roles import sectors
from wanghuo.kernel.accounts import bodies
from wanghuo.kernel.accounts.bodies_naming import KINDS
from wanghuo.kernel.accounts.forms import PlacedForm
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.regions import codes, service
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.lists import Choice, Column, Empty, Flag, Link, ListPage, Words
from wanghuo.kernel.ui.pages import render

CHOOSE = ("", Text("请选择", "please choose"))
ALIAS_HELP = Text("每行一个，如 教体局", "one a line, such as 教体局")


def _where(words: str) -> Q:
    return Q(name__icontains=words) | Q(short__icontains=words) | Q(aliases__icontains=words)


BODIES = ListPage(
    title=Text("机构", "Organisations"),
    what=Text("机构", "organisations"),
    code="accounts:body",
    row_url="/admin/bodies/{0.pk}",
    columns=(
        Column("name", Text("名称", "Name"), kind="ref", sort="name"),
        Column("short", Text("简称", "Short name")),
        Column("kind", Text("类别", "Kind"), value=lambda body: KINDS[body.kind]),
        Column("sector", Text("行业", "Sector"), value=lambda body: sectors().get(body.sector, "")),
        Column("region_code", Text("区划", "Region"), kind="region"),
        Column("aliases", Text("别名", "Other names"), value=lambda body: "、".join(body.aliases), wide=True),
        Column("active", Text("在用", "In use"), kind="yes", wide=True),
    ),
    filters=(
        Words("q", Text("名称", "Name"), where=_where),
        Choice("kind", Text("类别", "Kind"), dict(KINDS)),
        Choice("sector", Text("行业", "Sector"), lambda _: dict(sectors())),
        Flag("retired", Text("已停用", "no longer in use"), lambda: Q(active=False)),
    ),
    sort="name",
    links=(Link(Text("登记机构", "Add an organisation"), "/admin/bodies/new", key="n", main=True),),
    empty=Empty(
        Text(
            "文件、任务和考核里提到的机关在这里登记；可按区划一键建立标准机构。",
            "Bodies that papers, tasks and assessments name; a region's standard set is made at one press.",
        ),
        Link(Text("登记机构", "Add an organisation"), "/admin/bodies/new"),
    ),
    template="accounts/bodies.html",
)


class NewBodyForm(PlacedForm):
    """A new organisation."""

    name = forms.CharField(label=Text("名称", "Name"), max_length=80)  # type: ignore[arg-type]
    short = forms.CharField(label=Text("简称", "Short name"), max_length=40, required=False)  # type: ignore[arg-type]
    kind = forms.ChoiceField(label=Text("类别", "Kind"), choices=[CHOOSE, *KINDS.items()])  # type: ignore[arg-type, list-item]
    sector = forms.ChoiceField(label=Text("行业", "Sector"), required=False)  # type: ignore[arg-type]
    aliases = forms.CharField(
        label=Text("别名", "Other names"),  # type: ignore[arg-type]
        required=False,
        max_length=1200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=ALIAS_HELP,  # type: ignore[arg-type]
    )
    field_order = ("name", "short", "region", "kind", "sector", "aliases")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.base_fields["sector"].choices = [("", Text("不限", "none")), *sectors().items()]  # type: ignore[attr-defined]
        super().__init__(*args, **kwargs)

    def clean_aliases(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["aliases"].splitlines() if line.strip()]


class BodyForm(NewBodyForm):
    """What of an organisation can be corrected; its region stays."""

    region = None  # type: ignore[assignment]
    active = forms.BooleanField(label=Text("在用", "In use"), required=False)  # type: ignore[arg-type]
    field_order = ("name", "short", "kind", "sector", "aliases", "active")


class RegionForm(PlacedForm):
    """A region whose standard bodies are made."""


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined, no-any-return]


@needs(*bodies.MANAGE)
@require_GET
def listing(request: HttpRequest) -> HttpResponseBase:
    """Every organisation the actor may see."""
    return BODIES.respond(request, Body.objects.visible_to(_actor(request)))


@needs(*bodies.MANAGE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Add an organisation."""
    actor = _actor(request)
    return answer(
        request,
        NewBodyForm,
        save=lambda data: bodies.add_body(actor=actor, **data),
        then="/admin/bodies",
        title=Text("登记机构", "Add an organisation"),
        initial={"region": codes.written(actor.home) if actor.home != codes.COUNTRY else ""},
    )


@needs(*bodies.MANAGE)
@require_http_methods(["GET", "POST"])
def standard(request: HttpRequest) -> HttpResponse:
    """Make the standard bodies of a region (and, for a county, of its townships)."""
    actor = _actor(request)
    return answer(
        request,
        RegionForm,
        save=lambda data: bodies.make_standard(region=data["region"], actor=actor),
        then="/admin/bodies",
        title=Text("建立标准机构", "Make the standard organisations"),
        submit=Text("建立", "Make them"),
        after=Text("已有的不变；名称不同的可再改", "those there stay; names can be corrected afterwards"),
        initial={"region": codes.written(actor.home) if actor.home != codes.COUNTRY else ""},
    )


@needs(*bodies.MANAGE)
@require_http_methods(["GET", "POST"])
def body(request: HttpRequest, body_id: UUID) -> HttpResponse:
    """One organisation: its names, kind and sector, to be corrected by whoever keeps the register of its region."""
    actor = _actor(request)
    row = bodies.get_body(body_id, actor=actor)
    if not bodies.may_manage(actor, row.region_code):
        if request.method == "POST":
            raise NotFound(what=bodies.WHAT, ref=body_id)
        return render(
            request, "accounts/body.html", {"title": Text(row.name, row.name), "body": row, "kind": KINDS[row.kind]}
        )
    return answer(
        request,
        BodyForm,
        save=lambda data: bodies.change_body(body_id=body_id, actor=actor, **data),
        then="/admin/bodies",
        title=Text("机构：{name}", "Organisation: {name}").filled({"name": row.name}),
        after=service.text(row.region_code),
        initial={
            "name": row.name,
            "short": row.short,
            "kind": row.kind,
            "sector": row.sector,
            "aliases": "\n".join(row.aliases),
            "active": row.active,
        },
    )
