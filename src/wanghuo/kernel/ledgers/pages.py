"""The five steps of an import, and the files that lists leave as."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django import forms as fields
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from wanghuo.base import AppError, Invalid, NotFound, Text
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.access.roles import rights
from wanghuo.kernel.jobs.models import JobRun
from wanghuo.kernel.ledgers import exporting, jobs, passes, service, storage, workbooks
from wanghuo.kernel.ledgers import mapping as maps
from wanghuo.kernel.ledgers.importing import COORDINATE_NAMES, ImportKind, import_kind, import_kinds
from wanghuo.kernel.ledgers.models import ImportRun
from wanghuo.kernel.ledgers.states import IMPORT, ImportState
from wanghuo.kernel.ledgers.uploads import limited_upload
from wanghuo.kernel.regions import service as regions
from wanghuo.kernel.ui import forms
from wanghuo.kernel.ui.components import region_name
from wanghuo.kernel.ui.language import lang, say
from wanghuo.kernel.ui.lists import Choice, Column, Empty, Link, ListPage
from wanghuo.kernel.ui.pages import go, render

NAV_RIGHTS = tuple(sorted(right for right in rights() if right.endswith(".import")))
RIGHTS = tuple(sorted((*NAV_RIGHTS, "ledgers.edit")))  # whoever keeps a register may bring its lines in
AT_ONCE_FOR = timedelta(minutes=10)
INLINE_BYTES = 300_000  # a file below this is checked and written while the person waits
XLSX = exporting.TYPES["xlsx"]
STEPS = (
    Text("文件", "File"),
    Text("列对应", "Columns"),
    Text("检查（试算）", "Check (dry run)"),
    Text("写入", "Write"),
    Text("结果与撤销", "Result and undo"),
)
STEP_OF = {
    ImportState.UPLOADED: 1,
    ImportState.CHECKING: 2,
    ImportState.CHECKED: 2,
    ImportState.WRITING: 3,
    ImportState.WRITTEN: 4,
    ImportState.STOPPED: 4,
    ImportState.UNDONE: 4,
    ImportState.DISCARDED: 4,
}


def _title(run: ImportRun) -> Text:
    try:
        return import_kind(run.kind).title
    except NotFound:
        return Text(run.kind, run.kind)


IMPORTS = ListPage(
    title=Text("导入", "Imports"),
    what=Text("导入", "import"),
    columns=(
        Column("file", Text("文件", "File"), value="file_name", kind="ref"),
        Column("kind", Text("类型", "Kind"), value=_title),
        Column("region", Text("区划", "Region"), value="region_code", kind="region", wide=True),
        Column("state", Text("状态", "State"), kind="state", machine=IMPORT),
        Column("total", Text("行数", "Rows"), value=lambda r: r.counts.get("total"), kind="number"),
        Column("error", Text("错误", "Errors"), value=lambda r: r.counts.get("error"), kind="number"),
        Column("written", Text("写入", "Written"), value=lambda r: r.written_new + r.written_updates, kind="number"),
        Column("started_at", Text("上传时间", "Uploaded"), kind="when"),
    ),
    filters=(Choice("state", Text("状态", "State"), IMPORT.names),),  # type: ignore[arg-type]
    row_url="/data/imports/{0.id}",
    links=(Link(Text("导入文件", "Import a file"), "/data/imports/new", icon="plus", key="n", main=True),),
    empty=Empty(
        Text("把台账表格（xlsx、csv）成批导入：先检查，再写入，可撤销。",
             "Bring in ledgers (xlsx, csv) in bulk: check first, then write; it can be undone."),
        Link(Text("导入文件", "Import a file"), "/data/imports/new"),
    ),
)  # fmt: skip


@needs(*RIGHTS)
@require_GET
def imports(request: HttpRequest) -> HttpResponse:
    """The imports of the person's regions."""
    return IMPORTS.respond(request, ImportRun.objects.visible_to(request.actor))  # type: ignore[attr-defined,return-value]


# --- 1: the file ---------------------------------------------------------------------------------------------------


class UploadForm(forms.Form):
    """What is imported, for which region, from which file."""

    kind = fields.ChoiceField(label=Text("导入什么", "What"))  # type: ignore[arg-type]
    region = fields.CharField(
        label=Text("区划", "Region"),  # type: ignore[arg-type]
        help_text=Text("代码或名称；表中没有区划的行归入这里", "code or name; rows that name no region belong here"),  # type: ignore[arg-type]
    )
    source = fields.CharField(
        label=Text("来源", "Source"),  # type: ignore[arg-type]
        required=False,
        max_length=80,
        help_text=Text(
            "如 县教育局台账；下次同一来源自动沿用列对应",
            "such as the county's school ledger; its columns are remembered",
        ),  # type: ignore[arg-type]
    )
    file = fields.FileField(
        label=Text("文件", "File"),  # type: ignore[arg-type]
        help_text=Text(
            "xlsx、csv 或 csv.gz，最大 50 MB、20 万行", "xlsx, csv or csv.gz, at most 50 MB and 200,000 rows"
        ),  # type: ignore[arg-type]
    )

    def __init__(self, *args: Any, kinds: list[ImportKind], **kwargs: Any) -> None:
        self.base_fields["kind"].choices = [(k.code, k.title) for k in kinds]  # type: ignore[attr-defined]
        super().__init__(*args, **kwargs)


