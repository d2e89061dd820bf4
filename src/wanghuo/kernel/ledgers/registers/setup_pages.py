"""The builder in the browser: a register's parts as one form, its preview, and its publication."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django import forms as fields
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import AppError, Invalid, NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.ledgers import mapping as maps
from wanghuo.kernel.ledgers.models import Register
from wanghuo.kernel.ledgers.passes import example_rows
from wanghuo.kernel.ledgers.reading import Limits
from wanghuo.kernel.ledgers.registers import builder, defining, forms, schema, selecting
from wanghuo.kernel.ledgers.registers.presets import TOPICS, presets
from wanghuo.kernel.ledgers.states import REGISTER, RegisterState
from wanghuo.kernel.ledgers.uploads import limited_upload
from wanghuo.kernel.ui.forms import Form, answer
from wanghuo.kernel.ui.pages import go, render

DEFINE = selecting.DEFINE
SAMPLE = Limits(bytes=10 << 20, rows=2000)
BLANK: dict[str, Any] = {"field": [{"key": "name", "label": ["名称", "Name"], "kind": "text", "required": True}]}


class NewForm(Form):
    """How a register begins."""

    title_zh = fields.CharField(label=Text("台账名称", "Name in Chinese"), max_length=200)  # type: ignore[arg-type]
    title_en = fields.CharField(label=Text("英文名称", "Name in English"), max_length=300, required=False)  # type: ignore[arg-type]
    code = fields.CharField(
        label=Text("代码", "Code"),  # type: ignore[arg-type]
        max_length=40,
        help_text=Text("小写字母、数字、下划线，用于网址", "small letters, digits, underscores; part of its address"),  # type: ignore[arg-type]
    )
    like = fields.ChoiceField(label=Text("从何开始", "Begin with"), required=False)  # type: ignore[arg-type]
    table = fields.FileField(
        label=Text("或从表格生成", "or from a table"),  # type: ignore[arg-type]
        required=False,
        help_text=Text(
            "xlsx 或 csv；按表头生成字段，数据随后可导入",
            "xlsx or csv: its headings become fields; its rows can be imported afterwards",
        ),  # type: ignore[arg-type]
    )

    def __init__(self, *args: Any, choices: list[tuple[str, Text]], **kwargs: Any) -> None:
        self.base_fields["like"].choices = choices  # type: ignore[attr-defined]
        super().__init__(*args, **kwargs)


@needs(DEFINE)
@limited_upload(SAMPLE.bytes)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a register: blank, like another one, or from a table's headings."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    own = Register.objects.visible_to(actor).filter(preset=False)
    begin = [("", Text("空白", "blank"))]
    begin += [
        (c, Text(f"照“{p.definition.title.zh}”", f"like “{p.definition.title.en}”")) for c, p in presets().items()
    ]
    begin += [(b.code, Text(f"照“{b.title.zh}”", f"like “{b.title.en}”")) for b in own]

    def save(data: dict[str, Any]) -> Register:
        definition = _beginning(data, actor)
        definition["title"] = [data["title_zh"], data["title_en"] or data["title_zh"]]
        return defining.create_register(
            code=data["code"].strip(), definition=definition, region=actor.home, actor=actor
        )

    return answer(
        request,
        NewForm,
        save=save,
        then=lambda book: f"{book.url}/setup",
        title=Text("新建台账", "New register"),
        submit=Text("下一步：字段", "Next: fields"),
        initial={"like": request.GET.get("like", "")},
        form_kwargs={"choices": begin},
    )


def _beginning(data: dict[str, Any], actor: Actor) -> dict[str, Any]:
    if data.get("table"):
        return {"field": _from_table(data["table"])}
    like = data.get("like")
    if not like:
        return dict(BLANK)
    if like in presets():
        return presets()[like].definition.as_json() | {"seeds": []}
    return selecting.definition_of(selecting.get_register(like, actor)).as_json()


def _from_table(upload: Any) -> list[dict[str, Any]]:
    """Fields from the headings of an uploaded table. Raises Unreadable, Invalid."""
    with tempfile.TemporaryDirectory(dir=settings.HOME) as folder:
        path = Path(folder) / "table"
        with path.open("wb") as file:
            for chunk in upload.chunks():
                file.write(chunk)
        rows = example_rows(path, SAMPLE, 40)
    at = next((i for i, row in enumerate(rows) if sum(bool(c.strip()) for c in row) >= 2), 0)
    names = maps.headings(rows[at]) if rows else []
    if not names:
        raise Invalid(Text("没有找到表头。", "No headings were found."), field="table")
    return defining.from_headings(names, rows[at + 1 :])


@needs(DEFINE)
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest, code: str) -> HttpResponse:
    """The parts of a register; every button keeps the draft."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    book = selecting.get_register(code, actor)
    actor.require(DEFINE, book)
    if request.method == "GET":
        return _setup_page(request, book, defining.draft_of(book))
    if (button := request.POST.get("op", "save")) == "drop_draft":
        defining.drop_draft(code=code, actor=actor)
        return go(request, f"{book.url}/setup")
    definition = defining.draft_of(book)
    try:
        definition = builder.posted(request.POST, definition)
        definition, focus = builder.pressed(definition, button)
        defining.save_draft(code=code, definition=definition, actor=actor)
        if button == "publish":
            return go(request, defining.publish(code=code, actor=actor).url)
    except AppError as error:
        if error.status not in (409, 422):
            raise
        return _setup_page(request, book, definition, error)
    if button == "preview":
        return go(request, f"{book.url}/preview")
    return go(request, f"{book.url}/setup" + (f"?at={focus}#{focus}" if focus else "?saved=1"))


