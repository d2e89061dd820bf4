"""The second factor: a time-based code (RFC 6238, 30 s, one step either way, each code once) and ten recovery codes."""

from __future__ import annotations

import secrets

import pyotp
import segno
from django.db import transaction
from django.utils import timezone

from wanghuo.base import Conflict, Invalid, Text
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.accounts.models import RecoveryCode, SecondFactor, User
from wanghuo.kernel.accounts.sealed import digest, seal, unseal

ISSUER = "Wanghuo"
STEP_S = 30
RECOVERY_CODES = 10
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no I, O, 0, 1: read aloud and typed from paper


class WrongCode(Invalid):
    """The code is wrong, has run out or was used before."""

    code = "accounts.wrong_code"
    text = Text("验证码不对或已用过，请等下一个。", "The code is wrong or was used before; wait for the next one.")

    def __init__(self) -> None:
        super().__init__(field="code")


@transaction.atomic
def begin(user: User) -> str:
    """Make a new seed that is not yet in force, or give the one begun before; returns its `otpauth://` address."""
    row, _ = SecondFactor.objects.select_for_update().get_or_create(
        user=user, defaults={"seed": seal(pyotp.random_base32())}
    )
    if row.confirmed_at is not None:
        raise Conflict(what=Text("二次验证", "The second factor"))
    return pyotp.TOTP(unseal(row.seed)).provisioning_uri(name=user.username, issuer_name=ISSUER)


def seed_of(uri: str) -> str:
    """The seed in groups of four, for typing it in by hand."""
    seed = pyotp.parse_uri(uri).secret
    return " ".join(seed[n : n + 4] for n in range(0, len(seed), 4))


def picture(uri: str) -> str:
    """The address as a QR code, an SVG in a `data:` URI."""
    return segno.make(uri, error="m").svg_data_uri(scale=5, border=2, dark="#111", light="#fff")


@transaction.atomic
def confirm(*, user: User, code: str, actor: Actor) -> list[str]:
    """Put the seed begun into force with a first code; returns the recovery codes, which are shown this once."""
    row = SecondFactor.objects.select_for_update().filter(user=user, confirmed_at=None).first()
    if row is None or not _take(row, code):
        raise WrongCode
    row.confirmed_at = timezone.now()
    row.save(update_fields=["confirmed_at"])
    User.objects.filter(pk=user.pk).update(has_second_factor=True)
    audit.record(actor, "accounts:second_factor:confirm", user.username, region=user.region_code)
    return _new_codes(user)


def check(user: User, code: str) -> None:
    """Take a time-based or a recovery code once. Raises WrongCode. Pauses are the caller's (`lockout`)."""
    code = "".join(code.split()).upper()
    with transaction.atomic():
        row = SecondFactor.objects.select_for_update().exclude(confirmed_at=None).filter(user=user).first()
        taken = _take(row, code) if row is not None and code.isdigit() else _take_recovery(user, code)
    if not taken:
        raise WrongCode


@transaction.atomic
def renew_codes(*, user: User, actor: Actor) -> list[str]:
    """Ten new recovery codes; the old ones are void."""
    audit.record(actor, "accounts:recovery_codes:renew", user.username, region=user.region_code)
    return _new_codes(user)


@transaction.atomic
def remove(*, user: User, actor: Actor) -> None:
    """Take the second factor off an account (a lost telephone); the person enrols again at the next sign-in where staff must."""
    SecondFactor.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    User.objects.filter(pk=user.pk).update(has_second_factor=False)
    audit.record(actor, "accounts:second_factor:remove", user.username, region=user.region_code)


def codes_left(user: User) -> int:
    """How many recovery codes are unused."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def _take(row: SecondFactor, code: str) -> bool:
    """Whether the code is right and of a step later than any taken before; then that step is taken."""
    totp = pyotp.TOTP(unseal(row.seed))
    now = int(timezone.now().timestamp()) // STEP_S
    for step in (now, now - 1, now + 1):
        if secrets.compare_digest(totp.generate_otp(step), code) and step > row.last_step:
            row.last_step = step
            row.save(update_fields=["last_step"])
            return True
    return False


def _take_recovery(user: User, code: str) -> bool:
    found = RecoveryCode.objects.filter(user=user, used_at=None, digest=_digest(user, code))
    return found.update(used_at=timezone.now()) == 1


def _new_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    made = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create([RecoveryCode(user=user, digest=_digest(user, code)) for code in made])
    return [f"{code[:5]}-{code[5:]}" for code in made]


def _digest(user: User, code: str) -> str:
    return digest("recovery", user.pk, code.replace("-", ""))
