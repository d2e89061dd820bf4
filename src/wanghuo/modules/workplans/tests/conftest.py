"""The county whose papers are compiled here, and the clerk of its committee's office."""

from __future__ import annotations

import pytest

from wanghuo.kernel.accounts import bodies
from wanghuo.kernel.accounts.actors import Actor, actor_of
from wanghuo.kernel.accounts.models import User
from wanghuo.kernel.accounts.testing import make_user
from wanghuo.kernel.regions.testing import COUNTY, make_regions
from wanghuo.modules.workplans.models import WorkPlan
from wanghuo.modules.workplans.testing import make_plan


@pytest.fixture(autouse=True)
def _regions(db: None) -> None:
    make_regions()


@pytest.fixture
def office() -> User:
    bodies.ensure_standard_bodies(COUNTY)
    return make_user("office", "committee_clerk", COUNTY)


@pytest.fixture
def clerk(office: User) -> Actor:
    return actor_of(office)


@pytest.fixture
def plan(clerk: Actor) -> WorkPlan:
    return make_plan(clerk)
