"""The map: counted cells and the records give the same picture, and nobody sees beyond their scope."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.modules.alarms.testing import AlarmFactory
from wanghuo.modules.cockpit.cells import count_cells
from wanghuo.modules.cockpit.grid import COUNTED_ZOOMS, Box, cell_of
from wanghuo.modules.cockpit.layers import LAYERS, layers_for
from wanghuo.modules.cockpit.models import MapCell
from wanghuo.modules.cockpit.points import View, points, signs
from wanghuo.modules.hazards.testing import HazardFactory
from wanghuo.modules.places.testing import NEXT_TOWN, UnitFactory
from wanghuo.modules.sensing.testing import DeviceFactory

COUNTY, TOWN, SISTER = "445281", "445281102", "445281103"
WORLD = Box(-180, -90, 180, 90)
BY_KIND = {layer.kind: layer for layer in LAYERS}
pytestmark = pytest.mark.django_db


def scattered(count: int, region: str, seed: int = 1) -> None:
    rng = random.Random(seed)
    for _ in range(count):
        UnitFactory(region_code=region, lng=116 + rng.random(), lat=23 + rng.random())


def total(found) -> int:
    return sum(point.count for point in found)


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "3,0,1,2", "nan,0,1,1", "0,0,inf,1"])
def test_what_is_no_box_is_none(text):
    assert Box.parse(text) is None


def test_a_box_is_cut_at_the_edges_of_the_world():
    assert Box.parse("-500,-100,500,100") == WORLD


@pytest.mark.parametrize("zoom", COUNTED_ZOOMS)
def test_cells_add_up_to_the_records(zoom):
    scattered(40, TOWN)
    scattered(10, NEXT_TOWN, seed=2)
    view = View(COUNTY, WORLD, zoom)
    from_rows = points(BY_KIND["unit"], view, actor=actor("brigade_leader", "4452"))
    count_cells()
    from_cells = points(BY_KIND["unit"], view, actor=actor("brigade_leader", "4452"))
    assert total(from_rows) == total(from_cells) == 40
    where = lambda found: Counter({(round(p.lng, 3), round(p.lat, 3)): p.count for p in found})
    if zoom == COUNTED_ZOOMS[-1]:  # coarser grids may put an object at the edge into the cell beside it
        assert where(from_rows) == where(from_cells)


def test_the_cells_are_those_of_the_zoom():
    scattered(30, TOWN)
    count_cells()
    far = points(BY_KIND["unit"], View(COUNTY, WORLD, 4), actor=actor("brigade_leader", COUNTY))
    near = points(BY_KIND["unit"], View(COUNTY, WORLD, 11), actor=actor("brigade_leader", COUNTY))
    assert len(far) < len(near)
    assert len({(cell_of(p.lng, 11, 180), cell_of(p.lat, 11, 90)) for p in near}) == len(near)


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize(
    ("role", "region", "seen"),
    [
        ("brigade_leader", COUNTY, 5),
        ("committee_clerk", TOWN, 3),
        ("brigade_leader", "4452", 9),
        ("brigade_leader", "33", 0),
    ],
)
def test_everyone_sees_their_own_part(counted, role, region, seen):
    for place, count in ((TOWN, 3), (SISTER, 2), (NEXT_TOWN, 4)):
        scattered(count, place, seed=len(place) + count)
    if counted:
        count_cells()
    assert total(points(BY_KIND["unit"], View("0", WORLD, 8), actor=actor(role, region))) == seen


def test_a_sector_and_a_unit_narrow_the_map():
    shop = UnitFactory(sector="commerce")
    UnitFactory(sector="health")
    count_cells()
    view = View("0", WORLD, 8)
    by_sector = points(BY_KIND["unit"], view, actor=actor("sector_officer", COUNTY, sector="commerce"))
    by_unit = points(BY_KIND["unit"], view, actor=actor("unit_manager", TOWN, unit=shop.id))
    assert [p.ref for p in by_sector] == [p.ref for p in by_unit] == [shop.ref]


def test_the_worst_of_a_cell_is_its_level_and_one_alone_leads_to_its_page():
    unit = UnitFactory()
    for state in ("ok", "offline"):
        DeviceFactory(unit=unit, lng=116.16, lat=23.29, state=state)
    DeviceFactory(unit=unit, lng=116.16, lat=23.29, state="retired")
    single = DeviceFactory(unit=unit, lng=117.9, lat=24.9, state="low_battery", location="泵房")
    both, alone = sorted(
        points(BY_KIND["device"], View("0", WORLD, 8), actor=actor("brigade_leader", COUNTY)), key=lambda p: p.lng
    )
    assert (both.count, both.level, both.url) == (2, 3, "")
    assert (alone.count, alone.level, alone.url) == (1, 2, f"/devices/{single.ref}")
    assert "泵房" in alone.label


def test_overdue_and_major_hazards_are_worse_and_closed_ones_are_gone():
    late = timezone.now() - timedelta(days=1)
    made = {"lat": 23.3, "found_at": late}
    HazardFactory(lng=116.0, **made)
    HazardFactory(lng=117.0, due_at=late, state="rectifying", **made)
    HazardFactory(lng=118.0, grade="major", state="major", **made)
    HazardFactory(lng=119.0, state="closed", closed_at=timezone.now(), **made)
    found = points(BY_KIND["hazard"], View("0", WORLD, 9), actor=actor("brigade_leader", COUNTY))
    assert [p.level for p in sorted(found, key=lambda p: p.lng)] == [2, 3, 4]


def test_what_stands_together_is_one_sign():
    unit = UnitFactory()
    DeviceFactory(unit=unit, lng=unit.lng, lat=unit.lat, state="ok")
    AlarmFactory(unit=unit, lng=unit.lng, lat=unit.lat, priority=1)
    who = actor("brigade_leader", COUNTY)
    (sign,) = signs(layers_for(who), View("0", WORLD, 8), actor=who)
    assert (sign.count, sign.level, sign.kind) == (3, 4, "alarm")
    assert str(sign.label.zh) == "报警 1、设备 1、单位 1"


def test_counting_again_writes_only_what_changed():
    unit = UnitFactory()
    assert count_cells() == len(COUNTED_ZOOMS)
    assert count_cells() == 0
    unit.state = "closed"
    unit.save()
    assert count_cells() == len(COUNTED_ZOOMS)
    assert not MapCell.objects.exists()


def test_an_object_gone_since_the_count_is_not_named():
    unit = UnitFactory()
    count_cells()
    unit.state = "closed"
    unit.save()
    assert points(BY_KIND["unit"], View("0", WORLD, 8), actor=actor("brigade_leader", COUNTY)) == []


class TestPages:
    @pytest.fixture
    def client(self, regions):
        return client_for(make_user("leader", "brigade_leader", COUNTY))

    def test_the_page_names_its_layers(self, client):
        page = client.get("/map?kinds=alarm&state=offline").content.decode()
        assert 'data-points="/map/points.json?state=offline"' in page
        assert 'data-boundaries="/geo/boundaries/445281.json"' in page
        layers = json.loads(page.split('<script type="application/json">')[1].split("</script>")[0])
        assert {layer["kind"]: layer["on"] for layer in layers} == {
            "alarm": True,
            "hazard": False,
            "device": False,
            "unit": False,
        }

    def test_points_are_geojson_of_the_box_and_kinds_asked(self, client):
        UnitFactory(lng=116.16, lat=23.29)
        UnitFactory(lng=118.0, lat=24.0)
        url = "/map/points.json?bbox=116,23,117,24&zoom=14.6&kinds=unit"
        answer = client.get(url).json()
        assert answer["type"] == "FeatureCollection"
        (feature,) = answer["features"]
        assert feature["geometry"]["coordinates"] == [116.16, 23.29]
        assert feature["properties"]["url"].startswith("/units/DW-")
        assert client.get(url.replace("kinds=unit", "kinds=")).json()["features"] == []

    def test_states_narrow_devices(self, client):
        unit = UnitFactory()
        for state in ("ok", "offline"):
            DeviceFactory(unit=unit, lng=116.2, lat=23.3, state=state)
        found = client.get("/map/points.json?kinds=device&state=offline&zoom=8").json()["features"]
        assert [f["properties"]["count"] for f in found] == [1]

    @pytest.mark.parametrize("query", ["bbox=x&zoom=y", "zoom=1e400", "zoom=-3", "region=nowhere&bbox=9,9,1,1"])
    def test_nonsense_is_answered(self, client, query):
        assert client.get(f"/map/points.json?{query}").status_code == 200

    def test_without_a_right_to_a_layer_it_is_absent(self, regions):
        client = client_for(make_user("engineer", "service_engineer", COUNTY))
        AlarmFactory(lng=116.2, lat=23.3)
        assert client.get("/map/points.json?kinds=alarm,device&zoom=8").json()["features"] == []
