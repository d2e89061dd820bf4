"""`wanghuo import KIND FILE`: the import of the pages, for large files and for programs.

The result is one JSON object on standard output; progress goes to standard error. Exit code 0: done (or, with
--dry-run, nothing stands against it); 2: the file, the mapping or some rows are not valid; 1: anything else.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wanghuo.base import Invalid, Text
from wanghuo.entrypoints.cli.django_setup import setup

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from wanghuo.kernel.access.actor import Actor
    from wanghuo.kernel.ledgers.models import ImportRun


def add_parsers(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `wanghuo import`."""
    parser = subparsers.add_parser("import", help="import a csv, csv.gz or xlsx file", description=__doc__)
    parser.add_argument("kind", metavar="KIND", help="units, ...; `list` names them all")
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path)
    parser.add_argument("--mapping", metavar="M.toml", type=Path, help="which column means what (TOML or JSON)")
    parser.add_argument("--dry-run", action="store_true", help="check every row and write nothing")
    parser.add_argument("--good-rows", action="store_true", help="write the good rows though others are in error")
    parser.add_argument("--region", metavar="R", help="code of the region the file is about")
    parser.add_argument(
        "--coordinates", choices=("wgs84", "gcj02", "bd09"), help="the system of longitude and latitude"
    )
    parser.add_argument("--as", dest="username", metavar="USER", help="import as this person, within their scope")
    parser.add_argument("--json", action="store_true", help="print the result as one line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do the import."""
    setup()
    from wanghuo.kernel.ledgers import mapping as maps
    from wanghuo.kernel.ledgers import service
    from wanghuo.kernel.ledgers.importing import import_kinds

    if args.kind == "list":
        _print({k.code: {"title": str(k.title), "right": k.right} for k in import_kinds()}, args.json)
        return 0
    if args.file is None or not args.file.is_file():
        raise Invalid(Text("没有这个文件：{file}", "There is no such file: {file}"), field="file", file=args.file)
    actor = _actor(args.username)
    region = args.region or (actor.home if actor.id is not None else _deployment_region())
    result = service.start(
        kind_code=args.kind, chunks=_chunks(args.file), file_name=args.file.name, region=region, actor=actor
    )
    data: dict[str, Any] = dict(result.mapping)
    if args.mapping:
        data = maps.parse(args.mapping.read_text("utf-8"))
    if args.coordinates:
        data["coordinates"] = args.coordinates
    service.set_mapping(run_id=result.id, data=data, actor=actor)
    result = service.check(run_id=result.id, actor=actor, progress=_progress)
    faulty = bool(result.counts["error"])
    anything = result.counts["new"] or result.counts["update"]
    if anything and not args.dry_run and not (faulty and not args.good_rows):
        service.begin_write(run_id=result.id, actor=actor, good_rows_only=args.good_rows)
        result = service.write(run_id=result.id, actor=actor, progress=_progress)
    _finish(result, args)
    return 2 if faulty or result.failure else 0


def _finish(result: ImportRun, args: argparse.Namespace) -> None:
    print(file=sys.stderr)
    report = result.report | {"dry_run": args.dry_run}
    if result.failure:
        report["failure"] = result.failure
    _print(report, args.json)
    for problem in result.problems[:10]:
        where = f"{problem['row']} · {problem['column']}"
        print(f"{where}: {problem['zh']} / {problem['en']}", file=sys.stderr)


def _actor(username: str | None) -> Actor:
    from dataclasses import replace

    from wanghuo.kernel.access.actor import system_actor
    from wanghuo.kernel.accounts.actors import actor_of
    from wanghuo.kernel.accounts.models import User

    if not username:
        return system_actor("cli")
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise Invalid(Text("没有用户 {name}", "There is no user {name}"), field="as", name=username)
    return replace(actor_of(user), via="cli")


def _deployment_region() -> str:
    from django.conf import settings

    return str(settings.REGION)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            yield chunk


def _progress(done: int, total: int | None, note: Text | None = None) -> None:
    of = f"/{total}" if total else ""
    print(f"\r{note or ''} {done}{of}", end="", file=sys.stderr, flush=True)


def _print(data: dict[str, Any], one_line: bool) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=None if one_line else 2))
