"""What a password must be. Two published standards contradict each other: `settings.PASSWORD_PROFILE` chooses.

`dengbao` (default): GB/T 22239-2019 8.1.4.1 a asks for complexity and periodic change; the numbers are ours.
`asvs`: OWASP ASVS 5.0, length and a blocklist, no composition rules and no periodic change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils import timezone

from wanghuo.base import Invalid, Text
from wanghuo.kernel.accounts.models import PastPassword, User

LONGEST = 128


@dataclass(frozen=True, slots=True)
class Profile:
    """One set of rules. Below `long_enough` characters, `kinds` of four (lower, upper, digit, other) are asked."""

    name: Text
    shortest: int
    kinds: int
    long_enough: int
    days: int | None
    remembered: int
    rule: Text


PROFILES = {
    "dengbao": Profile(
        name=Text("等保", "GB/T 22239 level 3"),
        shortest=12,
        kinds=3,
        long_enough=20,
        days=180,
        remembered=5,
        rule=Text(
            "至少 12 个字符，含大写、小写、数字、符号中的三类；或至少 20 个字符。180 天更换一次，不与最近 5 次相同。",
            "At least 12 characters with three of: capital, small letter, digit, sign; or at least 20 characters. "
            "Changed every 180 days, not one of the last 5.",
        ),
    ),
    "asvs": Profile(
        name=Text("ASVS 5.0", "ASVS 5.0"),
        shortest=15,
        kinds=0,
        long_enough=15,
        days=None,
        remembered=0,
        rule=Text("至少 15 个字符，字符种类不限。", "At least 15 characters of any kind."),
    ),
}


def profile() -> Profile:
    """The rules of this deployment."""
    return PROFILES[settings.PASSWORD_PROFILE]


def has_run_out(user: User) -> bool:
    """Whether the password must be changed because of its age. Demo accounts, behind which nobody stands, are left alone."""
    days = profile().days
    return days is not None and not user.demo and timezone.now() - user.password_changed_at > timedelta(days=days)


def check(password: str, *, names: Iterable[str] = (), user: User | None = None) -> None:
    """Raise Invalid (field `password`) when a new password cannot be taken.

    names: words it must not contain (the account's, the person's, the unit's, the place's); those under 3 characters don't count.
    """
    rules = profile()
    if not rules.shortest <= len(password) <= LONGEST:
        raise _refused(rules.rule if len(password) < rules.shortest else _TOO_LONG)
    if len(password) < rules.long_enough and _kinds(password) < rules.kinds:
        raise _refused(rules.rule)
    if any(name.lower() in password.lower() for name in names if len(name) >= 3):
        raise _refused(_HOLDS_NAME)
    if _is_common(password):
        raise _refused(_COMMON)
    if user is not None and _was_used(user, password, rules.remembered):
        raise _refused(_USED)


_TOO_LONG = Text("密码最长 128 个字符。", "A password has at most 128 characters.")
_HOLDS_NAME = Text(
    "密码里不要有用户名、姓名或地名。", "Leave user names, people's and place names out of the password."
)
_COMMON = Text("这个密码太常见，请换一个。", "This password is too common; choose another.")
_USED = Text("这个密码最近用过，请换一个。", "This password was used before; choose another.")
_FILLERS = "0123456789!@#$%^&*._-+= "


def _refused(text: Text) -> Invalid:
    return Invalid(text, field="password")


def _kinds(password: str) -> int:
    tests = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    return sum(any(test(c) for c in password) for test in tests)


def _is_common(password: str) -> bool:
    """Whether the password, with or without digits and signs at its ends, is one of the 20,000 commonest or monotonous."""
    if len(set(password)) < 4:
        return True
    validator = CommonPasswordValidator()
    for word in {password, password.strip(_FILLERS)}:
        try:
            validator.validate(word)
        except ValidationError:
            return True
    return False


def _was_used(user: User, password: str, remembered: int) -> bool:
    if user.has_usable_password() and check_password(password, user.password):
        return True
    past = PastPassword.objects.filter(user=user).order_by("-changed_at")[:remembered]
    return any(check_password(password, row.encoded) for row in past)
