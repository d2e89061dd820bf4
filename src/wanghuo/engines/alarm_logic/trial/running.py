"""Playing a world to the alarm logic: operators judge what they are shown, units answer when they are asked, and all is counted."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from random import Random
from time import process_time

from wanghuo.engines.alarm_logic.desk import Desk, Point
from wanghuo.engines.alarm_logic.health import percentile
from wanghuo.engines.alarm_logic.policy import Policy
from wanghuo.engines.alarm_logic.routes import ROUTE_OF, Back, Route, Why
from wanghuo.engines.alarm_logic.trial.world import Cause, Event, Fact, Visit, World

PRIORITY = {"smoke": 2, "button": 2, "flow": 2, "bus": 3, "line": 3, "mains": 3, "supply": 4, "offline": 4}


@dataclass(frozen=True, slots=True)
class People:
    """How people answer. `judges_s`: median seconds from an alarm on the console to a judgement; `answers`: the share of units that
    answer at all when asked, `answers_s`: their median seconds; `grid`, `grid_s`: the same for the grid worker where the unit does not
    answer; `denies_fire`: units that call a real fire a false alarm. Spread: log-normal."""

    seats: int = 12
    judges_s: float = 180.0
    answers: float = 0.55
    answers_s: float = 25.0
    grid: float = 0.5
    grid_s: float = 240.0
    denies_fire: float = 0.05
    spread: float = 0.6


@dataclass(slots=True)
class Outcome:
    """What came of a trial. Alarms by cause: `raised` every signal, `deduplicated` one alarm for each point until it ends, `shown` with the
    alarm logic; `evidence`: rows that joined a presumed fire before the operator without a call of their own. `delays`: seconds from the first signal of each real fire to the first time an operator was called, infinite when never;
    `by_one`: those of the fires that only one detector saw. `cpu_s`: processor seconds spent inside the logic alone."""

    signals: int = 0
    events: int = 0
    raised: Counter[Cause] = field(default_factory=Counter)
    deduplicated: Counter[Cause] = field(default_factory=Counter)
    shown: Counter[Cause] = field(default_factory=Counter)
    why: Counter[str] = field(default_factory=Counter)
    back: Counter[str] = field(default_factory=Counter)
    delays: list[float] = field(default_factory=list)
    by_one: list[float] = field(default_factory=list)
    shown_at: array[float] = field(default_factory=lambda: array("d"))
    evidence: int = 0
    cpu_s: float = 0.0

    @property
    def missed(self) -> int:
        """Real fires that no operator was ever called to."""
        return sum(delay == inf for delay in self.delays)

    def reduction(self, over: Counter[Cause], causes: Iterable[Cause] = Cause) -> float:
        """The share of alarms of these causes that operators are spared, against `over`."""
        before = sum(over[c] for c in causes)
        return 1 - sum(self.shown[c] for c in causes) / before if before else 0.0

    def delay(self, share: float, *, by_one: bool = False) -> float:
        """The delay that this share of the fires does not exceed."""
        return percentile(self.by_one if by_one else self.delays, share) or 0.0


ABOUT_FIRE = tuple(c for c in Cause if c < Cause.WEAR)
FALSE = tuple(c for c in ABOUT_FIRE if c is not Cause.FIRE)


def run(world: World, policy: Policy, people: People, *, seed: int = 0) -> Outcome:
    """Play the world once. The same seed gives the same outcome but for the seconds spent."""
    trial = _Trial(world, policy, people, Random(seed))
    trial.play()
    return trial.outcome()


class _Plain:
    """The baseline: one alarm for each point until it ends; a person ends what is about fire, the signal ends the rest."""

    def __init__(self, size: int) -> None:
        self.open_until = [-inf] * size

    def take(self, at: float, point: int, fire: bool, judged_after: float) -> bool:
        """Whether this signal is an alarm of its own."""
        if at < self.open_until[point]:
            return False
        self.open_until[point] = at + judged_after if fire else inf
        return True

    def clear(self, at: float, point: int, fire: bool) -> None:
        """The signal went away."""
        if not fire:
            self.open_until[point] = at


class _Trial:
    def __init__(self, world: World, policy: Policy, people: People, random: Random) -> None:
        self.world, self.people, self.random = world, people, random
        self.result = Outcome(events=len(world.events), signals=world.signals)
        self.desk = Desk(policy, self._shown, seats=people.seats)
        self.points = [_point(fact) for fact in world.points]
        self.number = {id(point): n for n, point in enumerate(self.points)}
        self.cause = [Cause.FIRE] * len(self.points)
        self.active = [0] * len(self.points)
        self.burning: list[int] = [-1] * len(self.points)
        self.first_seen = [inf] * len(world.fires)
        self.plain = _Plain(len(self.points))
        self.later: list[tuple[float, int, str, int]] = []  # what people will do: when, order, what, which point
        self.serial = 0

    def play(self) -> None:
        """All events in the order of time, and between them what people do."""
        for visit in self.world.visits:
            self._plan(visit.start, "visit", visit.unit * 1_000_000_000_000 + int(visit.end))
        for at, unit in self.world.people:
            self._plan(at, "call", unit)
        for event in self.world.events:
            while self.later and self.later[0][0] <= event.at:
                self._act(*heappop(self.later))
            self._take(event)
        while self.later:
            self._act(*heappop(self.later))
        self.desk.advance(self.desk.now + 10 * policy_end(self.desk.policy))

    def _take(self, event: Event) -> None:
        n, at = event.point, event.at
        point = self.points[n]
        self._pass(at)
        if not event.raised:
            self.active[n] -= 1
            if self.burning[n] == event.fire:
                self.burning[n] = -1
            if self.active[n] == 0:
                self.plain.clear(at, n, point.fire)
                started = process_time()
                self.desk.cleared(at, point)
                self.result.cpu_s += process_time() - started
            return
        self.active[n] += 1
        self.cause[n] = event.cause
        if event.fire >= 0:
            self.burning[n] = event.fire
            if point.route is Route.SHOW:  # it stands before the operator already, and sounds again
                self._seen(event.fire, at)
        self.result.raised[event.cause] += 1
        if self.plain.take(at, n, point.fire, self._takes(self.people.judges_s)):
            self.result.deduplicated[event.cause] += 1
        started = process_time()
        why = self.desk.raised(at, point)
        self.result.cpu_s += process_time() - started
        if ROUTE_OF[why] is Route.ASK and (takes := self._answer_takes()) is not None:
            self._plan(at + takes, "answer", n)

    def _pass(self, at: float) -> None:
        """Let the time pass before the truth changes, so that what falls due is judged by the truth of its moment."""
        started = process_time()
        self.desk.advance(at)
        self.result.cpu_s += process_time() - started

    def _shown(self, at: float, point: Point, why: Why, back: Back | None) -> None:
        n = self.number[id(point)]
        if why is Why.EVIDENCE:
            self.result.evidence += 1
        else:
            self.result.shown[self.cause[n]] += 1
            self.result.shown_at.append(at)
        if back is not None:
            self.result.back[back.name.lower()] += 1
        if self.burning[n] >= 0:
            self._seen(self.burning[n], at)
        if point.fire:
            self._plan(at + self._takes(self.people.judges_s), "judge", n)

    def _seen(self, fire: int, at: float) -> None:
        self.first_seen[fire] = min(self.first_seen[fire], at)

    def _act(self, at: float, _: int, what: str, n: int) -> None:
        desk = self.desk
        self._pass(at)
        if what == "visit":
            unit, end = divmod(n, 1_000_000_000_000)
            desk.open_window(at, unit, float(end))
        elif what == "call":
            desk.seen(at, n)
        elif what == "judge":
            point = self.points[n]
            if point.route is Route.SHOW:
                desk.judged(at, point, false=self.burning[n] < 0)
        else:
            burns = self.burning[n] >= 0 and self.random.random() >= self.people.denies_fire
            desk.answered(at, self.points[n], fire=burns)

    def _plan(self, at: float, what: str, n: int) -> None:
        self.serial += 1
        heappush(self.later, (at, self.serial, what, n))

    def _answer_takes(self) -> float | None:
        """How long until somebody answers; None: nobody does."""
        people = self.people
        if self.random.random() < people.answers:
            return self._takes(people.answers_s)
        return self._takes(people.grid_s) if self.random.random() < people.grid else None

    def _takes(self, median_s: float) -> float:
        return median_s * self.random.lognormvariate(0, self.people.spread)

    def outcome(self) -> Outcome:
        """The counts, once all is played."""
        result, world = self.result, self.world
        result.why = Counter({why.name.lower(): n for why, n in zip(Why, self.desk.counts, strict=True) if n})
        result.delays = [seen - at for seen, at in zip(self.first_seen, world.fires, strict=True)]
        result.by_one = [delay for n, delay in enumerate(result.delays) if n in world.alone]
        return result


def policy_end(policy: Policy) -> float:
    """By when everything that waits has fallen due."""
    return policy.gone_s + policy.denied_s + policy.relapse_window_s + policy.chatter_quiet_s


def _point(fact: Fact) -> Point:
    area = ("town", fact.town) if fact.kind in ("offline", "mains") else None
    cause = "fire" if PRIORITY[fact.kind] == 2 else "offline" if fact.kind == "offline" else "panel"
    return Point(fact.unit, cause, PRIORITY[fact.kind], pressed=fact.kind == "button", area=area)


__all__ = ["ABOUT_FIRE", "FALSE", "Outcome", "People", "Visit", "run"]
