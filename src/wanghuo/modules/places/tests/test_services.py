"""Acts on units: whole or not at all, within scope, personal numbers masked."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from wanghuo.base import Conflict, Invalid, MoveRefused, NotFound, NotPermitted
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.rulebook.book import book
from wanghuo.modules.places import public, sealing, selectors, services
from wanghuo.modules.places.errors import NeedsChecking, OutsideChina, PurposeNeeded, UsccTaken, UsccWrong
from wanghuo.modules.places.models import PersonInCharge, Unit, UnitClass
from wanghuo.modules.places.testing import NEXT_TOWN, TOWN, BuildingFactory, PersonFactory, UnitFactory, decide_class

INSPECTOR = actor("inspector", "445281")
NEIGHBOUR = actor("inspector", "445222")
GRID_WORKER = actor("grid_worker", "445281")
USCC = "91445281MA56000016"


@pytest.mark.parametrize(
    ("who", "given", "error"),
    [
        (INSPECTOR, {}, None),
        (INSPECTOR, {"name": " · "}, Invalid),
        (INSPECTOR, {"kind": "castle"}, Invalid),
        (INSPECTOR, {"sector": "magic"}, Invalid),
        (INSPECTOR, {"uscc": "91445281MA56000010"}, UsccWrong),
        (INSPECTOR, {"lng": 23.3, "lat": 116.2}, OutsideChina),
        (INSPECTOR, {"lng": 116.2}, OutsideChina),
        (NEIGHBOUR, {}, NotPermitted),
        (GRID_WORKER, {}, NotPermitted),
    ],
)
def test_registering_is_whole_or_not_at_all(who: Actor, given: dict[str, Any], error: type[Exception] | None) -> None:
    fields = {"name": "滨江商贸城", "kind": "shop", "uscc": USCC, "lng": 116.2, "lat": 23.3} | given
    if given.keys() == {"lng"}:
        del fields["lat"]
    with pytest.raises(error) if error else nullcontext():
        services.register_unit(region_code=TOWN, actor=who, **fields)
    assert Unit.objects.count() == AuditEntry.objects.count() == (0 if error else 1)


def test_a_code_that_is_taken_is_told_only_within_scope() -> None:
    own = UnitFactory(uscc=USCC)
    with pytest.raises(UsccTaken, match=own.ref):
        services.register_unit(region_code=TOWN, name="又一家", uscc=USCC, actor=INSPECTOR)
    with pytest.raises(NeedsChecking) as refusal:
        services.register_unit(region_code=NEXT_TOWN, name="又一家", uscc=USCC, actor=NEIGHBOUR)
    assert own.ref not in str(refusal.value)
    assert own.name not in str(refusal.value)


def test_a_change_needs_the_version_it_was_made_from() -> None:
    unit = UnitFactory()
    services.change_unit(ref=unit.ref, version=1, actor=INSPECTOR, address="南溪路 2 号")
    with pytest.raises(Conflict):
        services.change_unit(ref=unit.ref, version=1, actor=INSPECTOR, address="南溪路 3 号")
    with pytest.raises(NotFound):
        services.change_unit(ref=unit.ref, version=2, actor=NEIGHBOUR, address="南溪路 4 号")
    assert Unit.objects.get().address == "南溪路 2 号"


def test_a_unit_moves_with_its_people_and_only_where_the_actor_may() -> None:
    person = PersonFactory()
    unit = person.unit
    with pytest.raises(NotPermitted):
        services.change_unit(ref=unit.ref, version=1, actor=INSPECTOR, region_code=NEXT_TOWN)
    services.change_unit(ref=unit.ref, version=1, actor=INSPECTOR, region_code="445281103")
    person.refresh_from_db()
    assert person.town_code == "445281103"
    assert person.scope_unit == unit.id


def test_the_life_of_a_unit() -> None:
    unit = UnitFactory()
    assert services.move_unit(ref=unit.ref, move="close", reason="停业", actor=INSPECTOR).state == "closed"
    with pytest.raises(MoveRefused):
        services.move_unit(ref=unit.ref, move="close", reason="停业", actor=INSPECTOR)
    with pytest.raises(NotPermitted):
        services.move_unit(ref=unit.ref, move="reopen", reason="x", actor=GRID_WORKER)


def test_a_decision_stands_beside_what_the_rules_proposed() -> None:
    unit = UnitFactory(kind="hotel", rooms=80)
    decided = services.decide_class(ref=unit.ref, code="key_unit", holds=True, actor=INSPECTOR)
    assert decided.classes == ("key_unit",)
    kept = UnitClass.objects.get()
    assert (kept.proposed, kept.decided_by) == (True, INSPECTOR.id)
    assert Unit.objects.get().key_unit_since is not None
    with pytest.raises(Invalid):
        services.decide_class(ref=unit.ref, code="key_unit", holds=False, actor=INSPECTOR)
    services.decide_class(ref=unit.ref, code="key_unit", holds=False, note="已转为办公", actor=INSPECTOR)
    assert Unit.objects.get().classes == []
    assert UnitClass.objects.get().ended_by == INSPECTOR.id


def test_numbers_are_masked_sealed_and_shown_for_a_purpose_only() -> None:
    unit = UnitFactory()
    services.name_person(unit_ref=unit.ref, role="safety_manager", name="李强", phone="13812345678", actor=INSPECTOR)
    services.name_person(unit_ref=unit.ref, role="duty_phone", name="", phone="0663-2345678", actor=INSPECTOR)
    person = PersonInCharge.objects.get(role="safety_manager")
    assert "13812345678" not in str(vars(person))
    manager, duty = public.contacts(unit.id, actor("alarm_operator", "445281"))
    assert (manager.phone, manager.masked, duty.phone, duty.masked) == ("138****5678", True, "0663-2345678", False)
    for who, purpose, error in [
        (INSPECTOR, "核实火警", None), (INSPECTOR, " ", PurposeNeeded), (GRID_WORKER, "核实火警", NotPermitted),
        (NEIGHBOUR, "核实火警", NotFound),
    ]:  # fmt: skip
        with pytest.raises(error) if error else nullcontext():
            assert services.reveal_phone(person_id=person.id, purpose=purpose, actor=who) == "13812345678"
    entry = AuditEntry.objects.get(action="places:person:reveal")
    assert "13812345678" not in str(vars(entry))


def test_who_follows_takes_the_post() -> None:
    unit = UnitFactory()
    for name in ("李强", "赵敏"):
        services.name_person(unit_ref=unit.ref, role="responsible_person", name=name, phone="", actor=INSPECTOR)
    assert [c.name for c in public.contacts(unit.id, INSPECTOR)] == ["赵敏"]


@pytest.mark.parametrize(
    ("phone", "mask"), [("13812345678", "138****5678"), ("+86 13812345678", "138****5678"), ("0663-2345678", "**********78"), ("110", "***")]
)  # fmt: skip
def test_masks(phone: str, mask: str) -> None:
    assert sealing.mask_phone(phone) == mask


def test_a_sealed_number_opens_for_its_own_record_only() -> None:
    from cryptography.exceptions import InvalidTag

    sealed = sealing.seal("13812345678", "a")
    assert sealing.unseal(sealed, "a") == "13812345678"
    with pytest.raises(InvalidTag):
        sealing.unseal(sealed, "b")


def test_a_building_and_its_units() -> None:
    unit, other = UnitFactory(), UnitFactory()
    made = services.register_building(
        name="1 号楼", region_code=TOWN, manager_ref=unit.ref, actor=INSPECTOR, height_m=30.0
    )
    services.let_to(building_ref=made.ref, unit_ref=other.ref, floors="3F", actor=INSPECTOR)
    assert public.get_building(made.id, actor("unit_manager", "445281", unit=unit.id)).name == "1 号楼"
    for stranger in (NEIGHBOUR, actor("unit_manager", "445281", unit=other.id)):
        with pytest.raises(NotFound):
            public.get_building(made.id, stranger)
    foreign = UnitFactory(region_code=NEXT_TOWN)
    with pytest.raises(NotFound):
        services.let_to(building_ref=made.ref, unit_ref=foreign.ref, floors="", actor=INSPECTOR)


def test_doors_for_other_modules() -> None:
    unit = UnitFactory(uscc=USCC, local_code="T-7", has_control_room=True)
    building = BuildingFactory(manager=unit)
    assert {public.unit_by_code(c).id for c in (unit.ref, USCC, "T-7")} == {unit.id}
    assert public.unit_by_code("") is None
    assert public.unit_by_code("nothing") is None
    assert set(public.units_by_codes([USCC, "T-7", "nothing", ""])) == {USCC, "T-7"}
    assert public.units_by_ids([unit.id])[unit.id].url == f"/units/{unit.ref}"
    assert public.buildings_by_ids([building.id])[building.id].manager == unit.id
    assert public.count_by_town(public.must_connect()) == {TOWN: 1}
    with pytest.raises(NotFound):
        public.get_unit(unit.id, NEIGHBOUR)


def test_a_unit_knows_whether_both_posts_are_held() -> None:
    unit, other = UnitFactory(), UnitFactory()

    def lacking() -> set[str]:
        return set(Unit.objects.filter(selectors.without_people()).values_list("ref", flat=True))

    assert lacking() == {unit.ref, other.ref}
    for role in ("responsible_person", "duty_phone", "safety_manager"):
        assert unit.ref in lacking()
        services.name_person(unit_ref=unit.ref, role=role, name="李强", phone="", actor=INSPECTOR)
    services.name_person(unit_ref=unit.ref, role="safety_manager", name="赵敏", phone="", actor=INSPECTOR)
    assert lacking() == {other.ref}
    services.end_person(person_id=PersonInCharge.objects.get(name="赵敏").id, actor=INSPECTOR)
    assert unit.ref in lacking()


PACK = """
[pack]
id = "{region}"
title = ["联网范围", "who must connect"]
region = "{region}"
version = "1"

