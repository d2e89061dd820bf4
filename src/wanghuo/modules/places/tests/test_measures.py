"""Units counted by class, and key units with people in charge."""

from __future__ import annotations

import pytest
from django.utils import timezone

from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.indicators import Period, compute, indicator
from wanghuo.modules.places.models import UnitClass
from wanghuo.modules.places.testing import UnitFactory

COUNTY = "445281"


@pytest.mark.django_db
def test_numbers_and_the_lists_behind_them_agree() -> None:
    now = timezone.now()
    year = Period.year(now.year)
    for code, named, state in (
        ("key_unit", True, "active"),
        ("key_unit", False, "active"),
        ("key_unit", True, "closed"),
        ("nine_small", False, "active"),
    ):
        unit = UnitFactory(people_named=named, state=state, classes=[code])
        UnitClass.objects.create(unit=unit, code=code, decided_at=now)
    reader = actor("inspector", COUNTY)
    client = client_for(make_user("inspector", "inspector", COUNTY))
    for code, value, part, rows in (
        ("places.people_named_rate", 50, "gap", 1),
        ("places.key_units", 2, "num", 2),
        ("places.class_nine_small", 1, "num", 1),
        ("places.units", 3, "num", 3),
    ):
        assert compute(code, COUNTY, year).value == value, code
        page = client.get(indicator(code).records(reader, COUNTY, year, part)).content.decode()
        assert page.count("data-row ") == rows, code
