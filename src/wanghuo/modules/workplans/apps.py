from django.apps import AppConfig


class WorkplansConfig(AppConfig):
    name = "wanghuo.modules.workplans"
    label = "workplans"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.ui import nav
        from wanghuo.modules.workplans import imports, indicators, jobs, listeners  # noqa: F401

        nav.add("accountability", Text("工作计划", "Work plans"), "/programmes", "workplans.view", 10)
        nav.add("accountability", Text("任务", "Tasks"), "/programmes/tasks", "workplans.view", 12)
