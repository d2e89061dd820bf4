"""docs/coverage.csv: each system that the seeds name stands in it once, and what it points to is there."""

from __future__ import annotations

import csv
import os
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SEEDS = Path(os.environ.get("WANGHUO_SHARED", ROOT.parent / "shared")) / "reference/seed_systems.md"
SEED_ROW = re.compile(r"^\| (Y\d{3}-\d{3}) \| [^|]* \| ([^|]*?) \|", re.MULTILINE)
FLOORS = ("modules", "kernel", "engines", "entrypoints")

with (ROOT / "docs/coverage.csv").open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))


@pytest.mark.shared
@pytest.mark.skipif(not SEEDS.exists(), reason=f"the list of the seeds is not there: {SEEDS} (set WANGHUO_SHARED)")
def test_every_system_of_the_seeds_stands_in_it_once() -> None:
    named = SEED_ROW.findall(SEEDS.read_text("utf-8"))
    assert len(named) == 346
    assert Counter((row["id"], row["name"]) for row in ROWS) == Counter(named)


def test_each_id_stands_once() -> None:
    assert [row["id"] for row in ROWS] == sorted({row["id"] for row in ROWS})


@pytest.mark.parametrize("row", [r for r in ROWS if r["status"] != "none"], ids=lambda r: r["id"])
def test_what_is_claimed_names_a_part_a_way_and_a_test_that_are_there(row: dict[str, str]) -> None:
    assert row["status"] in ("covered", "partial")
    assert any((ROOT / "src/wanghuo" / floor / row["where"]).is_dir() for floor in FLOORS)
    assert (ROOT / row["test"]).is_file()
    assert row["how"] not in ("", "none")


def test_what_is_not_there_claims_nothing() -> None:
    for row in ROWS:
        if row["status"] == "none":
            assert (row["where"], row["how"], row["test"]) == ("none", "none", "none"), row["id"]


def test_every_page_named_is_one(settings) -> None:
    from django.urls import Resolver404, resolve

    for row in ROWS:
        for path in re.findall(r"(?<![\w.])/[a-z][\w/<>.-]*", row["how"]):
            address = path.replace("<ref>", "X-1").rstrip(".")
            try:
                resolve(address)
            except Resolver404:
                pytest.fail(f"{row['id']}: no page {address}")


def test_every_register_named_is_a_preset() -> None:
    known = {file.stem for file in (ROOT / "src/wanghuo/params/registers").glob("*.toml")}
    named = {(row["id"], code) for row in ROWS for code in re.findall(r"/ledgers/(\w+)", row["how"])}
    assert named
    assert {(row, code) for row, code in named if code not in known} == set()


def test_what_a_register_says_it_serves_is_counted_as_served() -> None:
    status = {row["id"]: row["status"] for row in ROWS}
    for file in sorted((ROOT / "src/wanghuo/params/registers").glob("*.toml")):
        for seed in tomllib.loads(file.read_text("utf-8"))["seeds"]:
            assert status[seed] != "none", (file.stem, seed)
