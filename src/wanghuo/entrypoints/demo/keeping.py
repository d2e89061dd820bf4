"""Registers with a few lines and one letter on its way, all made up and saying so, so that a visitor finds both alive."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from wanghuo.entrypoints.demo.planning import COUNTY, acting
from wanghuo.kernel.regions import service as regions

SEED = 20261122
MADE_UP = "（虚构 / made up）"
MADE_UP_LETTER = "本函为演示，内容均为虚构。"
HYDRANTS, STATIONS = 14, 8


def keep_registers() -> None:
    """Three registers in use in the county: hydrants on the map, micro stations, trainings."""
    from wanghuo.kernel.ledgers.registers import add_row
    from wanghuo.kernel.ledgers.registers.defining import use_register

    office = acting("office")
    rng, today = random.Random(SEED), timezone.localdate()
    towns = [(t.code, t.name, t.lng, t.lat) for t in regions.children(COUNTY) if t.lng is not None]
    for code, lines in (
        ("hydrants", _hydrants(rng, towns, today)),
        ("micro_stations", _stations(rng, towns, today)),
        ("trainings", _trainings(rng, towns, today)),
    ):
        use_register(code=code, region=COUNTY, actor=office)
        for place, values, lng, lat in lines:
            add_row(register=code, values=values, region=place, lng=lng, lat=lat, actor=office)


Line = tuple[str, dict[str, Any], float | None, float | None]
Towns = list[tuple[str, str, Any, Any]]


def _hydrants(rng: random.Random, towns: Towns, today: date) -> Iterator[Line]:
    for n in range(HYDRANTS):
        code, name, lng, lat = towns[n % len(towns)]
        built = _this_year(today, rng)
        connected = rng.random() < 0.6
        values = {
            "number": f"XH-{n + 1:03}",
            "site": f"{name}示例路 {rng.randint(1, 90)} 号旁{MADE_UP}",
            "kind": rng.choice(("above", "below")),
            "state": rng.choice(("good", "good", "good", "good", "broken", "repair")),
            "new": True,
            "built_on": built,
            "accepted_on": built,
            "connected": connected,
            "checked_on": today - timedelta(days=rng.randint(1, 60)),
        }
        yield (
            code,
            values,
            round(float(lng) + rng.uniform(-0.01, 0.01), 5),
            round(float(lat) + rng.uniform(-0.01, 0.01), 5),
        )


def _stations(rng: random.Random, towns: Towns, today: date) -> Iterator[Line]:
    for n in range(STATIONS):
        code, name, _, _ = towns[(n * 2) % len(towns)]
        values = {
            "station": f"{name}微型消防站{MADE_UP}",
            "kind": rng.choice(("unit", "community", "village")),
            "people": rng.randint(4, 9),
            "gear": rng.random() < 0.8,
            "built_on": _this_year(today, rng),
            "tested_on": today - timedelta(days=rng.randint(1, 90)),
            "standard": rng.random() < 0.75,
        }
        yield code, values, None, None


def _trainings(rng: random.Random, towns: Towns, today: date) -> Iterator[Line]:
    for n, group in enumerate(("room", "micro", "grid", "manager")):
        asked = rng.randint(40, 120)
        values = {
            "course": f"消防安全培训第 {n + 1} 期{MADE_UP}",
            "group": group,
            "target": asked,
            "trained": round(asked * rng.uniform(0.55, 0.95)),
            "held_on": _this_year(today, rng),
        }
        yield towns[n % len(towns)][0], values, None, None


def _this_year(today: date, rng: random.Random) -> date:
    """A day of this year up to today."""
    return date(today.year, 1, 1) + timedelta(days=rng.randint(0, max(0, today.timetuple().tm_yday - 1)))


def send_letter() -> None:
    """A reminder about the closing rate of the clerk's town: drafted, approved, sealed and served; the town owes the receipt."""
    from wanghuo.kernel import papers
    from wanghuo.modules.accountability import public as accountability

    office, leader, town = acting("office"), acting("leader"), acting("clerk").home
    period = str(timezone.localdate().year)
    paper = accountability.write_letter(
        "accountability.reminder", about_kind="indicator", about_ref=f"hazards.closing_rate:{town}:{period}", note=MADE_UP_LETTER, actor=office
    )  # fmt: skip
    papers.submit(paper.ref, actor=office)
    papers.approve(paper.ref, actor=leader, note="同意（演示）")
    papers.seal(paper.ref, actor=leader)
    papers.serve(paper.ref, actor=office)
