"""Every address says who may open it, every role gets what its rights say, and what lies elsewhere looks absent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from wanghuo.kernel.access.pages import access_of
from wanghuo.kernel.access.roles import roles
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.regions.testing import make_regions
from wanghuo.modules.alarms.testing import AlarmFactory
from wanghuo.modules.hazards.testing import HazardFactory
from wanghuo.modules.places.testing import NEXT_TOWN, BuildingFactory, UnitFactory
from wanghuo.modules.sensing.testing import DeviceFactory

COUNTY, CANARY = "445281", "金丝雀货栈"
# served beside Django, or by the framework itself
WITHOUT_MARK: set[str] = set()


def patterns(resolver: Any = None, before: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    for each in (resolver or get_resolver()).url_patterns:
        path = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from patterns(each, path)
        elif isinstance(each, URLPattern):
            yield path, each.callback


def test_every_address_carries_exactly_one_mark() -> None:
    unmarked = [path for path, view in patterns() if access_of(view) is None and path not in WITHOUT_MARK]
    assert unmarked == []
    assert sum(1 for _ in patterns()) > 60


def plain() -> list[tuple[str, Any]]:
    """The addresses without a part to fill in."""
    return [(f"/{path}", access_of(view)) for path, view in patterns() if "<" not in path]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["", *roles()])
def test_each_role_opens_what_its_rights_open(role: str, client) -> None:
    make_regions()
    if role:
        unit = UnitFactory().id if role == "unit_manager" else None
        client = client_for(make_user("somebody", role, COUNTY, unit=unit))
    held = roles()[role].rights if role else frozenset()
    wrong = []
    for path, access in plain():
        status = client.get(path).status_code
        if access.public:
            good = status != 403
        elif not role:
            good = status in (302, 401)
        elif access.rights and not held & set(access.rights):
            good = status in (403, 405)
        else:
            good = status != 403 or path == "/admin/system"
        if not good or status >= 500:
            wrong.append((path, status))
    assert wrong == []


def objects(region: str) -> list[tuple[str, str]]:
    """One object of each kind in a region: its address, and the reference that stands for it."""
    unit = UnitFactory(name=CANARY, region_code=region)
    hazard = HazardFactory(unit=unit, place=CANARY)
    alarm = AlarmFactory(unit=unit, place=CANARY, region_code=region)
    device = DeviceFactory(unit=unit, location=CANARY)
    building = BuildingFactory(manager=unit, name=CANARY)
    return [
        (f"/units/{unit.ref}", unit.ref),
        (f"/buildings/{building.ref}", building.ref),
        (f"/devices/{device.ref}", device.ref),
        (f"/hazards/{hazard.ref}", hazard.ref),
        (f"/hazards/{hazard.ref}/acts/verify", hazard.ref),
        (f"/hazards/{hazard.ref}/why", hazard.ref),
        (f"/alarms/{alarm.ref}", alarm.ref),
        (f"/alarms/{alarm.ref}/pane", alarm.ref),
    ]


def nameless(body: bytes, ref: str) -> bytes:
    """A page without its own address and without what differs at each request."""
    return re.sub(rb"[A-Za-z0-9]{64}", b"", body).replace(ref.encode(), b"")


@pytest.mark.django_db
@pytest.mark.parametrize("role", [r for r in roles() if "places.view" in roles()[r].rights])
def test_what_lies_in_another_county_looks_absent(role: str) -> None:
    make_regions()
    unit = UnitFactory().id if role == "unit_manager" else None
    client = client_for(make_user("somebody", role, COUNTY, unit=unit))
    for path, ref in objects(NEXT_TOWN):
        there, nowhere = client.get(path), client.get(path.replace(ref, "XX-000000-2026-99999"))
        assert there.status_code == nowhere.status_code, path
        assert there.status_code in (403, 404), path
        assert nameless(there.content, ref) == nameless(nowhere.content, "XX-000000-2026-99999"), path
    for path, access in plain():
        if not access.public and (not access.rights or roles()[role].rights & set(access.rights)):
            assert CANARY not in client.get(path).content.decode("utf-8", "replace"), path


@pytest.mark.django_db
def test_what_lies_in_the_own_county_is_seen() -> None:
    """The same walk with the same eyes, at home: so the refusals above are not refusals of everything."""
    make_regions()
    client = client_for(make_user("somebody", "brigade_leader", COUNTY))
    seen = [path for path, _ in objects("445281102") if CANARY in client.get(path).content.decode()]
    assert len(seen) >= 5


@pytest.mark.django_db
def test_a_forged_session_is_no_session(client) -> None:
    client.cookies["session"] = "x" * 32
    assert client.get("/hazards").status_code == 302