def _setup_page(
    request: HttpRequest, book: Register, definition: dict[str, Any], error: AppError | None = None
) -> HttpResponse:
    at = request.GET.get("at", "")
    rows = [
        {
            **raw,
            "choices_text": builder.choices_text(raw.get("choices", ())),
            "was_text": ",".join(raw.get("was", ())),
            "focus": at.removeprefix(f"field-{i}-") if at.startswith(f"field-{i}") else "",
        }
        for i, raw in enumerate(definition.get("field", ()))
    ]
    measures = [
        {
            **raw,
            "focus": at.removeprefix(f"measure-{i}-") if at.startswith(f"measure-{i}") else "",
            "names_text": "、".join(raw.get("names", ())),
            "where_text": builder.conditions_text(raw.get("where", ())),
            "base_text": builder.conditions_text(raw.get("base", ())),
        }
        for i, raw in enumerate(definition.get("measure", ()))
    ]
    context = {
        "title": Text("配置台账：{title}", "Set up: {title}").filled({"title": book.title}),
        "book": book,
        "d": definition,
        "rows": rows,
        "measures": measures,
        "unique": ",".join(definition.get("unique", ())),
        "dates": [r for r in rows if r.get("kind") == "date"],
        "numbers": [r for r in rows if r.get("kind") in schema.NUMBERS],
        "kinds": schema.KINDS, "levels": schema.LEVELS, "marks": schema.MARKS, "confirms": schema.CONFIRM,
        "subjects": schema.SUBJECTS, "topics": TOPICS, "measure_kinds": schema.MEASURES,
        "error": error,
        "saved": "saved" in request.GET,
        "next_version": book.version + 1,
        "machine": REGISTER,
        "published": book.version > 0,
        "may_archive": book.state == RegisterState.IN_USE and not book.preset,
    }  # fmt: skip
    return render(request, "ledgers/setup.html", context, status=error.status if error else 200)


@needs(DEFINE)
@require_GET
def preview(request: HttpRequest, code: str) -> HttpResponse:
    """The form of a line as the draft would make it; it saves nothing."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    book = selecting.get_register(code, actor)
    actor.require(DEFINE, book)
    definition = schema.read(defining.draft_of(book))
    form = forms.row_form(definition, actor, region=actor.home)(prefix=forms.PREFIX)
    context = {"title": Text("预览表单", "Preview of the form"), "form": form, "book": book, "definition": definition}
    return render(request, "ledgers/preview.html", context)


@needs(DEFINE)
@require_http_methods(["POST"])
def move(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """Archive a register, or use it again."""
    if name not in ("archive", "reopen"):
        raise NotFound(what=Text("操作", "act"), ref=name)
    book = defining.move_register(code=code, move=name, actor=request.actor)  # type: ignore[attr-defined]
    return go(request, f"{book.url}/about")
