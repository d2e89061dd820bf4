"""A list as a file: at once up to AT_ONCE rows, above that as a job whose file waits for the person who asked.

`ListPage(exporter=exporting.export("units", rows=...))` is all a module declares. The rows are those the person may
see, the columns those of the list, so masks stay on; who exported what, under which filter, is audited by the list.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from wanghuo.base import NotFound, Text
from wanghuo.base.ids import new_id
from wanghuo.base.time import local
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.ledgers import workbooks
from wanghuo.kernel.ui.language import say, using
from wanghuo.kernel.ui.lists import Listing, ListPage
from wanghuo.kernel.ui.pages import go

AT_ONCE = 5000
EXPORT = Text("导出文件", "export file")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Rows = Callable[[Actor], QuerySet[Any]]
List = tuple[Callable[[], ListPage], Rows]
_lists: dict[str, List] = {}
_sources: dict[str, Callable[[str, Actor], List]] = {}


def export_source(prefix: str, find: Callable[[str, Actor], List]) -> None:
    """Give the lists whose codes begin with `prefix`, so that the process of the job finds them too."""
    _sources[prefix] = find


def _list(code: str, actor: Actor) -> List:
    if code in _lists:
        return _lists[code]
    return next(find(code, actor) for prefix, find in _sources.items() if code.startswith(prefix))


def export(
    code: str, *, page: Callable[[], ListPage], rows: Rows
) -> Callable[[HttpRequest, Listing, str], HttpResponseBase]:
    """The exporter of a list. `page` gives the list itself and `rows` what a person may see of it, for the job."""
    _lists[code] = (page, rows)
    return sender(code)


def sender(code: str) -> Callable[[HttpRequest, Listing, str], HttpResponseBase]:
    """The exporter of a list that a source gives by its code."""

    def answer(request: HttpRequest, listing: Listing, kind: str) -> HttpResponseBase:
        if listing.filtered[AT_ONCE : AT_ONCE + 1].exists():
            return _as_job(request, code, listing, kind)
        if kind == "csv":
            heads = [say(c.label) for c in _columns(listing)]
            body: HttpResponseBase = StreamingHttpResponse(
                list(workbooks.csv_lines(heads, _rows(listing))), content_type=TYPES["csv"]
            )
            body["Content-Disposition"] = _disposition(listing, kind)
            return body
        path = _folder(listing.actor) / f"{new_id()}.xlsx"
        write(listing, kind, path)
        file = path.open("rb")
        path.unlink()  # the open file lives on until it is sent
        return FileResponse(
            file, content_type=TYPES[kind], headers={"Content-Disposition": _disposition(listing, kind)}
        )

    return answer


def write(listing: Listing, kind: str, path: Path) -> int:
    """Write the whole filter of a list to a file. Returns how many rows."""
    heads = [say(c.label) for c in _columns(listing)]
    part = path.with_suffix(".part")
    count = 0
    if kind == "csv":
        with part.open("w", encoding="utf-8", newline="") as text:
            for count, line in enumerate(workbooks.csv_lines(heads, _rows(listing)), -1):  # noqa: B007 - counted
                text.write(line)
    else:
        cover = [
            (say(Text("筛选", "filter")), listing.sentence),
            (say(Text("导出人", "made by")), listing.actor.name),
            (say(Text("导出时间", "made at")), f"{local(timezone.now()):%Y-%m-%d %H:%M}"),
        ]
        with part.open("wb") as file:
            count = workbooks.as_xlsx(say(listing.page.title), heads, _rows(listing), cover, file)
    os.replace(part, path)
    return count


def write_job(code: str, query: str, language: str, kind: str, file_id: str, actor: Actor) -> int:
    """The same in a job, as the person who asked: what they may see now, not when they asked."""
    page, rows = _list(code, actor)
    request = HttpRequest()
    request.method, request.GET = "GET", QueryDict(query)
    request.actor = actor  # type: ignore[attr-defined]
    with using(language):
        return write(Listing(page(), request, rows(actor)), kind, _folder(actor) / f"{file_id}.{kind}")


def ready_file(file_id: str, kind: str, actor: Actor) -> Path:
    """The file of a finished export of this person. Raises NotFound, also for another person's."""
    path = _folder(actor) / f"{file_id}.{kind}"
    if not file_id.replace("-", "").isalnum() or kind not in TYPES or not path.is_file():
        raise NotFound(what=EXPORT, ref=file_id)
    return path


def _as_job(request: HttpRequest, code: str, listing: Listing, kind: str) -> HttpResponseBase:
    from wanghuo.kernel.ledgers import jobs  # jobs call this module

    query = request.GET.copy()
    query.pop("export", None)
    return go(request, jobs.export(code, query.urlencode(), kind, str(new_id()), listing))


def _folder(actor: Actor) -> Path:
    path = Path(settings.HOME) / "exports" / str(actor.id or "system")
    path.mkdir(parents=True, mode=0o700, exist_ok=True)
    return path


def _columns(listing: Listing) -> list[Any]:
    return [column for column in listing.page.columns if column.export]


def _rows(listing: Listing) -> Iterator[list[Any]]:
    columns, order = _columns(listing), listing.order
    key = f"{'-' if order.descending else ''}{order.field}"
    for row in listing.filtered.order_by(key).iterator(chunk_size=1000):
        yield [column.plain(row) for column in columns]


def _disposition(listing: Listing, kind: str) -> str:
    name = f"{say(listing.page.title)}-{local(timezone.now()):%Y%m%d-%H%M}.{kind}"
    return f"attachment; filename*=UTF-8''{quote(name)}"
