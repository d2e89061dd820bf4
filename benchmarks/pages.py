"""How long the pages of a loaded deployment take on the server: lists with filters and far pages, details, map, search.

    python benchmarks/pages.py [--home FOLDER] [--quick] [--json] [--rounds 30] [--only TEXT]

Without --home it makes a deployment of its own with `wanghuo load-scale` (100,000 units, devices and hazards; 20,000
alarms, register lines 100,000, tasks, papers and orders 20,000, the other records of accountability 2,000 to 10,000), which takes some five minutes; --quick makes 10,000 of each and times five rounds. With WANGHUO_DATABASE set it
measures PostgreSQL. Each page is asked by a person whose role opens it, through every middleware and template, in this
process, so what is timed is the server's own work; rounds go through all pages in turn, so that no page has the caches to
itself. Ratios are to the emptiest page of the platform (/search without words) in the same run.
`work` is this thread's own time: where it is far below p50, others kept the machine busy.
A list or map page of the URL conf that is neither timed nor among NO_LISTS is named, and so
is one that does not answer; either fails the run.
The goals: p95 of at most 300 ms for every page, 150 ms for search. Exit code 1 when one was missed.
"""

from __future__ import annotations

import argparse
import inspect
import json
import logging
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

REGION, SIZE, QUICK_SIZE = "445281", 100_000, 10_000
GOAL_MS, SEARCH_GOAL_MS = 300.0, 150.0
FAR_PAGE, NOTHING = 20, "nothing (the frame of a page)"
ROLES = ("brigade_leader", "government_leader", "alarm_supervisor", "data_steward", "committee_clerk")
ROLES += ("security_admin", "auditor", "system_admin")
BOXES = {
    "country, zoom 4": ("73,18,135,54", 4),
    "county, zoom 9": ("115.6,22.8,116.7,23.7", 9),
    "county, zoom 11": ("115.9,23.0,116.5,23.5", 11),
    "towns, zoom 12": ("116.05,23.22,116.40,23.40", 12),
    "town, zoom 14": ("116.12,23.27,116.21,23.32", 14),
    "street, zoom 17": ("116.16,23.29,116.18,23.30", 17),
}


@dataclass
class Page:
    """One address, who asks for it, its goal, the seconds it took, and those of them in which this thread worked."""

    name: str
    url: str
    role: str = "brigade_leader"
    goal_ms: float = GOAL_MS
    headers: dict[str, str] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    kilobytes: float = 0.0
    broken: bool = False

    def quantile(self, share: float) -> float:
        """Milliseconds that `share` of the rounds stayed below."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def main() -> int:
    """Load, time, print; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", help="folder of a loaded deployment (default: make one)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SIZE:,} of each, five rounds")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only", default="", help="only pages whose name contains this")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wanghuo-pages-") as made:
        os.environ.update(WANGHUO_HOME=args.home or made, WANGHUO_MODE="test")
        if not args.home:
            load(QUICK_SIZE if args.quick else SIZE)
        clients = people()
        pages = [p for p in every_page(clients) if args.only in p.name or p.name == NOTHING]
        measure(pages, clients, 5 if args.quick else args.rounds)
        left_out = untimed()
        broken = [page for page in pages if page.broken]
        pages = [page for page in pages if not page.broken]
    for route in left_out:
        print(f"not timed: /{route}", file=sys.stderr)
    return max(report(pages, as_json=args.json), 1 if left_out or broken else 0)


def load(size: int) -> None:
    """A deployment with synthetic records."""
    from wanghuo.entrypoints.cli.main import main as wanghuo

    amounts = [f"--{kind}={size}" for kind in ("units", "devices", "hazards", "register-rows")]
    amounts += [f"--{kind}={size // 5}" for kind in ("alarms", "tasks", "papers", "orders")]
    amounts += [f"--tours={size // 10}", f"--tables={size // 50}", f"--reports={size // 50}"]
    amounts += [f"--{kind}={size // 20}" for kind in ("meetings", "duty-lists", "assessments")]
    wanghuo(["load-scale", *amounts, "--region", REGION])


def people() -> dict[str, Any]:
    """A signed-in client for each role."""
    from wanghuo.entrypoints.cli.django_setup import setup

    setup()
    logging.disable(logging.CRITICAL)
    from wanghuo.kernel.accounts.models import User
    from wanghuo.kernel.accounts.testing import client_for, make_user

    found = {}
    for role in ROLES:
        user = User.objects.filter(username=f"bench-{role}").first()
        found[role] = client_for(user or make_user(f"bench-{role}", role, REGION))
        found[role].raise_request_exception = False
    return found


