"""Two neighbouring counties with a few records each."""

from __future__ import annotations

import pytest

from wanghuo.kernel.regions.testing import make_regions


@pytest.fixture
def regions(db) -> None:
    make_regions()
