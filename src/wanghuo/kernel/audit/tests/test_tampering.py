"""R27: seven kinds of tampering at random places of the tables, triggers dropped, found by the check; no false alarm.

The engine's own tests do the same in memory by the hundred; here the whole way from the database is walked.
"""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from django.db import connection, transaction
from django.utils import timezone

from wanghuo.engines.auditlog import canonical, chain_hash, leaf_hash, private_digest, sign_checkpoint
from wanghuo.kernel.access.actor import Actor, system_actor
from wanghuo.kernel.audit import guards, record, sealing
from wanghuo.kernel.audit.checking import check
from wanghuo.kernel.audit.identity import identity, private_key
from wanghuo.kernel.audit.models import AuditCheckpoint, AuditEntry, AuditPending, AuditPrivate, AuditSeal

WORKER = system_actor("worker")
SIZE = 30


class Undo(Exception):
    """Ends a trial: the savepoint takes the tampering back."""


@pytest.fixture
def notes(db) -> list[str]:
    """A log of 30 entries, and what an outsider kept: one note in the middle, one at the end."""
    kept = []
    for half in range(2):
        for n in range(SIZE // 2):
            record(WORKER, "hazards:hazard:order", f"YH-{half}-{n}", region="445281", after={"state": "rectifying"})
        sealing.seal_pending()
        kept.append(sealing.make_checkpoint().note)
    return kept


def chain_again(start: int) -> None:
    """What somebody with the database and the code would do: seal everything from `start` on anew."""
    seals = list(AuditSeal.objects.order_by("seq"))
    chain = bytes.fromhex(seals[start - 1].chain) if start else bytes(32)
    for seal in seals[start:]:
        leaf = leaf_hash(AuditEntry.objects.get(pk=seal.entry_id).body.encode())
        chain = chain_hash(chain, leaf)
        AuditSeal.objects.filter(pk=seal.seq).update(leaf=leaf.hex(), chain=chain.hex())


def flip(at: int, rng: random.Random) -> None:
    entry = AuditEntry.objects.get(pk=AuditSeal.objects.get(seq=at).entry_id)
    place = rng.randrange(len(entry.body))
    body = entry.body[:place] + chr(ord(entry.body[place]) ^ 1) + entry.body[place + 1 :]
    AuditEntry.objects.filter(pk=entry.pk).update(body=body)


def column(at: int, rng: random.Random) -> None:
    entry_id = AuditSeal.objects.get(seq=at).entry_id
    name = rng.choice(["actor", "action", "object", "result", "region_code", "county_code", "code"])
    AuditEntry.objects.filter(pk=entry_id).update(**{name: "x"})


def insert(at: int, rng: random.Random) -> None:
    made = record(WORKER, "a:b:forged", "x")
    AuditPending.objects.all().delete()
    if rng.random() < 0.5:
        return  # an entry that nobody ever sealed
    for seal in AuditSeal.objects.filter(seq__gte=at).order_by("-seq"):
        AuditSeal.objects.filter(pk=seal.seq).update(seq=seal.seq + 1)
    before = AuditSeal.objects.filter(seq=at - 1).first()
    leaf = leaf_hash(made.body.encode())
    chain = chain_hash(bytes.fromhex(before.chain) if before else bytes(32), leaf)
    AuditSeal.objects.create(seq=at, entry_id=made.id, leaf=leaf.hex(), chain=chain.hex())


def delete(at: int, rng: random.Random) -> None:
    seal = AuditSeal.objects.get(seq=at)
    what = rng.randrange(3)
    if what != 1:
        AuditEntry.objects.filter(pk=seal.entry_id).delete()
    if what != 2:
        seal.delete()


def swap(at: int, rng: random.Random) -> None:
    other = rng.choice([n for n in range(SIZE) if n != at])
    one, two = AuditSeal.objects.get(seq=at), AuditSeal.objects.get(seq=other)
    AuditSeal.objects.filter(seq__in=[at, other]).delete()
    AuditSeal.objects.create(seq=at, entry_id=two.entry_id, leaf=two.leaf, chain=one.chain)
    AuditSeal.objects.create(seq=other, entry_id=one.entry_id, leaf=one.leaf, chain=two.chain)


def truncate(at: int, rng: random.Random) -> None:
    gone = AuditSeal.objects.filter(seq__gte=at)
    AuditEntry.objects.filter(id__in=list(gone.values_list("entry_id", flat=True))).delete()
    gone.delete()
    AuditCheckpoint.objects.filter(size__gt=at).delete()


def rollback(at: int, rng: random.Random) -> None:
    truncate(at, rng)
    for n in range(rng.randrange(1, SIZE)):
        record(WORKER, "hazards:hazard:order", f"other-{n}", region="445281")
    sealing.seal_pending()
    sealing.make_checkpoint()


def rewrite(at: int, rng: random.Random) -> None:
    """An entry changed in body and columns, the chain made anew, every checkpoint signed anew with the real key."""
    entry = AuditEntry.objects.get(pk=AuditSeal.objects.get(seq=at).entry_id)
    changed = {**entry.entry, "object": "YH-other"}
    AuditEntry.objects.filter(pk=entry.pk).update(body=canonical(changed).decode(), object="YH-other")
    chain_again(at if rng.random() < 0.5 else 0)
    AuditCheckpoint.objects.all().delete()
    root = sealing.MerkleTree()
    for leaf in AuditSeal.objects.order_by("seq").values_list("leaf", flat=True):
        root.add(bytes.fromhex(leaf))
    note = sign_checkpoint(identity().origin, root.size, root.root(), private_key())
    AuditCheckpoint.objects.create(size=root.size, at=timezone.now(), note=note, nodes="")


KINDS = [flip, column, insert, delete, swap, truncate, rollback, rewrite]


@pytest.mark.parametrize("tamper", KINDS, ids=lambda kind: kind.__name__)
def test_every_tampering_is_found_against_an_outside_checkpoint(tamper, notes) -> None:
    guards.remove(connection)
    # the queue is filled by a trigger: only the guards go
    guards.install_queue(connection)
    rng = random.Random(tamper.__name__)
    for _ in range(20):
        at = rng.randrange(SIZE)
        found = []
        with suppress(Undo), transaction.atomic():
            tamper(at, rng)
            found = [f for f in check(notes).findings if f.code != "unguarded"]
            raise Undo
        assert found, at
        assert all(f.text.zh and f.text.en for f in found)
    assert {f.code for f in check(notes).findings} == {"unguarded"}
    guards.install(connection)
    assert check(notes).whole


@pytest.mark.parametrize(("tamper", "first"), [(flip, True), (delete, True), (truncate, True), (rewrite, False)])
def test_the_first_bad_entry_is_named_where_it_can_be(tamper, first, notes) -> None:
    guards.remove(connection)
    guards.install_queue(connection)
    tamper(11, random.Random(1))
    guards.install(connection)
    found = check(notes).first
    assert found is not None
    assert (found.seq == 11) is first
    assert found.code in ({"changed", "columns", "gap", "missing", "chain", "short"} if first else {"root"})


@pytest.mark.parametrize("tamper", [truncate, rollback, rewrite])
def test_without_an_outside_checkpoint_the_promise_is_no_larger(tamper, notes) -> None:
    """The design says so: what the keeper of the log does with everything in hand shows only from outside."""
    guards.remove(connection)
    guards.install_queue(connection)
    tamper(11, random.Random(1))
    guards.install(connection)
    assert check().whole


@pytest.mark.django_db
def test_clean_logs_raise_no_alarm() -> None:
    rng = random.Random(27)
    kept: list[str] = []
    for n in range(60):
        via = rng.choice(["web", "cli", "worker"])
        who = Actor(id=rng.randrange(1, 9), name="李强", via=via, address=rng.choice(["", "10.0.0.1"]))
        record(who, "hazards:hazard:order", f"YH-{n}é\u0301", region=rng.choice(["44", "445281", ""]), after={"n": n})
        if rng.random() < 0.3:
            sealing.seal_pending()
        if rng.random() < 0.2 and (made := sealing.make_checkpoint()):
            kept.append(made.note)
        if rng.random() < 0.1:
            AuditPrivate.objects.all().delete()
        assert check(kept).whole


@pytest.mark.django_db
def test_personal_data_beside_an_entry_cannot_be_changed_unseen() -> None:
    record(Actor(id=1, name="", address="10.0.0.1"), "a:b:c", "x")
    guards.remove(connection)
    AuditPrivate.objects.update(body='{"address":"10.0.0.2"}')
    guards.install(connection)
    assert [f.code for f in check().findings] == ["private"]
    guards.remove(connection)
    AuditPrivate.objects.update(body=canonical({"address": "10.0.0.1"}).decode())
    AuditPrivate.objects.create(entry_id="0" * 32, salt="00" * 16, body="{}")
    guards.install(connection)
    assert [f.code for f in check().findings] == ["stray"]
    assert private_digest(b"", b"") != private_digest(b"", b"{}")


def test_a_checkpoint_of_another_log_or_key_is_no_proof(notes) -> None:
    root = sealing.read_checkpoint(notes[0]).root
    other_key = sign_checkpoint(identity().origin, SIZE // 2, root, bytes(32))
    other_log = sign_checkpoint("wanghuo.example/1", SIZE // 2, root, private_key())
    assert {f.code for f in check([other_key]).findings} == {"signature"}
    assert {f.code for f in check([other_log]).findings} == {"origin"}
    assert {f.code for f in check(["nonsense"]).findings} == {"signature"}
