"""What open pages hear: `publish` in the transaction that changes something, `since` for who asks what came after a
number.

Numbers follow the order of commits, so a reader that has number n has had all below it (docs/decisions/0051). SQLite
has one writer, so the number is given at once. On PostgreSQL it is given right after the commit, by whoever comes
first: a lock held from `publish` to the commit would make every writer wait for every other, and end in deadlocks.
The stream itself is served by entrypoints/web/live.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.outbox.doorbell import ring, ring_now
from wanghuo.kernel.regions import codes

BELL = "live"
MINE = "me"  # the channel of each person's own counts and messages
KEPT = timedelta(days=1)
MOST = 500  # events in one answer


@dataclass(frozen=True, slots=True)
class Heard:
    """One live event as readers hold it; it is `Placed`, so an actor can be asked whether it reaches it."""

    seq: int
    channel: str
    kind: str
    region_code: str
    sector: str
    scope_unit: UUID | None
    view_right: str
    only_user: int | None
    payload: dict[str, Any]
    at: datetime

    def reaches(self, actor: Actor) -> bool:
        """Whether the actor may hear it."""
        if self.only_user is not None:
            return actor.id == self.only_user
        return actor.can(self.view_right, self)  # type: ignore[arg-type]  # it reads them only

    def as_json(self) -> dict[str, Any]:
        """What the page gets."""
        return {"seq": self.seq, "kind": self.kind, "payload": self.payload, "at": self.at.isoformat()}


_COLUMNS = ("seq", "channel", "kind", "region_code", "sector", "scope_unit", "view_right", "only_user", "payload", "at")


def publish(
    channel: str,
    kind: str,
    *,
    region_code: str,
    sector: str = "",
    scope_unit: UUID | None = None,
    view_right: str,
    payload: dict[str, Any],
) -> None:
    """Tell the open pages of a channel, in the transaction that made it so: who holds `view_right` over the place
    hears it.

    Raises RuntimeError outside of a transaction.
    """
    place = {"region_code": region_code, "sector": sector, "unit": scope_unit}
    _publish(channel, kind, place, {"view_right": view_right, "payload": payload})


def publish_to(user_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Tell the open pages of one person (channel `me`)."""
    _publish(MINE, kind, {"region_code": codes.COUNTRY}, {"only_user": user_id, "payload": payload})


def _publish(channel: str, kind: str, place: dict[str, Any], columns: dict[str, Any]) -> None:
    from wanghuo.kernel.access.scope import scope_columns  # tables are not ready while apps are being loaded
    from wanghuo.kernel.notify.models import LiveEvent

    if not connection.in_atomic_block:
        raise RuntimeError(f"{channel}:{kind} must be published inside the transaction that makes it true")
    one_writer = connection.vendor == "sqlite"
    seq = _numbers(1) if one_writer else None
    LiveEvent.objects.create(
        seq=seq, channel=channel, kind=kind, at=timezone.now(), **scope_columns(**place), **columns
    )
    if one_writer:
        ring(BELL)
    else:
        transaction.on_commit(_number_and_ring, robust=True)


def _number_and_ring() -> None:
    number()
    ring_now(BELL)


def _numbers(count: int) -> int:
    """Take `count` numbers; the first of them. Others wait until the transaction ends."""
    with connection.cursor() as cursor:  # one statement: an alarm on its way to the console takes a number
        cursor.execute(_TAKE, [count])
        return int(cursor.fetchone()[0]) - count + 1


_TAKE = """INSERT INTO notify_livecounter (id, last) VALUES (1, %s)
ON CONFLICT (id) DO UPDATE SET last = notify_livecounter.last + excluded.last RETURNING last"""


def number() -> int:
    """Number the events whose commit is done and that have none yet; how many. Readers call it too: a publisher may
    have died.
    """
    from wanghuo.kernel.notify.models import LiveCounter, LiveEvent

    unnumbered = LiveEvent.objects.filter(seq=None)
    if not unnumbered.exists():
        return 0
    with transaction.atomic():
        LiveCounter.objects.get_or_create(pk=1)
        LiveCounter.objects.select_for_update().get(pk=1)
        rows = list(unnumbered.order_by("id").only("id")[:MOST])
        first = _numbers(len(rows)) if rows else 0
        for seq, row in enumerate(rows, first):
            row.seq = seq
        LiveEvent.objects.bulk_update(rows, ["seq"])
    return len(rows)


def _settle() -> None:
    """Number what waits; on SQLite nothing ever does."""
    if connection.vendor != "sqlite":
        number()


def last_seq() -> int:
    """The number of the newest event."""
    from wanghuo.kernel.notify.models import LiveCounter

    return LiveCounter.objects.values_list("last", flat=True).filter(pk=1).first() or 0


def after(seq: int, *, channel: str = "", limit: int = MOST) -> list[Heard]:
    """The events after a number, oldest first, for any reader: who passes them on asks `reaches` for each."""
    from wanghuo.kernel.notify.models import LiveEvent

    _settle()
    rows = LiveEvent.objects.filter(seq__gt=seq, **({"channel": channel} if channel else {}))
    return [Heard(*row) for row in rows.order_by("seq").values_list(*_COLUMNS)[:limit]]


def since(actor: Actor, channel: str, after_seq: int, limit: int = MOST) -> tuple[list[Heard], int]:
    """What the actor may hear of a channel after a number, and the number to ask from next time.

    Rows are judged in memory, `limit` at a time: an answer may be empty while the number moves on.
    """
    _settle()
    newest = last_seq()  # read before the rows: every row up to it is then there
    rows = after(after_seq, channel=channel, limit=limit)
    through = rows[-1].seq if len(rows) == limit else max(newest, rows[-1].seq if rows else 0)
    return [row for row in rows if row.reaches(actor)], through


def forget() -> int:
    """Delete events older than a day; how many."""
    from wanghuo.kernel.notify.models import LiveEvent

    return LiveEvent.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]
