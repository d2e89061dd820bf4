"""Reported values: made when a period begins, reported with evidence, judged outside the reporting body, counted when
accepted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.core.files.base import ContentFile

from wanghuo.base import MoveRefused, NotFound, NotPermitted, Text
from wanghuo.base.time import CHINA
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.testing import actor, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.indicators import Period, compute, indicator, indicators, set_target
from wanghuo.kernel.indicators.defining import BadDefinition, adopt, define_reported, open_reports, withdraw
from wanghuo.kernel.indicators.models import DirtyIndicator, ReportedIndicator, ReportedValue
from wanghuo.kernel.indicators.registry import offered
from wanghuo.kernel.indicators.reporting import (
    AppealJudgedTwice,
    EvidenceMissing,
    NoteMissing,
    NumberWrong,
    ReviewerReported,
    appeal,
    fill_value,
    report_value,
    review_value,
)
from wanghuo.kernel.loops.models import Clock, Duty

NOW = datetime(2026, 7, 2, 12, tzinfo=CHINA)
CITY = "4452"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


def person(role: str, region: str = "445281"):
    return actor_of(make_user(f"{role}-{region}", role, region), via="web")


def define(region: str = "445281", **fields):
    known = {
        "name": Text("新建市政消火栓", "new municipal hydrants"),
        "formula": Text("期内验收且期末在用的座数", "accepted in the period and in service at its end"),
        "unit": "座",
        "kind": "count",
        "adds": True,
        "frequency": "month",
        "level": "county",
    }
    return define_reported(**{**known, **fields}, region=region, actor=actor("committee_clerk", region))


def only() -> ReportedValue:
    return ReportedValue.objects.get()


def paper() -> ContentFile:
    return ContentFile("验收单编号,座数\nA1,3\n".encode(), name="验收.csv")


def test_a_definition_asks_for_its_first_report_with_duty_and_clock() -> None:
    row = define()
    assert row.code == "reported.zb-445281-2026-00001"
    value = only()
    assert (value.period, value.state, value.region_code) == ("2026-07", "draft", "445281")
    duty = Duty.objects.get(move="submit")
    assert (duty.right, duty.due_at) == ("indicators.report", value.due_at)
    assert Clock.objects.get(rule="indicators.report").due_at == value.due_at
    assert value.due_at > Period.month(2026, 7).end
    assert open_reports(NOW) == 0
    august = datetime(2026, 8, 1, 1, tzinfo=CHINA)
    assert open_reports(august) == 1


def test_only_what_somebody_outside_accepted_counts() -> None:
    row = define()
    reporter, reviewer = person("inspector"), person("brigade_leader")
    code, july = row.code, Period.month(2026, 7)
    assert compute(code, "445281", july).value is None  # nothing reported is unknown, not 0
    report_value(ref=only().ref, num=12, actor=reporter)
    assert compute(code, "445281", july).value is None
    assert DirtyIndicator.objects.filter(code=code).exists()
    review_value(ref=only().ref, decision="accept", actor=reviewer)
    assert compute(code, "445281", july).value == 12
    assert compute(code, "445281", Period.year(2026)).value == 12
    assert compute(code, CITY, Period.year(2026)).value == 12
    assert compute(code, "445281", Period.month(2026, 6)).value is None
    assert not Duty.objects.filter(closed_at=None).exists()
    assert set(Clock.objects.values_list("outcome", flat=True)) == {"met"}


def test_a_report_that_is_due_and_missing_is_counted_apart() -> None:
    row = define()
    late = datetime(2026, 9, 20, tzinfo=CHINA)
    with time_machine.travel(late, tick=False):
        found = compute(row.code, "445281", Period.year(2026))
        assert (found.value, found.missing) == (None, 1)
        city = compute(row.code, CITY, Period.year(2026))
        assert "445281" in {m.region for m in city.by_region if m.value is None}


@pytest.mark.parametrize("decision", ["accept", "return"])
def test_the_reporter_and_the_reporting_body_do_not_judge(decision: str) -> None:
    define()
    chief = person("brigade_leader")
    report_value(ref=only().ref, num=3, actor=chief)
    with pytest.raises(ReviewerReported):
        review_value(ref=only().ref, decision=decision, note="x", actor=chief)
    colleague = actor_of(make_user("colleague", "brigade_leader", "445281"), via="web")
    with pytest.raises(ReviewerReported):
        review_value(ref=only().ref, decision=decision, note="x", actor=colleague)
    review_value(ref=only().ref, decision=decision, note="x", actor=person("committee_clerk"))
    assert only().state == {"accept": "accepted", "return": "returned"}[decision]


def test_a_return_may_be_appealed_and_somebody_else_decides() -> None:
    define()
    ref = only().ref
    reporter, first, second = person("inspector"), person("brigade_leader"), person("committee_clerk")
    report_value(ref=ref, num=3, actor=reporter)
    with pytest.raises(NoteMissing):
        review_value(ref=ref, decision="return", note=" ", actor=first)
    review_value(ref=ref, decision="return", note="数量与验收单不符", actor=first)
    assert Duty.objects.get(closed_at=None).right == "indicators.report"
    with pytest.raises(NoteMissing):
        appeal(ref=ref, note="", actor=reporter)
    appeal(ref=ref, note="验收单另附", actor=reporter)
    with pytest.raises(AppealJudgedTwice):
        review_value(ref=ref, decision="uphold", actor=first)
    review_value(ref=ref, decision="uphold", actor=second)
    assert only().state == "accepted"
    with pytest.raises(MoveRefused):
        report_value(ref=ref, num=4, actor=reporter)
    acts = AuditEntry.objects.filter(action__startswith="indicators:report:").order_by("id")
    assert [a.action.rpartition(":")[2] for a in acts] == ["submit", "return", "appeal", "uphold"]


@pytest.mark.parametrize(
    ("fields", "num", "den", "ok"),
    [
        ({}, 0, None, True),
        ({}, -1, None, False),
        ({}, float("nan"), None, False),
        ({}, float("inf"), None, False),
        ({"kind": "rate", "unit": "%"}, 9, 10, True),
        ({"kind": "rate", "unit": "%"}, 11, 10, False),
        ({"kind": "rate", "unit": "%"}, 1, None, False),
        ({"kind": "rate", "unit": "%"}, 0, 0, False),
        ({"kind": "mean", "unit": "分"}, 850, 10, True),
    ],
)
def test_numbers_that_cannot_be_are_refused(fields, num, den, ok) -> None:
    define(**fields)
    reporter = person("inspector")
    if ok:
        report_value(ref=only().ref, num=num, den=den, actor=reporter)
        assert only().state == "submitted"
    else:
        with pytest.raises(NumberWrong):
            report_value(ref=only().ref, num=num, den=den, actor=reporter)
        assert (only().state, only().num) == ("draft", None)


def test_evidence_is_asked_for_and_a_filled_report_waits_for_it() -> None:
    define(evidence=Text("验收单", "acceptance papers"))
    reporter, ref = person("inspector"), only().ref
    with pytest.raises(EvidenceMissing):
        report_value(ref=ref, num=3, actor=reporter)
    fill_value(ref=ref, num=3, actor=reporter)
    assert (only().state, only().num) == ("draft", 3)
    report_value(ref=ref, num=3, files=[paper()], actor=reporter)
    assert only().state == "submitted"


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (("inspector", "445222"), NotFound),
        (("grid_worker", "445281"), NotFound),
        (("government_leader", "445281"), NotPermitted),
        (("inspector", "445281"), None),
    ],
)
def test_reporting_is_for_those_of_the_region(who, error) -> None:
    define()
    if error:
        with pytest.raises(error):
            report_value(ref=only().ref, num=3, actor=person(*who))
    else:
        report_value(ref=only().ref, num=3, actor=person(*who))
    assert (only().num is None) is bool(error)


def test_a_standing_value_is_the_latest_and_a_rate_is_made_of_its_parts() -> None:
    row = define(kind="rate", unit="%", adds=False)
    july = only()
    open_reports(datetime(2026, 8, 1, 1, tzinfo=CHINA))
    august = ReportedValue.objects.exclude(pk=july.pk).get()
    for value, num in ((july, 20), (august, 30)):
        ReportedValue.objects.filter(pk=value.pk).update(state="accepted", num=num, den=40)
    assert compute(row.code, "445281", Period.month(2026, 7)).value == 50
    assert compute(row.code, "445281", Period.month(2026, 8)).value == 75
    assert compute(row.code, "445281", Period.month(2026, 12)).value == 75
    assert compute(row.code, "445281", Period.year(2026)).value == 75


def test_presets_are_offered_and_taken_up_by_a_target() -> None:
    clerk = actor("committee_clerk", "445281")
    assert "reported.knowledge" in {each.code for each in offered()}
    assert indicator("reported.knowledge").value(None) is None
    set_target(code="reported.knowledge", region="445281", period="2026", value=90, source="方案 12", actor=clerk)
    assert "reported.knowledge" in {each.code for each in indicators()}
    assert "reported.knowledge" not in {each.code for each in offered()}
    adopt("reported.knowledge", "445222", actor("committee_clerk", "445222"))
    assert set(ReportedValue.objects.values_list("region_code", flat=True)) == {"445281", "445222"}
    adopt("reported.knowledge", "445281", clerk)
    assert ReportedValue.objects.count() == 2


def test_a_withdrawn_indicator_asks_no_more() -> None:
    row = define()
    with pytest.raises(NotFound):
        withdraw(row.code, actor("committee_clerk", "445222"))
    withdraw(row.code, actor("committee_clerk", "445281"))
    assert not ReportedValue.objects.exists()
    assert not Duty.objects.filter(closed_at=None).exists()
    assert open_reports(NOW) == 0
    with pytest.raises(NotFound):
        indicator(row.code)


@pytest.mark.parametrize(
    "fields", [{"name": Text(" ", " ")}, {"kind": "sum"}, {"frequency": "daily"}, {"level": "moon"}, {"better": ""}]
)
def test_a_definition_is_whole_or_not_at_all(fields) -> None:
    with pytest.raises(BadDefinition):
        define(**fields)
    assert not ReportedIndicator.objects.exists()


def test_defining_takes_the_right_over_the_region() -> None:
    with pytest.raises(NotPermitted):
        define_reported(
            name=Text("甲", "a"),
            formula=Text("乙", "b"),
            unit="",
            kind="count",
            region="445281",
            actor=actor("inspector", "445281"),
        )


@pytest.mark.parametrize(
    ("frequency", "first", "last", "months"),
    [
        ("week", "2026-06-29", "2026-07-05", {"2026-07": 7.0}),
        ("half_month", "2026-07-01", "2026-07-15", {"2026-07": 7.0}),
    ],
)
def test_weekly_and_half_monthly_reports_count_where_most_of_their_days_lie(frequency, first, last, months) -> None:
    row = define(frequency=frequency)
    value = ReportedValue.objects.get(definition=row)
    assert (str(value.period_first), str(value.period_last)) == (first, last)
    report_value(
        ref=value.ref, num=7, files=[ContentFile("甲,乙\n".encode(), name="清单.csv")], actor=person("committee_clerk")
    )
    review_value(ref=value.ref, decision="accept", note="", actor=person("brigade_leader"))
    for month in ("2026-06", "2026-07"):
        found = compute(row.code, "445281", Period.parse(month, NOW.date())).value
        assert (found or 0.0) == months.get(month, 0.0)
    with time_machine.travel(NOW + timedelta(days=16)):
        assert open_reports(NOW + timedelta(days=16)) == 1
