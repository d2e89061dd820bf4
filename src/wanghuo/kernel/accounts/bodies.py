"""The register of organisations (机构): which there are, and which one a paper means by a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from wanghuo.base import Conflict, Invalid, NotFound, NotPermitted, Text
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.roles import right_name, sectors
from wanghuo.kernel.access.scope import scope_columns
from wanghuo.kernel.accounts import bodies_naming as naming
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.regions import codes, service
from wanghuo.kernel.regions.models import Region

WHAT = Text("机构", "organisation")
MANAGE = ("accounts.manage", "regions.edit")
MOST_ALIASES = 20


class BodyExists(Conflict):
    """The region has a body of this name."""

    code = "accounts.body_exists"
    text = Text("{region}已有“{name}”。", "{region} already has “{name}”.")


class BadBody(Invalid):
    """A body without a name, or of a kind or sector that there is not."""

    code = "accounts.bad_body"
    text = Text("请填写名称，并选择列表中的类别与行业。", "Give a name, and a kind and a sector of the lists.")


# ------------------------------------------------------------------------------------------------- reading


def bodies_of(region: str, actor: Actor) -> QuerySet[Body]:
    """The active bodies within a region that the actor may see, uppermost first."""
    return Body.objects.visible_to(actor).in_region(region).filter(active=True).order_by(Length("region_code"), "name")


def get_body(body_id: UUID | str, *, actor: Actor, lock: bool = False) -> Body:
    """A body by its key. Raises NotFound, also outside the actor's scope."""
    rows = Body.objects.visible_to(actor)
    found = (rows.select_for_update() if lock else rows).filter(pk=body_id).first()
    if found is None:
        raise NotFound(what=WHAT, ref=body_id)
    return found


def resolve(name: str, region: str) -> Body | None:
    """The one body a paper of `region` means by `name`; None when there is none, or when several could be meant."""
    found = candidates(name, region)
    return found[0] if len(found) == 1 else None


def candidates(name: str, region: str) -> list[Body]:
    """The bodies that `name` could mean in a paper of `region`, the likeliest first.

    The written name, or an alias, of a body comes before a generic name (教育部门); among equal names the region's own body comes
    before those below, and those before the ones above.
    """
    wanted = naming.tidy(name)
    if not wanted:
        return []
    near = _near(region)
    exact = [body for body in near if wanted in _names(body)] or list(
        Body.objects.in_region(region).filter(active=True, name=wanted)
    )
    if exact:
        return _nearest(exact, region)
    names = _division_names(region)
    rest = naming.without_regions(wanted, names.values())
    named = naming.generic(rest)
    if named is None:
        return []
    place = _place_named(wanted, rest, names, region)
    fitting = [body for body in near if named.office in _offices(body, names)]
    if place:
        return [body for body in fitting if body.region_code == place]
    return _at_level(fitting, named, region, names)


def _near(region: str) -> list[Body]:
    """The bodies of the region, of those above it, and of those one level below."""
    place = Q(region_code=region) | Q(region_code__in=codes.ancestors(region))
    width = codes.WIDTHS[codes.LEVELS.index(codes.level(region))] if codes.level(region) != codes.LEVELS[-1] else 0
    rows = Body.objects.annotate(width=Length("region_code"))
    if width:
        below = Q(width=width) if region == codes.COUNTRY else Q(width=width, region_code__startswith=region)
        place |= below
    return list(rows.filter(place, active=True).order_by("region_code", "name"))


def _names(body: Body) -> set[str]:
    return {naming.tidy(name) for name in (body.name, body.short, *body.aliases)}


def _rank(body: Body, region: str) -> int:
    if body.region_code == region:
        return 0
    if codes.contains(region, body.region_code):
        return len(body.region_code)
    return 100 - len(body.region_code)


def _nearest(found: Sequence[Body], region: str) -> list[Body]:
    """Those of the nearest level: the region's own, else below, else above."""
    best = min(_rank(body, region) for body in found)
    return [body for body in found if _rank(body, region) == best]


