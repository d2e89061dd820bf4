"""Every address × every role × every place × method: who is let in, who is refused, and that a refusal tells nothing.

Reliability R25. The table is access.yaml, the objects are made in objects.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.security.matrix import FINE, METHODS, Row, row_of, table, unlisted, views
from tests.security.objects import KINDS, PLACES, Made, World
from tests.security.visitor import ANONYMOUS, Visitor
from wanghuo.kernel.access.pages import needs, public_page
from wanghuo.kernel.access.roles import roles

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"|\b\d\d:\d\d(:\d\d)?\b')
NO_TRACE = {"X-Request-ID", "Content-Length"}

# the walk is long and asks the same conditions of either database; test_side_doors.py asks both
pytestmark = pytest.mark.embedded


def test_every_address_is_in_the_table() -> None:
    assert unlisted(table(), list(views())) == []


def test_the_table_names_known_kinds_and_rights() -> None:
    from wanghuo.kernel.access.roles import rights

    for row in table():
        assert set(row.rights) | ({row.then} - {""}) <= set(rights()), row.url
        assert {row.kind, *row.lists} - {""} <= set(KINDS), row.url


def test_the_walk_finds_what_is_missing() -> None:
    listed = (row_of({"url": "a", "right": "places.view"}), row_of({"url": "gone", "right": "public"}))
    found = [
        ("a", needs("places.edit")(lambda request: None)),
        ("b", public_page(lambda request: None)),
        ("c", lambda request: None),
    ]
    said = " ".join(unlisted(listed, found))
    for words in ("a: access.yaml says", "b: not in access.yaml", "c: the view carries neither", "gone: listed, but"):
        assert words in said


def expected(visitor: Visitor, row: Row, made: Made | None) -> str:
    """signed_out, refused, absent, or open."""
    if not row.public and visitor.actor.id is None:
        return "signed_out"
    if not row.lets_in(visitor.actor):
        return "refused"
    if made is not None and not row.blank and not visitor.sees(made, row):
        return "absent"
    if made is not None and row.then and not visitor.actor.can(row.then, made.where):
        return "refused"
    return "open"


STATUSES = {"signed_out": {302}, "refused": {403}, "absent": {404}}


def visit(visitor: Visitor, row: Row, method: str, made: Made | None) -> None:
    place = made.where.name if made else "-"
    answer = visitor.ask(method, row.path(made.ref if made else None))
    hoped = expected(visitor, row, made)
    allowed = STATUSES.get(hoped, FINE | row.also)
    if answer.status_code not in allowed:
        visitor.blame(row, method, place, f"{answer.status_code} where {hoped} ({sorted(allowed)}) was expected")
    if hoped == "signed_out" and not answer.headers.get("Location", "").startswith("/login"):
        visitor.blame(row, method, place, "not sent to the sign-in page")
    shown = visitor.check_canaries(row, method, place, answer)
    if hoped == "open" and method == "get" and answer.status_code == 200:
        check_list(visitor, row, shown)
    if hoped == "absent" and made is not None:
        check_like_absent(visitor, row, method, made, answer)


def check_list(visitor: Visitor, row: Row, shown: set[tuple[str, str]]) -> None:
    """Everything in scope stands on the list: otherwise an empty page would pass for a safe one."""
    for kind in row.lists:
        due = {(kind, p.name) for p in PLACES if visitor.sees(visitor.world.made[kind, p.name])}
        for missing in due - shown:
            visitor.blame(row, "get", missing[1], "in scope, but not on the list")


def check_like_absent(visitor: Visitor, row: Row, method: str, made: Made, answer) -> None:
    """Out of scope and absent are the same answer, to the letter."""
    key = row.url, method
    if key not in visitor.absent:
        path = row.path(made.absent)
        visitor.absent[key] = told(visitor.ask(method, path), path)
    if told(answer, row.path(made.ref)) != visitor.absent[key]:
        visitor.blame(row, method, made.where.name, "differs from the answer for an absent one")


def told(answer, path: str) -> tuple[int, dict[str, str], str]:
    """What an answer says, without what changes from one to the next: its own address, form tokens, the clock."""
    text = answer.body.decode("utf-8", "replace")
    for form in (path, quote(path), quote(path, safe="")):
        text = text.replace(form, "HERE")
    headers = {name: value for name, value in answer.headers.items() if name not in NO_TRACE}
    return answer.status_code, headers, TOKEN.sub("", text)


def requests() -> Iterator[tuple[Row, str]]:
    for row in table():
        for method in row.methods:
            if method in ("get", "post"):
                yield row, method


@pytest.mark.django_db
@pytest.mark.parametrize("role", [ANONYMOUS, *roles()])
def test_the_matrix(role: str, world: World) -> None:
    visitor = Visitor(role, world)
    for row, method in requests():
        if not row.kind:
            visit(visitor, row, method, None)
        elif not row.lets_in(visitor.actor):
            visit(visitor, row, method, world.made[row.kind, "own"])  # refused before the object is looked for
        else:
            for where in PLACES:
                visit(visitor, row, method, world.made[row.kind, where.name])
    assert not visitor.wrong, "\n".join(visitor.wrong)
    assert visitor.count > len(table())


@pytest.mark.django_db
def test_other_methods_are_refused(world: World) -> None:
    """What a view doesn't answer is 405, for somebody whom it lets in."""
    wrong = []
    people = {role: Visitor(role, world) for role in roles()}
    for row in table():
        visitor = next((v for v in people.values() if row.lets_in(v.actor)), None)
        assert visitor is not None, f"no role opens {row.url}"
        ref = world.made[row.kind, "own"].ref if row.kind else None
        for method in set(METHODS) - set(row.methods):
            status = visitor.ask(method, row.path(ref)).status_code
            if status != 405:
                wrong.append(f"{method.upper()} {row.url}: {status}")
    assert wrong == []


