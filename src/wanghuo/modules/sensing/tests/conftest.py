"""Two counties for the tests that use the database."""

from __future__ import annotations

import pytest

from wanghuo.kernel.regions.testing import make_regions


@pytest.fixture(autouse=True)
def regions(request: pytest.FixtureRequest) -> None:
    """The divisions that devices lie in."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        make_regions()