@needs(*RIGHTS)
@limited_upload(service.PERSON.bytes)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Take a file."""
    actor = request.actor  # type: ignore[attr-defined]

    def save(data: dict[str, Any]) -> ImportRun:
        region = regions.resolve(data["region"])
        if region is None:
            raise Invalid(Text("没有这个区划。", "There is no such region."), field="region")
        return service.start(
            kind_code=data["kind"], chunks=data["file"].chunks(), file_name=data["file"].name, region=region,
            source=data["source"], actor=actor,
        )  # fmt: skip

    kinds = import_kinds(actor)
    return forms.answer(
        request,
        UploadForm,
        save=save,
        then=lambda run: f"{run.url}/columns",
        title=Text("导入 · 选择文件", "Import · choose a file"),
        submit=Text("下一步：列对应", "Next: columns"),
        initial={"region": region_name(actor.home), "kind": request.GET.get("kind", "")},
        template="ledgers/upload.html",
        context={"kinds": kinds, "steps": STEPS, "step": 0},
        form_kwargs={"kinds": kinds},
    )


@needs(*RIGHTS)
@require_GET
def template(request: HttpRequest, kind: str) -> HttpResponse:
    """The empty table of a kind."""
    found = import_kind(kind, request.actor)  # type: ignore[attr-defined]
    request.actor.require(found.right)  # type: ignore[attr-defined]
    out = io.BytesIO()
    workbooks.template(found, lang(request), out)
    return _download(out, f"{say(found.title)}-{say(Text('导入模板', 'import template'))}.xlsx")


# --- 2: the columns ------------------------------------------------------------------------------------------------


@needs(*RIGHTS)
@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Say which column means what."""
    actor = request.actor  # type: ignore[attr-defined]
    run = service.get_run(run_id, actor=actor)
    kind, error = import_kind(run.kind), None
    data = dict(run.mapping)
    if request.method == "POST":
        data = _posted_mapping(request, run, kind)
        try:
            run = service.set_mapping(run_id=run.id, data=data, actor=actor)
            if request.POST.get("then") == "look":  # another heading row was chosen: look again at its columns
                return go(request, f"{run.url}/columns")
            _check(run, request)
            return go(request, run.url)
        except AppError as refused:
            if refused.status != 422:
                raise
            error = refused
    context = {
        "run": run, "kind": kind, "title": Text("导入 · 列对应", "Import · columns"), "steps": STEPS, "step": 1,
        "rows": _column_rows(run, kind, data, actor), "headings": run.headings, "header_row": data.get("header_row", 1),
        "coordinates": [(str(c), name, str(c) == data.get("coordinates")) for c, name in COORDINATE_NAMES.items()],
        "error": error.message if error else None,
    }  # fmt: skip
    response = render(request, "ledgers/columns.html", context, status=422 if error else 200)
    if error is not None:
        response.app_error = error  # type: ignore[attr-defined]
    return response


def _posted_mapping(request: HttpRequest, run: ImportRun, kind: ImportKind) -> dict[str, Any]:
    """The mapping as chosen on the page; what the page cannot show (joins, word lists) is kept from before."""
    before = run.mapping.get("columns", {})
    chosen: dict[str, Any] = {}
    for column in kind.columns:
        picked = request.POST.get(f"column.{column.name}", "")
        const = request.POST.get(f"const.{column.name}", "").strip()
        if picked == "=":
            chosen[column.name] = before.get(column.name, {})
        elif picked:
            chosen[column.name] = {**before.get(column.name, {}), "column": picked}
            chosen[column.name].pop("const", None)
        elif const:
            chosen[column.name] = {"const": const}
    header_row = request.POST.get("header_row", "1")
    return {
        **run.mapping,
        "columns": {name: row for name, row in chosen.items() if row},
        "header_row": int(header_row) if header_row.isdigit() else 1,
        "coordinates": request.POST.get("coordinates", ""),
    }


def _column_rows(run: ImportRun, kind: ImportKind, data: dict[str, Any], actor: Any) -> list[dict[str, Any]]:
    """A line for each field: what it is, which column it has now, and three values of that column."""
    header = data.get("header_row", 1)
    rows = passes.example_rows(storage.table_path(run.id), service.limits_for(actor))[header : header + 20]
    names = list(run.headings)
    lines = []
    for column in kind.columns:
        source = (data.get("columns") or {}).get(column.name) or {}
        source = {"column": source} if isinstance(source, str) else source
        place = names.index(source["column"]) if source.get("column") in names else -1
        cells = [row[place].strip() for row in rows if 0 <= place < len(row) and row[place].strip()]
        lines.append({
            "column": column, "source": source, "joined": "+".join(source.get("join", ())),
            "sample": "、".join(list(dict.fromkeys(cells))[:3])[:80],
        })  # fmt: skip
    return lines


