"""Importing, step by step: take a file, map its columns, check it (which writes nothing), write it, undo it.

A write goes in batches, each its own transaction that also moves the import's mark `done_through`: other writers
get their turn in between, and a process that dies is taken up where it stopped (ADR 0071).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from wanghuo.base import AppError, Conflict, Invalid, NotFound, Text
from wanghuo.base.ids import new_id
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.jobs.registry import Cancelled
from wanghuo.kernel.ledgers import mapping as maps
from wanghuo.kernel.ledgers import storage
from wanghuo.kernel.ledgers.importing import CellError, Context, ImportKind, Judged, import_kind
from wanghuo.kernel.ledgers.models import ImportedRow, ImportRun, LearnedMapping
from wanghuo.kernel.ledgers.passes import Batch, Place, Progress, batches, example_rows, judge
from wanghuo.kernel.ledgers.reading import Limits, sniff
from wanghuo.kernel.ledgers.states import IMPORT, ImportState

log = logging.getLogger(__name__)
PERSON = Limits()
PROCESS = Limits(bytes=1 << 30, inflated_bytes=4 << 30, rows=2_000_000)  # for the command line, on the machine itself
UNDO_DAYS = 7
SHOWN_PROBLEMS = 200


class RowsInError(Invalid):
    """A whole file is to be written, but some rows cannot be."""

    code = "ledgers.rows_in_error"
    text = Text(
        "有 {count} 行有误，未写入任何内容；请改正，或同意只写入无误的行。",
        "{count} rows are in error, so nothing was written; mend them, or agree to write the good rows only.",
    )


class NothingToWrite(Invalid):
    """No row is new or changed."""

    code = "ledgers.nothing_to_write"
    text = Text("没有可写入的行。", "There are no rows to write.")


class UndoTooLate(Conflict):
    """The days for undoing are over."""

    code = "ledgers.undo_too_late"
    text = Text("写入已超过 {days} 天，不能撤销。", "It was written more than {days} days ago and cannot be undone.")


class NoCoordinateSystem(Invalid):
    """Coordinates are in the file, but nobody said in which system."""

    code = "ledgers.no_coordinate_system"
    text = Text(
        "文件有经纬度，请选择坐标系；平台不猜。",
        "The file has coordinates; choose their coordinate system. It is never guessed.",
    )


def limits_for(actor: Actor) -> Limits:
    """A person uploads through the web; the command line reads a file that is already here."""
    return PROCESS if actor.via == "cli" or actor.is_system else PERSON


def get_run(run_id: UUID, *, actor: Actor, lock: bool = False) -> ImportRun:
    """The one way to load an import."""
    rows = ImportRun.objects.visible_to(actor)
    try:
        return (rows.select_for_update() if lock else rows).get(pk=run_id)
    except ImportRun.DoesNotExist:
        raise NotFound(what=IMPORT.what, ref=run_id) from None


# --- 1 and 2: the file and its columns -----------------------------------------------------------------------------


def start(
    *, kind_code: str, chunks: Iterable[bytes], file_name: str, region: str, actor: Actor, source: str = ""
) -> ImportRun:
    """Take a file: keep it, look whether it is a table, guess its columns. Raises NotPermitted, Unreadable."""
    kind = import_kind(kind_code, actor)
    actor.require(kind.right, Place(region))
    run_id, limits = new_id(), limits_for(actor)
    sha256, size = storage.keep(run_id, chunks, limits.bytes)
    try:
        path = storage.table_path(run_id)
        sniff(path, limits)
        rows = example_rows(path, limits)
        return _begun(run_id, kind, rows, sha256, size, file_name, region, source, actor)
    except BaseException:
        storage.forget(run_id)
        raise


@transaction.atomic
def _begun(
    run_id: UUID,
    kind: ImportKind,
    rows: list[Any],
    sha256: str,
    size: int,
    file_name: str,
    region: str,
    source: str,
    actor: Actor,
) -> ImportRun:
    header = maps.guess_header(rows, kind)
    names = maps.headings(rows[header - 1]) if rows else []
    learned = LearnedMapping.objects.filter(kind=kind.code, source=source).first() if source else None
    guessed = maps.Mapping(maps.guess(names, kind, learned.mapping if learned else None), header, source)
    run = ImportRun(
        id=run_id,
        kind=kind.code,
        right=kind.right,
        file_name=file_name[-200:],
        file_sha256=sha256,
        file_bytes=size,
        source=source[:80],
        mapping=guessed.as_json(),
        headings=names[:200],
        started_by=actor.id,
        started_at=timezone.now(),
    )
    run.place(region)
    run.save(force_insert=True)
    audit.record(actor, f"{kind.code}:import:start", str(run.id), region=region, after=_facts(run))
    return run


@transaction.atomic
def set_mapping(*, run_id: UUID, data: dict[str, Any], actor: Actor) -> ImportRun:
    """Say which columns mean what. Raises BadMapping, Unreadable, MoveRefused."""
    run = get_run(run_id, actor=actor, lock=True)
    IMPORT.move(run.state, "check")
    kind = import_kind(run.kind)
    mapping = maps.from_data(data, kind)
    rows = example_rows(storage.table_path(run.id), limits_for(actor), max(mapping.header_row, 30))
    if mapping.header_row:
        run.headings = maps.headings(rows[mapping.header_row - 1]) if mapping.header_row <= len(rows) else []
    else:
        run.headings = [maps.letter(i) for i in range(max(map(len, rows), default=0))]
    problems = maps.missing(mapping, kind, run.headings)
    if problems:
        raise maps.BadMapping(problems[0].text, field=problems[0].column)
    if kind.has_coordinates and {"lng", "lat"} & set(mapping.columns) and mapping.coordinates is None:
        raise NoCoordinateSystem(field="coordinates")
    run.mapping, run.state, run.counts, run.problems = mapping.as_json(), ImportState.UPLOADED, {}, []
    run.source = mapping.source or run.source
    run.save()
    return run


# --- 3: the check --------------------------------------------------------------------------------------------------


def check(*, run_id: UUID, actor: Actor, progress: Progress | None = None) -> ImportRun:
    """The dry run: what every row would become. It writes nothing but the import's own report.

    Raises Unreadable where the file cannot be read to its end; the import then waits for another mapping or file.
    """
    run = _moved(run_id, "check", actor)
    kind, mapping = _kind_and_mapping(run)
    context, counts = _context(run, mapping, actor), Counter[str]()
    try:
        with storage.Problems(run.id) as problems:
            for batch in batches(storage.table_path(run.id), kind, mapping, context, limits_for(actor)):
                known = _known_rows(run, batch)
                for one in judge(batch, kind, context):
                    outcome = "duplicate" if one.row.number in known and one.outcome != "error" else one.outcome
                    counts[outcome] += 1
                    for error in one.errors:
                        problems.add(_problem(one, error, kind, mapping))
                counts["passed_over"] += batch.passed_over
                if progress:
                    progress(sum(counts.values()), 0, Text("检查", "checking"))
    except BaseException:
        _moved(run_id, "refuse", actor)
        raise
    return _checked(run_id, counts, problems, actor)


@transaction.atomic
def _checked(run_id: UUID, counts: Counter[str], problems: storage.Problems, actor: Actor) -> ImportRun:
    run = get_run(run_id, actor=actor, lock=True)
    run.state = IMPORT.move(run.state, "found").target
    names = ("new", "update", "duplicate", "error", "passed_over")
    run.counts = {name: counts[name] for name in names} | {"total": sum(counts.values()), "problems": problems.count}
    run.problems = [p for _, p in zip(range(SHOWN_PROBLEMS), problems, strict=False)]
    run.save()
    audit.record(actor, f"{run.kind}:import:check", str(run.id), region=run.region_code, after=_facts(run))
    return run


# --- 4: the write --------------------------------------------------------------------------------------------------


def begin_write(*, run_id: UUID, actor: Actor, good_rows_only: bool = False) -> ImportRun:
    """Agree to the write. Raises RowsInError when rows are faulty and the good ones alone were not agreed to."""
    with transaction.atomic():
        run = get_run(run_id, actor=actor, lock=True)
        move = IMPORT.move(run.state, "write")
        actor.require(run.right)
        if run.counts.get("error") and not good_rows_only:
            raise RowsInError(count=run.counts["error"])
        if not run.counts.get("new") and not run.counts.get("update"):
            raise NothingToWrite()
        run.state, run.good_rows_only, run.failure = move.target, good_rows_only, {}
        run.save()
        audit.record(actor, f"{run.kind}:import:write", str(run.id), region=run.region_code, after=_facts(run))
    return run


class _Stop(Exception):
    """A row that the check found good is not good any more."""

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        super().__init__()
        self.problems = problems


def write(*, run_id: UUID, actor: Actor, progress: Progress | None = None) -> ImportRun:
    """Write what was agreed, batch by batch; safe to call again after a crash. The import ends written, or stopped with
    the rows that stand in the way named: whole batches stand, no batch is half there."""
    run = get_run(run_id, actor=actor)
    if run.state != ImportState.WRITING:
        IMPORT.move(run.state, "finish")
    kind, mapping = _kind_and_mapping(run)
    context, total = _context(run, mapping, actor), run.counts.get("total", 0)
    try:
        for batch in batches(storage.table_path(run.id), kind, mapping, context, limits_for(actor)):
            if batch.last > run.done_through:
                run = _write_batch(run.id, batch, kind, mapping, context)
            if progress:
                progress(min(batch.last, total), total, Text("写入", "writing"))
    except _Stop as stop:
        return _stopped(run_id, actor, {"problems": stop.problems[:SHOWN_PROBLEMS]})
    except AppError as error:
        run = _stopped(run_id, actor, {"zh": error.message.zh, "en": error.message.en})
        if isinstance(error, Cancelled):
            raise
        return run
    except Exception:
        log.exception("import %s stopped", run_id)
        _stopped(run_id, actor, {"zh": "程序出错，本批未写入。", "en": "A program error; this batch was not written."})
        raise
    return _written(run_id, actor)


@transaction.atomic
def _write_batch(run_id: UUID, batch: Batch, kind: ImportKind, mapping: maps.Mapping, context: Context) -> ImportRun:
    run = get_run(run_id, actor=context.actor, lock=True)
    if run.state != ImportState.WRITING or batch.last <= run.done_through:
        raise Conflict(what=IMPORT.what)
    known = _known_rows(run, batch)
    judged = [j for j in judge(batch, kind, context) if j.row.number not in known]
    faulty = [j for j in judged if j.outcome == "error"]
    if faulty and not run.good_rows_only:
        raise _Stop([_problem(j, e, kind, mapping) for j in faulty for e in j.errors])
    written = kind.write([j for j in judged if j.outcome in ("new", "update")], context)
    ImportedRow.objects.bulk_create(
        ImportedRow(run=run, row_no=w.row, is_new=w.outcome == "new", ref=w.ref, object_id=w.object_id) for w in written
    )
    run.done_through = batch.last
    run.written_new += sum(w.outcome == "new" for w in written)
    run.written_updates += sum(w.outcome == "update" for w in written)
    run.save(update_fields=["done_through", "written_new", "written_updates"])
    return run


@transaction.atomic
def _written(run_id: UUID, actor: Actor) -> ImportRun:
    run = get_run(run_id, actor=actor, lock=True)
    run.state, run.written_at = IMPORT.move(run.state, "finish").target, timezone.now()
    run.save(update_fields=["state", "written_at"])
    if run.source:
        learned = {"mapping": run.mapping, "learned_at": timezone.now()}
        LearnedMapping.objects.update_or_create(kind=run.kind, source=run.source, defaults=learned)
    audit.record(actor, f"{run.kind}:import:written", str(run.id), region=run.region_code, after=_facts(run))
    return run


@transaction.atomic
def _stopped(run_id: UUID, actor: Actor, failure: dict[str, Any]) -> ImportRun:
    run = get_run(run_id, actor=actor, lock=True)
    run.state, run.failure = IMPORT.move(run.state, "stop").target, failure
    run.written_at = timezone.now()
    run.save(update_fields=["state", "failure", "written_at"])
    audit.record(actor, f"{run.kind}:import:stopped", str(run.id), region=run.region_code, after=_facts(run))
    return run


# --- 5: taking it back ---------------------------------------------------------------------------------------------


@transaction.atomic
def undo(*, run_id: UUID, actor: Actor) -> tuple[ImportRun, list[str]]:
    """Take back the records that the import created, all or none, within UNDO_DAYS and while nothing was built on them.

    Returns the references that stand in the way; when there are any, nothing was undone. Updates stay.
    """
    run = get_run(run_id, actor=actor, lock=True)
    kind, move = import_kind(run.kind), IMPORT.move(run.state, "undo")
    actor.require(run.right)
    if kind.undo is None:
        raise Invalid(Text("这类导入不能撤销。", "Imports of this kind cannot be undone."))
    if run.written_at is None or timezone.now() - run.written_at > timedelta(days=UNDO_DAYS):
        raise UndoTooLate(days=UNDO_DAYS)
    ids = list(run.rows.filter(is_new=True).values_list("object_id", flat=True))
    with transaction.atomic():
        blocked = kind.undo(ids, _context(run, _kind_and_mapping(run)[1], actor))
        transaction.set_rollback(bool(blocked))
    if blocked:
        return run, blocked
    run.state = move.target
    run.save(update_fields=["state"])
    audit.record(actor, f"{run.kind}:import:undo", str(run.id), region=run.region_code, after=_facts(run))
    return run, []


@transaction.atomic
def discard(*, run_id: UUID, actor: Actor) -> ImportRun:
    """Give an import up that was not written; its file is removed."""
    run = get_run(run_id, actor=actor, lock=True)
    run.state = IMPORT.move(run.state, "discard").target
    run.save(update_fields=["state"])
    audit.record(actor, f"{run.kind}:import:discard", str(run.id), region=run.region_code)
    transaction.on_commit(lambda: storage.forget(run.id))
    return run


# --- shared --------------------------------------------------------------------------------------------------------


@transaction.atomic
def _moved(run_id: UUID, move: str, actor: Actor) -> ImportRun:
    run = get_run(run_id, actor=actor, lock=True)
    run.state = IMPORT.move(run.state, move).target
    run.save(update_fields=["state"])
    return run


def _kind_and_mapping(run: ImportRun) -> tuple[ImportKind, maps.Mapping]:
    kind = import_kind(run.kind)
    mapping = maps.from_data(run.mapping, kind)
    problems = maps.missing(mapping, kind, run.headings)
    if problems:
        raise maps.BadMapping(problems[0].text, field=problems[0].column)
    return kind, mapping


def _context(run: ImportRun, mapping: maps.Mapping, actor: Actor) -> Context:
    return Context(actor, run.region_code, mapping.coordinates, run.source, mark=str(run.id))


def _known_rows(run: ImportRun, batch: Batch) -> set[int]:
    """The rows of this batch that were already written from the same file: writing it twice adds nothing."""
    if not batch.raw:
        return set()
    same = ImportedRow.objects.filter(
        run__kind=run.kind, run__file_sha256=run.file_sha256, row_no__gte=min(batch.raw), row_no__lte=batch.last
    ).exclude(run__state=ImportState.UNDONE)
    return set(same.values_list("row_no", flat=True))


def _problem(judged: Judged, error: CellError, kind: ImportKind, mapping: maps.Mapping) -> dict[str, Any]:
    source = mapping.columns.get(error.column)
    label = kind.column(error.column).label if error.column else Text("整行", "whole row")
    heading = "+".join(source.columns()) if source else ""
    return {
        "row": judged.row.number,
        "column": heading or label.zh,
        "field": error.column,
        "value": error.value,
        "zh": error.text.zh,
        "en": error.text.en,
        "fix_zh": error.fix.zh,
        "fix_en": error.fix.en,
    }


def _facts(run: ImportRun) -> dict[str, Any]:
    return {
        "sha256": run.file_sha256,
        "bytes": run.file_bytes,
        "mapping": run.mapping,
        "counts": run.counts,
        "good_rows_only": run.good_rows_only,
        "written": run.written_new,
        "updated": run.written_updates,
    }
