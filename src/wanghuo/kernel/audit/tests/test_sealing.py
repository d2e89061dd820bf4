"""Every entry gets its place once, whoever seals; checkpoints grow with the log and reach the witness."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from wanghuo.engines.auditlog import merkle_root, split_notes, verify_checkpoint
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.audit import record, sealing, witness
from wanghuo.kernel.audit.checking import check
from wanghuo.kernel.audit.identity import public_key
from wanghuo.kernel.audit.models import AuditCheckpoint, AuditEntry, AuditPending, AuditPrivate, AuditSeal
from wanghuo.kernel.audit.retention import PRIVATE_KEPT, forget_private
from wanghuo.kernel.jobs.periodic import tasks

WORKER = system_actor("worker")


def write(count: int) -> None:
    for n in range(count):
        record(WORKER, "loops:clock:step", f"YH-445281-2026-{n:05d}", region="445281")


@pytest.mark.django_db
def test_entries_are_sealed_in_order_and_once(monkeypatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 4)
    write(10)
    assert AuditPending.objects.count() == 10
    assert (sealing.seal_pending(), sealing.seal_pending()) == (10, 0)
    assert list(AuditSeal.objects.order_by("seq").values_list("entry_id", flat=True)) == list(
        AuditEntry.objects.order_by("id").values_list("id", flat=True)
    )
    assert check().whole


@pytest.mark.django_db
def test_checkpoints_go_on_from_the_last(monkeypatch) -> None:
    monkeypatch.setattr(sealing, "CHECKPOINT_ENTRIES", 5)
    for count in (3, 1, 5, 6):  # due at once, not yet, by number, by number
        write(count)
        sealing.seal_pending()
    assert list(AuditCheckpoint.objects.order_by("size").values_list("size", flat=True)) == [3, 9, 15]
    leaves = [bytes.fromhex(leaf) for leaf in AuditSeal.objects.order_by("seq").values_list("leaf", flat=True)]
    for row in AuditCheckpoint.objects.all():
        assert verify_checkpoint(row.note, public_key()).root == merkle_root(leaves[: row.size])


@pytest.mark.django_db
def test_a_checkpoint_is_due_by_the_clock(monkeypatch) -> None:
    write(1)
    sealing.seal_pending()
    write(1)
    sealing.seal_pending()
    assert AuditCheckpoint.objects.count() == 1
    later = timezone.now() + sealing.CHECKPOINT_EVERY
    monkeypatch.setattr(sealing.timezone, "now", lambda: later)
    sealing.seal_pending()
    assert AuditCheckpoint.objects.count() == 2
    sealing.seal_pending()
    assert AuditCheckpoint.objects.count() == 2, "nothing came since"


@pytest.mark.django_db
def test_the_state_tells_the_lag(monkeypatch) -> None:
    assert sealing.seal_state().lag == timedelta()
    write(2)
    later = timezone.now() + timedelta(seconds=9)
    monkeypatch.setattr(sealing.timezone, "now", lambda: later)
    state = sealing.seal_state()
    assert (state.sealed, state.pending, state.late) == (0, 2, True)
    sealing.seal_pending()
    state = sealing.seal_state()
    assert (state.sealed, state.pending, state.late, state.checkpoint_size) == (2, 0, False, 2)
    assert sealing.print_mark().startswith("日志 2 · ")


@pytest.mark.django_db(transaction=True)
def test_many_sealers_seal_once() -> None:
    write(40)

    def seal(_: int) -> int:
        try:
            return sealing.seal_pending()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        try:
            sealed = list(pool.map(seal, range(8)))
        except OperationalError:  # an in-memory test database refuses a second writer at once instead of waiting
            sealed = []
    sealing.seal_pending()
    assert sum(sealed) in (0, 40)
    assert AuditSeal.objects.count() == 40
    assert check().whole


@pytest.mark.django_db(transaction=True)
def test_the_witness_keeps_every_checkpoint_and_replaces_none(tmp_path, settings, caplog) -> None:
    settings.AUDIT_WITNESS = str(tmp_path / "witness")
    write(3)
    sealing.seal_pending()
    write(2)
    sealing.seal_pending()
    sealing.make_checkpoint()
    assert [split_notes(n)[0].split("\n")[1] for n in witness.notes()] == ["3", "5"]
    kept = witness.notes()
    with caplog.at_level(logging.ERROR):
        witness.keep(kept[1].replace("\n5\n", "\n4\n"))
        witness.keep(kept[0].replace(kept[0].split("\n")[2], kept[1].split("\n")[2]))
    assert "it was cut" in caplog.text
    assert "was rewritten" in caplog.text
    assert witness.notes()[0] == kept[0]


@pytest.mark.django_db
def test_a_witness_out_of_reach_stops_nothing(tmp_path, settings, caplog) -> None:
    (tmp_path / "file").write_text("")
    settings.AUDIT_WITNESS = str(tmp_path / "file" / "below")
    witness.keep("o\n1\n" + "A" * 43 + "=\n\n— o AAAAAAA=\n")
    assert "could not be reached" in caplog.text


@pytest.mark.django_db
def test_personal_data_goes_when_its_time_is_over_and_the_log_stays_whole() -> None:
    record(Actor(id=1, name="李强", address="10.0.0.1"), "a:b:c", "x")
    sealing.seal_pending()
    assert forget_private(timezone.now()) == 0
    assert forget_private(timezone.now() + PRIVATE_KEPT + timedelta(seconds=1)) == 1
    sealing.seal_pending()
    assert AuditEntry.objects.get(action="audit:private:delete").entry["after"] == {"rows": 1}
    assert not AuditPrivate.objects.exists()
    assert check().whole


def test_the_worker_seals_each_second() -> None:
    assert {task.name: task.every_s for task in tasks()}["audit.seal"] == 1
