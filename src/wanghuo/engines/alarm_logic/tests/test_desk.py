"""The seat as a story, and as a walk of any events in any order: nothing hides a fire, nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from wanghuo.engines.alarm_logic import (
    AlarmLevel,
    Back,
    CorroborationParams,
    Desk,
    Point,
    Policy,
    Route,
    Trigger,
    Why,
    corroborate,
)

POLICY = Policy(offender_false=2, echo_s=600.0)
HOUR = 3600.0


class Seat:
    """A desk that remembers what it showed."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.shown: list[tuple[float, Point, Why, Back | None]] = []
        self.desk = Desk(policy, lambda *told: self.shown.append(told))


@pytest.fixture
def seat() -> Seat:
    return Seat()


def smoke(unit: str = "商贸城", **changed: object) -> Point:
    return replace(Point(unit, "fire", 2), **changed)


def fault(unit: str = "商贸城", priority: int = 3, cause: str = "fault", *, brief: bool = False) -> Point:
    return Point(unit, cause, priority, brief=brief)


def test_a_single_fire_comes_at_once_and_its_repeats_are_counted(seat: Seat) -> None:
    point = smoke()
    assert seat.desk.raised(0, point) is Why.PLAIN
    seat.desk.cleared(5, point)
    assert seat.desk.raised(10, point) is Why.AGAIN
    assert (len(seat.shown), point.count) == (1, 2)


def offender(seat: Seat) -> Point:
    point = smoke()
    for n in range(2):
        seat.desk.raised(n * HOUR, point)
        seat.desk.judged(n * HOUR + 60, point, false=True)
        seat.desk.cleared(n * HOUR + 61, point)
    seat.shown.clear()
    return point


def test_an_offender_is_asked_about_first_and_shown_when_nobody_answers(seat: Seat) -> None:
    point = offender(seat)
    assert seat.desk.raised(9 * HOUR, point) is Why.ASK_OFFENDER
    seat.desk.advance(9 * HOUR + 59)
    assert seat.shown == []
    seat.desk.advance(9 * HOUR + 61)
    assert seat.shown == [(9 * HOUR + 60, point, Why.RELEASED, Back.UNANSWERED)]


def test_a_denial_holds_only_while_the_signal_goes_away(seat: Seat) -> None:
    point = offender(seat)
    seat.desk.raised(9 * HOUR, point)
    seat.desk.answered(9 * HOUR + 20, point, fire=False)
    seat.desk.advance(10 * HOUR)
    assert [told[3] for told in seat.shown] == [Back.STILL_STANDS]
    seat.desk.judged(10 * HOUR, point, false=True)
    seat.desk.cleared(10 * HOUR, point)
    seat.desk.raised(11 * HOUR, point)
    seat.desk.answered(11 * HOUR + 20, point, fire=False)
    seat.desk.cleared(11 * HOUR + 30, point)
    seat.desk.advance(12 * HOUR)
    assert len(seat.shown) == 1


def test_a_second_device_brings_out_what_the_unit_was_asked_about(seat: Seat) -> None:
    point, other = offender(seat), smoke()
    seat.desk.raised(9 * HOUR, point)
    assert seat.desk.raised(9 * HOUR + 30, other) is Why.PROTECTED
    assert [told[1:3] for told in seat.shown] == [(other, Why.PROTECTED), (point, Why.EVIDENCE)]
    assert seat.desk.raised(9 * HOUR + 40, smoke()) is Why.EVIDENCE, "one fire, one call; each device has its row"


def test_a_person_who_saw_it_brings_it_out(seat: Seat) -> None:
    point = offender(seat)
    seat.desk.raised(9 * HOUR, point)
    seat.desk.answered(9 * HOUR + 5, point, fire=True)
    assert [told[3] for told in seat.shown] == [Back.CORROBORATED]


def test_a_call_point_is_never_asked_about(seat: Seat) -> None:
    point = smoke(pressed=True)
    seat.desk.open_window(0, point.unit, HOUR)
    assert seat.desk.raised(1, point) is Why.PROTECTED


