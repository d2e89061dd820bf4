"""An entry is written with the act or the act does not happen; it holds no personal data; nobody changes it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction

from wanghuo.engines.auditlog import canonical, private_digest
from wanghuo.kernel.access.actor import anonymous, system_actor
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.audit import Act, record, record_all
from wanghuo.kernel.audit.models import AuditCheckpoint, AuditEntry, AuditPending, AuditPrivate, AuditSeal
from wanghuo.kernel.audit.recording import plain
from wanghuo.kernel.audit.sealing import make_checkpoint, seal_pending

OFFICER = replace(actor("inspector", "445281", id=7), address="10.1.2.3", request_id="req-00000001")
REF = "YH-445281-2026-00001"


@pytest.mark.django_db
def test_an_entry_holds_who_what_and_when() -> None:
    row = record(
        OFFICER,
        "hazards:hazard:order",
        REF,
        region="445281",
        before={"state": "verified"},
        after={"state": "rectifying"},
    )
    entry = row.entry
    assert entry.pop("id") == str(row.id)
    assert entry.pop("at").endswith("Z")
    assert entry.pop("private")
    assert entry == {
        "v": 1, "log": "wanghuo.local/0", "actor": {"id": "7", "role": "inspector", "region": "445281", "via": "web"},
        "action": "hazards:hazard:order", "object": REF, "region": "445281", "result": "ok", "req": "req-00000001",
        "before": {"state": "verified"}, "after": {"state": "rectifying"},
    }  # fmt: skip
    assert row.body.encode() == canonical(json.loads(row.body))
    assert (row.county_code, row.city_code, row.actor, row.object) == ("445281", "4452", "7", REF)


@pytest.mark.django_db
def test_many_acts_of_a_kind_are_written_as_each_alone_would_be(django_assert_max_num_queries) -> None:
    acts = [Act(f"BJ-445281-2026-{n:05}", "445281", {"state": "new", "priority": n}) for n in range(1, 60)]
    with django_assert_max_num_queries(6):
        record_all(OFFICER, "alarms:alarm:raise", acts)
    rows = {row.object: row for row in AuditEntry.objects.all()}
    assert len(rows) == 59
    assert AuditPrivate.objects.filter(entry_id__in=[row.id for row in rows.values()]).count() == 59, (
        "the address of each"
    )
    alone = record(OFFICER, "alarms:alarm:raise", acts[4].object_ref, region="445281", after=acts[4].after)
    own = {"id", "at", "private"}
    assert {k: v for k, v in rows[acts[4].object_ref].entry.items() if k not in own} == {
        k: v for k, v in alone.entry.items() if k not in own
    }


@pytest.mark.django_db
def test_personal_data_lies_beside_and_can_go() -> None:
    row = record(OFFICER, "places:person:name", "DW-1", private={"name": "欧阳娜"})
    beside = AuditPrivate.objects.get(entry_id=row.id)
    assert json.loads(beside.body) == {"address": "10.1.2.3", "name": "欧阳娜"}
    assert "欧阳娜" not in row.body
    assert "10.1.2.3" not in row.body
    assert row.entry["private"] == private_digest(bytes.fromhex(beside.salt), beside.body.encode()).hex()
    beside.delete()
    assert not AuditPrivate.objects.exists()


@pytest.mark.django_db
def test_visitors_and_processes_are_told_apart() -> None:
    assert record(anonymous(), "accounts:session:begin", "x").actor == "anonymous"
    assert record(system_actor("worker"), "loops:clock:step", "x").actor == "system"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (True, "yes"), (1.5, "1.5"), (Decimal("2.50"), "2.50"), (None, None), ({"a": None, "b": {1}}, {"b": [1]}),
        (datetime(2026, 11, 21, 10, 30, tzinfo=UTC), "2026-11-21T10:30:00.000000Z"), (2**60, str(2**60)),
        ("\ud800", "?"),
    ],
)  # fmt: skip
def test_values_become_what_the_log_can_hold(value, kept) -> None:
    assert plain({"x": value}) == ({} if kept is None else {"x": kept})
    canonical(plain({"x": value}))


@pytest.mark.django_db
def test_text_in_another_normal_form_or_with_nul_is_kept() -> None:
    row = record(OFFICER, "a:b:c", "e\u0301\0")
    assert (row.object, row.entry["object"]) == ("é", "é\0")


@transaction.atomic
def act(*, fails: bool = False) -> None:
    """An act that writes something, records it, and is careless about errors."""
    AuditCheckpoint.objects.create(size=1, at=datetime.now(UTC), note="what the act writes", nodes="")
    with suppress(DatabaseError):
        record(OFFICER, "a:b:c", "x")
    if fails:
        raise ZeroDivisionError


@pytest.mark.django_db(transaction=True)
def test_no_entry_no_act() -> None:
    """Fail closed: an act whose entry cannot be written is undone, even when the caller swallows the error."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry RENAME TO set_aside")
    try:
        act()
        assert not AuditCheckpoint.objects.exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE set_aside RENAME TO audit_entry")
    act()
    assert AuditCheckpoint.objects.count() == AuditEntry.objects.count() == 1


@pytest.mark.django_db
def test_an_undone_act_leaves_no_entry() -> None:
    with pytest.raises(ZeroDivisionError):
        act(fails=True)
    assert not AuditEntry.objects.exists()
    assert not AuditPending.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("table", [AuditEntry, AuditSeal, AuditCheckpoint])
@pytest.mark.parametrize("act", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_the_database_refuses_change_and_deletion(table, act) -> None:
    record(OFFICER, "a:b:c", "x")
    seal_pending()
    make_checkpoint()
    key = table._meta.pk.column
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(act.format(table._meta.db_table, key, key))
    assert table.objects.count() == 1


def test_flush_is_for_tests_alone(settings) -> None:
    settings.MODE = "production"
    with pytest.raises(CommandError, match="audit log"):
        call_command("flush", interactive=False)
