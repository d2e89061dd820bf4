"""What the fold found, written down: each effect of a frame once, fires before everything else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from wanghuo.kernel.outbox import Event, emit
from wanghuo.modules.sensing import contracts, hours, rules, supervision
from wanghuo.modules.sensing.contracts import TRUSTS
from wanghuo.modules.sensing.dead import bury, ref_of_device, together
from wanghuo.modules.sensing.fold import HOUR_US, Change, Dead, Effects, Note, Stranger
from wanghuo.modules.sensing.journal import JournalReader
from wanghuo.modules.sensing.known import read_rows
from wanghuo.modules.sensing.messages import GB26875, split_key
from wanghuo.modules.sensing.models import (
    Command,
    Device,
    GatewayCounter,
    GatewayReport,
    IngestPosition,
    QuarantinedDevice,
    SensorEvent,
)
from wanghuo.modules.sensing.signals import cleared_event, place_of, raised_event, reporter_of
from wanghuo.modules.sensing.store import CHUNK, held_position, instant, mark_stored, store_new, store_parts
from wanghuo.modules.sensing.transitions import settle
from wanghuo.modules.sensing.way_notes import message_taken, undecoded, ways_report

REPORTS_KEPT = timedelta(days=7)
OPEN_COMMANDS = ("queued", "sent", "confirmed")


def command_q(detail: dict[str, Any]) -> Q:
    """The command an answer belongs to: by the key that went down with it, or by the serial of its frame."""
    if "serial" in detail:
        return Q(serial=detail["serial"], body={})
    try:
        return Q(pk=UUID(detail["key"]))
    except ValueError:
        return Q(pk=None)


def _count(changes: Iterable[Change]) -> None:
    """Count the conditions that are told, by the division of the device and the hour they were received."""
    counts: dict[tuple[str, int], int] = defaultdict(int)
    for change in changes:
        if change.what == "raised" and not change.silent:
            counts[change.device.region, change.moment.received_us // HOUR_US] += 1
    hours.add({at: hours.Count(alarms=count) for at, count in counts.items()})


class Recorder:
    """Records stretches of the journal. What cannot be recorded is buried (`dead`), and the rest goes on."""

    def __init__(self, reader: JournalReader, holder: str) -> None:
        self._reader, self._holder = reader, holder

    def record_fires(self, effects: Effects) -> None:
        """Store the fires of a stretch before its turn, and tell them. They are known by their ids, so after a crash
        in between they are not told again."""
        with transaction.atomic():
            effects.dead += together(self._fires, effects.urgent, lambda change: change.moment.ref)
        mark_stored(change.part for change in effects.urgent if change.part)

    def _fires(self, changes: Sequence[Change]) -> None:
        read_rows(change.device for change in changes)
        store_new({c.part.id: (c.device, c.part) for c in changes if c.part}.values())
        known = set(SensorEvent.objects.filter(pk__in=[c.id for c in changes]).values_list("pk", flat=True))
        fresh = {change.id: change for change in changes if change.id not in known}
        self._events(list(fresh.values()))
        self._emit(list(fresh.values()))
        _count(fresh.values())

    def record(self, effects: Effects, through: int) -> None:
        """Store everything but the fires and move `events_through` to `through`, all or nothing; may be called again
        with the same effects."""
        with transaction.atomic():
            self._record(effects, through)
        mark_stored(told.part for told in effects.told)

    def give_up(self, effects: Effects, through: int, why: str) -> None:
        """Bury everything of a stretch that could not be recorded at all, and go on behind it."""
        refs = {change.moment.ref for change in effects.changes} | {note.ref for note in effects.notes}
        refs |= {stranger.ref for stranger in effects.strangers.values()} | {f"{through}"}
        with transaction.atomic():
            held_position(self._holder)
            bury([*effects.dead, *(Dead(ref, why) for ref in sorted(refs))], self._reader)
            IngestPosition.objects.filter(pk=1).update(events_through=through)

    def _record(self, effects: Effects, through: int) -> None:
        position = held_position(self._holder)
        dead = [
            *effects.dead,
            *together(store_parts, effects.told, lambda told: ref_of_device(told.device)),
            *together(self._changes, effects.changes, lambda change: change.moment.ref),
            *together(self._strangers, list(effects.strangers.items()), lambda stranger: stranger[1].ref),
            *together(lambda notes: self._notes(position, notes), effects.notes, lambda note: note.ref),
        ]
        if effects.duplicates:
            GatewayCounter.add("duplicates", effects.duplicates, timezone.now())
        if dead:
            bury(dead, self._reader)
        position.events_through = through
        position.save()

    def _changes(self, changes: Sequence[Change]) -> None:
        read_rows(change.device for change in changes)
        self._events(changes)
        self._device_conditions(changes)
        self._emit(changes)
        _count(changes)

    def _events(self, changes: Sequence[Change]) -> None:
        rows = [
            SensorEvent(
                id=c.id,
                device_id=c.device.id,
                component_id=c.part.id if c.part else None,
                what=c.what,
                condition=c.condition,
                detail=c.detail | ({"signal": str(c.signal_id)} if c.what == "cleared" else {}),
                at=instant(c.at_s),
                received_at=instant(c.moment.received_s),
                frame_ref=c.moment.ref,
                stale=c.moment.stale,
                trust=TRUSTS[c.moment.trust],
            )
            for c in changes
        ]
        SensorEvent.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)

    def _device_conditions(self, changes: Sequence[Change]) -> None:
        """Whether a device is itself faulty or short of power, after these changes."""
        touched = {c.device.source: c.device for c in changes if c.part and len(c.part.key) <= 2}
        for device in touched.values():
            own = [p for p in (device.parts or {}).values() if len(p.key) <= 2]
            faulty = any(rules.FAULTS & p.active.keys() for p in own)
            standby_low = any(rules.SUPPLY & p.active.keys() for p in own)
            device.own_conditions(faulty=faulty, standby_low=standby_low)
            Device.objects.filter(pk=device.id).update(faulty=faulty, standby_low=standby_low)
        if touched:
            heard = {c.device.id: instant(c.moment.received_s) for c in changes if c.device.source in touched}
            settle(heard, at=max(heard.values()), since=None, heard=heard)

    def _emit(self, changes: Sequence[Change]) -> None:
        told: list[Event] = []
        for change in changes:
            if change.what == "raised" and not change.silent:
                told.append(raised_event(change))
            elif change.what == "cleared":
                told.append(cleared_event(change))
            elif change.what == "duty_reply":
                told.append(self._duty_reply(change))
            elif change.what == "reply":
                self._command_reply(change)
        if told:
            emit(*told)

    def _duty_reply(self, change: Change) -> contracts.DutyReply:
        row, device = change.device.row, change.device
        open_check = (
            Command.objects.select_for_update()
            .filter(device_id=device.id, act="duty_check", state__in=OPEN_COMMANDS)
            .order_by("asked_at")
            .first()
        )
        if open_check is not None:
            open_check.state, open_check.done_at = "answered", instant(change.moment.received_s)
            open_check.answer_ref = change.moment.ref
            open_check.save(update_fields=["state", "done_at", "answer_ref"])
        return contracts.DutyReply(
            device_id=device.id,
            device_ref=device.ref,
            region_code=row.region_code,
            unit_id=row.unit_id,
            operator=change.detail["operator"],
            at=instant(change.at_s),
            received_at=instant(change.moment.received_s),
            frame_ref=change.moment.ref,
            command_id=open_check.id if open_check else None,
        )

    def _command_reply(self, change: Change) -> None:
        command = (
            Command.objects.select_for_update()
            .filter(command_q(change.detail), device_id=change.device.id, state__in=("queued", "sent"))
            .first()
        )
        if command is None:
            return
        if command.act == "duty_check" and change.detail["outcome"] == "answered":
            emit(self._duty_reply(change._replace(detail={"operator": 0})))
            return
        command.state, command.answer_ref = change.detail["outcome"], change.moment.ref
        if not (command.act == "duty_check" and command.state == "confirmed"):
            command.done_at = instant(change.moment.received_s)
        command.save(update_fields=["state", "answer_ref", "done_at"])
        if command.act == "clock_sync" and command.state == "confirmed":
            change.device.offset_s, change.device.learned_us = None, 0

    def _strangers(self, strangers: Sequence[tuple[bytes, Stranger]]) -> None:
        for source, seen in strangers:
            row, _ = QuarantinedDevice.objects.get_or_create(
                protocol=split_key(source)[0],
                source=split_key(source)[1],
                defaults={"first_seen_at": instant(seen.first_us / 1e6), "last_seen_at": instant(seen.last_us / 1e6)},
            )
            row.frames += seen.frames
            row.last_seen_at = instant(seen.last_us / 1e6)
            row.peer, row.last_frame = self._reader.peer(seen.writer, seen.link), seen.frame.hex()
            row.save(update_fields=["frames", "last_seen_at", "peer", "last_frame"])

    def _notes(self, position: IngestPosition, notes: Sequence[Note]) -> None:
        for note in notes:
            at = instant(note.received_us / 1e6)
            if note.known["what"] == "report":
                self._report(position, note.writer, at, note.known)
            elif note.known["what"] == "command_sent":
                Command.objects.filter(pk=note.known["id"], state="queued").update(state="sent", sent_at=at)
            elif note.known["what"] == "ways":
                ways_report(note.known, at)
            elif note.known["what"] == "way_sample":
                message_taken(note.known["way"], note.ref)
            elif note.known["what"] == "undecoded":
                undecoded(note.known, note.ref, at)
            elif note.known["what"] == "duplicate_source":
                self._duplicate_source(at, note.known)

    def _report(self, position: IngestPosition, writer: str, at: datetime, note: dict[str, Any]) -> None:
        supervision.report(position, at)
        for kind, more in note["counters"].items():
            if more:
                GatewayCounter.add(kind, more, at)
        GatewayReport.objects.update_or_create(
            writer=writer,
            defaults={
                "started_at": instant(note["started_us"] / 1e6),
                "reported_at": at,
                "stopped": note["stopped"],
                "links": note["links"],
                "known": note["counters"],
            },
        )
        GatewayReport.objects.filter(reported_at__lt=at - REPORTS_KEPT).delete()

    def _duplicate_source(self, at: datetime, note: dict[str, Any]) -> None:
        device = Device.objects.filter(protocol=GB26875, source=note["source"]).first()
        if device is None:
            return
        row = SensorEvent.objects.create(
            device=device, what="duplicate_source", detail={"peers": note["peers"]}, at=at, received_at=at
        )
        emit(
            contracts.SignalRaised(
                signal_id=row.id,
                condition="duplicate_source",
                at=at,
                received_at=at,
                frame_ref="",
                trust="none",
                stale=False,
                test=False,
                **place_of(device),
                **reporter_of(None),
                value=None,
            )
        )
