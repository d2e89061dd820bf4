"""What auditors see, what everyone sees, and that refusals leave an entry."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import ResolverMatch

from wanghuo.base import Conflict, NotPermitted, Text
from wanghuo.engines.auditlog import verify_checkpoint
from wanghuo.entrypoints.cli.main import main
from wanghuo.kernel.access.actor import anonymous
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.audit import guards, record
from wanghuo.kernel.audit.identity import public_key
from wanghuo.kernel.audit.middleware import Refusals
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.audit.sealing import make_checkpoint, seal_pending

pytestmark = pytest.mark.django_db
OFFICER = actor("inspector", "445281", id=7)


@pytest.fixture
def auditor():
    return client_for(make_user("shen", "auditor", "445281"))


def test_an_auditor_sees_the_region_and_no_other(auditor) -> None:
    lin = make_user("lin", "inspector", "445281")
    mine = record(
        actor("inspector", "445281", id=lin.id), "hazards:hazard:order", "YH-445281-2026-00001", region="445281102"
    )
    other = record(OFFICER, "hazards:hazard:order", "YH-440305-2026-00001", region="440305")
    seal_pending()
    page = auditor.get("/admin/audit")
    text = page.content.decode()
    assert page.status_code == 200
    assert "YH-445281-2026-00001" in text
    assert ">lin<" in text
    assert "YH-440305" not in text
    assert auditor.get(f"/admin/audit/{mine.id}").status_code == 200
    assert auditor.get(f"/admin/audit/{other.id}").status_code == 404


def test_the_log_is_found_by_object_person_action_result_and_period(auditor) -> None:
    lin = make_user("lin", "inspector", "445281")
    record(actor("inspector", "445281", id=lin.id), "hazards:hazard:order", "YH-1")
    record(OFFICER, "places:unit:change", "DW-1", result="refused", code="conflict")

    def shown(query: str) -> set[str]:
        text = auditor.get(f"/admin/audit?{query}").content.decode()
        return {ref for ref in ("YH-1", "DW-1") if f">{ref}<" in text}

    assert shown("") == {"YH-1", "DW-1"}
    assert shown("q=lin") == shown("q=YH-1") == shown("q=hazards:hazard") == shown("part=hazards") == {"YH-1"}
    assert shown("q=7") == shown("result=refused") == {"DW-1"}
    assert shown("period=2020") == shown("q=nobody") == set()


def test_nobody_else_sees_the_log() -> None:
    for role in ("inspector", "system_admin", "security_admin"):
        assert client_for(make_user(role, role, "44")).get("/admin/audit").status_code == 403


def test_an_entry_shows_what_changed_and_where_it_is_sealed(auditor) -> None:
    row = record(
        OFFICER, "a:b:c", "x<script>", before={"state": "verified"}, after={"state": "rectifying"}, private={"n": "x"}
    )
    assert "一秒内封存" in auditor.get(f"/admin/audit/{row.id}").content.decode()
    seal_pending()
    text = auditor.get(f"/admin/audit/{row.id}").content.decode()
    assert "rectifying" in text
    assert "另行保存" in text
    assert "<script>" not in text.split("<main", 1)[1].split("</main>", 1)[0]


def test_anyone_may_fetch_the_checkpoint(client) -> None:
    assert client.get("/transparency/checkpoint").status_code == 404
    assert client.get("/transparency").status_code == 200
    record(OFFICER, "a:b:c", "x")
    seal_pending()
    answer = client.get("/transparency/checkpoint")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert verify_checkpoint(answer.content.decode(), public_key()).size == 1
    assert (
        verify_checkpoint(answer.content.decode(), public_key()).root.hex()
        in client.get("/transparency").content.decode()
    )


def order(request) -> HttpResponse:
    raise AssertionError


def refused(method: str, response: HttpResponse, who=OFFICER) -> list[tuple[str, ...]]:
    request = RequestFactory().generic(method, "/hazards/YH-1/order", "secret=1")
    request.actor = who
    request.resolver_match = ResolverMatch(order, (), {}, url_name="hazard_order")
    assert Refusals(lambda _: response)(request) is response
    return list(AuditEntry.objects.values_list("actor", "action", "object", "result", "code"))


def with_error(error) -> HttpResponse:
    response = HttpResponse(status=error.status)
    response.app_error = error
    return response


PART = __name__.split(".")[2]


@pytest.mark.parametrize(
    ("response", "result", "code"),
    [
        (with_error(NotPermitted(right="x")), "refused", "not_permitted"),
        (with_error(Conflict(what=Text("x", "x"))), "refused", "conflict"),
        (HttpResponse(status=404), "refused", "http_404"),
        (HttpResponse(status=500), "error", "http_500"),
    ],
)
def test_a_refusal_leaves_an_entry_without_what_was_sent(response, result, code) -> None:
    assert refused("POST", response) == [("7", f"{PART}:hazard_order:post", "/hazards/YH-1/order", result, code)]
    assert "secret" not in AuditEntry.objects.get().body


@pytest.mark.parametrize(
    ("method", "status"), [("GET", 404), ("HEAD", 403), ("POST", 200), ("POST", 303), ("POST", 401)]
)
def test_what_is_no_refused_act_leaves_none(method, status) -> None:
    assert refused(method, HttpResponse(status=status)) == []


def test_a_visitor_is_refused_under_no_name() -> None:
    assert refused("POST", HttpResponse(status=403), anonymous())[0][0] == "anonymous"


def test_a_refusal_that_cannot_be_recorded_stays_a_refusal(monkeypatch, caplog) -> None:
    monkeypatch.setattr("wanghuo.kernel.audit.middleware.record", lambda *a, **k: 1 / 0)
    assert refused("POST", HttpResponse(status=403)) == []
    assert "could not be recorded" in caplog.text


def test_the_command_line_checks_seals_and_hands_out(tmp_path, capsys) -> None:
    assert main(["audit", "checkpoint"]) == 1
    record(OFFICER, "hazards:hazard:order", "YH-1")
    record(OFFICER, "hazards:hazard:order", "YH-2")
    assert main(["audit", "seal"]) == 0
    kept = tmp_path / "kept.txt"
    assert main(["audit", "checkpoint", "--out", str(kept)]) == 0
    assert main(["audit", "verify", "--checkpoint", str(kept)]) == 0
    assert "2 条" in capsys.readouterr().out
    assert main(["audit", "verify"]) == 0
    assert "elsewhere beforehand" in capsys.readouterr().err
    guards.remove(connection)
    AuditEntry.objects.filter(object="YH-2").update(body="{}")
    guards.install(connection)
    assert main(["audit", "verify", "--checkpoint", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "最早在第 1 条" in out
    assert "YH-2" in out
    assert main(["audit", "verify", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["whole"], told["size"], told["findings"][0]["seq"]) == (False, 2, 1)
    assert main(["audit", "verify", "--checkpoint", str(tmp_path / "absent")]) == 2
    assert main(["audit", "key"]) == 0
    assert "+" in capsys.readouterr().out
    assert make_checkpoint() is not None
