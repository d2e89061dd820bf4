"""The pages as people use them: every address answers in both languages, judging by plain forms and by requests."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.regions.testing import COUNTY, NEIGHBOUR
from wanghuo.modules.workplans import services
from wanghuo.modules.workplans.models import PlanTarget, PlanTask, WorkPlan
from wanghuo.modules.workplans.testing import PAPER, judge_all, make_plan, make_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(office) -> Client:
    return client_for(office)


def test_every_page_in_both_languages(browser, clerk, plan) -> None:
    judge_all(plan, clerk)
    services.confirm(plan.ref, actor=clerk)
    other = make_plan(clerk)
    task = make_task(clerk)
    pages = [
        "/programmes",
        "/programmes/new",
        f"{plan.url}",
        f"{plan.url}/judge",
        f"{plan.url}/issue",
        f"{plan.url}/compare",
        f"{plan.url}/acts/facts",
        f"{plan.url}/acts/reopen",
        f"{other.url}/judge/1",
        f"{other.url}/acts/discard",
        "/programmes/tasks",
        "/programmes/tasks?mine=1&late=1&due=2026-01-01..2026-12-31&not_in_time=1",
        "/programmes/tasks/new",
        task.url,
        f"{task.url}/acts/extend",
        f"{task.url}/parts",
    ]
    for lang in ("zh", "en"):
        browser.cookies["lang"] = lang
        for path in pages:
            assert browser.get(path).status_code == 200, path


def test_out_of_scope_is_absent(plan, clerk) -> None:
    task = make_task(clerk)
    stranger = client_for(make_user("stranger", "committee_clerk", NEIGHBOUR))
    for path in (
        plan.url,
        f"{plan.url}/judge",
        f"{plan.url}/judge/1",
        f"{plan.url}/issue",
        f"{plan.url}/compare",
        task.url,
    ):
        assert stranger.get(path).status_code == 404, path
    assert stranger.post(f"{plan.url}/judge/1", {"verdict": "accepted"}).status_code == 404
    assert stranger.post(f"{plan.url}/judge/undo").status_code == 404


@pytest.mark.parametrize("way", ["file", "pasted", "gb18030", "html"])
def test_a_paper_comes_in(browser, way) -> None:
    data = {
        "pasted": {"text": PAPER},
        "file": {"file": SimpleUploadedFile("要点.txt", PAPER.encode())},
        "gb18030": {"file": SimpleUploadedFile("要点.txt", PAPER.encode("gb18030"))},
        "html": {
            "file": SimpleUploadedFile(
                "要点.html", f"<html><body><p>{PAPER.replace(chr(10), '</p><p>')}</p></body></html>".encode()
            )
        },
    }[way]
    answer = browser.post("/programmes/new", data)
    assert answer.status_code == 303, answer.content.decode()[:2000]
    made = WorkPlan.objects.get()
    assert answer["Location"] == f"{made.url}/judge"
    assert made.region_code == COUNTY
    assert "消防安全工作要点" in made.title
    assert made.lines.count() > 10


@pytest.mark.parametrize(
    ("name", "content"),
    [("空.txt", b""), ("图.txt", bytes(range(256)) * 40), ("坏.docx", b"PK\x03\x04 nothing"), ("程序.exe", b"MZ" * 20)],
)
def test_what_is_no_paper_is_told_in_the_form(browser, name, content) -> None:
    answer = browser.post("/programmes/new", {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code in (413, 422)
    assert "field-error" in answer.content.decode() or "summary" in answer.content.decode()
    assert not WorkPlan.objects.exists()


def test_neither_file_nor_words(browser) -> None:
    assert browser.post("/programmes/new", {"text": "  "}).status_code == 422


def test_judging_by_plain_forms(browser, plan) -> None:
    answer = browser.post(f"{plan.url}/judge/1?v=0", {"verdict": "accepted"})
    assert (answer.status_code, answer["Location"]) == (303, f"{plan.url}/judge#line-2")
    assert plan.lines.get(position=1).verdict == "accepted"
    answer = browser.post(f"{plan.url}/judge/undo")
    assert answer.status_code == 303
    assert plan.lines.get(position=1).verdict == "open"
    assert browser.post(f"{plan.url}/judge/1?v=2", {"verdict": "nonsense"}).status_code == 422


def test_judging_by_requests_gives_the_card_and_the_counts(browser, plan) -> None:
    told = browser.post(
        f"{plan.url}/judge/1?v=0", {"verdict": "rejected"}, headers={"accept": "application/json"}
    ).json()
    assert told["verdicts"] == {"1": "rejected"}
    assert 'data-verdict="rejected"' in told["cards"]["1"]
    assert told["left"] == plan.lines.count() - 1


def test_two_people_at_once_get_both_versions(browser, plan) -> None:
    other = client_for(make_user("second", "committee_clerk", COUNTY, display_name="王敏"))
    assert other.post(f"{plan.url}/judge/1?v=0", {"verdict": "rejected"}).status_code == 303
    answer = browser.post(f"{plan.url}/judge/1?v=0", {"verdict": "accepted"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "王敏" in page
    assert "已接受" in page
    told = browser.post(f"{plan.url}/judge/1?v=0", {"verdict": "accepted"}, headers={"accept": "application/json"})
    assert told.status_code == 409
    assert told.json()["code"] == "workplans.judged_meanwhile"
    assert 'data-verdict="rejected"' in told.json()["cards"]["1"]
    assert plan.lines.get(position=1).verdict == "rejected"


def test_an_ambiguity_needs_a_reading(browser, plan) -> None:
    flag = next(line for line in plan.lines.filter(kind="flag") if line.machine["readings"])
    path = f"{plan.url}/judge/{flag.position}"
    assert browser.post(f"{path}?v=0", {"verdict": "accepted"}).status_code == 422
    assert browser.post(f"{path}?v=0", {"verdict": "accepted", f"reading-{flag.position}": "9"}).status_code == 422
    assert browser.post(f"{path}?v=0", {"verdict": "accepted", f"reading-{flag.position}": "0"}).status_code == 303
    flag.refresh_from_db()
    assert flag.person == {"reading": 0}


def test_the_edit_form_keeps_both_versions(browser, plan) -> None:
    target = plan.lines.filter(kind="target").first()
    path = f"{plan.url}/judge/{target.position}"
    form = browser.get(path, headers={"hx-request": "true"}).content.decode()
    assert "<html" not in form
    data = {"verdict": "edited", "version": "0", "metric": "约谈次数", "op": ">=", "value": "4", "unit": "次"}
    assert browser.post(path, {**data, "value": "许多"}).status_code == 422
    assert browser.post(path, data).status_code == 303
    target.refresh_from_db()
    assert (target.verdict, target.version_now["value"], target.machine["value"]) == ("edited", 4.0, 2.0)
    assert "机器读作" in browser.get(f"{plan.url}/judge").content.decode()


def test_issuing_through_the_page(browser, clerk, plan) -> None:
    judge_all(plan, clerk)
    assert browser.post(f"{plan.url}/acts/confirm", {}).status_code == 303
    page = browser.get(f"{plan.url}/issue").content.decode()
    fields = dict(re.findall(r'<input name="(owner-[^"]+)" value="([^"]*)"', page))
    dues = dict(re.findall(r'<input type="date" name="(due-[^"]+)" value="([^"]*)"', page))
    keeps = dict.fromkeys(re.findall(r'name="(keep-[^"]+)"', page), "1")
    assert len(fields) == len(dues) == len(keeps) >= 5
    wrong = browser.post(f"{plan.url}/issue", {**keeps, **{**fields, next(iter(fields)): "没有的单位"}, **dues})
    assert wrong.status_code == 422
    assert not PlanTask.objects.exists()
    done = browser.post(f"{plan.url}/issue", {**keeps, **fields, **dues})
    assert done.status_code == 303, done.content.decode()[:3000]
    assert PlanTask.objects.filter(plan=plan).count() == len(keeps)
    assert PlanTarget.objects.filter(plan=plan).count() == 5
    assert browser.get(plan.url).status_code == 200
    assert browser.post(f"{plan.url}/issue", {**keeps, **fields, **dues}).status_code == 409
    target = PlanTarget.objects.filter(plan=plan).first()
    assert browser.get(f"{plan.url}/targets/{target.id}").status_code == 200


def test_a_long_paper_takes_no_more_queries_than_a_short_one(browser, clerk) -> None:
    body = PAPER.split("\n\n", 2)[2]
    long = PAPER + "".join(f"\n{n}、第{n}部分\n{body}" for n in range(3, 140))
    short, plan = make_plan(clerk), make_plan(clerk, text=long[:35_000])
    assert plan.lines.count() > 300
    asked = []
    for path in (f"{short.url}/judge", f"{plan.url}/judge"):
        browser.get(path)  # what is kept for later pages is made now
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(path).status_code == 200
        asked.append(len(queries))
    assert asked[1] <= asked[0]
