"""Score sheets drawn up in the browser: copied, edited, published in versions that travel, exported and brought back."""

from __future__ import annotations

import io
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from wanghuo.base import AppError, MoveRefused, NotFound, NotPermitted
from wanghuo.base.time import local_day
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.modules.accountability import catalogue, sheet_files, sheets
from wanghuo.modules.accountability.models import ScoreSheet
from wanghuo.modules.accountability.services import assessments, tours
from wanghuo.modules.accountability.services import sheets as service
from wanghuo.modules.accountability.sheets import CHECKLIST, SCHEME
from wanghuo.modules.accountability.testing import (
    BRIGADE,
    CLERK,
    COUNTY,
    SISTER_CLERK,
    TOWN,
    TOWN_CLERK,
    standard,
    this_month,
)

pytestmark = pytest.mark.django_db
PRESETS = [(SCHEME, "government"), (SCHEME, "brigade"), (CHECKLIST, "town"), (CHECKLIST, "county")]


def copied(kind: str = SCHEME, like: str = "government", **more: Any) -> ScoreSheet:
    data = service.copy_of(kind, like, actor=CLERK)
    return service.make(kind=kind, region=COUNTY, title="本地方案", data=data, actor=CLERK, **more)


@pytest.fixture(autouse=True)
def county() -> None:
    standard()


@pytest.fixture
def people() -> int:
    return int(make_user("reviewer", "brigade_leader", COUNTY).pk)


@pytest.mark.parametrize(("kind", "code"), PRESETS)
@pytest.mark.parametrize("way", ["toml", "rows"])
def test_a_sheet_survives_its_files(kind: str, code: str, way: str) -> None:
    data = service.copy_of(kind, code, actor=CLERK)
    if way == "toml":
        back = sheet_files.from_toml(sheet_files.as_toml(kind, data))
    else:
        back = sheet_files.from_rows(sheet_files.as_rows(kind, data))
    assert back[0] == kind
    assert sheets.items_of(kind, back[1]) == sheets.items_of(kind, data)
    assert not service.problems_of(kind, back[1])
    assert [g["from"] for g in back[1].get("grades", ())] == [g["from"] for g in data.get("grades", ())]


@pytest.mark.parametrize(("kind", "code"), PRESETS)
def test_a_copy_scores_as_the_preset_does(kind: str, code: str) -> None:
    row = service.publish(copied(kind, code).ref, actor=CLERK)
    made = catalogue.scheme_of(row.data) if kind == SCHEME else catalogue.checklist_of(row.data)
    like = catalogue.presets(kind)[code]
    assert made.full == like.full
    if kind == SCHEME:
        assert [i.rule.method for i in made.items] == [i.rule.method for i in like.items]
        assert [i.rule.steps for i in made.items] == [i.rule.steps for i in like.items]


def test_a_version_travels_with_the_assessment_begun_by_it(people: int) -> None:
    row = service.publish(copied().ref, actor=CLERK)
    known: dict[str, Any] = {"region": COUNTY, "scheme": row.ref, "reviewers": [people], "actor": CLERK}
    due = local_day(timezone.now()) + timedelta(days=9)
    first = assessments.begin_run(year=2025, self_due=due, **known)[0]
    data = dict(row.data)
    data["part"][0]["item"][0]["full"] = 40.0
    service.save_draft(row.ref, data=data, seen="", actor=CLERK)
    service.publish(row.ref, actor=CLERK)
    second = assessments.begin_run(year=2026, self_due=due, **known)[0]
    for each in (first, second):
        each.refresh_from_db()
    assert [assessments.scheme_in(each).version for each in (first, second)] == [1, 2]
    assert [assessments.scheme_in(each).items[0].rule.full for each in (first, second)] == [15, 40]
    assert first.scheme_sha256 == row.versions.get(number=1).sha256
    assert second.scheme_sha256 == row.versions.get(number=2).sha256


def test_a_quarterly_scheme_is_run_for_a_quarter(people: int) -> None:
    row = copied()
    service.save_draft(row.ref, data={**row.draft, "period": "quarter"}, seen="", actor=CLERK)
    service.publish(row.ref, actor=CLERK)
    known: dict[str, Any] = {"region": COUNTY, "scheme": row.ref, "year": 2026, "reviewers": [people], "actor": CLERK}
    due = local_day(timezone.now()) + timedelta(days=9)
    with pytest.raises(assessments.WrongPart):
        assessments.begin_run(self_due=due, **known)
    made = assessments.begin_run(self_due=due, part=3, **known)
    assert "2026 年第3季度" in made[0].title
    assert (made[0].period.first.month, made[0].period.last.month) == (7, 9)
    with pytest.raises(assessments.RunStands):
        assessments.begin_run(self_due=due, part=3, **known)
    assert assessments.begin_run(self_due=due, part=4, **known)


