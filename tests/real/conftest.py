"""The real files beside the repository, made-up regions to put them in, and the import as a data steward does it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import transaction

from tests.real.recount import MAPPINGS, region_map
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.ledgers import service
from wanghuo.kernel.ledgers.importing import import_kind
from wanghuo.kernel.ledgers.models import ImportRun
from wanghuo.kernel.regions import codes
from wanghuo.kernel.regions.models import Region

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("WANGHUO_SHARED", ROOT.parent / "shared")) / "data"
TORONTO = SHARED / "toronto_fire_inspections/inspections_2017_2021.csv.gz"
LONDON = SHARED / "london_lfb_2017/incidents_2017_01_04.csv.gz"
CITY = "9999"  # no such city exists


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here reads the shared data; a module's file is brought in once, as one process runs the module."""
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.shared)
            if not (TORONTO.exists() and LONDON.exists()):
                item.add_marker(pytest.mark.skip(reason=f"the real data is not there: {SHARED} (set WANGHUO_SHARED)"))


def mapping_of(kind: str, name: str) -> service.maps.Mapping:
    """A mapping checked against its kind.

    In each module a test that is marked for the database calls it: pytest-django sets one up only then, and what
    `imported_once` holds open lives longer than one test.
    """
    return service.maps.from_data(service.maps.parse((MAPPINGS / name).read_text("utf-8")), import_kind(kind))


def make_regions() -> None:
    """A made-up city: two counties for Toronto's wards, one for London's boroughs."""
    towns = {
        code for name in ("toronto_hazards.toml", "london_automatic_alarms.toml") for code in region_map(name).values()
    }
    wanted = {above for code in towns for above in codes.ancestors(code)} | towns
    for code in sorted(wanted, key=len):
        known = {"name": f"虚构 {code}", "name_en": f"made up {code}", "level": codes.level(code), "made_up": True}
        Region.objects.get_or_create(code=code, defaults=known | {"parent_id": codes.parent(code)})


class Steward:
    """A data steward of the made-up city, signed in, and the steps of an import under that name."""

    def __init__(self) -> None:
        self.user = make_user("real-data-steward", "data_steward", CITY)
        self.client = client_for(self.user)
        self.actor = actor_of(self.user)
        self.progress: list[tuple[str, int]] = []

    def check(self, kind: str, path: Path, mapping: str) -> ImportRun:
        """Take the file, say what its columns mean, check every row."""
        run = service.start(
            kind_code=kind, chunks=[path.read_bytes()], file_name=path.name, region=CITY, actor=self.actor
        )
        text = (MAPPINGS / mapping).read_text("utf-8")
        service.set_mapping(run_id=run.id, data=service.maps.parse(text), actor=self.actor)
        return service.check(run_id=run.id, actor=self.actor, progress=self._tell)

    def write(self, run: ImportRun, *, good_rows_only: bool = False) -> ImportRun:
        """Agree and write."""
        service.begin_write(run_id=run.id, actor=self.actor, good_rows_only=good_rows_only)
        return service.write(run_id=run.id, actor=self.actor, progress=self._tell)

    def _tell(self, done: int, total: int, note: object = "") -> None:
        self.progress.append((str(note), done))

    def listed(self, address: str) -> int:
        """How many records the list at this address holds for this person, over the web."""
        response = self.client.get(address)
        assert response.status_code == 200, address
        return response.context["list"].filtered.count()


@contextmanager
def imported_once(db_blocker) -> Iterator[Steward]:
    """The made-up city and its steward, in one transaction that is taken back when the module's tests are over."""
    with db_blocker.unblock(), transaction.atomic():
        make_regions()
        yield Steward()
        transaction.set_rollback(True)
