"""Signing in as its user meets it: the same answer for every mistake, pauses, the second factor, sessions."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from django.test import Client
from django.utils import timezone

from wanghuo.kernel.accounts import lockout, second_factor, sessions
from wanghuo.kernel.accounts.models import KnownDevice, SecondFactor, SignInCounter, User, UserSession
from wanghuo.kernel.accounts.sealed import unseal
from wanghuo.kernel.accounts.testing import PASSWORD, actor, client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.regions.testing import COUNTY

pytestmark = pytest.mark.django_db


def sign_in(client: Client, username: str = "chen.jun", password: str = PASSWORD, path: str = "/login", **extra):
    return client.post(path, {"username": username, "password": password}, **extra)


def actions(ref: str) -> list[tuple[str, str]]:
    rows = [entry.body for entry in AuditEntry.objects.order_by("id")]
    import json

    told = [json.loads(body) if isinstance(body, str | bytes) else body for body in rows]
    return [(t["action"], t["result"]) for t in told if t.get("object", "") == ref]


def test_a_right_password_opens_the_first_page_of_the_role(officer) -> None:
    client = Client()
    answer = sign_in(client)
    assert (answer.status_code, answer["Location"]) == (303, "/todo")
    assert client.get("/account").status_code == 200
    assert ("accounts:session:begin", "ok") in actions("chen.jun")


@pytest.mark.parametrize(
    ("username", "password"),
    [("chen.jun", "wrong"), ("nobody", PASSWORD), ("closed", PASSWORD), ("chen.jun", "")],
)
def test_every_mistake_gets_the_same_words(officer, username, password) -> None:
    make_user("closed", "inspector", COUNTY, is_active=False)
    answer = sign_in(Client(), username, password or "x")
    assert answer.status_code == 422
    assert "用户名或密码不对" in answer.content.decode()
    assert not UserSession.objects.exists()


def test_an_unknown_account_costs_as_many_hashes_as_a_wrong_password(officer, monkeypatch) -> None:
    from wanghuo.kernel.accounts.hashers import PepperedArgon2

    spent = []
    for name in ("encode", "verify"):
        real = getattr(PepperedArgon2, name)
        monkeypatch.setattr(PepperedArgon2, name, lambda self, *args, real=real: spent.append(1) or real(self, *args))
    counts = []
    for username in ("chen.jun", "nobody"):
        spent.clear()
        sign_in(Client(), username, "wrong")
        counts.append(len(spent))
    assert counts[0] == counts[1] == 1


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "/\tevil.example", "javascript:alert(1)", "evil"],
)
def test_next_never_leads_elsewhere(officer, elsewhere) -> None:
    from urllib.parse import urlencode

    answer = sign_in(Client(), path=f"/login?{urlencode({'next': elsewhere})}")
    assert answer["Location"] == "/todo"


def test_next_leads_back(officer) -> None:
    assert sign_in(Client(), path="/login?next=/account%3Fx%3D1")["Location"] == "/account?x=1"


@pytest.mark.parametrize("username", ["chen.jun", "nobody"])
def test_five_failures_pause_the_pair_known_or_not(officer, username) -> None:
    client = Client()
    answers = [sign_in(client, username, "wrong").status_code for _ in range(5)]
    assert answers == [422] * 5
    paused = sign_in(client, username)
    assert paused.status_code == 429
    assert int(paused["Retry-After"]) > 0
    assert sign_in(Client(REMOTE_ADDR="10.0.0.9"), "chen.jun").status_code == 303, "another address is not paused"


def test_the_pause_doubles(officer) -> None:
    pair, address = lockout.pair_key("chen.jun", "1.2.3.4"), lockout.address_key("1.2.3.4")
    lengths = []
    for _ in range(3):
        for _ in range(lockout.FAILURES):
            lockout.failed(pair, address)
        row = SignInCounter.objects.get(key=pair)
        lengths.append(round((row.paused_until - timezone.now()) / timedelta(minutes=15)))
    assert lengths == [1, 2, 4]
    with pytest.raises(lockout.TooManyAttempts):
        lockout.require_open(pair)


def test_an_address_is_paused_after_a_hundred_failures(officer) -> None:
    address = lockout.address_key("1.2.3.4")
    for n in range(lockout.PER_ADDRESS):
        lockout.failed(lockout.pair_key(f"user{n}", "1.2.3.4"), address)
    assert sign_in(Client(REMOTE_ADDR="1.2.3.4")).status_code == 429


def test_strangers_cannot_lock_a_person_out_of_the_own_browser(officer) -> None:
    own = Client()
    sign_in(own)
    own.post("/logout")
    stranger = Client()
    for _ in range(6):
        sign_in(stranger, password="wrong")
    assert sign_in(stranger).status_code == 429
    assert sign_in(own).status_code == 303, "the same address, but a browser that is known"


def test_a_device_cookie_of_somebody_else_does_not_help(officer) -> None:
    make_user("li.na", "inspector", COUNTY)
    client = Client()
    sign_in(client, "li.na")
    client.post("/logout")
    for _ in range(5):
        sign_in(client, "chen.jun", "wrong")
    assert sign_in(client, "chen.jun").status_code == 429
    assert KnownDevice.objects.filter(user__username="chen.jun").count() == 0


def enrol(user: User) -> pyotp.TOTP:
    second_factor.begin(user)
    totp = pyotp.TOTP(unseal(SecondFactor.objects.get(user=user).seed))
    second_factor.confirm(user=user, code=totp.now(), actor=actor("inspector", COUNTY, id=user.pk))
    SecondFactor.objects.update(last_step=0)
    return totp


def test_the_second_factor_is_asked_and_each_code_works_once(officer) -> None:
    totp = enrol(officer)
    code = totp.now()
    client = Client()
    assert sign_in(client)["Location"] == "/login/code"
    assert client.get("/account").status_code == 302, "half signed in is not signed in"
    assert client.post("/login/code", {"code": "000000" if code != "000000" else "000001"}).status_code == 422
    assert client.post("/login/code", {"code": code})["Location"] == "/todo"
    again = Client()
    sign_in(again)
    assert again.post("/login/code", {"code": code}).status_code == 422, "the same code a second time"


def test_recovery_codes_work_once_and_are_not_readable(officer) -> None:
    second_factor.begin(officer)
    totp = pyotp.TOTP(unseal(SecondFactor.objects.get(user=officer).seed))
    codes = second_factor.confirm(user=officer, code=totp.now(), actor=actor("inspector", COUNTY, id=officer.pk))
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    second_factor.check(officer, codes[0].lower())
    with pytest.raises(second_factor.WrongCode):
        second_factor.check(officer, codes[0])
    assert second_factor.codes_left(officer) == 9
    from wanghuo.kernel.accounts.models import RecoveryCode

    kept = " ".join(RecoveryCode.objects.values_list("digest", flat=True))
    assert not any(code.replace("-", "") in kept.upper() for code in codes)


def test_guessing_codes_is_paused_too(officer) -> None:
    enrol(officer)
    client = Client()
    sign_in(client)
    answers = [client.post("/login/code", {"code": f"{n:06}"}).status_code for n in range(6)]
    assert answers[:5] == [422] * 5
    assert answers[5] == 429


def test_staff_must_enrol_where_the_deployment_says_so(officer, settings) -> None:
    settings.SECOND_FACTOR = "staff"
    client = Client()
    assert sign_in(client)["Location"] == "/account/second-factor"
    assert client.get("/todo")["Location"] == "/account/second-factor"
    page = client.get("/account/second-factor")
    assert b"data:image/svg+xml" in page.content
    code = pyotp.TOTP(unseal(SecondFactor.objects.get(user=officer).seed)).now()
    shown = client.post("/account/second-factor", {"code": code})
    assert shown.content.decode().count("<li>") >= second_factor.RECOVERY_CODES
    assert client.get("/account").status_code == 200
    unit_person = make_user("wang", "unit_manager", COUNTY)
    assert client_for(unit_person).get("/account").status_code == 200


@pytest.mark.parametrize(("role", "minutes", "open_"), [
    ("inspector", 14, True), ("inspector", 16, False), ("unit_manager", 29, True), ("unit_manager", 31, False),
])  # fmt: skip
def test_an_idle_session_ends(regions, role, minutes, open_) -> None:
    client = client_for(make_user("someone", role, COUNTY))
    UserSession.objects.update(seen_at=timezone.now() - timedelta(minutes=minutes))
    assert (client.get("/account").status_code == 200) is open_
    assert UserSession.objects.exists() is open_


def test_a_session_ends_after_twelve_hours_whatever_is_done(officer) -> None:
    client = client_for(officer)
    UserSession.objects.update(started_at=timezone.now() - timedelta(hours=12, minutes=1))
    assert client.get("/account").status_code == 302


@pytest.mark.parametrize(("role", "kept"), [("alarm_operator", True), ("inspector", False)])
def test_a_page_that_asks_by_itself_keeps_only_alarm_seats_open(regions, role, kept) -> None:
    client = client_for(make_user("seat", role, COUNTY))
    UserSession.objects.update(seen_at=timezone.now() - timedelta(minutes=10))
    client.get("/live/since?channel=alarms&after=0")
    assert (UserSession.objects.get().seen_at > timezone.now() - timedelta(minutes=1)) is kept


def test_a_fourth_session_ends_the_oldest(officer) -> None:
    clients = [client_for(officer) for _ in range(4)]
    assert [c.get("/account").status_code for c in clients] == [302, 200, 200, 200]


def test_a_person_ends_the_own_sessions_and_nobody_elses(officer) -> None:
    mine, other = client_for(officer), client_for(officer)
    stranger = client_for(make_user("li.na", "inspector", COUNTY))
    number = UserSession.objects.filter(user=officer).order_by("id").last().pk
    assert stranger.post(f"/account/sessions/{number}/end").status_code == 404
    assert other.get("/account").status_code == 200
    assert mine.post(f"/account/sessions/{number}/end").status_code == 303
    assert other.get("/account").status_code == 302
    third = client_for(officer)
    mine.post("/account/sessions/end-others")
    assert third.get("/account").status_code == 302
    assert mine.get("/account").status_code == 200


def test_the_session_id_is_new_at_sign_in(officer) -> None:
    client = Client()
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key
    client.cookies["session"] = before
    sign_in(client)
    assert client.cookies["session"].value != before


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(officer) -> None:
    mine, other = client_for(officer), client_for(officer)
    data = {"current": PASSWORD, "password": "Qingnian-lu-88-hao", "again": "Qingnian-lu-88-hao"}
    assert mine.post("/account/password", data).status_code == 303
    assert mine.get("/account").status_code == 200
    assert other.get("/account").status_code == 302
    assert sign_in(Client(), password="Qingnian-lu-88-hao").status_code == 303


def test_the_actor_of_a_cookie_for_servers_without_middleware(officer) -> None:
    client = client_for(officer)
    key = client.cookies["session"].value
    assert sessions.actor_of_session(key).id == officer.pk
    UserSession.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    assert sessions.actor_of_session(key) is None
    assert sessions.actor_of_session("nothing") is None


def test_signing_out(officer) -> None:
    client = client_for(officer)
    assert client.get("/logout").status_code == 405
    assert client.post("/logout")["Location"] == "/login"
    assert client.get("/account").status_code == 302
    assert not UserSession.objects.exists()


def test_no_password_and_no_name_typed_wrongly_is_kept_in_the_log(officer) -> None:
    sign_in(Client(), "Secret-Typed-As-Name", "wrong-password-1")
    told = repr(list(AuditEntry.objects.values()))
    assert "Secret-Typed-As-Name".lower() not in told.lower()
    assert "wrong-password-1" not in told
