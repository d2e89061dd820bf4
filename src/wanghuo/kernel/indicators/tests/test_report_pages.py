"""Reporting and reviewing through the pages, the gallery, and many values from a spreadsheet."""

from __future__ import annotations

from datetime import datetime

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from wanghuo.base import Text
from wanghuo.base.time import CHINA
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.indicators import boards, refresh, set_target
from wanghuo.kernel.indicators.defining import adopt, define_reported
from wanghuo.kernel.indicators.imports import check, write
from wanghuo.kernel.indicators.models import ReportedIndicator, ReportedValue
from wanghuo.kernel.indicators.periods import Period
from wanghuo.kernel.indicators.registry import Part, indicators
from wanghuo.kernel.indicators.testing import declared
from wanghuo.kernel.ledgers.importing import Context, Row
from wanghuo.kernel.loops.models import Duty
from wanghuo.kernel.regions.models import Region

NOW = datetime(2026, 7, 2, 12, tzinfo=CHINA)
TOWN = "445281102"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


def define(**fields) -> ReportedIndicator:
    known = {
        "name": Text("新建市政消火栓", "new municipal hydrants"),
        "formula": Text("座数", "hydrants"),
        "unit": "座",
        "kind": "count",
        "adds": True,
    }
    clerk = actor("committee_clerk", "445281")
    return define_reported(**{**known, **fields}, region="445281", actor=clerk)


def test_from_the_phone_to_the_figure() -> None:
    row = define(evidence=Text("验收单", "acceptance papers"))
    ref = ReportedValue.objects.get().ref
    reporter = client_for(make_user("reporter", "inspector", "445281"))
    reviewer = client_for(make_user("reviewer", "committee_clerk", "445281"))
    assert ref in reporter.get("/indicators/reports").content.decode()
    url = f"/indicators/reports/{ref}"
    assert reporter.get(f"{url}/acts/submit").status_code == 200
    assert reporter.post(f"{url}/acts/submit", {"num": "7"}).status_code == 422
    paper = SimpleUploadedFile("验收.csv", "编号,座数\nA1,7\n".encode(), content_type="text/csv")
    assert reporter.post(f"{url}/acts/submit", {"num": "7", "evidence": paper}).status_code == 303
    assert ref not in reporter.get("/indicators/reports").content.decode()
    assert ref in reporter.get("/indicators/reports?all=1").content.decode()
    page = reporter.get(url).content.decode()
    assert "7 座" in page
    assert "验收.csv" in page
    assert reporter.get(f"{url}/acts/accept").status_code == 403
    assert ref in reviewer.get("/indicators/reviews").content.decode()
    assert reviewer.post(f"{url}/acts/return", {"note": ""}).status_code == 422
    assert reviewer.post(f"{url}/acts/accept", {"note": ""}).status_code == 303
    assert "7 座" in reviewer.get(f"/indicators/{row.code}?region=445281&period=2026").content.decode()
    assert client_for(make_user("next", "inspector", "445222")).get(url).status_code == 404


def test_who_reported_is_told_why_the_buttons_are_not_theirs() -> None:
    define()
    ref = ReportedValue.objects.get().ref
    chief = client_for(make_user("chief", "brigade_leader", "445281"))
    assert chief.post(f"/indicators/reports/{ref}/acts/submit", {"num": "7"}).status_code == 303
    assert "不能审核这份填报" in chief.get(f"/indicators/reports/{ref}").content.decode()
    assert chief.post(f"/indicators/reports/{ref}/acts/accept", {}).status_code == 409


def test_each_region_is_asked_for_its_own_report_only() -> None:
    Region.objects.get_or_create(code=TOWN, defaults={"name": "赤岗镇", "level": "town"})
    make_user("town", "committee_clerk", TOWN)
    define(level="town")
    value = ReportedValue.objects.get(region_code=TOWN)
    assert Duty.objects.get(subject_id=value.id).at_level == "town"
    county = client_for(make_user("county", "committee_clerk", "445281"))
    assert value.ref not in county.get("/indicators/reports").content.decode()
    assert value.ref in county.get("/indicators/reports?all=1").content.decode()


