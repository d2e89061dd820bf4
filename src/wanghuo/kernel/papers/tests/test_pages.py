"""Every page of papers, in both languages, for those who send, those who receive, and the public."""

from __future__ import annotations

import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.files.testing import drawing
from wanghuo.kernel.papers import services
from wanghuo.kernel.papers.models import OfficialPaper, Seal
from wanghuo.kernel.papers.presets import PRESETS
from wanghuo.kernel.papers.rendering import written_code
from wanghuo.kernel.papers.testing import DRAFTER, FIELDS, LEADER, body, make_paper, standard
from wanghuo.kernel.regions.testing import COUNTY, NEIGHBOUR, SISTER_TOWN, TOWN

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(db: None):
    standard()
    return client_for(make_user("clerk", "brigade_leader", COUNTY))


@pytest.fixture
def town(db: None):
    standard()
    return client_for(make_user("town", "committee_clerk", TOWN))


def typed(kind: str) -> dict[str, str]:
    made = {}
    for name, value in FIELDS[kind].items():
        if isinstance(value, list):
            value = "\n".join(" | ".join(row) if isinstance(row, list) else row for row in value)
        made[f"f_{name}"] = value
    return made


@pytest.mark.parametrize("kind", [kind.code for kind in PRESETS])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_is_drafted_and_shown(kind: str, language: str, clerk) -> None:
    clerk.cookies["lang"] = language
    assert clerk.get("/papers").status_code == 200
    assert clerk.get("/papers/new").status_code == 200
    form = clerk.get(f"/papers/new?kind={kind}")
    assert "普宁市消防安全委员会办公室" in form.content.decode()
    sent = {
        "issuer": "消安委办",
        "to": "各镇街、教育局",
        "title": "关于测试的文书",
        "to_text": "",
        "cc": "",
        **typed(kind),
    }
    answer = clerk.post(f"/papers/new?kind={kind}", sent)
    assert answer.status_code == 303, answer.content.decode()[:3000]
    paper = OfficialPaper.objects.get()
    assert answer["Location"] == paper.url
    assert paper.copies.count() == 4
    page = clerk.get(paper.url).content.decode()
    assert "各镇人民政府、街道办事处，普宁市教育局" in page
    assert "草稿" in page
    assert clerk.get(f"{paper.url}/change").status_code == 200
    again = {**sent, "to": "赤岗镇", "title": "关于改过的文书"}
    assert clerk.post(f"{paper.url}/change", again).status_code == 303
    assert [copy.name for copy in paper.copies.all()] == ["赤岗镇人民政府"]


def test_what_cannot_be_addressed_is_said_at_its_field(clerk) -> None:
    sent = {"issuer": "消安委办", "title": "关于测试的文书", **typed("order")}
    unknown = clerk.post("/papers/new?kind=order", {**sent, "to": "火星事务局"})
    assert unknown.status_code == 422
    assert "火星事务局" in unknown.content.decode()
    several = clerk.post("/papers/new?kind=order", {**sent, "to": "镇应急办"})
    assert several.status_code == 422
    nobody = clerk.post("/papers/new?kind=order", {**sent, "to": "消安委办"})
    assert nobody.status_code == 422
    assert not OfficialPaper.objects.exists()


def test_the_whole_way_through_the_pages(clerk, town) -> None:
    leader = client_for(make_user("leader", "government_leader", COUNTY))
    paper = make_paper("order", drafter=DRAFTER)
    for client, name in ((clerk, "submit"), (leader, "approve"), (leader, "seal"), (clerk, "serve")):
        url = f"{paper.url}/acts/{name}"
        assert client.get(url).status_code == 200, name
        assert client.post(url, {"note": ""}).status_code == 303, name
    assert town.get("/papers").content.decode().count(paper.ref) >= 1
    copy = paper.copies.get()
    acts = f"{paper.url}/copies/{copy.pk}/acts"
    assert f"{acts}/receive" in town.get(paper.url).content.decode()
    assert town.post(f"{acts}/receive", {}).status_code == 303
    evidence = SimpleUploadedFile("台账.csv", "名称,数量\n消火栓,12\n".encode())
    assert town.post(f"{acts}/reply", {"text": "已完成", "evidence": [evidence]}).status_code == 303
    page = clerk.get(paper.url).content.decode()
    assert "已完成" in page
    assert "台账.csv" in page
    link = next(part for part in page.split('"') if part.startswith(f"{paper.url}/files/"))
    assert b"".join(clerk.get(link).streaming_content).startswith("名称".encode())
    assert clerk.post(f"{acts}/accept_reply", {"note": ""}).status_code == 303
    paper.refresh_from_db()
    assert paper.state == "closed"


