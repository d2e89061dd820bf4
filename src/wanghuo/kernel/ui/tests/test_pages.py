"""Pages as a browser, htmx and a program get them: headers, errors, languages, forms."""

from __future__ import annotations

import errno
import json
from uuid import UUID, uuid4

import pytest
from django import forms as fields
from django.db import OperationalError
from django.test import Client, RequestFactory

from wanghuo.base import Conflict, Invalid, NotFound, Text
from wanghuo.kernel.access.actor import Actor, Grant
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.regions.testing import make_regions
from wanghuo.kernel.ui import context, forms, language, testing
from wanghuo.kernel.ui.models import FormKey

pytestmark = [pytest.mark.django_db, pytest.mark.urls("wanghuo.kernel.ui.tests.urls")]
HTMX = {"HX-Request": "true"}
FILLED = {
    "unit": "滨江商贸城",
    "place": "3F",
    "due_at": "2999-03-05T14:05",
    "grade": "major",
    "form_key": str(UUID(int=5)),
}
GALLERY = ("/ui", "/ui/list", "/ui/list?state=x&empty=1", "/ui/form", "/ui/detail", "/ui/explain", "/ui/acts/submit")


@pytest.fixture
def client() -> Client:
    make_regions()
    return client_for(make_user("zhangwei", "brigade_leader", "445281", display_name="Zhang Wei"))


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 507, "服务器磁盘空间已满"),
        (OperationalError("database or disk is full"), 507, "服务器磁盘空间已满"),
        (OperationalError("database is locked"), 503, "系统正忙"),
    ],
)
def test_what_the_server_cannot_keep_is_said_in_words(client, monkeypatch, error, status, words):
    def full(**known):
        raise error

    monkeypatch.setattr(FormKey.objects, "create", full)
    response = client.post("/ui/form", FILLED)
    assert response.status_code == status
    assert words in response.content.decode()


