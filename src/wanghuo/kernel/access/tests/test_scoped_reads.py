"""Pages and APIs reach rows with a place through `visible_to` alone: an AST walk over the sources, with teeth.

A view may not touch `.objects` of a `Scoped` model in any other way; nothing but migrations touches `_base_manager`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

import wanghuo
from wanghuo.kernel.access.scope import Scoped

ROOT = Path(wanghuo.__file__).parent
# how the files that answer requests are called (style.md 2); pages.py, map_pages.py, api.py, views.py, live.py …
ANSWERING = ("pages.py", "api.py", "views.py", "tables.py")
MAY = {"visible_to", "asked_by"}  # asked_by: the duties a person gave to others, by their own id

# an auditor reads who acted: user names by number, for entries that are in scope; nothing else of the person is shown
EXCEPTIONS = {"kernel/audit/pages.py": {"User.objects"}}


def scoped_models() -> set[str]:
    return {model.__name__ for model in apps.get_models() if issubclass(model, Scoped)}


def reads_past_scope(source: str, models: set[str]) -> list[str]:
    """`line: what` for each use of a scoped model's manager that isn't followed by `visible_to`."""
    tree = ast.parse(source)
    allowed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in MAY}
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr in ("_base_manager", "_default_manager"):
            found.append(f"{node.lineno}: {node.attr}")
        if node.attr == "objects" and id(node) not in allowed:
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            if names.get(name, name) in models:
                found.append(f"{node.lineno}: {name}.objects")
    return found


def answering_files() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*.py")):
        if path.name.endswith(ANSWERING) and not {"tests", "migrations", "services"} & set(path.parts):
            yield path


def test_views_read_through_visible_to() -> None:
    models, files = scoped_models(), list(answering_files())
    assert {"Unit", "Device", "Hazard", "Alarm", "User"} <= models
    assert len(files) > 15
    wrong, used = [], set()
    for path in files:
        file = path.relative_to(ROOT).as_posix()
        for said in reads_past_scope(path.read_text("utf-8"), models):
            if said.split(": ")[1] in EXCEPTIONS.get(file, ()):
                used.add(file)
            else:
                wrong.append(f"{file}:{said}")
    assert wrong == []
    assert used == set(EXCEPTIONS), "an exception nobody needs any more"


@pytest.mark.parametrize(("line", "caught"), [
    ("Hazard.objects.all()", True),
    ("Hazard.objects.filter(ref=ref)", True),
    ("Hazard.objects.in_region(code).visible_to(actor)", True),
    ("models.Hazard.objects.get(pk=1)", True),
    ("Z.objects.count()", True),
    ("Hazard._base_manager.get(pk=1)", True),
    ("rows = Hazard.objects", True),
    ("Hazard.objects.visible_to(actor).filter(ref=ref)", False),
    ("models.Hazard.objects.visible_to(actor)", False),
    ("Region.objects.filter(code=code)", False),
])  # fmt: skip
def test_the_walk_has_teeth(line: str, caught: bool) -> None:
    source = f"from x.models import Hazard, Hazard as Z, Region\nfrom x import models\n{line}\n"
    assert bool(reads_past_scope(source, {"Hazard"})) is caught


def test_every_scoped_model_asks_for_a_known_right() -> None:
    """VIEW_RIGHT is a right of roles.toml. Where each row names its own, the model has a `visible_to` of its own, or "", which
    shows its rows to nobody that way."""
    from wanghuo.kernel.access.roles import rights
    from wanghuo.kernel.access.scope import ScopedQuerySet

    for model in apps.get_models():
        if issubclass(model, Scoped):
            own = type(model.objects.all()).visible_to is not ScopedQuerySet.visible_to
            assert own or model.VIEW_RIGHT in {*rights(), ""}, model.__name__
