from django.apps import AppConfig


class LedgersConfig(AppConfig):
    name = "wanghuo.kernel.ledgers"
    label = "ledgers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.ledgers.pages import RIGHTS
        from wanghuo.kernel.ui import nav

        nav.add("data", Text("导入", "Imports"), "/data/imports", right=RIGHTS, order=60)
