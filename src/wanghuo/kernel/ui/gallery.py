"""The gallery: every component in every state, with samples. It is not there in production, and reads no records."""

# Django types labels as str; ours are Text, which ui.forms puts into words.
# mypy: disable-error-code="arg-type"
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from django import forms as fields
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, Machine, Move, NotFound, NotPermitted, Reason, Text
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.ui import forms, go, render
from wanghuo.kernel.ui.acts import Act
from wanghuo.kernel.ui.lists import Bulk, Choice, Column, Empty, Flag, Link, Listing, ListPage, Words
from wanghuo.kernel.ui.paging import Slice


class S(StrEnum):
    """States of the sample."""

    REPORTED = "reported"
    RECTIFYING = "rectifying"
    SUBMITTED = "submitted"
    PAUSED = "paused"
    DISMISSED = "dismissed"
    CLOSED = "closed"


SAMPLE = Machine(
    what=Text("隐患", "Hazard"),
    initial=S.REPORTED,
    names={
        S.REPORTED: Text("已上报", "reported"),
        S.RECTIFYING: Text("整改中", "being rectified"),
        S.SUBMITTED: Text("待复查", "awaiting re-inspection"),
        S.PAUSED: Text("暂停计时", "clock paused"),
        S.DISMISSED: Text("不属实", "dismissed"),
        S.CLOSED: Text("已销案", "closed"),
    },
    moves=(
        Move("order", S.REPORTED, S.RECTIFYING, "hazards.order", Text("责令限期改正", "order rectification")),
        Move("submit", S.RECTIFYING, S.SUBMITTED, "hazards.rectify", Text("申请复查", "ask for re-inspection")),
        Move("pause", S.RECTIFYING, S.PAUSED, "hazards.order", Text("暂停", "pause")),
        Move("pass", S.SUBMITTED, S.CLOSED, "hazards.reinspect", Text("复查合格", "pass")),
    ),
)
GRADES = {"general": Text("一般", "general"), "major": Text("重大", "major")}
PLACES = (
    ("滨江商贸城 1 号楼 3F 东楼梯", "445281001", 4),
    ("青龙路 8 号小吃店", "445281102", 3),
    ("云栖公寓地下一层", "445281001", 2),
    ("占陇镇第二小学综合楼", "445281103", 1),
    ("里湖镇织造厂 2 号车间", "445281102", None),
)


@dataclass(frozen=True)
class Sample:
    """One made-up row."""

    pk: int
    ref: str
    place: str
    region_code: str
    level: int | None
    state: str
    due_at: datetime | None
    reported_at: datetime
    amount: float | None


def _samples(now: datetime) -> list[Sample]:
    terms = (-32, 3.3, 30, 52, 400, None)
    return [
        Sample(
            pk=n,
            ref=f"YH-445281-2026-{17 + n:05d}",
            place=PLACES[n % 5][0],
            region_code=PLACES[n % 5][1],
            level=PLACES[n % 5][2],
            state=list(S)[n % 6],
            due_at=None if (hours := terms[n % 6]) is None else now + timedelta(hours=hours),
            reported_at=now - timedelta(hours=7 * n + 1),
            amount=None if n % 4 == 3 else 0.9 + n / 10,
        )
        for n in range(12)
    ]


class SampleListing(Listing):
    """A list over made-up rows: it shows the parts, it does not filter."""

    @cached_property
    def slice(self) -> Slice:
        """The samples, or none with `?empty=1`."""
        rows = [] if self.request.GET.get("empty") else _samples(timezone.now())
        return Slice(rows, "earlier" if self.request.GET.get("after") else None, "later")

    @cached_property
    def count(self) -> str:
        """A capped count."""
        return "0" if self.request.GET.get("empty") else "10,000+"

    @cached_property
    def wider_count(self) -> str:
        """Without the filters."""
        return "10,000+"


