"""The form of a target tells nothing of a target set elsewhere."""

from __future__ import annotations

import pytest
from django.utils import timezone

from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.indicators import testing
from wanghuo.kernel.indicators.targets import set_target


@pytest.mark.django_db
@pytest.mark.parametrize(("region", "told"), [("445281", True), ("445222", False)])
def test_the_form_shows_targets_in_scope_only(region: str, told: bool) -> None:
    year = str(timezone.localdate().year)
    with testing.declared({}):
        set_target(
            code="testing.rate",
            region=region,
            period=year,
            value=87.125,
            source="金丝雀文件",
            actor=actor("committee_clerk", region),
        )
        client = client_for(make_user("clerk", "committee_clerk", "445281"))
        page = client.get(f"/indicators/testing.rate/acts/target?region={region}&period={year}").content.decode()
    assert ("金丝雀文件" in page) is told
