"""Early warning on real measurements: arcing circuits, a water loop, smoke in homes and in a sensor's trial.

The figures kept in docs/evaluation/early_warning.md come from `python -m tests.real.test_early_warning`. Splits are by time or by appliance,
never at random: rows beside each other are nearly the same, and a random split would let the test see what was learned.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from wanghuo.engines.early_warning import Normal, RiseParams, first_rise

pytestmark = pytest.mark.shared
SHARED = Path(os.environ.get("WANGHUO_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data"
SMOKE_LEVEL = 0.14  # 1/m, at which this evaluation takes a fixed-level detector to trigger
SMOKE = RiseParams(noise=0.004, settle=5)


class Counts(NamedTuple):
    """Right and wrong, by sample."""

    hit: int
    missed: int
    false: int
    quiet: int

    @property
    def f1(self) -> float:
        return 2 * self.hit / (2 * self.hit + self.false + self.missed)

    @property
    def false_share(self) -> float:
        return self.false / (self.false + self.quiet)

    @property
    def missed_share(self) -> float:
        return self.missed / (self.hit + self.missed)


def counts(said: np.ndarray, true: np.ndarray) -> Counts:
    return Counts(
        int((said & true).sum()), int((~said & true).sum()), int((said & ~true).sum()), int((~said & ~true).sum())
    )


def rows(name: str) -> list[dict[str, str]]:
    path: Path = SHARED / name
    with gzip.open(path, "rt") if name.endswith(".gz") else path.open() as file:
        return list(csv.DictReader(file))


# --- arcing circuits ------------------------------------------------------------------------------------------------


def arcs() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(appliance, waveform features, arcing)."""
    by = defaultdict(list)
    for row in rows("arc_fault_broadnet/arc_train.csv"):
        by[row["appliance"]].append(row)
    for appliance, found in sorted(by.items()):
        names = [n for n in found[0] if n not in ("appliance", "arcing")]
        yield (
            appliance,
            np.array([[float(r[n]) for n in names] for r in found]),
            np.array([r["arcing"] == "1" for r in found]),
        )


def own_baseline() -> dict[str, tuple[float, float, float]]:
    """Each circuit learns from its own first 250 normal samples: share of normal samples called off, of arcing ones found, and of
    normal moments at which five in a row were off."""
    found = {}
    for appliance, features, arcing in arcs():
        usual = features[~arcing]
        normal = Normal.learn(usual[:250])
        off, arc = normal.distance(usual[250:]) > 2, normal.distance(features[arcing]) > 2
        found[appliance] = (float(off.mean()), float(arc.mean()), float(normal.departs(usual[250:], beyond=2).mean()))
    return found


def others_baseline() -> dict[str, tuple[float, float]]:
    """The same model learned from the three other appliances: false share and found share on the one left out."""
    known = {appliance: (features, arcing) for appliance, features, arcing in arcs()}
    found = {}
    for left in known:
        usual = np.vstack([f[~a] for other, (f, a) in known.items() if other != left])
        normal = Normal.learn(usual)
        features, arcing = known[left]
        off = normal.distance(features) > 2
        found[left] = (float(off[~arcing].mean()), float(off[arcing].mean()))
    return found


def test_a_circuit_that_knows_its_own_normal_finds_its_arcs() -> None:
    for appliance, (false, hit, false_runs) in own_baseline().items():
        assert hit > 0.99, appliance
        assert false < 0.02, appliance
        assert false_runs == 0.0, appliance


# --- a water loop ---------------------------------------------------------------------------------------------------


def water(beyond: float, run: int) -> Counts:
    """Each experiment's first 400 seconds teach, the rest is judged."""
    total = np.zeros(4, int)
    by = defaultdict(list)
    for row in rows("skab_water_loop/valve1.csv.gz"):
        by[row["experiment"]].append(row)
    for found in by.values():
        names = [n for n in found[0] if n not in ("experiment", "datetime", "anomaly", "changepoint")]
        values = np.array([[float(r[n]) for n in names] for r in found])
        true = np.array([float(r["anomaly"]) > 0 for r in found])
        said = Normal.learn(values[:400], inside=0.999).departs(values[400:], beyond=beyond, run=run)
        total += np.array(counts(said, true[400:]))
    return Counts(*map(int, total))


def test_a_valve_that_closes_in_a_water_loop_is_noticed() -> None:
    found = water(1.2, 1)
    assert found.f1 > 0.65
    assert found.missed_share < 0.4


# --- smoke in homes -------------------------------------------------------------------------------------------------


