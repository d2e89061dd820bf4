"""`wanghuo load-scale`: fill a deployment with synthetic records, to measure it or to try it at size.

Everything it writes says that it is made up: 「合成」 in names and places, SCALE- in the codes of older systems,
addresses of devices from a block of their own. The rows are written by the functions that imports use.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from wanghuo.base import Invalid, Text
from wanghuo.entrypoints.cli.django_setup import setup
from wanghuo.entrypoints.demo import scaling, scaling_cycle, terminals

BATCH = 1000
FIRST_SOURCE = 0xC0_00_00_00_00_00
MARK = "合成数据 / synthetic"
HISTORY_DAYS = 720
OPEN_SHARE = 0.06  # of the hazards: those somebody still works on
DEVICE_STATES = (
    ("ok", 90.0),
    ("offline", 3.5),
    ("fault", 2.5),
    ("low_battery", 1.5),
    ("late", 1.5),
    ("maintenance", 1.0),
)


class NothingThere(Invalid):
    """A region without towns cannot be filled."""

    code = "scale.no_towns"
    text = Text("{region} 下没有乡镇，请先导入区划。", "{region} has no towns; load the regions first.")


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("load-scale", help="fill a deployment with synthetic records")
    parser.add_argument("--units", type=int, default=100_000)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--hazards", type=int, default=100_000)
    parser.add_argument("--alarms", type=int, default=20_000)
    parser.add_argument("--register-rows", type=int, default=100_000, help="lines of the register of hydrants")
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--papers", type=int, default=20_000)
    for kind, amount in scaling_cycle.AMOUNTS.items():
        parser.add_argument(f"--{kind}", type=int, default=amount)
    parser.add_argument(
        "--terminals",
        type=int,
        default=0,
        help="wireless terminals as bare rows, and nothing else: 1,000,000 in two minutes",
    )
    parser.add_argument("--region", default="445281", help="division code to fill (default 445281)")
    parser.add_argument("--seed", type=int, default=1)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fill, then count what pages read: indicators and map cells."""
    from wanghuo.entrypoints.cli.serve import prepare

    prepare()
    if args.terminals:
        Loader(args.region, args.seed).load_terminals(args.terminals)
        return 0
    Loader(args.region, args.seed).load(
        units=args.units,
        devices=args.devices,
        hazards=args.hazards,
        alarms=args.alarms,
        register_rows=args.register_rows,
        tasks=args.tasks,
        papers=args.papers,
        cycle={kind: getattr(args, kind.replace("-", "_")) for kind in scaling_cycle.AMOUNTS},
    )
    return 0


