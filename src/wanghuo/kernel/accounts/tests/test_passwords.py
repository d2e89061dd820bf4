"""What a password must be under each of the two profiles."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from wanghuo.base import Invalid
from wanghuo.kernel.accounts import passwords, service
from wanghuo.kernel.accounts.hashers import PepperedArgon2
from wanghuo.kernel.accounts.models import User
from wanghuo.kernel.accounts.testing import PASSWORD, actor, client_for
from wanghuo.kernel.regions.testing import COUNTY


@pytest.mark.parametrize(("profile", "password", "taken"), [
    ("dengbao", "Qing3-nian-l", True),
    ("dengbao", "Qing3-nian-", False),              # 11
    ("dengbao", "qingnianlu88", False),             # two kinds
    ("dengbao", "qingnianluershierhaonan", True),   # long enough
    ("dengbao", "Chen.jun-2026!", False),           # the user name
    ("dengbao", "Password123!", False),             # common with decoration
    ("dengbao", "aaaaaaaaaaaaaaaaaaaaaaaa", False),
    ("dengbao", "x" * 64 + "Yz9!" * 17, False),     # 132
    ("asvs", "qingnianluershi", True),
    ("asvs", "Qing3-nian-lu!", False),              # 14
])  # fmt: skip
def test_profiles(settings, profile, password, taken) -> None:
    settings.PASSWORD_PROFILE = profile
    if taken:
        passwords.check(password, names=("chen.jun",))
    else:
        with pytest.raises(Invalid):
            passwords.check(password, names=("chen.jun",))


def test_the_pepper_is_part_of_the_hash(settings) -> None:
    hasher = PepperedArgon2()
    encoded = hasher.encode("Qing3-nian-l", hasher.salt())
    assert encoded.startswith("argon2p$argon2id$")
    assert hasher.verify("Qing3-nian-l", encoded)
    assert not hasher.verify("Qing3-nian-m", encoded)
    settings.PASSWORD_PEPPER = "another"
    assert not hasher.verify("Qing3-nian-l", encoded)


def test_long_passwords_are_not_cut() -> None:
    hasher = PepperedArgon2()
    encoded = hasher.encode("a" * 127 + "b", hasher.salt())
    assert not hasher.verify("a" * 127 + "c", encoded)


@pytest.mark.django_db
def test_the_last_five_are_refused(officer) -> None:
    person = actor("inspector", COUNTY, id=officer.pk)
    used = [PASSWORD, *(f"Qingnian-lu-{n}-hao" for n in range(5))]
    for old, new in zip(used, used[1:], strict=False):
        service.change_password(user_id=officer.pk, current=old, new=new, actor=person)
    for again in used[1:]:
        with pytest.raises(Invalid):
            service.change_password(user_id=officer.pk, current=used[-1], new=again, actor=person)
    service.change_password(user_id=officer.pk, current=used[-1], new="Changchun-da-jie-7", actor=person)
    service.change_password(user_id=officer.pk, current="Changchun-da-jie-7", new=PASSWORD, actor=person)


@pytest.mark.django_db
@pytest.mark.parametrize(("profile", "asked"), [("dengbao", True), ("asvs", False)])
def test_an_old_password_must_be_changed_under_dengbao_only(officer, settings, profile, asked) -> None:
    settings.PASSWORD_PROFILE = profile
    User.objects.update(password_changed_at=timezone.now() - timedelta(days=181))
    answer = client_for(officer).get("/todo")
    assert (answer.status_code == 302 and answer["Location"] == "/account/password") is asked
