"""docs/coverage.csv names every mechanism of the sources once, and what it names exists."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("WANGHUO_SHARED", ROOT.parent / "shared"))


def rows() -> list[dict[str, str]]:
    with (ROOT / "docs/coverage.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_what_is_named_exists() -> None:
    for row in rows():
        assert row["status"] in ("covered", "partly", "none"), row
        assert (row["status"] == "none") == (row["where"] == "none"), row
        if row["test"]:
            assert (ROOT / row["test"]).exists(), row


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the sources lie beside the repo, and are not there")
def test_every_mechanism_has_its_row() -> None:
    named = re.findall(r"^\| (Y\d{3}-\d{3}) \|", (SHARED / "reference/seed_systems.md").read_text("utf-8"), re.M)
    assert [row["id"] for row in rows()] == named
