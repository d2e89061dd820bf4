from django.apps import AppConfig


class HazardsConfig(AppConfig):
    name = "wanghuo.modules.hazards"
    label = "hazards"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.ui import nav
        from wanghuo.modules.hazards import imports, indicators, listeners  # noqa: F401
        from wanghuo.modules.places import public as places

        nav.add("hazards", Text("隐患一本账", "All hazards"), "/hazards", "hazards.view", 10)
        nav.add("hazards", Text("上报隐患", "Report"), "/hazards/new", "hazards.report", 20)
        nav.add("hazards", Text("挂牌督办", "Listings"), "/listings", "hazards.view", 30)
        places.register_panel(
            places.Panel("hazards", Text("隐患", "Hazards"), "hazards.view", lambda ref: f"/hazards/of/{ref}", 20)
        )
