"""Pages of papers: the list, drafting, one paper with its preview, its acts, and the files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.db.models import Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_http_methods

from wanghuo.base import NotFound, NotPermitted, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.access.roles import right_name
from wanghuo.kernel.accounts import bodies
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.accounts.pages import needs_recent_factor
from wanghuo.kernel.crypto.digests import Digests
from wanghuo.kernel.files import storage
from wanghuo.kernel.papers import forms, kinds, rendering, seals, selectors, services
from wanghuo.kernel.papers.errors import ApproverIsDrafter, FileDamaged
from wanghuo.kernel.papers.models import Copy, OfficialPaper
from wanghuo.kernel.papers.services.answering import belongs_to, had_a_part
from wanghuo.kernel.papers.states import COPY, MARKS, PAPER, PaperState
from wanghuo.kernel.papers.tables import PAPERS
from wanghuo.kernel.ui.acts import Act, acts_for
from wanghuo.kernel.ui.forms import Form, answer
from wanghuo.kernel.ui.lists import Column, Empty, ListPage, Words
from wanghuo.kernel.ui.pages import render

READ = ("papers.view", "papers.receive")
OF_COPIES = frozenset({"receive", "reply", "accept_reply", "return_reply"})
OUTWARD = ("seal", "serve", "close", "void")  # what an addressee reads of besides its own copy
CHANGE, ATTACH = Text("修改", "edit"), Text("添加附件", "attach a file")
LABELS = {"draft": Text("起草", "drafted"), "change": Text("修改", "edited"), "attach": Text("添加附件", "attached")}
HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}


@dataclass(frozen=True, slots=True)
class ActForm:
    """One act: its form, the service it calls, and what is said beside the button."""

    form: type[Form]
    save: Callable[[str, dict[str, Any], Actor], object]
    after: Text | None = None


def _plain(service: Callable[..., object]) -> Callable[[str, dict[str, Any], Actor], object]:
    return lambda ref, data, actor: service(ref, actor=actor, **data)


ACTS: dict[str, ActForm] = {
    "submit": ActForm(
        forms.EmptyForm, _plain(services.submit), Text("随后进入签批人的待办", "goes to whoever approves")
    ),
    "approve": ActForm(
        forms.NoteForm, _plain(services.approve), Text("随后编号用印", "then it is numbered and sealed")
    ),
    "return": ActForm(forms.ReasonForm, _plain(services.return_)),
    "seal": ActForm(
        forms.EmptyForm,
        _plain(services.seal),
        Text("随后取号、盖章、签名，不能再改", "takes its number, seal and signature; no change after that"),
    ),
    "serve": ActForm(
        forms.EmptyForm,
        _plain(services.serve),
        Text("随后起算签收与回复期限", "the clocks for receipt and answer start"),
    ),
    "file": ActForm(forms.NoteForm, _plain(services.file_away)),
    "close": ActForm(forms.NoteForm, _plain(services.close)),
    "void": ActForm(
        forms.ReasonForm, _plain(services.void), Text("字号保留，核验时显示已作废", "the number stays used")
    ),
    "attach": ActForm(
        forms.AttachForm, lambda ref, data, actor: services.attach(ref, upload=data["file"], actor=actor)
    ),
}
CopySave = Callable[[str, UUID, dict[str, Any], Actor], object]
COPY_ACTS: dict[str, tuple[type[Form], CopySave]] = {
    "receive": (forms.EmptyForm, lambda ref, copy, data, actor: services.receive(ref, copy, actor)),
    "reply": (
        forms.ReplyForm,
        lambda ref, copy, data, actor: services.reply(ref, copy, data["text"], data["evidence"], actor),
    ),
    "accept_reply": (
        forms.NoteForm,
        lambda ref, copy, data, actor: services.accept_reply(ref, copy, actor, data["note"]),
    ),
    "return_reply": (
        forms.ReasonForm,
        lambda ref, copy, data, actor: services.return_reply(ref, copy, data["reason"], actor),
    ),
}


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined, no-any-return]


@needs(*READ)
@require_GET
def papers(request: HttpRequest) -> HttpResponseBase:
    """Every paper of the actor's places, and those served on them."""
    # fetched apart: joined in, PostgreSQL compares every paper that holds a word with every body before it sorts
    return PAPERS.respond(request, selectors.visible(_actor(request)).prefetch_related("issuer"))


