"""How many alarms operators are spared, whether a real fire is missed, and how late one comes: a labelled replay.

The region and its labels are made up (engines/alarm_logic/trial says what is taken from real records). Two baselines are played beside the
alarm logic: every raised signal, and one alarm for each point until it ends. Run: `python benchmarks/replay_alarms.py [--quick] [--sweep]`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from statistics import median

from wanghuo.engines.alarm_logic import Policy
from wanghuo.engines.alarm_logic.health import Bands, load
from wanghuo.engines.alarm_logic.trial import CAUSE_NAMES, Cause, Outcome, People, World, WorldParams, make_world, run
from wanghuo.engines.alarm_logic.trial.running import ABOUT_FIRE, FALSE

BANDS = Bands(per_hour=(6, 12, 60), peak=(10, 20, 100))  # EEMUA 191, ISA-18.2 [U]: params/rules/alarms.toml
DENSITY = 83  # signals for each unit in 90 days: with 24 points about 14 a point and year
QUICK, FULL, SWEEP = 60_000, 1_050_000, 60_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small world")
    parser.add_argument("--sweep", action="store_true", help="also vary every parameter")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments = parser.parse_args()
    size = QUICK if arguments.quick else FULL
    outcomes = []
    for seed in arguments.seeds[:1] if arguments.quick else arguments.seeds:
        world = make_world(_world(size), seed)
        outcomes.append(run(world, Policy(), People(seats=_seats(size)), seed=seed))
        _report(world, outcomes[-1], seed)
    if len(outcomes) > 1:
        spared = sorted(o.reduction(o.raised) for o in outcomes)
        print(
            f"\nover {len(outcomes)} seeds: spared {spared[0]:.1%} to {spared[-1]:.1%}, missed {sum(o.missed for o in outcomes)}"
        )
    if arguments.sweep:
        _sweep()
    missed, spared_all = sum(o.missed for o in outcomes), median(o.reduction(o.raised) for o in outcomes)
    print(
        f"\ngoal: spared >= 80 % of all signals: {'met' if spared_all >= 0.8 else 'NOT MET'} ({spared_all:.1%}); "
        f"real fires missed 0: {'met' if not missed else 'NOT MET'} ({missed})"
    )
    return 0 if not missed else 1


def _world(signals: int) -> WorldParams:
    return WorldParams(signals=signals, units=max(80, signals // DENSITY))


def _seats(signals: int) -> int:
    return max(1, round(signals / 85_000))


def _report(world: World, found: Outcome, seed: int) -> None:
    params, seats = world.params, _seats(found.signals)
    about_fire = sum(found.raised[c] for c in ABOUT_FIRE)
    false = sum(found.raised[c] for c in FALSE)
    print(
        f"\nseed {seed}: {found.signals:,} signals ({found.events:,} events with their endings), {len(world.points):,} points, "
        f"{params.units:,} units, {params.days:g} days; about fire {about_fire:,}, of these false {false / about_fire:.1%}; "
        f"{len(world.fires):,} real fires"
    )
    print(f"{'cause':<14}{'signals':>10}{'one a point':>13}{'operator':>10}{'spared':>9}")
    for cause in Cause:
        if found.raised[cause]:
            print(
                f"{CAUSE_NAMES[cause].en[:13]:<14}{found.raised[cause]:>10,}{found.deduplicated[cause]:>13,}"
                f"{found.shown[cause]:>10,}{found.reduction(found.raised, [cause]):>9.1%}"
            )
    for name, causes in (("all", tuple(Cause)), ("false fires", FALSE)):
        print(
            f"{name:<14}{sum(found.raised[c] for c in causes):>10,}{sum(found.deduplicated[c] for c in causes):>13,}"
            f"{sum(found.shown[c] for c in causes):>10,}{found.reduction(found.raised, causes):>9.1%}"
            f"   against one a point {found.reduction(found.deduplicated, causes):.1%}"
        )
    print(f"rows that joined a presumed fire without a call of their own: {found.evidence:,}")
    late = sum(d > 0 for d in found.delays) / len(found.delays)
    print(
        f"real fires: missed {found.missed}; added delay p50 {found.delay(0.5):.0f} s, p90 {found.delay(0.9):.0f} s, p99 {found.delay(0.99):.0f} s, "
        f"max {found.delay(1):.0f} s; {late:.1%} delayed at all"
    )
    print(
        f"  seen by one detector only ({len(found.by_one):,}): p50 {found.delay(0.5, by_one=True):.0f} s, "
        f"p99 {found.delay(0.99, by_one=True):.0f} s, max {found.delay(1, by_one=True):.0f} s"
    )
    borne = load(found.shown_at, start=0, end=params.days * 86_400, bands=BANDS, seats=seats)
    plain = sum(found.raised.values()) / params.days / 24 / seats
    print(
        f"load of {seats} seats: {borne.per_hour:.1f} an hour and seat (every signal: {plain:.1f}), "
        f"worst ten minutes {borne.peak:.1f} a seat, in flood {borne.flood_share:.2%} of the time"
    )
    print(f"speed: {found.events / found.cpu_s:,.0f} events a processor second in the logic")


def _variants() -> Iterator[tuple[str, WorldParams, Policy, People]]:
    world, policy, people = _world(SWEEP), Policy(), People(seats=_seats(SWEEP))
    yield "as it is", world, policy, people
    for name, values in {
        "window_s": (30.0, 300.0),
        "ask_s": (30.0, 120.0),
        "gone_s": (300.0, 3600.0),
        "denied_s": (60.0, 600.0),
        "offender_false": (2, 5, 1000),
        "echo_s": (0.0, 7200.0),
        "chatter_raises": (2, 10),
        "relapses": (2, 1000),
        "delay_3_s": (0.0, 60.0),
        "delay_4_s": (0.0, 180.0),
        "area_units": (3, 1000),
    }.items():
        for value in values:
            yield f"policy {name}={value:g}", world, replace(policy, **{name: value}), people
    for name, shares in {"answers": (0.0, 0.3, 0.9), "denies_fire": (0.0, 0.5, 1.0), "judges_s": (60.0, 900.0)}.items():
        for value in shares:
            changed = {name: value} | ({"grid": 0.0} if value == 0 and name == "answers" else {})
            yield f"people {name}={value:g}", world, policy, replace(people, **changed)
    for name, scales in {
        "repeats": (0.5, 2.0),
        "concentration": (0.1, 3.0),
        "mended_days": (0.5, 10.0),
        "alone": (0.0, 1.0),
        "fire_share": (0.01, 0.2),
        "announced": (0.0, 1.0),
        "faults": (0.0, 0.8),
    }.items():
        for value in scales:
            yield f"world {name}={value:g}", replace(world, **{name: value}), policy, people
    worst = replace(people, answers=0.9, denies_fire=1.0)
    yield (
        "worst: every unit denies every fire",
        replace(world, alone=1.0),
        replace(policy, offender_false=1, denied_s=600.0),
        worst,
    )


def _sweep() -> None:
    print(f"\n{'varied':<38}{'spared':>8}{'false':>8}{'missed':>8}{'p99 s':>8}{'max s':>8}{'delayed':>9}")
    for name, params, policy, people in _variants():
        found = run(make_world(params, 7), policy, people, seed=7)
        late = sum(d > 0 for d in found.delays) / max(1, len(found.delays))
        print(
            f"{name:<38}{found.reduction(found.raised):>8.1%}{found.reduction(found.raised, FALSE):>8.1%}{found.missed:>8}"
            f"{found.delay(0.99):>8.0f}{found.delay(1):>8.0f}{late:>9.1%}"
        )


if __name__ == "__main__":
    sys.exit(main())
