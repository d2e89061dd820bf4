"""Judging the state of a fleet, as ratios to a plain loop over the scalar `decide` measured in the same run.

    python benchmarks/supervision.py [--quick] [--tables] [--json]

The engine judges `--devices` devices at once and finds until when each state must hold; the loop judges a part of them one by one.
Every round runs each contender once; the median of the rounds counts. `--tables` adds the whole way through a fresh SQLite
database: so many devices go off line at once, with their events, outages and outbox rows. `work` is the processor time of it:
where it is far below the time taken, others kept the machine busy. A slice is one transaction: so long others wait for the write lock.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from wanghuo.engines.supervision import Fleet, Watch, decide, next_us
from wanghuo.modules.sensing.states import Facts
from wanghuo.modules.sensing.states import decide as decide_one

S = 1_000_000
NOW = 1_800_000_000 * S
LOOPED = 50_000


def fleet_of(count: int) -> Fleet:
    """A fleet with all states in it."""
    rng = np.random.default_rng(1)
    window = rng.choice([90, 21_600, 259_200], count) * S
    fleet = Fleet.new(window * 2 // 3, window)
    fleet.heard_us[:] = NOW - (window * rng.random(count) * 1.2).astype(np.int64)
    fleet.faulty[:], fleet.low[:] = rng.random(count) < 0.02, rng.random(count) < 0.03
    fleet.muted_until_us[rng.random(count) < 0.01] = NOW + S
    fleet.retired[:] = rng.random(count) < 0.01
    return fleet


def seconds(act: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def loop(fleet: Fleet, count: int) -> list[str]:
    """What one writes first: the facts of one device after another."""
    found = []
    for i in range(count):
        facts = Facts(
            retired=bool(fleet.retired[i]),
            maintenance=False,
            silent_s=(NOW - int(fleet.heard_us[i])) / S,
            heartbeat_s=int(fleet.offline_us[i]) / S / 3,
            faulty=bool(fleet.faulty[i]),
            standby_low=bool(fleet.low[i]),
            muted=bool(fleet.muted_until_us[i] > NOW),
        )
        found.append(str(decide_one(facts)))
    return found


def measured(devices: int, rounds: int) -> dict[str, float]:
    """Milliseconds for the engine, and how many times a plain loop takes."""
    fleet = fleet_of(devices)
    watch = Watch(fleet, NOW)
    times: dict[str, list[float]] = {"judge": [], "until": [], "idle_pass": [], "loop": []}
    for _ in range(rounds):
        times["judge"].append(seconds(lambda: decide(fleet, NOW)))
        times["until"].append(seconds(lambda: next_us(fleet, NOW)))
        times["idle_pass"].append(seconds(lambda: watch.tick(NOW)))
        times["loop"].append(seconds(lambda: loop(fleet, min(LOOPED, devices))) * devices / min(LOOPED, devices))
    middle = {name: statistics.median(each) * 1000 for name, each in times.items()}
    both = [(a + b) for a, b in zip(times["judge"], times["until"], strict=True)]
    ratio = statistics.median(loop_s / s for loop_s, s in zip(times["loop"], both, strict=True))
    return {f"{name}_ms": round(each, 2) for name, each in middle.items()} | {"loop_to_engine": round(ratio, 1)}


def through_tables(devices: int) -> dict[str, float]:
    """So many devices fall silent at once: until all are off line in the tables; then a pass in which nobody is due."""
    with tempfile.TemporaryDirectory(prefix="supervision-") as home:
        os.environ |= {"WANGHUO_HOME": home, "WANGHUO_MODE": "test"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wanghuo.entrypoints.web.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from datetime import timedelta

        from django.db import transaction
        from django.utils import timezone

        from wanghuo.modules.sensing import bulk, supervision, transitions
        from wanghuo.modules.sensing.models import Device, IngestPosition

        now = timezone.now()
        plain = Device(
            state="ok", profile="standard", last_seen_at=now - timedelta(seconds=100), registered_at=now, changed_at=now
        )
        plain.place("445281102")
        same = {
            field.attname: getattr(plain, field.attname)
            for field in Device._meta.fields
            if field.attname not in ("id", "ref", "source")
        }
        for first in range(0, devices, 10_000):
            numbers = range(first, min(first + 10_000, devices))
            names = {
                "ref": [f"SB-445281-2027-{number:07d}" for number in numbers],
                "source": [(number + 1).to_bytes(6, "little").hex() for number in numbers],
            }
            with transaction.atomic():
                bulk.insert(Device, names, **same)
        IngestPosition.objects.create(pk=1, through_at=now)
        gc.freeze()  # as the worker does
        slices, settle = [], transitions.settle

        def timed(*which: Any, **facts: Any) -> int:
            began = time.perf_counter()
            moved = settle(*which, **facts)
            slices.append(time.perf_counter() - began)
            return moved

        transitions.settle = timed
        worked = time.process_time()
        all_s = seconds(supervision.judge_silence)
        worked = time.process_time() - worked
        idle_s = seconds(supervision.judge_silence)
        gone = Device.objects.filter(state="offline").count()
        if gone != devices:
            raise SystemExit(f"{devices - gone} devices were missed")
        return {
            "tables_devices": devices,
            "tables_s": round(all_s, 2),
            "tables_work_s": round(worked, 2),
            "tables_slice_p50_ms": round(statistics.median(slices) * 1000, 1),
            "tables_slice_max_ms": round(max(slices) * 1000, 1),
            "tables_idle_ms": round(idle_s * 1000, 2),
        }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="100,000 devices, three rounds")
    parser.add_argument(
        "--tables", nargs="?", type=int, const=1_000_000, help="so many through SQLite (a million), too"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    devices, rounds = (100_000, 3) if options.quick else (options.devices, options.rounds)
    found: dict[str, float] = {"devices": devices, **measured(devices, rounds)}
    if options.tables:
        found |= through_tables(options.tables)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{devices:,} devices: judged in {found['judge_ms']} ms, until when in {found['until_ms']} ms, ", end="")
    print(
        f"a pass with nobody due {found['idle_pass_ms']} ms; a plain loop takes {found['loop_to_engine']} times as long"
    )
    if options.tables:
        print(f"{found['tables_devices']:,} devices off line at once, through SQLite: {found['tables_s']} s, ", end="")
        print(
            f"of which {found['tables_work_s']} s of work; the write lock is held for {found['tables_slice_p50_ms']} ms ",
            end="",
        )
        print(f"at a time (longest {found['tables_slice_max_ms']} ms); ", end="")
        print(f"a pass with nobody due {found['tables_idle_ms']} ms")


if __name__ == "__main__":
    main()
