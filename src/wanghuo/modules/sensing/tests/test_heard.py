"""The column of when devices were heard, beside the history."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace

from wanghuo.modules.sensing.heard import HeardColumn, silent_slots


def test_a_full_disk_leaves_the_column_for_later(tmp_path, monkeypatch) -> None:
    devices = SimpleNamespace(
        version=1, regions=[0, 0], heard_s=[100, 900], region_codes=["445281102"], seen_us=[100_000_000, 900_000_000]
    )
    column = HeardColumn(tmp_path)

    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Path, "write_bytes", full)
        column.follow(devices)
        column.put([0, 1], devices)
    assert silent_slots(tmp_path, "445281102", 500, 10) is None
    column.follow(devices)
    assert silent_slots(tmp_path, "445281102", 500, 10) == (1, 2, [0])
