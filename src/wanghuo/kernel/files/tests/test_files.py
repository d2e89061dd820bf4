"""What is taken, what is refused and why, who sees it, and what leaves the platform."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import struct
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from PIL import Image

from wanghuo.base import Invalid, NotFound
from wanghuo.engines.auditlog import SUITES
from wanghuo.kernel.access.actor import system_actor
from wanghuo.kernel.accounts.testing import actor, client_for, make_user
from wanghuo.kernel.audit.models import AuditEntry
from wanghuo.kernel.files import files_of, get_file, imaging, kinds, service, similar_photos, storage, store
from wanghuo.kernel.files.models import StoredFile
from wanghuo.kernel.files.testing import WORKBOOK, Record, drawing, office, photo

OFFICER = actor("inspector", "445281")
NEIGHBOUR = actor("inspector", "445202")
SM3 = SUITES[2]
PLAIN_PNG = b"\x89PNG\r\n\x1a\n"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shelf(tmp_path, settings) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return settings.MEDIA_ROOT


def keep(upload, record: Record | None = None, **more) -> StoredFile:
    return store(upload, actor=OFFICER, subject=record or Record(), view_right="hazards.view", label="before", **more)


def png(width: int, height: int) -> bytes:
    """A PNG that declares any size in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PLAIN_PNG + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


def animated() -> bytes:
    file = io.BytesIO()
    drawing(1).save(file, "WEBP", save_all=True, append_images=[drawing(2)], duration=100)
    return file.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
HOSTILE = [
    ("a.jpg", b"", "files.empty"),
    ("a.svg", SVG, "files.kind_not_allowed"),
    ("a.html", HTML, "files.kind_not_allowed"),
    ("a.exe", b"MZ", "files.kind_not_allowed"),
    ("jpg", b"x", "files.kind_not_allowed"),
    ("", b"x", "files.kind_not_allowed"),
    ("a.jpg.php", b"x", "files.kind_not_allowed"),
    ("a.jpg", SVG, "files.content_mismatch"),
    ("a.jpg", HTML, "files.content_mismatch"),
    ("a.png", photo().read(), "files.content_mismatch"),
    ("a.jpg", PLAIN_PNG, "files.content_mismatch"),
    ("a.pdf", b"<html>%PDF-1.7", "files.content_mismatch"),
    ("a.mp4", b"\0\0\0\x18nope", "files.content_mismatch"),
    ("a.csv", HTML, "files.content_mismatch"),
    ("a.csv", b"\xef\xbb\xbf" + SVG, "files.content_mismatch"),
    ("a.csv", b"a,b\0c", "files.content_mismatch"),
    ("a.csv", photo().read(), "files.content_mismatch"),
    ("a.csv", "<script>".encode("utf-16"), "files.content_mismatch"),
    ("a.jpg", b"\xff\xd8\xff\xe0" + HTML, "files.image_unreadable"),
    ("a.jpg", photo().read()[:2000], "files.image_unreadable"),
    ("a.png", PLAIN_PNG + os.urandom(500), "files.image_unreadable"),
    ("a.png", png(30_000, 30_000), "files.image_too_large"),
    ("a.png", png(7_000, 7_000), "files.image_unreadable"),
    ("a.webp", animated(), "files.animated"),
    ("a.xlsx", b"PK\x03\x04", "files.bad_archive"),
    ("a.xlsx", office({"word/document.xml": b"x"}).read(), "files.content_mismatch"),
    ("a.docx", office(WORKBOOK).read(), "files.content_mismatch"),
    ("a.xlsx", office({**WORKBOOK, "xl/vbaProject.bin": b"x"}).read(), "files.has_macros"),
    ("a.xlsx", office({**WORKBOOK, "../../etc/passwd": b"x"}).read(), "files.bad_archive"),
    ("a.xlsx", office({**WORKBOOK, "xl/media/inner.zip": b"x"}).read(), "files.bad_archive"),
    ("a.xlsx", office({**WORKBOOK, "xl/worksheets/sheet2.xml": b"0" * 30_000_000}).read(), "files.bad_archive"),
    ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "files.bad_archive"),
]


@pytest.mark.parametrize(
    ("name", "content", "code"), HOSTILE, ids=[f"{n}-{c}-{i}" for i, (n, _, c) in enumerate(HOSTILE)]
)
def test_the_hostile_is_refused_with_a_reason_and_leaves_nothing(name, content, code, shelf) -> None:
    with pytest.raises(Invalid) as refused:
        keep(ContentFile(content, name=name))
    assert refused.value.code == code
    assert refused.value.message.zh
    assert refused.value.message.en
    assert "{" not in str(refused.value)
    assert not StoredFile.objects.exists()
    assert not [path for path in shelf.rglob("*") if path.is_file()]


