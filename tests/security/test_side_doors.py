"""The ways to a row that are not its page: files, search, the map, what open pages hear, a region or a key handed in.

Each of them tells what the lists tell, and nothing of what lies elsewhere. Objects and people are those of the matrix.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from django.db import transaction

from tests.security.objects import PLACES, World
from tests.security.visitor import CANARY, Visitor
from wanghuo.kernel.access.roles import roles
from wanghuo.kernel.notify import live
from wanghuo.modules.cockpit.cells import count_cells
from wanghuo.modules.cockpit.layers import LAYERS

LISTS = {
    "/units": ("unit", "places.view"),
    "/buildings": ("building", "places.view"),
    "/devices": ("device", "sensing.view"),
    "/hazards": ("hazard", "hazards.view"),
    "/alarms": ("alarm", "alarms.view"),
}
EVERYWHERE = "region=0&bbox=73,3,136,54"


@pytest.fixture(params=list(roles()))
def visitor(request: pytest.FixtureRequest, world: World) -> Visitor:
    return Visitor(request.param, world)


def in_scope(visitor: Visitor, kind: str) -> set[str]:
    return {place.name for place in PLACES if visitor.sees(visitor.world.made[kind, place.name])}


def told(answer: Any) -> str:
    """All that an answer says: its headers, and what is inside of a workbook."""
    body = answer.body
    if zipfile.is_zipfile(io.BytesIO(body)):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            body = b"".join(book.read(name) for name in book.namelist())
    return body.decode("utf-8", "replace") + str(dict(answer.headers))


def canaries(answer: Any, kind: str) -> set[str]:
    return {place for found, place in CANARY.findall(told(answer)) if found == kind}


def nothing_from_elsewhere(visitor: Visitor, answer: Any) -> bool:
    return all(visitor.sees(visitor.world.made[found]) for found in CANARY.findall(told(answer)))


@pytest.mark.django_db
def test_files_hold_what_the_list_shows(visitor: Visitor) -> None:
    for path, (kind, right) in LISTS.items():
        if not visitor.actor.can(right):
            continue
        for form in ("csv", "xlsx"):
            answer = visitor.ask("get", f"{path}?export={form}&region=0")
            assert answer.status_code in (200, 403), (path, form)
            assert nothing_from_elsewhere(visitor, answer), (path, form)
            if answer.status_code == 200 and kind not in ("device", "hazard"):  # those name the unit, not the words
                assert canaries(answer, kind) == in_scope(visitor, kind), (path, form)


@pytest.mark.django_db
def test_somebody_gets_a_file(world: World) -> None:
    steward = Visitor("data_steward", world)
    for form in ("csv", "xlsx"):
        answer = steward.ask("get", f"/units?export={form}")
        assert canaries(answer, "unit") == in_scope(steward, "unit")
        assert len(in_scope(steward, "unit")) < len(PLACES)


@pytest.mark.django_db
def test_search_finds_what_the_lists_show(visitor: Visitor) -> None:
    for kind, _ in LISTS.values():
        for place in PLACES:
            made = visitor.world.made[kind, place.name]
            answer = visitor.ask("get", f"/search?q={made.ref}")
            assert (f'/{made.ref}"' in told(answer)) is visitor.sees(made), (kind, place.name)
            assert nothing_from_elsewhere(visitor, answer), (kind, place.name)


@pytest.mark.django_db
@pytest.mark.parametrize("zoom", [9, 18])
def test_the_map_counts_and_names_what_the_lists_show(visitor: Visitor, zoom: int) -> None:
    """Zoom 9 is answered from cells counted beforehand, zoom 18 from the records."""
    count_cells()
    for layer in LAYERS:
        answer = visitor.ask("get", f"/map/points.json?{EVERYWHERE}&zoom={zoom}&kinds={layer.kind}")
        if not any(visitor.actor.can(each.right) for each in LAYERS):
            assert answer.status_code == 403
            continue
        signs = answer.json()["features"]
        due = in_scope(visitor, layer.kind) if visitor.actor.can(layer.right) else set()
        assert sum(sign["properties"]["count"] for sign in signs) == len(due), layer.kind
        assert nothing_from_elsewhere(visitor, answer), layer.kind


@pytest.mark.django_db
def test_open_pages_hear_what_the_lists_show(visitor: Visitor) -> None:
    before = live.last_seq()
    with transaction.atomic():
        for place in PLACES:
            live.publish(
                "alarms", "alarm_raised", region_code=place.region_code, sector=place.sector,
                scope_unit=place.scope_unit, view_right="alarms.view", payload={"place": place.canary("alarm")},
            )  # fmt: skip
    answer = visitor.ask("get", f"/live/since?channel=alarms&after={before}")
    assert canaries(answer, "alarm") == in_scope(visitor, "alarm")


@pytest.mark.django_db
@pytest.mark.parametrize("region", ["0", "44", "445281"])
def test_a_region_in_the_address_widens_nothing(visitor: Visitor, region: str) -> None:
    for path, (kind, right) in LISTS.items():
        if visitor.actor.can(right):
            answer = visitor.ask("get", f"{path}?region={region}")
            assert canaries(answer, kind) == in_scope(visitor, kind), path


@pytest.mark.django_db
def test_a_key_of_elsewhere_in_a_form_is_a_key_of_nothing(visitor: Visitor) -> None:
    """A hazard at a unit out of scope is refused in the same words as one at a unit that doesn't exist."""
    if not (visitor.actor.can("hazards.report") and visitor.actor.can("places.view")):
        return
    for place in PLACES:
        made = visitor.world.made["unit", place.name]
        answer = report(visitor, made.ref)
        assert nothing_from_elsewhere(visitor, answer)
        if visitor.sees(made):
            assert answer.status_code == 303, place.name
        else:
            absent = report(visitor, made.absent)
            assert answer.status_code == absent.status_code == 422, place.name
            assert wordings(answer, made.ref) == wordings(absent, made.absent) != [], place.name


def report(visitor: Visitor, unit: str) -> Any:
    """The form for a new hazard, whole but for the unit in question."""
    data = {
        "unit": unit,
        "place": "一楼",
        "description": "安全出口上锁",
        "channel": "fire",
        "basis": "1",
        "urgency": "exits",
    }
    return visitor.ask("post", "/hazards/new", data)


def wordings(answer: Any, ref: str) -> list[str]:
    """The errors a form shows beside its fields, without the reference that was handed in."""
    return [text.replace(ref, "REF") for text in re.findall(r'class="field-error"[^>]*>([^<]+)', answer.body.decode())]


@pytest.mark.django_db
@pytest.mark.parametrize("forged", ["", "x" * 32, "../../etc/passwd", "' OR 1=1 --"])
def test_a_forged_session_is_no_session(visitor: Visitor, settings, forged: str) -> None:
    visitor.client.cookies[settings.SESSION_COOKIE_NAME] = forged
    answer = visitor.ask("get", "/account")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login")