def test_a_tour_keeps_the_checklist_it_was_planned_by() -> None:
    row = service.publish(copied(CHECKLIST, "town").ref, actor=CLERK)
    known: dict[str, Any] = {"region": TOWN, "month": this_month(), "planned_on": local_day(timezone.now())}
    tour = tours.plan(checklist=row.ref, team="张伟、李强", actor=CLERK, **known)
    service.archive(row.ref, reason="换新表", actor=CLERK)
    assert (tour.checklist, tour.checklist_version, tour.items.count()) == (row.ref, "1", 7)
    assert service.checklist_told(tour.checklist, tour.checklist_version)[0].zh == "本地方案"
    with pytest.raises(NotFound):
        tours.plan(checklist=row.ref, team="张伟、李强", actor=CLERK, **known)


def test_towns_use_what_their_county_publishes_and_see_no_draft() -> None:
    row = copied()
    assert row.ref not in service.schemes_for(TOWN)
    assert not ScoreSheet.objects.visible_to(TOWN_CLERK).exists()
    service.publish(row.ref, actor=CLERK)
    assert row.ref in service.schemes_for(TOWN)
    assert row.ref not in service.schemes_for("445202")
    service.save_draft(row.ref, data={**row.data, "title": ["改了一半", "half done"]}, seen="", actor=CLERK)
    town = client_for(make_user("town", "committee_clerk", TOWN))
    assert "改了一半".encode() not in town.get(f"/score-sheets/{row.ref}").content
    assert b"half done" not in town.get(f"/score-sheets/{row.ref}/file.toml").content


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"full": "十"}, "满分"),
    ({"full": 0.0}, "大于 0"),
    ({"method": "step", "steps": []}, "分档"),
    ({"method": "linear", "low": 1.0}, "区间"),
    ({"method": "deduct", "full": 0.0}, "每起扣分"),
    ({"method": "guess"}, "计分方法"),
    ({"indicator": "no.such"}, "没有指标"),
    ({"indicator": "", "evidence": ["", ""]}, "佐证"),
    ({"title": ["", ""]}, "名称"),
    ({"code": "on_time"}, "重复"),
]


@pytest.mark.parametrize(("change", "words"), WRONG)
def test_what_is_wrong_is_named_and_keeps_it_from_counting(change: dict[str, Any], words: str) -> None:
    row = copied()
    data = dict(row.draft)
    data["part"][0]["item"][0] |= change
    service.save_draft(row.ref, data=data, seen="", actor=CLERK)
    with pytest.raises(service.SheetIncomplete) as caught:
        service.publish(row.ref, actor=CLERK)
    assert words in caught.value.message.zh
    row.refresh_from_db()
    assert (row.state, row.version, row.versions.count()) == ("draft", 0, 0)


@pytest.mark.parametrize(
    ("who", "seen", "error"),
    [
        (CLERK, "", None),
        (BRIGADE, "", None),
        (TOWN_CLERK, "", NotFound),
        (SISTER_CLERK, "", NotFound),
        (CLERK, "2020-01-01T00:00:00+00:00", service.SheetChangedMeanwhile),
    ],
)
def test_who_may_save_and_that_nothing_is_overwritten(who: Any, seen: str, error: type[AppError] | None) -> None:
    row = copied()
    with pytest.raises(error) if error else nullcontext():
        service.save_draft(row.ref, data={**row.draft, "source": "新依据"}, seen=seen, actor=who)
    row.refresh_from_db()
    assert (row.draft["source"] == "新依据") is (error is None)


def test_a_town_may_not_change_what_its_county_published() -> None:
    row = service.publish(copied().ref, actor=CLERK)
    with pytest.raises(NotPermitted):
        service.save_draft(row.ref, data=row.data, seen="", actor=TOWN_CLERK)
    with pytest.raises(NotPermitted):
        service.archive(row.ref, reason="不用了", actor=TOWN_CLERK)


def test_an_archived_sheet_is_left_alone() -> None:
    row = service.publish(copied().ref, actor=CLERK)
    service.archive(row.ref, reason="换新", actor=CLERK)
    with pytest.raises(MoveRefused):
        service.publish(row.ref, actor=CLERK)
    assert service.copy_of(SCHEME, row.ref, actor=CLERK)["part"]


def edited(row: ScoreSheet, **more: str) -> dict[str, str]:
    """What the editor sends for a sheet."""
    data = row.draft if row.draft is not None else row.data
    return {**sheet_files.to_form(row.kind, data), "op": "save", "seen": row.changed_at.isoformat(), **more}