def test_where_it_burnt_the_next_alarm_is_believed(seat: Seat) -> None:
    point = offender(seat)
    seat.desk.raised(9 * HOUR, point)
    seat.desk.advance(9 * HOUR + 60)
    seat.desk.judged(9 * HOUR + 90, point, false=False)
    assert seat.desk.raised(10 * HOUR, point) is Why.PLAIN


def test_chatter_becomes_one_alarm_until_it_is_quiet(seat: Seat) -> None:
    point = fault()
    for n in range(20):
        seat.desk.raised(n * 10, point)
        seat.desk.cleared(n * 10 + 5, point)
    assert len(seat.shown) == 3, "twice for itself, then once as chatter"
    seat.desk.advance(20 * HOUR)
    assert point.route is Route.SHOW, "it comes and goes: one alarm stands for it"
    seat.desk.advance(25 * HOUR)
    assert point.route is None
    assert seat.desk.raised(25 * HOUR, point) is Why.PLAIN


def test_what_waits_joins_the_first_that_stayed(seat: Seat) -> None:
    points = [fault(brief=True) for _ in range(4)]
    for n, point in enumerate(points):
        assert seat.desk.raised(n, point) is Why.DELAY
    seat.desk.advance(120)
    assert [told[1] for told in seat.shown] == points[:1]
    assert {p.head for p in points[1:]} == {points[0]}


def test_a_short_fault_of_class_four_calls_nobody(seat: Seat) -> None:
    point = fault(priority=4, brief=True)
    assert seat.desk.raised(0, point) is Why.DELAY
    seat.desk.cleared(30, point)
    seat.desk.raised(100, point)
    seat.desk.advance(200)
    assert [(told[0], told[3]) for told in seat.shown] == [(160, Back.STAYED)]


def test_what_follows_the_first_stands_below_it_and_comes_up_when_it_ends(seat: Seat) -> None:
    points = [fault() for _ in range(5)]
    for n, point in enumerate(points):
        seat.desk.raised(n, point)
    assert [told[1] for told in seat.shown] == points[:1]
    seat.desk.cleared(10, points[1])
    seat.desk.cleared(20, points[0])
    assert [told[1] for told in seat.shown] == [points[0], points[2]]
    assert {p.route for p in points[3:]} == {Route.GROUP}
    assert points[3].head is points[2]


def test_a_lighter_alarm_never_hides_a_heavier_one(seat: Seat) -> None:
    first, second = fault(priority=4, cause="power"), fault(priority=3, cause="power")
    seat.desk.raised(0, first)
    seat.desk.advance(61)
    assert seat.desk.raised(62, second) is Why.PLAIN


def test_shelving_holds_until_it_ends_and_shows_what_it_held(seat: Seat) -> None:
    point, fire = fault(), smoke()
    seat.desk.shelve(0, point, HOUR)
    seat.desk.shelve(0, fire, HOUR)
    assert seat.desk.raised(10, point) is Why.SHELF
    assert seat.desk.raised(11, fire) is Why.PLAIN, "fire is never shelved"
    seat.desk.unshelve(20, point)
    assert [told[1] for told in seat.shown] == [fire, point]


def test_what_is_shelved_and_under_maintenance_waits_for_the_end_of_both(seat: Seat) -> None:
    point = fault()
    seat.desk.shelve(0, point, HOUR)
    seat.desk.open_window(0, point.unit, 2 * HOUR)
    seat.desk.raised(10, point)
    seat.desk.unshelve(20, point)
    assert seat.shown == []
    seat.desk.advance(2 * HOUR)
    assert [(told[0], told[3]) for told in seat.shown] == [(2 * HOUR, Back.ENDED)]


def test_a_window_holds_faults_and_asks_about_fires(seat: Seat) -> None:
    point, fire = fault(), smoke()
    seat.desk.open_window(0, point.unit, HOUR)
    assert seat.desk.raised(10, point) is Why.WINDOW
    assert seat.desk.raised(10, fire) is Why.ASK_WINDOW
    seat.desk.advance(HOUR)
    assert [(told[0], told[1]) for told in seat.shown] == [(70, fire), (HOUR, point)]


