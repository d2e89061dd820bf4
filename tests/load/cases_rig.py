"""R21: the property tests of the engines, with many more generated cases than in daily work.

The tests are the ones that stand beside the code; only their number of examples is raised (`WANGHUO_EXAMPLES`). What
is counted is what Hypothesis reports as run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.load.rig import Result, Rig, Size, broken

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("src/wanghuo/engines/codecs", "src/wanghuo/base")
_RUN = re.compile(r"(\d+) passing, (\d+) failing")


def run(seed: int, home: Path, size: Size, plant: str) -> Result:
    """All of them in one run of pytest."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-show-statistics"]
    done = subprocess.run(
        [*command, f"--hypothesis-seed={seed}", *TESTS],
        cwd=ROOT,
        env={**os.environ, "WANGHUO_EXAMPLES": str(size["examples"]), "WANGHUO_TEST_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    counts = [tuple(map(int, found)) for found in _RUN.findall(done.stdout)]
    cases = sum(passing for passing, _ in counts)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return Result(
        {"cases": cases, "properties": len(counts)},
        broken(failed=failed[:5], too_few_cases=max(0, size["cases"] - cases), pytest_ended_with=done.returncode),
    )


RIGS = {
    "R21": Rig(
        "R21",
        "two hundred thousand generated cases through the properties of the codecs",
        run,
        floor={"examples": 12_000, "cases": 200_000},
        small={"examples": 60, "cases": 300},
        minutes=6,
    )
}