def test_a_stream_past_the_limit_is_cut_off(monkeypatch, shelf) -> None:
    taken = 0

    class Endless:
        name = "a.pdf"

        def chunks(self):
            nonlocal taken
            while True:
                taken += 1
                yield b"%PDF-1.7" + b"\0" * (1 << 20)

    with pytest.raises(Invalid, match="50 MB") as refused:
        keep(Endless())
    assert (refused.value.code, refused.value.status) == ("files.too_large", 413)
    assert taken == 50
    assert not [path for path in shelf.rglob("*") if path.is_file()]


def test_a_picture_is_kept_whole_and_served_clean(shelf) -> None:
    sent = photo(gps=True)
    raw = sent.read()
    row = keep(ContentFile(raw, name="现场.jpg"))
    assert storage.original(row.id).read_bytes() == raw
    assert (row.width, row.height, row.size, row.content_type) == (320, 240, len(raw), "image/jpeg")
    assert row.taken_at == datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
    assert (row.lat, row.lng) == (23.298, 116.166)
    view = storage.folder_of(row.id) / storage.VIEW
    with Image.open(view) as picture:
        assert not picture.getexif()
        assert picture.format == "JPEG"
    with Image.open(storage.folder_of(row.id) / storage.THUMB) as picture:
        assert max(picture.size) <= 320
    assert not list((shelf / "staging").iterdir())


def test_a_picture_that_is_a_page_too_comes_out_as_a_picture_alone() -> None:
    row = keep(ContentFile(photo().read() + HTML + b"PK\x05\x06", name="a.jpg"))
    for name in (storage.VIEW, storage.THUMB):
        assert b"<script" not in (storage.folder_of(row.id) / name).read_bytes()


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_broken_exif_costs_only_the_exif(exif) -> None:
    file = io.BytesIO()
    drawing().save(file, "JPEG", exif=exif)
    row = keep(ContentFile(file.getvalue(), name="a.jpg"))
    assert (row.taken_at, row.lat, row.lng) == (None, None, None)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16", "CMYK"])
def test_every_kind_of_pixel_is_written_anew(mode) -> None:
    file = io.BytesIO()
    name, form = ("a.jpg", "JPEG") if mode == "CMYK" else ("a.png", "PNG")
    picture = Image.new("I;16", (64, 48)) if mode == "I;16" else drawing(size=(64, 48)).convert(mode)
    picture.save(file, form)
    assert keep(ContentFile(file.getvalue(), name=name)).width == 64


def test_a_picture_taken_on_its_side_stands_upright() -> None:
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    picture = Image.new("RGB", (80, 40), "white")
    picture.paste("black", (0, 0, 20, 40))
    picture.save(file, "JPEG", exif=exif)
    row = keep(ContentFile(file.getvalue(), name="a.jpg"))
    with Image.open(storage.folder_of(row.id) / storage.VIEW) as view:
        assert view.size == (40, 80)
        assert view.convert("L").getpixel((20, 5)) < 60, "the left edge has become the top"


def test_fifty_megapixels_fit_into_the_child() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (8000, 6200), (200, 30, 30, 255)).save(file, "PNG", compress_level=1)
    assert keep(ContentFile(file.getvalue(), name="large.png")).width == 8000


