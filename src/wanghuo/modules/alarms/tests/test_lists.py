"""The list of alarms gives the same rows in the same order, whichever filters leave its index whole or in parts."""

from __future__ import annotations

import random
import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.modules.alarms.models import Alarm
from wanghuo.modules.alarms.states import OPEN, AlarmState
from wanghuo.modules.alarms.testing import AlarmFactory
from wanghuo.modules.alarms.words import KIND_NAMES

pytestmark = pytest.mark.django_db
STATES, KINDS = [str(s) for s in AlarmState], [str(k) for k in KIND_NAMES]
FILTERS = [
    {},
    {"state": ["false"]},
    {"kind": ["fire"]},
    {"state": ["false", "new"], "kind": ["fire"]},
    {"state": ["false"], "kind": ["fire", "fault", "offline"]},
    {"open": ["1"]},
    {"open": ["1"], "kind": ["fault"]},
    {"open": ["1"], "state": ["new", "false"]},
    {"open": ["1"], "state": ["false"]},
    {"kind": ["fire"], "cause": ["dust"]},
    {"state": ["false"], "kind": ["fire"]},
]


@pytest.fixture
def supervisor():
    rng = random.Random(7)
    for _ in range(160):
        kind = rng.choice(KINDS)
        AlarmFactory(
            kind=kind,
            condition="mains_fault" if kind == "power" else kind,
            state=rng.choice(STATES),
            cause=rng.choice(["", "dust"]),
        )
    AlarmFactory(region_code="440103001", kind="fire")  # elsewhere
    return client_for(make_user("supervisor", "alarm_supervisor", "445281"))


@pytest.mark.parametrize("chosen", FILTERS)
def test_every_alarm_that_fits_stands_once_newest_first(supervisor, chosen) -> None:
    wanted = Alarm.objects.filter(county_code="445281")
    for name, values in chosen.items():
        wanted = wanted.filter(state__in=OPEN) if name == "open" else wanted.filter(**{f"{name}__in": values})
    expected = list(wanted.order_by("-id").values_list("ref", flat=True))
    query = "&".join(f"{name}={value}" for name, values in chosen.items() for value in values)
    url, shown, pages = f"/alarms?{query}", [], []
    while url:
        page = supervisor.get(url).content.decode()
        pages.append(page)
        shown += re.findall(r'class="ref" href="/alarms/[^"]*">([^<]*)<', page)
        following = re.search(r'rel="next" href="([^"]*)"', page)
        url = unescape(following[1]) if following else ""
    assert shown == expected
    assert f">{len(expected)}<" in pages[0] or f"{len(expected)} " in pages[0]


@pytest.mark.parametrize("asked", ["state=false&kind=fire", "state=false", "open=1"])
def test_the_order_is_found_in_the_index_before_a_row_is_read(supervisor, asked) -> None:
    with CaptureQueriesContext(connection) as queries:
        supervisor.get(f"/alarms?{asked}")
    ordered = [q["sql"] for q in queries if 'FROM "alarms_alarm"' in q["sql"] and " LIMIT 51" in q["sql"]]
    assert len(ordered) > 1
    for sql in ordered:
        assert sql.startswith('SELECT "alarms_alarm"."id" AS "pk" FROM') or '"alarms_alarm"."id" IN (' in sql


def test_a_page_before_is_the_one_that_was_seen(supervisor) -> None:
    def page(url: str) -> tuple[list[str], str]:
        text = supervisor.get(url).content.decode()
        return re.findall(r'class="ref" href="/alarms/[^"]*">([^<]*)<', text), text

    asked = "&".join(f"kind={kind}" for kind in KINDS[:7])
    first, text = page(f"/alarms?{asked}")
    further = unescape(re.search(r'rel="next" href="([^"]*)"', text)[1])
    back = unescape(re.search(r'rel="prev" href="([^"]*)"', page(further)[1])[1])
    assert page(back)[0] == first


def test_the_rows_asked_for_can_be_taken_away_as_a_file(supervisor) -> None:
    answer = supervisor.get("/alarms?kind=fire&export=csv")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + Alarm.objects.filter(county_code="445281", kind="fire").count()
    assert client_for(make_user("operator", "alarm_operator", "445281")).get("/alarms?export=csv").status_code == 403
