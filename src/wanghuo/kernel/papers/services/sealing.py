"""Numbering, sealing and serving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.utils import timezone

from wanghuo.base import Text
from wanghuo.base.time import local_day
from wanghuo.kernel import files as stored
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts import bodies
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.loops import due, open_duty, start_clock
from wanghuo.kernel.outbox import emit
from wanghuo.kernel.papers import kinds, rendering, signing
from wanghuo.kernel.papers.events import PaperServed
from wanghuo.kernel.papers.kinds import PaperKind
from wanghuo.kernel.papers.models import OfficialPaper, PaperCounter
from wanghuo.kernel.papers.selectors import Named, get_paper, subject_of, subject_of_copy
from wanghuo.kernel.papers.services.moves import about, begin, finish, level_with
from wanghuo.kernel.papers.states import CopyState, PaperState

RECEIPT_RULE = "papers.receipt"
SEALED = "sealed"
BLANK = "  "


def series_of(kind: PaperKind, issuer: Body) -> str:
    """The series a paper's number belongs to: its serial with everything filled in but year and running number."""
    words = {"region": bodies.place_stem(issuer.region_code), "body": bodies.token(issuer)}
    filled = kind.serial
    for name, word in words.items():
        filled = filled.replace("{" + name + "}", word)
    return filled[:80]


def number_of(series: str, year: int, sequence: int | None) -> str:
    """The number of a paper, 普宁消安委办督〔2026〕3号; with a blank where none has been given yet."""
    return series.replace("{year}", str(year)).replace("{n}", BLANK if sequence is None else str(sequence))


def next_number(issuer: Body, series: str, year: int) -> int:
    """The next running number of an issuer in a series and year, to be asked for in the transaction that uses it.

    One statement takes the number and holds its row until the transaction ends; one that is rolled back gives it back. So
    each counts 1, 2, 3 without a gap, on both databases.
    """
    table = PaperCounter._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (issuer, series, year, last) VALUES (%s, %s, %s, 1) "  # noqa: S608
            f"ON CONFLICT (issuer, series, year) DO UPDATE SET last = {table}.last + 1 RETURNING last",
            [issuer.pk.hex, series, year],
        )
        return int(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class Ahead:
    """A print made before the act: the page it shows and the signed PDF of that page."""

    html: str
    pdf: bytes


def print_ahead(paper: Named, *, actor: Actor) -> Ahead | None:
    """Print and sign an approved paper with the number it would get now, so that the sealing itself keeps nobody waiting.

    None where the paper cannot be sealed by the actor; `seal` says why. Writes nothing.
    """
    row = get_paper(paper, actor=actor)
    if row.state != PaperState.APPROVED or not actor.can("papers.seal", row):
        return None
    kind, now = kinds.paper_kind(row.kind), timezone.now()
    series, year = series_of(kind, row.issuer), local_day(now).year
    counter = PaperCounter.objects.filter(issuer=row.issuer.pk.hex, series=series, year=year)
    _number(row, series, year, (counter.values_list("last", flat=True).first() or 0) + 1)
    row.sealed_at = now
    return _print(row, kind)


def _number(paper: OfficialPaper, series: str, year: int, sequence: int) -> None:
    paper.series, paper.year, paper.sequence = series, year, sequence
    paper.serial = number_of(series, year, sequence)


def _print(paper: OfficialPaper, kind: PaperKind, ahead: Ahead | None = None) -> Ahead:
    """The signed print; the one made ahead when its page is still the same to the letter."""
    html = rendering.html(paper, sealed=True)
    if ahead is not None and ahead.html == html:
        return ahead
    reason = f"{kind.title.zh} {paper.serial}"
    return Ahead(html, signing.sign(rendering.print_html(html), reason=reason, name=paper.issuer.name))


@transaction.atomic
def seal(paper: Named, *, actor: Actor, ahead: Ahead | None = None) -> OfficialPaper:
    """Give an approved paper its number, print it with the issuer's seal, sign the PDF and keep it.

    ahead: what `print_ahead` made a moment ago. Raises NotFound, NotPermitted, MoveRefused.
    """
    row, move = begin(paper, "seal", actor=actor)
    kind, now = kinds.paper_kind(row.kind), timezone.now()
    series, year = series_of(kind, row.issuer), local_day(now).year
    _number(row, series, year, next_number(row.issuer, series, year))
    row.sealed_by, row.sealed_at = actor.id, now
    upload = ContentFile(_print(row, kind, ahead).pdf, name=f"{row.serial}.pdf")
    row.file = stored.store(upload, actor=actor, subject=subject_of(row), view_right="papers.view", label=SEALED)
    row.sha256 = row.file.sha256
    names = ("series", "year", "sequence", "serial", "sealed_by", "sealed_at", "file", "sha256")
    changed = {name: getattr(row, name) for name in names}
    finish(row, move, actor=actor, changed=changed, note=row.serial, after={"number": row.serial, "sha256": row.sha256})
    title = Text("送达文书 · {title}", "Serve the paper · {title}").filled({"title": row.title})
    level = level_with("papers.draft", row.region_code)
    open_duty(subject_of(row), move="serve", title=title, right="papers.draft", asked_by=actor, at_level=level)
    return row


@transaction.atomic
def serve(paper: Named, *, actor: Actor) -> OfficialPaper:
    """Serve a sealed paper on its addressees: each has it in the inbox, with a clock for the receipt, and for the answer.

    Raises NotFound, NotPermitted, MoveRefused.
    """
    row, move = begin(paper, "serve", actor=actor)
    now = timezone.now()
    finish(row, move, actor=actor, changed={"served_by": actor.id, "served_at": now})
    for copy in row.copies.order_by("position"):
        subject = subject_of_copy(copy, row)
        copy.state = CopyState.SERVED
        start_clock(subject, rule=RECEIPT_RULE, start=now, move="receive")
        if row.asks_reply:
            copy.reply_by = row.reply_by or due(row.reply_rule, region=copy.region_code, start=_from(row, now)).at
            if copy.reply_by > now:
                start_clock(subject, rule=row.reply_rule, start=now, due_at=copy.reply_by, move="reply")
        copy.save(update_fields=["state", "reply_by"])
        level = "unit" if copy.scope_unit else level_with("papers.receive", copy.region_code)
        title = Text("签收 · {number} {title}", "Sign for · {number} {title}")
        open_duty(
            subject,
            move="receive",
            title=title.filled({"number": row.serial, "title": row.title}),
            right="papers.receive",
            asked_by=actor,
            rule=RECEIPT_RULE,
            at_level=level,
        )
    facts = about(row)
    emit(PaperServed(**facts, number=row.serial, region_code=row.region_code, at=now))
    return row


def _from(paper: OfficialPaper, now: datetime) -> datetime:
    """When the period of the answer begins: now, or at the moment the paper itself is about (an interview), if later."""
    at = paper.fields.get(kinds.paper_kind(paper.kind).reply_from, "")
    return max(now, datetime.fromisoformat(at)) if at else now


@transaction.atomic
def file_away(paper: Named, *, actor: Actor, note: str = "") -> OfficialPaper:
    """Close a sealed paper that is kept and not served through the platform. Raises NotFound, NotPermitted, MoveRefused."""
    row, move = begin(paper, "file", actor=actor)
    return finish(row, move, actor=actor, changed={"closed_at": timezone.now()}, note=note.strip())
