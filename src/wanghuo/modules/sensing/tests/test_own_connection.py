"""Ingest's connection: it does not sync, and it gets the write lock as soon as it is free."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from wanghuo.modules.sensing import own_connection


def test_a_lock_is_asked_for_again_at_once_and_other_errors_are_told() -> None:
    answers = iter([OperationalError("database is locked")] * 3 + [7])

    def execute(sql, params, many, context):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert own_connection._eagerly(execute, "BEGIN IMMEDIATE", (), False, {}) == 7
    answers = iter([OperationalError("disk I/O error")])
    with pytest.raises(OperationalError, match="disk"):
        own_connection._eagerly(execute, "BEGIN IMMEDIATE", (), False, {})


def test_a_lock_that_is_never_free_is_told_in_the_end(monkeypatch) -> None:
    monkeypatch.setattr(own_connection, "LOCK_S", 0.01)

    def execute(*_):
        raise OperationalError("database is locked")

    with pytest.raises(OperationalError, match="locked"):
        own_connection._eagerly(execute, "BEGIN IMMEDIATE", (), False, {})


class Away:
    in_atomic_block = False


def test_what_can_wait_gives_up_the_lock_when_the_bell_rings_and_a_begun_transaction_does_not() -> None:
    answers = iter([OperationalError("database is locked")] * 9)
    rung = iter([False, False, True])

    def execute(*_):
        raise next(answers)

    with pytest.raises(own_connection.FireFirst), own_connection.fires_first(lambda seconds: next(rung)):
        own_connection._eagerly(execute, "BEGIN IMMEDIATE", (), False, {"connection": Away})
    assert len(list(answers)) == 6
    begun = type("Begun", (), {"in_atomic_block": True})
    answers = iter([OperationalError("database is locked"), OperationalError("disk I/O error")])
    with pytest.raises(OperationalError, match="disk"), own_connection.fires_first(lambda seconds: True):
        own_connection._eagerly(execute, "UPDATE", (), False, {"connection": begun})


@pytest.mark.django_db(transaction=True)
def test_only_ingest_leaves_out_the_sync_and_only_on_sqlite() -> None:
    ask = "PRAGMA synchronous" if connection.vendor == "sqlite" else "SHOW synchronous_commit"
    before = _value(ask)
    with own_connection.ingest_connection():
        own_connection._prepare(None, connection)  # a connection in memory, as tests have, is never opened again
        assert _value(ask) == (1 if connection.vendor == "sqlite" else before)  # a server may die alone
    if connection.vendor == "sqlite":
        for line in ("synchronous = FULL", "busy_timeout = 20000", "wal_autocheckpoint = 1000"):
            connection.cursor().execute(f"PRAGMA {line}")
    assert _value(ask) == before


def _value(ask: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(ask)
        return cursor.fetchone()[0]
