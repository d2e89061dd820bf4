"""`wanghuo createadmin` and `wanghuo accounts …`: the first administrator, and accounts from the console."""

from __future__ import annotations

import argparse
import json

from wanghuo.base import Conflict, Invalid, NotFound, Text
from wanghuo.entrypoints.cli.django_setup import setup
from wanghuo.entrypoints.cli.regions import load_divisions

HANDED_OVER = Text(
    "账号 {username} 已建立，一次性密码：{password}\n请当面交给本人；首次登录须更换。",
    "The account {username} is open; its one-time password: {password}\n"
    "Hand it over in person; it must be changed at the first sign-in.",
)
ONE_EXISTS = Text(
    "“{what}”已有人担任，请由其在网页上建立其他账号。", "There is a {what} already; that person opens further accounts."
)


class AdminExists(Conflict):
    """The first administrator is made once; afterwards people make people."""

    code = "accounts.admin_exists"
    text = ONE_EXISTS


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the commands."""
    first = subparsers.add_parser("createadmin", help="the first security administrator, with a one-time password")
    first.add_argument("username")
    first.add_argument("--name", default="", help="name shown to colleagues (default: the user name)")
    first.add_argument("--region", default=None, help="division code (default: WANGHUO_REGION)")
    first.set_defaults(run=run_createadmin)
    parser = subparsers.add_parser("accounts", help="accounts and their roles")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    add = commands.add_parser("add", help="open an account with a role; prints a one-time password")
    add.add_argument("username")
    add.add_argument("--role", required=True, help="a code of params/roles.toml, such as inspector")
    add.add_argument("--region", required=True, help="division code or full name")
    add.add_argument("--name", default="")
    add.add_argument("--sector", default="")
    add.add_argument("--unit", default="", help="reference of a unit, such as DW-445281-00017")
    add.add_argument("--reason", default="console")
    add.set_defaults(run=run_add)
    show = commands.add_parser("list", help="every account with the roles in force, as JSON lines")
    show.set_defaults(run=run_list)
    off = commands.add_parser("disable", help="close an account and end its sessions at once")
    off.add_argument("username")
    off.set_defaults(run=run_disable)


def run_createadmin(args: argparse.Namespace) -> int:
    """Open the account of the first security administrator, in a new folder too. Raises AdminExists when there is one."""
    setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)

    from wanghuo.kernel.access.roles import roles
    from wanghuo.kernel.accounts import directory
    from wanghuo.kernel.regions.models import Region

    if not Region.objects.exists():
        load_divisions()
    region = _region(args.region or settings.REGION)
    if directory.holders("accounts.manage", region):
        raise AdminExists(what=roles()["security_admin"].name)
    return _open(args.username, args.name, "security_admin", region, reason="console")


def run_add(args: argparse.Namespace) -> int:
    """Open an account and give it its role. Raises NotFound (unit), Invalid."""
    setup()
    from wanghuo.kernel.accounts import units

    unit = units.find(args.unit) if args.unit else None
    if args.unit and unit is None:
        raise NotFound(what=Text("单位", "unit"), ref=args.unit)
    given = {"sector": args.sector, "unit": unit.id if unit else None, "reason": args.reason}
    return _open(args.username, args.name, args.role, _region(args.region), **given)


def run_list(args: argparse.Namespace) -> int:
    """Print the accounts, one JSON object a line. No telephone numbers."""
    setup()
    from wanghuo.kernel.access.actor import system_actor
    from wanghuo.kernel.accounts import selectors

    for user in selectors.people(system_actor("cli")).order_by("username"):
        held = [{"role": g.role, "region": g.region_code, "sector": g.sector} for g in user.held]  # type: ignore[attr-defined]
        told = {"username": user.username, "name": user.display_name, "active": user.is_active, "grants": held}
        print(json.dumps(told, ensure_ascii=False))
    return 0


def run_disable(args: argparse.Namespace) -> int:
    """Close an account. Raises NotFound."""
    setup()
    from wanghuo.kernel.access.actor import system_actor
    from wanghuo.kernel.accounts import selectors, service

    actor = system_actor("cli")
    service.disable_user(user_id=selectors.get_person(args.username, actor=actor).pk, actor=actor)
    return 0


def _region(text: str) -> str:
    from wanghuo.kernel.regions import service as regions

    code = "0" if text == "0" else regions.resolve(text)
    if code is None:
        raise regions.UnknownRegion(words=text)
    return code


def _open(username: str, name: str, role: str, region: str, **given: object) -> int:
    from django.db import transaction

    from wanghuo.kernel.access.actor import system_actor
    from wanghuo.kernel.access.roles import roles
    from wanghuo.kernel.accounts import service

    if role not in roles():
        raise Invalid(Text("没有角色 {role}；有：{known}", "No role {role}; there are: {known}").filled(
            {"role": role, "known": ", ".join(roles())}
        ), field="role")  # fmt: skip
    actor = system_actor("cli")
    placed = {key: given[key] for key in ("sector", "unit") if key in given}
    with transaction.atomic():
        user, password = service.create_user(
            username=username,
            display_name=name or username,
            region_code=region,
            actor=actor,
            **placed,  # type: ignore[arg-type]
        )
        service.grant_role(user_id=user.pk, role=role, region_code=region, actor=actor, **given)  # type: ignore[arg-type]
    print(HANDED_OVER.filled({"username": user.username, "password": password}))
    return 0
