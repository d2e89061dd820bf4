"""Who is told, what is merged, what leaves the platform, and what open pages hear."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from wanghuo.base import NotFound, Text
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.accounts.actors import actor_of
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.notify import egress, live, notify, sending, signing, telling
from wanghuo.kernel.notify.egress import Allowed, EgressFailed, EgressRefused
from wanghuo.kernel.notify.lanes import Lanes
from wanghuo.kernel.notify.models import Endpoint, LiveEvent, Notification, Sending

TITLE, BODY = Text("整改期限将到", "A deadline is near"), Text("请申请复查", "Ask for re-inspection")
NOON = datetime(2026, 3, 5, 4, 0, tzinfo=UTC)
NIGHT = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)


def tell(users, level="B", about="YH-445281-2026-00017", **more):
    return notify([u.pk for u in users], level=level, title=TITLE, body=BODY, url="/hazards/x", about=about, **more)


@pytest.fixture
def two():
    return [make_user(name, "inspector", "445281", sealed_phone="") for name in ("li", "zhao")]


@pytest.mark.django_db
def test_nobody_is_told_of_the_own_act(two):
    assert tell([*two, two[0]], by=actor_of(two[0])) == 1
    assert [n.user_id for n in Notification.objects.all()] == [two[1].pk]


@pytest.mark.django_db
@pytest.mark.parametrize(("level", "rows"), [("A", 3), ("B", 1), ("C", 3)])
def test_duties_about_one_object_are_merged_within_the_hour(two, level, rows):
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(3):
            tell(two[:1], level)
            clock.shift(timedelta(minutes=10))
        assert Notification.objects.count() == rows
        assert sum(n.merged for n in Notification.objects.all()) == 3 - rows
        tell(two[:1], level, about="another")
        clock.shift(timedelta(minutes=31))
        tell(two[:1], level)
    assert Notification.objects.count() == rows + 2, "another object, and another hour, are told anew"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("level", "at", "due"),
    [
        ("A", NIGHT, NIGHT),
        ("B", NOON, NOON),
        ("B", NIGHT, datetime(2026, 3, 5, 23, 0, tzinfo=UTC)),
        ("C", NOON, None),
    ],
)
def test_what_leaves_and_when(two, level, at, due):
    two[0].phone = "13800005678"
    two[0].save()
    with time_machine.travel(at, tick=False):
        tell(two, level)
        assert [s.next_at for s in Sending.objects.filter(way="sms")] == ([due] if due else [])


@pytest.mark.django_db
def test_a_text_is_written_to_the_log_file_with_the_number_masked(two, settings, tmp_path):
    settings.HOME = tmp_path
    two[0].phone = "13800005678"
    two[0].save()
    tell(two, "A")
    assert sending.send_waiting() == 1
    (line,) = (tmp_path / "not-sent" / "sms.jsonl").read_text().splitlines()
    assert json.loads(line)["to"] == "138****5678"
    assert "整改期限将到" in line
    assert "13800005678" not in line
    assert sending.send_waiting() == 0


@contextmanager
def receiver(answer):
    """A loopback HTTP server; `answer(handler)` is what it does with a POST."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            answer(self)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def here(port):
    return [Allowed("127.0.0.1", port, (ip_network("127.0.0.0/8"),))]


