"""Messages on their way out: written down with what caused them, sent by the worker, tried again, never twice without
a mark.

A worker may die between sending and writing that down, so a receiver can get a message twice; its key is the same both
times. Each system that is told is a lane of its own, and text messages are one (lanes.py): who does not answer holds up
nobody else, and is asked again with one message at a time, those tried least first.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from wanghuo.base import AppError, NotFound, Text, failpoints
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.models import User
from wanghuo.kernel.notify import couriers, egress, signing
from wanghuo.kernel.notify.models import Endpoint, Notification, Sending
from wanghuo.kernel.outbox.doorbell import ring

log = logging.getLogger(__name__)

BELL = "sending"
ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=5)  # then doubled: given up after 11 minutes
CLAIM = timedelta(seconds=60)
LONGEST = timedelta(days=1)  # that a message waits: over a night, or after the last failure
KEPT = timedelta(days=90)
WEBHOOK, SMS = "webhook", "sms"


def queue(user_ids: Sequence[int], *, level: str, title: Text, about: str, url: str, not_before: datetime) -> None:
    """Write down what is to leave for some people and for the endpoints that hear the level, in the caller's
    transaction.
    """
    told = {"level": level, "title": {"zh": title.zh, "en": title.en}, "about": about, "url": url}
    rows = [
        Sending(way=WEBHOOK, address=e.url, endpoint=e, payload={**told, "at": timezone.now().isoformat()})
        for e in Endpoint.objects.filter(active=True, levels__contains=level)
    ]
    for user in User.objects.filter(pk__in=user_ids, is_active=True).exclude(sealed_phone=""):
        text = f"【望火】{title.in_(user.language)} {about}".strip()
        rows.append(Sending(way=SMS, address=f"user:{user.pk}", payload={"text": text}, next_at=not_before))
    if rows:
        Sending.objects.bulk_create(rows)
        ring(BELL)


class Lane(NamedTuple):
    """One way out: a system that is told, or all text messages (`endpoint_id` None)."""

    way: str
    endpoint_id: UUID | None


def lanes_due() -> list[Lane]:
    """The lanes in which something is due, text messages first."""
    found = _due().order_by().values_list("way", "endpoint_id").distinct()
    return sorted((Lane(*row) for row in found), key=lambda lane: (lane.endpoint_id is not None, str(lane.endpoint_id)))


def send_waiting(limit: int = 100, stopped: Callable[[], bool] = lambda: False, lane: Lane | None = None) -> int:
    """Send what is due (of one lane), one after another; how many were tried. Nothing is locked while the other side is
    waited for.
    """
    count = 0
    while count < limit and not stopped() and (row := _claim(lane)) is not None:
        try:
            status = _send(row)
        except AppError as error:
            _let_rest(_failed(row, str(error)))
        except Exception as error:
            log.exception("sending %s failed", row.pk)
            _let_rest(_failed(row, type(error).__name__))
        else:
            if 200 <= status < 300:
                Sending.objects.filter(pk=row.pk).update(state="sent", sent_at=timezone.now(), error="")
            else:
                _failed(row, str(_answered_badly(row, status)))
        count += 1
    return count


def _due() -> QuerySet[Sending]:
    """What is due. A wait that would be longer than any was begun by a clock that has been put back since."""
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now) | Q(claimed_until__gt=now + CLAIM)
    due = Q(next_at__lte=now) | Q(next_at__gt=now + LONGEST)
    return Sending.objects.filter(free, due, state="waiting")


@transaction.atomic
def _claim(lane: Lane | None) -> Sending | None:
    rows = _due().order_by("attempts", "next_at", "created_at")
    if lane is not None:
        rows = rows.filter(way=lane.way)
        rows = rows.filter(endpoint_id=lane.endpoint_id) if lane.endpoint_id else rows.filter(endpoint=None)
    row: Sending | None = rows.select_for_update(skip_locked=True).first()
    if row is not None:
        row.claimed_until = timezone.now() + CLAIM
        row.save(update_fields=["claimed_until"])
    return row


def _send(row: Sending) -> int:
    """Send one; the status of the answer. Raises what kept it from being sent."""
    failpoints.at("sending.before_send", row.way, row.address)
    status = _text(row) if row.way == SMS else _post(row)
    failpoints.at("sending.after_send", row.way, row.address)
    return status


def _text(row: Sending) -> int:
    user = User.objects.filter(pk=int(row.address.removeprefix("user:")), is_active=True).first()
    if user is not None and user.phone:
        couriers.sms().send(number=user.phone, text=row.payload["text"], key=str(row.key))
    return 200


def _post(row: Sending) -> int:
    assert row.endpoint is not None
    body = json.dumps(row.payload, ensure_ascii=False, separators=(",", ":")).encode()
    now = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Wanghuo",
        signing.TIMESTAMP: str(now),
        signing.SIGNATURE: signing.sign(row.endpoint.secret, now, body),
        signing.DELIVERY: str(row.key),
    }
    return egress.post(row.address, body, headers).status


def _answered_badly(row: Sending, status: int) -> egress.EgressFailed:
    assert row.endpoint is not None
    return egress.EgressFailed(host=row.endpoint.name, why=Text(f"状态 {status}", f"status {status}"))


def _failed(row: Sending, error: str) -> Sending:
    row.attempts += 1
    row.error, row.claimed_until = error[:300], None
    row.state = "failed" if row.attempts >= ATTEMPTS else "waiting"
    row.next_at = timezone.now() + FIRST_PAUSE * 2 ** (row.attempts - 1)
    row.save(update_fields=["attempts", "error", "claimed_until", "state", "next_at"])
    return row


def _let_rest(row: Sending) -> None:
    """A system that does not answer costs seconds with each message: the others wait for the pause of the one that was tried."""
    if row.endpoint_id is not None:
        lane = Sending.objects.filter(endpoint_id=row.endpoint_id, state="waiting", next_at__lt=row.next_at)
        lane.update(next_at=row.next_at)


@transaction.atomic
def add_endpoint(*, name: str, url: str, levels: str, actor: Actor) -> Endpoint:
    """Tell an outside system from now on; its `secret` is shown once, by whoever called this. Only our processes may
    (the CLI).
    """
    actor.require("system.view")
    row = Endpoint.objects.create(name=name, url=url, levels=levels)
    audit.record(actor, "notify:endpoint:add", name, after={"url": url, "levels": levels})
    return row


@transaction.atomic
def stop_endpoint(*, name: str, actor: Actor) -> None:
    """Tell it no more. Raises NotFound."""
    actor.require("system.view")
    if not Endpoint.objects.filter(name=name, active=True).update(active=False):
        raise NotFound(what=Text("推送端点", "endpoint"), ref=name)
    audit.record(actor, "notify:endpoint:stop", name)


@dataclass(frozen=True, slots=True)
class WayOut:
    """How one lane does. `name`: of the endpoint, "" for text messages; `failing`: of those that wait, how many were tried in
    vain; `given_up`: within the time they are kept; `error`: of the newest that failed."""

    name: str
    waiting: int
    failing: int
    given_up: int
    oldest_at: datetime
    error: str


def ways_out() -> list[WayOut]:
    """The lanes in which something waits or was given up, for the health page; those in trouble first."""
    open_ = Sending.objects.exclude(state="sent")
    rows = open_.values("endpoint_id", "endpoint__name").annotate(
        waiting=Count("pk", filter=Q(state="waiting")),
        failing=Count("pk", filter=Q(state="waiting", attempts__gt=0)),
        given_up=Count("pk", filter=Q(state="failed")),
        oldest=Min("created_at"),
    )
    found = []
    for row in rows.order_by():
        mine = open_.filter(endpoint_id=row["endpoint_id"]).exclude(error="").order_by("-created_at")
        error = mine.values_list("error", flat=True).first() or ""
        counts = (row["waiting"], row["failing"], row["given_up"])
        found.append(WayOut(row["endpoint__name"] or "", *counts, row["oldest"], error))
    return sorted(found, key=lambda way: (-way.given_up, -way.failing, way.name))


def send_again(name: str) -> int:
    """Try what was given up once more; `name` as in `WayOut`. How many there were."""
    rows = Sending.objects.filter(state="failed")
    rows = rows.filter(endpoint__name=name) if name else rows.filter(endpoint=None)
    return rows.update(state="waiting", attempts=0, next_at=timezone.now())


def forget() -> int:
    """Delete messages and sendings older than `KEPT`; how many."""
    before = timezone.now() - KEPT
    sent = Sending.objects.filter(created_at__lt=before).exclude(state="waiting").delete()[0]
    return sent + Notification.objects.filter(at__lt=before).delete()[0]
