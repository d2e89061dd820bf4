"""Which log this is: its origin, its hash suite and its signing key. Fixed on first use, kept with the keys."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from wanghuo.engines.auditlog import public_key_of
from wanghuo.kernel.crypto import keyfiles

_FILE = "audit_log"
_KEY = "audit_ed25519"


@dataclass(frozen=True, slots=True)
class Identity:
    """The name of the log, as it stands in every entry and checkpoint, and the hash it is sealed with."""

    origin: str
    suite: int


@cache
def identity() -> Identity:
    """The log of this deployment. A later change of settings does not rename it: the file made on first use stays."""
    kept = json.loads(keyfiles.text(Path(settings.KEYS) / _FILE, _first))
    return Identity(kept["origin"], kept["suite"])


@cache
def private_key() -> bytes:
    """The Ed25519 key that signs this deployment's checkpoints: 32 bytes, made on first use."""
    return keyfiles.seed(Path(settings.KEYS) / _KEY)


@cache
def public_key() -> bytes:
    """What checks those signatures."""
    return public_key_of(private_key())


def witness_folder() -> Path | None:
    """Where a copy of every checkpoint goes, if set: a place beyond the reach of whoever runs this machine."""
    place = getattr(settings, "AUDIT_WITNESS", "") or os.environ.get("WANGHUO_WITNESS", "")
    return Path(place) if place else None


def _first() -> str:
    origin = getattr(settings, "AUDIT_ORIGIN", "") or f"wanghuo.local/{settings.REGION}"
    return json.dumps({"origin": origin, "suite": getattr(settings, "AUDIT_SUITE", 1)})
