"""The signature of a webhook: HMAC-SHA-256 over `timestamp.body`, so that a receiver knows who sent it and when."""

from __future__ import annotations

import hmac

LASTS_S = 300
SIGNATURE, TIMESTAMP, DELIVERY = "Wanghuo-Signature", "Wanghuo-Timestamp", "Wanghuo-Delivery"


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The value of the signature header. timestamp: seconds since 1970, UTC."""
    return "v1=" + hmac.digest(secret.encode(), b"%d." % timestamp + body, "sha256").hex()


def is_genuine(secret: str, timestamp: int, body: bytes, signature: str, *, now: float) -> bool:
    """What a receiver asks: signed with the secret, within five minutes of `now`."""
    return abs(now - timestamp) <= LASTS_S and hmac.compare_digest(sign(secret, timestamp, body), signature)
