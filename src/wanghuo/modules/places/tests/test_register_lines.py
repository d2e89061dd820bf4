"""Lines of a register about a unit: found, named and placed by it, within the writer's scope."""

from __future__ import annotations

import pytest

from wanghuo.base import Conflict
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.ledgers.registers import rows
from wanghuo.kernel.ledgers.registers.values import WrongValue
from wanghuo.kernel.regions.testing import COUNTY, TOWN
from wanghuo.modules.places.testing import UnitFactory

pytestmark = pytest.mark.django_db


def as_kept(unit):
    """A unit as a line keeps it."""
    known = {"ref": unit.ref, "name": unit.name, "region": unit.region_code, "sector": unit.sector}
    return {"id": str(unit.pk), **known, "url": f"/units/{unit.ref}"}


def test_a_line_about_a_unit_is_named_and_placed_by_it() -> None:
    unit = UnitFactory(region_code=TOWN)
    far = UnitFactory(region_code="445222100")
    clerk = actor("committee_clerk", COUNTY)
    row = rows.add_row(register="insurance", values={"unit": unit.ref, "insured": True}, actor=clerk)
    assert row.values["unit"] == as_kept(unit)
    assert row.name == unit.name
    assert row.scope_unit == unit.pk
    assert row.region_code == TOWN
    with pytest.raises(WrongValue):
        rows.add_row(register="insurance", values={"unit": far.ref}, actor=clerk)
    with pytest.raises(Conflict):
        rows.add_row(register="insurance", values={"unit": unit.name}, actor=clerk)
    page = client_for(make_user("clerk", "committee_clerk", COUNTY)).get(row.url).content.decode()
    assert f'href="/units/{unit.ref}"' in page
