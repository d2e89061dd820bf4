"""What anybody may ask without signing in: whether a paper is genuine and still stands."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from wanghuo.base import Text
from wanghuo.kernel.access.pages import public_page
from wanghuo.kernel.papers import kinds, rendering, selectors, signing
from wanghuo.kernel.papers.errors import UnknownKind
from wanghuo.kernel.papers.models import OfficialPaper
from wanghuo.kernel.papers.services.drafting import CODE_LENGTH, CODE_LETTERS
from wanghuo.kernel.ui.pages import go, render

TITLE = Text("核验文书", "Verify a paper")
_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_code(written: str) -> str:
    """A code as it is kept, of what people type: any case, with dashes or spaces, and with letters mistaken for digits."""
    code = re.sub(r"[^0-9A-Z]", "", written.upper()).translate(_LOOKALIKES)
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_LETTERS) else ""


@public_page
@require_GET
def verify(request: HttpRequest) -> HttpResponse:
    """Type a code, or let the browser compute the digest of a file; the file itself is not sent."""
    code, sha256 = request.GET.get("code", ""), request.GET.get("sha256", "").lower().strip()
    if code and (kept := read_code(code)):
        return go(request, f"/p/verify/{kept}")
    context: dict[str, Any] = {"title": TITLE, "code": code, "sha256": sha256, "wrong": bool(code)}
    if _SHA256.fullmatch(sha256):
        found = selectors.issued().filter(sha256=sha256).first()
        context |= shown(found) if found else {"unknown_file": True}
    elif sha256:
        context["wrong"] = True
    return render(request, "papers/verify.html", context)


@public_page
@require_GET
def verified(request: HttpRequest, code: str) -> HttpResponse:
    """What the public may know of one paper. An unknown code has a page of its own, and tells nothing."""
    kept = read_code(code)
    found = selectors.issued().filter(code=kept).first() if kept else None
    if found is None:
        context = {"title": TITLE, "code": code[:40], "unknown": True}
        return render(request, "papers/verify.html", context, status=404)
    return render(request, "papers/verify.html", {"title": TITLE, "code": code, **shown(found)})


@public_page
@require_GET
def certificate(request: HttpRequest) -> HttpResponse:
    """The certificate by which the signature of a PDF can be checked in any reader."""
    response = HttpResponse(signing.certificate_pem(), content_type="application/x-pem-file")
    response["Content-Disposition"] = 'attachment; filename="wanghuo-papers.pem"'
    return response


def shown(paper: OfficialPaper) -> dict[str, Any]:
    """Kind, number, issuer, date, digest and state; the title only where the kind is public. No addressee, no person."""
    try:
        public = kinds.paper_kind(paper.kind).public
    except UnknownKind:
        public = False
    return {
        "found": {
            "kind": selectors.kind_title(paper),
            "number": paper.serial,
            "issuer": paper.issuer.name,
            "dated_on": paper.dated_on,
            "title": paper.title if public else "",
            "sha256": paper.sha256,
            "code": rendering.written_code(paper.code),
            "void": paper.is_void,
            "voided_at": paper.voided_at,
        }
    }
