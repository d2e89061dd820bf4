"""The audit log as an outsider can check it: canonical entries, hash chain, Merkle tree, signed checkpoints.

    leaf = leaf_hash(canonical(entry)); chain = chain_hash(previous_chain, leaf)
    note = sign_checkpoint(origin, size, merkle_root(leaves), private_key)      # a C2SP signed note
    findings = verify(sealed_entries, [verify_checkpoint(note, public_key)])    # empty when the log is whole

Sources: RFC 6962 (Merkle tree), C2SP signed-note and tlog-checkpoint, RFC 8785 (string escapes).
"""

from wanghuo.engines.auditlog.canonical import canonical
from wanghuo.engines.auditlog.checkpoint import (
    BadCheckpoint,
    Checkpoint,
    key_id,
    public_key_of,
    read_checkpoint,
    sign_checkpoint,
    split_notes,
    verifier_key,
    verify_checkpoint,
)
from wanghuo.engines.auditlog.hashes import FIRST_CHAIN, SUITES, chain_hash, leaf_hash, private_digest
from wanghuo.engines.auditlog.merkle import (
    MerkleTree,
    consistency_proof,
    inclusion_proof,
    merkle_root,
    verify_consistency,
    verify_inclusion,
)
from wanghuo.engines.auditlog.verifying import Finding, Sealed, verify

__all__ = [
    "FIRST_CHAIN",
    "SUITES",
    "BadCheckpoint",
    "Checkpoint",
    "Finding",
    "MerkleTree",
    "Sealed",
    "canonical",
    "chain_hash",
    "consistency_proof",
    "inclusion_proof",
    "key_id",
    "leaf_hash",
    "merkle_root",
    "private_digest",
    "public_key_of",
    "read_checkpoint",
    "sign_checkpoint",
    "split_notes",
    "verifier_key",
    "verify",
    "verify_checkpoint",
    "verify_consistency",
    "verify_inclusion",
]