def test_many_silent_units_of_a_town_are_one_matter(seat: Seat) -> None:
    points = [replace(fault(f"单位{n}", priority=4, cause="offline"), area="流沙") for n in range(30)]
    for n, point in enumerate(points):
        seat.desk.raised(n * 15, point)
    seat.desk.advance(HOUR)
    assert len(seat.shown) <= POLICY.area_units + 2


def test_a_flood_begins_and_ends_and_leaves_fires_alone(seat: Seat) -> None:
    for n in range(11):
        seat.desk.raised(n, fault(f"单位{n}"))
    assert seat.desk.flood
    late = fault("单位3")
    assert seat.desk.raised(200, late) is Why.FLOOD
    assert seat.desk.raised(201, smoke("单位3")) is Why.PLAIN
    seat.desk.advance(HOUR)
    seat.desk.raised(HOUR, smoke("单位4"))
    assert not seat.desk.flood


class AnySequence(RuleBasedStateMachine):
    """Whatever happens and whatever people decide, in any order."""

    units = st.sampled_from(["甲", "乙"])
    indexes = st.integers(0, 11)

    @initialize()
    def start(self) -> None:
        self.seat = Seat(replace(POLICY, area_units=2, flood_starts=3, flood_ends=1))
        self.desk, self.now = self.seat.desk, 0.0
        kinds = [("fire", 2, False), ("fire", 2, False), ("fire", 2, True), ("f", 3, False), ("f", 4, False)]
        self.points = [Point(u, *kind) for u in ("甲", "乙") for kind in kinds]
        self.points += [Point(u, "offline", 4, area="镇") for u in ("甲", "乙")]
        self.triggers: list[tuple[float, Point]] = []
        self.people: list[tuple[float, str]] = []
        for point in self.points[:2]:
            point.false_at.extend([-1.0, -1.0])  # known offenders
        self.owed: set[Point] = set()  # parts of a corroborated fire that no operator judged
        self.ended: set[Point] = set()  # standing, but judged by the operator since it was raised
        self.denied: dict[Point, float] = {}

    def _owe(self, point: Point) -> None:
        """What another judge (`corroborate`) says is a corroborated fire."""
        window = POLICY.window_s
        near = [(at, p) for at, p in self.triggers if p.unit == point.unit and self.now - at <= window]
        seen = [at for at, unit in self.people if unit == point.unit and self.now - at <= window]
        found = [Trigger(str(id(p)), at, 23 if p.pressed else None) for at, p in near]
        if seen or corroborate(found, CorroborationParams(window)).value is AlarmLevel.PRESUMED:
            both = {p for _, p in near}
            self.owed |= both if len(both) > 1 or seen else {point}

    @rule(step=st.sampled_from([1.0, 20.0, 50.0, 119.0, 400.0, 4000.0]))
    def wait(self, step: float) -> None:
        self.now += step
        self.desk.advance(self.now)

    @rule(i=indexes)
    def raise_(self, i: int) -> None:
        point = self.points[i]
        self.ended.discard(point)
        self.denied.pop(point, None)
        if point.fire:
            self.triggers.append((self.now, point))
            self._owe(point)
        self.desk.raised(self.now, point)

    @rule(i=indexes)
    def clear(self, i: int) -> None:
        self.desk.cleared(self.now, self.points[i])

    @rule(i=indexes, fire=st.booleans())
    def answer(self, i: int, fire: bool) -> None:
        point = self.points[i]
        if not point.fire:
            return
        if fire:
            self.see(point.unit)
            return
        if point.route is Route.ASK:
            self.denied[point] = self.now
        self.desk.answered(self.now, point, fire=False)

    @rule(unit=units)
    def see(self, unit: str) -> None:
        self.people.append((self.now, unit))
        recent = {p for at, p in self.triggers if p.unit == unit and self.now - at <= POLICY.window_s}
        self.owed |= recent | {p for p in self.points if p.unit == unit and p.fire and p.route is not None}
        self.desk.seen(self.now, unit)

    @rule(i=indexes, false=st.booleans())
    def judge(self, i: int, false: bool) -> None:
        point = self.points[i]
        if point.route is not Route.SHOW or not point.fire:
            return
        self.owed.discard(point)
        self.ended.add(point)
        self.triggers = [t for t in self.triggers if t[1] is not point]
        self.desk.judged(self.now, point, false=false)

    @rule(i=indexes, seconds=st.sampled_from([30.0, 3000.0]))
    def shelve(self, i: int, seconds: float) -> None:
        self.desk.shelve(self.now, self.points[i], self.now + seconds)

    @rule(i=indexes)
    def unshelve(self, i: int) -> None:
        self.desk.unshelve(self.now, self.points[i])

    @rule(unit=units, seconds=st.sampled_from([30.0, 3000.0]))
    def maintain(self, unit: str, seconds: float) -> None:
        self.desk.open_window(self.now, unit, self.now + seconds)

    @rule(unit=units)
    def end_maintenance(self, unit: str) -> None:
        self.desk.close_window(self.now, unit)

    @rule(i=indexes)
    def release(self, i: int) -> None:
        self.desk.release(self.now, self.points[i])
        assert self.points[i] not in set(self.desk.kept())

    @invariant()
    def no_corroborated_fire_is_kept_back(self) -> None:
        assert all(point.route is Route.SHOW for point in self.owed)

    @invariant()
    def nothing_is_lost(self) -> None:
        """What stands is before the operator, in a list, or was judged; a denial counts for its minutes only."""
        kept = set(self.desk.kept())
        for point in self.points:
            assert (point.route not in (None, Route.SHOW)) == (point in kept)
            if point.route is Route.GROUP:
                assert point.head is not None
                assert point.head.route is Route.SHOW, "what stands below stands below something"
            if point.standing and point.route is None and point not in self.ended:
                assert self.now - self.denied[point] <= POLICY.denied_s

    @invariant()
    def a_fire_is_asked_about_for_so_long_and_no_longer(self) -> None:
        for point in self.desk.kept():
            if point.fire:
                assert point.route is Route.ASK
                assert self.now - point.since <= POLICY.gone_s
                assert not point.standing or self.now - point.raised_at <= POLICY.ask_s

    def teardown(self) -> None:
        """Releasing every suppression shows all that it held."""
        for unit in ("甲", "乙"):
            self.desk.close_window(self.now, unit)
        for point in self.points:
            self.desk.unshelve(self.now, point)
        for point in list(self.desk.kept()):
            self.desk.release(self.now, point)
        self.desk.advance(self.now + HOUR)
        assert set(self.desk.kept()) == set()
        assert all(p.route is Route.SHOW for p in self.points if p.standing and p not in self.ended)


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=300, stateful_step_count=50, deadline=None)


