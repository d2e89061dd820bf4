"""The Merkle tree of RFC 6962 over the leaves, with its proofs."""

from __future__ import annotations

from collections.abc import Sequence

from wanghuo.engines.auditlog.hashes import SUITES, node_hash


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


class MerkleTree:
    """A tree that grows: it keeps only the roots of its complete subtrees, largest first (O(log n) memory)."""

    def __init__(self, suite: int = 1, *, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """An empty tree, or one taken up where it stood: `size` leaves, `peaks` as they were read from it."""
        heights = [height for height in range(size.bit_length() - 1, -1, -1) if size >> height & 1]
        self.suite = suite
        self.size = size
        self._peaks: list[tuple[int, bytes]] = list(zip(heights, peaks, strict=True))

    @property
    def peaks(self) -> list[bytes]:
        """The roots of the complete subtrees, largest first: all it takes to go on from here."""
        return [node for _, node in self._peaks]

    def add(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        height, node = 0, leaf
        while self._peaks and self._peaks[-1][0] == height:
            node = node_hash(self._peaks.pop()[1], node, self.suite)
            height += 1
        self._peaks.append((height, node))
        self.size += 1

    def root(self) -> bytes:
        """The root; of the empty tree it is the hash of nothing."""
        if not self._peaks:
            return SUITES[self.suite](b"")
        node = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            node = node_hash(left, node, self.suite)
        return node


def merkle_root(leaves: Sequence[bytes], suite: int = 1) -> bytes:
    """The root over leaf hashes."""
    tree = MerkleTree(suite)
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def inclusion_proof(leaves: Sequence[bytes], index: int, suite: int = 1) -> list[bytes]:
    """The nodes that lead from leaf `index` to the root (RFC 6962, 2.1.1). Raises IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    if len(leaves) == 1:
        return []
    cut = _split(len(leaves))
    if index < cut:
        return [*inclusion_proof(leaves[:cut], index, suite), merkle_root(leaves[cut:], suite)]
    return [*inclusion_proof(leaves[cut:], index - cut, suite), merkle_root(leaves[:cut], suite)]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes, suite: int = 1) -> bool:
    """Whether `proof` shows that `leaf` is leaf `index` of the tree of `size` leaves with this root."""
    if not 0 <= index < size:
        return False
    here, last, node = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            node = node_hash(step, node, suite)
            while here & 1 == 0 and here:
                here, last = here >> 1, last >> 1
        else:
            node = node_hash(node, step, suite)
        here, last = here >> 1, last >> 1
    return last == 0 and node == root


def consistency_proof(leaves: Sequence[bytes], old_size: int, suite: int = 1) -> list[bytes]:
    """The nodes that show the tree of the first `old_size` leaves inside that of all (RFC 6962, 2.1.2)."""
    if not 0 < old_size <= len(leaves):
        raise IndexError(old_size)
    return _subproof(leaves, old_size, True, suite)


def _subproof(leaves: Sequence[bytes], old: int, whole: bool, suite: int) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [merkle_root(leaves, suite)]
    cut = _split(len(leaves))
    if old <= cut:
        return [*_subproof(leaves[:cut], old, whole, suite), merkle_root(leaves[cut:], suite)]
    return [*_subproof(leaves[cut:], old - cut, False, suite), merkle_root(leaves[:cut], suite)]


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes], suite: int = 1
) -> bool:
    """Whether `proof` shows that the new tree only added to the old one (RFC 9162, 2.1.4.2)."""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    nodes = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not nodes:
        return False
    here, last = old_size - 1, new_size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            old, new = node_hash(node, old, suite), node_hash(node, new, suite)
            while here & 1 == 0 and here:
                here, last = here >> 1, last >> 1
        else:
            new = node_hash(new, node, suite)
        here, last = here >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root
