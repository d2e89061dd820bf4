"""What a line arms, how often it acts, and that nothing acts unless it was armed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wanghuo.base import failpoints
from wanghuo.base.failpoints import POINTS, FailedOnPurpose, arm, at

SOURCES = Path(failpoints.__file__).parents[1]


@pytest.fixture(autouse=True)
def disarmed():
    yield
    arm("")


def hits(name, times, *about):
    count = 0
    for _ in range(times):
        try:
            at(name, *about)
        except FailedOnPurpose:
            count += 1
    return count


def test_nothing_acts_unless_it_is_armed():
    assert [hits(name, 3) for name in POINTS] == [0] * len(POINTS)
    arm("jobs.run:raise")
    assert (hits("jobs.run", 3), hits("jobs.item", 3)) == (3, 0)
    arm("")
    assert hits("jobs.run", 3) == 0


def test_how_often_it_acts():
    arm("jobs.run:raise@3, outbox.before_send:raise@0.25", seed=7)
    assert hits("jobs.run", 10) == 3
    assert 150 < hits("outbox.before_send", 1000) < 350


def test_the_words_in_brackets_choose_what_is_in_hand():
    arm("outbox.before_send(0198 alarms.on_fire):raise")
    assert hits("outbox.before_send", 2, "alarms.on_fire", "0198ab") == 2
    assert hits("outbox.before_send", 2, "alarms.on_moved", "0198ab") == 0


def test_a_delay_waits():
    arm("sending.before_send:delay=0.05@1")
    began = time.monotonic()
    at("sending.before_send")
    assert time.monotonic() - began >= 0.05


def test_a_crash_leaves_nothing_behind():
    act = "from wanghuo.base import failpoints as f; f.arm('jobs.run:crash'); f.at('jobs.run'); print('alive')"
    done = subprocess.run([sys.executable, "-c", act], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "")


@pytest.mark.parametrize(
    "line",
    [
        "jobs.run",
        "jobs.run:explode",
        "jobs.walk:raise",
        "jobs.run:raise@0",
        "jobs.run:raise@1.5",
        "jobs.run:delay",
        "jobs.run():raise",
    ],
)
def test_a_line_that_cannot_be_read_is_refused(line):
    arm("jobs.item:raise")
    with pytest.raises(ValueError, match="failpoint"):
        arm(line)
    assert hits("jobs.item", 1) == 1, "what was armed stays"


def test_every_place_is_somewhere():
    code = "".join(path.read_text() for path in SOURCES.rglob("*.py") if "tests" not in path.parts)
    assert [name for name in POINTS if f'failpoints.at("{name}"' not in code] == []


@pytest.mark.parametrize(
    ("mode", "line", "said"),
    [
        ("production", "jobs.run:raise", "WANGHUO_FAIL"),
        ("test", "jobs.walk:raise", "is no failpoint"),
        ("test", "jobs.run:raise", ""),
        ("production", "", ""),
    ],
)
def test_a_production_deployment_does_not_start_with_one(tmp_path, mode, line, said):
    """The settings refuse, and so does every process that reads them."""
    known = {"WANGHUO_MODE": mode, "WANGHUO_HOME": str(tmp_path), "WANGHUO_FAIL": line}
    command = [sys.executable, "-c", "import wanghuo.entrypoints.web.settings"]
    done = subprocess.run(command, env=os.environ | known, capture_output=True, text=True, timeout=60, check=False)
    assert bool(done.returncode) == bool(said)
    assert said in done.stderr