def every_page(clients: dict[str, Any]) -> Iterator[Page]:
    """Every page that is timed."""
    yield Page(NOTHING, "/search")
    yield from list_pages(clients)
    yield from detail_pages()
    yield Page("overview", "/overview", "government_leader")
    yield Page("overview of a town", f"/overview?region={town()}", "government_leader")
    yield Page("overview of the last 30 days", "/overview?period=30d", "government_leader")
    yield Page("map", "/map")
    for name, (box, zoom) in BOXES.items():
        kinds = "alarm,hazard,device,unit"
        yield Page(f"map points: {name}", f"/map/points.json?region={REGION}&bbox={box}&zoom={zoom}&kinds={kinds}")
    for name, (box, _) in BOXES.items():
        yield Page(f"register points: {name}", f"/ledgers/hydrants/points.json?bbox={box}", "committee_clerk")
    yield Page(
        "map points: offline devices",
        f"/map/points.json?zoom=9&kinds=device&state=offline&bbox={BOXES['county, zoom 9'][0]}",
    )
    in_box = {"HX-Request": "true", "HX-Target": "search-results"}
    for words in ("合成", "酒店", "lss", "liusha", "00017", "YH-445281-2026-00017", "SB-445281", "没有这个"):
        yield Page(f"search: {words}", f"/search?q={words}", goal_ms=SEARCH_GOAL_MS, headers=in_box)
    yield Page("search as a page: 医院", "/search?q=医院", goal_ms=SEARCH_GOAL_MS)
    yield Page("system health", "/admin/system", "system_admin")


