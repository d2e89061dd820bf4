"""The check values of the design, the proofs of RFC 6962, and tampering of seven kinds."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.auditlog import (
    FIRST_CHAIN,
    BadCheckpoint,
    Checkpoint,
    MerkleTree,
    canonical,
    chain_hash,
    consistency_proof,
    inclusion_proof,
    key_id,
    leaf_hash,
    merkle_root,
    private_digest,
    public_key_of,
    sign_checkpoint,
    split_notes,
    verifier_key,
    verify,
    verify_checkpoint,
    verify_consistency,
    verify_inclusion,
)
from wanghuo.engines.auditlog.testing import TAMPERINGS, made_log

ENTRIES = [canonical({"n": n}) for n in range(3)]
PRIVATE_KEY = bytes(range(32))
ORIGIN = "wanghuo.example/330108"


def public_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(PRIVATE_KEY).public_key().public_bytes_raw()


@pytest.mark.parametrize(
    ("suite", "leaf", "chain", "root", "private"),
    [
        (1, "f94070ab c036", "dd9c5053 beae", "2cfef762 2cda", "86e3ff2a 3e86"),
        (2, "053b48a2 21cf", "ef1baacb 92f7", "e3547cb3 1e81", "412f137f 73d4"),
    ],
)
def test_check_values(suite: int, leaf: str, chain: str, root: str, private: str) -> None:
    leaves = [leaf_hash(e, suite) for e in ENTRIES]
    link = FIRST_CHAIN
    for each in leaves:
        link = chain_hash(link, each, suite)
    found = (leaves[0], link, merkle_root(leaves, suite), private_digest(b"\x01" * 16, ENTRIES[0], suite))
    for value, wanted in zip(found, (leaf, chain, root, private), strict=True):
        start, end = wanted.split()
        assert value.hex().startswith(start)
        assert value.hex().endswith(end)


def test_the_note_of_the_design() -> None:
    root = merkle_root([leaf_hash(e) for e in ENTRIES])
    note = sign_checkpoint(ORIGIN, 3, root, PRIVATE_KEY)
    assert note.split("\n")[:4] == [ORIGIN, "3", "LP73YnWX4AtWSXV3Stco7yEHBnWfym1kE4xt/By/LNo=", ""]
    assert key_id(ORIGIN, public_key()).hex() == "f31e5638"
    assert verify_checkpoint(note, public_key()) == Checkpoint(ORIGIN, 3, root)


@pytest.mark.parametrize(
    "spoil",
    [lambda n: n.replace("\n3\n", "\n4\n"), lambda n: n[:-8] + "AAAA===\n", lambda n: "", lambda n: n.split("—")[0]],
)
def test_a_spoilt_note_is_refused(spoil) -> None:
    note = spoil(sign_checkpoint(ORIGIN, 3, bytes(32), PRIVATE_KEY))
    with pytest.raises(BadCheckpoint):
        verify_checkpoint(note, public_key())


@given(st.integers(1, 40), st.data())
def test_proofs_hold_and_only_for_what_they_prove(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    root = merkle_root(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(leaves, index)
    assert verify_inclusion(leaves[index], index, size, proof, root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, root)
    old = data.draw(st.integers(1, size))
    old_root = merkle_root(leaves[:old])
    steps = consistency_proof(leaves, old)
    assert verify_consistency(old, old_root, size, root, steps)
    assert not verify_consistency(old, leaf_hash(b"other"), size, root, steps)


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_every_tampering_is_found(kind: str) -> None:
    """R27, small: 100 trials of each kind at random places, against a checkpoint kept outside."""
    rng = random.Random(kind)
    for _ in range(100):
        log = made_log(60, rng)
        kept = Checkpoint(ORIGIN, 60, merkle_root([p.leaf for p in log]))
        at = rng.randrange(60)
        assert verify(TAMPERINGS[kind](log, at, rng), [kept]), (kind, at)


@pytest.mark.parametrize("kind", ["truncate", "rollback", "rewrite"])
def test_the_chain_alone_does_not_find_what_only_a_checkpoint_finds(kind: str) -> None:
    """What the design says cannot be known without an outside checkpoint: the promise is no larger than that."""
    rng = random.Random(kind)
    assert verify(TAMPERINGS[kind](made_log(60, rng), 30, rng)) == []


def test_no_false_alarm() -> None:
    rng = random.Random(27)
    for size in range(1, 60):
        log = made_log(size, rng)
        kept = [Checkpoint(ORIGIN, n, merkle_root([p.leaf for p in log[:n]])) for n in (size // 2, size)]
        assert verify(log, kept) == []


@pytest.mark.parametrize("value", [1.5, True, None, {"a": [None]}, {1, 2}])
def test_canonical_json_refuses_what_has_two_spellings(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


def test_canonical_json_sorts_and_composes() -> None:
    assert canonical({"b": "e\u0301", "a": [1]}) == '{"a":[1],"b":"é"}'.encode()
    assert base64.b64encode(canonical({"n": 0})) == b"eyJuIjowfQ=="


@given(st.integers(0, 70), st.integers(0, 70), st.sampled_from([1, 2]))
def test_a_tree_goes_on_from_its_peaks(size: int, more: int, suite: int) -> None:
    leaves = [leaf_hash(bytes([n]), suite) for n in range(size + more)]
    tree = MerkleTree(suite)
    for leaf in leaves[:size]:
        tree.add(leaf)
    taken_up = MerkleTree(suite, size=size, peaks=tree.peaks)
    for leaf in leaves[size:]:
        taken_up.add(leaf)
    assert taken_up.root() == merkle_root(leaves, suite)
    with pytest.raises(ValueError, match="zip"):
        MerkleTree(
            suite, size=size + 1 if size.bit_count() != (size + 1).bit_count() else size + 2, peaks=[bytes(32)] * 99
        )


def test_several_notes_in_one_file() -> None:
    notes = [sign_checkpoint(ORIGIN, size, bytes(32), PRIVATE_KEY) for size in (1, 2, 3)]
    for glue in ("", "\n", "\r\n\r\n"):
        assert [verify_checkpoint(n, public_key()).size for n in split_notes(glue.join(notes))] == [1, 2, 3]
    assert split_notes("") == []


def test_the_written_key_names_origin_and_key_id() -> None:
    assert public_key_of(PRIVATE_KEY) == public_key()
    assert verifier_key(ORIGIN, public_key()).startswith(f"{ORIGIN}+f31e5638+AQ")


def test_half_a_character_and_twin_keys_are_refused() -> None:
    for value in ({"a": "\ud800"}, {"é": 1, "e\u0301": 2}):
        with pytest.raises(ValueError):
            canonical(value)
    assert canonical({"a": '\x00\x1f\u2028"\\/\t'}) == b'{"a":"\\u0000\\u001f\xe2\x80\xa8\\"\\\\/\\t"}'


def test_numbers_out_of_order_are_named() -> None:
    log = made_log(5, random.Random(5))
    assert [f.code for f in verify([*log[:2], *log[3:]])] == ["gap", "chain"]
    assert [f.code for f in verify([*log[:3], *log[2:]])] == ["order", "chain"]
