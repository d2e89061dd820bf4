"""The three coordinate systems of Chinese maps. We keep WGS-84 (CGCS2000 equals it at map scale); the others are turned at the edge.

GCJ-02 (Amap, Tencent) shifts WGS-84 by up to some 700 m inside China by a published series on the Krasovsky ellipsoid; BD-09 (Baidu)
turns GCJ-02 once more. Neither has a closed inverse: it is found by iteration. All angles are degrees, longitude first.
"""

from __future__ import annotations

import math

_A = 6378245.0  # semi-major axis of the Krasovsky 1940 ellipsoid, metres
_EE = 0.00669342162296594323  # its first eccentricity squared
_X_PI = math.pi * 3000.0 / 180.0
_CLOSE = 1e-9  # degrees, about 0.1 mm
_EARTH_M = 6371008.8  # mean radius, IUGG
Point = tuple[float, float]


def in_china(lng: float, lat: float) -> bool:
    """Whether GCJ-02 shifts a point: inside the rectangle its makers use, which is larger than China."""
    return 72.004 <= lng <= 137.8347 and 0.8293 <= lat <= 55.8271


def wgs84_to_gcj02(lng: float, lat: float) -> Point:
    """WGS-84 → GCJ-02; points outside the rectangle stay."""
    if not in_china(lng, lat):
        return lng, lat
    east, north = _shift(lng, lat)
    return lng + east, lat + north


def gcj02_to_wgs84(lng: float, lat: float) -> Point:
    """GCJ-02 → WGS-84, to within a millimetre."""
    if not in_china(lng, lat):
        return lng, lat
    x, y = lng, lat
    for _ in range(20):
        there = wgs84_to_gcj02(x, y)
        dx, dy = lng - there[0], lat - there[1]
        x, y = x + dx, y + dy
        if abs(dx) < _CLOSE and abs(dy) < _CLOSE:
            break
    return x, y


def gcj02_to_bd09(lng: float, lat: float) -> Point:
    """GCJ-02 → BD-09."""
    z = math.hypot(lng, lat) + 0.00002 * math.sin(lat * _X_PI)
    theta = math.atan2(lat, lng) + 0.000003 * math.cos(lng * _X_PI)
    return z * math.cos(theta) + 0.0065, z * math.sin(theta) + 0.006


def bd09_to_gcj02(lng: float, lat: float) -> Point:
    """BD-09 → GCJ-02, to within a millimetre."""
    x, y = lng - 0.0065, lat - 0.006
    for _ in range(20):
        there = gcj02_to_bd09(x, y)
        dx, dy = lng - there[0], lat - there[1]
        x, y = x + dx, y + dy
        if abs(dx) < _CLOSE and abs(dy) < _CLOSE:
            break
    return x, y


def wgs84_to_bd09(lng: float, lat: float) -> Point:
    """WGS-84 → BD-09."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lng, lat))


def bd09_to_wgs84(lng: float, lat: float) -> Point:
    """BD-09 → WGS-84."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lng, lat))


def to_wgs84(lng: float, lat: float, system: str) -> Point:
    """A point of `system` (`wgs84`, `gcj02`, `bd09`) as we keep it. Raises ValueError for another system."""
    turn = {"wgs84": lambda x, y: (x, y), "gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}.get(system)
    if turn is None:
        raise ValueError(f"no coordinate system {system!r}; there are wgs84, gcj02, bd09")
    return turn(lng, lat)


def distance_m(lng1: float, lat1: float, lng2: float, lat2: float) -> float:
    """The distance on the sphere in metres (haversine); within 0.6 % of the ellipsoid's."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half = math.sin((phi2 - phi1) / 2) ** 2 + (
        math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(lng2 - lng1) / 2) ** 2
    )
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(half)))


def _shift(lng: float, lat: float) -> Point:
    """How far GCJ-02 moves a WGS-84 point, in degrees."""
    x, y = lng - 105.0, lat - 35.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + _waves_north(x, y)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + _waves_east(x)
    phi = math.radians(lat)
    magic = 1 - _EE * math.sin(phi) ** 2
    root = math.sqrt(magic)
    return (
        east * 180.0 / (_A / root * math.cos(phi) * math.pi),
        north * 180.0 / (_A * (1 - _EE) / (magic * root) * math.pi),
    )


def _ripple(x: float) -> float:
    return (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0


def _waves_north(x: float, y: float) -> float:
    """The sine terms of the northward shift."""
    return (
        _ripple(x)
        + (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
        + (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    )


def _waves_east(x: float) -> float:
    """The sine terms of the eastward shift."""
    return (
        _ripple(x)
        + (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
        + (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    )
