"""Saved views: kept without the paging, shared with an office, seen by nobody else, deleted by whoever saved them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from wanghuo.base import NotFound
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.regions.testing import make_regions
from wanghuo.kernel.ui import saved_views
from wanghuo.kernel.ui.models import SavedView

pytestmark = pytest.mark.django_db
QUERY = "state=rectifying&state=overdue&sort=-due&after=abc&export=csv"


@pytest.fixture
def mei():
    make_regions()
    return make_user("mei", "inspector", "445281")


def save(actor, name="我的超期", **changes):
    known = {"path": "/hazards", "query": QUERY, "name": name, "shared": False} | changes
    return saved_views.save_view(actor=actor, **known)


def test_a_view_keeps_filters_and_order_and_drops_the_page(mei):
    view = save(actor_of(mei))
    assert view.url == f"/hazards?state=rectifying&state=overdue&sort=-due&view={view.id}"
    assert save(actor_of(mei), query="grade=major").id == view.id
    assert SavedView.objects.get().query == "grade=major"


@pytest.mark.parametrize("path", ["//evil.example/x", "https://evil.example", "/no-such-list", "/hazards?x=1", ""])
def test_a_view_is_of_a_list_of_this_site(mei, path):
    with pytest.raises(saved_views.NoSuchList):
        save(actor_of(mei), path=path)


def test_names_and_numbers_have_bounds(mei):
    for name in ("", "  ", "长" * 41):
        with pytest.raises(saved_views.NameMissing):
            save(actor_of(mei), name)
    for number in range(saved_views.MOST):
        save(actor_of(mei), f"视图 {number}")
    with pytest.raises(saved_views.TooManyViews):
        save(actor_of(mei), "再一个")


def test_the_office_sees_what_is_shared_and_others_see_nothing(mei):
    colleague, neighbour = make_user("wei", "inspector", "445281"), make_user("far", "inspector", "445202")
    private, shared = save(actor_of(mei), "自己的"), save(actor_of(mei), "大队共享", shared=True)
    assert {v.name for v in saved_views.views_of("/hazards", actor_of(mei))} == {"自己的", "大队共享"}
    assert saved_views.views_of("/hazards", actor_of(colleague)) == [shared]
    assert saved_views.views_of("/hazards", actor_of(neighbour)) == []
    with pytest.raises(saved_views.NotYours):
        saved_views.delete_view(view_id=shared.id, actor=actor_of(colleague))
    for view_id in (private.id, uuid4()):
        with pytest.raises(NotFound):
            saved_views.delete_view(view_id=view_id, actor=actor_of(colleague))
    assert saved_views.delete_view(view_id=shared.id, actor=actor_of(mei)) == "/hazards"


def test_on_the_page_a_filter_becomes_a_view_and_goes_again(mei):
    client = client_for(mei)
    told = client.get("/hazards?state=rectifying").content.decode()
    assert "存为视图" in told
    sent = {"path": "/hazards", "query": "state=rectifying", "name": "整改中的", "shared": "1"}
    answer = client.post("/views", sent)
    assert answer.status_code == 303
    told = client.get(answer["Location"]).content.decode()
    assert "整改中的" in told
    assert "删去此视图" in told
    view = SavedView.objects.get()
    assert client.post(f"/views/{view.id}/delete")["Location"] == "/hazards"
    assert "整改中的" not in client.get("/hazards").content.decode()