def homes() -> Iterator[tuple[str, str, float | None, float | None, float | None]]:
    """(test, meter, seconds at which the rise is sure, at which the level is passed, first detector of the station)."""
    first: dict[tuple[str, str], float] = {}
    for row in rows("nist_home_smoke_alarm/activation_times.csv"):
        if row["activation_s"]:
            key = (row["test"], row["station"])
            first[key] = min(first.get(key, np.inf), float(row["activation_s"]))
    for test in ("SDC02", "SDC05", "SDC07", "SDC10"):
        found = rows(f"nist_home_smoke_alarm/{test}.csv.gz")
        at = np.array([float(r["TIME"]) for r in found])
        for meter in (n for n in found[0] if n.startswith("SM") and n[2:3] in "ABCDEF" and n[3:4] == "_"):
            values = np.array([float(r[meter]) if r[meter] else np.nan for r in found])
            if not (values[:5] < 0.03).all():
                continue  # smoke, or a meter that is off, from the first seconds on
            rise, passed = first_rise(values, SMOKE), np.flatnonzero(values > SMOKE_LEVEL)
            yield (
                test,
                meter,
                float(at[rise]) if rise is not None else None,
                float(at[passed[0]]) if len(passed) else None,
                first.get((test, meter[2])),
            )


def test_in_homes_a_rise_is_sure_before_the_level_is_passed() -> None:
    found = [row for row in homes() if row[3] is not None]
    assert len(found) > 30
    assert all(rise is not None for _, _, rise, _, _ in found), "no fire may be missed"
    ahead = [passed - rise for _, _, rise, passed, _ in found]
    assert np.median(ahead) > 10
    assert sum(a < 0 for a in ahead) <= len(ahead) // 20


# --- a sensor's trial -----------------------------------------------------------------------------------------------


def trial() -> tuple[int, int | None, int | None]:
    """Block A of the sensor trial: (first labelled second, seconds at which eCO2 rises for sure, a false one before the label)."""
    block = [r for r in rows("smoke_iot/smoke_iot_blocks_AB.csv.gz") if r["block"] == "A"]
    label = next(i for i, r in enumerate(block) if r["fire_alarm"] == "1")
    gas = np.array([float(r["eco2_ppm"]) for r in block])
    found = first_rise(gas, RiseParams(noise=25.0, settle=60, memory=1800))
    return label, found, found if found is not None and found < label else None


def test_the_sensor_trial_gives_no_warning_before_its_fire() -> None:
    _, _, false = trial()
    assert false is None


def main() -> None:
    """Print the figures."""
    for appliance, (false, hit, runs) in own_baseline().items():
        print(f"arc, own baseline, {appliance}: false {false:.1%}, found {hit:.1%}, false runs of five {runs:.1%}")
    for appliance, (false, hit) in others_baseline().items():
        print(f"arc, baseline of the others, {appliance}: false {false:.1%}, found {hit:.1%}")
    for beyond, run in ((1.2, 1), (2.0, 1), (2.0, 5), (4.0, 5)):
        found = water(beyond, run)
        print(
            f"water loop, beyond {beyond:g}, run of {run}: F1 {found.f1:.2f}, false {found.false_share:.1%}, missed {found.missed_share:.1%}"
        )
    smoke = list(homes())
    ahead = np.array([passed - rise for _, _, rise, passed, _ in smoke if rise is not None and passed is not None])
    early = np.array(
        [
            device - rise
            for _, m, rise, _, device in smoke
            if rise is not None and device is not None and m.endswith("_1")
        ]
    )
    never = sum(rise is None and passed is not None for _, _, rise, passed, _ in smoke)
    alone = sum(rise is not None and passed is None for _, _, rise, passed, _ in smoke)
    print(
        f"homes: {len(smoke)} meters, {len(ahead)} passed {SMOKE_LEVEL:g} 1/m; missed {never}; rise without passing {alone}"
    )
    print(
        f"homes: ahead of the level by {np.median(ahead):.0f} s (10 %: {np.quantile(ahead, 0.1):.0f}, 90 %: {np.quantile(ahead, 0.9):.0f})"
    )
    print(
        f"homes: against the station's first detector, {np.median(early):.0f} s ahead ({np.quantile(early, 0.1):.0f} to {np.quantile(early, 0.9):.0f})"
    )
    label, found_at, false_at = trial()
    print(f"sensor trial: label from second {label}, eCO2 rise at {found_at}, false before: {false_at}")


if __name__ == "__main__":
    main()
