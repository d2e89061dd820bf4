"""The pages in both languages: lists, forms and details in every state, the acts they offer, and what neighbours see."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.base.time import local_day
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.papers import OfficialPaper
from wanghuo.kernel.papers.testing import body
from wanghuo.modules.accountability import states
from wanghuo.modules.accountability.models import (
    Assessment,
    DutyList,
    Meeting,
    MonthlyOrder,
    Proposal,
    RankingTable,
    Report,
    Tour,
)
from wanghuo.modules.accountability.pages import assessments, duty_lists, meetings, orders, reports, tables, tours
from wanghuo.modules.accountability.services import assessments as assessing
from wanghuo.modules.accountability.services import duty_lists as lists
from wanghuo.modules.accountability.services import letters
from wanghuo.modules.accountability.services import meetings as meeting
from wanghuo.modules.accountability.services import reports as reporting
from wanghuo.modules.accountability.services import tables as ranking
from wanghuo.modules.accountability.testing import (
    CLERK,
    COUNTY,
    SISTER_TOWN,
    TOWN,
    draw_up,
    order_of,
    scored,
    standard,
    target,
    this_month,
    tomorrow,
    tour,
)
from wanghuo.modules.hazards.testing import HazardFactory

pytestmark = pytest.mark.django_db
LISTS = (
    "/programmes/orders",
    "/tours",
    "/tables",
    "/tables/measures",
    "/letters",
    "/meetings",
    "/duty-lists",
    "/assessments",
    "/reports",
)
BESIDE = ("/tours/coverage", "/meetings/duties", "/assessments/schemes")
NEW = (
    "/programmes/orders/new",
    "/tours/new",
    "/tables/new",
    "/letters/new",
    "/meetings/new",
    "/meetings/duties/new",
    "/duty-lists/new",
    "/assessments/new",
    "/reports/new",
)


@pytest.fixture(autouse=True)
def county() -> None:
    standard()


@pytest.fixture
def clerk():
    return client_for(make_user("clerk", "committee_clerk", COUNTY))


@pytest.fixture
def town():
    return client_for(make_user("town", "committee_clerk", TOWN))


def in_english(client):
    client.cookies["lang"] = "en"
    return client


def everything() -> dict[str, object]:
    """One record of each kind about one town."""
    target("hazards.closing_rate", 95)
    order = order_of(draw_up(codes=("hazards.closing_rate",)))
    scored(tour(SISTER_TOWN), part=0.5)
    known = {"region": COUNTY, "month": this_month(), "codes": ("hazards.closing_rate",), "orders": 1, "tours": 1}
    table = ranking.approve(
        ranking.draw_up(publish_on=local_day(timezone.now()), actor=CLERK, **known).ref, actor=CLERK
    )
    met = meeting.convene(
        region=TOWN, kind="regular", title="例会", starts_at=timezone.now() + timedelta(hours=1), place="会议室", chair="李明", agenda="部署",
        bodies=[body("镇政府", TOWN).pk], actor=CLERK,
    )  # fmt: skip
    meeting.ask_for(region=TOWN, kind="regular", months=1, source="工作制度", actor=CLERK)
    duties = lists.make(
        region=COUNTY, kind="duty", year=2026, title="清单", body=body("镇政府", TOWN).pk, actor=CLERK,
        entries=lists.parse_lines("研究部署 | 实施办法 | 每月 | 纪要"),
    )  # fmt: skip
    reviewer = make_user("reviewer", "brigade_leader", COUNTY)
    run = assessing.begin_run(
        region=COUNTY,
        scheme="government",
        year=local_day(timezone.now()).year,
        reviewers=[reviewer.pk],
        self_due=tomorrow(),
        actor=CLERK,
    )
    report = reporting.draft(region=TOWN, kind="month", period=this_month(), actor=CLERK)
    return {
        "order": order,
        "tour": tour(TOWN),
        "table": table,
        "proposal": Proposal.objects.get(about=SISTER_TOWN),
        "meeting": met,
        "duty_list": duties,
        "assessment": next(r for r in run if r.region_code == TOWN),
        "report": report,
    }


def test_empty_lists_say_what_to_do_next(clerk) -> None:
    for path in (*LISTS, *BESIDE):
        page = clerk.get(path)
        assert page.status_code == 200, path
        assert "None" not in page.content.decode(), path


def test_every_form_opens(clerk) -> None:
    for path in (*NEW, "/data/imports/new?kind=duty_lists", "/data/imports/template/duty_lists.xlsx"):
        assert clerk.get(path).status_code == 200, path


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_of_every_record(clerk, lang) -> None:
    rows = everything()
    clerk.cookies["lang"] = lang
    for path in (*LISTS, *BESIDE, *(row.url for row in rows.values())):  # type: ignore[attr-defined]
        page = clerk.get(path)
        assert page.status_code == 200, path
        assert not re.search(r">\s*None\s*<", page.content.decode()), path
    for path in (f"{rows['assessment'].url}/why", f"{rows['assessment'].url}/review"):  # type: ignore[attr-defined]
        assert clerk.get(path).status_code == 200, path


@pytest.mark.parametrize(
    ("name", "model", "acts"),
    [
        ("order", MonthlyOrder, orders.ACTS),
        ("tour", Tour, tours.ACTS),
        ("table", RankingTable, tables.ACTS),
        ("proposal", Proposal, tables.MEASURE_ACTS),
        ("meeting", Meeting, meetings.ACTS),
        ("duty_list", DutyList, duty_lists.ACTS),
        ("assessment", Assessment, assessments.ACTS),
        ("report", Report, reports.ACTS),
    ],
)
def test_every_state_offers_only_its_acts_and_each_has_its_form(clerk, name, model, acts) -> None:
    row = everything()[name]
    machine = model.MACHINE
    assert {move.name for move in machine.moves} <= set(acts)
    for state in machine.names:
        model.objects.filter(pk=row.pk).update(state=state)
        page = clerk.get(row.url)
        assert page.status_code == 200, state
        words = page.content.decode()
        assert machine.name(state).zh in words
        offered = set(re.findall(rf'hx-get="{re.escape(row.url)}/acts/(\w+)"', words))
        beside = {key for key, act in acts.items() if act.needs_move or key not in {m.name for m in machine.moves}}
        assert offered - beside <= {move.name for move in machine.possible(state)}
        for act in offered:
            assert clerk.get(f"{row.url}/acts/{act}").status_code == 200, (state, act)
        for move in machine.moves:
            if move.source != state and move.name not in {m.name for m in machine.possible(state)}:
                assert clerk.get(f"{row.url}/acts/{move.name}").status_code == 409, (state, move.name)


def test_the_month_through_its_forms(clerk, town) -> None:
    target("hazards.closing_rate", 95)
    data = {
        "month": this_month(),
        "codes": "hazards.closing_rate",
        "share": "equal",
        "tasks": "夜查\n",
        "evidence": "照片",
        "due_on": f"{tomorrow():%Y-%m-%d}",
    }
    answer = clerk.post("/programmes/orders/new", data)
    assert answer.status_code == 303
    refs = list(MonthlyOrder.objects.values_list("ref", flat=True))
    assert clerk.post("/programmes/orders/issue", {"ref": refs}).status_code == 303
    order = MonthlyOrder.objects.get(region_code=TOWN)
    assert order.state == "issued"
    assert town.post(f"{order.url}/acts/report", {"value_1": "", "note_2": ""}).status_code == 422
    assert town.post(f"{order.url}/acts/report", {"value_1": "90", "note_2": "已办"}).status_code == 303
    assert town.post(f"{order.url}/acts/accept", {"value_1": "95"}).status_code == 403
    assert clerk.post(f"{order.url}/acts/accept", {"value_1": "88"}).status_code == 303
    line = MonthlyOrder.objects.get(pk=order.pk).lines.get(no=1)
    assert (line.reported, line.accepted) == (90, 88)


def test_a_table_as_a_workbook_is_audited(clerk) -> None:
    table = everything()["table"]
    answer = clerk.get(f"{table.url}?export=xlsx")  # type: ignore[attr-defined]
    names = zipfile.ZipFile(io.BytesIO(b"".join(answer) if answer.streaming else answer.content)).namelist()
    assert "xl/workbook.xml" in names
    assert AuditEntry.objects.filter(action="accountability:table:export").count() == 1


def test_a_letter_from_a_hazard_by_its_form(clerk) -> None:
    hazard = HazardFactory(unit__sector="education")
    path = f"/letters/new?about=hazard:{hazard.ref}"
    assert hazard.ref in clerk.get(path).content.decode()
    answer = clerk.post(path, {"kind": "transfer"})
    paper = OfficialPaper.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/papers/{paper.ref}")
    page = clerk.get(f"/letters/{paper.ref}").content.decode()
    assert f'href="{hazard.url}"' in page
    assert clerk.get("/letters/WS-445281-2026-99999").status_code == 404


def test_a_self_assessment_and_a_report_by_their_forms(town, clerk) -> None:
    rows = everything()
    url = rows["assessment"].url  # type: ignore[attr-defined]
    assert town.get(f"{url}/self").status_code == 200
    assert town.post(f"{url}/self/hydrants", {"value": "80", "note": "验收"}).status_code == 303
    assert town.get(f"{url}/self/nonsense").status_code == 404
    assert clerk.post(f"{url}/review/hydrants", {"found": "1", "note": "x"}).status_code == 403
    report = rows["report"].url  # type: ignore[attr-defined]
    assert clerk.get(f"{report}/docx").status_code == 200
    assert clerk.post(f"{report}/acts/edit", {"title": "标题", "plan": "[[n99]]"}).status_code == 422


@pytest.mark.parametrize("name", ["order", "tour", "proposal", "meeting", "duty_list", "assessment", "report"])
def test_a_neighbour_sees_what_anybody_sees_of_nothing(name) -> None:
    row = everything()[name]
    stranger = client_for(make_user("next", "committee_clerk", "445222"))
    assert stranger.get(row.url).status_code == 404  # type: ignore[attr-defined]
    for move in row.MACHINE.moves:  # type: ignore[attr-defined]
        assert stranger.get(f"{row.url}/acts/{move.name}").status_code == 404  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path",
    [
        *LISTS,
        "/tours?differs=1",
        "/programmes/orders?late=1&issued=1&in_time=1&due=2026-01-01..2027-01-01",
        "/duty-lists?year=x",
        "/assessments?year=2026",
        "/letters?unanswered=1",
        "/tours/coverage?year=abc",
    ],
)
def test_the_number_of_questions_a_list_asks_is_fixed(clerk, path, django_assert_max_num_queries) -> None:
    everything()
    clerk.get(path)
    with django_assert_max_num_queries(11):
        assert clerk.get(path).status_code == 200


def test_every_machine_is_walked_to_an_end() -> None:
    for machine in states.MACHINES:
        assert any(machine.is_final(state) for state in machine.names)
    assert letters.LETTERS
