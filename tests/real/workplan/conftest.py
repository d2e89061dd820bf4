"""The five papers stand beside the repository; without them these tests are skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.workplan.sheets import SOURCES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here reads the papers."""
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.shared)
            if not SOURCES.is_dir():
                item.add_marker(pytest.mark.skip(reason=f"the papers are not there: {SOURCES} (set WANGHUO_SHARED)"))
