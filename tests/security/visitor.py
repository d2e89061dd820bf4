"""Somebody at work among the objects of the matrix."""

from __future__ import annotations

import re
from typing import Any

from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client

from tests.security.matrix import Row
from tests.security.objects import OWN_UNIT, SECTOR, Made, World
from wanghuo.kernel.access.actor import Actor, anonymous
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.regions.testing import TOWN

CANARY = re.compile(r"Zq7([a-z_]+)-([a-z_]+)7qZ")
ANONYMOUS = "anonymous"
NARROWED: dict[str, dict[str, Any]] = {"sector_officer": {"sector": SECTOR}, "unit_manager": {"unit": OWN_UNIT}}


class Visitor:
    """A role at work in 赤岗镇, or somebody without an account."""

    def __init__(self, role: str, world: World) -> None:
        self.role, self.world = role, world
        self.actor: Actor = anonymous()
        self.client = Client()
        if role != ANONYMOUS:
            user = make_user(f"visitor.{role}".replace("_", "-"), role, TOWN, **NARROWED.get(role, {}))
            self.actor, self.client = actor_of(user), client_for(user)
        self.wrong: list[str] = []
        self.absent: dict[tuple[str, str], tuple[int, dict[str, str], str]] = {}
        self.count = 0

    def ask(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        """One request whose effects are undone, on the server and in the browser's cookies. The answer's `body` is all of it."""
        self.count += 1
        cookies = self.client.cookies.copy()
        with transaction.atomic():
            answer = getattr(self.client, method)(path, data, headers=headers)
            answer.body = body_of(answer)
            transaction.set_rollback(True)
        self.client.cookies = cookies
        return answer

    def sees(self, made: Made, row: Row | None = None) -> bool:
        """Whether the object is in scope; `row`: at an address that asks for a right of its own."""
        right = row.sees if row else ""
        return self.actor.can(right, made.where) if right else made.seen_by(self.actor)

    def blame(self, row: Row, method: str, place: str, what: str) -> None:
        """Note what is wrong."""
        self.wrong.append(f"{self.role} {method.upper()} {row.url} [{place}]: {what}")

    def check_canaries(self, row: Row, method: str, place: str, answer: Any) -> set[tuple[str, str]]:
        """No canary on the page, nor in its headers, of an object the visitor doesn't see. Returns those it shows."""
        text = answer.body.decode("utf-8", "replace") + str(dict(answer.headers))
        shown = set(CANARY.findall(text))
        for found in shown:
            if not self.sees(self.world.made[found]):
                self.blame(row, method, place, f"tells of {found}")
        return shown


def body_of(answer: HttpResponseBase) -> bytes:
    """The whole body, streamed or not."""
    return b"".join(answer) if answer.streaming else answer.content  # type: ignore[call-overload, attr-defined, no-any-return]
