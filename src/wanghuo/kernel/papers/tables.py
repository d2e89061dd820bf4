"""The list of papers."""

from __future__ import annotations

from django.db.models import Q

from wanghuo.base import Text
from wanghuo.kernel.papers.kinds import paper_kinds
from wanghuo.kernel.papers.selectors import kind_title, unsigned
from wanghuo.kernel.papers.states import MARKS, NUMBERED, PAPER, PaperState
from wanghuo.kernel.ui.lists import Choice, Column, Empty, Flag, Link, ListPage, Words

NEW = Link(Text("起草文书", "Draft a paper"), "/papers/new", "papers.draft", icon="plus", key="n", main=True)


PAPERS = ListPage(
    title=Text("文书", "Papers"),
    what=Text("文书", "papers"),
    code="papers:paper",
    row_url="/papers/{0.ref}",
    period="drafted_at",
    columns=(
        Column("serial", Text("发文字号", "Number"), value=lambda paper: paper.serial or paper.ref, kind="ref"),
        Column("title", Text("标题", "Title")),
        Column("kind", Text("种类", "Kind"), value=kind_title),
        Column("issuer", Text("发文机关", "Issued by"), value="issuer__name", wide=True),
        Column(
            "state", Text("状态", "State"), kind="state", machine=PAPER, marks={str(k): v for k, v in MARKS.items()}
        ),
        Column("reply_by", Text("回复期限", "Answer due"), kind="due", met="closed_at", wide=True),
        Column("dated_on", Text("成文日期", "Dated"), kind="day", wide=True),
        Column("drafted_at", Text("起草", "Drafted"), kind="when", wide=True),
    ),
    filters=(
        Words(
            label=Text("标题、字号", "Title, number"),
            where=lambda words: Q(title__icontains=words) | Q(serial__icontains=words) | Q(ref=words.upper()),
        ),
        Choice("kind", Text("种类", "Kind"), lambda _: {kind.code: kind.title for kind in paper_kinds()}),
        Choice("state", Text("状态", "State"), {str(k): v for k, v in PAPER.names.items()}),
        Flag("open", Text("未办结", "open"), lambda: ~Q(state__in=[PaperState.CLOSED, PaperState.VOID])),
        Flag("issued", Text("已编号", "numbered"), lambda: Q(state__in=NUMBERED)),
        Flag("unsigned", Text("有未签收", "not signed by all"), unsigned),
        Words("about", Text("关于", "about"), where=lambda words: Q(about_ref=words.upper())),
    ),
    links=(
        NEW,
        Link(Text("印章", "Seals"), "/papers/seals", "papers.seal"),
        Link(Text("核验文书", "Verify a paper"), "/p/verify"),
    ),
    empty=Empty(
        Text(
            "通报、抄告、督办、约谈、纪要、派单、报告：起草、签发、用印、送达、签收、回复，都在这里。",
            "Circulars, referrals, supervision orders, interviews, minutes, task orders and reports, from draft to answer.",
        ),
        NEW,
    ),
)
