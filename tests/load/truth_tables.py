"""The platform of `device_truth.py` as its tables: the same world through the code that the worker and ingest run."""

from __future__ import annotations

import os
import tempfile
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from truth_world import Ints, World

from wanghuo.engines import supervision as engine

PROFILES = ("wireless", "smoke", "polled_2h", "hydrant_mpa", "electrical", "standard")
"""The profile whose windows are those of each kind of the world."""


class Tables:
    """Devices in the database: heard as ingest stores it, told as services do it, judged by the worker's own function."""

    def __init__(self, world: World) -> None:
        from wanghuo.modules.sensing.models import Device, IngestPosition
        from wanghuo.modules.sensing.profiles import profile

        for kind, code in enumerate(PROFILES):
            if round(profile(code).offline_s * 1e6) != int(world.window[world.groups[kind][0]]):
                raise ValueError(f"profile {code} has another window than the world's kind {kind}")
        rows = []
        for number in range(world.count):
            row = Device(
                ref=f"SB-445281-2027-{number:05d}",
                source=(number + 1).to_bytes(6, "little").hex(),
                profile=PROFILES[world.kind[number]],
            )
            row.place("445281102")
            rows.append(row)
        Device.objects.bulk_create(rows)
        IngestPosition.objects.get_or_create(pk=1)
        self.ids = [row.pk for row in rows]
        self.number = {row.pk: number for number, row in enumerate(rows)}
        self._facts = np.zeros((2, world.count), np.bool_)
        self._told: set[Any] = set()

    def report(self, at: int) -> None:
        from wanghuo.modules.sensing import supervision
        from wanghuo.modules.sensing.models import IngestPosition
        from wanghuo.modules.sensing.transitions import instant

        position = IngestPosition.objects.get()
        supervision.report(position, instant(at))
        position.heard_through_at = instant(at)
        position.save()

    def hear(self, which: Ints, at: Ints, now: int, faulty: Any, low: Any) -> None:
        from wanghuo.modules.sensing.models import Device
        from wanghuo.modules.sensing.store import AWAY
        from wanghuo.modules.sensing.transitions import instant, settle

        heard = {self.ids[n]: instant(int(t)) for n, t in zip(which, at, strict=True)}
        for id, moment in heard.items():
            Device.objects.filter(pk=id).update(last_seen_at=moment)
        told = np.stack([faulty, low])
        changed = which[(self._facts[:, which] != told).any(axis=0)]
        self._facts[:, which] = told
        for n in changed:
            Device.objects.filter(pk=self.ids[n]).update(
                faulty=bool(self._facts[0, n]), standby_low=bool(self._facts[1, n])
            )
        away = set(Device.objects.filter(pk__in=heard, state__in=AWAY).values_list("pk", flat=True))
        settle(away | {self.ids[n] for n in changed}, at=max(heard.values()), since=None, heard=heard)

    def told(self, which: Ints, now: int, **facts: Any) -> None:
        from wanghuo.modules.sensing.models import Device
        from wanghuo.modules.sensing.transitions import instant, settle_now

        ids = [self.ids[n] for n in which]
        for name, values in facts.items():
            if name in ("retired", "returned"):
                state = "retired" if name == "retired" else "offline"
                Device.objects.filter(pk__in=ids).update(state=state)
                continue
            for id, value in zip(ids, np.broadcast_to(values, len(ids)), strict=True):
                moment = None if value >= engine.FOREVER else instant(int(value))
                Device.objects.filter(pk=id).update(**{name.removesuffix("_us"): moment})
        settle_now(ids)

    def judge(self, now: int) -> Ints:
        from wanghuo.kernel.outbox.models import OutboxEvent
        from wanghuo.modules.sensing import supervision

        supervision.judge_silence()
        told = OutboxEvent.objects.filter(kind__in=("sensing.device_offline", "sensing.devices_offline"))
        new = dict(told.exclude(pk__in=self._told).values_list("pk", "payload"))
        self._told |= new.keys()
        ids = [id for told in new.values() for id in told.get("device_ids") or [told["device_id"]]]
        return np.array([self.number[UUID(id)] for id in ids], np.int64)

    def states(self) -> npt.NDArray[np.uint8]:
        from wanghuo.modules.sensing.models import Device

        found = dict(Device.objects.values_list("pk", "state"))
        return np.array([engine.CODES.index(found[id]) for id in self.ids], np.uint8)


def in_tables(devices: int, days: float, seed: int) -> Any:
    """One run through the tables of a fresh SQLite database."""
    import device_truth

    with tempfile.TemporaryDirectory(prefix="device-truth-") as home:
        os.environ |= {"WANGHUO_HOME": home, "WANGHUO_MODE": "test"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wanghuo.entrypoints.web.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        world = World(devices, days, seed, even=True)
        return device_truth.Run(world, Tables(world)).go()
