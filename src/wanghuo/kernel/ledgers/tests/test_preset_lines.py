"""A line of every preset, as somebody of the field keeps it: written, listed, due in the inbox, measured, and shown to the public without persons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.indicators import Period
from wanghuo.kernel.ledgers.models import RegisterRow
from wanghuo.kernel.ledgers.registers import counting, defining, rows, selecting
from wanghuo.kernel.ledgers.registers.presets import TOPICS, presets
from wanghuo.kernel.ledgers.registers.referring import Referred
from wanghuo.kernel.ledgers.registers.schema import Definition, Field
from wanghuo.kernel.loops.models import Duty
from wanghuo.kernel.regions.testing import COUNTY, TOWN, make_regions
from wanghuo.kernel.ui.testing import assert_english

pytestmark = pytest.mark.django_db
PERSON = "Zhang San"


def sample(field: Field) -> Any:
    """A value of a field: tomorrow for dates, the first choice, 2 for numbers; a person's name where it is about one."""
    kinds = {
        "bool": True,
        "date": timezone.localdate() + timedelta(days=1),
        "choice": next(iter(field.choices), None),
        "choices": list(field.choices)[:1],
        "region": TOWN,
        "unit": Referred(uuid4(), "DW-1", "Unit", TOWN),
        "body": Referred(uuid4(), "JG-1", "Body", COUNTY),
    }
    if field.is_number:
        return 2
    return kinds.get(field.kind, PERSON if field.is_personal else f"a {field.key}")


def line(definition: Definition) -> dict[str, Any]:
    """A line filled in all through, but for files and the date on which it is done."""
    return {f.key: sample(f) for f in definition.stored if f.kind != "file" and f.key != definition.met}


@pytest.mark.parametrize("topic", TOPICS)
def test_a_line_is_written_listed_due_measured_and_shown(topic: str) -> None:
    make_regions()
    clerk = actor("committee_clerk", COUNTY)
    browser = client_for(make_user("office", "committee_clerk", COUNTY))
    browser.cookies["lang"] = "en"
    public = Client()
    for code, preset in presets().items():
        definition = preset.definition
        if definition.topic != topic:
            continue
        defining.use_register(code=code, region=COUNTY, actor=clerk)
        row = rows.add_row(register=code, values=line(definition), region=TOWN, actor=system_actor("test"))
        page = browser.get(f"/ledgers/{code}/rows/{row.ref}")
        assert page.status_code == 200, code
        assert_english(page)
        assert row.ref in browser.get(f"/ledgers/{code}").content.decode(), code
        open_duties = Duty.objects.filter(subject_id=row.id, closed_at=None)
        assert open_duties.exists() == bool(definition.due), code
        if definition.met:
            rows.change_row(
                register=code, ref=row.ref, values={definition.met: timezone.localdate()}, actor=system_actor("test")
            )
            assert not open_duties.exists(), code
        book = selecting.get_register(code, clerk)
        for measure in definition.measures:
            assert counting.parts(book, measure, definition, Period.year(timezone.localdate().year)) is not None
        if definition.publishes:
            shown = public.get(f"/p/ledgers/{code}?region={COUNTY}")
            assert PERSON not in shown.content.decode(), code
    assert RegisterRow.objects.exists() == any(p.definition.topic == topic for p in presets().values())


def test_cases_by_officer_follow_from_what_a_body_reports() -> None:
    make_regions()
    clerk = actor("committee_clerk", COUNTY)
    defining.use_register(code="penalty_zero", region=COUNTY, actor=clerk)
    body = Referred(uuid4(), "JG-1", "Body", TOWN)
    given = {"body": body, "mandate": "entrust", "officers": 4, "cases": 6, "scope": "place"}
    rows.add_row(register="penalty_zero", values=given, region=TOWN, actor=system_actor("test"))
    definition = presets()["penalty_zero"].definition
    measure = definition.measure("per_officer")
    assert measure is not None
    book = selecting.get_register("penalty_zero", clerk)
    found = counting.parts(book, measure, definition, Period.year(timezone.localdate().year))
    assert [(p.num, p.den) for p in found.values()] == [(6.0, 4.0)]
