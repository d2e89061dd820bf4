"""What leaves the platform: numbers without gaps, the print and its signature, the Word file, and nothing fetched on the way."""

from __future__ import annotations

import io
import re
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import docx as python_docx
import pdfplumber
import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from wanghuo.base import MoveRefused
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.files import storage
from wanghuo.kernel.papers import docx_paper, kinds, rendering, seals, services, signing, word
from wanghuo.kernel.papers.models import OfficialPaper, PaperCounter
from wanghuo.kernel.papers.presets import PRESETS
from wanghuo.kernel.papers.services.sealing import next_number, number_of, series_of
from wanghuo.kernel.papers.testing import LEADER, body, make_paper, standard
from wanghuo.kernel.regions.testing import COUNTY

READER = actor("inspector", COUNTY)  # may see the paper, not seal it
EVIL = "<script>alert(1)</script><img src=http://127.0.0.1:8319/x onerror=alert(2)>{{ 7|add:7 }}"


def words_of(pdf: bytes) -> str:
    with pdfplumber.open(io.BytesIO(pdf)) as file:
        return "".join(page.extract_text() for page in file.pages)


def bare(text: str) -> str:
    """Only letters and digits, since lines break elsewhere in another program."""
    return re.sub(r"[\W_]+", "", text)


# ------------------------------------------------------------------------------------------------- numbers


@pytest.mark.django_db
def test_numbers_run_by_issuer_series_and_year_without_gaps() -> None:
    standard()
    year = timezone.localdate().year
    orders = [make_paper("order", state="sealed").sequence for _ in range(3)]
    letter = make_paper("transfer", state="sealed", title="关于抄告隐患的函")
    assert orders == [1, 2, 3]
    assert letter.serial == f"普宁消安委办函〔{year}〕1号"
    issuer = body("消安委办")
    series = series_of(kinds.paper_kind("order"), issuer)
    assert next_number(issuer, series, year + 1) == 1
    assert next_number(body("消安委办", "4452"), series, year) == 1


@pytest.mark.django_db
def test_a_sealing_that_fails_gives_its_number_back(monkeypatch) -> None:
    paper = make_paper("order", state="approved")
    monkeypatch.setattr(signing, "sign", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        services.seal(paper, actor=LEADER)
    monkeypatch.undo()
    assert OfficialPaper.objects.get().state == "approved"
    assert services.seal(paper, actor=LEADER).sequence == 1
    with pytest.raises(MoveRefused):
        services.seal(paper, actor=LEADER)
    assert PaperCounter.objects.get().last == 1


@pytest.mark.django_db
def test_a_print_made_ahead_is_taken_only_while_it_is_still_right() -> None:
    paper, other = make_paper("order", state="approved"), make_paper("order", state="approved")
    first, second = services.print_ahead(paper, actor=LEADER), services.print_ahead(other, actor=LEADER)
    assert first is not None
    assert second is not None
    assert services.seal(paper, actor=LEADER, ahead=first).sequence == 1
    assert storage.original(OfficialPaper.objects.get(pk=paper.pk).file_id).read_bytes() == first.pdf
    assert services.seal(other, actor=LEADER, ahead=second).sequence == 2
    printed = storage.original(OfficialPaper.objects.get(pk=other.pk).file_id).read_bytes()
    assert printed != second.pdf
    assert "2号" in words_of(printed)
    assert services.print_ahead(paper, actor=LEADER) is None, "it has its number"
    assert services.print_ahead(make_paper("order", state="approved"), actor=READER) is None


def test_many_takers_at_once_leave_no_gap_and_no_double(in_threads) -> None:
    issuer, series = Body(name="普宁市消防安全委员会办公室"), "普宁消安委办督〔{year}〕{n}号"

    def take(n: int) -> list[int]:
        taken = []
        for m in range(10):
            with suppress(LookupError), transaction.atomic():
                number = next_number(issuer, series, 2026)
                if (n + m) % 5 == 0:
                    raise LookupError  # gives its number back
                taken.append(number)
        return taken

    taken = sorted(number for found in in_threads(take, 4) for number in found)
    assert len(taken) == 32
    assert taken == list(range(1, 33))


def test_a_number_reads_as_papers_write_it() -> None:
    assert number_of("普宁府〔{year}〕{n}号", 2026, 12) == "普宁府〔2026〕12号"
    assert "1" not in number_of("普宁府〔{year}〕{n}号", 2026, None).replace("2026", "")


# ------------------------------------------------------------------------------------------------- print and signature


@pytest.mark.django_db
def test_the_sealed_print_is_signed_and_tampering_is_found() -> None:
    paper = make_paper("order", state="sealed")
    pdf = storage.original(paper.file_id).read_bytes()
    checked = signing.check(pdf)
    assert (checked.signed, checked.intact, checked.ours) == (True, True, True)
    assert paper.serial in checked.reason
    at = pdf.index(b"stream") + 40
    tampered = pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]
    assert not signing.check(tampered).intact
    appended = pdf + b"\n% more\n"
    assert not signing.check(appended).intact
    assert not signing.check(rendering.pdf(paper, sealed=True)).signed
    assert not signing.check(b"no pdf").signed


