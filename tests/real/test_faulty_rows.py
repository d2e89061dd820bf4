"""Three thousand of Toronto's rows, a thousand of them broken in ten ways: each is named, nothing half written."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from tests.real.conftest import TORONTO, imported_once, mapping_of
from tests.real.recount import rows_of
from wanghuo.kernel.ledgers.models import ImportedRow
from wanghuo.kernel.ledgers.service import SHOWN_PROBLEMS, RowsInError
from wanghuo.kernel.ledgers.storage import Problems
from wanghuo.kernel.loops.models import Counter as Numbers
from wanghuo.modules.hazards.models import Hazard

# what is broken, and the fields that must be named for it
FAULTS = (
    ({"property_ward": "99.0"}, {"region_code"}),
    ({"inspections_opendate": "the day before"}, {"found_at", "due_at"}),
    ({"inspections_closeddate": "2001-02-03 04:05:06+00:00"}, {"closed_at"}),
    ({"id": ""}, {"source_ref"}),
    ({"property_address": " "}, {"place"}),
    ({"violation_description": ""}, {"description"}),
    (
        {"inspections_opendate": "2099-01-01 00:00:00+00:00", "inspections_closeddate": "2099-01-02 00:00:00+00:00"},
        {"found_at", "closed_at"},
    ),
    ({"inspections_closeddate": "2099-01-01 00:00:00+00:00"}, {"closed_at"}),
    ({"property_address": "x" * 201}, {"place"}),
    ({"violation_description": "2.7.3.2 Exit Signs \ufffd"}, {"description"}),
)
GOOD, BAD = 2_000, 1_000


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The file, and by row number the fields that are wrong in it."""
    path, wrong = tmp_path_factory.mktemp("real") / "broken.csv", {}
    rows = rows_of(TORONTO)[: GOOD + BAD]
    for i, row in enumerate(rows):
        if i % 3 == 1:
            change, fields = FAULTS[i // 3 % len(FAULTS)]
            row.update(change)
            wrong[i + 2] = fields
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path, wrong


@pytest.fixture(scope="module")
def steward(django_db_setup, django_db_blocker):
    with imported_once(django_db_blocker) as steward:
        yield steward


@pytest.mark.django_db
def test_the_mapping_fits_the_kind() -> None:
    assert mapping_of("hazards", "toronto_hazards.toml").header_row == 1


def test_a_thousand_faulty_rows_are_named_and_nothing_is_written(steward, broken) -> None:
    path, wrong = broken
    numbers = Numbers.objects.filter(prefix="YH").order_by("pk").values_list("region", "year", "last")
    before = list(numbers.all())  # a test with threads of its own may have left some
    run = steward.check("hazards", path, "toronto_hazards.toml")
    assert len(wrong) == BAD
    assert (run.counts["error"], run.counts["new"]) == (BAD, GOOD)
    with pytest.raises(RowsInError) as refused:
        steward.write(run)
    assert "1000" in refused.value.message.zh
    assert "1000" in refused.value.message.en
    assert Hazard.objects.count() == ImportedRow.objects.count() == 0
    assert list(numbers.all()) == before
    page = steward.client.get(run.url).content.decode()
    assert page.count("no region is given") == 0
    assert "1,000" in page or "1000" in page
    assert len(run.problems) == SHOWN_PROBLEMS


def test_every_error_stands_at_its_row_and_column_in_both_languages(steward, broken) -> None:
    path, wrong = broken
    run = steward.check("hazards", path, "toronto_hazards.toml")
    by_row: dict[int, set[str]] = {}
    for problem in Problems(run.id):
        by_row.setdefault(problem["row"], set()).add(problem["field"])
        assert problem["zh"]
        assert problem["en"]
        assert problem["column"]
    assert by_row == wrong
    assert Counter(len(fields) for fields in by_row.values()) == Counter(len(f) for f in wrong.values())


def test_the_good_rows_alone_are_written_when_that_is_agreed(steward, broken) -> None:
    path, wrong = broken
    run = steward.write(steward.check("hazards", path, "toronto_hazards.toml"), good_rows_only=True)
    assert (run.state, run.written_new) == ("written", GOOD)
    written = set(ImportedRow.objects.filter(run=run).values_list("row_no", flat=True))
    assert written == set(range(2, GOOD + BAD + 2)) - set(wrong)
    assert Hazard.objects.count() == GOOD
