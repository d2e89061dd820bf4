"""A paper as people see it: one HTML for preview and print, in the look of GB/T 9704; the print is a PDF."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any

import segno
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from wanghuo.base import Text
from wanghuo.base.time import local, local_day
from wanghuo.kernel.accounts.models import Body
from wanghuo.kernel.files.models import StoredFile
from wanghuo.kernel.loops import due
from wanghuo.kernel.papers import kinds, seals
from wanghuo.kernel.papers.kinds import PaperKind, chinese_day
from wanghuo.kernel.papers.models import OfficialPaper
from wanghuo.kernel.papers.selectors import SUBJECT_KIND, public_base, public_url
from wanghuo.kernel.papers.states import NUMBERED, PaperState
from wanghuo.kernel.rulebook import rule

GROUP = 5
TITLE_WIDTH = 19.0  # characters of 21.5 pt in the width of the text less a little air
GOOD_END, NOT_FIRST, NOT_LAST = "的、，》”市省县区镇年月和及与", "的、，。》”）〕：；年月日号单函项", "《“（〔关"
# words that titles of these papers hold again and again, two characters each
_WORDS = (
    "消防 安全 火灾 隐患 整治 工作 情况 形势 分析 会商 会议 纪要 通报 督办 通知 报告 检查 委员 办公 重点 任务 区域 街道 政府 人民 单位 "
    "进度 滞后 抄告 约谈 开展 加强 专项 行动 季度 年度 月度 排查 整改 落实 责任 场所 建设 管理 部门 问题 全市 全县 全省 幼儿 儿园 民办"
)
WORDS = frozenset(_WORDS.split())
UNITS = {
    "working_days": "个工作日",
    "days": "日",
    "hours": "小时",
    "months": "个月",
    "minutes": "分钟",
    "seconds": "秒",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything a paper prints, in the order of GB/T 9704."""

    kind: PaperKind
    mark: str
    number: str
    signer: str
    title: str
    to: str
    body: SafeString
    attachments: list[str]
    issuer: str
    dated: str
    cc: str
    printed_on: str
    code: str
    verify_at: str
    state: str

    @property
    def beside(self) -> bool:
        """Whether the issuer's name leaves room for the code beside it; else the code stands at the foot."""
        return len(self.issuer) <= 16

    @property
    def has_foot(self) -> bool:
        """Whether anything stands at the foot of the last page: a letter without copies has nothing there (GB/T 9704, 10.1)."""
        return self.kind.layout != "letter" or bool(self.cc) or not self.beside

    @property
    def title_lines(self) -> list[str]:
        """The title broken into lines of like length."""
        return title_lines(self.title)

    @property
    def size(self) -> str:
        """The class that fits the red head into the width of the page."""
        return next((f"fit-{n}" for n in (6, 9, 12, 16, 20) if len(self.mark) <= n), "fit-26")


def sheet_of(paper: OfficialPaper) -> Sheet:
    """What the paper prints as it stands."""
    from wanghuo.kernel.papers.services.sealing import number_of, series_of

    kind = kinds.paper_kind(paper.kind)
    today = local_day(timezone.now())
    number = paper.serial or number_of(series_of(kind, paper.issuer), today.year, None)
    dated = chinese_day(paper.dated_on) if paper.dated_on else f"{today.year}年  月  日"
    names = StoredFile.objects.filter(subject_kind=SUBJECT_KIND, subject_id=paper.pk, label="attachment")
    sealed_on: date = local(paper.sealed_at).date() if paper.sealed_at else today
    return Sheet(
        kind=kind,
        mark=kind.mark.format(issuer=paper.issuer.name),
        number=number,
        signer=(paper.approved_by_name or "    ") if kind.upward else "",
        title=paper.title,
        to=addressees(paper),
        body=body_html(paper, kind),
        attachments=[name.rpartition(".")[0] or name for name in names.order_by("id").values_list("name", flat=True)],
        issuer=paper.issuer.name,
        dated=dated,
        cc=paper.cc,
        printed_on=chinese_day(sealed_on),
        code=written_code(paper.code),
        verify_at=f"{public_base()}/p/verify".partition("://")[2],
        state=_stage(paper),
    )


def _stage(paper: OfficialPaper) -> str:
    if paper.state == PaperState.VOID:
        return "作废"
    return "" if paper.sequence is not None or paper.state in NUMBERED else "草稿"


def title_lines(title: str) -> list[str]:
    """A title in lines of like length that break between words, as papers set it; at most `TITLE_WIDTH` characters wide."""
    lines, rest = [], title
    while (width := _width(rest)) > TITLE_WIDTH:
        wanted = width / math.ceil(width / TITLE_WIDTH)
        places = [n for n in range(2, len(rest) - 1) if _may_break(rest, n) and _width(rest[:n]) <= TITLE_WIDTH]
        if not places:
            break
        at = min(places, key=lambda n: abs(_width(rest[:n]) - wanted) - (2.5 if rest[n - 1] in GOOD_END else 0))
        lines.append(rest[:at].strip())
        rest = rest[at:].strip()
    return [*lines, rest]


def _width(text: str) -> float:
    """The width in Chinese characters; Latin letters and digits take half of one."""
    return sum(0.55 if ord(letter) < 0x2000 else 1.0 for letter in text)


