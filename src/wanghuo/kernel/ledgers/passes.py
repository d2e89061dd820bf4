"""One pass over a file: rows in batches, converted, judged by the kind. The check and the write both go through
here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from wanghuo.base import Text
from wanghuo.kernel.ledgers import mapping as maps
from wanghuo.kernel.ledgers.importing import CellError, Context, ImportKind, Judged, Row
from wanghuo.kernel.ledgers.reading import Limits, read_rows
from wanghuo.kernel.regions import codes

BATCH = 500
Progress = Callable[..., object]


@dataclass(slots=True)
class Batch:
    """Rows of one stretch of the file: `raw` are their cells as they came, by row number."""

    rows: list[Row] = field(default_factory=list)
    errors: dict[int, list[CellError]] = field(default_factory=dict)
    raw: dict[int, list[str]] = field(default_factory=dict)
    passed_over: int = 0

    @property
    def last(self) -> int:
        """The last row number."""
        return max(self.raw, default=0)


class RegionFinder:
    """Finds regions by code or name, each text asked once; names inside the import's own region come first."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._known: dict[str, str | None] = {}

    def __call__(self, text: str) -> str | None:
        """The code of the region, None when there is none or the name fits several."""
        if text not in self._known:
            self._known[text] = self._find(text)
        return self._known[text]

    def _find(self, text: str) -> str | None:
        from wanghuo.kernel.regions import service

        return service.resolve(text, within=self.region) or service.resolve(text)


def batches(
    path: Path, kind: ImportKind, mapping: maps.Mapping, context: Context, limits: Limits, size: int = BATCH
) -> Iterator[Batch]:
    """The rows of the file below its heading, empty ones left out. Raises Unreadable where the file ends being
    readable."""
    names: list[str] = []
    find_region, batch = RegionFinder(context.region), Batch()
    for number, cells in enumerate(read_rows(path, limits), 1):
        if number <= mapping.header_row:
            names = maps.headings(cells) if number == mapping.header_row else names
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if mapping.header_row == 0 and len(names) < len(cells):
            names = [maps.letter(i) for i in range(len(cells))]
        by_name = dict(zip(names, cells, strict=False))
        if not all(condition.holds(by_name) for condition in mapping.only):
            batch.passed_over += 1
            continue
        row, errors = maps.apply(mapping, kind, number, by_name, find_region)
        batch.rows.append(row)
        batch.raw[number] = cells
        if errors:
            batch.errors[number] = errors
        if len(batch.rows) >= size:
            yield batch
            batch = Batch()
    if batch.rows or batch.passed_over:
        yield batch


def judge(batch: Batch, kind: ImportKind, context: Context) -> list[Judged]:
    """What becomes of each row of the batch, in its order. Rows whose cells are wrong do not reach the kind."""
    good = []
    for row in batch.rows:
        wrong = _out_of_reach(row, kind, context)
        if wrong:
            batch.errors.setdefault(row.number, []).append(wrong)
        if row.number not in batch.errors:
            good.append(row)
    judged = {j.row.number: j for j in (kind.check(good, context) if good else [])}
    return [
        judged.get(row.number) or Judged(row, "error", errors=batch.errors.get(row.number, [])) for row in batch.rows
    ]


@dataclass(slots=True)
class Place:
    """A place a row may go to, for the access decision."""

    region_code: str
    sector: str = ""
    scope_unit: UUID | None = None


def _out_of_reach(row: Row, kind: ImportKind, context: Context) -> CellError | None:
    """A row may only go where the actor holds the right; the region of the import stands in where a row names none."""
    column = next((c.name for c in kind.columns if c.kind == "region"), None)
    if column is None:
        return None
    code = row.values.setdefault(column, context.region)
    if code == codes.COUNTRY:
        del row.values[column]
        return CellError(column, Text("没有区划", "no region is given"), Text("请填写区划", "give the region"))
    if context.actor.can(kind.right, Place(code, str(row.get("sector") or ""))):
        return None
    return CellError(
        column,
        Text("区划 {code} 不在你的范围", "region {code} is outside your scope").filled({"code": codes.written(code)}),
        Text("请交由该地导入", "ask the office of that region to import it"),
    )


def example_rows(path: Path, limits: Limits, most: int = 30) -> list[Sequence[str]]:
    """The first rows of the file. Raises Unreadable."""
    found: list[Sequence[str]] = []
    for row in read_rows(path, limits):
        found.append(row)
        if len(found) >= most:
            break
    return found


__all__ = ["BATCH", "Batch", "Progress", "batches", "example_rows", "judge"]
