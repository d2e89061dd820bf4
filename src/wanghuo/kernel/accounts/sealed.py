"""Small secrets and personal values at rest: encrypted with a key that is not in the database; codes kept as keyed hashes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


@lru_cache(maxsize=4)
def _box(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"wanghuo/accounts/v1/seal").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def seal(text: str) -> str:
    """`text` encrypted (AES-128-CBC with HMAC-SHA-256); nothing stays nothing."""
    return _box(settings.SECRET_KEY).encrypt(text.encode()).decode() if text else ""


def unseal(token: str) -> str:
    """What `seal` was given; "" for a value sealed under another key, which nobody can read any more."""
    try:
        return _box(settings.SECRET_KEY).decrypt(token.encode()).decode() if token else ""
    except InvalidToken:
        return ""


def digest(purpose: str, *parts: object) -> str:
    """A keyed hash of some values: equal values can be found again, but not guessed from the database alone."""
    words = "\0".join((purpose, *map(str, parts)))
    return hmac.new(settings.PASSWORD_PEPPER.encode(), words.encode(), hashlib.sha256).hexdigest()