def test_every_answer_carries_the_policy_and_no_page_is_kept(client):
    for path in ("/ui", "/nothing", "/manifest.webmanifest"):
        response = client.get(path)
        policy = dict(rule.split(" ", 1) for rule in response["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["worker-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert response["Cross-Origin-Opener-Policy"] == "same-origin"
        assert response["X-Content-Type-Options"] == "nosniff"
    assert client.get("/ui")["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", GALLERY)
def test_nothing_inline_and_complete_in_both_languages(client, path):
    client.cookies["lang"] = "zh"
    response = client.get(path)
    testing.assert_nothing_inline(response)
    assert '<html lang="zh-CN"' in testing.html(response)
    client.cookies["lang"] = "en"
    response = client.get(path)
    assert '<html lang="en"' in testing.html(response)
    assert response["Content-Language"] == "en"
    names = ("滨江商贸城", "1 号楼 3F 东楼梯", "青龙路 8 号小吃店", "云栖公寓地下一层", "占陇镇第二小学综合楼")
    testing.assert_english(response, names=(*names, "里湖镇织造厂 2 号车间", "李强"))


def test_htmx_gets_the_content_alone(client):
    page, piece = client.get("/ui/form"), client.get("/ui/form", headers=HTMX)
    assert "<html" in testing.html(page)
    assert "<html" not in testing.html(piece)
    assert "<form" in testing.html(piece)
    assert "HX-Request" in piece["Vary"]
    boosted = client.get("/ui/form", headers={**HTMX, "HX-Boosted": "true"})
    assert "<html" in testing.html(boosted)


@pytest.mark.parametrize(
    ("path", "status"), [("/ui/error/403", 403), ("/ui/error/404", 404), ("/ui/error/409", 409), ("/no", 404)]
)
def test_an_error_is_a_page_a_message_or_json_with_its_status(client, path, status):
    page = client.get(path)
    assert page.status_code == status
    assert "error-page" in testing.html(page)
    message = client.get(path, headers=HTMX)
    assert message.status_code == status
    assert (message["HX-Retarget"], message["HX-Reswap"]) == ("#toasts", "beforeend")
    answer = client.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == status
    body = json.loads(answer.content)
    assert set(body) == {"code", "message", "messages"}
    assert body["message"] == body["messages"]["zh"] != body["messages"]["en"]


def test_a_bug_is_a_page_that_says_when(client):
    client.raise_request_exception = False
    response = client.get("/breaks")
    assert response.status_code == 500
    assert "RuntimeError" not in testing.html(response)
    assert "broken" in testing.words(response)


def test_the_language_switch_comes_back_to_the_page_and_nowhere_else(client):
    response = client.post("/language", {"language": "en", "next": "/ui/list?state=x"})
    assert (response.status_code, response["Location"]) == (303, "/ui/list?state=x")
    assert client.cookies["lang"].value == "en"
    for elsewhere in ("//evil.example/x", "https://evil.example", "/\\evil.example"):
        assert client.post("/language", {"language": "zh", "next": elsewhere})["Location"] == "/"
    assert client.post("/language", {"language": "fr"}).status_code == 422


def test_a_form_says_what_to_change_keeps_the_input_and_answers_422(client):
    response = client.post("/ui/form", {**FILLED, "place": "", "width_m": "-1", "due_at": "tomorrow"})
    assert response.status_code == 422
    text = testing.words(response)
    assert "出错：有 3 处要改" in text
    assert "位置：请填写" in text
    assert "不能小于 0" in text
    page = testing.html(response)
    assert 'value="滨江商贸城"' in page
    assert 'href="#id_place"' in page
    assert 'aria-invalid="true"' in page
    assert FILLED["form_key"] in page, "the key stays, so that the corrected form is still one form"
    client.cookies["lang"] = "en"
    assert "Error: 1 to change Place: please fill this in" in testing.words(
        client.post("/ui/form", {**FILLED, "place": ""})
    )


def test_what_the_service_refuses_stands_at_its_field_or_above(client):
    late = client.post("/ui/form", {**FILLED, "due_at": "2020-01-01T00:00"})
    assert late.status_code == 422
    assert 'id="id_due_at_error"' in testing.html(late)
    taken = client.post("/ui/form", {**FILLED, "place": "冲突"})
    assert taken.status_code == 409
    assert "已被他人更改" in testing.words(taken)
    assert 'value="冲突"' in testing.html(taken)
    assert not FormKey.objects.exists(), "a refused form can be sent again"


def test_a_form_goes_on_after_writing(client):
    assert client.post("/ui/form", FILLED)["Location"] == "/ui/detail"
    again = client.post("/ui/form", FILLED, headers=HTMX)
    assert (again.status_code, again["HX-Redirect"]) == (204, "/ui/detail")


class Note(forms.Form):
    note = fields.CharField(label=Text("说明", "Note"), max_length=5)
    kind = fields.ChoiceField(label=Text("类", "Kind"), choices=[("a", Text("甲", "A"))], required=False)


def send(save, *, key="", user=7, then="/done", data=None):
    request = RequestFactory().post("/x", {"note": "abc", "form_key": key or str(uuid4()), **(data or {})})
    request.actor = Actor(id=user, name="x")
    request.user = None
    return forms.answer(request, Note, save=save, then=then, title=Text("", ""))


def test_the_same_form_sent_twice_is_written_once_and_answered_alike():
    written, key = [], str(uuid4())
    answers = [
        send(lambda data: written.append(data["note"]) or len(written), key=key, then=lambda n: f"/r/{n}") for _ in "12"
    ]
    assert written == ["abc"]
    assert [answer["Location"] for answer in answers] == ["/r/1", "/r/1"]


def test_a_form_that_failed_can_be_sent_again():
    key = str(uuid4())

    def fail(data):
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        send(fail, key=key)
    assert send(lambda data: None, key=key)["Location"] == "/done"


def test_absent_and_not_permitted_are_not_the_forms_to_show():
    def gone(data):
        raise NotFound()

    with pytest.raises(NotFound):
        send(gone)


@pytest.mark.parametrize(
    ("error", "status", "where"),
    [
        (Invalid(Text("不行", "no"), field="note"), 422, "note"),
        (Invalid(Text("不行", "no"), field="other"), 422, "__all__"),
        (Conflict(what=Text("单位", "unit")), 409, "__all__"),
    ],
)
def test_refusals_are_kept_for_the_audit(error, status, where, monkeypatch):
    shown = {}
    monkeypatch.setattr(
        forms, "render", lambda request, template, context, status: shown.update(context) or Answer(status)
    )

    class Answer:
        def __init__(self, status):
            self.status = status

    def refuse(data):
        raise error

    answer = send(refuse)
    assert (answer.status, answer.app_error) == (status, error)
    assert list(shown["form"].errors) == [where]


def test_words_of_a_form_follow_the_language():
    with language.using("en"):
        form = Note({"note": "abcdefgh", "kind": "z"})
        assert form.summary.count == 2
        assert [label for label, _, _ in form.summary] == ["Note", "Kind"]
        assert form.errors["note"] == ["at most 5 characters; there are 8"]
        assert form.fields["kind"].choices == [("a", "A")]
    assert Note({"note": ""}).errors["note"] == ["请填写"]


def test_the_header_counts_and_knows_where_one_looks(client, monkeypatch):
    monkeypatch.setattr(context, "_counters", {})
    context.set_counter("inbox", lambda actor: 19)
    text = testing.words(client.get("/ui/list?region=445281102"))
    assert "待办 19" in text
    assert "正在看：赤岗镇" in text
    assert "正在看" not in testing.words(client.get("/ui/list"))


@pytest.mark.parametrize(
    ("query", "region"), [("", "445281"), ("?region=445281102000", "445281102"), ("?region=x", "445281")]
)
def test_the_region_of_a_page(query, region):
    request = RequestFactory().get(f"/x{query}")
    request.actor = Actor(id=1, name="x", grants=(Grant("inspector", "445281"),))
    assert context.region_of(request) == region


def test_an_address_keeps_the_view_and_starts_paging_again():
    request = RequestFactory().get("/x?state=a&state=b&after=c&region=44")
    assert context.address(request, region="") == "/x?state=a&state=b"
    assert context.address(request, sort="-due") == "/x?state=a&state=b&region=44&sort=-due"
