"""Two counties, and the people of both."""

from __future__ import annotations

import pytest

from wanghuo.kernel.regions.testing import make_regions


@pytest.fixture(autouse=True)
def regions(db: None) -> None:
    """The divisions that units lie in."""
    make_regions()
