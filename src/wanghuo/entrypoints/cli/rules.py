"""`wanghuo rules`: which rule holds where and when, and whether the packs are valid."""

from __future__ import annotations

import argparse
import json
from datetime import date, datetime
from typing import Any

from wanghuo.base import Invalid, Text
from wanghuo.entrypoints.cli.django_setup import setup


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the commands."""
    parser = subparsers.add_parser("rules", help="which rule holds where and when")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    show = commands.add_parser("show", help="the rule in force, as JSON, with the versions it prevailed over")
    show.add_argument("rule", help="id, such as hazards.recheck")
    show.add_argument("--region", default=None, help="division code (default: WANGHUO_REGION)")
    show.add_argument("--on", default=None, help="day of the event, 2026-11-25 (default: today)")
    show.set_defaults(run=run_show)
    commands.add_parser("check", help="read every pack and name its faults").set_defaults(run=run_check)


def run_show(args: argparse.Namespace) -> int:
    """Print the rule in force. Raises NotFound, Invalid."""
    setup()
    from django.conf import settings
    from django.utils import timezone

    from wanghuo.kernel.regions import codes
    from wanghuo.kernel.rulebook import explain, rule

    try:
        region = codes.normalise(args.region or settings.REGION)
        on = date.fromisoformat(args.on) if args.on else timezone.localdate()
    except ValueError as error:
        raise Invalid(Text("{e}", "{e}"), e=error) from None
    found = rule(args.rule, region=region, on=on)
    others = [c for c in explain(args.rule, region=region, on=on) if not c.decides]
    shown = as_json(found) | {
        "asked": {"region": region, "on": on.isoformat()},
        "others": [as_json(c.rule) | {"reason": {"zh": c.reason.zh, "en": c.reason.en}} for c in others],
    }
    print(json.dumps(shown, ensure_ascii=False, indent=2, default=_plain))
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Read all packs. Raises PackError, which names each fault with file and row."""
    setup()
    from wanghuo.kernel.rulebook.book import book

    for pack in book().packs.values():
        print(f"{pack.file}\t{pack.id}\t{pack.version}\t{pack.region}\t{len(pack.rules)}")
    return 0


def as_json(rule: Any) -> dict[str, Any]:
    """A rule as the command prints it."""
    return {
        "id": rule.id,
        "title": {"zh": rule.title.zh, "en": rule.title.en},
        "value": rule.value,
        "clause": rule.clause,
        "source": rule.source,
        "mark": rule.mark,
        "region": rule.region,
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
        "pack": rule.pack,
        "version": rule.version,
    }


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