# --- 3 to 5: check, write, undo ------------------------------------------------------------------------------------


@needs(*RIGHTS)
@require_GET
def import_run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Where an import stands."""
    run = service.get_run(run_id, actor=request.actor)  # type: ignore[attr-defined]
    kind = import_kind(run.kind)
    labels = {"new": Text("新增", "new"), "update": Text("更新", "updates"), "duplicate": Text("重复", "duplicates")}
    labels |= {"error": Text("错误", "errors"), "passed_over": Text("略过", "passed over")}
    good = run.counts.get("new", 0) + run.counts.get("update", 0)
    context = {
        "run": run,
        "kind": kind,
        "title": Text("导入{k}", "Import: {k}").filled({"k": kind.title}),
        "machine": IMPORT,
        "steps": STEPS,
        "step": STEP_OF[ImportState(run.state)],
        "counts": [(label, run.counts.get(name, 0)) for name, label in labels.items()] if run.counts else [],
        "good": good,
        "problems": [(p, Text(p["zh"], p["en"]), Text(p["fix_zh"], p["fix_en"])) for p in run.problems],
        "may": {move.name for move in IMPORT.possible(run.state)},
        "busy": _is_busy(run) and not _is_stalled(run),
        "stalled": _is_stalled(run),
        "can_undo": kind.undo is not None,
        "blocked": request.GET.get("blocked", ""),
    }
    return render(request, "ledgers/run.html", context)


def _is_busy(run: ImportRun) -> bool:
    return run.state in (ImportState.CHECKING, ImportState.WRITING)


def _is_stalled(run: ImportRun) -> bool:
    """Whether the process that was at it is gone: its job has ended, or it took far too long for a file done at
    once."""
    if not _is_busy(run):
        return False
    if run.job:
        found = JobRun.objects.filter(pk=run.job).first()
        return found is None or not found.is_open
    return timezone.now() - run.started_at > AT_ONCE_FOR


@needs(*RIGHTS)
@require_POST
def act(request: HttpRequest, run_id: UUID, name: str) -> HttpResponse:
    """Check, write, undo or discard."""
    actor = request.actor  # type: ignore[attr-defined]
    run = service.get_run(run_id, actor=actor)
    if name == "check":
        _check(run, request)
    elif name == "write":
        run = service.begin_write(run_id=run.id, actor=actor, good_rows_only=request.POST.get("good_rows_only") == "1")
        _in_turn(run, lambda: service.write(run_id=run.id, actor=actor), "write", request)
    elif name == "resume" and _is_stalled(run):
        _in_turn(run, lambda: service.write(run_id=run.id, actor=actor), "write", request)
    elif name == "undo":
        _, blocked = service.undo(run_id=run.id, actor=actor)
        if blocked:
            return go(request, f"{run.url}?blocked={quote('、'.join(blocked[:20]))}")
    elif name == "discard":
        service.discard(run_id=run.id, actor=actor)
    else:
        raise NotFound(what=Text("操作", "act"), ref=name)
    return go(request, run.url)


def _check(run: ImportRun, request: HttpRequest) -> None:
    actor = request.actor  # type: ignore[attr-defined]
    _in_turn(run, lambda: service.check(run_id=run.id, actor=actor), "check", request)


def _in_turn(run: ImportRun, at_once: Any, step: str, request: HttpRequest) -> None:
    """Small files while the person waits, large ones as a job."""
    if run.file_bytes <= INLINE_BYTES:
        at_once()
        return
    {"check": jobs.check, "write": jobs.write}[step](run, request.actor)  # type: ignore[attr-defined]


@needs(*RIGHTS)
@require_GET
def problems(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The faulty rows, annotated, to mend and send again."""
    actor = request.actor  # type: ignore[attr-defined]
    run = service.get_run(run_id, actor=actor)
    if not run.counts.get("error") or not storage.table_path(run.id).exists():
        raise NotFound(what=Text("错误清单", "list of errors"), ref=run_id)
    out = io.BytesIO()
    workbooks.annotated(
        storage.table_path(run.id), maps.from_data(run.mapping, import_kind(run.kind)).header_row,
        storage.Problems(run.id), lang(request), out, service.limits_for(actor),
    )  # fmt: skip
    return _download(out, f"{say(Text('待改', 'to mend'))}-{run.file_name.rsplit('.', 1)[0]}.xlsx")


# --- files ---------------------------------------------------------------------------------------------------------


@needs()
@require_GET
def export_file(request: HttpRequest, file_id: str, kind: str) -> HttpResponse:
    """A finished export of this person."""
    path = exporting.ready_file(file_id, kind, request.actor)  # type: ignore[attr-defined]
    name = f"{say(exporting.EXPORT)}-{file_id[:8]}.{kind}"
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return FileResponse(path.open("rb"), content_type=exporting.TYPES[kind], headers=headers)  # type: ignore[return-value]


def _download(out: io.BytesIO, name: str) -> HttpResponse:
    response = HttpResponse(out.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response
