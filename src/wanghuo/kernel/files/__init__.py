"""Evidence and papers: taken by content, kept whole, shown only to whoever may see what they belong to."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wanghuo.kernel.files.likeness import similar_photos
    from wanghuo.kernel.files.service import files_of, get_file, store

__all__ = ["files_of", "get_file", "similar_photos", "store"]


def __getattr__(name: str) -> Any:
    """Load on first use: this package is imported before Django's tables can be."""
    if name not in __all__:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{'likeness' if name == 'similar_photos' else 'service'}"), name)