@pytest.mark.parametrize(("kind", "code"), PRESETS)
def test_the_editor_keeps_adds_moves_and_drops(kind: str, code: str) -> None:
    row = copied(kind, code)
    client = client_for(make_user("office", "committee_clerk", COUNTY))
    before = sheets.items_of(kind, row.draft)
    page = client.get(f"/score-sheets/{row.ref}/edit")
    assert page.status_code == 200
    assert client.post(f"/score-sheets/{row.ref}/edit", edited(row)).status_code == 200
    row.refresh_from_db()
    assert sheets.items_of(kind, row.draft) == before
    for op, count in (("add.item.0", 1), ("drop.item.0", 0), ("down.item.0", 0), ("up.item.1", 0)):
        client.post(f"/score-sheets/{row.ref}/edit", edited(row, op=op))
        row.refresh_from_db()
        assert len(sheets.items_of(kind, row.draft)) == len(before) + count, op
    proved = {f"item.{n}.evidence.zh": "检查记录" for n in range(len(before))}  # the new item has neither yet
    answer = client.post(f"/score-sheets/{row.ref}/edit", edited(row, op="publish", **proved))
    row.refresh_from_db()
    assert (row.state, row.version) == ("published", 1), answer.content.decode()[:2000]
    for lang in ("zh", "en"):
        client.cookies["lang"] = lang
        for path in (row.url, f"{row.url}/versions/1", f"{row.url}/edit", f"/score-sheets/new?kind={kind}"):
            page = client.get(path)
            assert page.status_code == 200
            entry = "/assessments" if kind == SCHEME else "/tours"
            assert f'href="{entry}" aria-current="page"' in page.content.decode(), path
        for path in ("/assessments/schemes", "/tours/checklists"):
            assert client.get(path).status_code == 200


def test_parts_are_added_and_dropped_and_a_stale_editor_is_told() -> None:
    row = copied()
    client = client_for(make_user("office", "committee_clerk", COUNTY))
    stale = edited(row)
    client.post(f"/score-sheets/{row.ref}/edit", edited(row, op="add.part"))
    row.refresh_from_db()
    assert len(row.draft["part"]) == 4
    client.post(f"/score-sheets/{row.ref}/edit", edited(row, op="drop.part.0"))
    row.refresh_from_db()
    assert [p["title"][0] for p in row.draft["part"]][0] == "消防安全基础"
    answer = client.post(f"/score-sheets/{row.ref}/edit", stale)
    assert answer.status_code == 409
    assert "别人刚保存过" in answer.content.decode()


@pytest.mark.parametrize("fmt", ["toml", "xlsx"])
@pytest.mark.parametrize(("kind", "code"), [(SCHEME, "government"), (CHECKLIST, "town")])
def test_a_file_goes_out_and_comes_back_through_the_browser(kind: str, code: str, fmt: str) -> None:
    client = client_for(make_user("office", "committee_clerk", COUNTY))
    sent = client.get(f"/score-sheets/presets/{kind}/{code}.{fmt}")
    assert sent.status_code == 200
    file = SimpleUploadedFile(f"方案.{fmt}", sent.content)
    answer = client.post(f"/score-sheets/new?kind={kind}", {"title": "", "title_en": "", "like": "", "table": file})
    assert answer.status_code == 303, answer.content.decode()[:3000]
    row = ScoreSheet.objects.get()
    assert not service.problems_of(kind, row.draft)
    assert len(sheets.items_of(kind, row.draft)) == len(catalogue.presets(kind)[code].items)
    assert row.title == catalogue.presets(kind)[code].title.zh


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.toml", b"not = [toml"),
        ("a.toml", b"\xff\xfe\x00"),
        ("a.toml", b'title = ["a", "b"]'),
        ("a.toml", b"part = 3"),
        ("a.csv", "单位,结果\n甲,乙\n".encode()),
        ("a.xlsx", b"PK\x03\x04broken"),
        ("a.toml", b"x" * (3 << 20)),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_in_words(name: str, data: bytes) -> None:
    client = client_for(make_user("office", "committee_clerk", COUNTY))
    answer = client.post(
        "/score-sheets/new?kind=scheme", {"title": "甲", "table": SimpleUploadedFile(name, io.BytesIO(data).read())}
    )
    assert answer.status_code == 422
    assert not ScoreSheet.objects.exists()


def test_a_checklist_is_not_taken_for_a_scheme() -> None:
    client = client_for(make_user("office", "committee_clerk", COUNTY))
    file = client.get("/score-sheets/presets/checklist/town.toml").content
    answer = client.post("/score-sheets/new?kind=scheme", {"title": "甲", "table": SimpleUploadedFile("a.toml", file)})
    assert answer.status_code == 422
    assert "这是巡查检查表" in answer.content.decode()