@pytest.mark.parametrize(
    ("upload", "media_type"),
    [
        (office(WORKBOOK), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (office({"word/document.xml": b"x"}, "通知.docx"), kinds.KINDS["docx"].media_type),
        (office({"OFD.xml": b"x"}, "通知.ofd"), "application/ofd"),
        (ContentFile(b"%PDF-1.7\n", name="通知.PDF"), "application/pdf"),
        (ContentFile(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", name="a.mp4"), "video/mp4"),
        (ContentFile("名称,地址\n滨江商贸城,一号楼".encode(), name="a.csv"), "text/csv"),
        (ContentFile("名称,地址\n滨江商贸城,一号楼".encode("gb18030"), name="a.csv"), "text/csv"),
        (ContentFile(("一" * 40_000).encode(), name="long.csv"), "text/csv"),
    ],
)  # fmt: skip
def test_papers_are_taken_and_come_back_as_downloads(upload, media_type) -> None:
    upload.seek(0)
    row = keep(upload)
    client = client_for(make_user("lin", "inspector", "445281"))
    answer = client.get(row.url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == media_type
    assert answer["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer.getvalue() == storage.original(row.id).read_bytes()
    assert client.get(f"{row.url}/thumb").status_code == 404


def test_only_who_may_see_the_record_sees_its_files() -> None:
    record = Record()
    row = keep(photo(), record)
    here, there = (
        client_for(make_user("lin", "inspector", "445281")),
        client_for(make_user("wu", "inspector", "445202")),
    )
    no_right = client_for(make_user("he", "auditor", "44"))
    for path in (row.url, f"{row.url}/thumb"):
        assert here.get(path)["Content-Type"] == "image/jpeg"
        absent = there.get(path.replace(str(row.id), str(record.id)))
        for client in (there, no_right):
            refused = client.get(path)
            assert refused.status_code == absent.status_code == 404
    assert list(files_of("hazard", record.id, OFFICER)) == [row]
    assert list(files_of("hazard", record.id, system_actor("worker"))) == [row]
    assert not files_of("hazard", record.id, NEIGHBOUR).exists()
    assert not files_of("hazard", record.id, actor("auditor", "44")).exists()
    with pytest.raises(NotFound):
        get_file(row.id, NEIGHBOUR)


def test_a_unit_sees_its_own_files_alone() -> None:
    mine, other = Record().id, Record().id
    keep(photo(1), Record(unit=mine))
    keep(photo(2), Record(unit=other))
    manager = actor("unit_manager", "445281", unit=mine)
    assert [row.scope_unit for row in StoredFile.objects.visible_to(manager)] == [mine]


def test_without_a_session_one_is_sent_to_sign_in(client) -> None:
    answer = client.get(keep(photo()).url)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login")


def test_the_digests_are_in_the_audit_log_and_the_name_is_not() -> None:
    row = keep(photo(name="张三家.jpg"))
    body = AuditEntry.objects.get(action="files:file:store").body
    assert json.loads(body)["after"] == {
        "subject": "YH-445281-2026-00001", "label": "before", "type": "image/jpeg", "size": row.size,
        "sha256": row.sha256, "sm3": row.sm3,
    }  # fmt: skip
    assert "张三" not in body


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"), ("C:\\a\\现场.jpg", "现场.jpg"), ("a\0b\r\nc.jpg", "abc.jpg"),
        ("gpj\u202egpj.exe.jpg", "gpjgpj.exe.jpg"), ("长" * 300 + ".jpg", "长" * 116 + ".jpg"),
        ("..", "file"), ("", "file"),
    ],
)  # fmt: skip
def test_names_are_only_text(name, kept) -> None:
    assert kinds.clean_name(name) == kept


def test_a_name_cannot_add_a_header() -> None:
    upload = ContentFile(b"a,b", name='a";\r\nSet-Cookie: x=1;.csv')
    answer = client_for(make_user("lin", "inspector", "445281")).get(keep(upload).url)
    assert "Set-Cookie: x" not in answer["Content-Disposition"]
    assert not answer.cookies.get("x")
    assert answer.getvalue() == b"a,b"


def test_likeness_finds_the_same_scene_and_not_another() -> None:
    first = keep(photo(3))
    file = io.BytesIO()
    drawing(3).resize((200, 150)).save(file, "JPEG", quality=40)
    again = keep(ContentFile(file.getvalue(), name="again.jpg"))
    same = keep(photo(3, "copy.jpg"))
    other = keep(photo(11))
    assert [like.file for like in similar_photos(again)] == [first]
    assert [(like.file, like.same_bytes) for like in similar_photos(same)][0] == (first, True)
    assert similar_photos(other) == []
    elsewhere = store(photo(3), actor=NEIGHBOUR, subject=Record("440305"), view_right="hazards.view")
    assert similar_photos(elsewhere) == [], "another city"
    dark = [keep(ContentFile(_flat(n), name="dark.png")) for n in (1, 2)]
    assert similar_photos(dark[1]) == [], "pictures without structure resemble everything"


def _flat(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, shade, shade)).save(file, "PNG")
    return file.getvalue()


def test_an_undone_act_leaves_bytes_that_the_sweep_removes(shelf) -> None:
    kept = keep(photo(1))
    with suppress(ZeroDivisionError), transaction.atomic():
        keep(photo(2))
        raise ZeroDivisionError
    assert StoredFile.objects.count() == 1
    assert service.sweep() == 0, "not yet a day old"
    assert service.sweep(older_than_s=-60) == 1
    assert storage.original(kept.id).exists()
    assert len(list(shelf.rglob(storage.ORIGINAL))) == 1


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["true"], ""),
        (["false"], "files.infected"),
        (["/no/such"], "files.scanner_failed"),
        (["sh", "-c", "exit 2"], "files.scanner_failed"),
    ],
)
def test_the_scanner_fails_closed(command, code, settings) -> None:
    settings.FILE_SCANNER = command
    if not code:
        assert keep(photo()).id
        return
    with pytest.raises(Invalid) as refused:
        keep(photo())
    assert refused.value.code == code


def test_digests_are_those_of_the_bytes() -> None:
    row = keep(ContentFile(b"a,b\n", name="a.csv"))
    assert row.sha256 == hashlib.sha256(b"a,b\n").hexdigest()
    assert row.sm3 == SM3(b"a,b\n").hex()


def test_a_full_disk_is_no_fault_of_the_picture(tmp_path) -> None:
    (tmp_path / "original").write_bytes(photo().read())
    (tmp_path / "view.jpg").symlink_to("/dev/full")
    with pytest.raises(OSError) as raised:
        imaging.reencode(tmp_path / "original", tmp_path, "现场.jpg")
    assert raised.value.errno == errno.ENOSPC