LIST = ListPage(
    title=Text("隐患", "Hazards"),
    what=Text("隐患", "hazard"),
    columns=(
        Column("ref", Text("编号", "Reference"), kind="ref", sort="id"),
        Column("place", Text("单位与位置", "Unit and place")),
        Column("region", Text("区划", "Region"), value="region_code", kind="region", wide=True),
        Column("level", Text("等级", "Level"), kind="level"),
        Column("state", Text("状态", "State"), kind="state", machine=SAMPLE),
        Column("due_at", Text("期限", "Due"), kind="due", sort="due_at"),
        Column("width", Text("净宽", "Clear width"), value="amount", kind="number", digits=1, unit="m", wide=True),
        Column("reported_at", Text("上报", "Reported"), kind="when", sort="reported_at", wide=True),
    ),
    filters=(
        Words(fields=("place",)),
        Choice("state", Text("状态", "State"), SAMPLE.names),
        Choice("grade", Text("等级", "Grade"), GRADES),
        Flag("overdue", Text("已逾期", "Overdue"), dict),
    ),
    row_url="/ui/detail?ref={0.ref}",
    period="reported_at",
    level="level",
    links=(Link(Text("新建", "New"), "/ui/form", icon="plus", key="n", main=True),),
    bulk=(Bulk(Text("派单", "Assign"), "/ui/list", "hazards.view"),),
    empty=Empty(
        Text(
            "还没有隐患。检查、网格排查和群众举报的隐患都会在这里成账。",
            "No hazards yet. What inspections, grid workers and the public find is kept here.",
        ),
        Link(Text("上报第一条", "Report the first"), "/ui/form"),
    ),
)


class SampleForm(forms.Form):
    """A form with every kind of field."""

    units = {"width_m": "m", "amount": Text("万元", "10,000 CNY")}
    sections = ((Text("期限与办理", "Term and handling"), ("due_at", "grade", "kinds", "urgent", "photo")),)

    unit = fields.CharField(
        label=Text("单位", "Unit"),
        max_length=40,
        help_text=Text("单位名称、拼音首字母或信用代码", "name, pinyin initials or credit code"),
    )
    place = fields.CharField(label=Text("位置", "Place"), max_length=60)
    width_m = fields.DecimalField(
        label=Text("疏散走道净宽", "Clear width of the escape route"),
        min_value=0,
        max_value=20,
        decimal_places=2,
        required=False,
        help_text=Text("限值 ≥ 1.1 m", "limit ≥ 1.1 m"),
    )
    note = fields.CharField(
        label=Text("情况", "What was found"), widget=fields.Textarea(attrs={"rows": 3}), required=False
    )
    due_at = fields.DateTimeField(
        label=Text("整改期限", "Deadline"), widget=fields.DateTimeInput(attrs={"type": "datetime-local"})
    )
    grade = fields.ChoiceField(label=Text("等级", "Grade"), choices=[("", Text("请选择", "choose")), *GRADES.items()])
    kinds = fields.MultipleChoiceField(
        label=Text("类别", "Kinds"),
        widget=fields.CheckboxSelectMultiple,
        required=False,
        choices=[
            ("exit", Text("堵塞出口", "blocked exit")),
            ("lane", Text("占用车道", "blocked lane")),
            ("ebike", Text("电动车", "e-bikes")),
        ],
    )
    urgent = fields.BooleanField(label=Text("危及人身安全", "People are in danger"), required=False)
    photo = fields.FileField(
        label=Text("照片", "Photo"),
        required=False,
        help_text=Text("现场拍摄，原图保存", "taken on the spot; the original is kept"),
    )


def _acts() -> list[Act]:
    return [
        Act("submit", Text("申请复查", "Ask for re-inspection"), "/ui/acts/submit", main=True),
        Act("extend", Text("改期限", "Change the deadline"), "/ui/acts/extend", legal=True),
        Act(
            "pass",
            Text("复查合格", "Pass"),
            "/ui/acts/pass",
            Text("须先申请复查", "re-inspection must be asked for first"),
        ),
        Act(
            "close",
            Text("销案", "Close"),
            "/ui/acts/close",
            Text("整改人不能自己销案，须由另一名监督员办理", "who fixed it may not close it; another inspector must"),
        ),
    ]


