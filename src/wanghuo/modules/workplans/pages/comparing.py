"""Two papers side by side: what the lower one covers, leaves out, weakens or contradicts; what a new edition changed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from wanghuo.base import Text
from wanghuo.kernel.access.actor import Actor
from wanghuo.kernel.access.pages import needs
from wanghuo.kernel.ui.pages import render
from wanghuo.modules.workplans import selectors
from wanghuo.modules.workplans.comparison import ORDER, VERDICTS, compared
from wanghuo.modules.workplans.pages.plans import plan_choices


@needs("workplans.view")
@require_GET
def compare(request: HttpRequest, ref: str) -> HttpResponse:
    """The plan against another one: by default its upper plan, else its earlier edition; `?with=REF` another."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    plan = selectors.get_plan(ref, actor=actor)
    wanted = request.GET.get("with", "")
    other = selectors.get_plan(wanted, actor=actor) if wanted else plan.upper or plan.earlier
    if other is not None and not selectors.plans(actor).filter(pk=other.pk).exists():
        other = None
    edition = other is not None and (other.pk == plan.earlier_id or request.GET.get("as") == "edition")
    rows = compared(other, plan, edition=edition) if other is not None else []
    only = request.GET.get("only", "")
    counts = [(code, VERDICTS[code], sum(row.verdict == code for row in rows)) for code in ORDER]
    context = {
        "title": Text("对照", "Compare"),
        "plan": plan,
        "other": other,
        "edition": edition,
        "rows": [row for row in rows if row.verdict == only or not only],
        "counts": [(code, word, n) for code, word, n in counts if n],
        "only": only,
        "choices": plan_choices(actor, plan),
    }
    return render(request, "workplans/compare.html", context)
