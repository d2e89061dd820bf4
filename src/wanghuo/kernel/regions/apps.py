from django.apps import AppConfig


class RegionsConfig(AppConfig):
    name = "wanghuo.kernel.regions"
    label = "regions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wanghuo.base import Text
        from wanghuo.kernel.regions import imports
        from wanghuo.kernel.ui import nav

        imports.register()
        nav.add("admin", Text("行政区划", "Divisions"), "/admin/regions", right="regions.edit", order=30)
