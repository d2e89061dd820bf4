"""Personal numbers kept sealed: AES-GCM under a key of its own, opened only by the act of revealing."""

from __future__ import annotations

import base64
import os
import re
import secrets
from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_MOBILE = re.compile(r"\+?(?:86)?-?(1\d{10})")


@cache
def _cipher() -> AESGCM:
    path = settings.KEYS / "personal_data"
    if not path.exists():
        settings.KEYS.mkdir(mode=0o700, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(base64.b64encode(secrets.token_bytes(32)))
        except FileExistsError:
            pass  # another process of this start made it first
    return AESGCM(base64.b64decode(path.read_bytes()))


def seal(value: str, about: str) -> str:
    """`value` sealed and bound to the record `about`; moved to another record it does not open. Empty stays empty."""
    if not value:
        return ""
    nonce = secrets.token_bytes(12)
    return base64.b64encode(nonce + _cipher().encrypt(nonce, value.encode(), about.encode())).decode()


def unseal(sealed: str, about: str) -> str:
    """What was sealed. Raises cryptography's InvalidTag when the text or the record is another one."""
    if not sealed:
        return ""
    raw = base64.b64decode(sealed)
    return _cipher().decrypt(raw[:12], raw[12:], about.encode()).decode()


def mask_phone(phone: str) -> str:
    """A number as it may be shown unasked: 138****5678; of other numbers the last two digits at most."""
    found = _MOBILE.fullmatch(phone.replace(" ", ""))
    if found:
        return f"{found[1][:3]}****{found[1][-4:]}"
    return "*" * max(len(phone) - 2, 0) + phone[-2:] if len(phone) > 4 else "*" * len(phone)
