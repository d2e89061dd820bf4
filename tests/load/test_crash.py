"""The crash rig, small: enough kills to lose something if anything can be lost, and a planted bug that must be
found."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from wanghuo.kernel.outbox.models import OutboxEvent
from wanghuo.modules.sensing.testing import DeviceFactory, take_in

sys.path.insert(0, str(Path(__file__).parent))
import crash_rig

pytestmark = pytest.mark.crash
KILLS = 110


def test_no_confirmed_frame_is_lost_and_no_alarm_doubled_over_a_hundred_kills(tmp_path, db) -> None:
    outcome = crash_rig.torture(tmp_path, kills=KILLS, count=4, seed=20261121, window=6)
    assert (outcome.lost, outcome.integrity) == (0, "ok")
    assert outcome.acked > 100 * KILLS, "too little load to prove anything"
    assert outcome.repeated > 0, "no retransmission met a stored frame: the kills came too gently"

    acked = {tuple(key) for key in json.loads((tmp_path / "acked.json").read_text())}
    for source in {source for source, _ in acked}:
        DeviceFactory(source=source.to_bytes(6, "little").hex(), unit=None)
    take_in(tmp_path / "journal.sqlite3")
    raised = Counter(
        (event.payload["device_ref"], event.payload["component_address"])
        for event in OutboxEvent.objects.filter(kind="sensing.signal_raised")
    )
    fires = {key for key in acked if key[1] % crash_rig.FIRE_EVERY == 0}
    assert len(raised) >= len(fires) > 0
    assert set(raised.values()) == {1}


def test_the_rig_finds_a_confirm_before_the_commit(tmp_path) -> None:
    outcome = crash_rig.torture(tmp_path, kills=10, count=4, seed=7, planted=True)
    assert outcome.lost > 0