def reply(handler, status=200, body=b"", headers=()):
    handler.send_response(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.mark.django_db
def test_a_webhook_is_signed_and_tried_again_under_the_same_key(two, monkeypatch):
    got, answers = [], iter([500, 204])

    def take(handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        got.append((dict(handler.headers), body))
        reply(handler, next(answers))

    with receiver(take) as port:
        monkeypatch.setattr(egress, "allowed_places", lambda: here(port))
        endpoint = sending.add_endpoint(
            name="省平台", url=f"http://127.0.0.1:{port}/in", levels="A", actor=system_actor("cli")
        )
        tell(two, "B")
        assert sending.send_waiting() == 0, "this endpoint hears A only"
        tell(two, "A")
        assert sending.send_waiting() == 1
        assert "500" in Sending.objects.get().error
        Sending.objects.update(next_at=timezone.now())
        sending.send_waiting()
    assert Sending.objects.get().state == "sent"
    assert len({headers["Wanghuo-Delivery"] for headers, _ in got}) == 1
    headers, body = got[1]
    stamp, signature = int(headers["Wanghuo-Timestamp"]), headers["Wanghuo-Signature"]
    assert signing.is_genuine(endpoint.secret, stamp, body, signature, now=time.time())
    assert not signing.is_genuine(endpoint.secret, stamp, body + b" ", signature, now=time.time())
    assert not signing.is_genuine(endpoint.secret, stamp, body, signature, now=time.time() + 301)
    assert not signing.is_genuine("another", stamp, body, signature, now=time.time())
    assert json.loads(body)["title"] == {"zh": TITLE.zh, "en": TITLE.en}


def owed(name, url="http://127.0.0.1:9/in", count=1, **known):
    """So many messages to an endpoint."""
    endpoint = Endpoint.objects.get_or_create(name=name, defaults={"url": url})[0]
    rows = [Sending(way="webhook", address=url, endpoint=endpoint, payload={"n": n}, **known) for n in range(count)]
    return Sending.objects.bulk_create(rows)


@pytest.mark.django_db
def test_who_does_not_answer_is_asked_with_one_message_at_a_time(monkeypatch):
    asked = []

    def post(url, body, headers):
        asked.append(json.loads(body)["n"])
        if down:
            raise EgressFailed(host="h", why=TITLE)
        return egress.Answer(204, b"")

    monkeypatch.setattr(egress, "post", post)
    down = True
    with time_machine.travel(NOON, tick=False) as clock:
        owed("省平台", count=3, next_at=NOON)
        for _ in range(3):
            sending.send_waiting()
            clock.shift(timedelta(seconds=5))
        assert sorted(asked) == [0, 1, 2], "one at a time, those tried least first"
        down = False
        clock.shift(timedelta(seconds=5))
        assert sending.send_waiting() == 3
    assert not Sending.objects.exclude(state="sent").exists()


@pytest.mark.django_db
def test_a_message_that_is_refused_holds_up_no_other(monkeypatch):
    answers = {0: 500, 1: 204, 2: 204}
    monkeypatch.setattr(egress, "post", lambda url, body, headers: egress.Answer(answers[json.loads(body)["n"]], b""))
    owed("省平台", count=3)
    assert sending.send_waiting() == 3
    assert [s.payload["n"] for s in Sending.objects.exclude(state="sent")] == [0]


def test_a_system_that_hangs_holds_up_nobody_else(monkeypatch, in_threads):
    """Its own lane waits; another system and the text messages are served meanwhile, and it is not asked twice at once."""
    in_threads(lambda _: a_system_hangs(monkeypatch), 1)


def a_system_hangs(monkeypatch):
    freed, hung, others = threading.Event(), threading.Event(), []

    def post(url, body, headers):
        if "hangs" in url:
            others.append("hangs")
            hung.set()
            assert freed.wait(20)
        else:
            others.append("well")
        return egress.Answer(204, b"")

    monkeypatch.setattr(egress, "post", post)
    owed("挂起", "https://hangs.example.org/", 2)
    lanes = Lanes()
    try:
        lanes.step()
        assert hung.wait(20)
        owed("正常", "https://well.example.org/", 2)
        Sending.objects.create(way="sms", address="user:0", payload={"text": "x"})
        deadline = time.monotonic() + 20
        while Sending.objects.filter(state="sent").count() < 3 and time.monotonic() < deadline:
            lanes.step()
            time.sleep(0.01)
        assert Sending.objects.filter(state="sent").count() == 3
        assert others == ["hangs", "well", "well"]
    finally:
        freed.set()
        lanes.wait()
    assert Sending.objects.filter(state="sent").count() == 5


@pytest.mark.django_db
def test_how_each_way_out_does():
    owed("省平台", count=2)
    owed("市平台", attempts=8, state="failed", error="没有正常应答")
    owed("已送达", state="sent")
    Sending.objects.create(way="sms", address="user:0", payload={}, attempts=1, error="TimeoutError")
    found = [(w.name, w.waiting, w.failing, w.given_up, w.error) for w in sending.ways_out()]
    assert found == [("市平台", 0, 0, 1, "没有正常应答"), ("", 1, 1, 0, "TimeoutError"), ("省平台", 2, 0, 0, "")]
    assert (sending.send_again("市平台"), sending.send_again("市平台")) == (1, 0)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/in",
        "http://[::1]:80/",
        "file:///etc/passwd",
        "gopher://hooks.example.org/",
        "https://hooks.example.org:8443/",
        "https://user@hooks.example.org/",
        "https://hooks.example.org.evil.example/",
        "https://evil.example/?hooks.example.org",
    ],
)
def test_what_is_not_listed_is_not_reached(url):
    with pytest.raises(EgressRefused):
        egress.post(url, b"", {}, allowed=[Allowed("hooks.example.org", 443)])


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.8"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["0.0.0.0"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["::ffff:10.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["fd00::1"],
        ["fe80::1"],
        ["224.0.0.1"],
        ["93.184.216.34", "127.0.0.1"],
        [],
    ],
)
def test_a_listed_name_that_leads_inside_is_refused_before_any_connection(monkeypatch, addresses):
    monkeypatch.setattr(egress, "_resolve", lambda host, port: addresses)
    monkeypatch.setattr(egress.socket, "create_connection", lambda *a: pytest.fail("it connected"))
    with pytest.raises(EgressRefused):
        egress.post("https://hooks.example.org/", b"", {}, allowed=[Allowed("hooks.example.org", 443)])


