"""The register of organisations, and whom papers mean by a name."""

from __future__ import annotations

import pytest

from wanghuo.base import NotFound, NotPermitted
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.access.roles import sectors
from wanghuo.kernel.accounts import bodies
from wanghuo.kernel.accounts.bodies import candidates, ensure_standard_bodies, resolve
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.accounts.testing import actor, make_body
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.regions.testing import COUNTY, NEIGHBOUR, TOWN, make_regions

pytestmark = pytest.mark.django_db
CITY, PROVINCE = "4452", "44"


@pytest.fixture
def register() -> None:
    make_regions()
    for region in (PROVINCE, CITY, COUNTY, NEIGHBOUR):
        ensure_standard_bodies(region)


def test_the_standard_set_is_added_once(register: None) -> None:
    there = Body.objects.count()
    assert ensure_standard_bodies(COUNTY) == 0
    assert Body.objects.count() == there
    own = Body.objects.filter(region_code=COUNTY)
    assert set(sectors()) - set(own.values_list("sector", flat=True)) <= {"sports", "heritage"}
    assert Body.objects.filter(region_code=TOWN, kind="township", name="赤岗镇人民政府").exists()
    assert Body.objects.filter(name="流沙东街道办事处", kind="township").exists()


@pytest.mark.parametrize(
    ("written", "region", "name"),
    [
        ("普宁市教育局", COUNTY, "普宁市教育局"),
        ("揭阳市普宁市教育局", COUNTY, "普宁市教育局"),
        ("教育局", COUNTY, "普宁市教育局"),
        ("教育部门", COUNTY, "普宁市教育局"),
        ("市教育局", COUNTY, "普宁市教育局"),
        ("市教育局", NEIGHBOUR, "揭阳市教育局"),
        ("县教育局", NEIGHBOUR, "揭西县教育局"),
        ("揭阳市教育部门", COUNTY, "揭阳市教育局"),
        ("省教育厅", COUNTY, "广东省教育厅"),
        ("各级教育行政部门", COUNTY, "普宁市教育局"),
        ("教育行政部门", TOWN, "普宁市教育局"),
        ("县消安委办", COUNTY, "普宁市消防安全委员会办公室"),
        ("消安委办", COUNTY, "普宁市消防安全委员会办公室"),
        ("市消安委办", CITY, "揭阳市消防安全委员会办公室"),
        ("消防救援大队", COUNTY, "普宁市消防救援大队"),
        ("消防救援支队", COUNTY, "揭阳市消防救援支队"),
        ("消防救援总队", COUNTY, "广东省消防救援总队"),
        ("消防救援机构", COUNTY, "普宁市消防救援大队"),
        ("消防部门", NEIGHBOUR, "揭西县消防救援大队"),
        ("支队", COUNTY, "揭阳市消防救援支队"),
        ("大队", NEIGHBOUR, "揭西县消防救援大队"),
        ("教育", COUNTY, "普宁市教育局"),
        ("卫生健康", COUNTY, "普宁市卫生健康局"),
        ("文广旅游体育部门", COUNTY, "普宁市文化广电旅游体育局"),
        ("各设区市", PROVINCE, "揭阳市人民政府"),
        ("公安机关", COUNTY, "普宁市公安局"),
        ("住建部门", COUNTY, "普宁市住房和城乡建设局"),
        ("住房城乡建设局", COUNTY, "普宁市住房和城乡建设局"),
        ("住房城乡建设主管部门", COUNTY, "普宁市住房和城乡建设局"),
        ("市场监管部门", COUNTY, "普宁市市场监督管理局"),
        ("市市场监管局", COUNTY, "普宁市市场监督管理局"),
        ("市场监督管理局", NEIGHBOUR, "揭西县市场监督管理局"),
        ("体育部门", COUNTY, "普宁市文化广电旅游体育局"),
        ("文物部门", COUNTY, "普宁市文化广电旅游体育局"),
        ("文旅部门", COUNTY, "普宁市文化广电旅游体育局"),
        ("卫生健康委", COUNTY, "普宁市卫生健康局"),
        ("财政部门", COUNTY, "普宁市财政局"),
        ("宣传部", COUNTY, "中共普宁市委员会宣传部"),
        ("市委宣传部", COUNTY, "中共普宁市委员会宣传部"),
        ("普宁市委宣传部", COUNTY, "中共普宁市委员会宣传部"),
        ("供电部门", COUNTY, "普宁市供电局"),
        ("乡应急办", TOWN, "赤岗镇应急管理办公室"),
        ("镇应急办", TOWN, "赤岗镇应急管理办公室"),
        ("镇消防工作站", TOWN, "赤岗镇消防工作站"),
        ("赤岗镇人民政府", COUNTY, "赤岗镇人民政府"),
        ("赤岗镇", COUNTY, "赤岗镇人民政府"),
        ("镇人民政府", TOWN, "赤岗镇人民政府"),
        ("县人民政府", NEIGHBOUR, "揭西县人民政府"),
        ("市政府", COUNTY, "普宁市人民政府"),
        (" 普宁市 教育局 ", COUNTY, "普宁市教育局"),
    ],
)
def test_a_name_means_one_body(register: None, written: str, region: str, name: str) -> None:
    found = resolve(written, region)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "written",
    [
        "各乡镇人民政府",
        "各镇街",
        "各镇（街道）",
        "各乡镇（街道）",
        "镇人民政府",
        "各镇(街道)",
        "乡应急办",
        "镇消防工作站",
    ],
)
def test_several_are_not_one(register: None, written: str) -> None:
    assert resolve(written, COUNTY) is None
    found = candidates(written, COUNTY)
    assert len(found) == 3
    assert all(body.region_code.startswith(COUNTY) for body in found)