def _history(now: datetime) -> list[SimpleNamespace]:
    rows = (
        (
            "person",
            1,
            Text("李强", "Li Qiang"),
            Text("上传整改照片 2 张", "uploaded 2 photos of the repair"),
            Text("现场拍摄，距单位 12 m", "taken on the spot, 12 m from the unit"),
        ),
        ("machine", 18, Text("系统", "System"), Text("通知书已送达，单位已签收", "notice served and signed for"), None),
        (
            "clock",
            20,
            Text("时钟", "Clock"),
            Text("期限过半，已提醒责任人", "half of the term has passed; the person in charge was reminded"),
            None,
        ),
        (
            "correction",
            40,
            Text("张伟", "Zhang Wei"),
            Text("更正位置：3F 西楼梯 → 3F 东楼梯", "corrected the place: west stairs → east stairs"),
            None,
        ),
        (
            "person",
            44,
            Text("张伟、刘洋", "Zhang Wei, Liu Yang"),
            Text("检查并责令限期改正", "inspected and ordered rectification"),
            None,
        ),
    )
    return [
        SimpleNamespace(by=by, at=now - timedelta(hours=h), who=who, what=what, note=note)
        for by, h, who, what, note in rows
    ]


def _reasons() -> list[Reason]:
    return [
        Reason(
            "door",
            Text("疏散门损坏 {share} %，限值 {limit} %", "{share} % of escape doors damaged; limit {limit} %"),
            {"share": 36, "limit": 30},
            "GB 35181 7.3.6",
        ),
        Reason("late", Text("逾期隐患 {count} 起", "{count} overdue hazard"), {"count": 1}, "YH-445281-2026-00016"),
        Reason(
            "test",
            Text(
                "设施检测报告未报，按同类第 75 百分位计",
                "test report missing; counted as the 75th percentile of its kind",
            ),
            {},
            "params/unit-risk 2026.1",
        ),
    ]


CHART = {
    "kind": "line",
    "labels": ["03", "04", "05", "06", "07", "08", "09", "10", "11"],
    "unit": "%",
    "series": [
        {"name": Text("实际", "actual"), "data": [62.1, 66.4, 70.0, None, 78.9, 82.2, 86.0, 90.1, 92.4]},
        {"name": Text("目标", "target"), "data": [80, 80, 80, 85, 85, 85, 90, 90, 90], "style": "dashed"},
    ],
}
BARS = {
    "kind": "bar",
    "labels": [
        Text("流沙东", "Liushadong"),
        Text("占陇", "Zhanlong"),
        Text("里湖", "Lihu"),
        Text("洪阳", "Hongyang"),
        Text("南溪", "Nanxi"),
    ],
    "unit": "",
    "series": [{"name": Text("未结隐患", "open hazards"), "data": [41, 33, 27, 12, None]}],
}


@needs()
def gallery(request: HttpRequest) -> HttpResponse:
    """Every small component."""
    now = timezone.now()
    context = {
        "title": Text("组件", "Components"),
        "machine": SAMPLE,
        "states": list(S),
        "badges": [("new", Text("新", "new")), ("late", Text("逾期", "overdue"))],
        "levels": [4, 3, 2, 1, 0, None],
        "priorities": [1, 2, 3, 4],
        "marks": "CRUD",
        "now": now,
        "dues": [now + timedelta(hours=h) for h in (-32, 2, 30, 52, 400)],
        "past": now - timedelta(hours=50),
        "acts": _acts(),
        "history": _history(now),
        "reasons": _reasons(),
        "series": [3, 5, 4, None, 8, 9, 7, 12, 11, 14],
        "columns": [("0", 3.0), ("1", 5.0), ("2", 2.0), ("3", None), ("4", 9.0), ("5", 12.0), ("6", 4.0), ("7", 6.0)],
        "chart": CHART,
        "bars": BARS,
        "missing": [Text("设施检测报告", "test report of the systems")],
        "alarms": (
            (1, Text("疑似火警", "presumed fire")),
            (2, Text("火警 烟感", "fire alarm, smoke")),
            (3, Text("总线故障", "bus fault")),
            (4, Text("离线", "offline")),
        ),
        "region": request.GET.get("region") or request.actor.home,  # type: ignore[attr-defined]
    }
    return render(request, "ui/gallery.html", context)


