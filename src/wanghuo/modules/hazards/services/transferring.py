"""Handing a hazard to another body, and what comes back."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from wanghuo.kernel.access.actor import Actor
from wanghuo.modules.hazards.models import Hazard, Transfer
from wanghuo.modules.hazards.services.moves import begin, finish


@transaction.atomic
def transfer(ref: str, *, to_body: str, reason: str, actor: Actor) -> Hazard:
    """Hand a hazard to the body whose business it is (移送、抄告); its answer is due by the rule of the region."""
    hazard, move = begin(ref, "transfer", actor=actor)
    Transfer.objects.create(hazard=hazard, to_body=to_body, reason=reason, sent_at=timezone.now(), sent_by=actor.id)
    return finish(hazard, move, actor=actor, note=f"{to_body}：{reason}", after={"to_body": to_body})


@transaction.atomic
def record_reply(ref: str, *, reply: str, actor: Actor) -> Hazard:
    """Record what the other body answered; the result is re-inspected like any other."""
    hazard, move = begin(ref, "reply", actor=actor)
    _answer(hazard, reply)
    return finish(hazard, move, actor=actor, changed={"submitted_at": timezone.now()}, note=reply)


@transaction.atomic
def take_back(ref: str, *, reason: str, actor: Actor) -> Hazard:
    """Take a transferred hazard back and handle it here."""
    hazard, move = begin(ref, "take_back", actor=actor)
    _answer(hazard, reason)
    return finish(hazard, move, actor=actor, note=reason)


def _answer(hazard: Hazard, reply: str) -> None:
    open_one = hazard.transfers.filter(replied_at__isnull=True).order_by("-sent_at").first()
    if open_one is not None:
        open_one.reply, open_one.replied_at = reply, timezone.now()
        open_one.save(update_fields=["reply", "replied_at"])
