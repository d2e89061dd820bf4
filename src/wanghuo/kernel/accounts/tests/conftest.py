import pytest

from wanghuo.kernel.accounts.testing import make_user
from wanghuo.kernel.regions import testing as places


@pytest.fixture
def regions(db):
    places.make_regions()


@pytest.fixture
def admin(regions):
    """The security administrator of 普宁市."""
    return make_user("anquan", "security_admin", places.COUNTY)


@pytest.fixture
def officer(regions):
    """A fire inspector of 普宁市."""
    return make_user("chen.jun", "inspector", places.COUNTY, display_name="陈军")
