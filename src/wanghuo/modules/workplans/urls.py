from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, register_converter
from django.urls.converters import StringConverter

from wanghuo.modules.workplans.pages import comparing, issuing, judging, plans, tasks


class PlanRef(StringConverter):
    """The reference of a plan; other words below /programmes are pages of their own, here and in modules above."""

    regex = r"JH-[0-9A-Za-z-]+"


register_converter(PlanRef, "plan_ref")

urlpatterns: list[URLPattern | URLResolver] = [
    path("programmes", plans.plans),
    path("programmes/new", plans.new),
    path("programmes/tasks", tasks.tasks),
    path("programmes/tasks/new", tasks.new),
    path("programmes/tasks/<str:ref>", tasks.task),
    path("programmes/tasks/<str:ref>/parts", tasks.parts),
    path("programmes/tasks/<str:ref>/acts/<str:name>", tasks.act),
    path("programmes/<plan_ref:ref>", plans.board),
    path("programmes/<plan_ref:ref>/judge", judging.judge),
    path("programmes/<plan_ref:ref>/judge/undo", judging.undo),
    path("programmes/<plan_ref:ref>/judge/section/<int:item>", judging.section),
    path("programmes/<plan_ref:ref>/judge/<int:position>", judging.line),
    path("programmes/<plan_ref:ref>/issue", issuing.issue),
    path("programmes/<plan_ref:ref>/compare", comparing.compare),
    path("programmes/<plan_ref:ref>/targets/<uuid:target_id>", plans.bind),
    path("programmes/<plan_ref:ref>/acts/<str:name>", plans.act),
]
