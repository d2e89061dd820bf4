"""The objects of the matrix, made once for all tests of a file; what a test changes is undone after it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import override_settings

from tests.security.objects import World
from wanghuo.kernel.regions.testing import make_regions


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[World]:
    """The world, in a transaction that is rolled back when the file is done; each test runs in a savepoint of it."""
    files = override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("matrix-files"))
    with files, django_db_blocker.unblock(), transaction.atomic():
        make_regions()
        yield World().fill()
        transaction.set_rollback(True)


@pytest.fixture
def world(filled: World, db) -> Iterator[World]:
    logging.disable(logging.WARNING)  # thousands of refusals, each of which Django would note
    yield filled
    logging.disable(logging.NOTSET)