def test_networks_of_the_list_decide_alone():
    inside = Allowed("province", 443, (ip_network("10.20.0.0/16"),))
    assert inside.takes(ip_address("10.20.3.4"))
    assert inside.takes(ip_address("::ffff:10.20.3.4"))
    assert not inside.takes(ip_address("10.21.3.4"))
    assert not inside.takes(ip_address("93.184.216.34"))


def test_the_address_checked_is_the_address_used(monkeypatch):
    """A name that would lead elsewhere the second time (DNS rebinding) is not asked a second time."""
    asked = []
    monkeypatch.setattr(egress, "_resolve", lambda host, port: asked.append(host) or ["127.0.0.1"])
    hosts = []
    with receiver(lambda h: (hosts.append(h.headers["Host"]), reply(h, 200, b"ok"))) as port:
        place = Allowed("hooks.example.org", port, (ip_network("127.0.0.0/8"),))
        answer = egress.post(f"http://hooks.example.org:{port}/", b"x", {}, allowed=[place])
    assert (answer.status, answer.body, asked) == (200, b"ok", ["hooks.example.org"])
    assert hosts == [f"hooks.example.org:{port}"]


def test_redirects_long_answers_and_slow_ones_are_refused(monkeypatch):
    def slow(handler):
        handler.connection.sendall(b"HTTP/1.1 200 OK\r\n")
        with contextlib.suppress(OSError):
            while True:
                handler.connection.sendall(b"X-A: b\r\n")
                ended.wait(0.02)

    ended = threading.Event()
    monkeypatch.setattr(egress, "TIME_S", 0.3)
    monkeypatch.setattr(egress, "MOST_BYTES", 1000)
    cases = {
        "redirect": lambda h: reply(h, 302, headers=[("Location", "http://127.0.0.1/")]),
        "longer": lambda h: reply(h, 200, b"x" * 1001),
        "more than": slow,
    }
    for words, answer in cases.items():
        with receiver(answer) as port, pytest.raises(EgressFailed) as caught:
            egress.post(f"http://127.0.0.1:{port}/", b"", {}, allowed=here(port))
        assert words in caught.value.message.en