@needs("papers.draft")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Choose a kind, then draft."""
    code = request.GET.get("kind", "")
    if not code:
        return render(
            request, "papers/kinds.html", {"title": Text("起草文书", "Draft a paper"), "kinds": kinds.paper_kinds()}
        )
    kind, actor = kinds.paper_kind(code), _actor(request)
    region = actor.with_right("papers.draft")[0].region if actor.grants else actor.home

    def save(data: dict[str, Any]) -> OfficialPaper:
        issuer: Body = data["issuer"]
        written = forms.as_written(data)
        return services.draft(kind=code, region=issuer.region_code, issuer=issuer.pk, actor=actor, **written)

    return answer(
        request,
        forms.form_for(kind),
        save=save,
        then=lambda paper: paper.url,
        title=Text("起草{kind}", "Draft: {kind}").filled({"kind": kind.title}),
        submit=Text("保存草稿", "Save the draft"),
        after=Text("保存后可预览、修改，再送签", "you can look at it and edit before submitting"),
        initial={"issuer": _default_issuer(kind, region), "title": kind.title_hint, **_given(request, kind)},
        form_kwargs={"actor": actor, "region": region},
    )


def _default_issuer(kind: kinds.PaperKind, region: str) -> str:
    found = bodies.resolve(kind.issuer, region) or bodies.resolve("政府", region)
    return found.name if found and found.region_code == region else ""


def _given(request: HttpRequest, kind: kinds.PaperKind) -> dict[str, str]:
    """What a link into the form gives: to, title, and fields by their names."""
    known = {"to": "to", "title": "title", **{field.name: forms.PREFIX + field.name for field in kind.fields}}
    return {name: request.GET[given] for given, name in known.items() if given in request.GET}


@needs(*READ)
@require_GET
def paper(request: HttpRequest, ref: str) -> HttpResponse:
    """One paper: how it looks, where it stands, who has signed and answered."""
    actor = _actor(request)
    row = selectors.get_paper(ref, actor=actor)
    copies = _copies(row, actor)
    context = {
        "paper": row,
        "title": Text(row.title, row.title),
        "kind": selectors.kind_title(row),
        "machine": PAPER,
        "copy_machine": COPY,
        "mark": MARKS.get(row.state, ""),  # type: ignore[call-overload]
        "acts": offered(row, actor),
        "warnings": rendering.warnings(row),
        "copies": copies,
        "signed": sum(entry["row"].received_at is not None for entry in copies),
        "answered": sum(entry["row"].replied_at is not None for entry in copies),
        "entries": _entries(row, actor, copies),
        "attachments": selectors.files_with(row, "attachment"),
        "verify": rendering.written_code(row.code) if row.sequence else "",
        **rendering.context_of(row, sealed=row.sequence is not None),
    }
    return render(request, "papers/paper.html", context)


def offered(row: OfficialPaper, actor: Actor) -> list[Act]:
    """What this person may do with the paper as a whole; the acts on copies stand beside each copy."""
    refusals = {"approve": ApproverIsDrafter.text} if row.drafted_by == actor.id else {}
    found = acts_for(PAPER, row.state, actor=actor, row=row, url=row.url, refusals=refusals, hidden=OF_COPIES)
    # making void is possible nearly always and is nobody's expected next step: it comes last of what is possible
    found.sort(key=lambda act: (not act.allowed, act.name == "void"))
    found = [replace(act, main=act.main and act.name != "void") for act in found]
    if row.state != PaperState.DRAFT or not actor.can("papers.draft", row):
        return found
    extra = [Act("change", CHANGE, f"{row.url}/change"), Act("attach", ATTACH, f"{row.url}/acts/attach")]
    return [*found[:1], *extra, *found[1:]]


def _copies(row: OfficialPaper, actor: Actor) -> list[dict[str, Any]]:
    """The copies the reader may see: all of them for the issuer's side, else the own ones; each with its acts."""
    rows = list(row.copies.order_by("position"))
    if not actor.can("papers.view", row):
        rows = [copy for copy in rows if any(actor.can(right, copy) for right in READ)]
    found = [
        {"row": copy, "acts": _copy_acts(row, copy, actor), "files": selectors.files_of_copy(copy)} for copy in rows
    ]
    return sorted(
        found, key=lambda entry: (not entry["acts"], not entry["row"].reply)
    )  # what waits for the reader, first


