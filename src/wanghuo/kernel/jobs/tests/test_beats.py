"""Signs of life: a process that runs is seen, one that ended well is gone."""

from __future__ import annotations

import threading

import pytest

from wanghuo.kernel.jobs import beats
from wanghuo.kernel.jobs.models import ProcessBeat

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_process_that_beats_is_there_and_gone_when_it_ends(monkeypatch):
    written = threading.Event()
    beat = beats.beat

    def tell(kind, **facts):
        beat(kind, **facts)
        written.set()

    monkeypatch.setattr(beats, "beat", tell)
    with beats.beating("ingest", lambda: {"frames": 7}):
        assert written.wait(10)
        found = ProcessBeat.objects.get(kind="ingest")
        assert found.facts == {"frames": 7}
        assert found.name == beats.my_name("ingest")
    assert not ProcessBeat.objects.filter(kind="ingest").exists()