class Loader:
    """Fills one region. The same seed makes the same records."""

    def __init__(self, region: str, seed: int, tell: Callable[[str], None] | None = None) -> None:
        setup()
        from django.utils import timezone

        from wanghuo.kernel.access.actor import system_actor
        from wanghuo.kernel.ledgers.importing import Context

        self.seed, self.now = seed, timezone.now()
        self.tell = tell or (lambda line: print(line, file=sys.stderr, flush=True))
        self.context = Context(system_actor("cli"), region, None, MARK, mark=MARK)
        self.towns = list(_towns(region)) or list(_towns_after_loading(region))
        if not self.towns:
            raise NothingThere(region=region)

    def load(
        self,
        *,
        units: int,
        devices: int,
        hazards: int,
        alarms: int,
        register_rows: int = 0,
        tasks: int = 0,
        papers: int = 0,
        cycle: Mapping[str, int] | None = None,
    ) -> None:
        """Write everything, batch by batch, each batch in a transaction of its own. `cycle`: how many of each kind of
        `scaling_cycle.KINDS`."""
        if units:
            self._write("units", self._unit_rows(units), units)
        places = list(self._units())
        if not places:
            raise NothingThere(region=self.context.region)
        self._write("devices", self._device_rows(places, devices), devices)
        self._write("hazards", self._hazard_rows(places, hazards), hazards)
        self._write("alarms", self._alarm_rows(places, alarms), alarms)
        if devices:
            self._states(alarms)
        self._register(register_rows)
        self._bulk("tasks", scaling.write_tasks, tasks)
        self._bulk("papers", scaling.write_papers, papers)
        for kind, count in (cycle or {}).items():
            self._cycle(kind, count)
        self._counts()

    def load_terminals(self, count: int) -> None:
        """Write so many terminals that report once a day."""
        from django.db import connection

        began = time.monotonic()
        tell = lambda done: self._told("terminals", done, count, began)
        terminals.write_terminals(self.towns, count, self.seed, self.now, tell)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        self.tell(f"terminals: ready in {time.monotonic() - began:.0f} s")

    def _rng(self, what: str) -> random.Random:
        return random.Random(f"{self.seed}/{what}")

    def _write(self, kind: str, judged: Iterable[Any], total: int) -> None:
        from django.db import transaction

        from wanghuo.kernel.ledgers.importing import import_kind

        write, began, done = import_kind(kind).write, time.monotonic(), 0
        for batch in _batches(judged):
            with transaction.atomic():
                write(batch, self.context)
            done += len(batch)
            self._told(kind, done, total, began)

    def _register(self, count: int) -> None:
        """Lines of one preset, through the check and the write of its import."""
        from django.db import transaction

        from wanghuo.kernel.ledgers.importing import CoordinateSystem, import_kind

        kind = import_kind(f"ledger.{scaling.REGISTER}")
        context = replace(self.context, coordinates=CoordinateSystem.WGS84, memory={})
        rows = scaling.register_rows(self.towns, count, self._rng("register"), self.seed)
        began, done = time.monotonic(), 0
        for batch in _batches(rows):
            with transaction.atomic():
                kind.write([j for j in kind.check(batch, context) if j.outcome == "new"], context)
            done += len(batch)
            self._told("register lines", done, count, began)

    def _bulk(self, what: str, write: Callable[..., None], count: int) -> None:
        """Rows that no import writes at this size, `BATCH` in a transaction."""
        from django.db import transaction

        if not count:
            return
        bodies, rng = scaling.bodies_of(self.context.region), self._rng(what)
        began, done = time.monotonic(), 0
        for batch in _batches(range(1, count + 1)):
            with transaction.atomic():
                write(batch, bodies, rng, self.now, self.seed)
            done += len(batch)
            self._told(what, done, count, began)

    def _cycle(self, kind: str, count: int) -> None:
        """Records of accountability of one kind."""
        towns = [code for code, *_ in self.towns]
        bodies = scaling.bodies_of(self.context.region) if count else []
        writer = scaling_cycle.Cycle(self.context.region, towns, bodies, self.now, self.seed)

        def write(batch: list[int], _bodies: Any, rng: random.Random, _now: Any, _seed: int) -> None:
            writer.write(kind, [n - 1 for n in batch], rng)

        self._bulk(kind, write, count)

    def _told(self, what: str, done: int, total: int, began: float) -> None:
        if done % (BATCH * 10) == 0 or done == total:
            self.tell(f"{what}: {done:,} / {total:,} ({time.monotonic() - began:.0f} s)")

    def _unit_rows(self, count: int) -> Iterator[Any]:
        from wanghuo.entrypoints.demo import making
        from wanghuo.kernel.ledgers.importing import Judged, Row

        rng = self._rng("people")
        for number, made in enumerate(making.units(self.towns, count, self.seed)):
            values = {"region_code": made.region_code, "sector": made.sector, **made.fields}
            values["name"] = f"{made.fields['name']}（合成{number + 1}）"
            values["local_code"] = f"SCALE-{self.seed}-{number + 1}"
            if rng.random() < 0.97:  # a few have nobody in charge
                values |= {"responsible_person": making.person(rng), "responsible_phone": making.phone(rng)}
                values |= {"safety_manager": making.person(rng), "manager_phone": making.phone(rng)}
            if rng.random() < 0.1:  # a tenth has an incomplete file
                values.pop("area_m2", None)
            yield Judged(Row(number + 1, values), "new")

    def _units(self) -> Iterator[Any]:
        from wanghuo.modules.places import public as places

        for batch in _batches(self._codes()):
            yield from places.units_by_codes(batch).values()

    def _codes(self) -> Iterator[str]:
        from django.apps import apps

        rows = apps.get_model("places", "Unit").objects.in_region(self.context.region)
        yield from (
            rows.filter(local_code__startswith=f"SCALE-{self.seed}-")
            .order_by("id")
            .values_list("local_code", flat=True)
        )

    def _device_rows(self, places: Sequence[Any], count: int) -> Iterator[Any]:
        from wanghuo.kernel.ledgers.importing import Judged, Row

        rng = self._rng("devices")
        for number in range(count):
            unit = places[number % len(places)]
            values = {
                "source": (FIRST_SOURCE + self.seed * 2**32 + number).to_bytes(6, "little").hex(),
                "unit_id": unit.id,
                "region_code": unit.region_code,
                "sector": unit.sector,
                "maker": "合成厂",
                "model": "S-1",
                "floor": f"{rng.randint(1, 6)}F",
                "location": "消防控制室（合成）",
                "lng": unit.lng,
                "lat": unit.lat,
            }
            yield Judged(Row(number + 1, values), "new")

    def _hazard_rows(self, places: Sequence[Any], count: int) -> Iterator[Any]:
        from wanghuo.entrypoints.demo import making
        from wanghuo.kernel.ledgers.importing import Judged, Row

        rng = self._rng("hazards")
        for number in range(count):
            unit = rng.choice(places)
            basis, item, description = rng.choice(making.PROBLEMS)
            is_open = rng.random() < OPEN_SHARE
            found = self.now - timedelta(days=rng.uniform(0.1, 20 if is_open else HISTORY_DAYS))
            due = found + timedelta(days=rng.choice((3, 7, 15, 30)))
            values = {
                "source_ref": f"SCALE-{self.seed}-{number + 1}",
                "place": f"{rng.randint(1, 6)} 层{item}处（合成）",
                "description": description,
                "item": item,
                "channel": rng.choice(making.CHANNELS),
                "basis": basis,
                "found_at": found,
                "lng": unit.lng,
                "lat": unit.lat,
            }
            if rng.random() < 0.8:
                values["due_at"] = due
            if not is_open:
                closed = min(found + timedelta(days=rng.uniform(0.5, 40)), self.now)
                values |= {"closed_at": closed, "state": "closed"}
            yield Judged(Row(number + 1, values), "new", target=unit)

    def _alarm_rows(self, places: Sequence[Any], count: int) -> Iterator[Any]:
        from wanghuo.kernel.ledgers.importing import Judged, Row

        rng = self._rng("alarms")
        for number in range(count):
            unit = rng.choice(places)
            received = self.now - timedelta(days=rng.uniform(0.01, HISTORY_DAYS))
            values = {
                "source_ref": f"SCALE-{self.seed}-{number + 1}",
                "kind": "fire",
                "state": rng.choices(("false", "test", "closed"), (80, 15, 5))[0],
                "place": f"{unit.name} {rng.randint(1, 6)} 层（合成）",
                "received_at": received,
                "taken_at": received + timedelta(seconds=rng.randint(2, 40)),
                "judged_after_s": rng.randint(20, 400),
                "lng": unit.lng,
                "lat": unit.lat,
            }
            yield Judged(Row(number + 1, values), "new", target=unit)

    def _states(self, alarms: int) -> None:
        """Device states and a few open alarms: what no import brings, since it comes from what devices send."""
        from django.apps import apps

        rng = self._rng("states")
        devices = apps.get_model("sensing", "Device").objects.in_region(self.context.region).filter(maker="合成厂")
        chosen: dict[str, list[Any]] = {state: [] for state, _ in DEVICE_STATES}
        names, weights = zip(*DEVICE_STATES, strict=True)
        for key in devices.order_by("id").values_list("pk", flat=True):
            chosen[rng.choices(names, weights)[0]].append(key)
        for state, keys in chosen.items():
            seen = self.now - timedelta(hours=30 if state == "offline" else 0, seconds=20)
            for batch in _batches(keys):
                devices.filter(pk__in=batch).update(state=state, last_seen_at=seen)
        rows = apps.get_model("alarms", "Alarm").objects.in_region(self.context.region)
        newest = rows.filter(source_ref__contains="SCALE-").order_by("-id").values_list("pk", flat=True)
        keys = list(newest[: min(200, alarms // 50)])
        fresh = {"received_at": self.now, "raised_at": self.now, "last_at": self.now, "standing": True}
        rows.filter(pk__in=keys).update(
            state="new", judged_at=None, ended_at=None, taken_at=None, cause="", imported=False, **fresh
        )

    def _counts(self) -> None:
        from django.db import connection

        from wanghuo.kernel.indicators import refresh, refresh_dirty
        from wanghuo.kernel.outbox import drain
        from wanghuo.modules.cockpit import public as cockpit

        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        while drain():
            pass
        refresh_dirty()
        self.tell(f"indicators: {refresh():,} values")
        self.tell(f"map: {cockpit.count_map():,} cells")


def _towns(region: str) -> Iterator[tuple[str, str, float, float]]:
    from wanghuo.kernel.regions import codes, service

    if codes.level(region) == "town":
        row = service.get(region)
        if row.lng is not None and row.lat is not None:
            yield row.code, row.name, row.lng, row.lat
        return
    for child in service.children(region):
        yield from _towns(child.code)


def _towns_after_loading(region: str) -> Iterator[tuple[str, str, float, float]]:
    """A new deployment has no divisions yet: those that come with the platform are loaded."""
    from wanghuo.kernel.regions.loading import load

    load()
    yield from _towns(region)


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