def _copy_acts(row: OfficialPaper, copy: Copy, actor: Actor) -> list[Act]:
    if row.state not in (PaperState.SERVED, PaperState.RECEIVED, PaperState.REPLIED):
        return []
    found = []
    for move in COPY.possible(copy.state):
        about = row if move.right == "papers.draft" else copy
        wanted = move.name in OF_COPIES and (move.name != "reply" or row.asks_reply)
        own = move.right == "papers.draft" or (belongs_to(copy, actor) and not had_a_part(row, actor))
        if wanted and own and actor.can(move.right, about):
            found.append(Act(move.name, move.label, f"{row.url}/copies/{copy.pk}/acts/{move.name}"))
    return found


def _entries(row: OfficialPaper, actor: Actor, copies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The time line; an addressee reads of its own copy and of what was done to the paper in public, not of the drafting."""
    steps = row.steps.select_related("copy").order_by("-id")
    if not actor.can("papers.view", row):
        own = [entry["row"].pk for entry in copies]
        steps = steps.filter(Q(copy__in=own) | Q(copy=None, move__in=OUTWARD))
    return [
        {
            "at": step.at,
            "who": step.by_name,
            "what": LABELS.get(step.move) or PAPER.label(step.move),
            "by": "person",
            "note": " · ".join(part for part in (step.copy.name if step.copy else "", step.note) if part),
        }
        for step in steps[:100]
    ]


@needs("papers.draft")
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, ref: str) -> HttpResponse:
    """Write a draft anew."""
    actor = _actor(request)
    row = selectors.get_paper(ref, actor=actor)
    kind = kinds.paper_kind(row.kind)
    actor.require("papers.draft", row)
    PAPER.move(row.state, "submit")

    def save(data: dict[str, Any]) -> OfficialPaper:
        return services.change(ref, actor=actor, **forms.as_written(data))

    return answer(
        request,
        forms.form_for(kind),
        save=save,
        then=row.url,
        title=Text("修改{kind}", "Edit: {kind}").filled({"kind": kind.title}),
        initial=forms.initial_of(row, kind),
        form_kwargs={"actor": actor, "region": row.region_code},
    )


@needs(*READ)
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, ref: str, name: str) -> HttpResponse:
    """The form of one act on the whole paper, and its doing. Sealing asks for the second factor anew (`seal`)."""
    if name not in ACTS or name == "seal":
        raise Http404
    return _act(request, ref, name)


@needs("papers.seal")
@needs_recent_factor
@require_http_methods(["GET", "POST"])
def seal(request: HttpRequest, ref: str) -> HttpResponse:
    """Number and seal. The print is made before the writing begins, so that nobody waits for a typesetter."""
    ahead = None
    if request.method == "GET":
        rendering.warm_up()
    else:
        ahead = services.print_ahead(ref, actor=_actor(request))
    return _act(request, ref, "seal", given={"ahead": ahead})


def _act(request: HttpRequest, ref: str, name: str, given: Mapping[str, Any] | None = None) -> HttpResponse:
    actor, form = _actor(request), ACTS[name]
    row = selectors.get_paper(ref, actor=actor)
    table_name = "submit" if name == "attach" else name
    if request.method == "GET":
        _require_some(actor, row, table_name)
        PAPER.move(row.state, table_name)
    label = ATTACH if name == "attach" else PAPER.label(name)
    return answer(
        request,
        form.form,
        save=lambda data: form.save(ref, {**data, **(given or {})}, actor),
        then=row.url,
        title=label,
        submit=label,
        after=form.after,
    )


def _require_some(actor: Actor, row: OfficialPaper, name: str) -> None:
    rights = sorted({move.right for move in PAPER.moves if move.name == name})
    if not any(actor.can(right, row) for right in rights):
        raise NotPermitted(right=right_name(rights[0]))


@needs(*READ)
@require_http_methods(["GET", "POST"])
def copy_act(request: HttpRequest, ref: str, copy_id: UUID, name: str) -> HttpResponse:
    """The form of one act on the copy of an addressee, and its doing."""
    if name not in COPY_ACTS:
        raise Http404
    actor, (form, save) = _actor(request), COPY_ACTS[name]
    row = selectors.get_paper(ref, actor=actor)
    copy = selectors.get_copy(row, copy_id)
    if request.method == "GET":
        move = COPY.move(copy.state, name)
        actor.require(move.right, row if move.right == "papers.draft" else copy)
    title = Text("{act} · {name}", "{act} · {name}").filled({"act": COPY.label(name), "name": copy.name})
    return answer(
        request,
        form,
        save=lambda data: save(ref, copy_id, data, actor),
        then=row.url,
        title=title,
        submit=COPY.label(name),
    )


@needs(*READ)
@require_GET
def pdf(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The sealed PDF as it was signed; of a paper without a number, a print of the draft."""
    row = selectors.get_paper(ref, actor=_actor(request))
    if row.file_id is None:
        return _download(rendering.pdf(row, sealed=False), "application/pdf", f"{row.ref}.pdf")
    path = storage.original(row.file_id)
    digests = Digests()
    content = path.read_bytes() if path.exists() else b""
    digests.update(content)
    if digests.hex()[0] != row.sha256:
        raise FileDamaged
    return _download(content, "application/pdf", f"{row.serial} {row.title}.pdf")


@needs(*READ)
@require_GET
def docx(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The paper as a Word file, without seal."""
    from wanghuo.kernel.papers.docx_paper import docx as made

    row = selectors.get_paper(ref, actor=_actor(request))
    media = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    return _download(made(row), media, f"{row.serial or row.ref} {row.title}.docx")


def _download(content: bytes, media: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media, headers=HEADERS)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


@needs(*READ)
@require_GET
def file(request: HttpRequest, ref: str, file_id: UUID) -> HttpResponseBase:
    """A file that goes with the paper or with an answer to it, for whoever may read the paper."""
    actor = _actor(request)
    row = selectors.get_paper(ref, actor=actor)
    found = selectors.file_of(row, [entry["row"] for entry in _copies(row, actor)], file_id)
    path = storage.original(file_id)
    if not path.exists():
        raise NotFound(what=selectors.FILE, ref=file_id)
    response = FileResponse(path.open("rb"), content_type=found.content_type, as_attachment=True, filename=found.name)
    for header, value in HEADERS.items():
        response[header] = value
    return response


SEALS = ListPage(
    title=Text("印章", "Seals"),
    what=Text("机关", "bodies"),
    columns=(
        Column("name", Text("机关", "Body"), kind="ref"),
        Column("region_code", Text("区划", "Region"), kind="region"),
        Column("seal", Text("印章", "Seal"), value=lambda body: _seal_word(body)),
    ),
    row_url="/papers/seals/{0.pk}",
    filters=(Words("q", Text("名称", "Name"), fields=("name",)),),
    sort="-id",
    empty=Empty(Text("你能用印的机关列在这里。", "The bodies whose seal you may use are listed here.")),
)


def _seal_word(body: Body) -> Text:
    if body.has_seal:  # type: ignore[attr-defined]
        return Text("已上传", "uploaded")
    return Text("示范章（未上传）", "demonstration seal (none uploaded)")


@needs("papers.seal")
@require_GET
def seals_page(request: HttpRequest) -> HttpResponseBase:
    """The bodies whose seal the actor may use."""
    return SEALS.respond(request, selectors.bodies_to_seal_for(_actor(request)))


@needs("papers.seal")
@needs_recent_factor
@require_http_methods(["GET", "POST"])
def seal_page(request: HttpRequest, body_id: UUID) -> HttpResponse:
    """Upload the seal of a body."""
    actor = _actor(request)
    body = bodies.get_body(body_id, actor=actor)
    if not actor.can("papers.seal", body):
        raise NotFound(what=bodies.WHAT, ref=body_id)
    return answer(
        request,
        forms.SealForm,
        save=lambda data: seals.set_seal(body=body, upload=data["file"], actor=actor),
        then="/papers/seals",
        title=Text("{name}的印章", "Seal of {name}").filled({"name": body.name}),
        submit=Text("启用", "Take into use"),
        after=Text(
            "原印章同时停用；已发文书不变", "the one before is taken out of use; papers issued stay as they are"
        ),
        template="papers/seal.html",
        context={"seal_src": seals.seal_src(body)},
    )
