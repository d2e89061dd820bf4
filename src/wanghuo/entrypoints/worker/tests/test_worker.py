"""The worker as a process: it does its work, shows that it lives, and ends cleanly when asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wanghuo.entrypoints.worker.loops import Worker
from wanghuo.kernel.jobs.models import PeriodicRun, ProcessBeat


@pytest.mark.django_db
def test_once_does_what_is_due_and_says_so():
    Worker().once()
    assert PeriodicRun.objects.filter(name="jobs.interrupted", runs=1).exists()
    assert ProcessBeat.objects.get().facts["outbox_dead"] == 0


def test_a_worker_asked_to_end_finishes_its_job_and_exits_with_zero(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "WANGHUO_DATABASE"}
    rig = Path(__file__).with_name("worker_rig.py")
    run = subprocess.run(
        [sys.executable, rig, str(tmp_path)], env=environment, capture_output=True, text=True, timeout=90
    )
    assert run.returncode == 0, run.stderr[-3000:]
    result = json.loads(run.stdout)
    assert result["exit"] == 0
    assert result["job"] == ["done", 20], "the job in hand was finished"
    assert result["heard"] is True
    assert result["beat_seen"] is True
    assert result["beats_left"] == 0, "it says goodbye"
