"""Lists under a name (ux 4.1): a person's filters and order kept, for oneself or for one's office."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.db import transaction
from django.urls import Resolver404, resolve

from wanghuo.base import AppError, Invalid, NotFound, Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import own_path
from wanghuo.kernel.ui.context import PAGE_STATE
from wanghuo.kernel.ui.models import SavedView

MOST = 20  # views a person keeps of one list
NOT_KEPT = {*PAGE_STATE, "view", "export"}
WHAT = Text("视图", "View")


class NoSuchList(Invalid):
    """A view is of a list of this site."""

    code = "ui.no_such_list"
    text = Text("没有这个列表。", "There is no such list.")


class NameMissing(Invalid):
    """A view has a name."""

    code = "ui.view_name_missing"
    text = Text("请给视图起个名字（不超过 40 字）。", "Give the view a name (at most 40 characters).")


class TooManyViews(Invalid):
    """A person keeps a handful of views of one list."""

    code = "ui.too_many_views"
    text = Text("一个列表最多存 {most} 个视图，请先删去不用的。", "At most {most} views of one list; delete one first.")


class NotYours(AppError):
    """Only whoever saved a view deletes it."""

    status = 403
    code = "ui.view_not_yours"
    text = Text("只有存它的人能删去。", "Only the person who saved it can delete it.")


@transaction.atomic
def save_view(*, path: str, query: str, name: str, shared: bool, actor: Actor) -> SavedView:
    """Keep a list as it stands; the same name again replaces what it meant.

    `query`: the address's parameters; paging is left out. Raises NoSuchList, NameMissing, TooManyViews.
    """
    if actor.id is None or not _is_list(path):
        raise NoSuchList(field="path")
    if not 0 < len(name.strip()) <= 40:
        raise NameMissing(field="name")
    mine = SavedView.objects.select_for_update().filter(user_id=actor.id, path=path)
    if mine.count() >= MOST and not mine.filter(name=name.strip()).exists():
        raise TooManyViews(most=MOST)
    kept = urlencode([(key, value) for key, value in parse_qsl(query) if key not in NOT_KEPT], safe=",:")[:1000]
    known = {"query": kept, "region": actor.home if shared else "", "user_name": actor.name[:64]}
    view, _ = SavedView.objects.update_or_create(user_id=actor.id, path=path, name=name.strip(), defaults=known)
    return view


@transaction.atomic
def delete_view(*, view_id: UUID, actor: Actor) -> str:
    """Forget a view; where its list is. Raises NotFound, NotYours."""
    view = SavedView.objects.visible_to(actor).select_for_update().filter(pk=view_id).first()
    if view is None:
        raise NotFound(what=WHAT, ref=view_id)
    if view.user_id != actor.id:
        raise NotYours()
    view.delete()
    return str(view.path)


def views_of(path: str, actor: Actor) -> list[SavedView]:
    """The views of a list that a person may choose, their own first."""
    found = SavedView.objects.visible_to(actor).filter(path=path).order_by("name")[: 2 * MOST]
    return sorted(found, key=lambda view: view.user_id != actor.id)


def _is_list(path: str) -> bool:
    try:
        resolve(own_path(path))
    except Resolver404:
        return False
    return "?" not in path and len(path) <= 200