def test_the_list_is_read_from_the_data_folder(tmp_path):
    path = tmp_path / "egress.toml"
    assert egress.allowed_places(path) == ()
    path.write_text('[[allow]]\nhost = "Hooks.example.org"\nport = 443\nnetworks = ["10.0.0.0/8"]\n')
    assert egress.allowed_places(path) == (Allowed("hooks.example.org", 443, (ip_network("10.0.0.0/8"),)),)


@pytest.mark.django_db
def test_the_page_shows_the_own_messages_and_opening_one_is_noted(two):
    tell(two[:1])
    mine, other = client_for(two[0]), client_for(two[1])
    row = Notification.objects.get()
    assert TITLE.zh in mine.get("/notifications").content.decode()
    assert TITLE.zh not in other.get("/notifications").content.decode()
    assert other.get(f"/notifications/{row.id}").status_code == 404
    assert telling.unread(two[0].pk) == 1
    assert mine.get(f"/notifications/{row.id}").headers["Location"] == "/hazards/x"
    assert telling.unread(two[0].pk) == 0
    tell(two[:1], "A", about="fire")
    tell(two[:1], "C", about="news")
    assert mine.post("/notifications/read").status_code == 303
    assert telling.unread(two[0].pk) == 1, "a message of life is opened by itself"
    with pytest.raises(NotFound):
        telling.open_one(notification_id=row.id, actor=actor_of(two[1]))


def shout(region="445281102", unit=None, n=0):
    live.publish("alarms", "raised", region_code=region, scope_unit=unit, view_right="alarms.view", payload={"n": n})


@pytest.mark.django_db(transaction=True)
def test_live_events_need_a_transaction_and_go_with_it():
    with pytest.raises(RuntimeError):
        shout()
    with transaction.atomic():
        shout()
        transaction.set_rollback(True)
    with transaction.atomic():
        shout(n=1)
        shout(n=2)
    with transaction.atomic():
        shout(n=3)
    events = live.after(0)
    assert [(e.seq, e.payload["n"]) for e in events] == [(events[0].seq + i, i + 1) for i in range(3)]
    assert live.last_seq() == events[-1].seq


@pytest.mark.django_db
def test_who_asks_hears_what_right_and_place_allow():
    shout("445281102", n=1)
    shout("331023108", n=2)
    live.publish_to(7, "notices", {"count": 1})
    operator = actor("alarm_operator", "445281")
    events, through = live.since(operator, "alarms", 0)
    assert [e.payload["n"] for e in events] == [1]
    assert through == live.last_seq(), "what is not for this actor is passed over, not asked for again"
    assert live.since(operator, "alarms", through) == ([], through)
    assert live.since(actor("learner", "445281"), "alarms", 0)[0] == []
    assert live.since(operator, "me", 0)[0] == []
    assert len(live.since(actor("learner", "445281", id=7), "me", 0)[0]) == 1
    events, through = live.since(operator, "alarms", 0, limit=1)
    assert live.since(operator, "alarms", through, limit=1)[0] == []


@pytest.mark.django_db
def test_events_whose_publisher_died_before_numbering_are_numbered_by_readers():
    for n in range(3):
        LiveEvent.objects.create(seq=None, channel="alarms", kind="raised", payload={"n": n}, region_code="44")
    before = live.last_seq()
    assert (live.number(), live.number()) == (3, 0)
    assert [e.payload["n"] for e in live.after(before)] == [0, 1, 2]


@pytest.mark.django_db
def test_the_polling_address_gives_the_own_scope(two):
    shout("445281102", n=1)
    shout("331023108", n=2)
    client = client_for(make_user("op", "alarm_operator", "445281"))
    body = client.get("/live/since?channel=alarms&after=0", headers={"Accept": "application/json"}).json()
    assert [e["payload"]["n"] for e in body["events"]] == [1]
    assert client.get("/live/since?channel=alarms&after=").json() == {"events": [], "seq": body["seq"]}
    assert client.get("/live/since?channel=alarms&after=x").status_code == 422