@needs()
def listing(request: HttpRequest) -> HttpResponse:
    """The list pattern."""
    shown = SampleListing(LIST, request, get_user_model().objects.none())
    template = "ui/_list.html" if request.headers.get("HX-Target") == "list" else LIST.template
    return render(request, template, {"list": shown, "title": LIST.title})


@needs()
def form(request: HttpRequest) -> HttpResponse:
    """The form pattern; a place named 冲突 is refused as a service would refuse it."""

    def save(data: dict[str, Any]) -> str:
        if data["place"] == "冲突":
            raise Conflict(what=SAMPLE.what)
        if data["due_at"] <= timezone.now():
            raise Invalid(
                Text("期限已过，请选以后的时间。", "The deadline has passed; choose a later time."), field="due_at"
            )
        return "/ui/detail"

    return forms.answer(
        request,
        SampleForm,
        save=save,
        then=str,
        title=Text("新建隐患", "New hazard"),
        submit=Text("保存并提交", "Save and submit"),
        after=Text("提交后通知单位，起算核实 24 小时", "The unit is told, and 24 hours to verify begin"),
    )


@needs()
def detail(request: HttpRequest) -> HttpResponse:
    """The detail pattern."""
    now = timezone.now()
    context = {
        "title": Text("滨江商贸城 1 号楼 3F 东楼梯", "Binjiang Mall, building 1, 3F east stairs"),
        "machine": SAMPLE,
        "due": now + timedelta(hours=52),
        "acts": _acts(),
        "history": _history(now),
        "why_url": "/ui/explain",
    }
    return render(request, "ui/gallery_detail.html", context)


@needs()
def explain(request: HttpRequest) -> HttpResponse:
    """The explain panel, as the 为什么 key opens it."""
    return render(request, "ui/gallery_explain.html", {"title": Text("风险", "Risk"), "reasons": _reasons()})


@needs()
def act(request: HttpRequest, name: str) -> HttpResponse:
    """One act: its form in the panel."""
    return forms.answer(
        request,
        ActForm,
        save=lambda data: None,
        then="/ui/detail",
        title=Text("申请复查", "Ask for re-inspection"),
        submit=Text("提交申请", "Send the request"),
    )


class ActForm(forms.Form):
    """Only the fields that the act needs."""

    note = fields.CharField(label=Text("整改情况", "What was done"), widget=fields.Textarea(attrs={"rows": 2}))


@needs()
def error(request: HttpRequest, status: int) -> HttpResponse:
    """An error page as the service layer would cause it."""
    found = {
        403: NotPermitted(right=Text("复查", "re-inspect")),
        404: NotFound(what=SAMPLE.what),
        409: Conflict(what=SAMPLE.what),
    }.get(status)
    if found is None:
        return go(request, "/ui")
    raise found


@needs()
def points(request: HttpRequest) -> HttpResponse:
    """Points for the sample map, some of them clusters."""
    spots = (
        (116.16, 23.30, 4, 1, "alarm"),
        (116.10, 23.36, 3, 12, "hazard"),
        (116.02, 23.27, 2, 240, "hazard"),
        (116.22, 23.40, 1, 1, "unit"),
        (116.30, 23.32, 0, 31, "unit"),
    )
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lng, lat]},
            "properties": {
                "count": count,
                "level": level,
                "kind": kind,
                "url": "/ui/detail",
                "label": PLACES[n][0] if count == 1 else "",
            },
        }
        for n, (lng, lat, level, count, kind) in enumerate(spots)
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features})
