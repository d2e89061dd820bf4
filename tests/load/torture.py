"""The rigs of reliability by one command: `./dev torture [RIG…|all] [--floor|--small] [--seed N] [--plant NAME] [--record]`.

Without a rig: the table of rigs. Each rig runs in a process and a folder of its own and prints one JSON line with its
figures; `all` runs every rig at its floor and then with each of its planted bugs, which it must find. Exit code 1 when
a promise did not hold or a planted bug was not found. `--record` adds the lines to docs/reliability/results.csv.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.load.rig import Result, Rig, machine

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs/reliability/results.csv"
COLUMNS = ("rig", "size", "plant", "outcome", "seconds", "seed", "commit", "date", "machine", "figures", "failures")
MODULES = {
    "R1": "crash_rig",
    "R2": "power_rig",
    "R3": "disk_rig",
    "R3b": "disk_rig",
    "R4": "database_rig",
    "R4b": "broker_rig",
    "R4c": "broker_rig",
    "R13": "device_truth",
    "R8": "links_rig",
    "R9": "links_rig",
    "R10": "links_rig",
    "R11": "cold_rig",
    "R12": "links_rig",
    "R14": "simulation_rig",
    "R15": "simulation_rig",
    "R15b": "clock_rig",
    "R16": "links_rig",
    "R16b": "namespace_rig",
    "R18": "poison_rig",
    "R19": "links_rig",
    "R20": "bytes_rig",
    "R20b": "listeners_rig",
    "R21": "cases_rig",
}


def rig_of(code: str) -> Rig:
    """The rig of a code."""
    rig: Rig = importlib.import_module(f"tests.load.{MODULES[code]}").RIGS[code]
    return rig


def run_here(code: str, size: str, seed: int, plant: str, listener: str = "", broker: str = "") -> dict[str, Any]:
    """Run a rig in this process; what is to be told of it."""
    rig = rig_of(code)
    known = dict(rig.floor if size == "floor" else rig.small)
    if listener:
        known["listeners"] = (listener,)
    if broker:
        known["broker"] = broker
    if plant:
        known |= dict(rig.plant_size)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"wanghuo-{code.lower()}-", ignore_cleanup_errors=True) as folder:
        result = rig.run(seed, Path(folder), known, plant)
    return {
        "rig": code,
        "size": size,
        "plant": plant,
        "outcome": outcome(result, plant),
        "seconds": round(time.monotonic() - begun, 1),
        "seed": seed,
        "figures": result.figures,
        "failures": list(result.failures) or ([result.skipped] if result.skipped else []),
    }


def outcome(result: Result, plant: str) -> str:
    """kept or broken; with a planted bug, found or missed; skipped where it cannot run."""
    if result.skipped:
        return "skipped"
    if plant:
        return "found" if result.failures else "missed"
    return "broken" if result.failures else "kept"


def run_apart(code: str, size: str, seed: int, plant: str, listener: str = "", broker: str = "") -> dict[str, Any]:
    """Run a rig in a process of its own, so that no rig sees what another left in memory. Whom it leaves behind, should it
    fall over, is ended with it."""
    command = [sys.executable, "-m", "tests.load.torture", code, f"--{size}", "--seed", str(seed), "--here"]
    command += ["--listener", listener] if listener else []
    command += ["--broker", broker] if broker else []
    command += ["--plant", plant] if plant else []
    with tempfile.TemporaryFile("w+") as out:
        done = subprocess.Popen(command, cwd=ROOT, stdout=out, start_new_session=True)
        try:
            done.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(done.pid, signal.SIGKILL)
        out.seek(0)
        lines = out.read().strip().splitlines()
    if done.returncode and not (lines and lines[-1].startswith("{")):
        told = {"rig": code, "size": size, "plant": plant, "outcome": "broken", "seconds": 0.0, "seed": seed}
        return {**told, "figures": {}, "failures": [f"the rig ended with {done.returncode}"]}
    known: dict[str, Any] = json.loads(lines[-1])
    return known


def record(told: Iterable[dict[str, Any]]) -> None:
    """Add lines to the results."""
    head = ["git", "rev-parse", "--short=12", "HEAD"]
    commit = subprocess.run(head, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    with RESULTS.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if not file.tell():
            writer.writeheader()
        for line in told:
            common = {"commit": commit, "date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine()}
            figures = json.dumps(line["figures"], ensure_ascii=False)
            writer.writerow({**line, **common, "figures": figures, "failures": "; ".join(line["failures"])})


def wanted(args: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """(rig, planted bug) of what was asked for."""
    every = args.rigs == ["all"]
    for code in MODULES if every else args.rigs:
        yield code, args.plant
        if every:
            yield from ((code, plant) for plant in rig_of(code).plants)


def table() -> None:
    """Print what there is."""
    total = 0.0
    for code in MODULES:
        rig = rig_of(code)
        total += rig.minutes
        plants = f"  [{', '.join(rig.plants)}]" if rig.plants else ""
        print(f"{code:5} {rig.minutes:4.1f} min  {rig.shows}{plants}")
    print(f"all at the floor: about {total:.0f} min, and the planted bugs")


def main() -> int:
    """Run by hand, by `./dev torture` and by the tests."""
    parser = argparse.ArgumentParser(prog="./dev torture", description=__doc__.split("\n\n")[0])
    parser.add_argument("rigs", nargs="*", metavar="RIG", help="R1 …, or all; without one: the table of rigs")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--floor", dest="size", action="store_const", const="floor", default="floor")
    size.add_argument("--small", dest="size", action="store_const", const="small")
    parser.add_argument("--seed", type=int, default=None, help="replay a run")
    parser.add_argument("--plant", default="", help="with this bug planted; the rig must find it")
    parser.add_argument("--listener", default="", help="R20b: this one alone (tests/load/listeners_rig.py names them)")
    parser.add_argument("--broker", default="", choices=("nats", "mosquitto"), help="R4b: at this one (nats otherwise)")
    parser.add_argument("--record", action="store_true", help=f"add to {RESULTS.relative_to(ROOT)}")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not args.rigs:
        table()
        return 0
    unknown = [code for code in args.rigs if code not in MODULES and code != "all"]
    if unknown:
        parser.error(f"no rig {', '.join(unknown)}; there are {', '.join(MODULES)}")
    told = []
    for code, plant in wanted(args):
        seed = random.SystemRandom().randrange(1 << 31) if args.seed is None else args.seed
        run = run_here if args.here else run_apart
        size = "small" if plant and args.rigs == ["all"] else args.size
        told.append(run(code, size, seed, plant, args.listener, args.broker))
        print(json.dumps(told[-1], ensure_ascii=False), flush=True)
    if args.record:
        record(told)
    return 1 if any(line["outcome"] in ("broken", "missed") for line in told) else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main())
