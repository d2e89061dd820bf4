"""Where an indicator lags, whoever may send an order or a letter from above is offered it, and the form is filled in."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from wanghuo.base.time import local_day
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.indicators.models import IndicatorTarget
from wanghuo.modules.accountability.models import MonthlyOrder
from wanghuo.modules.accountability.testing import COUNTY, SISTER_TOWN, TOWN, standard, target, this_month
from wanghuo.modules.hazards.testing import HazardFactory

pytestmark = pytest.mark.django_db
CODE = "hazards.closing_rate"
PAGE = f"/indicators/{CODE}?region={COUNTY}"
LINK = re.compile(r'href="((?:/programmes/orders/new|/letters/new)[^"]*)"')


@pytest.fixture(autouse=True)
def lagging() -> None:
    standard()
    target(CODE, 90)
    target(CODE, 90, TOWN)
    for _ in range(12):
        HazardFactory(region_code=TOWN)


def links(role: str, region: str, page: str) -> list[str]:
    client = client_for(make_user(f"{role}{region}{len(page)}", role, region))
    return [found.replace("&amp;", "&") for found in LINK.findall(client.get(page).content.decode())]


@pytest.mark.parametrize("page", [PAGE, f"/indicators/{CODE}?region={TOWN}"])
def test_the_office_above_is_offered_order_circular_and_interview(page: str) -> None:
    year = local_day(timezone.now()).year
    about = f"&about=indicator:{CODE}:{TOWN}:{year}"
    wanted = [
        f"/programmes/orders/new?to={TOWN}&code={CODE}",
        f"/letters/new?kind=circular{about}",
        f"/letters/new?kind=interview{about}",
    ]
    assert links("committee_clerk", COUNTY, page) == wanted
    assert links("government_leader", COUNTY, page) == wanted[1:], "a leader sends letters, no orders"


def test_a_share_without_a_target_of_its_own_is_held_against_the_one_above() -> None:
    IndicatorTarget.objects.filter(region_code=TOWN).delete()
    found = links("committee_clerk", COUNTY, PAGE)
    assert [each for each in found if TOWN in each]
    assert not [each for each in found if SISTER_TOWN in each]


def test_nobody_is_offered_an_order_to_themselves_or_without_the_right() -> None:
    page = f"/indicators/{CODE}?region={TOWN}"
    assert links("committee_clerk", TOWN, page) == []
    assert links("inspector", COUNTY, page) == []
    assert links("committee_clerk", COUNTY, f"/indicators/{CODE}?region={SISTER_TOWN}") == [], "it does not lag"


def test_an_order_begun_there_goes_to_that_region_alone() -> None:
    client = client_for(make_user("office", "committee_clerk", COUNTY))
    address = f"/programmes/orders/new?to={TOWN}&code={CODE}"
    page = client.get(address).content.decode()
    ticked = re.findall(r'name="(?:codes|only)" value="([^"]+)"[^>]*checked', page)
    assert ticked == [CODE, TOWN]
    sent = {"month": this_month(), "codes": [CODE], "only": [TOWN], "share": "equal", "tasks": "", "evidence": ""}
    assert client.post(address, sent).status_code == 303
    assert list(MonthlyOrder.objects.values_list("region_code", flat=True)) == [TOWN]


def test_a_letter_begun_there_names_its_addressee() -> None:
    client = client_for(make_user("office", "committee_clerk", COUNTY))
    year = local_day(timezone.now()).year
    page = client.get(f"/letters/new?kind=interview&about=indicator:{CODE}:{TOWN}:{year}").content.decode()
    assert "隐患整改销案率" in page
    assert len(re.findall(r'name="to"[^>]*checked', page)) == 1
    assert re.search(r'<option value="interview" selected', page)
