"""The one list: columns, filters as a sentence in the URL, keyset pages, capped counts, export, print (ux 4.1).

A module declares its `ListPage` once and answers with it; docs/modules/ui.md has an example of 25 lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from wanghuo.base import NotPermitted, Text
from wanghuo.base.text import listing as joined
from wanghuo.base.time import local
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.roles import right_name
from wanghuo.kernel.regions import codes
from wanghuo.kernel.ui import components, exports
from wanghuo.kernel.ui.cells import Column, show
from wanghuo.kernel.ui.context import address
from wanghuo.kernel.ui.filters import Chip, Choice, Filter, Flag, Words
from wanghuo.kernel.ui.language import say
from wanghuo.kernel.ui.models import SavedView
from wanghuo.kernel.ui.pages import render, target
from wanghuo.kernel.ui.paging import Order, Slice, capped_count, slice_of
from wanghuo.kernel.ui.saved_views import views_of

__all__ = ["Bulk", "Chip", "Choice", "Column", "Empty", "Flag", "Link", "ListPage", "Listing", "Words"]

Rows = QuerySet[Any]
Exporter = Callable[[HttpRequest, "Listing", str], HttpResponseBase]
REGION, PERIOD = Text("区划", "Region"), Text("时间", "Period")


@dataclass(frozen=True, slots=True)
class Link:
    """A button above the list. Without the right it is absent. `key`: the single key that presses it."""

    label: Text
    url: str
    right: str = ""
    icon: str = ""
    key: str = ""
    main: bool = False


@dataclass(frozen=True, slots=True)
class Bulk:
    """An act on the selected rows: POSTs their references as `ref` to `url`."""

    label: Text
    url: str
    right: str


@dataclass(frozen=True, slots=True)
class Empty:
    """What stands in place of rows when there never were any: what this is for, and one main act."""

    text: Text
    act: Link | None = None


@dataclass(frozen=True, slots=True)
class ListPage:
    """The declaration of a list.

    `row_url`: where a row leads, a format with the row as `{0}` ("/hazards/{0.ref}"). `sort`: the name of the
    sortable column it
    begins with, "-" for descending ("-id": newest first). `period`: the model field that `?period=` narrows.
    `regional`: whether
    `?region=` narrows it. `code` names the list in the audit of exports (module:subject), `export_right` who may
    export;
    `exporter` takes over from the built-in csv and xlsx. `level`: a row's attribute whose 4 or 3 marks the row's edge. `index`: for a table
    of millions, the fields that stand between region and key in its indexes, each with every value it takes (ADR 0230). `fields`: the model fields that the columns
    read, when the table has many more.
    """

    title: Text
    what: Text
    columns: Sequence[Column]
    row_url: str = ""
    filters: Sequence[Filter] = ()
    sort: str = "-id"
    period: str = ""
    regional: bool = True
    code: str = ""
    export_right: str = ""
    exporter: Exporter | None = None
    links: Sequence[Link] = ()
    bulk: Sequence[Bulk] = ()
    empty: Empty | None = None
    level: str = ""
    index: Mapping[str, Sequence[str]] = field(default_factory=dict)
    fields: Sequence[str] = ()
    template: str = "ui/list.html"
    page_size: int = 50

    def respond(
        self, request: HttpRequest, rows: Rows, context: Mapping[str, Any] | None = None, *, title: Text | None = None
    ) -> HttpResponseBase:
        """Answer with the list of `rows`, which the view has already narrowed with `visible_to` (and
        `select_related`)."""
        shown = Listing(self, request, rows)
        kind = request.GET.get("export", "")
        if kind in exports.TYPES:
            return shown.export(kind)
        template = "ui/_list.html" if target(request) == "list" else self.template
        return render(request, template, {"list": shown, "title": title or self.title, **(context or {})})

    def of(self, request: HttpRequest, rows: Rows) -> Listing:
        """The list as data, for a page that shows it inside something else: `{% include "ui/_list.html" with list=…
        %}`."""
        return Listing(self, request, rows)


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the page shows it."""

    object: Any
    url: str
    ref: str
    level: int | None
    cells: Sequence[tuple[Column, Any]]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: whether and how the list is sorted by it, and where pressing it leads."""

    column: Column
    sorted: str
    url: str


@dataclass
class Listing:
    """One list at one address for one person."""

    page: ListPage
    request: HttpRequest
    everything: Rows
    _now: Any = field(default_factory=timezone.now)

    @property
    def actor(self) -> Actor:
        """Who looks."""
        return self.request.actor  # type: ignore[attr-defined]

    @cached_property
    def order(self) -> Order:
        """The order asked for, where its column can be sorted by; else the list's own."""
        return self._order(self.request.GET.get("sort", "")) or self._order(self.page.sort) or Order("id", True)

    @cached_property
    def filtered(self) -> Rows:
        """The rows within region and period that meet every filter."""
        rows = self.everything
        if self.region:
            rows = rows.in_region(self.region)  # type: ignore[attr-defined]
        if self.span is not None:
            rows = rows.filter(
                **{f"{self.page.period}__gte": self.span.start, f"{self.page.period}__lt": self.span.end}
            )
        for each in self.page.filters:
            rows = each.apply(rows, self.request)
        return rows.only(*self.page.fields) if self.page.fields else rows

    @property
    def region(self) -> str:
        """The region in the URL, when the list takes one and the code is valid."""
        wanted = self.request.GET.get("region", "")
        try:
            return codes.normalise(wanted) if self.page.regional and wanted else ""
        except ValueError:
            return ""

    @cached_property
    def span(self) -> Any:
        """The period in the URL as instants; None without one, or with one that cannot be read."""
        from wanghuo.kernel.indicators.periods import Period

        wanted = self.request.GET.get("period", "")
        if not (self.page.period and wanted):
            return None
        try:
            return Period.parse(wanted, local(self._now).date())
        except ValueError:
            return None

    @cached_property
    def slice(self) -> Slice:
        """The page of rows asked for."""
        params = self.request.GET
        return slice_of(
            self.filtered,
            self.order,
            after=params.get("after", ""),
            before=params.get("before", ""),
            size=self.page.page_size,
            parts=self.parts,
        )

    @cached_property
    def parts(self) -> list[Rows]:
        """The rows by every combination of values of the page's `index`, when the filters hold some of its fields: an index gives
        the keys of each part newest first, and no index gives all of them so. Else empty.

        For one combination, too: asked for whole rows PostgreSQL takes values that hardly ever meet for independent, and reads
        the table from its end in search of them.
        """
        if not self._held or self.order.field != "id":
            return []
        fields = self.page.index
        combinations = product(*(self._held.get(name, values) for name, values in fields.items()))
        return [self.filtered.filter(**dict(zip(fields, values, strict=True))) for values in combinations]

    @cached_property
    def _held(self) -> dict[str, list[str]]:
        """The fields of the page's `index` that the filters hold to some values."""
        held: dict[str, list[str]] = {}
        for each in self.page.filters:
            for name, values in each.fixed(self.request).items() if isinstance(each, Choice | Flag) else ():
                if name in self.page.index:
                    held[name] = [v for v in values if v in held.get(name, values)]
        return held

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of this page, each cell drawn."""
        return [self._row(thing) for thing in self.slice.rows]

    @cached_property
    def count(self) -> str:
        """How many rows meet the filters: exact up to 10,000, then 10,000+."""
        rest = {
            f"{name}__in": values for name, values in self.page.index.items() if self._held and name not in self._held
        }
        return self._counted(self.filtered.filter(**rest))  # says nothing new, but lets the database count in the index

    @cached_property
    def wider_count(self) -> str:
        """How many rows there are without the filters."""
        return self._counted(self.everything)

    @cached_property
    def chips(self) -> list[Chip]:
        """The active filters in words."""
        found = [chip for each in self.page.filters for chip in each.chips(self.request)]
        wanted = self.request.GET
        if self.page.regional and wanted.get("region"):
            found.insert(0, self._region_chip(wanted["region"]))
        if self.page.period and wanted.get("period"):
            raw = wanted["period"]
            words = self.span.label if self.span is not None and hasattr(self.span, "label") else Text(raw, raw)
            found.insert(0, Chip("period", PERIOD, words, valid=self.span is not None))
        return found

    @property
    def sentence(self) -> str:
        """The filters as one sentence, for empty lists, prints and cover sheets."""
        if not self.chips:
            return say(Text("全部", "everything"))
        return say(joined([Text(*(_chip_words(chip, lang) for lang in ("zh", "en"))) for chip in self.chips]))

    @property
    def heads(self) -> list[Head]:
        """The column heads."""
        return [self._head(column) for column in self.page.columns]

    @property
    def links(self) -> list[Link]:
        """The buttons the person has the right to."""
        return [link for link in self.page.links if not link.right or self.actor.can(link.right)]

    @property
    def bulk(self) -> list[Bulk]:
        """The bulk acts the person has the right to."""
        return [act for act in self.page.bulk if self.actor.can(act.right)]

    @property
    def may_export(self) -> bool:
        """Whether the export buttons are there."""
        return bool(self.page.export_right) and self.actor.can(self.page.export_right)

    @property
    def next_url(self) -> str:
        """The address of the next page; empty on the last."""
        return address(self.request, after=self.slice.after) if self.slice.after else ""

    @property
    def previous_url(self) -> str:
        """The address of the page before; empty on the first."""
        return address(self.request, before=self.slice.before) if self.slice.before else ""

    @property
    def clear_url(self) -> str:
        """The address without any filter."""
        return address(self.request, **dict.fromkeys((*self._filter_names, "region", "period"), ""))

    @property
    def kept(self) -> list[tuple[str, str]]:
        """The parameters that the filter form carries along, since its fields do not hold them."""
        keep = {"region", "period", "sort", "view"}
        return [(name, value) for name in sorted(keep) for value in self.request.GET.getlist(name)]

    @property
    def filter_fields(self) -> list[tuple[Filter, list[tuple[str, Text, bool]]]]:
        """Every filter with its options and which are chosen, for the filter form."""
        return [
            (
                each,
                [
                    (value, word, value in each.values(self.request))
                    for value, word in each.options(self.request).items()
                ],
            )
            for each in self.page.filters
        ]

    @cached_property
    def views(self) -> list[SavedView]:
        """The saved views of this list that the person may choose."""
        return views_of(self.request.path, self.actor)

    @property
    def view(self) -> SavedView | None:
        """The saved view that is shown."""
        return next((each for each in self.views if str(each.id) == self.request.GET.get("view")), None)

    @property
    def words(self) -> str:
        """What is in the list's own search field."""
        return next(
            (v[0] for each in self.page.filters if isinstance(each, Words) and (v := each.values(self.request))), ""
        )

    @property
    def words_filter(self) -> Words | None:
        """The list's own search, where it has one."""
        return next((each for each in self.page.filters if isinstance(each, Words)), None)

    @property
    def export_csv(self) -> str:
        """Where this list, as filtered and sorted, downloads as csv."""
        return address(self.request, export="csv")

    @property
    def export_xlsx(self) -> str:
        """Where this list, as filtered and sorted, downloads as xlsx."""
        return address(self.request, export="xlsx")

    @transaction.atomic
    def export(self, kind: str) -> HttpResponseBase:
        """The whole filter as a file; the export is audited. Raises NotPermitted, exports.TooManyRows."""
        from wanghuo.kernel.audit import record

        if not self.may_export:
            raise NotPermitted(right=right_name(self.page.export_right or "export"))
        count, more = capped_count(self.filtered, exports.ROW_LIMIT)
        if more and self.page.exporter is None:
            raise exports.TooManyRows(limit=exports.ROW_LIMIT)
        region = self.region or self.actor.home
        known = {"rows": count, "filter": self.request.GET.urlencode(), "kind": kind}
        record(self.actor, f"{self.page.code}:export", self.page.code, region=region, after=known)
        if self.page.exporter is not None:
            return self.page.exporter(self.request, self, kind)
        return exports.as_file(self._table(), kind)

    def _table(self) -> exports.Table:
        shown = [column for column in self.page.columns if column.export]
        key = f"{'-' if self.order.descending else ''}{self.order.field}"
        ordered = self.filtered.order_by(key)
        return exports.Table(
            title=self.page.title,
            heads=[say(column.label) for column in shown],
            rows=self._plain(ordered, shown),
            sentence=self.sentence,
            made_by=self.actor.name,
            made_at=local(self._now),
        )

    @staticmethod
    def _plain(rows: Rows, shown: Sequence[Column]) -> Iterator[list[Any]]:
        for row in rows.iterator(chunk_size=1000):
            yield [column.plain(row) for column in shown]

    def _order(self, wanted: str) -> Order | None:
        name, descending = wanted.removeprefix("-"), wanted.startswith("-")
        if name == "id":
            return Order("id", descending)
        return next((Order(c.sort, descending) for c in self.page.columns if c.name == name and c.sort), None)

    def _row(self, thing: Any) -> Row:
        url = self.page.row_url.format(thing) if self.page.row_url else ""
        level = getattr(thing, self.page.level) if self.page.level else None
        cells = [(column, show(column, thing, url)) for column in self.page.columns]
        return Row(thing, url, str(getattr(thing, "ref", thing.pk)), level, cells)

    def _head(self, column: Column) -> Head:
        if not column.sort:
            return Head(column, "", "")
        now = self.order.field == column.sort
        way = ("descending" if self.order.descending else "ascending") if now else ""
        other = column.name if now and self.order.descending else f"-{column.name}"
        return Head(column, way, address(self.request, sort=other))

    def _counted(self, rows: Rows) -> str:
        count, more = capped_count(rows)
        return f"{count:,}{'+' if more else ''}"

    @property
    def _filter_names(self) -> list[str]:
        return [each.name for each in self.page.filters]

    def _region_chip(self, raw: str) -> Chip:
        name = components.region_name(self.region) if self.region else raw
        return Chip("region", REGION, Text(name, name), valid=bool(self.region))


def _chip_words(chip: Chip, language: str) -> str:
    words = chip.words.in_(language)
    return f"{chip.label.in_(language)}={words}" if words else chip.label.in_(language)
