"""Who is told, how loudly, and what goes outside (ux.md 3.5).

A (life): each time, inside and outside, also at night. B (duty): inside, and outside once an hour for each object and
person; at night the outside message waits for the morning. C (news): inside only.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from wanghuo.base import NotFound, Text
from wanghuo.base.time import CHINA, local
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.notify import live

Level = Literal["A", "B", "C"]
MERGE_WITHIN = timedelta(hours=1)
QUIET_FROM, QUIET_UNTIL = time(22), time(7)
WHAT = Text("消息", "message")


@transaction.atomic
def notify(
    user_ids: Iterable[int],
    *,
    level: Level,
    title: Text,
    body: Text,
    url: str,
    about: str,
    by: Actor | None = None,
) -> int:
    """Tell people something; how many were told anew (others had it merged into a message of the last hour).

    `about`: the reference of the object; `url`: the page of the act. `by`: who did it, and so is not told. `title`
    goes outside the platform too: no personal data in it.
    """
    people = [i for i in dict.fromkeys(user_ids) if by is None or i != by.id]
    fresh = [i for i in people if not (level == "B" and _merge(i, about, title, body, url))]
    _write(fresh, level, title, body, url, about)
    for user_id in people:
        live.publish_to(user_id, "notices", {"count": unread(user_id), "level": level, "about": about, "url": url})
    if fresh and level != "C":
        from wanghuo.kernel.notify.sending import queue

        queue(fresh, level=level, title=title, about=about, url=url, not_before=_not_before(level, timezone.now()))
    return len(fresh)


def _write(user_ids: list[int], level: Level, title: Text, body: Text, url: str, about: str) -> None:
    from wanghuo.kernel.notify.models import Notification

    words = {"title_zh": title.zh[:200], "title_en": title.en[:200], "body_zh": body.zh[:500], "body_en": body.en[:500]}
    Notification.objects.bulk_create(
        Notification(user_id=i, level=level, url=url, about=about[:80], **words) for i in user_ids
    )


def _merge(user_id: int, about: str, title: Text, body: Text, url: str) -> bool:
    """Put it into the message about the same object that the person got within the hour; whether there is one."""
    from wanghuo.kernel.notify.models import Notification

    recent = Notification.objects.filter(
        user_id=user_id, about=about[:80], level="B", at__gt=timezone.now() - MERGE_WITHIN
    )
    found = recent.select_for_update().order_by("-at").first() if about else None
    if found is None:
        return False
    Notification.objects.filter(pk=found.pk).update(
        merged=F("merged") + 1,
        opened_at=None,
        title_zh=title.zh[:200],
        title_en=title.en[:200],
        body_zh=body.zh[:500],
        body_en=body.en[:500],
        url=url,
    )
    return True


def _not_before(level: Level, now: datetime) -> datetime:
    """When the message may leave: at once, or at seven in the morning for what is no matter of life."""
    here = local(now)
    if level == "A" or QUIET_UNTIL <= here.time() < QUIET_FROM:
        return now
    day = here.date() + timedelta(days=1) if here.time() >= QUIET_FROM else here.date()
    return datetime.combine(day, QUIET_UNTIL, tzinfo=CHINA)


def unread(user_id: int) -> int:
    """How many messages a person has not opened."""
    from wanghuo.kernel.notify.models import Notification

    return Notification.objects.filter(user_id=user_id, opened_at=None).count()


@transaction.atomic
def open_one(*, notification_id: UUID, actor: Actor) -> str:
    """Note that the person opened a message; where it leads. Raises NotFound."""
    from wanghuo.kernel.notify.models import Notification

    row = Notification.objects.visible_to(actor).select_for_update().filter(pk=notification_id).first()
    if row is None:
        raise NotFound(what=WHAT, ref=notification_id)
    if row.opened_at is None:
        row.opened_at = timezone.now()
        row.save(update_fields=["opened_at"])
        live.publish_to(row.user_id, "notices", {"count": unread(row.user_id)})
    return str(row.url)


@transaction.atomic
def open_all(*, actor: Actor) -> int:
    """Note that the person has seen every message but those of life, which are opened one by one; how many."""
    from wanghuo.kernel.notify.models import Notification

    rows = Notification.objects.visible_to(actor).filter(opened_at=None).exclude(level="A")
    count = rows.update(opened_at=timezone.now())
    if count and actor.id is not None:
        live.publish_to(actor.id, "notices", {"count": unread(actor.id)})
    return count
