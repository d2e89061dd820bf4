"""Ways in: what people set up, and its secrets. A secret is shown once, when it is made, and kept sealed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.engines.codecs.envelopes import decode
from wanghuo.engines.codecs.samples import Undecodable
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.sealed import seal, unseal
from wanghuo.modules.sensing.journals import open_reader
from wanghuo.modules.sensing.messages import GB26875, NotPacked, unpack_message
from wanghuo.modules.sensing.models import Device, QuarantinedDevice, Way
from wanghuo.modules.sensing.preview import Preview, preview
from wanghuo.modules.sensing.profiles import profile, profiles
from wanghuo.modules.sensing.services import clean_networks, clean_source
from wanghuo.modules.sensing.way_kinds import KINDS, Field, Kind
from wanghuo.modules.sensing.ways_side import OLD

RIGHT = "sensing.ways"
WHAT = Text("接入", "Way in")
OLD_GOOD_FOR = timedelta(days=1)
SIGNINGS = ("", "hmac", "sorted_sha1")
MOST_MAP_LINES = 500


class CodeTaken(Invalid):
    """Another way has this code."""

    code = "sensing.way_taken"
    text = Text("代码 {name} 已被使用。", "The code {name} is in use.")


def get_way(code: str, *, actor: Actor, lock: bool = False) -> Way:
    """A way in by its code. Out of the actor's scope and absent look the same: not found."""
    rows = Way.objects.visible_to(actor)
    try:
        found: Way = (rows.select_for_update() if lock else rows).get(code=code)
    except Way.DoesNotExist:
        raise NotFound(what=WHAT, ref=code) from None
    return found


def kind_of(code: str) -> Kind:
    """A kind of way in. Raises NotFound."""
    if code not in KINDS:
        raise NotFound(what=Text("接入方式", "kind of way in"), ref=code)
    return KINDS[code]


@transaction.atomic
def add_way(
    *, kind: str, code: str, name: str, given: Mapping[str, Any], networks: str, region_code: str, actor: Actor
) -> Way:
    """Set up a way in. Raises NotFound, NotPermitted, Invalid."""
    about = kind_of(kind)
    way = Way(code=code.strip().lower(), kind=kind, name=name.strip()[:80], path=seal(secrets.token_urlsafe(32)))
    way.place(region_code or actor.home)
    actor.require(RIGHT, way)
    if not way.name:
        raise Invalid(Text("请填写名称。", "Give it a name."), field="name")
    if Way.objects.filter(code=way.code).exists():
        raise CodeTaken(field="code", name=way.code)
    way.networks = clean_networks(networks.replace("，", ",").split(","))
    _fill(way, about, given, new=True)
    way.save(force_insert=True)
    audit.record(actor, "sensing:way:add", way.code, region=way.region_code, after=_shown(way))
    return way


@transaction.atomic
def change_way(*, code: str, name: str, given: Mapping[str, Any], networks: str, enabled: bool, actor: Actor) -> Way:
    """Change a way in; a secret that is left empty stays. Raises NotFound, NotPermitted, Invalid."""
    way = get_way(code, actor=actor, lock=True)
    actor.require(RIGHT, way)
    before = _shown(way)
    way.name, way.enabled = name.strip()[:80] or way.name, enabled
    way.networks = clean_networks(networks.replace("，", ",").split(","))
    _fill(way, kind_of(way.kind), given, new=False)
    way.save(
        update_fields=["name", "enabled", "networks", "settings", "secrets", "rotated_at", "old_until", "changed_at"]
    )
    audit.record(actor, "sensing:way:change", way.code, region=way.region_code, before=before, after=_shown(way))
    return way


@transaction.atomic
def rotate_path(*, code: str, actor: Actor) -> Way:
    """Give a way another address; the old one ends at once. Raises NotFound, NotPermitted."""
    way = get_way(code, actor=actor, lock=True)
    actor.require(RIGHT, way)
    way.path, way.rotated_at = seal(secrets.token_urlsafe(32)), timezone.now()
    way.save(update_fields=["path", "rotated_at", "changed_at"])
    audit.record(actor, "sensing:way:rotate", way.code, region=way.region_code)
    return way


@transaction.atomic
def remove_way(*, code: str, actor: Actor) -> None:
    """Take a way in away; what came through it stays. Raises NotFound, NotPermitted."""
    way = get_way(code, actor=actor, lock=True)
    actor.require(RIGHT, way)
    way.delete()
    audit.record(actor, "sensing:way:remove", code, region=way.region_code, before=_shown(way))


def address_of(way: Way) -> str:
    """The address others call, secret and all: to be shown to whoever may set it up, and to nobody else."""
    return f"/in/{way.kind}/{way.code}/{unseal(way.path)}" if kind_of(way.kind).pushed else ""


