from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.base.time import CHINA
from wanghuo.kernel.loops import clocks, ladder
from wanghuo.kernel.loops.models import Clock, Duty, LadderStep
from wanghuo.kernel.loops.refs import next_ref, next_refs
from wanghuo.kernel.loops.testing import subject


@pytest.mark.django_db
def test_each_prefix_county_and_year_counts_on_its_own() -> None:
    assert [next_ref("YH", "445281102003", 2026) for _ in range(2)] == ["YH-445281-2026-00001", "YH-445281-2026-00002"]
    assert next_ref("YH", "445281", 2027) == "YH-445281-2027-00001"
    assert next_ref("BJ", "445281", 2026) == "BJ-445281-2026-00001"
    assert next_ref("YH", "4452", 2026) == "YH-445200-2026-00001"
    assert next_ref("YH", "0", 2026) == "YH-000000-2026-00001"
    assert next_refs("YH", "445281103", 2026, count=3)[-1] == "YH-445281-2026-00005"
    for prefix, count in (("yh", 1), ("", 1), ("YH; DROP", 1), ("YH", 0)):
        with pytest.raises(ValueError):
            next_refs(prefix, "445281", 2026, count=count)


@pytest.mark.django_db
def test_a_transaction_rolled_back_leaves_no_gap() -> None:
    next_ref("YH", "445281", 2026)
    with suppress(RuntimeError), transaction.atomic():
        assert next_ref("YH", "445281", 2026) == "YH-445281-2026-00002"
        raise RuntimeError
    assert next_ref("YH", "445281", 2026) == "YH-445281-2026-00002"


def test_takers_at_the_same_time_leave_no_gap_and_no_double(in_threads) -> None:
    def take(n: int) -> list[str]:
        taken = []
        for m in range(12):
            with suppress(RuntimeError), transaction.atomic():
                ref = next_ref("YH", "445281", 2026)
                if (n + m) % 5 == 0:
                    raise RuntimeError  # gives its number back
                taken.append(ref)
        return taken

    taken = sorted(ref for refs in in_threads(take, 4) for ref in refs)
    assert len(taken) > 30
    assert taken == [f"YH-445281-2026-{n:05d}" for n in range(1, len(taken) + 1)]


def test_two_runners_climb_each_clock_once(in_threads) -> None:
    start = datetime(2026, 9, 21, 10, tzinfo=CHINA)
    now = datetime(2026, 9, 25, 9, tzinfo=CHINA)

    def start_all(n: int) -> None:
        for m in range(12):
            clocks.start_clock(subject(ref=f"YH-445281-2026-{m:05d}"), rule="hazards.recheck", start=start)

    def forget(n: int) -> None:
        for model in (LadderStep, Duty, Clock):
            model.objects.all().delete()

    in_threads(start_all, 1)
    try:
        climbed = in_threads(lambda n: ladder.run_clocks(now), 2)
        assert sum(climbed) == 12
        assert in_threads(lambda n: LadderStep.objects.count(), 1) == [12]
        assert in_threads(lambda n: ladder.run_clocks(now), 2) == [0, 0]
    finally:
        in_threads(forget, 1)  # committed by threads of their own: nothing takes it back for us


@given(st.integers(0, 99999), st.sampled_from(["44", "4452", "445281", "445281102", "0"]))
def test_a_reference_is_a_safe_piece_of_an_address(number: int, region: str) -> None:
    from wanghuo.kernel.regions import codes

    place = codes.written(region[:6]) if region != "0" else "000000"
    assert len(place) == 6
    assert place.isdigit()
    assert f"{number:05d}".isdigit()
