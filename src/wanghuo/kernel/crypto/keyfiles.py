"""Secrets in files of their own, readable by the owner alone, made whole or not at all on first use."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path


def text(path: Path, make: Callable[[], str]) -> str:
    """The text kept in `path`; `make` gives it the first time. Of several processes that start at once, one wins."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        _keep(path, make())
        return path.read_text("utf-8")


def seed(path: Path, size: int = 32) -> bytes:
    """A random secret of `size` bytes, kept as hexadecimal text."""
    kept = bytes.fromhex(text(path, lambda: secrets.token_hex(size)).strip())
    if len(kept) != size:
        raise ValueError(f"{path.name}: {size} bytes are expected, there are {len(kept)}")
    return kept


def _keep(path: Path, content: str) -> None:
    """Write beside, sync, then link: the file appears with all of its content, and never replaces one that is there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            return  # another process of this start was first
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        os.unlink(beside)
