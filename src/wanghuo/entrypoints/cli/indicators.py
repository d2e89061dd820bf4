"""`wanghuo indicators`: measures as JSON, from the records themselves. The shape is stable:
docs/modules/indicators.md.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from wanghuo.base import Invalid, Text
from wanghuo.entrypoints.cli.django_setup import setup


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the commands."""
    parser = subparsers.add_parser("indicators", help="measures computed from the records")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    commands.add_parser("list", help="the catalogue, as JSON").set_defaults(run=run_list)
    show = commands.add_parser("show", help="one indicator in a region and period, as JSON")
    show.add_argument("code", help="such as hazards.closing_rate")
    show.add_argument("--region", default=None, help="division code (default: WANGHUO_REGION)")
    show.add_argument(
        "--period", default=None, help="2026, 2026-Q4, 2026-11, 30d or 2026-03-01..2026-03-15 (default: this year)"
    )
    show.add_argument("--stored", action="store_true", help="the value last kept instead of one computed now")
    show.set_defaults(run=run_show)
    refresh = commands.add_parser("refresh", help="recompute and keep the values of every region")
    refresh.add_argument("codes", nargs="*", help="indicators (default: all)")
    refresh.set_defaults(run=run_refresh)


def run_list(args: argparse.Namespace) -> int:
    """Print the catalogue."""
    setup()
    from wanghuo.kernel.indicators import indicators

    shown = [
        {
            "code": each.code,
            "name": {"zh": each.name.zh, "en": each.name.en},
            "formula": {"zh": each.formula.zh, "en": each.formula.en},
            "unit": each.unit,
            "kind": each.kind,
            "better": each.better,
            "source": each.source,
            "mark": each.mark,
        }
        for each in indicators()
    ]
    print(json.dumps(shown, ensure_ascii=False, indent=2))
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Print one measure. Raises NotFound (no such indicator), Invalid (region or period)."""
    setup()
    from django.conf import settings
    from django.utils import timezone

    from wanghuo.base.time import local_day
    from wanghuo.kernel.indicators import Period, compute
    from wanghuo.kernel.regions import codes

    today = local_day(timezone.now())
    try:
        region = codes.normalise(args.region or settings.REGION)
        period = Period.parse(args.period or str(today.year), today)
    except ValueError as error:
        raise Invalid(Text("{e}", "{e}"), e=error) from None
    found = compute(args.code, region, period, stored=args.stored)
    shown = as_json(found) | {
        "progress": progress_of(found),
        "by_region": [as_json(each) for each in sorted(found.by_region, key=lambda m: m.region)],
    }
    print(json.dumps(shown, ensure_ascii=False, indent=2))
    return 0


def run_refresh(args: argparse.Namespace) -> int:
    """Recompute and keep. Raises NotFound."""
    setup()
    from wanghuo.kernel.indicators import refresh

    print(refresh(args.codes or None))
    return 0


def progress_of(measure: Any) -> dict[str, Any] | None:
    """The target that is set and how it goes; null without one."""
    from django.utils import timezone

    from wanghuo.kernel.indicators import progress

    return progress(measure.set_by, timezone.now()).as_json() if measure.set_by else None


def as_json(measure: Any) -> dict[str, Any]:
    """A measure as the command prints it: null where there is nothing to say, never 0."""
    part = measure.part
    return {
        "code": measure.indicator.code,
        "region": measure.region,
        "period": measure.period.key,
        "value": measure.value,
        "numerator": part.num if part else (0 if measure.indicator.kind == "count" else None),
        "denominator": None if measure.indicator.kind == "count" or part is None else part.den,
        "missing": measure.missing,
        "target": measure.target,
        "expected": measure.expected,
        "light": measure.light,
        "computed_at": measure.computed_at.isoformat() if measure.computed_at else None,
    }
