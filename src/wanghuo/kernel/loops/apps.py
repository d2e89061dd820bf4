from django.apps import AppConfig

from wanghuo.base import Text


class LoopsConfig(AppConfig):
    name = "wanghuo.kernel.loops"
    label = "loops"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.kernel.loops import inboxing, indicators, jobs, uses  # noqa: F401
        from wanghuo.kernel.ui import context, nav

        nav.add("inbox", Text("待办", "Inbox"), "/todo", order=1)
        nav.add("accountability", Text("督办件", "Supervision papers"), "/ladder", right="loops.supervise", order=20)
        context.set_counter("inbox", inboxing.waiting)
