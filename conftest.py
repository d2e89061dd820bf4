"""For every test: generated inputs are judged by what comes out, never by the clock of a shared machine; and what tests
with several threads need.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

EXAMPLES = int(os.environ.get("WANGHUO_EXAMPLES", "100"))  # more of them at night (docs/reliability, R21)
settings.register_profile("no_clock", deadline=None, max_examples=EXAMPLES)
settings.load_profile("no_clock")


@pytest.fixture
def shared_database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that several threads can write: on SQLite a file, since the test database lies in memory."""
    from django.db import connection, connections

    if connection.vendor != "sqlite":
        request.getfixturevalue("transactional_db")
        return
    request.getfixturevalue("db")
    file = tmp_path / "shared.sqlite3"
    with closing(sqlite3.connect(file)) as target:
        target.executescript("\n".join(connection.connection.iterdump()))
    monkeypatch.setitem(connections.settings, "default", {**connections.settings["default"], "NAME": str(file)})


@pytest.fixture
def in_threads(shared_database: None) -> Callable[[Callable[[int], Any], int], list[Any]]:
    """Run work in so many threads that begin together, each with a connection of its own; what each gave."""
    from django.db import connection

    def run(work: Callable[[int], Any], count: int) -> list[Any]:
        ready = threading.Barrier(count)

        def one(n: int) -> Any:
            try:
                ready.wait(10)
                return work(n)
            finally:
                connection.close()

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))

    return run
