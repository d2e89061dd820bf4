from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from wanghuo.modules.workplans.pages import comparing, issuing, judging, plans, tasks

urlpatterns: list[URLPattern | URLResolver] = [
    path("programmes", plans.plans),
    path("programmes/new", plans.new),
    path("programmes/tasks", tasks.tasks),
    path("programmes/tasks/new", tasks.new),
    path("programmes/tasks/<str:ref>", tasks.task),
    path("programmes/tasks/<str:ref>/parts", tasks.parts),
    path("programmes/tasks/<str:ref>/acts/<str:name>", tasks.act),
    path("programmes/<str:ref>", plans.board),
    path("programmes/<str:ref>/judge", judging.judge),
    path("programmes/<str:ref>/judge/undo", judging.undo),
    path("programmes/<str:ref>/judge/section/<int:item>", judging.section),
    path("programmes/<str:ref>/judge/<int:position>", judging.line),
    path("programmes/<str:ref>/issue", issuing.issue),
    path("programmes/<str:ref>/compare", comparing.compare),
    path("programmes/<str:ref>/targets/<uuid:target_id>", plans.bind),
    path("programmes/<str:ref>/acts/<str:name>", plans.act),
]
