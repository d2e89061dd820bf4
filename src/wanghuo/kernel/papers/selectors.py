"""Reads of papers, and what duties and clocks know of them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.scope import grants_q
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.files.models import StoredFile
from wanghuo.kernel.loops.contracts import Subject
from wanghuo.kernel.papers.models import Copy, OfficialPaper, Seal
from wanghuo.kernel.papers.states import COPY, PAPER, CopyState

SUBJECT_KIND, COPY_KIND = "paper", "paper_copy"
FILE = Text("文件", "file")
Named = OfficialPaper | str | UUID


def visible(actor: Actor) -> QuerySet[OfficialPaper]:
    """The papers the actor may see."""
    return OfficialPaper.objects.visible_to(actor)


def get_paper(which: Named, *, actor: Actor, lock: bool = False) -> OfficialPaper:
    """A paper by itself, its reference or its key, read anew. Raises NotFound, also outside the actor's scope."""
    rows = visible(actor)
    if lock:
        rows = rows.select_for_update(of=("self",))
    if isinstance(which, OfficialPaper):
        which = which.pk
    found = rows.filter(**({"pk": which} if isinstance(which, UUID) else {"ref": which})).first()
    if found is None:
        raise NotFound(what=PAPER.what, ref=which)
    return found


def papers_about(kind: str, record_id: UUID, actor: Actor) -> QuerySet[OfficialPaper]:
    """The papers about a record that the actor may see, the newest first."""
    return visible(actor).filter(about_kind=kind, about_id=record_id).order_by("-id")


def get_copy(paper: OfficialPaper, which: UUID, *, lock: bool = False) -> Copy:
    """The copy of an addressee, by its own key, its body's or its unit's. Raises NotFound."""
    rows = Copy.objects.filter(paper=paper)
    if lock:
        rows = rows.select_for_update(of=("self",))
    for column in ("pk", "body_id", "scope_unit"):
        if found := rows.filter(**{column: which}).first():
            return found
    raise NotFound(what=COPY.what, ref=which)


def issued() -> QuerySet[OfficialPaper]:
    """The papers that have a number, for public verification: whoever has the code or the file may ask."""
    return OfficialPaper.objects.exclude(sequence=None).select_related("issuer")


def unsigned() -> Q:
    """Papers of which an addressee has not signed the receipt; narrows rows that were read within scope."""
    return Q(pk__in=Copy.objects.filter(state=CopyState.SERVED).values("paper"))


def bodies_to_seal_for(actor: Actor) -> QuerySet[Body]:
    """The bodies whose seal the actor may use, each with whether one was uploaded (`has_seal`)."""
    in_use = Seal.objects.filter(body=OuterRef("pk"), retired_at=None)
    return Body.objects.filter(grants_q(actor, "papers.seal"), active=True).annotate(has_seal=Exists(in_use))


def files_with(paper: OfficialPaper, label: str) -> QuerySet[StoredFile]:
    """The files that go with a paper the reader may see, in the order they came."""
    return StoredFile.objects.filter(subject_kind=SUBJECT_KIND, subject_id=paper.pk, label=label).order_by("id")


def files_of_copy(copy: Copy) -> QuerySet[StoredFile]:
    """The files of an answer, for whoever may read that copy."""
    return StoredFile.objects.filter(subject_kind=COPY_KIND, subject_id=copy.pk).order_by("id")


def file_of(paper: OfficialPaper, copies: Iterable[Copy], file_id: UUID) -> StoredFile:
    """A file of the paper or of one of these copies. Raises NotFound."""
    among = [paper.pk, *(copy.pk for copy in copies)]
    found = StoredFile.objects.filter(pk=file_id, subject_id__in=among).first()
    if found is None:
        raise NotFound(what=FILE, ref=file_id)
    return found


def subject_of(paper: OfficialPaper) -> Subject:
    """The paper as duties and files know it."""
    return Subject.of(paper, SUBJECT_KIND, PAPER.what)


def subject_of_copy(copy: Copy, paper: OfficialPaper) -> Subject:
    """The copy as the addressee's duties and clocks know it."""
    return Subject.of(copy, COPY_KIND, PAPER.what, ref=paper.ref, url=paper.url)


def public_base() -> str:
    """The address under which the public reaches this deployment, without a slash at its end."""
    return settings.PUBLIC_URL or f"https://{settings.ALLOWED_HOSTS[0]}"


def public_url(paper: OfficialPaper) -> str:
    """Where anybody can verify the paper."""
    return f"{public_base()}/p/verify/{paper.code}"


def kind_title(paper: OfficialPaper) -> Text:
    """The word for the paper's kind; its code where the kind is no longer declared."""
    from wanghuo.kernel.papers.errors import UnknownKind
    from wanghuo.kernel.papers.kinds import paper_kind

    try:
        return paper_kind(paper.kind).title
    except UnknownKind:
        return Text(paper.kind, paper.kind)
