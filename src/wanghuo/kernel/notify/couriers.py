"""How a text message leaves the platform: one small interface, chosen by the setting `NOTIFY_SMS`.

Only `LogFile` comes with the platform: it sends nothing, and writes what it would have sent. A deployment names its
own class for the short-message gateway of its operator.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

DEFAULT = "wanghuo.kernel.notify.couriers.LogFile"


class Courier(Protocol):
    """Sends one text to one telephone. `key` is the same when the same message is sent again. Raises when it could
    not.
    """

    def send(self, *, number: str, text: str, key: str) -> None: ...


class LogFile:
    """Sends nothing: writes each message as a line of `not-sent/sms.jsonl` in the data folder, the number masked."""

    def send(self, *, number: str, text: str, key: str) -> None:
        """Write the line."""
        path = Path(settings.HOME) / "not-sent" / "sms.jsonl"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        masked = f"{number[:3]}****{number[-4:]}"
        line: dict[str, Any] = {"at": timezone.now().isoformat(), "to": masked, "text": text, "key": key}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def sms() -> Courier:
    """The courier of this deployment."""
    found: Courier = import_string(getattr(settings, "NOTIFY_SMS", DEFAULT))()
    return found
