"""One text, one language at a time; times, terms and numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from wanghuo.base import Machine, Move, Text
from wanghuo.kernel.access.actor import Actor, Grant
from wanghuo.kernel.ui import formats, language, nav, svg
from wanghuo.kernel.ui.acts import acts_for
from wanghuo.kernel.ui.components import level_mark, mark_of, source_mark, state_badge
from wanghuo.kernel.ui.templatetags import ui as tags

NOW = datetime(2026, 3, 5, 6, 5, tzinfo=UTC)  # 14:05 in China, a Thursday


class S(StrEnum):
    REPORTED = "reported"
    RECTIFYING = "rectifying"
    SUBMITTED = "submitted"
    CLOSED = "closed"


HAZARD = Machine(
    what=Text("隐患", "Hazard"),
    initial=S.REPORTED,
    names={
        S.REPORTED: Text("已上报", "reported"),
        S.RECTIFYING: Text("整改中", "being rectified"),
        S.SUBMITTED: Text("待复查", "awaiting re-inspection"),
        S.CLOSED: Text("已销案", "closed"),
    },
    moves=(
        Move("order", S.REPORTED, S.RECTIFYING, "hazards.order", Text("责令改正", "order")),
        Move("submit", S.RECTIFYING, S.SUBMITTED, "hazards.rectify", Text("申请复查", "submit")),
        Move("pass", S.SUBMITTED, S.CLOSED, "hazards.reinspect", Text("复查合格", "pass")),
        Move("extend", S.RECTIFYING, S.RECTIFYING, "hazards.order", Text("延期", "extend")),
    ),
)


class Row:
    region_code, sector, scope_unit = "445281102", "", None


@pytest.mark.parametrize(
    ("cookie", "accepts", "expected"),
    [
        ("", "", "zh"),
        ("", "en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("", "fr,en;q=0.8", "en"),
        ("zh", "en", "zh"),
        ("en", "zh", "en"),
        ("klingon", "zh", "zh"),
    ],
)
def test_the_cookie_decides_then_the_browser_then_chinese(cookie, accepts, expected):
    request = RequestFactory().get("/", headers={"Accept-Language": accepts})
    request.COOKIES = {"lang": cookie} if cookie else {}
    assert language.lang(request) == expected


def test_a_template_speaks_the_language_of_the_request_and_escapes():
    template = Template('{% t "共 {n} 条" "{n} rows" n=name %}|{{ text|txt }}|{{ nothing|txt }}')
    values = Context({"name": "<b>", "text": Text("整改", "rectify"), "nothing": None})
    assert template.render(values) == "共 &lt;b&gt; 条|整改|"
    with language.using("en"):
        assert template.render(values) == "&lt;b&gt; rows|rectify|"
    assert language.current() == "zh"


@pytest.mark.parametrize(
    ("left", "tone", "zh", "en"),
    [
        (timedelta(days=-1, hours=-8), "late", "过 1 天 8 小时", "1 d 8 h overdue"),
        (timedelta(hours=3, minutes=20), "today", "剩 3 小时 20 分", "3 h 20 min left"),
        (timedelta(days=1, hours=5), "soon", "剩 1 天 5 小时", "1 d 5 h left"),
        (timedelta(days=16, hours=1), "later", "剩 16 天", "16 d left"),
        (timedelta(0), "late", "过 0 分", "0 min overdue"),
    ],
)
def test_a_deadline_in_words(left, tone, zh, en):
    read = formats.clock(NOW + left, NOW)
    assert (read.tone, read.text) == (tone, Text(zh, en))


def test_a_deadline_that_was_met_late_paused_or_never_set():
    assert formats.clock(NOW, NOW, met_at=NOW - timedelta(hours=1)).tone == "met"
    assert formats.clock(NOW, NOW, met_at=NOW + timedelta(hours=2)).text == Text("迟 2 小时 完成", "done 2 h late")
    assert formats.clock(NOW - timedelta(days=1), NOW, paused=True).tone == "paused"
    assert formats.clock(None, NOW).tone == "none"
    days = formats.clock(NOW + timedelta(days=2), NOW, days=2)
    assert days.text == Text("剩 2 个工作日", "2 working days left")
    assert days.exact == Text("2026年3月7日 14:05 周六", "7 Mar 2026, 14:05 Sat")


def test_numbers_tell_unknown_from_zero():
    assert [formats.number(v) for v in (None, 0, 12345)] == ["—", "0", "12,345"]
    assert [formats.tile_number(v, "zh") for v in (None, 9999, 12_345, 340_000_000)] == [
        "—",
        "9,999",
        "1.2 万",
        "3.4 亿",
    ]
    assert formats.tile_number(12_345, "en") == "12,345"
    assert (formats.percent(1, 3), formats.percent(0, 0)) == ("33.3 %", "—")


def test_marks_come_from_the_state_table():
    assert [mark_of(HAZARD, s) for s in S] == ["new", "doing", "waiting", "done"]
    assert "已上报" in state_badge(HAZARD, "reported")
    assert "late" in state_badge(HAZARD, "rectifying", "overdue")


def test_the_unknown_level_is_said_and_never_normal():
    assert "未报" in level_mark(None)
    assert "off" in level_mark(None)
    assert "正常" in level_mark(0)
    assert "未证实" in source_mark("U")


def test_acts_are_those_of_the_table_with_the_reason_of_what_is_not_possible():
    leader = Actor(id=1, name="张伟", grants=(Grant("brigade_leader", "445281"),))
    refusals = {"pass": Text("不能自己销案", "not your own")}
    acts = acts_for(HAZARD, "submitted", actor=leader, row=Row(), url="/hazards/YH-1", refusals=refusals)
    assert {a.name: a.allowed for a in acts} == {"order": False, "pass": False, "extend": False}, (
        "rectify is the unit's"
    )
    assert next(a.reason for a in acts if a.name == "pass") == refusals["pass"]
    assert next(a.reason.zh for a in acts if a.name == "order") == "现为“待复查”，须先到“已上报”"
    acts = acts_for(HAZARD, "rectifying", actor=leader, row=Row(), url="/hazards/YH-1")
    assert [(a.name, a.url, a.main) for a in acts if a.allowed] == [("extend", "/hazards/YH-1/acts/extend", True)]
    elsewhere = Actor(id=2, name="刘洋", grants=(Grant("brigade_leader", "445222"),))
    assert acts_for(HAZARD, "submitted", actor=elsewhere, row=Row(), url="/x") == []


def test_drawings_break_at_missing_values():
    assert svg.sparkline([1, None, 3], label="x").count("M") == 2
    assert "—" in svg.sparkline([None, None], label="x")
    assert 'class="bar none ' in svg.bar(None, label="x")
    assert "&lt;i&gt;" in svg.columns([("<i>", 2.0)], label="x")


def test_navigation_shows_what_rights_open_and_never_more_than_seven_groups(monkeypatch):
    monkeypatch.setattr(nav, "_items", {})
    for group in nav.GROUPS:
        nav.add(group.code, group.label, f"/{group.code}", right="hazards.view")
    nav.add("hazards", Text("挂牌", "Listings"), "/hazards/listed", right=("hazards.list", "hazards.view"), order=60)
    nav.add("admin", Text("审计", "Audit"), "/admin/audit", right="audit.view")
    leader = Actor(id=1, name="张伟", grants=(Grant("brigade_leader", "445281"),))
    groups = nav.groups_for(leader, "/hazards/listed/YH-1")
    assert len(groups) == nav.MOST_GROUPS
    assert [g.code for g in groups if g.is_current] == ["hazards"]
    assert next(g for g in groups if g.code == "hazards").current == "/hazards/listed"
    auditor = Actor(id=2, name="陈", grants=(Grant("auditor", "445281"),))
    assert [[i.path for i in g.items] for g in nav.groups_for(auditor)] == [["/admin/audit"]]
    with pytest.raises(ValueError, match="no navigation group"):
        nav.add("nowhere", Text("", ""), "/x")


def test_a_long_group_folds_its_last_pages_and_opens_the_fold_on_them(monkeypatch):
    monkeypatch.setattr(nav, "_items", {})
    for place in range(nav.MOST_ITEMS + 1):
        nav.add("hazards", Text("页", "Page"), f"/page-{place}", order=place)
    actor = Actor(id=1, name="张伟", grants=(Grant("brigade_leader", "445281"),))
    assert nav.groups_for(actor)[0].folded == ()
    nav.add("hazards", Text("页", "Page"), "/last", order=90)
    group = nav.groups_for(actor, "/last/1")[0]
    assert len(group.shown) == nav.MOST_ITEMS
    assert [item.path for item in group.folded] == [f"/page-{nav.MOST_ITEMS}", "/last"]
    assert group.unfold
    assert not nav.groups_for(actor, "/page-0")[0].unfold


@pytest.mark.parametrize(
    ("unit", "zh", "en"), [("分", "分", "points"), ("%", "%", "%"), ("", "", ""), ("只鸟", "只鸟", "只鸟")]
)
def test_a_unit_is_written_in_the_language_of_the_page(unit: str, zh: str, en: str) -> None:
    for lang, wanted in (("zh", zh), ("en", en)):
        with language.using(lang):
            assert tags.unit(unit) == wanted


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "—"),
        (0.2, "0 秒"),
        (42, "42 秒"),
        (60, "1 分"),
        (95, "1 分 35 秒"),
        (3900, "1 小时 5 分"),
        (259_200, "3 天"),
    ],
)
def test_a_stretch_of_seconds_is_put_in_the_units_people_use(seconds: float | None, words: str) -> None:
    assert tags.lasting(seconds) == words


@pytest.mark.parametrize(("number", "words"), [(None, "—"), (0, "0"), (0.3, "0.3"), (7.0, "7"), (12_345, "1.2 万")])
def test_a_number_in_a_narrow_place_keeps_a_decimal_only_where_it_has_one(number: float | None, words: str) -> None:
    assert tags.compact(number) == words
