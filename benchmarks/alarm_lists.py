"""How long lists of alarms take in a province with ten million of them, and how long an export of 100,000 takes.

    python benchmarks/alarm_lists.py [--home FOLDER] [--alarms 10000000] [--rounds 200] [--quick] [--json]

Fills a deployment of its own (or the one in FOLDER, which it keeps) with synthetic alarms of one province over three years, then asks
for lists as people do: a region of any level, any state, any kind, alone and together, the first page and one further on, each with
its counts, through every middleware and template, in this process. With WANGHUO_DATABASE set it measures PostgreSQL. The baseline in
the same run is the emptiest page of the platform (/search without words); ratios are to it. Goals: 95 % of the lists within 100 ms,
and an export of 100,000 rows within 10 s. Exit code 1 when one was missed. --quick fills 200,000 and asks 60 times.
"""

from __future__ import annotations

import argparse
import html
import json
import logging
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

PROVINCE = "44"
ALARMS, QUICK = 10_000_000, 200_000
DAYS = 3 * 365
GOAL_MS, EXPORT_ROWS, EXPORT_GOAL_S = 100.0, 100_000, 10.0
BATCH = 20_000
KINDS = (
    # kind, condition, class, share, and how such alarms end
    ("fire", "fire", 2, 36, {"false": 86, "test": 9, "closed": 5}),
    ("fault", "fault", 4, 30, {"restored": 80, "closed": 15, "fault": 5}),
    ("power", "mains_fault", 3, 8, {"restored": 95, "closed": 5}),
    ("offline", "offline", 4, 20, {"restored": 99, "closed": 1}),
    ("disablement", "disablement", 3, 3, {"restored": 90, "test": 10}),
    ("supervisory", "supervisory", 3, 2, {"restored": 100}),
    ("unattended", "unattended", 3, 1, {"closed": 70, "restored": 30}),
)
CAUSES = ("cooking", "dust", "steam", "insect", "device", "smoking", "malicious", "other")
NEXT = re.compile(r'href="(/alarms\?[^"]*after=[^"]*)"')
OPEN_LATEST = 3000
"""So many of the newest stand open: what an alarm centre of a province has before it on a bad day."""


