"""The first turn: what can wait begins no transaction while another has it, and all of them after it."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from wanghuo.kernel.outbox import first_turn
from wanghuo.kernel.outbox.first_turn import FirstTurn
from wanghuo.kernel.outbox.models import OutboxEvent


def test_one_has_the_first_turn_and_the_others_see_it() -> None:
    mine, other = FirstTurn(), FirstTurn()
    with mine.mine(wanted=False):
        assert not other.taken()
    with mine.mine():
        assert other.taken()
        with other.mine():
            assert other.taken(), "only one has it"
        assert other.taken()
    assert not other.taken()
    with pytest.raises(ValueError, match="broken"), mine.mine():
        raise ValueError("broken")
    assert not other.taken()


def test_who_lets_another_pass_waits_until_it_is_done_but_not_for_ever(monkeypatch) -> None:
    mine, other = FirstTurn(), FirstTurn()
    looks: list[float] = []
    monkeypatch.setattr(first_turn.time, "sleep", looks.append)
    other.let_pass()
    assert not looks
    with mine.mine():
        other.let_pass()
    assert looks


@pytest.mark.django_db(transaction=True)
def test_a_transaction_of_what_can_wait_begins_after_the_first_turn(monkeypatch) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("a server has no one write lock")
    begun: list[bool] = []
    turn = FirstTurn().mine()

    def look(seconds: float) -> None:
        begun.append(connection.in_atomic_block)
        if len(begun) == 3:
            turn.__exit__(None, None, None)

    monkeypatch.setattr(first_turn.time, "sleep", look)
    monkeypatch.setattr(first_turn, "PATIENCE_S", 1000.0)
    before = list(connection.execute_wrappers)
    with first_turn.letting_first():
        for _ in range(2):  # as when it is opened again; one in memory never is
            first_turn.connection_created.send(type(connection), connection=connection)
        try:
            turn.__enter__()
            assert OutboxEvent.objects.count() == 0, "reading does not wait"
            with transaction.atomic():
                assert begun == [False] * 3
        finally:
            connection.execute_wrappers.pop()
    assert connection.execute_wrappers == before, "once, however often it is opened"