def _division_names(region: str) -> dict[str, str]:
    """The names of the region, of those above it and of those one level below, by code."""
    rows = Region.objects.filter(Q(code__in=[region, *codes.ancestors(region)]) | Q(parent_id=region))
    return dict(rows.values_list("code", "name"))


def _place_named(wanted: str, rest: str, names: dict[str, str], region: str) -> str:
    """The division written before the office (普宁市 in 普宁市教育部门); "" when none is."""
    lead = wanted.removesuffix(rest)
    found = [code for code, name in names.items() if lead.endswith(name)]
    return max(found, key=len) if found and lead else ""


def _offices(body: Body, names: dict[str, str]) -> frozenset[str]:
    """The offices a body holds: by its names, its sector and its kind."""
    regions = names.values()
    found = frozenset().union(*(naming.offices_of(name, regions) for name in (body.name, *body.aliases)))
    if body.kind == "department" and body.sector in naming.offices():
        found |= {body.sector}
    if body.kind in ("government", "township"):
        found |= {"government"}
    elif body.kind in ("committee_office", "fire_rescue"):
        found |= {body.kind}
    return found


def _at_level(found: Sequence[Body], named: naming.Named, region: str, names: dict[str, str]) -> list[Body]:
    """Of the bodies of one office, those at the level the name speaks of; without a level, those at the region, else above."""
    level = named.level
    own = codes.level(region)
    if level == "city?":  # 市 in a paper of 普宁市 is 普宁市, in one of 揭西县 it is the city above
        level = own if own == "county" and names.get(region, "").endswith("市") else "city"
    if level:
        if codes.LEVELS.index(level) <= codes.LEVELS.index(own):
            return [body for body in found if codes.contains(body.region_code, region) and _level(body) == level]
        return [body for body in found if _level(body) == level and codes.contains(region, body.region_code)]
    if named.plural:
        return [body for body in found if codes.contains(region, body.region_code)]
    upward = [body for body in found if codes.contains(body.region_code, region)]
    nearest = max((len(body.region_code) for body in upward), default=0)
    return [body for body in upward if len(body.region_code) == nearest]


def _level(body: Body) -> str:
    return codes.level(body.region_code)


def place_stem(region: str) -> str:
    """The name of a division without its kind: 普宁 of 普宁市, 流沙东 of 流沙东街道."""
    name = service.name(region)
    for ending in ("街道", "省", "市", "县", "区", "镇", "乡"):
        if name.endswith(ending) and len(name) - len(ending) >= 2:
            return name.removesuffix(ending)
    return name


def token(body: Body) -> str:
    """The character of a body in the numbers of its papers (机关代字): 普宁消安委办, 普宁府, 普宁教育."""
    names = [service.name(code) for code in (*codes.ancestors(body.region_code), body.region_code)]
    held = sorted(naming.offices_of(body.name, names))
    word = naming.offices()[held[0]].token if held else ""
    return place_stem(body.region_code) + (word or body.short)


# ------------------------------------------------------------------------------------------------- writing


@transaction.atomic
def ensure_standard_bodies(region: str) -> int:
    """Register the standard bodies of a region and, for a county, of its townships; those there already stay as they are.

    Returns how many were added. Source: params/bodies.toml. Raises NotFound for an unknown region.
    """
    places = [service.get(region)]
    if codes.level(region) == "county":
        places += service.children(region)
    added = 0
    for place in places:
        known = set(Body.objects.filter(region_code=place.code).values_list("name", flat=True))
        rows = [body for body in _standard(place.code, place.name) if body.name not in known]
        chief = next((b for b in rows if b.kind in ("government", "township")), None) or _chief(place.code)
        for body in rows:
            body.parent = chief if chief is not None and chief is not body else None
        rows.sort(key=lambda body: body is not chief)
        Body.objects.bulk_create(rows)
        added += len(rows)
    return added


def _chief(region: str) -> Body | None:
    return Body.objects.filter(region_code=region, kind__in=("government", "township")).first()


