"""Every page of hazards, in both languages, with the acts that its reader may do."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.regions.testing import TOWN, make_regions
from wanghuo.modules.hazards import services
from wanghuo.modules.hazards.acts import ACTS
from wanghuo.modules.hazards.models import Hazard
from wanghuo.modules.hazards.states import HAZARD, HazardState
from wanghuo.modules.hazards.testing import HazardFactory, photo
from wanghuo.modules.hazards.words import Level
from wanghuo.modules.places.testing import NEXT_TOWN, UnitFactory

pytestmark = pytest.mark.django_db
COUNTY = "445281"


@pytest.fixture
def inspector():
    return client_for(make_user("inspector", "inspector", COUNTY))


@pytest.fixture
def leader():
    return client_for(make_user("brigade", "brigade_leader", COUNTY))


def nameless(body: bytes, ref: str) -> bytes:
    """A page without its own address and without the token that differs at each request."""
    return re.sub(rb"[A-Za-z0-9]{64}", b"", body).replace(ref.encode(), b"")


def in_english(client):
    client.cookies["lang"] = "en"
    return client


@pytest.mark.parametrize("state", list(HazardState))
def test_a_hazard_in_every_state_has_its_page_and_only_its_acts(state: HazardState, leader) -> None:
    closed = timezone.now() if state in (HazardState.CLOSED, HazardState.FIXED_ON_SPOT) else None
    hazard = HazardFactory(state=state, closed_at=closed, due_at=timezone.now())
    page = leader.get(hazard.url)
    assert page.status_code == 200
    words = page.content.decode()
    assert hazard.state_name.zh in words
    possible = {move.name for move in HAZARD.possible(state)}
    offered = {name for name in ACTS if f'hx-get="{hazard.url}/acts/{name}"' in words}
    beside = {"list", "publish", "withdraw", "evidence"}
    assert offered - beside <= possible


def test_the_lists_and_forms_in_both_languages(inspector) -> None:
    hazard = HazardFactory(state=HazardState.RECTIFYING, due_at=timezone.now())
    for path in (
        "/hazards",
        "/hazards/new",
        "/listings",
        hazard.url,
        f"{hazard.url}/why",
        f"/hazards/of/{hazard.unit.ref}",
    ):
        assert inspector.get(path).status_code == 200, path
    assert "being rectified" in in_english(inspector).get("/hazards").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "state=rectifying",
        "open=1",
        "overdue=1",
        "late=1",
        "due=2026-01-01..2026-12-31",
        "closed=nonsense",
        "standing=2026-01-01..2027-01-01",
        "q=YH-1",
        "sort=-due_at",
        "sort=due_at&region=445281",
        "unit=DW-1",
        "period=2026-11",
    ],
)
def test_every_filter_answers(inspector, query: str) -> None:
    HazardFactory(state=HazardState.RECTIFYING, due_at=timezone.now())
    assert inspector.get(f"/hazards?{query}").status_code == 200


def test_the_number_of_questions_a_list_asks_is_fixed(inspector, django_assert_max_num_queries) -> None:
    for _ in range(30):
        HazardFactory()
    inspector.get("/hazards")
    with django_assert_max_num_queries(20):
        inspector.get("/hazards")


def test_reporting_through_the_form(inspector) -> None:
    unit = UnitFactory()
    data = {
        "unit": unit.ref,
        "place": "3 层东侧",
        "description": "安全出口被堵",
        "channel": "fire",
        "basis": "1",
        "urgency": "exits",
        "photos": photo().upload,
    }
    answer = inspector.post("/hazards/new", data)
    hazard = Hazard.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, hazard.url)
    assert "SHA-256" in inspector.get(hazard.url).content.decode()


@pytest.mark.parametrize(
    ("role", "region", "lang", "known"),
    [
        ("grid_worker", TOWN, "zh", ('value="赤岗镇"', '<option value="grid" selected>')),
        ("grid_worker", TOWN, "en", ('value="Chigang Town"', '<option value="grid" selected>')),
        ("inspector", COUNTY, "zh", ('<option value="fire" selected>',)),
        ("committee_clerk", COUNTY, "zh", ('<option value="" selected>',)),
    ],
)
def test_the_form_knows_what_the_role_of_a_reporter_tells(
    role: str, region: str, lang: str, known: tuple[str, ...]
) -> None:
    make_regions()
    client = client_for(make_user("reporter", role, region))
    client.cookies["lang"] = lang
    page = client.get("/hazards/new").content.decode()
    for words in known:
        assert words in page


def test_a_form_with_errors_says_what_to_change_and_writes_nothing(inspector) -> None:
    answer = inspector.post("/hazards/new", {"place": "", "description": ""})
    assert answer.status_code == 422
    assert not Hazard.objects.exists()


def test_an_act_by_its_form(inspector) -> None:
    hazard = HazardFactory(state=HazardState.VERIFIED)
    due = timezone.localtime() + timedelta(days=5)
    data = {"due_at": f"{due:%Y-%m-%dT%H:%M}", "demands": "清理", "second_officer": "李强", "service": "signed"}
    assert inspector.post(f"{hazard.url}/acts/order", data).status_code == 303
    assert Hazard.objects.get().state == HazardState.RECTIFYING
    refused = inspector.get(f"{hazard.url}/acts/order")
    assert refused.status_code == 409


def test_a_neighbour_sees_what_anybody_sees_of_nothing() -> None:
    hazard = HazardFactory()
    stranger = client_for(make_user("next", "inspector", NEXT_TOWN[:6]))
    there, nowhere = stranger.get(hazard.url), stranger.get("/hazards/YH-445281-2026-99999")
    assert there.status_code == nowhere.status_code == 404
    assert nameless(there.content, hazard.ref) == nameless(nowhere.content, "YH-445281-2026-99999")
    assert AuditEntry.objects.filter(action__startswith="hazards:").count() == 0


def test_what_the_public_reads(client, leader) -> None:
    from wanghuo.kernel.accounts.testing import actor

    hazard = HazardFactory(state=HazardState.RECTIFYING)
    assert "没有公示" in client.get("/p/hazards").content.decode()
    services.publish(
        hazard.ref,
        unit_name="滨江商贸城",
        place="3 层",
        summary="出口堵塞",
        until=None,
        actor=actor("brigade_leader", COUNTY),
    )
    words = client.get("/p/hazards").content.decode()
    assert "滨江商贸城" in words
    assert hazard.ref not in words


def test_a_listing_has_its_page_and_is_taken_off_by_its_form() -> None:
    from wanghuo.kernel.accounts.testing import actor

    hazard = HazardFactory(state=HazardState.RECTIFYING)
    listing = services.list_hazard(
        hazard.ref,
        level=Level.COUNTY,
        supervisor="市政府",
        demands="限期整改",
        due_at=timezone.now() + timedelta(days=90),
        actor=actor("government_leader", COUNTY),
    )
    mayor = client_for(make_user("mayor", "government_leader", COUNTY))
    assert mayor.get(f"/listings/{listing.ref}").status_code == 200
    assert mayor.get(f"/listings/{listing.ref}/acts/delist").status_code == 200
    assert mayor.post(f"/listings/{listing.ref}/acts/delist", {"note": ""}).status_code == 422
