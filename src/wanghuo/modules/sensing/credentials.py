"""Tokens of devices: made, shown once, revoked; and the files by which a broker (NATS or Mosquitto) knows them.

A token is wh_KEY_SECRET: the key finds it, the secret (256 bits) proves it. We keep a keyed hash, and what the brokers' files
want. Two may be good at a time, so that a device can be given a new one before the old one ends.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import bcrypt
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from wanghuo.base import Invalid, Text
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.modules.sensing import selectors
from wanghuo.modules.sensing.models import Device, DeviceCredential
from wanghuo.modules.sensing.services import EDIT
from wanghuo.modules.sensing.states import DeviceState
from wanghuo.modules.sensing.ways_side import token_digest

WITH_TOKENS = ("http", "mqtt")
OLD_GOOD_FOR = timedelta(days=7)
ROUNDS = 101  # PBKDF2 rounds as mosquitto_passwd writes them: enough for a secret of 256 random bits
NATS_COST, PLATFORM_COST = (
    4,
    10,
)  # bcrypt's least, for the same reason; people choose the platform's password themselves
PUBLISHED = ("telemetry", "event", "status", "raw", "rpc/response/+")  # below a device's own topic
_UNSPEAKABLE = re.compile(r"[\s/+#*>\x00-\x1f\x7f]")  # what would be more than one name, or none, in a subject of NATS


class NoTokens(Invalid):
    """Devices of this protocol prove themselves otherwise."""

    code = "sensing.no_tokens"
    text = Text("只有 HTTP 和 MQTT 设备使用令牌。", "Only devices over HTTP and MQTT have tokens.")


@transaction.atomic
def make_credential(*, ref: str, actor: Actor) -> str:
    """Give a device a new token, and return it: nobody can show it again. A former one stays good for seven days.

    Raises NotFound, NotPermitted, NoTokens.
    """
    device = selectors.get_device(ref, actor=actor, lock=True)
    actor.require(EDIT, device)
    token = _make(device)
    audit.record(
        actor, "sensing:device:credential", device.ref, region=device.region_code, after={"key": token.split("_")[1]}
    )
    return token


def _make(device: Device) -> str:
    if device.protocol not in WITH_TOKENS:
        raise NoTokens
    now = timezone.now()
    standing = list(device.credentials.select_for_update().filter(revoked_at=None).order_by("-made_at"))
    for number, old in enumerate(standing):
        if number == 0 and (old.until is None or old.until > now + OLD_GOOD_FOR):
            old.until = now + OLD_GOOD_FOR
        elif number:
            old.revoked_at = now
        old.save(update_fields=["until", "revoked_at", "changed_at"])
    key, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    token = f"wh_{key}_{secret}"
    DeviceCredential.objects.create(
        device=device,
        key=key,
        digest=token_digest(key, secret),
        broker_hash=broker_hash(token),
        nats_hash=nats_hash(token, NATS_COST),
    )
    return token


@transaction.atomic
def revoke_credentials(*, ref: str, actor: Actor) -> int:
    """End every token of a device at once; gives how many. Raises NotFound, NotPermitted."""
    device = selectors.get_device(ref, actor=actor, lock=True)
    actor.require(EDIT, device)
    now, ended = timezone.now(), 0
    for each in device.credentials.select_for_update().filter(revoked_at=None):
        each.revoked_at, ended = now, ended + 1
        each.save(update_fields=["revoked_at", "changed_at"])
    audit.record(actor, "sensing:device:revoke", device.ref, region=device.region_code, after={"ended": ended})
    return ended


def broker_hash(password: str, salt: bytes | None = None) -> str:
    """A password as Mosquitto 2 keeps it: PBKDF2 over SHA-512."""
    salt = salt if salt is not None else os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"$7${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def nats_hash(password: str, cost: int) -> str:
    """A password as NATS keeps it: bcrypt with 2 to the power of `cost` rounds. Raises ValueError beyond 72 bytes."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost, b"2a")).decode()