def _standard(region: str, region_name: str) -> Iterable[Body]:
    level = codes.level(region)
    subdistrict = level == "town" and region_name.endswith("街道")
    for office in naming.offices().values():
        pattern = office.levels.get(level)
        if pattern is None:
            continue
        if office.code == "government" and subdistrict:
            pattern = "{region}办事处"
        name = pattern.format(region=region_name)
        kind = "township" if office.code == "government" and level == "town" else office.kind
        short = office.shorts.get(level) or naming.without_regions(name, [region_name])
        also = [naming.offices()[code].sector for code in office.also.get(level, ())]
        yield Body(
            name=name,
            short=region_name if kind == "township" else short,
            aliases=[f"{sectors()[sector].zh}部门" for sector in also],
            kind=kind,
            **scope_columns(region, sector=office.sector),
        )


@transaction.atomic
def make_standard(*, region: str, actor: Actor) -> int:
    """`ensure_standard_bodies` as a person's act. Raises NotPermitted, NotFound."""
    _require(actor, region)
    added = ensure_standard_bodies(region)
    audit.record(actor, "accounts:body:standard", region, region=region, after={"added": added})
    return added


def may_manage(actor: Actor, region: str) -> bool:
    """Whether the actor keeps the register of bodies of a region."""
    if actor.is_system:
        return True
    return any(codes.contains(g.region, region) for right in MANAGE for g in actor.with_right(right))


@transaction.atomic
def add_body(
    *,
    name: str,
    region: str,
    kind: str,
    actor: Actor,
    short: str = "",
    aliases: Iterable[str] = (),
    sector: str = "",
    parent: Body | None = None,
) -> Body:
    """Register a body. Raises NotPermitted, NotFound (region), BadBody, BodyExists."""
    place = service.get(region)
    _require(actor, region)
    name = naming.tidy(name)
    _check(name, kind, sector)
    body = Body(
        name=name,
        short=naming.tidy(short) or name.removeprefix(place.name)[:40],
        aliases=_clean(aliases),
        kind=kind,
        parent=parent,
        **scope_columns(region, sector=sector),
    )
    _save(body)
    audit.record(actor, "accounts:body:add", str(body.pk), region=region, after=_facts(body))
    return body


@transaction.atomic
def change_body(
    *, body_id: UUID, name: str, short: str, aliases: Iterable[str], kind: str, sector: str, active: bool, actor: Actor
) -> Body:
    """Correct a body: its names, kind, sector, and whether it is still there. Raises as `add_body`, and NotFound."""
    body = get_body(body_id, actor=actor, lock=True)
    _require(actor, body.region_code)
    name = naming.tidy(name)
    _check(name, kind, sector)
    before = _facts(body)
    body.name, body.short, body.aliases = name, naming.tidy(short) or name[:40], _clean(aliases)
    body.kind, body.sector, body.active = kind, sector, active
    _save(body)
    audit.record(
        actor, "accounts:body:change", str(body.pk), region=body.region_code, before=before, after=_facts(body)
    )
    return body


def _require(actor: Actor, region: str) -> None:
    if not may_manage(actor, region):
        raise NotPermitted(right=right_name(MANAGE[0]))


def _check(name: str, kind: str, sector: str) -> None:
    if not name or len(name) > 80:
        raise BadBody(field="name")
    if kind not in Body.KINDS:
        raise BadBody(field="kind")
    if sector and sector not in sectors():
        raise BadBody(field="sector")


def _clean(aliases: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, (naming.tidy(alias)[:80] for alias in aliases))))[:MOST_ALIASES]


def _save(body: Body) -> None:
    try:
        with transaction.atomic():
            body.save()
    except IntegrityError:
        raise BodyExists(region=service.text(body.region_code), name=body.name) from None


def _facts(body: Body) -> dict[str, object]:
    names = ("name", "short", "aliases", "kind", "sector", "active")
    return {name: getattr(body, name) for name in names}
