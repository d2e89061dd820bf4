"""Signing in and out, and the own account."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import logout as django_logout
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from wanghuo.base import AppError, NotFound, Text
from wanghuo.kernel import audit
from wanghuo.kernel.access.pages import needs, own_path, public_page
from wanghuo.kernel.access.roles import roles
from wanghuo.kernel.accounts import lockout, passwords, second_factor, service, sessions, signin
from wanghuo.kernel.accounts.actors import actor_of, first_page, is_staff
from wanghuo.kernel.accounts.forms import CodeForm, ConfirmForm, PasswordForm, ProfileForm, SignInForm
from wanghuo.kernel.accounts.middleware import first_step
from wanghuo.kernel.accounts.models import User, UserSession
from wanghuo.kernel.accounts.selectors import grants_of_person, sessions_of
from wanghuo.kernel.ui.forms import Form, answer
from wanghuo.kernel.ui.language import COOKIE
from wanghuo.kernel.ui.pages import go, render

View = Callable[..., HttpResponse]


def needs_recent_factor(view: View) -> View:
    """Ask for the second factor (or the password) again when it is older than ten minutes; stands below `@needs`."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if sessions.recent_factor(request):
            return view(request, *args, **kwargs)
        back = (
            request.get_full_path() if request.method == "GET" else own_path(request.POST.get("back", "")) or "/account"
        )
        return go(request, f"/account/confirm?{urlencode({'next': back})}")

    return guarded


@public_page
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """The sign-in page."""
    back = own_path(request.GET.get("next", ""))
    if request.user.is_authenticated and request.method == "GET":
        return go(request, back or first_page(request.actor))  # type: ignore[attr-defined]
    form = SignInForm(request.POST or None)

    def check() -> str:
        user = signin.authenticate(
            signin.attempt_of(request, form.cleaned_data["username"]), form.cleaned_data["password"]
        )
        if user.has_second_factor:
            signin.hold(request, user, back)
            return "/login/code"
        return _open(request, user, back)

    return _sign_in_step(request, form, check, "accounts/login.html", {"back": back})


@public_page
@never_cache
@require_http_methods(["GET", "POST"])
def login_code(request: HttpRequest) -> HttpResponse:
    """The second step of signing in."""
    half = signin.held(request)
    if half is None:
        return go(request, "/login")
    user, back = half
    form = CodeForm(request.POST or None)

    def check() -> str:
        signin.check_factor(user, form.cleaned_data["code"], signin.attempt_of(request, user.username))
        return _open(request, user, back)

    return _sign_in_step(request, form, check, "accounts/login_code.html", {})


def _sign_in_step(
    request: HttpRequest, form: Form, check: Callable[[], str], template: str, context: dict[str, Any]
) -> HttpResponse:
    """One step: what is refused is shown in the form with its status; what passes leads on, with the browser remembered."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                response = go(request, check())
            except AppError as error:
                form.refuse(error)
                status = error.status
            else:
                if isinstance(request.user, User):
                    signin.remember_device(request, response, request.user)
                return response
    response = render(request, template, {"form": form, "title": Text("登录", "Sign in"), **context}, status=status)
    if status == lockout.TooManyAttempts.status:
        response["Retry-After"] = str(int(lockout.PAUSE.total_seconds()))
    return response


def _open(request: HttpRequest, user: User, back: str) -> str:
    signin.complete(request, user)
    actor = actor_of(user)
    return first_step(user, staff=is_staff(actor)) or back or first_page(actor)


@public_page
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End this session."""
    if isinstance(request.user, User):
        user = request.user
        UserSession.objects.filter(user=user, session_key=request.session.session_key).delete()
        audit.record(request.actor, "accounts:session:end", user.username, region=user.region_code)  # type: ignore[attr-defined]
    django_logout(request)
    return go(request, "/login")