[[rule]]
id = "places.must_connect"
title = ["应联网单位", "units that must connect"]
value = {value}
source = "地方规定"
mark = "R"
valid_from = {since}
"""


@pytest.fixture
def packs(tmp_path, settings):
    """Writes packs of the deployment: region, value, from when."""
    (tmp_path / "rules").mkdir()
    settings.HOME = tmp_path

    def write(region: str, value: str, since: str = "2020-01-01") -> None:
        text = PACK.format(region=region, value=value, since=since)
        (tmp_path / "rules" / f"r{region}.toml").write_text(text, "utf-8")
        book.cache_clear()

    yield write
    book.cache_clear()


def test_a_region_says_who_must_connect_and_the_nearest_decides(packs) -> None:
    def units(region_code: str) -> tuple[Unit, Unit, Unit]:
        plain, with_room, risky = (UnitFactory(region_code=region_code, has_control_room=n == 1) for n in range(3))
        decide_class(risky, "high_risk")
        return plain, with_room, risky

    province, city, town = units("440104003"), units("445222101"), units(TOWN)
    packs("44", '{ control_room = true, classes = ["high_risk"] }')
    packs("4452", '{ control_room = false, classes = ["high_risk"] }')
    packs(TOWN, "{ control_room = false, classes = [] }", since="2999-01-01")
    expected = {*province[1:], city[2], town[2]}
    assert set(public.must_connect()) == expected
    packs(TOWN, "{ control_room = false, classes = [] }")
    assert set(public.must_connect()) == expected - {town[2]}
    elsewhere = units("310101002")
    assert set(public.must_connect()) == (expected - {town[2]}) | {elsewhere[1]}
