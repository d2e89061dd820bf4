"""Score sheets in the browser: the gallery, the editor, the versions, and their files."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xlsxwriter
from django import forms as fields
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import AppError, Invalid, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.indicators import indicators
from wanghuo.kernel.ledgers.passes import example_rows
from wanghuo.kernel.ledgers.reading import Limits
from wanghuo.kernel.ledgers.uploads import limited_upload
from wanghuo.kernel.ledgers.workbooks import OPTIONS, sheet_name
from wanghuo.kernel.ui.acts import Act
from wanghuo.kernel.ui.fields import text
from wanghuo.kernel.ui.forms import Form, answer
from wanghuo.kernel.ui.pages import go, render
from wanghuo.modules.accountability import catalogue, forms, sheet_files
from wanghuo.modules.accountability import sheets as data_of
from wanghuo.modules.accountability.models import ScoreSheet
from wanghuo.modules.accountability.pages import common
from wanghuo.modules.accountability.pages.common import VIEW, ActForm, actor_of
from wanghuo.modules.accountability.services import frame, sheets
from wanghuo.modules.accountability.sheets import CHECKLIST, KINDS, METHOD_NAMES, SCHEME, Data
from wanghuo.modules.accountability.states import ASSESS_RIGHT, SheetState

LARGEST = Limits(bytes=2 << 20, rows=1000)
GALLERIES = {SCHEME: "/assessments/schemes", CHECKLIST: "/tours/checklists"}
TITLES = {SCHEME: Text("考核方案", "Schemes of assessment"), CHECKLIST: Text("巡查检查表", "Checklists of tours")}
FORMATS = {
    "toml": "application/toml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@needs(VIEW)
@require_GET
def schemes(request: HttpRequest) -> HttpResponse:
    """The schemes of assessment: those drawn up here, then those of the package."""
    return _gallery(request, SCHEME)


@needs(VIEW)
@require_GET
def checklists(request: HttpRequest) -> HttpResponse:
    """The checklists of tours, in the same order."""
    return _gallery(request, CHECKLIST)


def _gallery(request: HttpRequest, kind: str) -> HttpResponse:
    actor = actor_of(request)
    own = ScoreSheet.objects.visible_to(actor).filter(kind=kind).order_by("-id")[:100]
    names = {of.code: of.name for of in indicators()}
    context = {
        "title": TITLES[kind],
        "kind": kind,
        "own": [(row, data_of.full_of(kind, _seen(row, actor)), len(data_of.items_of(kind, _seen(row, actor)))) for row in own],
        "machine": ScoreSheet.MACHINE,
        "presets": [(code, found, shown(kind, found.raw, names)) for code, found in catalogue.presets(kind).items()],
        "may": actor.can(ASSESS_RIGHT),
    }  # fmt: skip
    return render(request, "accountability/sheets.html", context)


def _sheet(request: HttpRequest, ref: str) -> ScoreSheet:
    """The sheet of a page, which stands in the navigation under the gallery of its kind."""
    row = frame.load(ScoreSheet, ref, actor=actor_of(request))
    request.nav_at = GALLERIES[row.kind]  # type: ignore[attr-defined]
    return row


def _seen(row: ScoreSheet, actor: Actor) -> Data:
    """What one may read of a sheet: the draft only where one may edit it."""
    if row.draft is not None and (frame.may(actor, ASSESS_RIGHT, row) or not row.version):
        return dict(row.draft)
    return dict(row.data)


def shown(kind: str, data: Mapping[str, Any], names: Mapping[str, Text]) -> list[dict[str, Any]]:
    """The parts of a sheet as a page shows them; a checklist is one part."""
    if kind == CHECKLIST:
        rows = [
            {**data_of.as_typed(i), "title": Text(*i["text"]), "how": Text(*i["how"])} for i in data.get("items", ())
        ]
        return [{"title": None, "items": rows, "full": data_of.full_of(kind, data)}]
    return [
        {
            "title": Text(*part["title"]),
            "items": [_shown_item(item, names) for item in part["item"]],
            "full": data_of.full_of(kind, {"part": [part]}),
        }
        for part in data.get("part", ())
    ]


def _shown_item(item: Mapping[str, Any], names: Mapping[str, Text]) -> dict[str, Any]:
    return {
        **data_of.as_typed(item),
        "title": Text(*item["title"]),
        "evidence": Text(*(item.get("evidence") or ("", ""))),
        "how": METHOD_NAMES.get(item.get("method", ""), Text("未选", "not chosen")),
        "measured": names.get(item.get("indicator", "")),
    }


# --- beginning -----------------------------------------------------------------------------------------------------


class NewSheetForm(Form):
    """How a sheet begins."""

    title = text(
        Text("名称", "Name"),
        limit=120,
        required=False,
        help_text=Text(
            "复制或导入时可不填，沿用原名", "may be left empty with a copy or a file, which bring their own"
        ),
    )
    title_en = text(Text("英文名称", "Name in English"), limit=160, required=False)
    like = fields.ChoiceField(label=Text("从何开始", "Begin with"), required=False)  # type: ignore[arg-type]
    table = fields.FileField(
        label=Text("或导入文件", "or from a file"),  # type: ignore[arg-type]
        required=False,
        widget=fields.FileInput(attrs={"accept": ".toml,.xlsx,.csv"}),
        help_text=Text("TOML 或 xlsx，与本页导出的格式相同", "TOML or xlsx, of the form that is exported here"),  # type: ignore[arg-type]
    )  # fmt: skip

    def __init__(self, *args: Any, choices: list[tuple[str, Text]], **kwargs: Any) -> None:
        self.base_fields["like"].choices = choices  # type: ignore[attr-defined]
        super().__init__(*args, **kwargs)


@needs(ASSESS_RIGHT)
@limited_upload(LARGEST.bytes)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a sheet: blank, like another one, or from a file."""
    actor = actor_of(request)
    kind = request.GET.get("kind", SCHEME)
    if kind not in KINDS:
        raise Http404
    request.nav_at = GALLERIES[kind]  # type: ignore[attr-defined]
    region = common.home(actor, ASSESS_RIGHT)
    own = ScoreSheet.objects.visible_to(actor).filter(kind=kind).order_by("-id")[:100]
    begin = [("", Text("空白", "blank"))]
    begin += [(c, Text(f"复制“{p.title.zh}”", f"copy “{p.title.en}”")) for c, p in catalogue.presets(kind).items()]
    begin += [(r.ref, Text(f"复制“{r.title}”", f"copy “{r.title}”")) for r in own]

    def save(data: dict[str, Any]) -> ScoreSheet:
        made = None
        if data["table"]:
            made = _from_file(data["table"], kind)
        elif data["like"]:
            made = sheets.copy_of(kind, data["like"], actor=actor)
        name = data["title"].strip() or (str(made["title"][0]) if made else "")
        name_en = data["title_en"].strip() or (str(made["title"][1]) if made and not data["title"].strip() else "")
        return sheets.make(kind=kind, region=region, title=name, title_en=name_en, data=made, actor=actor)

    return answer(
        request,
        NewSheetForm,
        save=save,
        then=lambda row: f"{row.url}/edit",
        title=Text(f"新建{KINDS[kind].zh}", f"New {KINDS[kind].en}"),
        submit=Text("下一步：项目", "Next: items"),
        initial={"like": request.GET.get("like", "")},
        form_kwargs={"choices": begin},
    )