@needs()
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The own account: profile, roles held, ways to prove who one is, open sessions."""
    user = _me(request)

    def save(data: dict[str, Any]) -> User:
        return service.change_profile(
            user_id=user.pk,
            actor=request.actor,  # type: ignore[attr-defined]
            language=data["language"],
            phone=data["phone"] or None,  # type: ignore[attr-defined]
        )

    response = answer(
        request,
        ProfileForm,
        save=save,
        then="/account",
        title=Text("我的账号", "My account"),
        initial={"language": user.language},
        template="accounts/account.html",
        context={
            "person": user,
            "grants": grants_of_person(user),
            "role_names": {code: role.name for code, role in roles().items()},
            "sessions": sessions_of(user),
            "current": getattr(request, "current_session", None),
            "codes_left": second_factor.codes_left(user),
        },
    )
    if request.method == "POST" and response.status_code in (204, 303):
        response.delete_cookie(COOKIE)  # the language kept with the person decides again
    return response


@needs()
@sensitive_post_parameters("current", "password", "again")
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change the own password."""
    user = _me(request)

    def save(data: dict[str, Any]) -> None:
        changed = service.change_password(
            user_id=user.pk,
            current=data["current"],
            new=data["password"],
            actor=request.actor,  # type: ignore[attr-defined]
            keep_session=request.session.session_key or "",
        )
        _keep(request, changed)
        user.refresh_from_db()

    return answer(
        request,
        PasswordForm,
        save=save,
        then=lambda _: first_step(user, staff=is_staff(request.actor)) or "/account",  # type: ignore[attr-defined]
        title=Text("更换密码", "Change password"),
        submit=Text("更换", "Change"),
        after=Text("其他已登录的会话将全部退出。", "Every other session will be signed out."),
        template="accounts/password.html",
        context={"person": user, "rule": passwords.profile().rule, "profile": passwords.profile().name},
    )


def _keep(request: HttpRequest, user: User) -> None:
    """Stay signed in after the own password changed: the session gets a new key, and its line follows."""
    old = request.session.session_key
    update_session_auth_hash(request, user)
    UserSession.objects.filter(session_key=old).update(session_key=request.session.session_key)


@needs()
@never_cache
@require_http_methods(["GET", "POST"])
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Enrol an authenticator, or see that one is enrolled."""
    user = _me(request)
    title = Text("二次验证", "Second factor")
    if user.has_second_factor:
        return render(request, "accounts/second_factor.html", {"title": title, "left": second_factor.codes_left(user)})
    uri = second_factor.begin(user)
    form, status = CodeForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                codes = second_factor.confirm(user=user, code=form.cleaned_data["code"].strip(), actor=request.actor)  # type: ignore[attr-defined]
            except AppError as error:
                form.refuse(error)
            else:
                sessions.pass_factor(request.session)
                return render(request, "accounts/recovery_codes.html", {"title": title, "codes": codes})
    context = {"title": title, "form": form, "picture": second_factor.picture(uri), "seed": second_factor.seed_of(uri)}
    return render(request, "accounts/enrol.html", context, status=status)


@needs()
@needs_recent_factor
@require_POST
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Ten new recovery codes."""
    user = _me(request)
    if not user.has_second_factor:
        return go(request, "/account/second-factor")
    codes = second_factor.renew_codes(user=user, actor=request.actor)  # type: ignore[attr-defined]
    return render(request, "accounts/recovery_codes.html", {"title": Text("恢复码", "Recovery codes"), "codes": codes})


@needs()
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Give the second factor (or the password) again before an act that asks for it."""
    user = _me(request)
    attempt = signin.attempt_of(request, user.username)
    form_class: type[Form] = CodeForm if user.has_second_factor else ConfirmForm

    def check() -> str:
        if user.has_second_factor:
            signin.check_factor(user, form.cleaned_data["code"], attempt)
        else:
            signin.authenticate(attempt, form.cleaned_data["password"])
        lockout.succeeded(attempt.keys[0])
        sessions.pass_factor(request.session)
        return own_path(request.GET.get("next", "")) or "/account"

    form = form_class(request.POST or None)
    return _sign_in_step(
        request, form, check, "accounts/confirm.html", {"title": Text("再次验证", "Confirm it is you")}
    )


@needs()
@require_POST
def end_session(request: HttpRequest, number: int) -> HttpResponse:
    """End one of the own sessions."""
    row = UserSession.objects.filter(pk=number, user=_me(request)).first()
    if row is None:
        raise NotFound(what=Text("会话", "session"), ref=number)
    _record_end(request)
    sessions.end(row)
    return go(request, "/account")


@needs()
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """End every own session but this one."""
    _record_end(request)
    sessions.end_all(_me(request), but=request.session.session_key or "")
    return go(request, "/account")


def _record_end(request: HttpRequest) -> None:
    user = _me(request)
    audit.record(request.actor, "accounts:session:end", user.username, region=user.region_code)  # type: ignore[attr-defined]


def _me(request: HttpRequest) -> User:
    """The signed-in person; `@needs` stands above every caller."""
    assert isinstance(request.user, User)
    return request.user