def sample_of(way: Way) -> Preview | None:
    """The last message of a way that its journal still has, as the profile of its product makes of it."""
    reader = open_reader(settings.JOURNAL)
    try:
        record = reader.record(way.last_ref.partition(".")[0]) if way.last_ref else None
        if record is None:
            return None
        message = unpack_message(record.data)
        return preview(message, profile(_profile_for(way, message.protocol, message.topic, message.payload)))
    except NotPacked:
        return None
    finally:
        reader.close()


def _profile_for(way: Way, protocol: str, topic: str, payload: bytes) -> str:
    """The profile of the first device in a message: of the register, or by its product."""
    try:
        report = decode(protocol, topic, "", payload)[0]
    except Undecodable:
        return "generic"
    known = Device.objects.filter(protocol=protocol, source__in=[report.address, *report.others]).first()
    return known.profile if known else str(way.settings.get("products", {}).get(report.product, "generic"))


def profile_hint(row: QuarantinedDevice) -> str:
    """Which profile an unknown device probably needs: by its product where its way in says so."""
    if row.protocol == GB26875:
        return "standard"
    try:
        message = unpack_message(bytes.fromhex(row.last_frame))
    except NotPacked:
        return "generic"
    way = Way.objects.filter(code=message.topic, kind=message.protocol).first()
    hint = _profile_for(way, message.protocol, message.topic, message.payload) if way else "generic"
    return hint if hint in profiles() else "generic"


def _fill(way: Way, about: Kind, given: Mapping[str, Any], *, new: bool) -> None:
    """Take over what the form says, each field as its kind wants it. A changed secret leaves the former one good for a day."""
    found = dict(way.settings)
    for field in about.fields:
        value = given.get(field.name)
        if field.secret:
            _fill_secret(way, field, str(value or "").strip(), new=new)
        elif value is not None:
            found[field.name] = _cleaned(field, value)
        if field.needed and not field.secret and not found.get(field.name):
            raise Invalid(
                Text("请填写{label}。", "{label} is needed.").filled({"label": field.label}), field=field.name
            )
    if found.get("source"):
        found["source"] = clean_source(str(found["source"]), about.protocol)
    if found.get("profile") and not profile(str(found["profile"])).modbus:
        raise Invalid(Text("该设备配置没有 Modbus 寄存器表。", "The profile has no map of registers."), field="profile")
    if found.get("signing", "") not in SIGNINGS:
        raise Invalid(
            Text("签名方式为空、hmac 或 sorted_sha1。", "The signature is empty, hmac or sorted_sha1."), field="signing"
        )
    if found.get("signing") and not way.secrets.get("token"):
        raise Invalid(Text("请填写签名密钥。", "Give the signing secret."), field="token")
    way.settings = found


def _fill_secret(way: Way, field: Field, value: str, *, new: bool) -> None:
    if len(value) > 200:
        raise Invalid(Text("密钥过长。", "The secret is too long."), field=field.name)
    if not value:
        if new and field.needed:
            raise Invalid(
                Text("请填写{label}。", "{label} is needed.").filled({"label": field.label}), field=field.name
            )
        return
    former = way.secrets.get(field.name)
    if former and unseal(former) != value:
        way.secrets[field.name + OLD] = former
        way.rotated_at, way.old_until = timezone.now(), timezone.now() + OLD_GOOD_FOR
    way.secrets[field.name] = seal(value)


def _cleaned(field: Field, value: Any) -> Any:
    text = str(value).strip()
    if field.kind == "number":
        if text and not (text.isdecimal() and 0 < int(text) < 65_536):
            raise Invalid(Text("应为 1 至 65535。", "It must be 1 to 65535."), field=field.name)
        return int(text) if text else ""
    if field.kind != "map":
        return text[:400]
    found: dict[str, str] = {}
    for line in text.splitlines()[:MOST_MAP_LINES]:
        left, sign, right = line.replace("＝", "=").partition("=")
        if not line.strip():
            continue
        if not sign or right.strip() not in profiles():
            wrong = Text("“{line}”应写作 产品 = 已有的设备配置代码。", "“{line}” must be product = code of a profile.")
            raise Invalid(wrong.filled({"line": line.strip()[:60]}), field=field.name)
        found[left.strip()[:64]] = right.strip()
    return found


def map_text(found: object) -> str:
    """A map as it is filled in."""
    return "\n".join(f"{left} = {right}" for left, right in found.items()) if isinstance(found, dict) else ""


def _shown(way: Way) -> dict[str, str]:
    """A way for the audit log: no secret, only which of them there are."""
    shown = {"kind": way.kind, "name": way.name, "enabled": int(way.enabled), "networks": ", ".join(way.networks)}
    shown |= {"secrets": ", ".join(sorted(way.secrets)), "settings": str(way.settings)[:500]}
    return {name: str(value) for name, value in shown.items() if value not in ("", None)}
