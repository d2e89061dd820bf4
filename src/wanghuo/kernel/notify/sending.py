"""Messages on their way out: written down with what caused them, sent by the worker, tried again, never twice without
a mark.

A worker may die between sending and writing that down, so a receiver can get a message twice; its key is the same both
times.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from wanghuo.base import AppError, NotFound, Text
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


def send_waiting(limit: int = 100, stopped: Callable[[], bool] = lambda: False) -> int:
    """Send what is due, one after another; how many were tried. Nothing is locked while the other side is waited
    for.
    """
    count = 0
    while count < limit and not stopped() and (row := _claim()) is not None:
        try:
            _send(row)
        except AppError as error:
            _failed(row, str(error))
        except Exception as error:
            log.exception("sending %s failed", row.pk)
            _failed(row, type(error).__name__)
        else:
            Sending.objects.filter(pk=row.pk).update(state="sent", sent_at=timezone.now(), error="")
        count += 1
    return count


@transaction.atomic
def _claim() -> Sending | None:
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    rows = Sending.objects.filter(free, state="waiting", next_at__lte=now).order_by("next_at")
    row: Sending | None = rows.select_for_update(skip_locked=True).first()
    if row is not None:
        row.claimed_until = now + CLAIM
        row.save(update_fields=["claimed_until"])
    return row


def _send(row: Sending) -> None:
    if row.way == SMS:
        user = User.objects.filter(pk=int(row.address.removeprefix("user:")), is_active=True).first()
        if user is not None and user.phone:
            couriers.sms().send(number=user.phone, text=row.payload["text"], key=str(row.key))
        return
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
    answer = egress.post(row.address, body, headers)
    if not 200 <= answer.status < 300:
        raise egress.EgressFailed(host=row.endpoint.name, why=Text(f"状态 {answer.status}", f"status {answer.status}"))


def _failed(row: Sending, error: str) -> None:
    attempts = row.attempts + 1
    Sending.objects.filter(pk=row.pk).update(
        attempts=attempts,
        error=error[:300],
        claimed_until=None,
        state="failed" if attempts >= ATTEMPTS else "waiting",
        next_at=timezone.now() + FIRST_PAUSE * 2 ** (attempts - 1),
    )


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


def sending_health() -> dict[str, Any]:
    """For the health page: how many wait, how many were given up, and why the last one was."""
    last = Sending.objects.filter(state="failed").order_by("-created_at").first()
    return {
        "waiting": Sending.objects.filter(state="waiting").count(),
        "failed": Sending.objects.filter(state="failed").count(),
        "last_error": last.error if last else "",
    }


def retry(sending_id: UUID) -> bool:
    """Try one that was given up again; whether there was one."""
    rows = Sending.objects.filter(pk=sending_id, state="failed")
    return bool(rows.update(state="waiting", attempts=0, next_at=timezone.now()))


def forget() -> int:
    """Delete messages and sendings older than `KEPT`; how many."""
    before = timezone.now() - KEPT
    sent = Sending.objects.filter(created_at__lt=before).exclude(state="waiting").delete()[0]
    return sent + Notification.objects.filter(at__lt=before).delete()[0]
