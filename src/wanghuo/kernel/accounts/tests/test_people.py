"""Managing people: only one's own region, never oneself, no two exclusive roles, everything in the log."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, NotFound, NotPermitted
from wanghuo.kernel.accounts import directory, service, units
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.models import RoleGrant, User, UserSession
from wanghuo.kernel.accounts.testing import PASSWORD, actor, client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.regions.testing import COUNTY, NEIGHBOUR, SISTER_TOWN, TOWN

pytestmark = pytest.mark.django_db
ADMIN = actor("security_admin", COUNTY)


def test_an_account_is_opened_with_a_one_time_password(admin) -> None:
    client = client_for(admin)
    data = {
        "username": "Zhou.Wei",
        "display_name": "周伟",
        "phone": "13812345678",
        "language": "zh",
        "region": "赤岗镇",
    }
    answer = client.post("/admin/people/new", data)
    assert answer["Location"] == "/admin/people/zhou.wei"
    user = User.objects.get(username="zhou.wei")
    assert (user.region_code, user.must_change_password) == (TOWN, True)
    page = client.get("/admin/people/zhou.wei").content.decode()
    given = page.split('translate="no">')[1].split("<")[0]
    assert user.check_password(given)
    assert "138****5678" in page
    assert "13812345678" not in page
    assert given not in client.get("/admin/people/zhou.wei").content.decode(), "shown once"
    assert "13812345678" not in user.sealed_phone


def test_a_one_time_password_must_be_changed_first(admin) -> None:
    user, given = service.create_user(username="zhou.wei", display_name="周伟", region_code=TOWN, actor=ADMIN)
    service.grant_role(user_id=user.pk, role="grid_worker", region_code=TOWN, actor=ADMIN)
    client = client_for(user)
    assert client.get("/todo")["Location"] == "/account/password"
    client.post("/account/password", {"current": given, "password": "Qingnian-lu-88", "again": "Qingnian-lu-88"})
    assert client.get("/todo").status_code == 200


def test_a_grant_opens_and_its_end_closes(admin, officer) -> None:
    other = make_user("li.na", "", COUNTY)
    client = client_for(admin)
    form = {
        "role": "grid_worker",
        "region": "445281102",
        "reason": "新到岗",
        "sector": "",
        "unit": "",
        "expires_on": "",
    }
    assert client.post("/admin/people/li.na/grants", form)["Location"] == "/admin/people/li.na"
    assert actor_of(other).can("hazards.report")
    number = RoleGrant.objects.get(user=other).pk
    assert client.post(f"/admin/people/li.na/grants/{number}/end").status_code == 303
    assert not actor_of(other).can("hazards.report")
    assert client.post(f"/admin/people/li.na/grants/{number}/end").status_code == 409


def test_a_grant_runs_out(officer) -> None:
    RoleGrant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert actor_of(officer).grants == ()
    assert directory.holders("hazards.verify", COUNTY) == []


@pytest.mark.parametrize(("who", "role", "region", "error"), [
    (ADMIN, "inspector", TOWN, None),
    (ADMIN, "inspector", COUNTY, Invalid),          # has it already
    (ADMIN, "inspector", NEIGHBOUR, Invalid),       # beyond the reach
    (ADMIN, "inspector", "4452", Invalid),          # above the reach
    (ADMIN, "inspector", "445281999", Invalid),     # no such place
    (ADMIN, "wizard", COUNTY, Invalid),
    (ADMIN, "auditor", COUNTY, Invalid),            # exclusive beside inspector
    (actor("security_admin", NEIGHBOUR), "inspector", NEIGHBOUR, NotFound),  # the person is out of scope
    (actor("brigade_leader", COUNTY), "inspector", TOWN, NotPermitted),
])  # fmt: skip
def test_who_may_grant_what_where(officer, who, role, region, error) -> None:
    before = AuditEntry.objects.count()
    given = {"user_id": officer.pk, "role": role, "region_code": region, "actor": who}
    if error is None:
        service.grant_role(**given)
        assert AuditEntry.objects.count() == before + 1
    else:
        with pytest.raises(error):
            service.grant_role(**given)
        assert RoleGrant.objects.filter(user=officer).count() == 1
        assert AuditEntry.objects.count() == before


def test_nobody_manages_the_own_account(admin) -> None:
    me = actor_of(admin)
    for act in (service.disable_user, service.reset_password, service.enable_user, service.remove_second_factor):
        with pytest.raises(service.OwnAccount):
            act(user_id=admin.pk, actor=me)
    with pytest.raises(service.OwnAccount):
        service.grant_role(user_id=admin.pk, role="security_admin", region_code=TOWN, actor=me)


def test_exclusive_roles_stand_alone(admin) -> None:
    user = make_user("shen", "auditor", COUNTY)
    with pytest.raises(service.RolesExclude):
        service.grant_role(user_id=user.pk, role="inspector", region_code=COUNTY, actor=ADMIN)
    service.grant_role(user_id=user.pk, role="auditor", region_code=TOWN, actor=ADMIN)


def test_administrators_see_no_business_data() -> None:
    from wanghuo.kernel.access.roles import roles

    for role in ("system_admin", "security_admin", "auditor"):
        assert roles()[role].exclusive
        business = [
            r for r in roles()[role].rights if r.split(".")[0] in ("places", "sensing", "hazards", "alarms", "people")
        ]
        assert business == [], role


def test_disabling_ends_the_sessions_at_once(admin, officer) -> None:
    working = client_for(officer)
    assert working.get("/account").status_code == 200
    client_for(admin).post("/admin/people/chen.jun/disable")
    assert working.get("/account").status_code == 302
    assert not UserSession.objects.filter(user=officer).exists()
    assert directory.holders("hazards.verify", COUNTY) == []


def test_people_of_another_region_look_absent(admin) -> None:
    make_user("li.na", "inspector", NEIGHBOUR, display_name="李娜")
    client = client_for(admin)
    assert "李娜" not in client.get("/admin/people").content.decode()
    absent, there = client.get("/admin/people/nobody"), client.get("/admin/people/li.na")
    assert absent.status_code == there.status_code == 404
    assert client.post("/admin/people/li.na/disable").status_code == 404
    assert User.objects.get(username="li.na").is_active


def test_a_taken_name_does_not_tell_where(admin) -> None:
    make_user("li.na", "inspector", NEIGHBOUR)
    with pytest.raises(service.UsernameTaken):
        service.create_user(username="LI.NA", display_name="李娜", region_code=TOWN, actor=ADMIN)


@pytest.mark.parametrize("username", ["", "ab", "new", "a/b", "陈军", "-x-", "a" * 65, "a b c"])
def test_user_names_that_are_refused(admin, username) -> None:
    with pytest.raises(Invalid):
        service.create_user(username=username, display_name="某人", region_code=TOWN, actor=ADMIN)


def test_role_changes_ask_for_a_recent_factor(admin, officer) -> None:
    client = client_for(admin)
    session = client.session
    session["factor_at"] = timezone.now().timestamp() - 601
    session.save()
    asked = client.post("/admin/people/chen.jun/disable", {"back": "/admin/people/chen.jun"})
    assert asked["Location"] == "/account/confirm?next=%2Fadmin%2Fpeople%2Fchen.jun"
    assert User.objects.get(username="chen.jun").is_active
    assert client.post(asked["Location"], {"password": "wrong"}).status_code == 422
    assert client.post(asked["Location"], {"password": PASSWORD})["Location"] == "/admin/people/chen.jun"
    assert client.post("/admin/people/chen.jun/disable").status_code == 303
    assert not User.objects.get(username="chen.jun").is_active


def test_a_units_own_person_needs_the_unit_and_only_one_within_reach(admin, monkeypatch) -> None:
    inside = units.UnitRef(uuid4(), "DW-445281-00017", "滨江商贸城", TOWN)
    outside = units.UnitRef(uuid4(), "DW-445222-00001", "河婆旅馆", NEIGHBOUR)
    monkeypatch.setattr(units, "_lookup", lambda key: {u.ref: u for u in (inside, outside)}.get(key))
    person = make_user("wang", "", TOWN)
    client = client_for(admin)
    form = {"role": "unit_manager", "region": "445281102", "reason": "单位管理人"}
    for ref in ("", outside.ref, "DW-445281-99999"):
        assert client.post("/admin/people/wang/grants", {**form, "unit": ref}).status_code == 422
    assert client.post("/admin/people/wang/grants", {**form, "unit": inside.ref}).status_code == 303
    assert RoleGrant.objects.get(user=person).unit == inside.id


def test_holders_nearest_first(regions) -> None:
    unit = uuid4()
    city = make_user("city", "brigade_leader", "4452")
    county = make_user("county", "brigade_leader", COUNTY)
    town = make_user("town", "committee_clerk", TOWN)
    make_user("sister", "committee_clerk", SISTER_TOWN)
    make_user("off", "brigade_leader", COUNTY, is_active=False)
    sector = make_user("sector", "sector_officer", COUNTY, sector="education")
    manager = make_user("manager", "unit_manager", TOWN, unit=unit)
    everyone = directory.holders("hazards.view", TOWN, sector="education", unit=unit)
    assert everyone == [manager.pk, town.pk, county.pk, sector.pk, city.pk]
    assert directory.holders("hazards.view", TOWN) == [town.pk, county.pk, city.pk]
    assert directory.holders("hazards.view", TOWN, level="county") == [county.pk]
    assert directory.holders("hazards.view", TOWN, unit=unit, level="unit") == [manager.pk]


def test_a_grant_ended_by_two_at_once_is_ended_once(admin, officer) -> None:
    grant = RoleGrant.objects.get(user=officer)
    service.end_grant(grant_id=grant.pk, actor=ADMIN)
    with pytest.raises(Conflict):
        service.end_grant(grant_id=grant.pk, actor=ADMIN)
