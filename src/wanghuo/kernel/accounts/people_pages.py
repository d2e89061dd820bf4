"""The management of people, for security administrators: who there is, who holds what where, and until when."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wanghuo.base import Text
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.access.roles import roles, sectors
from wanghuo.kernel.accounts import selectors, service, units
from wanghuo.kernel.accounts.forms import GrantForm, PersonForm
from wanghuo.kernel.accounts.models import RoleGrant, User
from wanghuo.kernel.accounts.pages import needs_recent_factor
from wanghuo.kernel.regions import codes
from wanghuo.kernel.ui.forms import answer
from wanghuo.kernel.ui.language import say
from wanghuo.kernel.ui.lists import Choice, Column, Empty, Link, ListPage, Words
from wanghuo.kernel.ui.pages import go, render

MANAGE = "accounts.manage"


def _roles_of(user: User) -> str:
    known = roles()
    names = [say(known[g.role].name) if g.role in known else g.role for g in user.held]  # type: ignore[attr-defined]
    return "、".join(dict.fromkeys(names))


def _holds(role: str) -> Q:
    return Q(pk__in=RoleGrant.objects.in_force().filter(role=role).values("user"))


def _state(user: User) -> Text:
    return Text("在用", "active") if user.is_active else Text("已停用", "disabled")


PEOPLE = ListPage(
    title=Text("人员与授权", "People and grants"),
    what=Text("人", "people"),
    columns=(
        Column("username", Text("用户名", "User name"), kind="ref", sort="username"),
        Column("display_name", Text("姓名", "Name")),
        Column("roles", Text("角色", "Roles"), value=_roles_of),
        Column("region_code", Text("区划", "Region"), kind="region"),
        Column("has_second_factor", Text("二次验证", "Second factor"), kind="yes"),
        Column("last_login", Text("上次登录", "Last sign-in"), kind="when", wide=True),
        Column("state", Text("状态", "State"), value=_state),
    ),
    row_url="/admin/people/{0.username}",
    filters=(
        Words("q", Text("查找", "Find"), fields=("username", "display_name")),
        Choice("role", Text("角色", "Role"), choices=lambda _: {c: r.name for c, r in roles().items()}, where=_holds),
    ),
    sort="username",
    code="accounts:user",
    links=(Link(Text("新建账号", "New account"), "/admin/people/new", right=MANAGE, key="n", main=True),),
    empty=Empty(Text("这里列出你管辖范围内的人员。", "The people of your region are listed here.")),
)


@needs(MANAGE)
@require_GET
def people(request: HttpRequest) -> HttpResponseBase:
    """Everyone in the administrator's region subtree."""
    return PEOPLE.respond(request, selectors.people(request.actor))  # type: ignore[attr-defined]


@needs(MANAGE)
@needs_recent_factor
@never_cache
@require_http_methods(["GET", "POST"])
def new_person(request: HttpRequest) -> HttpResponse:
    """Open an account; the one-time password is shown once, on the person's page."""

    def save(data: dict[str, Any]) -> User:
        user, given = service.create_user(
            username=data["username"],
            display_name=data["display_name"],
            region_code=data["region"],
            phone=data["phone"],
            language=data["language"],
            actor=request.actor,  # type: ignore[attr-defined]
        )
        _show_once(request, user, given)
        return user

    return answer(
        request,
        PersonForm,
        save=save,
        then=lambda user: f"/admin/people/{user.username}",
        title=Text("新建账号", "New account"),
        submit=Text("建立账号", "Open the account"),
        after=Text("将生成一次性密码，只显示一次。", "A one-time password is made and shown once."),
        initial={"region": codes.written(request.actor.home) if request.actor.home != codes.COUNTRY else ""},  # type: ignore[attr-defined]
    )


@needs(MANAGE)
@never_cache
@require_GET
def person(request: HttpRequest, username: str) -> HttpResponse:
    """One person: grants, state, and what can be done."""
    user = selectors.get_person(username, actor=request.actor)  # type: ignore[attr-defined]
    once = request.session.pop("shown_once", None) or {}
    known, trades = roles(), sectors()
    grants = [
        {
            "row": grant,
            "role": known[grant.role].name if grant.role in known else grant.role,
            "sector": trades.get(grant.sector, grant.sector),
            "unit": units.find(grant.unit) if grant.unit else None,
        }
        for grant in selectors.grants_of_person(user)
    ]
    context = {
        "title": user.display_name,
        "person": user,
        "grants": grants,
        "self": user.pk == request.actor.id,  # type: ignore[attr-defined]
        "password": once.get("password") if once.get("user") == user.pk else "",
    }
    return render(request, "accounts/person.html", context)


@needs(MANAGE)
@needs_recent_factor
@require_http_methods(["GET", "POST"])
def grant(request: HttpRequest, username: str) -> HttpResponse:
    """Give the person a role."""
    user = selectors.get_person(username, actor=request.actor)  # type: ignore[attr-defined]

    def save(data: dict[str, Any]) -> None:
        service.grant_role(
            user_id=user.pk,
            role=data["role"],
            region_code=data["region"],
            sector=data["sector"],
            unit=data["unit"],
            reason=data["reason"],
            expires_at=data["expires_on"],
            actor=request.actor,  # type: ignore[attr-defined]
        )

    return answer(
        request,
        GrantForm,
        save=save,
        then=f"/admin/people/{username}",
        title=Text("授予角色：{name}", "Grant a role: {name}").filled({"name": user.display_name}),
        submit=Text("授予", "Grant"),
        after=Text("立即生效，并记入审计。", "Takes effect at once and goes into the audit log."),
        initial={"region": codes.written(user.region_code)},
        form_kwargs={"actor": request.actor},  # type: ignore[attr-defined]
    )


@needs(MANAGE)
@needs_recent_factor
@require_POST
def end_grant(request: HttpRequest, username: str, number: int) -> HttpResponse:
    """Take a role away."""
    selectors.get_person(username, actor=request.actor)  # type: ignore[attr-defined]
    service.end_grant(grant_id=number, actor=request.actor)  # type: ignore[attr-defined]
    return go(request, f"/admin/people/{username}")


@needs(MANAGE)
@needs_recent_factor
@require_POST
def act(request: HttpRequest, username: str, name: str) -> HttpResponse:
    """Disable, enable, reset the password, or take the second factor off."""
    user = selectors.get_person(username, actor=request.actor)  # type: ignore[attr-defined]
    actor = request.actor  # type: ignore[attr-defined]
    if name == "disable":
        service.disable_user(user_id=user.pk, actor=actor)
    elif name == "enable":
        service.enable_user(user_id=user.pk, actor=actor)
    elif name == "reset-password":
        _show_once(request, user, service.reset_password(user_id=user.pk, actor=actor))
    else:
        service.remove_second_factor(user_id=user.pk, actor=actor)
    return go(request, f"/admin/people/{username}")


def _show_once(request: HttpRequest, user: User, password: str) -> None:
    """Keep a one-time password in the session until the next page has shown it."""
    request.session["shown_once"] = {"user": user.pk, "password": password}