def main() -> int:
    """Fill, ask, print; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", help="folder of a deployment that is kept (default: one that goes away)")
    parser.add_argument("--alarms", type=int, default=ALARMS)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    args = parser.parse_args()
    if args.quick:
        args.alarms, args.rounds = QUICK, 60
    with tempfile.TemporaryDirectory(prefix="wanghuo-alarms-") as made:
        os.environ.update(WANGHUO_HOME=args.home or made, WANGHUO_MODE="test")
        from wanghuo.entrypoints.cli.django_setup import setup

        setup()
        logging.disable(logging.CRITICAL)
        fill(args.alarms, random.Random(args.seed))
        return report(args, *measure(args.rounds, random.Random(args.seed)))


# --- a province's alarms --------------------------------------------------------------------------------------------


def fill(count: int, rng: random.Random) -> None:
    """Bring the deployment to `count` alarms; a folder that has them already is left alone."""
    from django.core.management import call_command
    from django.db import connection

    from wanghuo.kernel.regions.loading import load
    from wanghuo.modules.alarms.models import Alarm

    call_command("migrate", verbosity=0)
    if Alarm.objects.count() >= count:
        return
    load()
    began = time.monotonic()
    indexes = list(Alarm._meta.indexes)
    with connection.schema_editor() as editor:  # a filled table is indexed in one go
        for index in indexes:
            editor.remove_index(Alarm, index)
    write(alarms(count, rng))
    with connection.schema_editor() as editor:
        for index in indexes:
            editor.add_index(Alarm, index)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"filled with {count:,} alarms in {time.monotonic() - began:.0f} s", file=sys.stderr)


def alarms(count: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    """Alarms in the order of their time, the columns that differ from one to the next."""
    from wanghuo.kernel.access.scope import scope_columns
    from wanghuo.kernel.regions.models import Region

    towns = list(Region.objects.filter(code__startswith=PROVINCE, level="town").values_list("code", "name"))
    counties = list(Region.objects.filter(code__startswith=PROVINCE, level="county").values_list("code", "name"))
    places = towns if len(towns) > 500 else counties
    weights = [rng.paretovariate(1.2) for _ in places]
    kinds = [k[3] for k in KINDS]
    end = datetime.now(UTC).replace(microsecond=0)
    step = timedelta(days=DAYS) / count
    columns = {code: scope_columns(code) for code, _ in places}
    for start in range(0, count, BATCH):
        some = range(start, min(start + BATCH, count))
        for number, (code, name), kind in zip(
            some, rng.choices(places, weights, k=len(some)), rng.choices(KINDS, kinds, k=len(some)), strict=True
        ):
            at = end - step * (count - number)
            yield {**columns[code], **alarm(number, name, kind, at, rng, is_open=number >= count - OPEN_LATEST)}


def alarm(number: int, name: str, kind: tuple[Any, ...], at: datetime, rng: random.Random, *, is_open: bool) -> Any:
    """The columns of one alarm."""
    word, condition, priority, _, ends = kind
    state = rng.choice(("new", "taken", "dispatched")) if is_open else rng.choices(list(ends), list(ends.values()))[0]
    judged = None if is_open else at + timedelta(seconds=rng.randint(20, 900))
    return {
        "id": UUID(int=int(at.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62 | number),
        "ref": f"BJ-S-{number:09d}",
        "kind": word,
        "condition": condition,
        "priority": priority,
        "state": state,
        "component_key": f"1.1.42.{number % 997}",
        "place": f"{name}合成单位{number % 4999} {rng.randint(1, 20)} 层",
        "raised_at": at,
        "received_at": at,
        "last_at": at,
        "judged_at": judged,
        "taken_at": None if state == "new" else at + timedelta(seconds=rng.randint(2, 40)),
        "cause": rng.choice(CAUSES) if state == "false" else "",
        "standing": is_open,
    }


def write(rows: Iterator[dict[str, Any]]) -> None:
    """Write the rows past the ORM, which would take hours. The first is made before COPY begins, as it asks for the regions."""
    from django.db import connection, transaction

    from wanghuo.modules.alarms.models import Alarm

    fields = list(Alarm._meta.concrete_fields)
    plain = Alarm()
    place = {f.attname: number for number, f in enumerate(fields)}
    saved = [f.get_db_prep_save(getattr(plain, f.attname), connection) for f in fields]
    adapt = connection.ops.adapt_datetimefield_value

    def prepared(row: dict[str, Any]) -> list[Any]:
        found = saved.copy()
        for name, value in row.items():
            if isinstance(value, datetime):
                value = adapt(value)
            elif isinstance(value, UUID):
                value = value.hex if connection.vendor == "sqlite" else value
            found[place[name]] = value
        return found

    names = ", ".join(connection.ops.quote_name(f.column) for f in fields)
    table = connection.ops.quote_name(Alarm._meta.db_table)
    marks = ", ".join(["%s"] * len(fields))
    batch: list[list[Any]] = []
    rows = chain([next(rows)], rows)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(prepared(row))
            return
        insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        for row in rows:
            batch.append(prepared(row))
            if len(batch) == BATCH:
                cursor.executemany(insert, batch)
                batch = []
        if batch:
            cursor.executemany(insert, batch)


# --- asking ---------------------------------------------------------------------------------------------------------


def addresses(rng: random.Random, count: int) -> Iterator[str]:
    """Lists as people ask for them: a region of any level, any state, any kind."""
    from wanghuo.kernel.regions.models import Region
    from wanghuo.modules.alarms.states import AlarmState
    from wanghuo.modules.alarms.words import KIND_NAMES

    levels = [
        list(Region.objects.filter(code__startswith=PROVINCE, level=level).values_list("code", flat=True))
        for level in ("province", "city", "county", "town")
    ]
    for _ in range(count):
        chosen = [f"region={rng.choice(rng.choice([found for found in levels if found]))}"]
        if rng.random() < 0.7:
            chosen.append(f"state={rng.choice(list(AlarmState))}")
        if rng.random() < 0.7:
            chosen.append(f"kind={rng.choice(list(KIND_NAMES))}")
        yield "/alarms?" + "&".join(chosen)


def measure(rounds: int, rng: random.Random) -> tuple[list[tuple[float, str]], list[float], dict[str, float]]:
    """Milliseconds with their addresses, those of the emptiest page, and the seconds of each kind of export."""
    from wanghuo.kernel.accounts.models import User
    from wanghuo.kernel.accounts.testing import client_for, make_user

    name = "bench-alarm_supervisor"
    client = client_for(
        User.objects.filter(username=name).first() or make_user(name, "alarm_supervisor", PROVINCE, password="x" * 16)
    )

    def ask(url: str) -> tuple[float, Any]:
        began = time.perf_counter()
        answer = client.get(url)
        taken = (time.perf_counter() - began) * 1000
        if answer.status_code != 200:
            raise SystemExit(f"{url} answered {answer.status_code}")
        return taken, answer

    for url in ("/search", "/alarms"):
        ask(url)
    taken: list[tuple[float, str]] = []
    plain: list[float] = []
    for url in addresses(rng, rounds):
        plain.append(ask("/search")[0])
        ms, answer = ask(url)
        taken.append((ms, url))
        if further := NEXT.search(answer.content.decode()):
            url = html.unescape(further[1])
            taken.append((ask(url)[0], url))
    exports = {}
    for kind in ("csv", "xlsx"):
        began = time.perf_counter()
        answer = client.get(f"/alarms?state=false&kind=fire&period={span(EXPORT_ROWS)}&export={kind}")
        size = len(answer.getvalue() if answer.streaming else answer.content)
        if answer.status_code != 200 or size < 100_000:
            raise SystemExit(f"the {kind} export answered {answer.status_code}, {size} bytes")
        exports[kind] = time.perf_counter() - began
    return taken, plain, exports


def span(wanted: int) -> str:
    """A period, counted back from today, that holds as many of the exported alarms as may be exported at once."""
    from django.utils import timezone

    from wanghuo.modules.alarms.models import Alarm

    today = timezone.localdate()
    rows = Alarm.objects.filter(state="false", kind="fire")
    days = max(1, int(DAYS * min(1.0, wanted / max(rows.count(), 1))) - 1)
    return f"{today - timedelta(days=days)}..{today}"


def report(
    args: argparse.Namespace, taken: list[tuple[float, str]], plain: list[float], exports: dict[str, float]
) -> int:
    """Print the figures; 1 when a goal was missed."""
    ordered = sorted(taken)
    at = lambda share: ordered[min(len(ordered) - 1, int(len(ordered) * share))][0]
    base = sorted(plain)[len(plain) // 2]
    figures = {
        "alarms": args.alarms,
        "lists": len(ordered),
        "p50_ms": round(at(0.5), 1),
        "p95_ms": round(at(0.95), 1),
        "longest_ms": round(ordered[-1][0], 1),
        "empty_page_p50_ms": round(base, 1),
        "p95_to_empty_page": round(at(0.95) / base, 2),
        **{f"export_{kind}_s": round(s, 1) for kind, s in exports.items()},
    }
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:>20}: {value:,}")
        for ms, url in ordered[-8:]:
            print(f"{ms:>9.1f} ms  {url}")
    missed = at(0.95) > GOAL_MS or max(exports.values()) > EXPORT_GOAL_S
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
