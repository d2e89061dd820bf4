"""Puts the compiled twins (docs/decisions/0200) into a wheel that is built where they can be compiled; elsewhere the wheel is
plain Python and runs anywhere.

    python -m hatchling build -t wheel      (Cython, numpy, a C compiler and Python's headers make it a compiled one)
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
import accelerate


class Twins(BuildHookInterface):
    """The hook named in pyproject.toml."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is not up to date, and take it along. An editable install is left to `./dev`."""
        if version == "editable" or accelerate.main([]):
            return
        found = [accelerate.built(source) for source in accelerate.sources()]
        if all(library.exists() for library in found):
            build_data["pure_python"], build_data["infer_tag"] = False, True
            build_data["artifacts"] += [str(library.relative_to(accelerate.ROOT)) for library in found]
