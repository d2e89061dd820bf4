"""`wanghuo regions …`: load the divisions of the country, and look one up."""

from __future__ import annotations

import argparse
import json
import sys

from wanghuo.base import Text
from wanghuo.entrypoints.cli.django_setup import setup

LOADED = Text("{divisions} 个区划，{outlines} 个边界。", "{divisions} divisions, {outlines} outlines.")


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the commands."""
    parser = subparsers.add_parser("regions", help="administrative divisions")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    load = commands.add_parser(
        "load", help="load all divisions down to the township, and their outlines; again to update"
    )
    load.set_defaults(run=run_load)
    show = commands.add_parser("show", help="one division by code or name, as JSON")
    show.add_argument("text", help="445281, 445281102000, 普宁市 or 广东省揭阳市普宁市")
    show.set_defaults(run=run_show)


def run_load(args: argparse.Namespace) -> int:
    """Load the packaged divisions, telling each step on stderr."""
    setup()
    load_divisions()
    return 0


def load_divisions() -> None:
    """Load every packaged division and outline, telling each step on stderr."""
    from wanghuo.kernel.regions import service

    def tell(done: int, total: int, note: Text) -> None:
        print(f"[{done}/{total}] {note}", file=sys.stderr)

    print(LOADED.filled(service.load_packaged(tell)), file=sys.stderr)


def run_show(args: argparse.Namespace) -> int:
    """Print one division. Raises UnknownRegion."""
    setup()
    from wanghuo.kernel.regions import codes, service

    code = service.resolve(args.text)
    if code is None:
        raise service.UnknownRegion(words=args.text)
    row = service.get(code)
    told = {
        "code": row.code,
        "written": codes.written(row.code),
        "name": row.name,
        "full_name": service.full_name(code),
        "name_en": row.name_en,
        "level": row.level,
        "lng": row.lng,
        "lat": row.lat,
        "location_made_up": row.made_up,
        "below": len(service.children(code)),
    }
    print(json.dumps(told, ensure_ascii=False, indent=2))
    return 0
