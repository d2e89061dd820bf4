"""How the platform itself does: processes, receiving, delivering, periodic work, the audit seal, disk, versions."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import django
from django.conf import settings
from django.db import connection
from django.utils import timezone

from wanghuo import __version__
from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.audit import record
from wanghuo.kernel.audit.sealing import SealState, seal_state
from wanghuo.kernel.jobs.beats import EVERY_S, beats
from wanghuo.kernel.jobs.models import JobRun, PeriodicRun, ProcessBeat
from wanghuo.kernel.jobs.periodic import periodic_health
from wanghuo.kernel.jobs.states import JobState
from wanghuo.kernel.notify.sending import WayOut, send_again, ways_out
from wanghuo.kernel.outbox.delivery import OutboxHealth, dead_letters, outbox_health, retry_dead
from wanghuo.kernel.outbox.models import Delivery
from wanghuo.modules.sensing import public as sensing
from wanghuo.modules.sensing.contracts import GatewayHealth

RIGHT = "system.view"
SILENT_AFTER = timedelta(seconds=6 * EVERY_S)
OUTBOX_LATE = timedelta(minutes=1)
LOW_DISK = 2 * 1024**3
LETTER = Text("死信", "dead letter")
TEXTS = Text("短信", "text messages")
KINDS = {
    "web": Text("网页服务", "web"),
    "gateway": Text("接收服务", "gateway"),
    "ways": Text("其他接入", "ways in"),
    "ingest": Text("报文处理", "ingest"),
    "worker": Text("后台任务", "worker"),
}
FACTS = {
    "compiled": Text("编译部件（1 为启用）", "compiled parts (1: in use)"),
    "delivered": Text("已投递", "delivered"),
    "jobs": Text("已做任务", "jobs done"),
    "outbox_waiting": Text("待投递", "to deliver"),
    "outbox_dead": Text("死信", "dead letters"),
}


@dataclass(frozen=True, slots=True)
class Process:
    """One process as the page shows it."""

    beat: ProcessBeat
    silent: bool

    @property
    def kind(self) -> Text:
        """What it does."""
        return KINDS.get(self.beat.kind, Text(self.beat.kind, self.beat.kind))

    @property
    def facts(self) -> list[tuple[Text, int]]:
        """Its figures with their names."""
        return [(FACTS.get(name, Text(name, name)), value) for name, value in self.beat.facts.items()]


@dataclass(frozen=True, slots=True)
class Health:
    """Everything the page shows; `problems` first, worst first."""

    at: datetime
    beats: list[ProcessBeat]
    gateway: GatewayHealth
    outbox: OutboxHealth
    dead: list[Delivery]
    ways_out: list[WayOut]
    jobs: dict[str, int]
    periodic: list[PeriodicRun]
    seal: SealState
    free_bytes: int
    disk_bytes: int
    versions: list[tuple[str, str]]
    problems: list[Text]

    @property
    def processes(self) -> list[Process]:
        """Every process, and whether it has not been heard of for too long."""
        return [Process(beat, self.at - beat.at > SILENT_AFTER) for beat in self.beats]


def health() -> Health:
    """How things stand now."""
    now = timezone.now()
    disk = shutil.disk_usage(settings.HOME)
    found: dict[str, Any] = {
        "beats": beats(),
        "gateway": sensing.gateway_health(),
        "outbox": outbox_health(),
        "dead": dead_letters(50),
        "ways_out": ways_out(),
        "jobs": _jobs(now),
        "periodic": periodic_health(),
        "seal": seal_state(),
        "free_bytes": disk.free,
        "disk_bytes": disk.total,
    }
    return Health(at=now, versions=_versions(), problems=list(_problems(now, **found)), **found)


def _jobs(now: datetime) -> dict[str, int]:
    day_ago = now - timedelta(days=1)
    return {
        "waiting": JobRun.objects.filter(state=JobState.WAITING, ended_at=None).count(),
        "running": JobRun.objects.filter(state=JobState.RUNNING).count(),
        "failed": JobRun.objects.filter(ended_at__gte=day_ago).exclude(error_code="").count(),
    }


def _versions() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        database = cursor.fetchone()[0]
    name = "SQLite" if connection.vendor == "sqlite" else "PostgreSQL"
    return [
        ("Wanghuo", __version__),
        ("Python", platform.python_version()),
        ("Django", django.get_version()),
        (name, str(database)),
    ]


def _problems(
    now: datetime,
    *,
    beats: list[ProcessBeat],
    gateway: GatewayHealth,
    outbox: OutboxHealth,
    ways_out: list[WayOut],
    periodic: list[PeriodicRun],
    seal: SealState,
    free_bytes: int,
    jobs: dict[str, int],
    **_: Any,
) -> Iterator[Text]:
    yield from gateway.problems
    if not any(beat.kind == "worker" and now - beat.at <= SILENT_AFTER for beat in beats):
        yield Text(
            "后台进程没有运行：时钟、通知、统计都停着。",
            "No worker is running: clocks, messages and figures stand still.",
        )
    for beat in beats:
        if now - beat.at > SILENT_AFTER:
            yield Text(
                "{name} 没有正常结束，最后一次报告后再无消息。",
                "{name} did not end as it should; nothing heard of it since.",
            ).filled({"name": beat.name})
    if outbox.dead:
        yield Text("{n} 条事件多次投递失败，等待处理。", "{n} events failed too often and wait for somebody.").filled(
            {"n": outbox.dead}
        )
    if outbox.oldest_at and now - outbox.oldest_at > OUTBOX_LATE:
        yield Text("事件投递滞后：{n} 条在等。", "Events are delivered late: {n} wait.").filled({"n": outbox.waiting})
    for way in ways_out:
        known = {"name": way.name or TEXTS, "n": way.failing, "m": way.given_up, "error": way.error}
        if way.failing:
            yield Text(
                "推送 {name} 没有成功，{n} 条在重试：{error}", "{name} was told in vain, {n} are tried again: {error}"
            ).filled(known)
        if way.given_up:
            yield Text(
                "推送 {name} 有 {m} 条已放弃，等待处理。", "{m} messages to {name} were given up and wait for somebody."
            ).filled(known)
    for run in periodic:
        if run.failures_in_row:
            known = {"name": run.name, "n": run.failures_in_row}
            yield Text(
                "定时任务 {name} 连续失败 {n} 次。", "The periodic task {name} failed {n} times in a row."
            ).filled(known)
    if seal.late:
        yield Text("审计封存滞后 {s} 秒。", "Sealing the audit log is {s} s behind.").filled({"s": seal.lag_s})
    if free_bytes < LOW_DISK:
        yield Text("数据盘只剩 {mb} MB。", "{mb} MB left on the data disk.").filled({"mb": free_bytes // 2**20})
    if jobs["failed"]:
        yield Text("近一天有 {n} 个任务失败。", "{n} jobs failed within a day.").filled({"n": jobs["failed"]})


def resend(*, name: str, actor: Actor) -> None:
    """Send what was given up once more; `name` of the endpoint, "" for text messages. Raises NotFound when there is nothing."""
    actor.require(RIGHT)
    if not (count := send_again(name)):
        raise NotFound(what=Text("已放弃的推送", "message that was given up"), ref=name)
    record(actor, "cockpit:sending:retry", name or "sms", after={"count": count})


def retry(*, delivery_id: int, actor: Actor) -> None:
    """Let a dead letter be delivered again. Raises NotFound when there is none of this number."""
    actor.require(RIGHT)
    letter = Delivery.objects.filter(pk=delivery_id, dead=True).select_related("event").first()
    if letter is None or not retry_dead(delivery_id):
        raise NotFound(what=LETTER, ref=delivery_id)
    known = {"listener": letter.listener, "event": letter.event.kind}
    record(actor, "cockpit:outbox:retry", str(delivery_id), after=known)