@pytest.mark.django_db
def test_the_signing_key_is_readable_by_its_owner_alone() -> None:
    signing.certificate_pem()
    assert (settings.KEYS / "papers_signing.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db
def test_a_print_changed_on_the_disk_is_not_handed_out() -> None:
    standard()
    paper = make_paper("order", state="sealed")
    path = storage.original(paper.file_id)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b" ")
    assert client_for(make_user("b", "brigade_leader", COUNTY)).get(f"{paper.url}/pdf").status_code == 500


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [kind.code for kind in PRESETS])
def test_word_file_and_print_say_the_same(kind: str) -> None:
    paper = make_paper(kind, state="sealed", title="关于全市消防安全工作有关情况的文书", cc="普宁市人民政府")
    printed = bare(words_of(storage.original(paper.file_id).read_bytes()))
    file = python_docx.Document(io.BytesIO(docx_paper.docx(paper)))
    lines = [*(p.text for p in file.paragraphs), *(c.text for t in file.tables for r in t.rows for c in r.cells)]
    assert len(lines) > 8
    for line in lines:
        for part in line.split("\t"):
            assert bare(part) in printed, part
    for wanted in (paper.serial, "普宁市消防安全委员会办公室", rendering.chinese_day(paper.dated_on), "普宁市人民政府"):
        assert bare(wanted) in bare("".join(lines))


@pytest.mark.django_db
def test_the_page_has_the_measures_of_the_standard() -> None:
    filler = "消防安全责任重于泰山必须常抓不懈" * 60
    paper = make_paper("report", state="sealed", title="关于工作情况的报告", fields={"situation": filler})
    with pdfplumber.open(io.BytesIO(storage.original(paper.file_id).read_bytes())) as file:
        page = file.pages[1]
        mm = 72 / 25.4
        assert (round(page.width / mm), round(page.height / mm)) == (210, 297)
        lines = [line for line in page.extract_text_lines() if len(line["text"]) == 28]
        assert len(lines) > 15, "a full line has 28 characters"
        assert abs(min(line["x0"] for line in lines) / mm - 28) < 0.6
        tops = sorted(line["top"] for line in lines)
        assert abs((tops[1] - tops[0]) / mm - 225 / 22) < 0.1
        assert "— 2 —" in page.extract_text()
        assert "签发人" in file.pages[0].extract_text()


@pytest.mark.django_db
def test_a_short_letter_stands_on_one_page_with_its_code_unbroken() -> None:
    paper = make_paper("transfer", state="sealed", title="关于抄告某民办幼儿园火灾隐患的函")
    with pdfplumber.open(io.BytesIO(storage.original(paper.file_id).read_bytes())) as file:
        assert len(file.pages) == 1
        words = file.pages[0].extract_text()
    code = rendering.written_code(paper.code)
    assert code[:12] in words
    assert code[12:] in words


@pytest.mark.django_db
def test_what_people_type_stays_text() -> None:
    paper = make_paper("order", title=f"关于{EVIL[:25]}的督办单", fields={"reason": EVIL, "matters": [EVIL]}, cc=EVIL)
    html = rendering.body_html(paper, kinds.paper_kind("order"))
    assert "<script" not in html
    assert "<img" not in html
    assert "{{ 7|add:7 }}" in html
    page = client_for(make_user("b", "brigade_leader", COUNTY)).get(paper.url).content.decode()
    assert "<script>alert" not in page
    assert "<img src=http" not in page
    assert "<script>alert(1)</script>" in "".join(word.texts(docx_paper.docx(paper)))


def test_a_print_reads_no_file_and_asks_no_server(tmp_path) -> None:
    asked = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    secret = tmp_path / "secret.txt"
    secret.write_text("四号仓库的钥匙")
    server = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        web = f"http://127.0.0.1:{server.server_port}"
        pdf = rendering.print_html(
            f'<html><head><link rel="stylesheet" href="{web}/s.css"><link rel="attachment" href="file://{secret}">'
            f'<style>@import url("{web}/i.css"); body {{ background: url({web}/b.png) }}</style></head>'
            f'<body><p>正文</p><img src="file://{secret}"><img src="{web}/p.png"><object data="file://{secret}"></object>'
            f'<img src="data:text/html,<b>x"><a href="{web}/fine">x</a></body></html>'
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == []
    assert "正文" in words_of(pdf)
    assert "钥匙" not in words_of(pdf)
    assert b"EmbeddedFile" not in pdf


# ------------------------------------------------------------------------------------------------- small parts


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("约谈通知书", ["约谈通知书"]),
        ("关于2026年10月全市消防安全工作情况的通报", ["关于2026年10月全市", "消防安全工作情况的通报"]),
    ],
)
def test_titles_break_between_words(title: str, lines: list[str]) -> None:
    assert rendering.title_lines(title) == lines


def test_the_drawn_seal_says_that_it_is_for_demonstration() -> None:
    assert "示范" in seals.drawn("普宁市消防安全委员会办公室")
    assert "&lt;b&gt;" not in seals.drawn("甲<b>")
    assert "<b>" not in seals.drawn("甲<b>")


def test_every_kind_has_its_template() -> None:
    kinds.check_templates()
    with pytest.raises(ValueError, match="year"):
        kinds.register_paper(kinds.PaperKind("x", PRESETS[0].title, "x", (), "x{n}"))