@pytest.mark.parametrize("seed", range(20))
def test_a_long_walk_keeps_every_promise_too(seed: int) -> None:
    """Hypothesis shrinks well and walks little; a seeded walk of thousands of steps gets further."""
    random = Random(seed)
    walk = AnySequence()
    walk.start()
    for _ in range(1500):
        i, unit, yes = random.choice((0, 0, 1, 1, *range(12))), random.choice("甲甲甲乙"), random.random() < 0.5
        step = random.choice(
            [
                *[lambda i=i: walk.raise_(i)] * 6,
                *[lambda i=i: walk.clear(i)] * 3,
                *[lambda: walk.wait(random.choice((1.0, 20.0, 50.0, 119.0, 400.0)))] * 4,
                lambda i=i, yes=yes: walk.answer(i, yes and random.random() < 0.2),
                lambda unit=unit: walk.see(unit) if random.random() < 0.2 else None,
                *[lambda i=i, yes=yes: walk.judge(i, yes)] * 3,
                lambda i=i: walk.shelve(i, random.choice((30.0, 3000.0))),
                lambda i=i: walk.unshelve(i),
                lambda unit=unit: walk.maintain(unit, random.choice((30.0, 3000.0))),
                lambda unit=unit: walk.end_maintenance(unit),
                lambda i=i: walk.release(i) if random.random() < 0.2 else None,
            ]
        )
        step()
        walk.no_corroborated_fire_is_kept_back()
        walk.nothing_is_lost()
        walk.a_fire_is_asked_about_for_so_long_and_no_longer()
    walk.teardown()
