"""Digests of evidence: SHA-256, and SM3 for whoever must follow the national standard."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives import hashes


class Digests:
    """Both digests of bytes that come piece by piece."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._sm3 = hashes.Hash(hashes.SM3())

    def update(self, chunk: bytes) -> None:
        """Take the next piece."""
        self._sha256.update(chunk)
        self._sm3.update(chunk)

    def hex(self) -> tuple[str, str]:
        """SHA-256 and SM3 over all pieces, hexadecimal. Call it once, at the end."""
        return self._sha256.hexdigest(), self._sm3.finalize().hex()
