"""What every page knows: who looks, at which region and period, in which language, and what waits for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from wanghuo.kernel.access.actor import Actor, anonymous
from wanghuo.kernel.regions import codes
from wanghuo.kernel.ui import language, nav

Counter = Callable[[Actor], int]
THEMES, DENSITIES = ("auto", "light", "dark"), ("comfortable", "standard", "compact")
PAGE_STATE = {"after", "before", "export"}  # parameters that make no sense once the filter changes
_counters: dict[str, Counter] = {}


def set_counter(name: str, counter: Counter) -> None:
    """Give the header a number: `inbox` (duties that wait for the person) or `notices` (unread messages).

    Called from `AppConfig.ready()` of the app that knows; without one the header shows no number.
    """
    _counters[name] = counter


def address(request: HttpRequest, **changes: str) -> str:
    """The address of this page with some parameters changed; an empty value takes one away. Paging starts again."""
    query = request.GET.copy()
    for name in PAGE_STATE:
        query.pop(name, None)
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"{request.path}?{query.urlencode(safe=',:')}" if query else request.path


@dataclass
class Page:
    """The variable `page` of every template; everything costly is worked out only where a template asks."""

    request: HttpRequest

    @cached_property
    def actor(self) -> Actor:
        """Who looks; anonymous before sign-in and on error pages that never reached the access layer."""
        found: Actor | None = getattr(self.request, "actor", None)
        return found or anonymous()

    @property
    def signed_in(self) -> bool:
        """Whether a person has signed in."""
        return self.actor.id is not None

    @property
    def lang(self) -> str:
        """`zh` or `en`."""
        return language.current()

    @property
    def html_lang(self) -> str:
        """The language as the HTML attribute wants it."""
        return language.HTML_CODES[self.lang]

    @cached_property
    def nav(self) -> tuple[nav.OpenGroup, ...]:
        """The navigation, as far as the person's rights open it; a page elsewhere names its entry by `nav_at`."""
        path = getattr(self.request, "nav_at", self.request.path)
        return nav.groups_for(self.actor, path) if self.signed_in else ()

    @cached_property
    def region(self) -> str:
        """The code of the region looked at: `?region=`, else the person's own."""
        return region_of(self.request)

    @property
    def away(self) -> bool:
        """Whether the region looked at is not the person's own: the page then carries a band that says so."""
        return self.signed_in and self.region != self.actor.home

    @property
    def region_path(self) -> list[str]:
        """The codes from the top of what the person may see down to the region looked at."""
        own = [grant.region for grant in self.actor.grants]
        upper = [*codes.ancestors(self.region), self.region]
        return [code for code in upper if any(codes.contains(region, code) for region in own)] or [self.region]

    @property
    def period(self) -> str:
        """The period in the URL; empty for the default of the page."""
        return self.request.GET.get("period", "")

    @cached_property
    def inbox_count(self) -> int | None:
        """How many duties wait for the person; None where no app counts them."""
        return self._count("inbox")

    @cached_property
    def notice_count(self) -> int | None:
        """How many messages the person has not opened."""
        return self._count("notices")

    @property
    def demo(self) -> bool:
        """Whether the data is made up: the page then says so."""
        return bool(settings.MODE == "demo")

    @property
    def theme(self) -> str:
        """auto, light or dark."""
        return _chosen(self.request, "theme", THEMES, "auto")

    @property
    def density(self) -> str:
        """comfortable, standard or compact."""
        return _chosen(self.request, "density", DENSITIES, "standard")

    @property
    def here(self) -> str:
        """This page's address with its parameters, to come back to."""
        return self.request.get_full_path()

    @cached_property
    def other_regions(self) -> Mapping[str, Any]:
        """Parameters to keep when the region changes."""
        return {k: v for k, v in self.request.GET.items() if k not in PAGE_STATE | {"region"}}

    def _count(self, name: str) -> int | None:
        counter = _counters.get(name)
        return counter(self.actor) if counter and self.signed_in else None


def _chosen(request: HttpRequest, name: str, known: tuple[str, ...], default: str) -> str:
    value = request.COOKIES.get(name, default)
    return value if value in known else default


def region_of(request: HttpRequest) -> str:
    """The region a page is about: a valid `?region=`, else the actor's own."""
    actor: Actor | None = getattr(request, "actor", None)
    home = actor.home if actor else codes.COUNTRY
    try:
        return codes.normalise(request.GET.get("region", "") or home)
    except ValueError:
        return home


def page(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `page` in every template."""
    return {"page": Page(request), "lang": language.current()}