def make_all(refs: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Make a token for some MQTT devices, or for all that have none: (reference, user, token). For the command line."""
    rows = Device.objects.filter(protocol="mqtt").exclude(state=DeviceState.RETIRED)
    standing = DeviceCredential.objects.filter(device=OuterRef("pk"), revoked_at=None)
    rows = rows.filter(ref__in=refs) if refs else rows.filter(~Exists(standing))
    for device in rows.order_by("ref"):
        with transaction.atomic():
            yield device.ref, device.source, _make(device)


def write_broker_files(folder: Path, platform: str) -> tuple[int, list[str]]:
    """Write `passwd` and `acl` for Mosquitto, `nats.conf` for NATS; gives how many devices, and those NATS cannot be told of.
    `platform`: NAME:PASSWORD of our own client.

    A device has one user, its name; of two good tokens the newest is the broker's. It may publish below its own topics and
    read its own commands, nothing else; a gateway's devices are named by the gateway. NATS knows no device whose name is no
    level of a subject, nor one whose token is older than `nats_hash`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    newest: dict[str, DeviceCredential] = {}
    rows = DeviceCredential.objects.filter(revoked_at=None, device__protocol="mqtt").exclude(
        device__state=DeviceState.RETIRED
    )
    for row in rows.select_related("device").order_by("made_at"):
        newest[row.device.source] = row
    name, _, password = platform.partition(":")
    lines = [f"{user}:{row.broker_hash}" for user, row in sorted(newest.items())]
    if name:
        lines.append(f"{name}:{broker_hash(password)}")
    _write(folder / "passwd", lines)
    _write(folder / "acl", mosquitto_rules(name))
    spoken = {user: row.nats_hash for user, row in sorted(newest.items()) if row.nats_hash and nats_level(user)}
    _write(folder / "nats.conf", nats_users(spoken, name, password))
    return len(newest), sorted(newest.keys() - spoken.keys())


WRITTEN = "# 由 wanghuo mqtt credentials 生成 / written by wanghuo mqtt credentials"


def mosquitto_rules(platform: str) -> list[str]:
    """The access list of Mosquitto; `platform`: our own user there."""
    rules = [WRITTEN]
    if platform:
        rules += ["", f"user {platform}", "topic readwrite fire/v1/#", "topic read v1/#"]
    return [
        *rules,
        "",
        *(f"pattern write fire/v1/+/%u/{last}" for last in PUBLISHED),
        "pattern read fire/v1/+/%u/rpc/request/+",
        "pattern write v1/devices/%u/telemetry",
        "pattern write v1/devices/%u/attributes",
    ]


def nats_level(name: str) -> str:
    """A device's name as one level of a subject of NATS, which writes a dot of MQTT as two slashes; "" where it cannot be."""
    return "" if _UNSPEAKABLE.search(name) else name.replace(".", "//")


def nats_users(devices: dict[str, str], platform: str, password: str) -> list[str]:
    """The users of NATS: `devices`, name → `nats_hash`, and our own. Its strings are written as those of JSON are."""
    users = [
        _nats_user(
            name,
            hashed,
            publish=[f"fire.v1.*.{nats_level(name)}.{last.replace('/', '.').replace('+', '*')}" for last in PUBLISHED]
            + [f"v1.devices.{nats_level(name)}.{last}" for last in ("telemetry", "attributes")],
            subscribe=[f"fire.v1.*.{nats_level(name)}.rpc.request.*"],
        )
        for name, hashed in devices.items()
    ]
    if platform:
        hashed = nats_hash(password, PLATFORM_COST)
        users.append(
            _nats_user(platform, hashed, publish=["fire.v1.*.*.rpc.request.*"], subscribe=["fire.v1.>", "v1.>"])
        )
    return [WRITTEN, "authorization {", "  users = [", *users, "  ]", "}"]


def _nats_user(name: str, hashed: str, *, publish: list[str], subscribe: list[str]) -> str:
    known = {
        "user": name,
        "password": hashed,
        "allowed_connection_types": ["MQTT"],
        "permissions": {"publish": publish, "subscribe": subscribe},
    }
    return f"    {json.dumps(known, ensure_ascii=False)}"


def _write(path: Path, lines: Sequence[str]) -> None:
    beside = path.with_suffix(".new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    beside.replace(path)