def _from_file(upload: Any, kind: str) -> Data:
    """The data of an uploaded sheet. Raises SheetUnreadable, ledgers' Unreadable, Invalid."""
    raw = b"".join(upload.chunks())
    if str(upload.name).lower().endswith(".toml"):
        try:
            found, data = sheet_files.from_toml(raw.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise sheet_files.SheetUnreadable(why=Text("不是 UTF-8 编码", "it is not UTF-8")) from None
    else:
        with tempfile.TemporaryDirectory(dir=settings.HOME) as folder:
            path = Path(folder) / "table"
            path.write_bytes(raw)
            found, data = sheet_files.from_rows(example_rows(path, LARGEST, LARGEST.rows))
    if found != kind:
        wrong = Text(
            f"这是{KINDS[found].zh}，不是{KINDS[kind].zh}。", f"This is a {KINDS[found].en}, not a {KINDS[kind].en}."
        )
        raise Invalid(wrong, field="table")
    return data


# --- one sheet -----------------------------------------------------------------------------------------------------


@needs(VIEW)
@require_GET
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    """One sheet: what is published, what is being worked on, and every version."""
    actor = actor_of(request)
    row = _sheet(request, ref)
    may = frame.may(actor, ASSESS_RIGHT, row)
    data = _seen(row, actor)
    names = {of.code: of.name for of in indicators()}
    drafting = row.draft is not None and (may or not row.version)
    acts = common.offered(row, actor)
    if not drafting:
        acts = [a for a in acts if a.name != "publish"]
    if may and row.state != SheetState.ARCHIVED:
        acts.insert(0, Act("edit", Text("编辑项目", "edit the items"), f"{row.url}/edit", main=not drafting))
    context = common.base(
        row,
        actor,
        acts=acts,
        kind=row.kind,
        kind_name=KINDS[row.kind],
        gallery=(GALLERIES[row.kind], TITLES[row.kind]),
        data=data,
        parts=shown(row.kind, data, names),
        full=data_of.full_of(row.kind, data),
        drafting=drafting,
        wrong=sheets.problems_of(row.kind, data) if drafting else [],
        versions=list(row.versions.order_by("-number")),
        subject=data_of.SUBJECTS.get(data.get("subject", "")),
        period=data_of.PERIODS.get(data.get("period", "year")),
        mark=data.get("mark", "D"),
    )
    return render(request, "accountability/sheet.html", context)


@needs(VIEW)
@require_GET
def version(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """A version as it was published."""
    row = _sheet(request, ref)
    found = row.versions.filter(number=number).first()
    if found is None:
        raise Http404
    names = {of.code: of.name for of in indicators()}
    context = {
        "title": Text(f"{found.data['title'][0]} v{number}", f"{found.data['title'][1]} v{number}"),
        "row": row,
        "found": found,
        "kind": row.kind,
        "gallery": (GALLERIES[row.kind], TITLES[row.kind]),
        "parts": shown(row.kind, found.data, names),
        "full": data_of.full_of(row.kind, found.data),
    }
    return render(request, "accountability/sheet_version.html", context)


@needs(ASSESS_RIGHT)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, ref: str) -> HttpResponse:
    """The editor; every button keeps the draft."""
    actor = actor_of(request)
    row = _sheet(request, ref)
    frame.require(actor, ASSESS_RIGHT, row)
    if row.state == SheetState.ARCHIVED:
        return go(request, row.url)
    before = dict(row.draft if row.draft is not None else row.data)
    if request.method == "GET":
        return _editor(request, row, before)
    button = request.POST.get("op", "save")
    sent = data_of.from_form(row.kind, request.POST, before)
    data = data_of.pressed(row.kind, sent, button)
    try:
        if button == "drop_draft":
            return go(request, sheets.drop_draft(ref, actor=actor).url)
        saved = sheets.save_draft(ref, data=data, seen=request.POST.get("seen", ""), actor=actor)
        if button == "publish":
            return go(request, sheets.publish(ref, actor=actor).url)
    except AppError as error:
        if error.status not in (409, 422):
            raise
        row.refresh_from_db()
        return _editor(request, row, data, error=error)
    return _editor(request, saved, data, focus=button, saved=True)


def _editor(
    request: HttpRequest, row: ScoreSheet, data: Data, *, error: AppError | None = None, focus: str = "", saved: bool = False
) -> HttpResponse:  # fmt: skip
    items = [(n, data_of.as_typed(item)) for n, item in enumerate(data_of.items_of(row.kind, data))]
    parts, at = [], 0
    for part in data.get("part", ()):
        count = len(part["item"])
        parts.append((part, items[at : at + count], data_of.full_of(SCHEME, {"part": [part]})))
        at += count
    context = {
        "title": Text(f"编辑：{row.title}", f"Edit: {row.title}"),
        "row": row,
        "data": data,
        "gallery": (GALLERIES[row.kind], TITLES[row.kind]),
        "checklist": row.kind == CHECKLIST,
        "parts": parts if row.kind == SCHEME else [(None, items, data_of.full_of(CHECKLIST, data))],
        "full": data_of.full_of(row.kind, data),
        "grades": data_of.grades_text(data),
        "methods": METHOD_NAMES,
        "subjects": data_of.SUBJECTS,
        "periods": data_of.PERIODS,
        "marks": data_of.MARKS,
        "indicators": indicators(),
        "wrong": sheets.problems_of(row.kind, data),
        "next_version": row.version + 1,
        "error": error,
        "saved": saved,
        "focus": focus,
        "seen": row.changed_at.isoformat(),
    }
    return render(request, "accountability/sheet_edit.html", context, status=error.status if error else 200)


ACTS = {
    "publish": ActForm(
        forms.NoteForm, lambda ref, data, actor: sheets.publish(ref, note=data["note"], actor=actor),
        Text("新开始的考核、巡查用新版本；已开始的不变", "what begins from now on uses it; what has begun keeps its version"),
    ),
    "archive": ActForm(forms.ReasonForm, lambda ref, data, actor: sheets.archive(ref, reason=data["reason"], actor=actor)),
}  # fmt: skip
act = common.act_view(ScoreSheet, ACTS)


# --- files ---------------------------------------------------------------------------------------------------------


@needs(VIEW)
@require_GET
def own_file(request: HttpRequest, ref: str, fmt: str) -> HttpResponse:
    """A sheet as TOML or as a workbook, to be edited elsewhere and brought back."""
    actor = actor_of(request)
    row = frame.load(ScoreSheet, ref, actor=actor)
    return _file(row.kind, _seen(row, actor), fmt, row.ref)


@needs(VIEW)
@require_GET
def preset_file(request: HttpRequest, kind: str, code: str, fmt: str) -> HttpResponse:
    """A sheet of the package, in the same forms."""
    if kind not in KINDS or code not in catalogue.presets(kind):
        raise Http404
    return _file(kind, dict(catalogue.presets(kind)[code].raw), fmt, code)


def _file(kind: str, data: Data, fmt: str, name: str) -> HttpResponse:
    if fmt not in FORMATS:
        raise Http404
    content = sheet_files.as_toml(kind, data).encode() if fmt == "toml" else _workbook(kind, data)
    response = HttpResponse(content, content_type=FORMATS[fmt])
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.{fmt}")
    return response


def _workbook(kind: str, data: Data) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        sheet = book.add_worksheet(sheet_name(KINDS[kind].zh))
        sheet.set_column(0, 20, 16)
        for number, row in enumerate(sheet_files.as_rows(kind, data)):
            for column, value in enumerate(row):
                sheet.write_string(number, column, value)
    return out.getvalue()
