"""Forks a worker, gives it a job and an event, ends it with SIGTERM in the middle: `worker_rig.py FOLDER`. Prints one
JSON line.
"""

# ruff: noqa: E402 - Django is set up first
from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from typing import ClassVar

folder = sys.argv[1]
os.environ.update(WANGHUO_HOME=folder, WANGHUO_MODE="test")
os.environ["DJANGO_SETTINGS_MODULE"] = "wanghuo.entrypoints.web.settings"

import django

django.setup()

from django.core.management import call_command
from django.db import connection, transaction

from wanghuo.base import Text
from wanghuo.entrypoints.worker.loops import Worker
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.jobs import enqueue, job
from wanghuo.kernel.jobs.models import JobRun, ProcessBeat
from wanghuo.kernel.outbox import Event, emit, listen
from wanghuo.kernel.outbox.doorbell import folder as doorbells
from wanghuo.kernel.outbox.models import Delivery


@dataclass(frozen=True)
class Called(Event):
    kind: ClassVar[str] = "worker_rig.called"
    number: int


@listen(Called)
def on_called(event: Called) -> None:
    JobRun.objects.create(kind="heard", title_zh="t", title_en="t", state="done")


@job("worker_rig.count")
def count(progress) -> None:
    for done in range(1, 21):
        time.sleep(0.05)
        progress(done, 20)


def work() -> None:
    worker = Worker()
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()
    os._exit(0)


def until(condition) -> bool:
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def main() -> None:
    call_command("migrate", verbosity=0)
    connection.close()
    pid = os.fork()
    if pid == 0:
        work()
    beat_seen = until(ProcessBeat.objects.exists)
    with transaction.atomic():
        row = enqueue("worker_rig.count", actor=system_actor("cli"), title=Text("数", "count"))
        emit(Called(1))
    heard = until(lambda: JobRun.objects.filter(kind="heard").exists() and not Delivery.objects.exists())
    until(lambda: JobRun.objects.filter(pk=row.pk, state="running").exists())
    os.kill(pid, signal.SIGTERM)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    row.refresh_from_db()
    result = {"exit": code, "job": [row.state, row.done], "heard": heard, "beat_seen": beat_seen}
    print(json.dumps({**result, "beats_left": ProcessBeat.objects.count()}))


try:
    main()
finally:
    shutil.rmtree(doorbells(), ignore_errors=True)
