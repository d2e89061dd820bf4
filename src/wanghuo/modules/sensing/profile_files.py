"""A deployment's own profiles: files that are written from the browser, checked before they are taken."""

from __future__ import annotations

import os
import re
import tomllib
from importlib import resources

from wanghuo.base import Invalid, NotFound, Text
from wanghuo.kernel import audit
from wanghuo.kernel.access.actor import Actor
from wanghuo.modules.sensing.profiles import Profile, folder, look_again, profiles, read_profile

RIGHT = "sensing.ways"
LONGEST = 100_000
_CODE = re.compile(r"[a-z][a-z0-9_]{1,31}")


class ProfileWrong(Invalid):
    """The text is no profile."""

    code = "sensing.profile_wrong"
    text = Text("这份设备配置不能用：{why}", "This profile cannot be used: {why}")


def parse(code: str, text: str) -> Profile:
    """The profile a text is. Raises ProfileWrong."""
    if not _CODE.fullmatch(code):
        raise ProfileWrong(field="code", why="a code is 2 to 32 of a-z 0-9 _, beginning with a letter")
    if len(text) > LONGEST:
        raise ProfileWrong(field="text", why=f"more than {LONGEST} characters")
    try:
        return read_profile(code, tomllib.loads(text.replace("\r\n", "\n")), own=True)
    except ValueError as error:
        raise ProfileWrong(field="text", why=str(error)[:300]) from None


def text_of(code: str) -> str:
    """A profile as it is written: the deployment's own file, or our part of the data file. Raises NotFound."""
    path = folder() / f"{code}.toml"
    if _CODE.fullmatch(code) and path.exists():
        return path.read_text("utf-8")
    ours = (resources.files("wanghuo.params") / "sensing" / "profiles.toml").read_text("utf-8")
    start = ours.find(f"\n[{code}]\n")
    if start < 0 or not _CODE.fullmatch(code):
        raise NotFound(what=Text("设备配置", "profile"), ref=code)
    start += len(f"\n[{code}]\n")
    end = ours.find("\n[", start)
    return ours[start : end if end >= 0 else len(ours)].strip() + "\n"


def save_profile(*, code: str, text: str, actor: Actor) -> Profile:
    """Write a profile of our own; every process uses it within a second. Raises NotPermitted, ProfileWrong."""
    actor.require(RIGHT)
    code = code.strip()
    found = parse(code, text)
    folder().mkdir(parents=True, exist_ok=True)
    beside = folder() / f".{code}.new"
    with beside.open("w", encoding="utf-8") as file:
        file.write(text.replace("\r\n", "\n").rstrip() + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder() / f"{code}.toml")
    look_again()
    audit.record(actor, "sensing:profile:save", code, after={"points": len(found.points), "characters": len(text)})
    return found


def remove_profile(*, code: str, actor: Actor) -> None:
    """Take a profile of our own away; one of the platform's of that name stands again. Raises NotPermitted, NotFound."""
    actor.require(RIGHT)
    known = profiles().get(code)
    if known is None or not known.own:
        raise NotFound(what=Text("自有设备配置", "profile of our own"), ref=code)
    (folder() / f"{code}.toml").unlink(missing_ok=True)
    look_again()
    audit.record(actor, "sensing:profile:remove", code)
