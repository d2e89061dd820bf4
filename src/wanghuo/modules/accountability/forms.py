"""The forms of accountability: each asks only for what its act needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from wanghuo.base import Text
from wanghuo.kernel.ui.fields import Files, day, moment, number, text
from wanghuo.kernel.ui.forms import Form
from wanghuo.modules.accountability.models import Meeting, MonthlyOrder, RankingTable, Report, Tour
from wanghuo.modules.accountability.services.letters import LETTERS
from wanghuo.modules.accountability.services.reports import HEADS
from wanghuo.modules.accountability.words import (
    ATTENDANCE,
    LIST_KINDS,
    MEASURES,
    MEETING_KINDS,
    REPORT_KINDS,
    SAMPLE_RESULTS,
    SHARES,
)

CHOOSE = ("", Text("请选择", "please choose"))
MONTH_HELP = Text("写成 2026-11", "such as 2026-11")


def choice(label: Text, words: Mapping[Any, Text], *, required: bool = True, help_text: Any = "") -> forms.ChoiceField:
    """One of a list, nothing preselected."""
    options = [CHOOSE, *((str(key), word) for key, word in words.items() if key != "")]
    return forms.ChoiceField(label=label, choices=options, required=required, help_text=help_text)  # type: ignore[arg-type]


def several(
    label: Text, options: Iterable[tuple[str, Any]], *, required: bool = False, help_text: Any = ""
) -> forms.MultipleChoiceField:
    """Several of a list, as boxes to tick."""
    return forms.MultipleChoiceField(
        label=label,
        choices=list(options),
        required=required,
        widget=forms.CheckboxSelectMultiple,
        help_text=help_text,  # type: ignore[arg-type]
    )


def month(label: Text) -> forms.CharField:
    """A month, as 2026-11."""
    widget = forms.TextInput(attrs={"type": "month"})
    return forms.CharField(label=label, max_length=7, widget=widget, help_text=MONTH_HELP)  # type: ignore[arg-type]


def made(name: str, fields: Mapping[str, forms.Field], sections: Any = ()) -> type[Form]:
    """A form whose fields depend on the record."""
    return type(name, (Form,), {**fields, "sections": sections})


class NoteForm(Form):
    """A remark that may be left empty."""

    note = text(Text("说明", "Remark"), rows=2, required=False)


class ReasonForm(Form):
    """A reason that must be given."""

    reason = text(Text("理由", "Reason"), rows=2)


class EmptyForm(Form):
    """An act that asks for nothing but its button."""


# ------------------------------------------------------------------------------------------------ the monthly cycle


def draw_up_form(
    targets: Iterable[tuple[str, Any]], bodies: Iterable[tuple[str, Any]], below: Iterable[tuple[str, Any]]
) -> type[Form]:
    """What the orders of a month ask for."""
    return made(
        "DrawUpForm",
        {
            "month": month(Text("月份", "Month")),
            "codes": several(Text("指标目标", "Targets"), targets, help_text=Text("本区划年度目标，按剩余月份和份额分解", "the year's targets, divided by the months left and by share")),
            "share": choice(Text("分配方式", "Divided"), SHARES),
            "only": several(Text("派给哪些下级", "To which regions below"), below, help_text=Text("不选则全部下级各一份", "every one of them, if none is chosen")),
            "tasks": text(Text("其他任务", "Other tasks"), rows=4, limit=4000, required=False, help_text=Text("每行一条", "one a line")),
            "evidence": text(Text("佐证要求", "Evidence"), limit=300, required=False, help_text=Text("如 验收单、现场照片", "such as acceptance form, photographs")),
            "due_on": day(Text("上报期限", "To be reported by"), required=False, help_text=Text("不填为当月最后一天", "the last day of the month, if left empty")),
            "bodies": several(Text("同时派给部门（只含其他任务）", "Departments too (other tasks only)"), bodies),
            "note": text(Text("说明", "Remark"), rows=2, required=False),
        },
    )  # fmt: skip


def edit_order_form(order: MonthlyOrder) -> type[Form]:
    """The lines of a draft: how much, what evidence, or out."""
    fields: dict[str, forms.Field] = {"due_at": moment(Text("上报期限", "To be reported by"))}
    sections = []
    for line in order.lines.order_by("no"):
        names = [f"evidence_{line.no}", f"drop_{line.no}"]
        if line.target is not None:
            names.insert(0, f"target_{line.no}")
            fields[names[0]] = number(
                Text(f"本月要求（{line.unit or '数'}）", f"this month ({line.unit or 'number'})"),
                required=True,
                least=0,
            )
        fields[f"evidence_{line.no}"] = text(Text("佐证要求", "Evidence"), limit=300, required=False)
        fields[f"drop_{line.no}"] = forms.BooleanField(label=Text("删去这一项", "take this line out"), required=False)  # type: ignore[arg-type]
        sections.append((Text(f"{line.no}. {line.title}", f"{line.no}. {line.title}"), names))
    fields["added"] = text(Text("再加一项任务", "One more task"), limit=300, required=False)
    fields["note"] = text(Text("说明", "Remark"), rows=2, required=False)
    return made("EditOrderForm", fields, tuple(sections))


def report_order_form(order: MonthlyOrder) -> type[Form]:
    """What was done, line by line, with evidence."""
    fields: dict[str, forms.Field] = {
        "files": Files(
            Text("佐证材料", "Evidence"),
            required=False,
            help_text=Text("照片、表格、文件，可多选", "photographs, sheets, papers"),
        )
    }
    sections = []
    for line in order.lines.order_by("no"):
        names = []
        if line.target is not None:
            names.append(f"value_{line.no}")
            fields[names[0]] = number(
                Text(f"完成数（要求 {line.target:g}{line.unit}）", f"done (asked: {line.target:g} {line.unit})"),
                required=True,
                least=0,
            )
        names.append(f"note_{line.no}")
        fields[f"note_{line.no}"] = text(Text("完成情况", "What was done"), rows=2, required=line.target is None)
        sections.append((Text(f"{line.no}. {line.title}", f"{line.no}. {line.title}"), names))
    return made("ReportOrderForm", fields, tuple(sections))


def accept_order_form(order: MonthlyOrder) -> type[Form]:
    """What is accepted, where it differs from what was reported."""
    fields: dict[str, forms.Field] = {}
    for line in order.lines.order_by("no"):
        if line.reported is not None:
            label = Text(f"{line.no}. {line.title}：认定数", f"{line.no}. {line.title}: accepted")
            fields[f"value_{line.no}"] = number(
                label,
                least=0,
                help_text=Text(f"上报 {line.reported:g}{line.unit}", f"reported: {line.reported:g} {line.unit}"),
            )
    fields["note"] = text(Text("验收意见", "Remark"), rows=2, required=False)
    return made("AcceptOrderForm", fields)


def plan_tour_form(places: Iterable[tuple[str, Any]], checklists: Mapping[str, Text]) -> type[Form]:
    """Where, when, by which checklist, and whether announced."""
    return made(
        "PlanTourForm",
        {
            "region": forms.ChoiceField(label=Text("巡查区划", "Region"), choices=[CHOOSE, *places]),  # type: ignore[arg-type,list-item]
            "checklist": choice(Text("检查表", "Checklist"), checklists),
            "month": month(Text("计入月份", "Counts for the month")),
            "planned_on": day(Text("计划日期", "Planned for")),
            "team": text(Text("巡查组成员", "Who goes"), limit=200, help_text=Text("至少两人，顿号分开", "two persons at least")),
            "unannounced": forms.BooleanField(
                label=Text("暗访，开始前不让被查方看到", "unannounced: not seen by the visited until it begins"), required=False  # type: ignore[arg-type]
            ),
        },
    )  # fmt: skip


def score_tour_form(tour: Tour) -> type[Form]:
    """Points, remark and photographs for each item; a result for each drawn record."""
    fields: dict[str, forms.Field] = {}
    sections: list[tuple[Text, list[str]]] = []
    for item in tour.items.order_by("place"):
        names = [f"got_{item.no}", f"note_{item.no}", f"photos_{item.no}"]
        fields[names[0]] = number(
            Text(f"得分（满分 {item.full:g}）", f"points (of {item.full:g})"),
            least=0,
            most=item.full,
            help_text=Text(item.how_zh, item.how_en),
        )
        fields[names[1]] = text(Text("情况", "What was found"), required=False)
        fields[names[2]] = Files(Text("照片", "Photographs"), photos=True, required=False)
        sections.append((Text(f"{item.no}. {item.text_zh}", f"{item.no}. {item.text_en}"), names))
    for sample in tour.samples.order_by("place"):
        names = [f"result_{sample.place}", f"found_{sample.place}"]
        said = Text(f"上报：{sample.reported}", f"reported: {sample.reported}")
        fields[names[0]] = choice(Text("核验结果", "Result"), SAMPLE_RESULTS, required=False, help_text=said)
        number_help = Text("填实际数，系统按容差判断", "give the number found; the tolerance decides")
        fields[names[1]] = text(
            Text("现场情况", "On site"),
            limit=300,
            required=False,
            help_text=number_help if sample.number is not None else "",
        )
        sections.append((Text(f"抽查 {sample.ref} {sample.title}", f"Sample {sample.ref} {sample.title}"), names))
    return made("ScoreTourForm", fields, tuple(sections))


class FinishTourForm(Form):
    """The tour in words."""

    summary = text(Text("巡查小结", "Summary"), rows=4, limit=2000)  # type: ignore[assignment]


class AnswerForm(Form):
    """What the visited answer."""

    text = text(Text("确认意见与整改打算", "Answer and what will be done"), rows=4, limit=2000)


def table_form(measures: Iterable[tuple[str, Any]]) -> type[Form]:
    """What is ranked, for which month, and when it is published."""
    return made(
        "TableForm",
        {
            "month": month(Text("月份", "Month")),
            "codes": several(Text("指标", "Indicators"), measures),
            "orders": number(Text("派单完成率的权重", "Weight of orders done"), least=0, most=10, required=True, help_text=Text("0 为不计；各指标权重为 1", "0 leaves it out; each indicator weighs 1")),
            "tours": number(Text("巡查得分的权重", "Weight of the tour score"), least=0, most=10, required=True),
            "publish_on": day(Text("公布日期", "To be published on")),
            "notes": text(Text("附注", "Notes"), rows=3, limit=2000, required=False),
        },
    )  # fmt: skip


def recompute_form(table: RankingTable) -> type[Form]:
    """When it is published, and its notes."""
    return made(
        "RecomputeForm",
        {
            "publish_on": day(Text("公布日期", "To be published on")),
            "notes": text(Text("附注", "Notes"), rows=3, limit=2000, required=False),
        },
    )


class AdoptForm(Form):
    """Which measure, and why."""

    measure = choice(Text("措施", "Measure"), MEASURES)
    reason = text(Text("意见", "Remark"), rows=2, required=False)


# ------------------------------------------------------------------------------------------- letters and meetings


def letter_form(bodies: Iterable[tuple[str, Any]]) -> type[Form]:
    """Which letter, to whom."""
    return made(
        "LetterForm",
        {
            "kind": choice(Text("文书", "Letter"), LETTERS),
            "title": text(Text("标题", "Title"), limit=150, required=False, help_text=Text("不填则按事由拟题", "made from the subject, if left empty")),
            "to": several(Text("收文单位", "To"), bodies, help_text=Text("不选则发给事由所在地的主管单位", "whoever is in charge of the matter, if none is chosen")),
            "reply_by": moment(Text("回复期限", "Answer by"), required=False, help_text=Text("不填则按规则", "by the rule, if left empty")),
            "note": text(Text("补充情况", "In addition"), rows=3, required=False),
        },
    )  # fmt: skip


def convene_form(places: Iterable[tuple[str, Any]], bodies: Iterable[tuple[str, Any]]) -> type[Form]:
    """Who meets, when, about what."""
    return made(
        "ConveneForm",
        {
            "region": forms.ChoiceField(label=Text("召开的区划", "Region"), choices=[CHOOSE, *places]),  # type: ignore[arg-type,list-item]
            "kind": choice(Text("会议类型", "Kind"), MEETING_KINDS),
            "title": text(Text("会议名称", "Title"), limit=150),
            "starts_at": moment(Text("时间", "When")),
            "place": text(Text("地点", "Where"), limit=200),
            "chair": text(Text("主持人", "Chair"), limit=80),
            "agenda": text(Text("议题", "Agenda"), rows=4, limit=2000, help_text=Text("每行一项", "one a line")),
            "bodies": several(Text("参会单位", "Invited"), bodies, required=True),
        },
    )  # fmt: skip


DECISIONS = 6


def hold_form(meeting: Meeting, bodies: Iterable[tuple[str, Any]]) -> type[Form]:
    """Who came, what was discussed, what was decided."""
    fields: dict[str, forms.Field] = {}
    sections: list[tuple[Text, list[str]]] = []
    attended = {key: word for key, word in ATTENDANCE.items() if key != "invited"}
    names = []
    for line in meeting.attendances.select_related("body").order_by("id"):
        names += [f"status_{line.body_id}", f"person_{line.body_id}"]
        fields[names[-2]] = choice(Text(line.body.short, line.body.short), attended)
        fields[names[-1]] = text(
            Text(f"{line.body.short}参会人", f"who came for {line.body.short}"), limit=80, required=False
        )
    sections.append((Text("到会情况", "Attendance"), names))
    fields["discussion"] = text(Text("研究情况", "What was discussed"), rows=6, limit=4000)
    sections.append((Text("研究情况", "Discussion"), ["discussion"]))
    options = [CHOOSE, *bodies]
    for no in range(1, DECISIONS + 1):
        names = [f"decision_{no}", f"owner_{no}", f"due_{no}"]
        fields[names[0]] = text(Text("议定事项", "Decision"), limit=500, required=False)
        fields[names[1]] = forms.ChoiceField(label=Text("责任单位", "Owner"), choices=options, required=False)  # type: ignore[arg-type]
        fields[names[2]] = day(Text("完成期限", "Due"), required=False)
        sections.append((Text(f"议定事项 {no}", f"Decision {no}"), names))
    return made("HoldForm", fields, tuple(sections))


class MeetingDutyForm(Form):
    """Who must meet how often, by what."""

    kind = choice(Text("会议类型", "Kind"), MEETING_KINDS)
    months = forms.IntegerField(
        label=Text("每几个月一次", "Every so many months"), min_value=1, max_value=12,  # type: ignore[arg-type]
        help_text=Text("半年 6，季度 3，每月 1", "half-yearly 6, quarterly 3, monthly 1"),  # type: ignore[arg-type]
    )  # fmt: skip
    source = text(Text("依据", "Source"), limit=300, help_text=Text("文件名称与条款", "paper and item"))
    below = forms.BooleanField(
        label=Text("下一级各区划都要召开", "each division just below must hold it"), required=False
    )  # type: ignore[arg-type]


# ------------------------------------------------------------------------- duty lists, assessments and reports

LINES_HELP = Text(
    "每行一项：职责 | 依据 | 周期（一次、每月、每季度、每半年、每年）| 佐证；可从表格粘贴",
    "one a line: duty | source | period (once, each month, each quarter, each half-year, each year) | evidence; may be pasted from a sheet",
)


def duty_list_form(bodies: Iterable[tuple[str, Any]]) -> type[Form]:
    """Whose list, for which year, and its entries."""
    return made(
        "DutyListForm",
        {
            "kind": choice(Text("清单类型", "Kind"), LIST_KINDS),
            "year": forms.IntegerField(label=Text("年度", "Year"), min_value=2000, max_value=2100),  # type: ignore[arg-type]
            "title": text(Text("清单名称", "Title"), limit=150),
            "body": forms.ChoiceField(label=Text("单位", "Body"), choices=[CHOOSE, *bodies], required=False),  # type: ignore[arg-type,list-item]
            "leader": text(Text("领导姓名", "Leader"), limit=80, required=False, help_text=Text("个人清单才填", "for a personal list")),
            "post": text(Text("职务", "Post"), limit=120, required=False),
            "entries": text(Text("清单内容", "Entries"), rows=10, limit=40_000, help_text=LINES_HELP),
        },
    )  # fmt: skip


class EntriesForm(Form):
    """More entries."""

    entries = text(Text("清单内容", "Entries"), rows=8, limit=40_000, help_text=LINES_HELP)


class SignForm(Form):
    """Who signs."""

    name = text(
        Text("签认人姓名", "Signed by"), limit=80,
        help_text=Text("签认即表示已阅读全部条目并承担责任", "by signing you have read every entry and answer for it"),
    )  # fmt: skip


class DoneForm(Form):
    """That a duty was done."""

    note = text(Text("履职情况", "What was done"), rows=3)
    files = Files(Text("佐证材料", "Evidence"), required=False)  # type: ignore[assignment]


def run_form(
    schemes: Mapping[str, Text], reviewers: Iterable[tuple[str, Any]], bodies: Iterable[tuple[str, Any]]
) -> type[Form]:
    """Which scheme, which year, who reviews."""
    return made(
        "RunForm",
        {
            "scheme": choice(Text("考核方案", "Scheme"), schemes),
            "year": forms.IntegerField(label=Text("年度", "Year"), min_value=2000, max_value=2100),  # type: ignore[arg-type]
            "part": forms.TypedChoiceField(
                label=Text("时段（半年、季度方案）", "Half or quarter (schemes for those)"), coerce=int, empty_value=0, required=False,  # type: ignore[arg-type]
                choices=[("", Text("全年", "the whole year")), *((str(n), Text(f"第 {n} 个", f"number {n}")) for n in range(1, 5))],  # type: ignore[list-item]
            ),
            "self_due": day(Text("自评截止", "Self-assessment by")),
            "reviewers": several(Text("评审人", "Reviewers"), reviewers, required=True, help_text=Text("不能是被考核区划的人", "nobody of an assessed region")),
            "bodies": several(Text("被考核单位（队伍类方案）", "Bodies assessed (schemes for bodies)"), bodies),
        },
    )  # fmt: skip


class SelfForm(Form):
    """What the assessed say of one item."""

    value = number(Text("自评数值", "Value"))
    note = text(Text("说明", "Explanation"), rows=3, required=False)
    files = Files(Text("佐证材料", "Evidence"), required=False)  # type: ignore[assignment]


class ReviewForm(Form):
    """What the review found."""

    found = number(
        Text("认定数值", "Value found"),
        help_text=Text("不填则按系统数据或自评数计分", "record or self-assessment counts, if left empty"),
    )
    note = text(Text("理由", "Reason"), rows=3, required=False)


class AppealForm(Form):
    """What is contested, and why."""

    text = text(Text("申诉事项与理由", "What is contested and why"), rows=5, limit=2000)
    files = Files(Text("佐证材料", "Evidence"), required=False)  # type: ignore[assignment]


class SettleForm(Form):
    """What the reviewers answer."""

    answer = text(Text("复核意见", "Answer"), rows=5, limit=2000)


class NewReportForm(Form):
    """Which report."""

    kind = choice(Text("报告种类", "Kind"), REPORT_KINDS)
    period = text(
        Text("时段", "Period"), limit=10,
        help_text=Text("月报写 2026-11；上半月 2026-11-a，下半月 2026-11-b；周报 2026-W48", "2026-11 for a month; 2026-11-a and 2026-11-b for its halves; 2026-W48 for a week"),
    )  # fmt: skip


def report_form(report: Report) -> type[Form]:
    """The words, section by section."""
    fields: dict[str, forms.Field] = {"title": text(Text("标题", "Title"), limit=150)}
    for section in report.sections:
        fields[section["code"]] = text(HEADS[section["code"]], rows=6, limit=20_000, required=False)
    return made("ReportForm", fields)
