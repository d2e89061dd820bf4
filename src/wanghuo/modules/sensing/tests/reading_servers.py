"""A place for readings on the server of the tests, where they run on one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from wanghuo.modules.sensing import reading_stores


@contextmanager
def server_address() -> Iterator[str]:
    """The address of a schema that nobody else uses; it is gone afterwards."""
    if connection.vendor != "postgresql":
        pytest.skip("readings on a server are tested where the records are on PostgreSQL")
    known, schema = connection.settings_dict, f"readings_{uuid4().hex[:8]}"
    told = {"host": known["HOST"], "port": known["PORT"], "user": known["USER"], "password": known["PASSWORD"]}
    plain = f"postgres:///{known['NAME']}?{urlencode({name: value for name, value in told.items() if value})}"
    address = f"{plain}&{urlencode({'options': f'-csearch_path={schema}'}).replace('+', '%20')}"
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f"CREATE SCHEMA {schema}")
        try:
            yield address
        finally:
            reading_stores._server(address).close()
            admin.execute(f"DROP SCHEMA {schema} CASCADE")