@pytest.mark.parametrize("written", ["", "有关单位", "火星事务局", "各部门", "物业服务企业", "'; DROP TABLE"])
def test_unknown_names_mean_nobody(register: None, written: str) -> None:
    assert resolve(written, COUNTY) is None
    assert candidates(written, COUNTY) == []


def test_an_alias_and_a_hand_made_body_are_found(register: None) -> None:
    made = make_body("普宁市康美社区治理中心", COUNTY, kind="other", aliases=["康美中心"])
    assert resolve("康美中心", COUNTY) == made
    made.active = False
    made.save()
    assert resolve("康美中心", COUNTY) is None


def test_a_department_with_a_name_of_its_own_is_found_by_its_sector() -> None:
    make_regions()
    made = make_body("普宁市教体事业中心", COUNTY, sector="education")
    assert resolve("教育部门", COUNTY) == made
    make_body("普宁市第二教育局", COUNTY, sector="education")
    assert resolve("教育部门", COUNTY) is None, "two could be meant"


def test_who_sees_which_bodies(register: None) -> None:
    clerk = actor("committee_clerk", COUNTY)
    seen = set(Body.objects.visible_to(clerk).values_list("region_code", flat=True))
    assert {COUNTY, CITY, PROVINCE, TOWN} <= seen
    assert NEIGHBOUR not in seen
    assert NEIGHBOUR not in set(bodies.bodies_of(CITY, clerk).values_list("region_code", flat=True))