LISTS = (
    (
        "units",
        "brigade_leader",
        (
            "state=active",
            "kind=hotel",
            "sector=commerce",
            "no_people=1",
            "incomplete=1",
            "no_point=1",
            "class=key_unit",
            "q=酒店",
        ),
    ),
    ("buildings", "brigade_leader", ()),
    (
        "devices",
        "brigade_leader",
        ("state=ok", "state=offline", "state=heard", "no_unit=1", "never=1", "q=SB-445281-2026-00017"),
    ),
    ("devices/quarantine", "alarm_supervisor", ()),
    ("devices/connection", "brigade_leader", ()),
    ("devices/down", "brigade_leader", ()),
    ("devices/early", "brigade_leader", ()),
    ("devices/expiring", "brigade_leader", ()),
    ("devices/households", "brigade_leader", ()),
    ("devices/league", "brigade_leader", ()),
    ("roll-calls", "alarm_supervisor", ()),
    ("roll-calls/league", "alarm_supervisor", ()),
    ("ways", "alarm_supervisor", ()),
    ("ways/profiles", "alarm_supervisor", ()),
    (
        "hazards",
        "brigade_leader",
        ("state=rectifying", "open=1", "overdue=1", "late=1", "done=1", "grade=major", "sort=due_at"),
    ),
    ("listings", "brigade_leader", ()),
    ("alarms", "brigade_leader", ("open=1", "state=false", "priority=2", "kind=fire")),
    ("alarms/health", "alarm_supervisor", ()),
    ("alarms/hours", "alarm_supervisor", ()),
    ("alarms/kept", "alarm_supervisor", ()),
    ("alarms/offenders", "alarm_supervisor", ()),
    ("alarms/console", "alarm_supervisor", ()),
    ("alarms/console/rows", "alarm_supervisor", ()),
    ("todo", "brigade_leader", ("late=1",)),
    ("ladder", "government_leader", ()),
    ("indicators", "government_leader", ("period=30d", "period=2026-03-01..2026-03-15")),
    ("indicators/hazards.closing_rate", "government_leader", ()),
    ("indicators/sensing.online_rate", "government_leader", ()),
    ("rules", "brigade_leader", ()),
    ("notifications", "brigade_leader", ()),
    ("data/imports", "data_steward", ()),
    ("admin/people", "security_admin", ()),
    ("admin/audit", "auditor", ("action=sensing:device:register",)),
    ("admin/regions", "data_steward", ()),
    ("admin/bodies", "data_steward", ()),
    ("p/hazards", "brigade_leader", ()),
    ("ledgers", "committee_clerk", ()),
    (
        "ledgers/hydrants",
        "committee_clerk",
        (
            "f.state=broken",
            "f.connected=1",
            "unconfirmed=1",
            "q=合成",
            "sort=number",
            "sort=-changed_at",
            "counted=intact.num.2026",
        ),
    ),
    ("p/ledgers/hydrants", "committee_clerk", ()),
    ("ledgers/hydrants/map", "committee_clerk", ()),
    ("programmes", "committee_clerk", ("state=issued",)),
    (
        "programmes/tasks",
        "committee_clerk",
        (
            "owed=1",
            "late=1",
            "state=done",
            "settled=1",
            "in_time=1",
            "not_in_time=1",
            "recurring=1",
            "mine=1",
            "q=消火栓",
            "due=2026-03-01..2026-03-15",
            "period=30d",
            "sort=due_on",
        ),
    ),
    ("programmes/orders", "committee_clerk", ("late=1", "state=accepted", "month=2026-10", "q=合成")),
    (
        "papers",
        "committee_clerk",
        ("open=1", "unsigned=1", "issued=1", "state=served", "kind=order", "q=消防安全", "period=30d"),
    ),
    ("papers/seals", "brigade_leader", ()),
    ("letters", "committee_clerk", ("state=served", "kind=order", "q=消防安全")),
    ("tours", "committee_clerk", ("state=answered", "q=合成")),
    ("tours/coverage", "committee_clerk", ()),
    ("tours/checklists", "committee_clerk", ()),
    ("tables", "committee_clerk", ("state=published",)),
    ("tables/measures", "committee_clerk", ()),
    ("meetings", "committee_clerk", ("state=minuted", "q=合成")),
    ("meetings/duties", "committee_clerk", ()),
    ("duty-lists", "committee_clerk", ("state=signed", "year=2026")),
    ("assessments", "committee_clerk", ("state=final", "year=2026")),
    ("assessments/schemes", "committee_clerk", ()),
    ("reports", "committee_clerk", ("state=issued",)),
    ("indicators/reports", "committee_clerk", ()),
    ("indicators/reviews", "committee_clerk", ()),
    ("indicators/presets", "committee_clerk", ()),
)
# timed under a name of their own, or no list at all: one person's own pages, what programs fetch, what is shown to try the
# components; forms are known by what their views call
ELSEWHERE = {
    "",
    "overview",
    "map",
    "map/points.json",
    "search",
    "admin/system",
    "ledgers/<slug:code>",
    "p/ledgers/<slug:code>",
}
ELSEWHERE |= {"ledgers/<slug:code>/map", "ledgers/<slug:code>/points.json"}
NO_LISTS = re.compile(
    r"(ui|account|login|logout|p/verify|transparency)(/.*)?|manifest.webmanifest|language|views|live/since|regions/options|devices/scan/near"
)
NO_FORM = re.compile(r"answer\(|require_POST|require_http_methods")


def untimed() -> list[str]:
    """The routes of list and map pages that no entry of LISTS names: those without arguments that are read only, and
    those whose view answers with a list."""
    from django.urls import get_resolver

    timed = {path for path, _, _ in LISTS} | ELSEWHERE
    found = []
    for route, view in routes(get_resolver()):
        plain = inspect.unwrap(view)
        source = inspect.getsource(plain) if inspect.isfunction(plain) else ""
        is_list = ".respond(" in source or "<" not in route or route.endswith(("map", "points.json"))
        if is_list and route not in timed and not NO_LISTS.fullmatch(route) and not NO_FORM.search(source):
            found.append(route)
    return sorted(found)


