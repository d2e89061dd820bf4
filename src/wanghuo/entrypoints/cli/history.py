"""`wanghuo history`: what devices said in the past, shown, exported, merged, and let go of when its time is over."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.entrypoints.cli.django_setup import setup


def add_parsers(subparsers: Any) -> None:
    """Add the command."""
    history = subparsers.add_parser("history", help="读数历史的查看、导出与整理 / readings of the past")
    acts = history.add_subparsers(metavar="ACT", required=True)
    show = acts.add_parser("show", help="the readings of a device as JSON lines")
    show.add_argument("device", help="its reference number")
    show.add_argument("--hours", type=float, default=24.0)
    show.set_defaults(run=run_show)
    export = acts.add_parser("export", help="write readings to a .parquet or .csv file")
    export.add_argument("file", type=Path)
    export.add_argument("--device", default="", help="reference number; without it, every device of the region")
    export.add_argument("--region", default="0", help="division code (default: the whole country)")
    export.add_argument("--from", dest="start", metavar="TIME", help="ISO 8601, UTC where no zone is given (a day ago)")
    export.add_argument("--to", dest="end", metavar="TIME", help="ISO 8601 (now)")
    export.set_defaults(run=run_export)
    check = acts.add_parser("check", help="files (or days), rows and bytes; exit code 1 when something is there twice")
    check.set_defaults(run=run_check)
    merge = acts.add_parser("merge", help="merge small pieces, as the worker does each minute")
    merge.set_defaults(run=run_merge)
    forget = acts.add_parser("forget", help="delete what is beyond its time, as the worker does each day")
    forget.set_defaults(run=run_forget)
    move = acts.add_parser(
        "move",
        help="move the readings of this machine's folder to the server of WANGHUO_HISTORY; again to go on where it stopped",
    )
    move.add_argument(
        "--back", metavar="ADDRESS", help="from the server at this address to the folder, WANGHUO_HISTORY being unset"
    )
    move.set_defaults(run=run_move)
    retention = acts.add_parser("retention", help="how many days each class is kept")
    retention.set_defaults(run=run_retention)


def run_show(args: argparse.Namespace) -> int:
    """Print a device's readings."""
    setup()
    from wanghuo.modules.sensing import history

    row, end = _device(args.device), datetime.now(UTC)
    for point in history.readings(row.pk, end - timedelta(hours=args.hours), end):
        told = {"at": point.at.isoformat(), "reporter": point.key, "quantity": point.quantity, "name": point.name.zh}
        print(json.dumps(told | {"value": point.value, "unit": point.unit, "raw": point.raw}, ensure_ascii=False))
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Write a file."""
    setup()
    from wanghuo.modules.sensing import history
    from wanghuo.modules.sensing.models import Device

    if args.file.suffix.removeprefix(".") not in history.EXPORT_FORMATS:
        raise Invalid(
            Text("文件名应以 .parquet 或 .csv 结尾。", "The file must end in .parquet or .csv."), field="file"
        )
    end = _instant(args.end) or datetime.now(UTC)
    start = _instant(args.start) or end - timedelta(days=1)
    rows = Device.objects.filter(pk=_device(args.device).pk) if args.device else Device.objects.in_region(args.region)
    history.export(rows, start, end, args.file)
    print(json.dumps({"file": str(args.file), "bytes": os.path.getsize(args.file)}), file=sys.stderr)
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Count what is there."""
    setup()
    from wanghuo.modules.sensing import history

    parts, rows, size, through, repeated = history.store().stored()
    told = {"parts": parts, "rows": rows, "bytes": size, "bytes_per_row": round(size / rows, 2) if rows else 0}
    print(json.dumps(told | {"through": through, "twice": repeated}))
    return 1 if repeated else 0


def run_merge(args: argparse.Namespace) -> int:
    """Merge."""
    setup()
    from wanghuo.modules.sensing import retention

    print(json.dumps({"made": retention.merge()}))
    return 0


def run_forget(args: argparse.Namespace) -> int:
    """Delete what is old."""
    setup()
    from wanghuo.modules.sensing import retention

    print(json.dumps(retention.forget()))
    return 0


def run_move(args: argparse.Namespace) -> int:
    """Move readings from the folder to the server, or back."""
    setup()
    from django.conf import settings

    from wanghuo.modules.sensing import moving
    from wanghuo.modules.sensing.journals import folder_of
    from wanghuo.modules.sensing.reading_server import ServerStore

    if bool(settings.HISTORY) == bool(args.back):
        raise Invalid(NOT_UNSET if args.back else NOT_SET, field="WANGHUO_HISTORY")
    folder, store = folder_of(settings.JOURNAL), ServerStore(args.back or settings.HISTORY)
    moved = moving.to_folder(store, folder, _told) if args.back else moving.to_server(folder, store, _told)
    print(json.dumps({"days": moved.days, "rows": moved.rows}))
    return 0


NOT_SET = Text(
    "未设置 WANGHUO_HISTORY：不知道迁往哪台服务器。",
    "WANGHUO_HISTORY is not set: there is no server to move the readings to.",
)
NOT_UNSET = Text(
    "WANGHUO_HISTORY 仍指向服务器：请先取消该设置并重启各进程，再迁回。",
    "WANGHUO_HISTORY still names a server: unset it and restart the processes before moving back.",
)


def _told(day: int, done: int, of: int) -> None:
    print(f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d} {done}/{of}", file=sys.stderr, flush=True)


def run_retention(args: argparse.Namespace) -> int:
    """Print the days of each class."""
    setup()
    from wanghuo.modules.sensing import retention

    print(json.dumps(dict(retention.kept_days())))
    return 0


def _device(ref: str) -> Any:
    from wanghuo.modules.sensing.models import Device
    from wanghuo.modules.sensing.states import DEVICE

    row = Device.objects.filter(ref=ref).first()
    if row is None:
        raise NotFound(what=DEVICE.what, ref=ref)
    return row


def _instant(written: str | None) -> datetime | None:
    if not written:
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise Invalid(
            Text("时间应写作 2026-11-25T08:00。", "Times are written like 2026-11-25T08:00."), field="time"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