def test_the_register_is_kept_by_those_who_keep_people_or_divisions(register: None) -> None:
    steward, clerk = actor("data_steward", COUNTY), actor("committee_clerk", COUNTY)
    facts = {"name": "普宁市消防技术服务协会", "region": COUNTY, "kind": "other"}
    with pytest.raises(NotPermitted):
        bodies.add_body(**facts, actor=clerk)
    with pytest.raises(NotPermitted):
        bodies.add_body(**facts | {"region": NEIGHBOUR}, actor=steward)
    made = bodies.add_body(**facts, actor=steward)
    with pytest.raises(bodies.BodyExists):
        bodies.add_body(**facts, actor=steward)
    with pytest.raises(bodies.BadBody):
        bodies.add_body(**facts | {"name": "甲", "sector": "magic"}, actor=steward)
    change = {"short": "协会", "aliases": ["协会", "协会"], "kind": "other", "sector": "", "active": True}
    with pytest.raises(NotFound):
        bodies.change_body(body_id=made.pk, name="乙", **change, actor=actor("data_steward", "331023"))
    changed = bodies.change_body(body_id=made.pk, name="普宁市消防协会", **change, actor=steward)
    assert changed.aliases == ["协会"]
    assert AuditEntry.objects.filter(action__startswith="accounts:body:").count() == 2
    assert bodies.add_body(name="甲", region=COUNTY, kind="other", actor=system_actor("cli")).short == "甲"


# ------------------------------------------------------------------------------------------------- import and pages


def test_an_import_adds_corrects_and_says_what_is_wrong(register: None) -> None:
    from wanghuo.kernel.accounts import bodies_imports as imports
    from wanghuo.kernel.ledgers.importing import Context, Row

    context = Context(actor=actor("data_steward", COUNTY), region=COUNTY, coordinates=None, source="test")
    rows = [
        Row(2, {"name": "普宁市消防协会", "kind": "other", "aliases": "协会、消协"}),
        Row(
            3,
            {
                "name": "普宁市教育局",
                "region": "普宁市",
                "kind": "department",
                "sector": "education",
                "short": "教体局",
            },
        ),
        Row(4, {"name": "揭西县某局", "region": NEIGHBOUR, "kind": "department"}),
        Row(5, {"name": "普宁市消防协会", "kind": "other"}),
        Row(6, {"name": "某局", "region": "火星", "kind": "department"}),
    ]
    judged = imports.check(rows, context)
    assert [one.outcome for one in judged] == ["new", "update", "error", "duplicate", "error"]
    written = imports.write([one for one in judged if one.outcome in ("new", "update")], context)
    assert [one.outcome for one in written] == ["new", "update"]
    assert Body.objects.get(name="普宁市消防协会").aliases == ["协会", "消协"]
    assert Body.objects.get(name="普宁市教育局").short == "教体局"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_of_the_register(register: None, language: str) -> None:
    from wanghuo.kernel.accounts.testing import client_for, make_user

    client = client_for(make_user("steward", "data_steward", COUNTY))
    client.cookies["lang"] = language
    page = client.get("/admin/bodies?q=教育").content.decode()
    assert "普宁市教育局" in page
    assert "揭西县教育局" not in page
    own, upper, other = (resolve("教育局", region) for region in (COUNTY, CITY, NEIGHBOUR))
    assert own
    assert upper
    assert other
    for path in ("new", "standard", str(own.pk), str(upper.pk)):
        assert client.get(f"/admin/bodies/{path}").status_code == 200
    assert client.get(f"/admin/bodies/{other.pk}").status_code == 404
    sent = {
        "name": "普宁市教育体育局",
        "short": "教体局",
        "kind": "department",
        "sector": "education",
        "aliases": "教委",
        "active": "on",
    }
    assert client.post(f"/admin/bodies/{own.pk}", sent).status_code == 303
    assert client.post(f"/admin/bodies/{upper.pk}", sent).status_code == 404
    own.refresh_from_db()
    assert (own.name, own.aliases, own.sector) == ("普宁市教育体育局", ["教委"], "education")
    new = {"name": "普宁市消防协会", "region": "445281", "kind": "other", "sector": "", "aliases": ""}
    assert client.post("/admin/bodies/new", new).status_code == 303
    assert client.post("/admin/bodies/new", new).status_code == 409
    assert client.post("/admin/bodies/standard", {"region": "普宁市"}).status_code == 303