def routes(resolver: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every route below a resolver, with its view."""
    for each in resolver.url_patterns:
        here = before + str(each.pattern)
        if hasattr(each, "url_patterns"):
            yield from routes(each, here)
        else:
            yield here, each.callback


def list_pages(clients: dict[str, Any]) -> Iterator[Page]:
    """Each list as it opens, with its filters, in a town, and far back."""
    for path, role, filters in LISTS:
        url = f"/{path}"
        yield Page(path, url, role)
        for each in filters:
            yield Page(f"{path}: {each}", f"{url}?{each}", role)
        far = far_page(clients[role], url)
        if far:
            yield Page(f"{path}: page {FAR_PAGE}", far, role)
            yield Page(f"{path}: in a town", f"{url}?region={town()}", role)
            for each in filters[:2]:
                yield Page(f"{path}: in a town, {each}", f"{url}?region={town()}&{each}", role)


def far_page(client: Any, url: str) -> str:
    """The address of the twentieth page, found by pressing "next"; empty for a list that is shorter."""
    for _ in range(FAR_PAGE - 1):
        found = re.search(r'href="([^"]*[?&](?:amp;)?after=[^"]*)"', client.get(url).content.decode())
        if found is None:
            return ""
        url = found[1].replace("&amp;", "&")
    return url


def detail_pages() -> Iterator[Page]:
    """One record of each kind, with its parts."""
    from django.apps import apps

    for label, path in (
        ("places.Unit", "units"),
        ("sensing.Device", "devices"),
        ("hazards.Hazard", "hazards"),
        ("alarms.Alarm", "alarms"),
        ("accountability.MonthlyOrder", "programmes/orders"),
        ("accountability.Tour", "tours"),
        ("accountability.RankingTable", "tables"),
        ("accountability.Meeting", "meetings"),
        ("accountability.DutyList", "duty-lists"),
        ("accountability.Assessment", "assessments"),
        ("accountability.Report", "reports"),
    ):
        rows = apps.get_model(label).objects.order_by("-id")
        if not rows.exists():
            continue
        ref = rows.values_list("ref", flat=True)[rows.count() // 2]
        role = "committee_clerk" if label.startswith("accountability") else "brigade_leader"
        yield Page(f"{path}: one", f"/{path}/{ref}", role)
    yield Page(
        "hazards of a unit",
        f"/hazards?unit={apps.get_model('places.Unit').objects.order_by('id').values_list('ref', flat=True)[0]}",
    )


def town() -> str:
    """The town with the most units, or any."""
    from django.apps import apps
    from django.db.models import Count

    rows = apps.get_model("places.Unit").objects.in_region(REGION).values_list("town_code").annotate(n=Count("pk"))
    return str(rows.order_by("-n", "town_code")[0][0])


def measure(pages: list[Page], clients: dict[str, Any], rounds: int) -> None:
    """Ask for every page in turn, so many times; the first round is not counted."""
    for page in [p for p in pages if clients[p.role].get(p.url, headers=p.headers).status_code != 200]:
        print(f"does not answer {page.role}: {page.url}", file=sys.stderr)
        page.broken = True
    for number in range(rounds + 1):
        for page in pages:
            if page.broken:
                continue
            began, worked = time.perf_counter(), time.thread_time()
            answer = clients[page.role].get(page.url, headers=page.headers)
            took = time.perf_counter() - began
            if number:
                page.times.append(took)
                page.work.append(time.thread_time() - worked)
            page.kilobytes = len(answer.content) / 1024


def report(pages: list[Page], *, as_json: bool) -> int:
    """Print the slowest first."""
    floor = statistics.median(next(p for p in pages if p.name == NOTHING).times) * 1000
    missed = [page for page in pages if page.quantile(0.95) > page.goal_ms]
    pages = sorted(pages, key=lambda page: -page.quantile(0.95))
    if as_json:
        rows = [figures(page, floor) for page in pages]
        known = {
            "floor_ms": round(floor, 1),
            "load": round(os.getloadavg()[0], 1),
            "missed": [p.name for p in missed],
            "pages": rows,
        }
        print(json.dumps(known, ensure_ascii=False))
    else:
        print(f"{'p50 ms':>8} {'p95 ms':>8} {'work':>6} {'ratio':>6} {'KB':>6}  page   (floor {floor:.1f} ms)")
        for page in pages:
            f, mark = figures(page, floor), " !" if page in missed else "  "
            print(
                f"{f['p50_ms']:8.1f} {f['p95_ms']:8.1f} {f['work_ms']:6.1f} {f['ratio']:6.1f} {f['kilobytes']:6.1f}{mark}{page.name}"
            )
        load = os.getloadavg()[0]
        print(
            f"{len(pages)} pages; {len(missed)} missed their goal; {load:.1f} processes wanted a core in the last minute"
        )
    return 1 if missed else 0


def figures(page: Page, floor: float) -> dict[str, Any]:
    """What is told of one page. `work_ms`: the median of this thread's own time (without that of a database server)."""
    return {
        "page": page.name,
        "p50_ms": round(page.quantile(0.5), 1),
        "p95_ms": round(page.quantile(0.95), 1),
        "goal_ms": page.goal_ms,
        "work_ms": round(statistics.median(page.work) * 1000, 1),
        "ratio": round(page.quantile(0.5) / floor, 2),
        "kilobytes": round(page.kilobytes, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