@pytest.mark.django_db
def test_a_write_without_its_token_is_refused(world: World) -> None:
    people = {role: Visitor(role, world) for role in roles()}
    wrong = []
    for row, method in requests():
        if method != "post":
            continue
        visitor = next(v for v in people.values() if row.lets_in(v.actor))
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = visitor.client.cookies
        ref = world.made[row.kind, "own"].ref if row.kind else None
        if strict.post(row.path(ref)).status_code != 403:
            wrong.append(row.url)
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize(("headers", "status", "where"), [
    ({"accept": "application/json"}, 401, None),
    ({"hx-request": "true", "hx-current-url": "http://testserver/units?q=1"}, 401, "/login?next=%2Funits%3Fq%3D1"),
    ({"hx-request": "true", "hx-current-url": "https://evil.example/x"}, 401, "/login?next=%2Fx"),
    ({}, 302, "/login?next=%2Funits"),
])  # fmt: skip
def test_signed_out_callers_are_told_in_their_own_way(headers, status, where) -> None:
    answer = Client().get("/units", headers=headers)
    assert answer.status_code == status
    assert (answer.headers.get("HX-Redirect") or answer.headers.get("Location")) == where


@pytest.mark.django_db
def test_an_absent_object_costs_as_many_queries_as_one_out_of_scope(world: World) -> None:
    """Time would tell what the words don't."""
    people = [Visitor(role, world) for role in roles()]
    wrong, compared = [], 0
    for row, method in requests():
        if not row.kind or row.blank or row.public:
            continue
        hidden = world.made[row.kind, "sibling"]
        visitor = next((v for v in people if row.lets_in(v.actor) and not v.sees(hidden, row)), None)
        if visitor is None:
            continue  # a kind that everyone whom the view lets in sees
        queries_of(visitor, method, row.path(hidden.absent))  # names the process remembers are read once
        counts = [queries_of(visitor, method, row.path(ref)) for ref in (hidden.ref, hidden.absent)]
        compared += 1
        if counts[0] != counts[1]:
            wrong.append(f"{visitor.role} {method.upper()} {row.url}: {counts[0]} out of scope, {counts[1]} absent")
    assert wrong == []
    assert compared > 30


def queries_of(visitor: Visitor, method: str, path: str) -> int:
    """How many queries a request takes."""
    with CaptureQueriesContext(connection) as queries:
        visitor.ask(method, path)
    return len(queries)


@pytest.mark.django_db
def test_the_matrix_has_teeth(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the scope taken out of one query, the matrix says so."""
    from wanghuo.kernel.access import scope

    row = next(r for r in table() if r.url == "units")
    monkeypatch.setattr(scope.ScopedQuerySet, "visible_to", lambda self, actor: self)
    visitor = Visitor("inspector", world)
    visit(visitor, row, "get", None)
    detail = next(r for r in table() if r.url == "units/<str:ref>")
    visit(visitor, detail, "get", world.made["unit", "sibling"])
    assert any("tells of" in line for line in visitor.wrong)
    assert any("404" in line for line in visitor.wrong)
