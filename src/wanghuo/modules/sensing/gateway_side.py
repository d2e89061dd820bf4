"""What the gateway asks of the register, and how it wakes ingest. The gateway writes nothing but the journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone

from wanghuo.kernel.outbox.doorbell import ring
from wanghuo.modules.sensing.ingest import DOORBELL
from wanghuo.modules.sensing.messages import GB26875
from wanghuo.modules.sensing.models import Command, Device
from wanghuo.modules.sensing.own_connection import drop_stale_connections

OVERLAP = timedelta(seconds=5)  # changes are asked for again this far back: a commit may show late


class RegisterChanges:
    """The rows of the register that changed since the last call: (source in hex, networks, state)."""

    def __init__(self) -> None:
        self._since: datetime | None = None

    def __call__(self) -> Iterator[tuple[str, tuple[str, ...], str]]:
        drop_stale_connections()
        now = timezone.now()
        rows = Device.objects.filter(protocol=GB26875)
        if self._since is not None:
            rows = rows.filter(changed_at__gte=min(self._since, now - OVERLAP))  # the clock may have been put back
        else:
            rows = rows.exclude(state="retired")
        # as text, and parsed once for each that is different: with a million rows the parsing is what takes long
        as_text = Cast("networks", TextField())
        for source, networks, state in rows.values_list("source", as_text, "state").iterator(2000):
            yield source, _networks(networks), state
        self._since = now - OVERLAP


@lru_cache(100_000)
def _networks(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def waiting_commands() -> Iterator[tuple[str, bytes, int, int, bytes]]:
    """Commands to be sent: (id, source, serial, command byte, application unit), oldest first."""
    drop_stale_connections()
    rows = Command.objects.filter(state="queued", expires_at__gt=timezone.now(), device__protocol=GB26875)
    for id, source, serial, byte, unit in rows.order_by("asked_at").values_list(
        "id", "device__source", "serial", "command_byte", "unit_hex"
    )[:500]:
        yield str(id), bytes.fromhex(source), serial, byte, bytes.fromhex(unit)


def bell() -> Callable[[], None]:
    """What to call when an urgent frame is on disk."""
    return lambda: ring(DOORBELL)
