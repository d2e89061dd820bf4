"""Delivering: each listener hears each event once, those of one stream in order; one that fails holds up its stream
alone.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from wanghuo.base import failpoints
from wanghuo.kernel.outbox import last_tried
from wanghuo.kernel.outbox.bus import hears_many, listeners_of
from wanghuo.kernel.outbox.events import event_class, from_json
from wanghuo.kernel.outbox.models import AT_ONCE, Delivery, OutboxEvent
from wanghuo.kernel.outbox.turns import giving_way

log = logging.getLogger(__name__)

ATTEMPTS = 6  # the last one 31 s after the first: a dead letter is seen within a minute (reliability.md R18)
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = FIRST_PAUSE * 2**ATTEMPTS
BATCH, BATCH_S = 64, 0.01  # deliveries, and seconds, in one transaction: few commits, and nobody waits long for one
STEP_BACK = timedelta(milliseconds=50)
KEPT = timedelta(days=7)
DIED = "the process died while this listener ran"


def drain(limit: int = 1000, *, urgent: bool = False) -> int:
    """Deliver what is pending, urgent ones first, then the oldest, until nothing is due or `limit` is reached; how
    many were tried. `urgent`: these only.

    What a listener writes and the end of its delivery are one transaction, so each effect in the database happens
    exactly once, whenever the process dies. Several drainers may run: on PostgreSQL they pass over each other's rows,
    on SQLite they take turns. Who asks for urgent ones has told some: they are not looked for before and after.
    """
    for first, last in last_tried.of_the_dead():
        _blame(first, last)
    tried = 0
    while tried < limit and (urgent or _due().exists()):  # looking takes no lock: an idle worker holds up nobody
        size = min(BATCH, limit - tried)
        with nullcontext() if urgent else giving_way():
            seen, done = _batch(size, urgent)
        tried += done
        if seen == 0 or (urgent and done == seen < size):
            break
    return tried


def overdue(seconds: float) -> bool:
    """Whether a delivery has been due for so long: neither what is new nor what waits to be tried again."""
    before = timezone.now() - timedelta(seconds=seconds)
    return Delivery.objects.filter(dead=False, next_at__lte=before, event__at__lte=before).exists()


def _due(urgent: bool = False) -> QuerySet[Delivery]:
    """What is due. A pause that would be longer than any was begun by a clock that has been put back since."""
    now = timezone.now()
    rows = Delivery.objects.filter(Q(next_at__lte=now) | Q(next_at__gt=now + LONGEST_PAUSE), dead=False)
    return rows.filter(urgent=True) if urgent else rows


@transaction.atomic
def _batch(size: int, urgent: bool) -> tuple[int, int]:
    """One transaction's worth: how many rows were looked at, how many deliveries were tried.

    Urgent ones have a transaction to themselves: its end, when others see what came of them, waits for nothing else.
    """
    deadline = time.monotonic() + BATCH_S
    rows = _due(urgent).order_by("-urgent", "id").select_related("event")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    mine = list(rows[:size])
    mine = [delivery for delivery in mine if delivery.urgent] or mine
    held_up = _streams_held_up(mine)
    heard: list[int] = []
    together = _deliver_together(mine, held_up)
    heard += together
    tried = len(together)
    for delivery in mine:
        key = (delivery.listener, delivery.stream)
        if delivery.pk in together:
            continue
        if delivery.stream and key in held_up:
            _step_back(delivery, held_up[key])
            continue
        tried += 1
        if _deliver(delivery):
            heard.append(delivery.pk)
        elif not delivery.dead:
            held_up[key] = delivery.next_at
        if time.monotonic() > deadline:
            break
    if heard:
        Delivery.objects.filter(pk__in=heard).delete()
    last_tried.note(0)
    return len(mine), tried


def _deliver_together(mine: Sequence[Delivery], held_up: dict[tuple[str, str], datetime]) -> dict[int, None]:
    """Let listeners of many hear what waits for them at once; the deliveries heard. A list that fails is left for one by one,
    and so is what was in hand when a process died, with what follows it in its stream: it must not take the others with it again."""
    lists: dict[str, list[Delivery]] = {}
    alone = set(held_up)
    for delivery in mine:
        key = (delivery.listener, delivery.stream)
        if delivery.error == DIED:
            alone.add(key)
        elif hears_many(delivery.listener) and key not in alone:
            lists.setdefault(delivery.listener, []).append(delivery)
    heard: dict[int, None] = {}
    for name, found in lists.items():
        kinds = [event_class(d.event.kind) for d in found]
        listener = listeners_of(found[0].event.kind).get(name)
        if len(found) == 1 or listener is None or None in kinds:
            continue
        last_tried.note(found[0].pk, found[-1].pk)
        try:
            with transaction.atomic():
                for delivery in found:
                    failpoints.at("outbox.before_send", *_about(delivery))
                listener([from_json(k, d.event.payload) for k, d in zip(kinds, found, strict=True) if k is not None])
                for delivery in found:
                    failpoints.at("outbox.after_send", *_about(delivery))
        except Exception:
            log.exception("%s failed on %d events together; they follow one by one", name, len(found))
            continue
        heard |= dict.fromkeys(d.pk for d in found)
    return heard


def _streams_held_up(mine: Sequence[Delivery]) -> dict[tuple[str, str], datetime]:
    """The (listener, stream) pairs with an older delivery that another drainer has in hand or that waits to be tried
    again.
    """
    streams = {d.stream for d in mine if d.stream}
    if not streams:
        return {}
    first: dict[tuple[str, str], int] = {}
    for delivery in mine:
        first.setdefault((delivery.listener, delivery.stream), delivery.pk)
    older = Delivery.objects.filter(dead=False, stream__in=streams, id__lt=max(first.values()))
    rows = older.exclude(pk__in=[d.pk for d in mine]).values_list("listener", "stream", "pk", "next_at")
    return {(name, stream): at for name, stream, pk, at in rows if pk < first.get((name, stream), 0)}


def _step_back(delivery: Delivery, until: datetime) -> None:
    """Leave the front until the older one is done, so that a long stream doesn't fill every batch."""
    now = timezone.now()
    delivery.next_at = min(max(until, now + STEP_BACK), now + LONGEST_PAUSE)
    delivery.save(update_fields=["next_at"])