def _may_break(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    latin = before.isascii() and after.isascii() and before != " " and after != " "
    digits = (before.isdigit() and not after.isascii()) or after in NOT_FIRST or before in NOT_LAST
    return not (latin or digits or before + after in WORDS)


def written_code(code: str) -> str:
    """A code as people read and type it: 4Q7ZC-…, groups of five."""
    return "-".join(code[i : i + GROUP] for i in range(0, len(code), GROUP))


def addressees(paper: OfficialPaper) -> str:
    """主送: as the drafter wrote it, or the names in order; all townships of the region as 各镇人民政府、街道办事处."""
    if paper.to_text:
        return paper.to_text
    rows = list(paper.copies.order_by("position").values_list("body_id", "name"))
    towns = Body.objects.filter(kind="township", active=True, region_code__startswith=paper.region_code)
    every = set(towns.exclude(region_code=paper.region_code).values_list("pk", flat=True))
    chosen = {body_id for body_id, _ in rows}
    if len(every) < 2 or not every <= chosen:
        return "、".join(name for _, name in rows)
    others = [name for body_id, name in rows if body_id not in every]
    return "，".join(["各镇人民政府、街道办事处", *(["、".join(others)] if others else [])])


def body_html(paper: OfficialPaper, kind: PaperKind) -> SafeString:
    """The body as its kind's template makes it; every word of a person is escaped there."""
    context = {
        "f": kinds.printed(kind, paper.fields),
        "paper": paper,
        "issuer": paper.issuer.name,
        "reply": _reply_words(paper),
    }
    return SafeString(render_to_string(kind.template, context))


def _reply_words(paper: OfficialPaper) -> str:
    """Until when an answer is asked for: 于2026年3月5日前, or 自收到之日起5个工作日内; "" when none is."""
    if not paper.asks_reply:
        return ""
    if paper.reply_by:
        at = local(paper.reply_by)
        clock = "" if (at.hour, at.minute) in ((0, 0), (23, 59)) else f"{at.hour}时{at.minute:02d}分"
        return f"于{chinese_day(at.date())}{clock}前"
    length = rule(paper.reply_rule, region=paper.region_code, on=local_day(timezone.now())).length
    begins = "约谈" if kinds.paper_kind(paper.kind).reply_from else "收到"
    return f"自{begins}之日起{length.count:g}{UNITS[length.unit]}内"


TOO_SOON = Text(
    "约谈时间早于规则要求的提前通知时间（{day} 以后），请核对。",
    "The interview is earlier than the notice ahead asks for (not before {day}); please check.",
)


def warnings(paper: OfficialPaper) -> list[Text]:
    """What to look at before a paper goes out. It is for people to decide; nothing is refused for it."""
    at = paper.fields.get("at", "")
    if paper.kind != "interview" or not at or paper.served_at or paper.is_void:
        return []
    earliest = due("papers.interview_notice", region=paper.region_code, start=timezone.now()).at
    if datetime.fromisoformat(at) >= earliest:
        return []
    return [TOO_SOON.filled({"day": f"{local_day(earliest):%Y-%m-%d}"})]


def context_of(paper: OfficialPaper, *, sealed: bool) -> dict[str, Any]:
    """What `papers/_sheet.html` needs. `sealed`: with seal and code, as the issued paper has them."""
    sheet = sheet_of(paper)
    stamp = sealed and sheet.kind.stamped
    return {
        "sheet": sheet,
        "seal_src": seals.seal_src(paper.issuer) if stamp else "",
        "qr_src": qr_src(public_url(paper)) if sealed else "",
    }


def qr_src(address: str) -> str:
    """A QR code as a data: address of an SVG."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", border=1, scale=4, xmldecl=False)
    return f"data:image/svg+xml;base64,{base64.b64encode(out.getvalue()).decode()}"


@cache
def stylesheet() -> str:
    """The style of print and preview."""
    return (resources.files("wanghuo.kernel.papers") / "static" / "papers" / "paper.css").read_text("utf-8")


def html(paper: OfficialPaper, *, sealed: bool) -> str:
    """The page that is printed."""
    return str(render_to_string("papers/print.html", context_of(paper, sealed=sealed)))


def pdf(paper: OfficialPaper, *, sealed: bool) -> bytes:
    """The paper as PDF."""
    return print_html(html(paper, sealed=sealed))


@cache
def warm_up() -> None:
    """Load the typesetter and its faces before they are needed inside a transaction: the first print takes seconds, the next
    ones a fraction of one."""
    print_html('<p class="gw">望火</p>')


def print_html(html: str) -> bytes:
    """HTML of ours as PDF. Nothing is fetched: only pictures that stand in the page itself are shown."""
    import weasyprint  # type: ignore[import-untyped]  # heavy: only where something is printed

    fetcher = _only_inline()
    style = weasyprint.CSS(string=stylesheet(), url_fetcher=fetcher)
    page = weasyprint.HTML(string=html, base_url=None, url_fetcher=fetcher)
    return bytes(page.write_pdf(stylesheets=[style], optimize_images=False))


@cache
def _only_inline() -> Any:
    from weasyprint.urls import URLFetcher  # type: ignore[import-untyped]

    class OnlyInline(URLFetcher):  # type: ignore[misc]
        """Gives what stands in the page as data:image/…, and refuses every other address."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith("data:image/"):
                raise ValueError("papers fetch nothing")
            return super().fetch(url, headers)

    return OnlyInline(allowed_protocols=("data",), allow_redirects=False)
