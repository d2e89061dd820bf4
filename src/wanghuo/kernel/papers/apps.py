from django.apps import AppConfig


class PapersConfig(AppConfig):
    name = "wanghuo.kernel.papers"
    label = "papers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.papers import presets
        from wanghuo.kernel.ui import nav

        presets.register()
        nav.add("accountability", Text("文书", "Papers"), "/papers", ("papers.view", "papers.receive"), order=40)
