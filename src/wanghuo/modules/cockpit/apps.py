from django.apps import AppConfig

from wanghuo.base import Text


class CockpitConfig(AppConfig):
    name = "wanghuo.modules.cockpit"
    label = "cockpit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.kernel.ui import nav
        from wanghuo.modules.cockpit import jobs  # noqa: F401 - declares the periodic task
        from wanghuo.modules.cockpit.layers import RIGHTS

        nav.add("overview", Text("总览", "Overview"), "/overview", right="indicators.view", order=5)
        nav.add("overview", Text("一张图", "Map"), "/map", right=RIGHTS, order=8)
        nav.add("admin", Text("运行状况", "System health"), "/admin/system", right="system.view", order=5)
