"""The alarm logic of one operator's seat in memory: what is raised, answered, shelved and judged, in the order of time.

The same decisions as the live path takes (`routes`), with the facts kept here instead of in tables: for replays, for trying out other
figures, and for the proof that no order of events and policies hides a corroborated fire. Times are seconds; keys are the caller's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from wanghuo.engines.alarm_logic.policy import Policy
from wanghuo.engines.alarm_logic.routes import ROUTE_OF, WHY, Back, Fact, Route, Why

Key = Hashable
FIRE, PROTECTED, SHOWN, KEPT, BRIEF = (int(f) for f in (Fact.FIRE, Fact.PROTECTED, Fact.SHOWN, Fact.KEPT, Fact.BRIEF))
SHELVED, WINDOW, CHATTER = int(Fact.SHELVED), int(Fact.WINDOW), int(Fact.CHATTER)
OFFENDER, HEADED, CROWDED = int(Fact.OFFENDER), int(Fact.HEADED), int(Fact.CROWDED)
ECHO, MATTER = int(Fact.ECHO), int(Fact.MATTER)
SHOW, FOLD, GROUP, WAIT, ASK, HOLD = Route
NEVER = float("-inf")


@dataclass(slots=True, eq=False)
class Point:
    """One condition at one component, and the alarm of it that stands.

    `priority`: 2 fire, 3 or 4. `pressed`: a manual call point over a link that proves the sender. `brief`: a fault that may be gone by
    itself. `area`: where an outage may take many units at once (the town of a silent device); None where it cannot. `route`: where the alarm stands; None when there is none.
    """

    unit: Key
    cause: str
    priority: int
    pressed: bool = False
    brief: bool = True
    area: Key | None = None
    route: Route | None = None
    standing: bool = False
    count: int = 0
    since: float = NEVER
    raised_at: float = NEVER
    facts: int = 0
    turn: int = 0
    head: Point | None = None
    until: float = NEVER
    presumed: bool = False
    shelved_until: float = NEVER
    chatters_until: float = NEVER
    raises: list[float] = field(default_factory=list)
    false_at: list[float] = field(default_factory=list)

    @property
    def fire(self) -> bool:
        """Whether it is about fire."""
        return self.priority <= 2


@dataclass(slots=True)
class _Unit:
    triggers: deque[tuple[float, Point]] = field(default_factory=deque)
    person_at: float = NEVER
    window_until: float = NEVER


@dataclass(slots=True)
class _Group:
    """The first of a unit and cause (or of an area), and what stands below it."""

    head: Point
    last_at: float
    members: dict[Point, None] = field(default_factory=dict)  # in the order they came


class Desk:
    """The seat. `show(at, point, why, back)` is told whatever comes before the operator, and why: `back` where it was kept before."""

    def __init__(
        self, policy: Policy, show: Callable[[float, Point, Why, Back | None], None], *, seats: int = 1
    ) -> None:
        self.policy = policy
        self.now = NEVER
        self.flood = False
        self.counts = [0] * len(Why)
        self._show = show
        self._seats = seats
        self._units: dict[Key, _Unit] = {}
        self._groups: dict[tuple[Key, str], _Group] = {}
        self._areas: dict[tuple[Key, str], deque[tuple[float, Key]]] = {}
        self._kept: set[Point] = set()
        self._arrivals: deque[float] = deque()
        self._due: list[tuple[float, int, Back, Point, int]] = []
        self._serial = 0
        self._nearest: _Group | None = None  # the group that the point looked at last may go into

    # what happens

    def raised(self, at: float, point: Point) -> Why:
        """A signal appeared (again); where it went and why. `at` never lies before what was told earlier."""
        self.advance(at)
        point.standing = True
        point.count += 1
        facts = self._facts(at, point)
        point.facts, point.raised_at = facts, at
        why = WHY[facts]
        self.counts[why] += 1
        route = ROUTE_OF[why]
        if route is SHOW:
            self._to_operator(at, point, why, None)
        elif route is not FOLD:
            self._keep(at, point, route)
        elif point.route is ASK:
            self._at(at + self.policy.ask_s, Back.UNANSWERED, point)
        if facts & PROTECTED:
            point.presumed = True
            self._lift(at, point.unit)
        return why

    def cleared(self, at: float, point: Point) -> None:
        """The signal is gone. A fire waits for a person all the same; another alarm ends by itself, a chattering one once it is quiet."""
        self.advance(at)
        point.standing = False
        if point.fire or point.route is None:
            return
        if point.route is SHOW and (quiet := self._quiet_at(at, point)) > at:
            self._at(quiet, Back.STAYED, point)
            return
        self._close(at, point)

    def answered(self, at: float, point: Point, *, fire: bool) -> None:
        """The unit or the grid looked: a fire (a person and a device agree), or none."""
        self.advance(at)
        if fire:
            self.seen(at, point.unit)
        elif point.route is ASK:
            self._was_false(at, point)
            self._drop(point)
            self._at(at + self.policy.denied_s, Back.STILL_STANDS, point)

    def seen(self, at: float, unit: Key) -> None:
        """A person saw a fire there: every fire alarm of the unit that stands or came within the window is supported by it."""
        self.advance(at)
        self._of(unit).person_at = at
        self._lift(at, unit)
        for point in [p for p in self._kept if p.unit == unit and p.fire]:
            self._to_operator(at, point, Why.RELEASED, Back.CORROBORATED)

    def judged(self, at: float, point: Point, *, false: bool) -> None:
        """The operator judged the alarm; it stands no more, and is no evidence any longer where it was false."""
        self.advance(at)
        if false:
            self._was_false(at, point)
            unit = self._of(point.unit)
            unit.triggers = deque(t for t in unit.triggers if t[1] is not point)
        else:
            point.false_at.clear()  # where it burnt, the next alarm is believed
        self._drop(point)

    # what people decide

    def shelve(self, at: float, point: Point, until: float) -> None:
        """Shelve a point until then. A fire alarm is not touched by it, nor is what already stands before the operator."""
        self.advance(at)
        point.shelved_until = until

    def unshelve(self, at: float, point: Point) -> None:
        """End the shelving; what it held is shown if it still stands."""
        self.advance(at)
        point.shelved_until = NEVER
        if point.route is HOLD:
            self._release(at, point)

    def open_window(self, at: float, unit: Key, until: float) -> None:
        """Announced maintenance at a unit until then."""
        self.advance(at)
        self._of(unit).window_until = until

    def close_window(self, at: float, unit: Key) -> None:
        """End the maintenance; what it held is shown if it still stands."""
        self.advance(at)
        self._of(unit).window_until = NEVER
        for point in [p for p in self._kept if p.unit == unit and p.route is HOLD]:
            self._release(at, point)

    def release(self, at: float, point: Point) -> None:
        """Show what was kept back, whatever kept it (by hand)."""
        self.advance(at)
        if point in self._kept:
            self._to_operator(at, point, Why.RELEASED, Back.BY_HAND)

    def kept(self) -> Iterator[Point]:
        """All that stands and was not shown: asked, waiting, grouped, held."""
        return iter(self._kept)

    def advance(self, to: float) -> None:
        """Let the time pass: what was waited for in vain is shown."""
        due = self._due
        while due and due[0][0] <= to:
            at, _, why, point, turn = heappop(due)
            self.now = at
            if point.turn == turn:
                self._fall_due(at, why, point)
        self.now = to

    # how it is worked out

    def _was_false(self, at: float, point: Point) -> None:
        point.false_at.append(at)
        del point.false_at[: -self.policy.offender_false]

    def _of(self, unit: Key) -> _Unit:
        found = self._units.get(unit)
        if found is None:
            found = self._units[unit] = _Unit()
        return found

    def _facts(self, at: float, point: Point) -> int:
        policy, unit = self.policy, self._of(point.unit)
        facts = 0
        if point.route is not None:
            facts = SHOWN if point.route is SHOW else KEPT
        if self._chatters(at, point):
            facts |= CHATTER
        if point.shelved_until > at:
            facts |= SHELVED
        if unit.window_until > at:
            facts |= WINDOW
        if point.priority <= 2:
            facts |= FIRE
            if self._supported(at, point, unit):
                facts |= PROTECTED
                if any(p.presumed and p.route is SHOW and p is not point for _, p in unit.triggers):
                    facts |= MATTER
            false = point.false_at
            n = policy.offender_false
            if len(false) >= n and false[-n] >= at - policy.offender_s:
                facts |= OFFENDER
            if false and false[-1] >= at - policy.echo_s:
                facts |= ECHO
            return facts
        if point.brief:
            facts |= BRIEF
        if self._relapses(at, point):
            facts |= OFFENDER
        return facts if point.route is not None else facts | self._crowd(at, point)

    def _chatters(self, at: float, point: Point) -> bool:
        raises = point.raises
        raises.append(at)
        n = self.policy.chatter_raises
        if len(raises) > max(n, self.policy.relapses):
            del raises[0]
        if len(raises) >= n and at - raises[-n] <= self.policy.chatter_window_s:
            point.chatters_until = at + self.policy.chatter_quiet_s
        return point.chatters_until > at

    def _relapses(self, at: float, point: Point) -> bool:
        raises, n = point.raises, self.policy.relapses
        return len(raises) >= n and at - raises[-n] <= self.policy.relapse_window_s

    def _quiet_at(self, at: float, point: Point) -> float:
        """When an alarm that comes and goes is over: once it kept quiet long enough."""
        if self._relapses(at, point):
            return point.raised_at + self.policy.relapse_window_s
        return point.chatters_until

    def _supported(self, at: float, point: Point, unit: _Unit) -> bool:
        """Whether another device, a person, or a hand on a call point says so too."""
        triggers, oldest = unit.triggers, at - self.policy.window_s
        while triggers and triggers[0][0] < oldest:
            triggers.popleft()
        other = any(trigger is not point for _, trigger in triggers)
        triggers.append((at, point))
        return other or point.pressed or unit.person_at >= oldest

    def _lift(self, at: float, unit: Key) -> None:
        """What supports a fire is supported by it: nothing of the evidence stays back."""
        called = any(p.presumed and p.route is SHOW for _, p in self._of(unit).triggers)
        for _, point in list(self._of(unit).triggers):
            point.presumed = True
            if point.route is not SHOW:
                self._to_operator(at, point, Why.EVIDENCE if called else Why.RELEASED, Back.CORROBORATED)
                called = True

    def _crowd(self, at: float, point: Point) -> int:
        """Whether a first alarm of the same unit and cause (or area) stands that this one may go below."""
        if point.area is not None and self._outage(at, point):
            self._nearest = self._groups.get((point.area, point.cause))
            if self._nearest is not None and self._nearest.head.priority <= point.priority:
                return CROWDED
        group = self._nearest = self._groups.get((point.unit, point.cause))
        if group is None or group.head.priority > point.priority:
            return 0
        near = at - group.last_at <= self.policy.head_s
        return (HEADED if near else 0) | (CROWDED if self.flood else 0)

    def _outage(self, at: float, point: Point) -> bool:
        silent = self._areas.setdefault((point.area, point.cause), deque())
        while silent and silent[0][0] < at - self.policy.area_window_s:
            silent.popleft()
        silent.append((at, point.unit))
        return len(silent) >= self.policy.area_units and len({u for _, u in silent}) >= self.policy.area_units

    def _to_operator(self, at: float, point: Point, why: Why, back: Back | None) -> None:
        self._kept.discard(point)
        point.head = None
        point.route, point.turn, point.since = SHOW, point.turn + 1, at
        if not point.fire:
            self._groups.setdefault((point.unit, point.cause), _Group(point, at))
            if point.area is not None:
                self._groups.setdefault((point.area, point.cause), _Group(point, at))
        if why is not Why.EVIDENCE:
            self._arrived(at)
        self._show(at, point, why, back)

    def _arrived(self, at: float) -> None:
        policy, arrivals = self.policy, self._arrivals
        arrivals.append(at)
        while arrivals[0] <= at - policy.flood_window_s:
            arrivals.popleft()
        if self.flood:
            self.flood = len(arrivals) >= policy.flood_ends * self._seats
        else:
            self.flood = len(arrivals) > policy.flood_starts * self._seats

    def _keep(self, at: float, point: Point, route: Route) -> None:
        policy = self.policy
        point.route, point.turn, point.since = route, point.turn + 1, at
        self._kept.add(point)
        if route is ASK:
            self._at(at + policy.ask_s, Back.UNANSWERED, point)
        elif route is WAIT:
            self._at(at + (policy.delay_3_s if point.priority == 3 else policy.delay_4_s), Back.STAYED, point)
        elif route is HOLD:
            self._at(self._held_until(point), Back.ENDED, point)
        elif group := self._nearest:
            self._join(at, point, group)

    def _join(self, at: float, point: Point, group: _Group) -> None:
        group.members[point] = None
        group.last_at, point.head, point.route = at, group.head, GROUP

    def _held_until(self, point: Point) -> float:
        return max(point.shelved_until, self._of(point.unit).window_until)

    def _fall_due(self, at: float, why: Back, point: Point) -> None:
        if why is Back.STILL_STANDS:  # denied: nothing stands in the list, but the signal may
            if point.standing and point.route is None:
                self._to_operator(at, point, Why.RELEASED, why)
        elif point.route is SHOW:  # it came and went: quiet by now?
            if (quiet := self._quiet_at(at, point)) > at:
                self._at(quiet, why, point)
            elif not point.standing:
                self._close(at, point)
        elif point.route is ASK and at < point.since + self.policy.gone_s:
            if not point.standing:  # nothing to see at the moment: more time to answer
                self._at(point.since + self.policy.gone_s, why, point)
            elif at >= point.raised_at + self.policy.ask_s:
                self._to_operator(at, point, Why.RELEASED, why)
        elif point.route is HOLD:
            self._release(at, point)
        elif point.route is WAIT and self._crowd(at, point) and self._nearest is not None:
            self._join(at, point, self._nearest)  # meanwhile the first of its cause was shown
        else:
            self._to_operator(at, point, Why.RELEASED, why)

    def _release(self, at: float, point: Point) -> None:
        """Show what was held, unless another shelving or maintenance still holds it."""
        if (until := self._held_until(point)) > at:
            point.turn += 1
            self._at(until, Back.ENDED, point)
        else:
            self._to_operator(at, point, Why.RELEASED, Back.ENDED)

    def _close(self, at: float, point: Point) -> None:
        """An alarm that is not about fire is over; what stood below it comes up, under the first of them."""
        keys = [(point.unit, point.cause), (point.area, point.cause)]
        headed = [key for key in keys if key in self._groups and self._groups[key].head is point]
        self._drop(point)
        for key in headed:
            for member in [m for m in self._groups.pop(key).members if m.head is point]:
                self._come_up(at, member, key)

    def _come_up(self, at: float, member: Point, key: tuple[Key, str]) -> None:
        """The first of a group ended and this one stands: it joins the next, or is the next; in a unit it waits whether it ends too."""
        member.head = None
        if (heir := self._groups.get(key)) is not None:
            self._join(at, member, heir)
        elif member.brief and key[0] == member.unit:
            self._keep(at, member, WAIT)
        else:
            self._to_operator(at, member, Why.RELEASED, Back.HEAD_ENDED)

    def _drop(self, point: Point) -> None:
        self._kept.discard(point)
        point.head = None
        point.route, point.turn, point.count, point.presumed = None, point.turn + 1, 0, False

    def _at(self, at: float, why: Back, point: Point) -> None:
        self._serial += 1
        heappush(self._due, (at, self._serial, why, point, point.turn))