def _deliver(delivery: Delivery) -> bool:
    """Let the listener hear; whether it did. A failure undoes what the listener wrote, and only that."""
    listener = listeners_of(delivery.event.kind).get(delivery.listener)
    kind = event_class(delivery.event.kind)
    if listener is None or kind is None:
        return True  # this version listens no more
    last_tried.note(delivery.pk)
    try:
        with transaction.atomic():
            failpoints.at("outbox.before_send", *_about(delivery))
            event = from_json(kind, delivery.event.payload)
            listener([event] if hears_many(delivery.listener) else event)
            failpoints.at("outbox.after_send", *_about(delivery))
    except Exception as error:
        log.exception("%s failed on %s %s", delivery.listener, delivery.event.kind, delivery.event_id)
        _note_failure(delivery, "".join(traceback.format_exception_only(error)))
        return False
    return True


def _note_failure(delivery: Delivery, error: str) -> None:
    delivery.attempts += 1
    delivery.error = error[-1000:]
    delivery.dead = delivery.attempts >= ATTEMPTS
    delivery.next_at = timezone.now() + FIRST_PAUSE * 2 ** (delivery.attempts - 1)
    delivery.save(update_fields=["attempts", "error", "dead", "next_at"])


def _about(delivery: Delivery) -> tuple[object, ...]:
    return delivery.listener, delivery.event.kind, delivery.stream, delivery.event.payload


@transaction.atomic
def _blame(first: int, last: int) -> None:
    """Count a death as a failure of the listener that ran then; it may have been another's fault, so it is tried
    again. Of a list that was in hand nobody knows which one it was: each is tried alone from now on, and at once.
    """
    delivery = Delivery.objects.select_for_update().filter(pk=first, dead=False).first()
    if last == first:
        if delivery is not None:
            _note_failure(delivery, DIED)
    elif delivery is not None:
        others = Delivery.objects.filter(pk__range=(first, last), listener=delivery.listener, dead=False, attempts=0)
        others.update(attempts=1, error=DIED)


@dataclass(frozen=True, slots=True)
class OutboxHealth:
    """How delivering goes: how many wait, since when the oldest, how many of them failed before, how many are dead
    letters.
    """

    waiting: int
    oldest_at: datetime | None
    retrying: int
    dead: int


def outbox_health() -> OutboxHealth:
    """For the page on which an administrator looks."""
    waiting = Delivery.objects.filter(dead=False)
    oldest = waiting.order_by("id").values_list("event__at", flat=True).first()
    dead = Delivery.objects.filter(dead=True).count()
    return OutboxHealth(waiting.count(), oldest, waiting.filter(attempts__gt=0).count(), dead)


def dead_letters(limit: int = 100) -> list[Delivery]:
    """The deliveries that failed too often, newest first, each with its event."""
    return list(Delivery.objects.filter(dead=True).select_related("event").order_by("-id")[:limit])


def retry_dead(delivery_id: int) -> bool:
    """Let a dead letter be tried again; whether there was one."""
    dead = Delivery.objects.filter(pk=delivery_id, dead=True)
    return bool(dead.update(dead=False, attempts=0, next_at=AT_ONCE))


def forget_delivered(limit: int = 10_000) -> int:
    """Delete events that everybody heard more than `KEPT` ago; how many."""
    old = OutboxEvent.objects.filter(at__lt=timezone.now() - KEPT, deliveries__isnull=True)
    keys = list(old.values_list("pk", flat=True)[:limit])
    for start in range(0, len(keys), 500):
        OutboxEvent.objects.filter(pk__in=keys[start : start + 500]).delete()
    return len(keys)
