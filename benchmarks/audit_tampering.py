"""R27 at size: seven kinds of tampering at random places of a log of 5,000, checked against one outside checkpoint.

Goal: every tampering found in 10,000 trials, no false alarm on 1,000 clean logs.

    python benchmarks/audit_tampering.py [--trials N] [--clean N] [--size N] [--seed N] [--processes N]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections import Counter

from wanghuo.engines.auditlog import Checkpoint, merkle_root, verify
from wanghuo.engines.auditlog.testing import TAMPERINGS, Log, made_log

LOG_USED = 50  # trials on one clean log before another is made


def checkpoint(log: Log) -> Checkpoint:
    """What an outsider kept."""
    return Checkpoint("wanghuo.example/330108", len(log), merkle_root([place.leaf for place in log]))


def share(work: tuple[int, int, int, int]) -> tuple[Counter[str], Counter[str], int]:
    """The trials of one process: tried and found by kind, and false alarms."""
    seed, trials, clean, size = work
    rng, tried, found, alarms = random.Random(seed), Counter[str](), Counter[str](), 0
    log: Log = []
    for trial in range(trials):
        if trial % LOG_USED == 0:
            log = made_log(size, rng)
            kept = checkpoint(log)
        kind = rng.choice(list(TAMPERINGS))
        tried[kind] += 1
        found[kind] += bool(verify(TAMPERINGS[kind](log, rng.randrange(size), rng), [kept]))
    for _ in range(clean):
        log = made_log(rng.randrange(1, size), rng)
        half = log[: len(log) // 2]
        alarms += bool(verify(log, [checkpoint(half), checkpoint(log)]))
    return tried, found, alarms


def main() -> int:
    """Run, print one JSON line, and return 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, number in (("trials", 10_000), ("clean", 1000), ("size", 5000), ("seed", 27), ("processes", 2)):
        parser.add_argument(f"--{name}", type=int, default=number)
    args = parser.parse_args()
    started = time.perf_counter()
    trials, clean = args.trials // args.processes, args.clean // args.processes
    each = [(args.seed * 1000 + n, trials, clean, args.size) for n in range(args.processes)]
    tried, found, alarms = Counter[str](), Counter[str](), 0
    with multiprocessing.Pool(args.processes) as pool:
        for one_tried, one_found, one_alarms in pool.imap_unordered(share, each):
            tried, found, alarms = tried + one_tried, found + one_found, alarms + one_alarms
    told = {
        "size": args.size,
        "seed": args.seed,
        "tried": dict(tried),
        "missed": dict(tried - found),
        "clean": args.clean,
        "false_alarms": alarms,
        "seconds": round(time.perf_counter() - started, 1),
    }
    print(json.dumps(told))
    return 1 if alarms or tried != found else 0


if __name__ == "__main__":
    sys.exit(main())
