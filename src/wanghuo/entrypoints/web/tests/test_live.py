"""The live stream as a browser has it: a real server, real sockets, several hundred clients."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wanghuo.entrypoints.web import live as served
from wanghuo.kernel.accounts.testing import actor
from wanghuo.kernel.notify.live import Heard

RIG = Path(__file__).with_name("live_rig.py")


def heard(seq, region="445281102", **more):
    fields = {"channel": "alarms", "kind": "raised", "sector": "", "scope_unit": None, "view_right": "alarms.view"}
    fields |= {"only_user": None, "payload": {"n": seq}, "at": datetime(2026, 3, 5, tzinfo=UTC), **more}
    return Heard(seq=seq, region_code=region, **fields)


def test_a_listener_takes_what_reaches_its_actor_and_ends_when_it_falls_behind():
    async def run():
        one = served.Listener("alarms", actor("alarm_operator", "445281"))
        for event in (heard(1), heard(2, "331023108"), heard(3, channel="other"), heard(4, only_user=5)):
            one.offer(event, served.frame_of(event))
        assert one.queue.qsize() == 1
        for number in range(served.QUEUED):
            one.offer(heard(10 + number), b"x")
        return one

    one = asyncio.run(run())
    assert one.overrun
    assert one.queue.qsize() == served.QUEUED, "what it holds is bounded"


def test_frames_are_what_the_page_reads():
    frame = served.frame_of(heard(7)).decode()
    assert frame.startswith("id: 7\ndata: {")
    assert frame.endswith("\n\n")
    assert json.loads(frame.split("data: ")[1])["payload"] == {"n": 7}
    assert served.heartbeat(9) == b'id: 9\nevent: heartbeat\ndata: {"seq":9}\n\n'


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 0),
        ({"method": "POST"}, 405),
        ({"host": b"evil.example"}, 400),
        ({"query": b""}, 400),
        ({"cookie": b""}, 401),
    ],
)
def test_what_is_asked_wrongly_is_refused(change, status, settings):
    settings.ALLOWED_HOSTS, settings.SESSION_COOKIE_NAME = ["127.0.0.1"], "session"
    asked = {
        "method": "GET",
        "host": b"127.0.0.1:8150",
        "query": b"channel=alarms",
        "cookie": b"a=b; session=key",
        **change,
    }
    headers = [(b"host", asked["host"]), (b"cookie", asked["cookie"])]
    scope = {"method": asked["method"], "headers": headers, "query_string": asked["query"], "client": None}
    assert served._Request(scope).problem() == status


def test_the_number_to_resume_from_is_the_browsers_own_before_the_pages():
    def after(query, *headers):
        return served._Request({"method": "GET", "headers": headers, "query_string": query}).after

    assert after(b"channel=a&after=5") == 5
    assert after(b"channel=a&after=5", (b"last-event-id", b"9")) == 9
    assert after(b"channel=a&after=0") == 0
    assert after(b"channel=a&after=") is None
    assert after(b"channel=a&after=-1") is None


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the rig saw: see live_rig.py."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if k != "WANGHUO_DATABASE"}
    home = tmp_path_factory.mktemp("live")
    run = subprocess.run(
        [sys.executable, RIG, str(home), str(port), "200"], env=environment, capture_output=True, text=True, timeout=240
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout)


@pytest.mark.alone
def test_every_one_of_200_clients_hears_every_event_of_its_scope_in_order(told):
    assert told["clients"] == 200
    assert told["complete"] == 200
    assert told["out_of_order"] == told["out_of_scope"] == 0


@pytest.mark.alone
def test_who_comes_back_gets_what_was_missed_and_nothing_twice(told):
    assert told["resumed"] == told["missed"]
    assert len(told["missed"]) == 5


@pytest.mark.alone
def test_strangers_and_ended_sessions_get_no_stream(told):
    assert told["without_cookie"] == told["wrong_cookie"] == told["ended_session"] == 401


@pytest.mark.alone
def test_a_lost_ring_costs_half_a_second_at_most(told):
    assert told["without_ring_s"] < 2.0
    assert told["django_answers"] == 302


@pytest.mark.alone
def test_the_server_stops_by_itself_while_streams_are_open(told):
    assert (told["stopped_with"], told["stream_ended"]) == (0, True)
    assert told["said"] == ""
