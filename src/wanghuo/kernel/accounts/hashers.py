"""How passwords are kept: Argon2id over an HMAC with a secret that is not in the database."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher


class PepperedArgon2(Argon2PasswordHasher):
    """Argon2id (19 MiB, two passes, one lane: OWASP's minimum) over HMAC-SHA-256(pepper, password).

    A stolen database alone is of no use for guessing: the pepper lives in the key folder.
    """

    algorithm = "argon2p"
    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """The hash to keep."""
        return super().encode(_peppered(password), salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Whether `password` is the one behind `encoded`."""
        return super().verify(_peppered(password), encoded)

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Argon2 does its work whole or not at all."""


def _peppered(password: str) -> str:
    return hmac.new(settings.PASSWORD_PEPPER.encode(), password.encode(), hashlib.sha256).hexdigest()
