"""The decision itself: right and place from the same grant, and the query says what the object says."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base import NotPermitted
from wanghuo.kernel.access.actor import Actor, Grant, anonymous, regions_with, system_actor
from wanghuo.kernel.access.pages import own_path
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts.models import User
from wanghuo.kernel.regions import codes

UNIT = UUID(int=7)
PLACES = ["0", "44", "4452", "445281", "445281102", "445281102201", "445281103", "445222", "33", "4400"]
SECTORS = ["", "education", "health"]
grants = st.builds(
    Grant, st.sampled_from(["security_admin", "inspector", "learner"]), st.sampled_from(PLACES),
    st.sampled_from(SECTORS), st.sampled_from([None, UNIT]),
)  # fmt: skip


def holder(*held: Grant) -> Actor:
    return Actor(id=1, name="x", grants=held)


@pytest.fixture
def people(db) -> list[User]:
    """One row in each place, sector and unit."""
    rows = [
        User(username=f"{p}-{s}-{bool(u)}", display_name="x", password="!", **scope_columns(p, sector=s, unit=u))
        for p in PLACES
        for s in SECTORS
        for u in (None, UNIT)
    ]
    return User.objects.bulk_create(rows)


def test_the_query_and_the_object_agree(people) -> None:
    @given(st.lists(grants, max_size=3))
    def agree(held: list[Grant]) -> None:
        actor = holder(*held)
        seen = set(User.objects.visible_to(actor).values_list("username", flat=True))
        assert seen == {row.username for row in people if actor.can("accounts.manage", row)}

    agree()


def test_right_and_place_come_from_the_same_grant() -> None:
    actor = holder(Grant("inspector", "445281"), Grant("learner", "4452"))
    row = User(**scope_columns("445222"))
    assert actor.can("hazards.order", User(**scope_columns("445281102")))
    assert not actor.can("hazards.order", row), "the right from one grant, the place from another"
    with pytest.raises(NotPermitted):
        actor.require("hazards.order", row)


def test_nobody_sees_nothing_and_processes_everything(people) -> None:
    assert not User.objects.visible_to(anonymous()).exists()
    assert User.objects.visible_to(system_actor("worker")).count() == len(people)


def test_an_unknown_role_has_no_rights() -> None:
    assert holder(Grant("wizard", "0")).rights == frozenset()


@given(st.sampled_from(PLACES), st.sampled_from(PLACES))
def test_containment_is_ancestry(upper: str, lower: str) -> None:
    assert codes.contains(upper, lower) == (upper == lower or upper in codes.ancestors(lower))


def test_regions_inside_others_are_left_out() -> None:
    held = [Grant("inspector", r) for r in ("445281102", "445281", "33", "445281")]
    assert set(regions_with(held)) == {"445281", "33"}
    assert regions_with([*held, Grant("inspector", "0")]) == ("0",)


@pytest.mark.parametrize("bad", ["//x", "/\\x", "https://x", "x", "", "/a b", "/\n/x", "/\t//x", "javascript:x"])
def test_paths_of_elsewhere(bad: str) -> None:
    assert own_path(bad) == ""


def test_a_unit_narrows(people) -> None:
    actor = holder(Grant("security_admin", "445281102", unit=UNIT))
    seen = User.objects.visible_to(actor)
    assert seen.count() == 2 * len(SECTORS)
    assert not User.objects.visible_to(holder(Grant("security_admin", "0", unit=uuid4()))).exists()
