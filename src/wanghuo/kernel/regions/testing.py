"""Divisions for tests: two neighbouring counties of one city with towns, and what lies above them. Real names and codes."""

from __future__ import annotations

from wanghuo.kernel.regions import codes, service
from wanghuo.kernel.regions.models import Region

COUNTY = "445281"
NEIGHBOUR = "445222"
TOWN = "445281102"
SISTER_TOWN = "445281103"
NEIGHBOUR_TOWN = "445222100"
OTHER_PROVINCE_COUNTY = "331023"

ROWS = (
    ("0", "全国", "China", "quanguo", "qg", 103.0, 36.0),
    ("44", "广东省", "Guangdong", "guangdong", "gd", 113.4, 23.4),
    ("4452", "揭阳市", "Jieyang", "jieyang", "jy", 116.3, 23.5),
    (COUNTY, "普宁市", "Puning", "puning", "pn", 116.1, 23.3),
    ("445281001", "流沙东街道", "Liushadong Subdistrict", "liushadong", "lsd", 116.17, 23.3),
    (TOWN, "赤岗镇", "Chigang Town", "chigang", "cg", 116.2, 23.35),
    (SISTER_TOWN, "大坝镇", "Daba Town", "daba", "db", 116.1, 23.36),
    (NEIGHBOUR, "揭西县", "Jiexi County", "jiexi", "jx", 115.9, 23.5),
    (NEIGHBOUR_TOWN, "河婆街道", "Hepo Subdistrict", "hepo", "hp", 115.83, 23.43),
    ("445222101", "龙潭镇", "Longtan Town", "longtan", "lt", 115.85, 23.56),
    ("33", "浙江省", "Zhejiang", "zhejiang", "zj", 120.1, 29.2),
    ("3310", "台州市", "Taizhou", "taizhou", "tz", 121.1, 28.6),
    (OTHER_PROVINCE_COUNTY, "天台县", "Tiantai County", "tiantai", "tt", 121.0, 29.1),
    ("331023108", "洪畴镇", "Hongchou Town", "hongchou", "hc", 121.08, 29.04),
)


def make_regions() -> None:
    """Put the test divisions in; calling it again changes nothing."""
    service.forget_names()
    Region.objects.bulk_create(
        [
            Region(
                code=code,
                name=name,
                name_en=name_en,
                pinyin=pinyin,
                initials=initials,
                lng=lng,
                lat=lat,
                level=codes.level(code),
                parent_id=codes.parent(code),
                made_up=len(code) == 9,
            )
            for code, name, name_en, pinyin, initials, lng, lat in ROWS
        ],
        ignore_conflicts=True,
    )