def test_the_gallery_takes_a_preset_up_with_one_press() -> None:
    client = client_for(make_user("clerk", "committee_clerk", "445281"))
    page = client.get("/indicators/presets").content.decode()
    assert "/indicators/presets/knowledge/acts/use" in page
    assert client.get("/indicators/reported.knowledge").status_code == 200
    assert client.post("/indicators/presets/knowledge/acts/use").status_code == 303
    assert ReportedIndicator.objects.get().regions == ["445281"]
    assert "/indicators/presets/knowledge/acts/use" not in client.get("/indicators/presets").content.decode()
    assert client.post("/indicators/presets/nothing/acts/use").status_code == 404
    form = {"name_zh": "巡查次数", "formula_zh": "次", "kind": "count", "better": "up", "topic": "basis"}
    form |= {"frequency": "month", "level": "county", "source": "县政府任务书", "words": "巡查次数、夜查次数"}
    assert client.post("/indicators/new", form).status_code == 303
    own = ReportedIndicator.objects.exclude(code="reported.knowledge").get()
    assert own.words == ["巡查次数", "夜查次数"]
    assert client.post(f"/indicators/{own.code}/acts/withdraw").status_code == 303
    assert own.code not in {each.code for each in indicators()}


def rows(*given: dict) -> list[Row]:
    return [Row(number, values) for number, values in enumerate(given, 2)]


def test_a_sheet_fills_many_reports_and_says_which_rows_are_wrong() -> None:
    plain, proved = define(), define(name=Text("培训人次", "trained"), evidence=Text("签到表", "lists"))
    rate = define(name=Text("完好率", "in order"), kind="rate", unit="%", adds=False)
    me = actor_of(make_user("reporter", "inspector", "445281"), via="import")
    context = Context(me, "445281", None, "sheet")
    july = {"region_code": "445281", "period": "2026-07"}
    sheet = rows(
        {"indicator": plain.code, "num": 7, **july},
        {"indicator": "培训人次", "num": 120, **july},
        {"indicator": rate.code, "num": 9, "den": 8, **july},
        {"indicator": plain.code, "num": 8, **july},
        {"indicator": "不存在", "num": 1, **july},
        {"indicator": plain.code, "num": 1, "period": "夏天"},
        {"indicator": plain.code, "num": 1, **july, "region_code": "445222"},
    )
    judged = check(sheet, context)
    assert [each.outcome for each in judged] == ["update", "update", "error", "duplicate", "error", "error", "error"]
    assert [each.errors[0].column for each in judged if each.errors] == ["num", "indicator", "period", "region_code"]
    assert not ReportedValue.objects.exclude(num=None).exists()
    assert len(write([each for each in judged if each.outcome == "update"], context)) == 2
    states = dict(ReportedValue.objects.values_list("definition__code", "state"))
    assert (states[plain.code], states[proved.code], states[rate.code]) == ("submitted", "draft", "draft")
    assert ReportedValue.objects.get(definition=proved).num == 120


def test_the_catalogue_shows_how_targets_go_and_takes_few_queries(django_assert_max_num_queries) -> None:
    client = client_for(make_user("leader", "government_leader", "445281"))
    leader = actor("government_leader", "445281")
    adopt("reported.knowledge", "445281", leader)
    with declared({"445281": Part(40, 100)}, climbs=True):
        set_target(
            code="testing.rate",
            region="445281",
            period="2026",
            value=90,
            source="县方案",
            plan_ref="JH-445281-2026-00001",
            quote="达到90%",
            actor=leader,
        )
        refresh(now=NOW)
        with django_assert_max_num_queries(70):
            page = client.get("/indicators?region=445281&period=2026").content.decode()
        detail = client.get("/indicators/testing.rate?region=445281&period=2026").content.decode()
    for words in ("目标进展", "不低于 90 %", "县方案", "全民消防安全知晓率"):
        assert words in page, words
    for words in ("不低于 90 %", "按时间进度", "任何时候都须达到", "达到90%", "九成可能在"):
        assert words in detail, words
    assert "落后应达值" in detail


def test_a_free_range_shows_one_topic_at_a_time() -> None:
    assert not boards.is_kept(Period.parse("2026-03-01..2026-03-15", NOW.date()), NOW)
    client = client_for(make_user("leader", "government_leader", "445281"))
    page = client.get("/indicators?region=445281&period=2026-03-01..2026-03-15").content.decode()
    assert "hazards.closing_rate" in page
    assert "sensing.online_rate" not in page
    page = client.get("/indicators?region=445281&period=2026-03-01..2026-03-15&topic=basis").content.decode()
    assert "sensing.online_rate" in page


def test_what_is_counted_as_it_stands_keeps_its_months() -> None:
    parts = {"445281": Part(5, 1)}
    with declared(parts, kind="count", unit="", standing=True) as of:
        refresh([of.code], now=NOW)
        parts["445281"] = Part(8, 1)
        august = datetime(2026, 8, 2, 12, tzinfo=CHINA)
        refresh([of.code], now=august)
        points = boards.trend(of, "445281", now=august)
    assert [value for _, value in points[-2:]] == [5, 8]
    assert points[-3][1] is None
