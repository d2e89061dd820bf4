"""`flush` would erase the audit log. It is for tests alone."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.flush import Command as Flush
from django.db import connections

from wanghuo.base import Text
from wanghuo.kernel.audit import guards

REFUSED = Text("flush 会清除审计日志，只在测试中可用。", "flush would erase the audit log; it is for tests only.")


class Command(Flush):
    """Empty the tables of a test database: the guards step aside for it and come back."""

    def handle(self, **options: Any) -> None:
        if settings.MODE != "test":
            raise CommandError(str(REFUSED))
        connection = connections[options["database"]]
        guards.remove(connection)
        super().handle(**options)
        guards.install(connection)
