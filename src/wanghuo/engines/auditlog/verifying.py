"""Checking a whole log against itself and against checkpoints kept outside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wanghuo.base import Text
from wanghuo.engines.auditlog.checkpoint import Checkpoint
from wanghuo.engines.auditlog.hashes import FIRST_CHAIN, chain_hash, leaf_hash
from wanghuo.engines.auditlog.merkle import MerkleTree

MOST_FINDINGS = 10_000


@dataclass(frozen=True, slots=True)
class Sealed:
    """One place of the log as it stands now: its number from 0, the entry's bytes (None: gone), leaf and chain."""

    seq: int
    entry: bytes | None
    leaf: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was: a code, the place, and words."""

    code: str
    seq: int
    text: Text


TEXTS = {
    "gap": Text("第 {seq} 条起缺号", "numbers are missing from entry {seq} on"),
    "order": Text("第 {seq} 条重复或次序颠倒", "entry {seq} stands twice or out of order"),
    "missing": Text("第 {seq} 条记录不在了", "entry {seq} is gone"),
    "changed": Text("第 {seq} 条记录被改过", "entry {seq} was changed"),
    "chain": Text("第 {seq} 条与前一条接不上", "entry {seq} does not follow the one before it"),
    "short": Text(
        "日志只有 {seq} 条，少于检查点的 {size} 条",
        "the log holds {seq} entries, fewer than the {size} of a checkpoint",
    ),
    "root": Text("前 {size} 条与检查点不符", "the first {size} entries are not those of the checkpoint"),
}


def verify(
    log: Iterable[Sealed],
    checkpoints: Iterable[Checkpoint] = (),
    *,
    suite: int = 1,
    tree: MerkleTree | None = None,
) -> list[Finding]:
    """Everything that is wrong, at most MOST_FINDINGS; an empty list when the log is whole.

    The chain alone finds edits, insertions, deletions and swaps inside the log. A cut end, a roll-back and a full
    rewrite are found only against a checkpoint from before that was kept outside. `tree`, an empty one of the same
    suite, is left holding the log, for its size and root. Reads the log once and keeps O(log n) of it.
    """
    wanted = sorted(checkpoints, key=lambda c: c.size)
    findings: list[Finding] = []
    tree = MerkleTree(suite) if tree is None else tree
    previous, expected = FIRST_CHAIN, 0
    for place in log:
        _compare_roots(wanted, tree, findings)
        if place.seq != expected:
            findings.append(_finding("gap", expected) if place.seq > expected else _finding("order", place.seq))
            expected = place.seq
        findings += _check(place, previous, suite)
        previous, expected = place.chain, expected + 1
        tree.add(leaf_hash(place.entry, suite) if place.entry is not None else place.leaf)
        if len(findings) >= MOST_FINDINGS:
            return findings
    _compare_roots(wanted, tree, findings)
    findings += [_finding("short", tree.size, size=c.size) for c in wanted]
    return findings


def _check(place: Sealed, previous: bytes, suite: int) -> list[Finding]:
    found = []
    if place.entry is None:
        found.append(_finding("missing", place.seq))
    elif leaf_hash(place.entry, suite) != place.leaf:
        found.append(_finding("changed", place.seq))
    if chain_hash(previous, place.leaf, suite) != place.chain:
        found.append(_finding("chain", place.seq))
    return found


def _compare_roots(wanted: list[Checkpoint], tree: MerkleTree, findings: list[Finding]) -> None:
    """Compare with the checkpoints of this size, and take them off the list."""
    while wanted and wanted[0].size == tree.size:
        checkpoint = wanted.pop(0)
        if checkpoint.root != tree.root():
            findings.append(_finding("root", checkpoint.size, size=checkpoint.size))


def _finding(code: str, seq: int, **known: int) -> Finding:
    return Finding(code, seq, TEXTS[code].filled({"seq": seq, **known}))
