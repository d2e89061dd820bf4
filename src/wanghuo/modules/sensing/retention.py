"""How long the journal keeps frames."""

from __future__ import annotations

import time
from datetime import timedelta

from django.conf import settings

from wanghuo.modules.sensing.journals import open_writer
from wanghuo.modules.sensing.store import position

KEPT_DAYS = 30.0
"""Ours [D]: records of events and alarms are kept for good in the tables; this is the raw traffic behind them."""


def prune(*, days: float = KEPT_DAYS) -> int:
    """Delete batches older than `days` that ingest has taken in; gives how many."""
    writer = open_writer(settings.JOURNAL, "prune")
    try:
        before_us = int((time.time() - timedelta(days=days).total_seconds()) * 1e6)
        row = position()
        return writer.prune(before_us=before_us, through=min(row.events_through, row.state_through))
    finally:
        writer.close()
