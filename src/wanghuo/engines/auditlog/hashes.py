"""Hashes of the log, in two suites: SHA-256 (1) and SM3 (2). One log keeps one suite."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes as primitives

Hash = Callable[[bytes], bytes]


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _sm3(data: bytes) -> bytes:
    digest = primitives.Hash(primitives.SM3())
    digest.update(data)
    return digest.finalize()


SUITES: dict[int, Hash] = {1: _sha256, 2: _sm3}
FIRST_CHAIN = bytes(32)
LEAF, NODE, CHAIN = b"\x00", b"\x01", b"\x02"
PRIVATE = b"wanghuo/audit/v1/private"


def leaf_hash(entry: bytes, suite: int = 1) -> bytes:
    """The leaf of an entry: H(00 ‖ entry)."""
    return SUITES[suite](LEAF + entry)


def node_hash(left: bytes, right: bytes, suite: int = 1) -> bytes:
    """An inner node: H(01 ‖ left ‖ right)."""
    return SUITES[suite](NODE + left + right)


def chain_hash(previous: bytes, leaf: bytes, suite: int = 1) -> bytes:
    """The chain after a leaf: H(02 ‖ previous ‖ leaf); 32 zero bytes come before the first."""
    return SUITES[suite](CHAIN + previous + leaf)


def private_digest(salt: bytes, body: bytes, suite: int = 1) -> bytes:
    """What an entry shows of the personal data kept beside it: H("wanghuo/audit/v1/private" ‖ 00 ‖ salt ‖ body)."""
    return SUITES[suite](PRIVATE + b"\x00" + salt + body)
