"""Reports whose numbers can be followed: a title, paragraphs of runs, tables; as a Word file and as HTML.

report = Document("11月上半月消防安全工作情况", subtitle="普宁市消防安全委员会办公室")
report.heading("一、总体情况")
report.paragraph("全市共接警 ", Run("46", url="/alarms?period=2026-11"), " 起。")
report.table(("镇（街道）", "整改率"), [("赤岗镇", Run("96.2%", url="/hazards?region=445281102"))])
report.docx(); report.html()
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from wanghuo.kernel.papers.selectors import public_base


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text. `url`: the page that shows the records behind it, a path of this site or a whole address."""

    text: str
    url: str = ""
    bold: bool = False


Words = str | Run


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a document: a heading of `level` 1 to 3, a paragraph (both of `runs`), or a table of `rows`, the head first."""

    kind: Literal["heading", "paragraph", "table"]
    runs: tuple[Run, ...] = ()
    rows: tuple[tuple[Run, ...], ...] = ()
    level: int = 1


@dataclass(slots=True)
class Document:
    """A report in the making."""

    title: str
    subtitle: str = ""
    pieces: list[Piece] = field(default_factory=list)

    def heading(self, text: str, level: int = 1) -> Document:
        """A heading; level 1 is 一、, 2 （一）, 3 plain."""
        self.pieces.append(Piece("heading", (Run(text),), level=level))
        return self

    def paragraph(self, *runs: Words) -> Document:
        """A paragraph of runs."""
        self.pieces.append(Piece("paragraph", _runs(runs)))
        return self

    def table(self, head: Sequence[Words], rows: Iterable[Sequence[Words]]) -> Document:
        """A table; every row has as many cells as the head. Raises ValueError otherwise."""
        made = tuple(_runs(row) for row in (head, *rows))
        if any(len(row) != len(head) for row in made):
            raise ValueError("every row of a table has as many cells as its head")
        self.pieces.append(Piece("table", rows=made))
        return self

    @property
    def text(self) -> str:
        """The words alone, a line for each paragraph and each row."""
        lines = [self.title, *([self.subtitle] if self.subtitle else [])]
        for piece in self.pieces:
            if piece.kind == "table":
                lines += ["\t".join(run.text for run in row) for row in piece.rows]
            else:
                lines.append("".join(run.text for run in piece.runs))
        return "\n".join(lines)

    def links(self) -> list[Run]:
        """Every run that leads somewhere: each number with its source."""
        runs = [run for piece in self.pieces for run in (*piece.runs, *(r for row in piece.rows for r in row))]
        return [run for run in runs if run.url]

    def html(self) -> SafeString:
        """The document for a page, everything escaped; links stay paths of this site."""
        parts = [format_html('<h2 class="report-title">{}</h2>', self.title)]
        if self.subtitle:
            parts.append(format_html('<p class="report-sub">{}</p>', self.subtitle))
        parts += [_html(piece) for piece in self.pieces]
        return SafeString("\n".join(parts))

    def docx(self, base: str = "") -> bytes:
        """The document as a Word file. `base`: what goes before paths of this site; the public address unless given."""
        from wanghuo.kernel.papers import word  # python-docx: only where a file is made

        base = (base or public_base()).rstrip("/")
        file = word.blank()
        word.paragraph(file, self.title, font=word.TITLE, size=22, align="center", line=word.TITLE_LINE)
        if self.subtitle:
            word.paragraph(file, self.subtitle, font=word.KAITI, align="center")
        for piece in self.pieces:
            if piece.kind == "table":
                word.table(file, piece.rows, lambda at, run: _write(at, run, base, 12))
                continue
            heading = {1: word.HEITI, 2: word.KAITI}.get(piece.level, word.FANGSONG)
            made = word.paragraph(file, indent=2)
            for run in piece.runs:
                _write(made, run, base, 16, font=heading if piece.kind == "heading" else word.FANGSONG)
        return word.save(file, title=self.title)


def _runs(words: Sequence[Words]) -> tuple[Run, ...]:
    return tuple(word if isinstance(word, Run) else Run(str(word)) for word in words)


def _safe(url: str) -> str:
    """The address when it is a path of this site or of the web; else none, so that no script hides in a link."""
    own = url.startswith("/") and not url.startswith("//")
    return url if own or url.startswith(("https://", "http://")) else ""


def _html(piece: Piece) -> SafeString:
    if piece.kind == "table":
        head, *rows = piece.rows
        return format_html(
            '<div class="table-wrap"><table class="table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>',
            format_html_join("", '<th scope="col">{}</th>', ((_run_html(run),) for run in head)),
            format_html_join(
                "",
                "<tr>{}</tr>",
                ((format_html_join("", "<td>{}</td>", ((_run_html(r),) for r in row)),) for row in rows),
            ),
        )
    inner = format_html_join("", "{}", ((_run_html(run),) for run in piece.runs))
    if piece.kind == "heading":
        return format_html("<h{0}>{1}</h{0}>", min(piece.level + 2, 5), inner)
    return format_html("<p>{}</p>", inner)


def _run_html(run: Run) -> SafeString:
    if url := _safe(run.url):
        return format_html('<a href="{}">{}</a>', url, run.text)
    return format_html("<strong>{}</strong>", run.text) if run.bold else format_html("{}", run.text)


def _write(made: object, run: Run, base: str, size: float, font: str = "") -> None:
    from wanghuo.kernel.papers import word

    if url := _safe(run.url):
        word.link(made, run.text, base + url if url.startswith("/") else url, size=size)
    else:
        word.face(made.add_run(word.writable(run.text)), font or word.FANGSONG, size, bold=run.bold)  # type: ignore[attr-defined]