def test_files_download_whole(clerk) -> None:
    paper = make_paper("circular", state="sealed", title="关于情况的通报")
    pdf = clerk.get(f"{paper.url}/pdf")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    assert clerk.get(f"{paper.url}/docx").content.startswith(b"PK")
    draft = make_paper("order")
    assert clerk.get(f"{draft.url}/pdf").content.startswith(b"%PDF")


def test_another_county_sees_nothing() -> None:
    paper = make_paper("order", state="served")
    stranger = client_for(make_user("stranger", "brigade_leader", NEIGHBOUR))
    sister = client_for(make_user("sister", "committee_clerk", SISTER_TOWN))
    manager = client_for(make_user("manager", "unit_manager", TOWN, unit="01900000-0000-7000-8000-000000000001"))
    for client in (stranger, sister, manager):
        assert paper.ref not in client.get("/papers").content.decode()
        for path in ("", "/pdf", "/docx", "/acts/void", f"/copies/{paper.copies.get().pk}/acts/receive"):
            assert client.get(paper.url + path).status_code == 404


def test_an_addressee_sees_only_its_own_copy(town) -> None:
    paper = make_paper("order", to=[body("赤岗镇"), body("大坝镇")], state="approved")
    services.return_(paper, reason="内部意见", actor=LEADER)
    for step, who in (
        (services.submit, DRAFTER),
        (services.approve, LEADER),
        (services.seal, LEADER),
        (services.serve, DRAFTER),
    ):
        step(paper, actor=who)
    sister = actor("committee_clerk", SISTER_TOWN)
    services.receive(paper, body("大坝镇"), sister)
    services.reply(paper, body("大坝镇"), "大坝的答复", [], sister)
    page = town.get(paper.url).content.decode()
    assert "大坝的答复" not in page
    assert "内部意见" not in page
    side = page[page.index('id="copies"') :]
    assert "赤岗镇人民政府" in side
    assert "大坝镇人民政府" not in side


def test_a_seal_is_uploaded_and_printed(clerk) -> None:
    issuer: Body = body("消安委办")
    png = io.BytesIO()
    drawing().save(png, "PNG")
    page = f"/papers/seals/{issuer.pk}"
    assert clerk.get("/papers/seals").status_code == 200
    assert "svg+xml" in clerk.get(page).content.decode()
    assert clerk.post(page, {"file": ContentFile(b"not a picture", name="seal.png")}).status_code == 422
    assert clerk.post(page, {"file": ContentFile(png.getvalue(), name="seal.png")}).status_code == 303
    assert clerk.post(page, {"file": ContentFile(png.getvalue(), name="seal.png")}).status_code == 303
    assert Seal.objects.filter(retired_at=None).count() == 1
    assert "image/png;base64" in clerk.get(page).content.decode()
    assert make_paper("order", state="sealed").sha256


@pytest.mark.parametrize("language", ["zh", "en"])
def test_anybody_verifies_by_code_and_by_digest(client, language: str) -> None:
    client.cookies["lang"] = language
    paper = make_paper("order", state="sealed", title="关于秘密事项的督办单")
    written = written_code(paper.code)
    moved = client.get("/p/verify", {"code": written.lower().replace("-", " ")})
    assert moved["Location"] == f"/p/verify/{paper.code}"
    page = client.get(moved["Location"]).content.decode()
    assert paper.serial in page
    assert paper.sha256 in page
    assert "秘密事项" not in page
    assert "赤岗镇" not in page
    assert paper.serial in client.get("/p/verify", {"sha256": paper.sha256}).content.decode()
    changed = client.get("/p/verify", {"sha256": "0" * 64}).content.decode()
    assert paper.serial not in changed
    assert client.get("/p/verify", {"code": "abc"}).status_code == 200
    assert client.get("/p/verify/" + "0" * 20).status_code == 404
    assert client.get("/p/verify").status_code == 200
    assert b"BEGIN CERTIFICATE" in client.get("/p/verify/certificate.pem").content
    assert b"PRIVATE" not in client.get("/p/verify/certificate.pem").content


def test_a_public_kind_shows_its_title_and_a_void_paper_says_so(client) -> None:
    paper = make_paper("circular", state="sealed", title="关于公开事项的通报")
    assert "关于公开事项的通报" in client.get(f"/p/verify/{paper.code}").content.decode()
    services.void(paper, reason="内容有误", actor=DRAFTER)
    page = client.get(f"/p/verify/{paper.code}").content.decode()
    assert "已作废" in page
    assert "内容有误" not in page


def test_a_draft_cannot_be_verified(client) -> None:
    paper = make_paper("order", state="approved")
    assert client.get(f"/p/verify/{paper.code}").status_code == 404
