"""Compiled twins of plain Python parts: used where they were built, never needed (docs/decisions/0200)."""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType


def compiled(name: str) -> ModuleType | None:
    """The compiled module `name`; None where it was not built, or where WANGHUO_PURE asks for the plain path."""
    if os.environ.get("WANGHUO_PURE"):
        return None
    try:
        return import_module(name)
    except ImportError:  # not built, or built for another Python
        return None
